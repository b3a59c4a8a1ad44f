"""What a study of sensitivity says: whether the deck's claim holds, for what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nnjax.embed.spread import apart, shares, spread

if TYPE_CHECKING:
    from nnjax.studies.sensitivity import Family, Found

LAYOUTS = ("SNE", "t-SNE", "UMAP")
MEASURES = {"trustworthiness": "trustworthiness", "shepard": "the Shepard correlation", "knn_accuracy": "kNN accuracy"}
SAME, OTHER = 0.1, 0.5  # Procrustes distances below and above which pictures are called alike and different


def sentences(found: Found) -> list[str]:
    """Say for scores, for layouts and for the seed what was found."""
    layouts = [family for family in found.families if family.name.split(",")[0] in LAYOUTS]
    latents = [family for family in found.families if family not in layouts and len(family.embeddings) > 1]
    pca = next((family for family in found.families if family.name == "PCA"), None)
    out = []
    if latents:
        out += [_scores(measure, layouts, latents) for measure in MEASURES if measure in layouts[0].qualities[0]]
    if pca is not None:
        out.append(_beside_pca(layouts, pca))
    return [*out, *[_movers(family) for family in layouts], _pictures(layouts, latents), *_seeds(layouts + latents)]


def _scores(measure: str, layouts: Sequence[Family], latents: Sequence[Family]) -> str:
    """Compare the spread of a score over the settings with that of the most changeable latent space."""
    stds = {family.name: spread(family.scores(measure)).std for family in layouts}
    latent = max(latents, key=lambda family: spread(family.scores(measure)).std)
    reference = spread(latent.scores(measure)).std
    above = [name for name, std in stds.items() if std > reference]
    told = "; ".join(f"{name} {std:.3f}" for name, std in stds.items())
    holds = "holds for all of them" if len(above) == len(stds) else f"holds for {_listed(above)} only" if above else "does not hold"
    return (
        f"Sensitive in {MEASURES[measure]}, more than a latent space is (at most {reference:.3f}, {latent.name})? The claim "
        f"{holds}. Standard deviations over all settings: {told}."
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _beside_pca(layouts: Sequence[Family], pca: Family) -> str:
    """Say how many settings keep neighbours worse than PCA."""
    reference = pca.scores("trustworthiness")[0]
    parts = []
    for family in layouts:
        values = family.scores("trustworthiness")
        worse = int((~(values >= reference)).sum())
        parts.append(f"{worse} of {len(values)} by {family.name}")
    return f"Settings whose trustworthiness is below that of PCA ({reference:.3f}), which has none to choose: {'; '.join(parts)}."


def _movers(family: Family) -> str:
    """Name the setting that moves trustworthiness most."""
    found = shares(family.scores("trustworthiness"), family.factors)
    if not found:
        return f"{family.name} was made once."
    most = max(found, key=lambda name: found[name])
    seed = f", the seed {found['seed']:.0%}" if "seed" in found and most != "seed" else ""
    one = spread(family.scores("trustworthiness"))
    return (
        f"{family.name}: trustworthiness from {one.least:.3f} to {one.most:.3f}; the {most.replace('_', ' ')} explains "
        f"{found[most]:.0%} of its variance{seed}."
    )


def _pictures(layouts: Sequence[Family], latents: Sequence[Family]) -> str:
    """Compare the pictures as wholes."""

    def mean(family: Family) -> float:
        return float(np.nanmean(family.distances[np.triu_indices(len(family.distances), 1)]))

    told = [f"{family.name} {mean(family):.2f}" for family in [*layouts, *latents] if len(family.embeddings) > 1]
    return f"Mean Procrustes distance of two pictures under any two settings (0 the same, 1 unrelated): {'; '.join(told)}."


def _seeds(families: Sequence[Family]) -> list[str]:
    """Say for which methods another seed gives another picture."""
    found = {family.name: apart(family.distances, family.factors).get("seed", np.nan) for family in families}
    groups = {
        f"Another seed alone gives another picture (distance above {OTHER})": lambda d: d > OTHER,
        f"Another seed changes the picture in part ({SAME} to {OTHER})": lambda d: SAME <= d <= OTHER,
        f"Another seed gives nearly the same picture (below {SAME})": lambda d: d < SAME,
    }
    out = []
    for head, belongs in groups.items():
        members = [f"{name} {value:.2f}" for name, value in found.items() if np.isfinite(value) and belongs(value)]
        if members:
            out.append(f"{head}: {'; '.join(members)}.")
    return out

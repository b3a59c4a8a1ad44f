"""The page of the study of sensitivity, its findings in sentences made of its numbers."""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from nnjax.core.csv_text import to_csv
from nnjax.core.files import write_atomically
from nnjax.core.types import Dataset
from nnjax.embed.families import Family
from nnjax.embed.points import labels_of
from nnjax.embed.variation import distinct_pairs, mean_distances_by_factor, summarize, variance_shares
from nnjax.lectures.text import read_text
from nnjax.report import study_page
from nnjax.report.charts import figures
from nnjax.report.embedding.embedding_figures import plot_layouts, plot_scores
from nnjax.report.embedding.family_tables import apart_table, rows_of, score_table, share_table
from nnjax.report.study_page import StudyPage

DPI = 130
LAYOUTS = ("SNE", "t-SNE", "UMAP")
MEASURES = {"trustworthiness": "Trustworthiness", "shepard": "Shepard correlation", "knn_accuracy": "kNN accuracy"}


def write(dataset: Dataset, rows: np.ndarray, families: Sequence[Family], workdir: pathlib.Path) -> pathlib.Path:
    """Write results.csv, figure.png, scores.png and study.html, each whole or not at all; returns the page's path.

    Args:
      dataset, rows: the points' data, and which of them [n].
      families: of embeddings of these points.
      workdir: the folder.
    """
    several = [family for family in families if len(family.embeddings) > 1]
    images = {
        "scores.png": figures.to_bytes(plot_scores(families), DPI),
        "figure.png": figures.to_bytes(plot_layouts(families, labels_of(dataset, rows)), DPI),
    }
    text = read_text(__file__, "study.toml", count=len(rows), data=dataset.name)
    page = StudyPage(
        text["title"],
        [text["claim"], *sentences(families)],
        text["captions"],
        [score_table(families), share_table(several), apart_table(several)],
        text["how"],
        list(images),
    )
    table = pd.DataFrame(rows_of(families))
    write_atomically(workdir / "results.csv", to_csv(table, float_format="%.7g"))
    return study_page.write(page, images, workdir)


def sentences(families: Sequence[Family]) -> list[str]:
    """Write the findings on scores, on layouts and on the seed."""
    layouts = [family for family in families if method_of(family) in LAYOUTS]
    latents = [family for family in families if family not in layouts and len(family.embeddings) > 1]
    deviation = "standard deviation over all settings and seeds"
    out = [
        compare_spread(f"{name}: {deviation}", _stds(layouts, key), _stds(latents, key))
        for key, name in MEASURES.items()
        if key in families[0].qualities[0]
    ]
    by_setting = "Layouts: mean Procrustes distance under any two settings"
    out.append(compare_spread(by_setting, *map(_distances, (layouts, latents))))
    seeds = [
        {family.name: mean_distances_by_factor(family.distances, family.factors).get("seed", np.nan) for family in some}
        for some in (layouts, latents)
    ]
    out.append(compare_spread("Layouts that differ in the seed only", *seeds))
    return [*out, _between_methods(layouts), *_beside_pca(layouts, families), _most_influential(layouts)]


def method_of(family: Family) -> str:
    """The family's method without its start."""
    return family.name.split(",")[0]


def compare_spread(what: str, values: Mapping[str, float], references: Mapping[str, float]) -> str:
    """Divide layouts into those that vary less than every latent space, like them, and more than every one.

    Args:
      what: is compared, for the beginning of the sentence.
      values, references: by name, of layouts and of latent spaces.
    """
    low, high = min(references.values()), max(references.values())
    groups = {
        "more than any of them": {name: value for name, value in values.items() if value > high},
        "as they do": {name: value for name, value in values.items() if low <= value <= high},
        "less": {name: value for name, value in values.items() if value < low},
    }
    text = "; ".join(
        f"{how}: {', '.join(f'{name} ({value:.3f})' for name, value in members.items())}"
        for how, members in groups.items()
        if members
    )
    sensitive = list(groups["more than any of them"])
    verdict = f"the claim holds for {listed(sensitive)}" if sensitive else "the claim does not hold"
    return f"{what}, beside latent spaces ({low:.3f} to {high:.3f}): {verdict}. {text[:1].upper()}{text[1:]}."


def listed(names: Sequence[str]) -> str:
    """Names with commas and an "and"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _stds(families: Sequence[Family], measure: str) -> dict[str, float]:
    return {family.name: summarize(family.scores(measure)).std for family in families}


def _distances(families: Sequence[Family]) -> dict[str, float]:
    return {family.name: float(np.nanmean(distinct_pairs(family.distances))) for family in families}


def _between_methods(layouts: Sequence[Family]) -> str:
    """Describe how much of the scores' variance the choice of the method explains."""
    methods = [method_of(family) for family in layouts for _ in family.embeddings]
    parts = []
    for measure, name in MEASURES.items():
        if measure in layouts[0].qualities[0]:
            values = np.concatenate([family.scores(measure) for family in layouts])
            parts.append(f"{name} {variance_shares(values, {'method': methods}).get('method', 0.0):.0%}")
    names = listed(list(dict.fromkeys(methods)))
    return (
        f"Of the variance over all layouts the choice between {names} explains: {', '.join(parts)}; the rest is "
        "settings and seeds."
    )


def _beside_pca(layouts: Sequence[Family], families: Sequence[Family]) -> list[str]:
    """Describe how many settings keep neighbors worse than PCA."""
    pca = next((family for family in families if family.name == "PCA"), None)
    if pca is None:
        return []
    reference = pca.scores("trustworthiness")[0]
    worse = sum(int((~(family.scores("trustworthiness") >= reference)).sum()) for family in layouts)
    total = sum(len(family.embeddings) for family in layouts)
    return [f"{worse} of {total} layouts are less trustworthy than PCA ({reference:.3f}), which has nothing to set."]


def _most_influential(layouts: Sequence[Family]) -> str:
    """Name the setting that moves each method's trustworthiness most."""
    parts = []
    for family in layouts:
        found = variance_shares(family.scores("trustworthiness"), family.factors)
        if found:
            most = max(found, key=lambda name: found[name])
            one = summarize(family.scores("trustworthiness"))
            parts.append(f"{family.name} {one.least:.3f}–{one.most:.3f} ({most.replace('_', ' ')}, {found[most]:.0%})")
    return f"Trustworthiness, least to most, and the setting that explains most of its variance: {'; '.join(parts)}."

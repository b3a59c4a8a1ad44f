"""Findings of the study of latent spaces: where PCA wins, where an autoencoder does."""

from collections.abc import Mapping, Sequence

import pandas as pd

from nnjax.embed.codes import FALLING, MEASURES

PCA, NEURAL, NEITHER = "PCA", "autoencoder", "–"
Winners = Mapping[tuple[str, str, int], str]  # (set, measure, width) -> who


def winners(frame: pd.DataFrame, arms: Sequence[str]) -> Winners:
    """Find who is better at each set, measure and width that PCA and an autoencoder (`arms`) have in common."""
    found = {}
    for (which, width), cell in frame.groupby(["set", "width"], sort=False):
        methods = set(cell["method"])
        if PCA in methods and methods & set(arms):
            for measure in (name for name in MEASURES if name in cell and cell[name].notna().any()):
                found[str(which), measure, int(width)] = winner(cell, measure, arms)
    return found


def winner(of_width: pd.DataFrame, measure: str, arms: Sequence[str]) -> str:
    """Find who is better with every seed: PCA than all arms, or an arm than PCA; or neither."""
    sign = -1 if measure in FALLING else 1
    values = {method: sign * cell.dropna() for method, cell in of_width.groupby("method")[measure]}
    reference = values[PCA].iloc[0]
    own = [values[arm] for arm in arms if arm in values and len(values[arm])]
    if all((one < reference).all() for one in own):
        return PCA
    return NEURAL if any((one > reference).all() for one in own) else NEITHER


def sentences(frame: pd.DataFrame, won: Winners) -> list[str]:
    """Count who wins, and compare the best codes with all inputs."""
    out = []
    for which, of_set in frame.groupby("set", sort=False):
        mine = {key[1:]: who for key, who in won.items() if key[0] == which}
        counts = {who: sum(one == who for one in mine.values()) for who in (PCA, NEURAL, NEITHER)}
        out.append(
            f"{which}: at equal width PCA wins {counts[PCA]} of {len(mine)} comparisons, an autoencoder "
            f"{counts[NEURAL]}, and {counts[NEITHER]} depend on the seed or the kind. Better copies: {_copies(mine)}."
        )
        out.append(_beside_inputs(str(which), of_set))
    return out


def _copies(won: Mapping[tuple[str, int], str]) -> str:
    """Say at which widths who makes the better copies."""
    parts = []
    for who, name in {PCA: "PCA", NEURAL: "an autoencoder", NEITHER: "neither"}.items():
        widths = [str(width) for (measure, width), one in won.items() if measure == "reconstruction" and one == who]
        parts += [f"{name} at {', '.join(widths)} numbers"] if widths else []
    return "; ".join(parts)


def _beside_inputs(which: str, of_set: pd.DataFrame) -> str:
    """Compare the best code for nearest neighbors with all the inputs."""
    whole = of_set[of_set["method"].str.startswith("all inputs")]
    codes = of_set.drop(whole.index).groupby(["method", "width"], sort=False)["knn_accuracy"].mean()
    method, width = codes.idxmax()
    parts = "; ".join(f"{name} {value:.3f}" for name, value in zip(whole["method"], whole["knn_accuracy"], strict=True))
    return f"{which}: the best code for 5 nearest neighbors is {method}, {width} numbers: {codes.max():.3f} ({parts})."

"""A figure of a real curve for each verdict."""

import pathlib
from collections.abc import Sequence

import numpy as np

from nnjax.diagnosis.verdicts import CODES
from scripts.curves.scoring import Score

TYPICAL = 0.85  # confidence
STYLES = {
    "train_loss": ("train, running mean", "#1f77b4", "-"),
    "train_loss_eval": ("train, re-evaluated", "#1f77b4", ":"),
    "val_loss": ("validation", "#d95f02", "-"),
}


def draw_all(scores: Sequence[Score], folder: pathlib.Path) -> dict[str, Score]:
    """Draw for each verdict a typical curve of 15 to 60 epochs that is labeled so and nothing else; returns them."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {}
    for code in CODES:
        right = [score for score in scores if score.one.label == code == score.found.primary.code]
        if right:
            drawn[code] = max(right, key=_fitness)
            _draw(drawn[code], folder / f"{code}.svg")
    return drawn


def _fitness(score: Score) -> tuple[bool, bool, int, float, str]:
    one, length = score.one, len(next(iter(score.one.curves.values())))
    distance = abs(score.found.primary.confidence - TYPICAL)
    return 15 <= length <= 60, len(one.accepted) == 1, len(one.curves), -distance, one.source


def _draw(score: Score, path: pathlib.Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "nnjax"
    figure, axes = plt.subplots(figsize=(4.2, 2.5), layout="constrained")
    for name, (label, color, line) in STYLES.items():
        if name in score.one.curves:
            y = score.one.curves[name]
            axes.plot(np.arange(1, len(y) + 1), y, line, color=color, label=label, linewidth=1.4)
    for epoch in {epoch for what, epoch in score.found.primary.epochs.items() if what not in ("from", "to")}:
        axes.axvline(epoch, color="0.6", linewidth=0.8, linestyle="--")
    finite = np.concatenate([y[np.isfinite(y)] for name, y in score.one.curves.items() if name in STYLES])
    if finite.min() > 0 and finite.max() > 30 * finite.min():
        axes.set_yscale("log")
    axes.set(xlabel="epoch", ylabel="loss")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=7)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)

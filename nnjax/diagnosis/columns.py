"""Recognize learning curves by the names of columns, keys and tags: val_loss, "Loss/train", validation/loss."""

import re
from collections.abc import Iterable, Mapping

import numpy as np

Table = Mapping[str, np.ndarray]  # column -> [t]
NOT_FINITE = np.inf  # replaces a loss that was written as NaN: NaN itself means that nothing was written
LOSS = {"loss", "cost", "nll", "mse", "mae", "bce", "crossentropy", "objective", "perplexity"}
ACCURACY = {"accuracy", "acc", "top1"}
VALIDATION = ("val", "valid", "validation", "dev", "test", "evaluation", "eval")  # the first found is taken
TRAIN = {"train", "training", "tr", "fit"}
EPOCH, TRIAL = {"epoch", "epochs"}, {"trial", "run", "member"}
NO_CURVE = {"step", "steps", "batch", "iteration", "iterations", "lr", "rate", "best", "std", "time", "grad"}


def words(name: str) -> list[str]:
    """Split a name into its words, in lower case."""
    return [word for word in re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip()).lower()) if word]


def curve_of(name: str) -> str | None:
    """Return the attribute of `Curves` that a name stands for; None if it is none of them."""
    found = words(name)
    kind = "loss" if LOSS & set(found) else "accuracy" if ACCURACY & set(found) else None
    if kind is None or NO_CURVE & set(found):
        return None
    if TRAIN & set(found):
        return "train_loss_eval" if kind == "loss" and found[-1] in VALIDATION[-2:] else f"train_{kind}"
    return f"val_{kind}" if set(VALIDATION) & set(found) else f"train_{kind}"


def choose(names: Iterable[str]) -> dict[str, str]:
    """Return for each attribute of `Curves` the best of the names that stand for it.

    A loss by that name goes before a metric such as mse, validation before test, the shorter name before the longer.
    """
    by_curve: dict[str, list[str]] = {}
    for name in names:
        curve = curve_of(name)
        if curve:
            by_curve.setdefault(curve, []).append(name)
    return {curve: min(found, key=_rank) for curve, found in by_curve.items()}


def _rank(name: str) -> tuple[bool, int, int]:
    found = words(name)
    place = next((i for i, word in enumerate(VALIDATION) if word in found), 0)
    return "loss" not in found and not ACCURACY & set(found), place, len(name)


def is_named(name: str, wanted: set[str]) -> bool:
    """Whether a column is the number of the epoch, or of the trial."""
    return len(words(name)) == 1 and words(name)[0] in wanted

"""Marks on a chart of losses by epoch, as plain data: how a verdict shows its evidence."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from nnjax.diagnosis.types import Verdict

# Of one trial: train_loss, train_loss_eval, val_loss, each [epochs]; any may be missing.
Losses = Mapping[str, np.ndarray]


class Mark(NamedTuple):
    """Something to draw over a chart of losses by epoch."""

    # "point", "line" (upright, at an epoch), "band" (between two epochs), "level" (across, at a loss) or "trend"
    # (through points)
    kind: str
    x: tuple[float, ...]  # epochs, counted from 1
    y: tuple[float, ...]  # losses, as many as epochs; a single one of a level; none of a line or a band
    label: str  # what it is


def result_loss(losses: Losses) -> np.ndarray:
    """Choose the loss [epochs] on which verdicts on the result rest: validation where it is known."""
    return first_known(losses, "val_loss", "train_loss_eval", "train_loss")


def training_loss(losses: Losses) -> np.ndarray:
    """Choose the loss [epochs] on which verdicts on the training rest: the running mean where it is known."""
    return first_known(losses, "train_loss", "train_loss_eval", "val_loss")


def first_known(losses: Losses, *names: str) -> np.ndarray:
    """Return the first of some losses that has a finite number; empty if there is none."""
    return next((losses[name] for name in names if name in losses and np.isfinite(losses[name]).any()), np.zeros(0))


def loss_at(loss: np.ndarray, epoch: int) -> float:
    """Return the loss at an epoch, counted from 1; NaN where there is no such epoch."""
    return float(loss[epoch - 1]) if 0 < epoch <= len(loss) else float("nan")


def point(loss: np.ndarray, verdict: Verdict, name: str, label: str) -> Mark:
    """Mark a loss at the epoch that a verdict calls `name`."""
    epoch = verdict.epochs[name]
    return Mark("point", (epoch,), (loss_at(loss, epoch),), f"{label}: epoch {epoch}")


def chord(loss: np.ndarray, verdict: Verdict, label: str) -> Mark:
    """Mark the straight line between the losses at a verdict's first and last epoch."""
    ends = (verdict.epochs["from"], verdict.epochs["to"])
    return Mark("trend", ends, tuple(loss_at(loss, epoch) for epoch in ends), label)


def band(verdict: Verdict, label: str, start: str = "from") -> Mark:
    """Mark the epochs from the one called `start` to the verdict's last."""
    return Mark("band", (verdict.epochs.get(start, 0), verdict.epochs.get("to", 0)), (), label)


def line(verdict: Verdict, name: str) -> Mark:
    """Mark the epoch that a verdict calls `name`."""
    return Mark("line", (verdict.epochs[name],), (), f"{name}: epoch {verdict.epochs[name]}")


def constant_answer(verdict: Verdict) -> Mark:
    """Mark the mean predictor's loss; it is not drawn where it is not known."""
    return Mark("level", (), (verdict.evidence.get("mean_predictor", float("nan")),), "predicting the mean")

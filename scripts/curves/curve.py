"""One labeled curve."""

import dataclasses

import numpy as np

NAMES = ("train_loss", "train_loss_eval", "val_loss", "train_accuracy", "val_accuracy")


@dataclasses.dataclass(frozen=True, eq=False)
class Labeled:
    """A curve and the truth about it.

    Attributes:
      curves: {name: [t]}; those of `NAMES` that are known.
      label: the code of the expected primary verdict.
      accepted: codes that are as true of it; the label among them.
      beside: codes that are accepted as primary only where the label is among the other verdicts.
      cause: of a validation loss below train: "regularization", "averaging" or "easier split"; "" elsewhere.
      source: family, task, optimizer and trial, for people.
      part: "tuning", "test", …, "strangers".
      mean_predictor, chance: baselines; NaN where they are not given.
      num_validation: examples of the validation part; NaN where it is not given.
      gain: what half as many epochs again have lowered the log of the test loss by; NaN where it was not tried.
    """

    curves: dict[str, np.ndarray]
    label: str
    accepted: frozenset[str]
    source: str
    part: str
    beside: frozenset[str] = frozenset()
    cause: str = ""
    mean_predictor: float = float("nan")
    chance: float = float("nan")
    num_validation: float = float("nan")
    gain: float = float("nan")


def wobbles(val: np.ndarray) -> bool:
    """Whether more than a third of the last half's epochs end more than 3 % above the one before."""
    late = val[len(val) // 2 :]
    return bool((late > 0).all() and (np.diff(np.log(late)) > 0.03).mean() > 1 / 3) if len(late) > 2 else False


def jumps(train: np.ndarray) -> bool:
    """Whether an epoch's running mean is more than 25 % above the one before, and the end is below it."""
    up = np.flatnonzero(train[1:] > 1.25 * train[:-1])
    return bool(len(up) and (train[-3:].mean() < train[up + 1]).any())


def rough(train: np.ndarray) -> bool:
    """Whether more than a quarter of the steps of the running mean go up by more than 25 %."""
    return bool(len(train) > 4 and (train[1:] > 1.25 * train[:-1]).mean() > 0.25)


def cut(curves: dict[str, np.ndarray], t: int) -> dict[str, np.ndarray]:
    """Keep the first t epochs."""
    return {name: np.asarray(curve[:t], float) for name, curve in curves.items() if name in NAMES and len(curve)}

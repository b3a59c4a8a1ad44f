"""The laws of a tracker."""

from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.testing.laws import require
from nnjax.trackers import Curves, Outcome, Tracker, Trial
from nnjax.train.storage.records import DIVERGED, DONE, WAITING

LACKS = "The tracker has no function {}: write begin(trials), update(curves) and end(outcomes, files)."


def check_tracker(tracker: Tracker) -> None:
    """Tell a tracker of a made-up run: two batches of trials, three segments, one that diverges and one that waits.

    The laws: it has the three functions of `nnjax.trackers.Tracker`, they take all that a run may tell (numbers that
    are not finite, trials without an epoch, further trials after the first segment), and change none of it.

    Raises:
      UserError: a law is broken: which, and the error.
    """
    for name in ("begin", "update", "end"):
        require(callable(getattr(tracker, name, None)), LACKS.format(name))
    _tell(tracker, "begin", [Trial(i, {"learning_rate": 0.1, "widths": "8-4"}, "learning_rate 0.1", 4) for i in (0, 1)])
    _tell(tracker, "update", [_curves(0, 1, [2.0, 1.0]), _curves(1, 1, [2.0, np.nan])])
    _tell(tracker, "begin", [Trial(2, {"learning_rate": 0.2, "widths": None}, "learning_rate 0.2", 4)])
    _tell(tracker, "update", [_curves(0, 3, [0.5, 0.25])])
    outcomes = [
        Outcome(0, DONE, 4, {"best_val_loss": 0.25, "best_epoch": 4.0}, "fine"),
        Outcome(1, DIVERGED, 2, {"diverged_at_step": 9.0, "val_loss": float("nan")}, "diverged"),
        Outcome(2, WAITING, 0, {}, ""),
    ]
    _tell(tracker, "end", outcomes, [])


def _curves(trial: int, start: int, values: list[float]) -> Curves:
    """Make the curves of a segment, which cannot be written to."""
    array = np.array(values)
    array.flags.writeable = False
    return Curves(trial, start, {"train_loss": array, "val_loss": array})


def _tell(tracker: Any, function: str, *arguments: Any) -> None:
    before = repr(arguments)
    try:
        getattr(tracker, function)(*arguments)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise UserError(f"The tracker's {function} fails on what a run tells ({what:.300}): take that too.") from error
    require(repr(arguments) == before, f"The tracker's {function} changes what it is told: work on copies.")

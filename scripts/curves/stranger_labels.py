"""A run of another tool, and what its label is measured by; `visitor_labels.py` says what the labels mean."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from scripts.curves.curve import Labeled
from scripts.curves.strangers import Plan
from scripts.curves.sweeps import PACE, log_ratio

Curves = dict[str, np.ndarray]
DONE = frozenset({"converged", "stopped_too_late"})
EQUAL = 0.02  # of log C: the entropy of classes that are as frequent
RISES = 0.05  # of the train loss from epoch to epoch


class Run(NamedTuple):
    """One run, longer than is shown, and the same at other rates.

    Attributes:
      plan: how it was made.
      history: train_loss, train_eval, val_loss, test_loss and accuracies, over 1.5 n epochs.
      others: {times the rate: history over n epochs}.
      guess: the loss of the best constant answer.
      guess_error: the share that the most frequent class leaves; NaN without classes.
      guess_test: the loss of the constant answer that is best for the test examples; NaN where it is taken to be guess.
    """

    plan: Plan
    history: Curves
    others: Mapping[float, Curves]
    guess: float
    guess_error: float
    guess_test: float = float("nan")


def gain_and_cost(loss: np.ndarray, n: int) -> tuple[float, float]:
    """Say what n / 2 epochs after the first n gain, and what stopping at the lowest would have saved, as log ratios."""
    w = max(1, n // 10)
    means = np.convolve(loss, np.ones(w) / w, "valid")
    best = float(means[: n - w + 1].min())
    return log_ratio(best, float(means[n - w + 1 :].min())), log_ratio(float(means[n - w]), best)


def _doubt(loss: np.ndarray, n: int) -> float:
    """The standard error of the difference of two means of n / 10 log losses, from the steps of the second half."""
    late = loss[n // 2 : n]
    steps = np.abs(np.diff(np.log(late[late > 0])))
    return float(1.4826 * np.median(steps) / np.sqrt(max(1, n // 10))) if len(steps) else 0.0


def _guessing_is_told(run: Run, shown: Curves) -> bool:
    """Whether a loss and an accuracy tell the level of guessing: log C and 1 / C of C classes that are as frequent."""
    classes = float(np.fmax(np.round(np.exp(run.guess)), 2.0))
    equal = abs(run.guess / np.log(classes) - 1) < EQUAL and run.guess_error > 0.8 * (1 - 1 / classes)
    return bool(equal) and {"loss", "accuracy"} <= {name.split("_")[1] for name in shown}


def _slower(run: Run) -> set[str]:
    """Accept too_slow where a higher rate wins although this one came most of the way, unstable where a lower wins."""
    n, w, own = run.plan.epochs, max(1, run.plan.epochs // 10), run.history["train_eval"]
    out, end = set(), float(own[n - w : n].mean())
    for ratio, other in run.others.items():
        if len(other["train_eval"]) < n or not np.isfinite(other["train_eval"]).all():
            continue
        theirs = float(other["train_eval"][n - w : n].mean())
        way = (own[0] - end) / max(own[0] - theirs, 1e-12)
        if ratio > 1 and log_ratio(end, theirs) > 0.05 and way < 0.9:
            out.add("too_slow")
        if ratio < 1 and log_ratio(end, theirs) > 0:
            out.add("unstable")
    return out


def _labeled(plan: Plan, shown: Curves, part: str, code: str, codes: set[str], gain: float = np.nan) -> Labeled:
    settings = [plan.tool, plan.problem, plan.optimizer, plan.schedule, plan.mistake or f"{plan.factor:.2g}", plan.seed]
    known: dict[str, Any] = {"num_validation": float(plan.num_val)} if plan.tells_num_val else {}
    source = f"{part}/" + "/".join(map(str, settings))
    return Labeled(shown, code, frozenset(codes), source, part, gain=gain, **known)


def is_healthy(one: Labeled) -> bool:
    """Whether the rate was good and nothing was done to the network."""
    return one.source.split("/")[5] in ("0.33", "1", "3") and one.label in PACE

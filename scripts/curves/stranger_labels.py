"""Label runs of other tools by what their curves show and by what further runs of the same network did.

A label says what a perfect reader of the log could say: what no shown curve tells (a loss that the log hides, the level
of guessing where nothing gives it, a rate that has gone down to 0) decides no label, and what it would have been is
accepted beside the one that the curve shows.

A run is trained for n / 2 epochs after the n that are shown: on its schedule, or at its last rate where that has ended.
V is the loss that the log shows: validation, the train loss where there is no validation loss, 1 - accuracy where there
is no loss at all. T is the same on 2,000 test examples (of a train loss: re-evaluated). With w = n / 10 epochs and
low(a, b) the lowest mean of w successive T between a and b, in this order:

  diverged          a loss that is shown is not finite, or ends 1,000 times above that of guessing (the best constant
                    answer); where the log shows no loss there is no label
  no_signal         the labels were shuffled, validation is shown, and train ends 10 % below guessing
  rising, spike     the sign was turned, or one epoch had 40 times the rate, and the train loss did rise, jump
  unstable          ten times a good rate or more: a tenth of it ends a third lower, n / 2 epochs more do not help, and
                    the train loss rises by 5 % in more than a tenth of its steps, or ends within 10 % of guessing
  too_slow          3 or 10 times the rate end 10 % lower, this one has come less than half of their way, and it is
                    still on it: the n / 2 epochs more gain 1 % or a fifth of the whole fall. Where they do not, the
                    schedule has ended, the curve is flat, and only its rate tells that from a network which has
                    learned what it can: the label is how far training has come, and too_slow is as true
  stuck_at_start    neither train nor T has come 2 % below guessing (of a log without a loss: neither accuracy is above
                    that of the most frequent class by two standard errors)
  overfitting       validation is shown; the mean of the last w is 3 % above low(0, n), in T and (with its standard
                    error) in V, and n / 2 epochs more do not come 1 % below low(0, n)
  still_learning    low(n, 1.5 n) is 1 % below low(0, n)
  stopped_too_late  low(0, n / 2) is less than 0.5 % above low(0, n)
  converged         none of these

Accepted besides: what T and V decide differently, a case half as strong or within the standard error, what the curve
shows (`_marks`), `no_signal` where a network memorizes and T or V never comes 3 % below guessing, and, where no
accuracy and no baseline tells, `overfitting` for `no_signal` and `converged` for a network that is stuck (of equally
frequent classes a loss and an accuracy tell: they are log C and 1 / C).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from scripts.curves.curve import Labeled, jumps, rough, wobbles
from scripts.curves.events import patience_fails
from scripts.curves.strangers import NUM_TEST, Plan
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


class Judged(NamedTuple):
    """The loss that the log shows, and the same on test data, over 1.5 n epochs, with what guessing gives."""

    seen: np.ndarray
    truth: np.ndarray
    guess: float


def label(run: Run, shown: Curves, part: str) -> Labeled | None:
    """Label what is shown of a run; None where its truth is not known."""
    plan, history, n = run.plan, run.history, run.plan.epochs
    if len(history["train_loss"]) < n or not np.isfinite(history["train_loss"][:n]).all():
        if not any("loss" in name for name in shown):
            return None
        return _labeled(plan, shown, part, "diverged", {"diverged"})
    if n < 5:
        return _labeled(plan, shown, part, "too_short_to_say", {"too_short_to_say"})
    if len(history["test_loss"]) < n + max(2, n // 2) or not np.isfinite(history["test_loss"]).all():
        return None
    w = max(1, n // 10)
    if history["train_eval"][n - w : n].mean() > 1e3 * run.guess:
        code = "rising" if plan.mistake == "ascent" else "unstable"
        return _labeled(plan, shown, part, "diverged", {"diverged", "spike", code})
    judged = _judged(run, shown)
    gain, _ = gain_and_cost(judged.truth, n)
    made = _of_mistake(run, shown) or _of_rate(run, judged, shown) or _of_pace(run, judged, shown)
    if made is None:
        return None
    code, codes = made
    return _labeled(plan, shown, part, code, codes | {code}, gain)


def _judged(run: Run, shown: Curves) -> Judged:
    history = run.history
    if "val_loss" in shown:
        return Judged(history["val_loss"], history["test_loss"], run.guess)
    if "train_loss" in shown:
        return Judged(history["train_loss"], history["train_eval"], run.guess)
    return Judged(1 - history["val_accuracy"], 1 - history["test_accuracy"], run.guess_error)


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


def _of_mistake(run: Run, shown: Curves) -> tuple[str, set[str]] | None:
    """Name what a mistake has made of the curve; None where it did nothing, or nothing shows it."""
    train, mistake = run.history["train_loss"][: run.plan.epochs], run.plan.mistake
    if mistake == "shuffled" and "val_loss" in shown and train[-1] < 0.9 * run.guess:
        return "no_signal", {"no_signal"} | (set() if "val_accuracy" in shown else {"overfitting"})
    if mistake == "ascent" and "train_loss" in shown and train[-1] > 1.05 * train[0]:
        return "rising", {"rising", "diverged"}
    if mistake == "kick" and "train_loss" in shown and jumps(train):
        back = train[-3:].mean() < 1.05 * train[len(train) // 2 - 2]
        return "spike", {"spike"} | PACE | {"overfitting"} | (set() if back else {"unstable"})
    return None


def _of_rate(run: Run, judged: Judged, shown: Curves) -> tuple[str, set[str]] | None:
    """Say too_slow, unstable or stuck_at_start by the runs at other rates; None where none of these holds."""
    n, w, plan = run.plan.epochs, max(1, run.plan.epochs // 10), run.plan
    own = run.history["train_eval"][:n]
    ends = {
        ratio: float(np.mean(other["train_eval"][n - w : n]))
        for ratio, other in run.others.items()
        if len(other["train_eval"]) >= n and np.isfinite(other["train_eval"]).all()
    }
    end, gain = float(own[-w:].mean()), gain_and_cost(judged.truth, n)[0]
    low = min((value for ratio, value in ends.items() if ratio < 1), default=np.inf)
    below = own.min() < 0.98 * run.guess or judged.truth[:n].min() < 0.98 * judged.guess
    stuck = set() if below and own.min() < 0.98 * own[0] else {"stuck_at_start"}
    if not any("loss" in name for name in shown):
        stuck = {"stuck_at_start"} if _guesses(run) else set()
    if stuck and not _guessing_is_told(run, shown):
        stuck |= DONE
    oscillates = (own[1:] > (1 + RISES) * own[:-1]).mean() > 0.1 or end > 0.9 * run.guess
    if plan.factor > 5 and log_ratio(end, low) > np.log(1.5) and gain < 0.05 and oscillates:
        return "unstable", {"unstable", "noisy", "overfitting", "rising", "stuck_at_start"} | stuck
    fast = min((value for ratio, value in ends.items() if ratio > 1), default=np.inf)
    way = (own[0] - end) / max(own[0] - fast, 1e-12)
    if log_ratio(end, fast) > 0.1 and way < 0.5:
        still = {"still_learning"} if way > 0.25 else set()
        if gain >= min(0.01, 0.2 * log_ratio(own[0], end)):
            return "too_slow", {"too_slow"} | still | stuck | ({"stuck_at_start"} if way < 0.02 else set())
    if stuck:
        barely = DONE if own.min() < 0.99 * run.guess or judged.truth[:n].min() < 0.99 * judged.guess else set()
        return "stuck_at_start", stuck | barely | _slower(run) | ({"still_learning"} if gain >= 0.01 else set())
    return None


def _guessing_is_told(run: Run, shown: Curves) -> bool:
    """Whether a loss and an accuracy tell the level of guessing: log C and 1 / C of C classes that are as frequent."""
    classes = float(np.fmax(np.round(np.exp(run.guess)), 2.0))
    equal = abs(run.guess / np.log(classes) - 1) < EQUAL and run.guess_error > 0.8 * (1 - 1 / classes)
    return bool(equal) and {"loss", "accuracy"} <= {name.split("_")[1] for name in shown}


def _guesses(run: Run) -> bool:
    """Whether neither accuracy ends two standard errors above that of always naming the most frequent class."""
    n, w, share = run.plan.epochs, max(1, run.plan.epochs // 10), 1 - run.guess_error
    sizes = {"train_accuracy": run.plan.num_train, "test_accuracy": NUM_TEST}
    return all(
        run.history[name][n - w : n].mean() < share + 2 * np.sqrt(share * (1 - share) / size)
        for name, size in sizes.items()
    )


def _of_pace(run: Run, judged: Judged, shown: Curves) -> tuple[str, set[str]] | None:
    """Say how far training has come, or that it overfits, and all that is as true."""
    n = run.plan.epochs
    (gain, cost), (seen_gain, seen_cost) = gain_and_cost(judged.truth, n), gain_and_cost(judged.seen, n)
    doubt, seen_doubt = _doubt(judged.truth, n), _doubt(judged.seen, n)
    codes = {"still_learning"} if max(gain, seen_gain) >= 0.006 or gain + doubt >= 0.01 else set()
    codes |= DONE if min(gain, seen_gain) < 0.015 or gain - doubt < 0.01 else set()
    codes |= _marks(run, shown) | _slower(run)
    own = run.history["train_eval"][:n]
    if "train_loss" in shown and min(own.min() / run.guess, judged.truth[:n].min() / judged.guess) > 0.96:
        codes.add("stuck_at_start")
    if ("val_loss" in shown or "train_loss" not in shown) and max(cost, seen_cost) > 0.015:
        codes.add("overfitting")
        lasting = gain < 0.01 or seen_gain < 0.01
        if cost > 0.03 and seen_cost > 0.03 + seen_doubt and lasting:
            clear = min(cost, seen_cost) > 0.06 + seen_doubt
            return "overfitting", codes - PACE if clear else codes
    w = max(1, n // 10)
    means = np.convolve(judged.truth[:n], np.ones(w) / w, "valid")
    halved = log_ratio(float(means[: max(1, n // 2 - w + 1)].min()), float(means.min())) < 0.005
    return "still_learning" if gain >= 0.01 else "stopped_too_late" if halved else "converged", codes


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


def _marks(run: Run, shown: Curves) -> set[str]:
    """What else is true of the curve: it wobbles, jumps, has a plateau, memorizes, or validation lies below."""
    train, val, out = shown.get("train_loss"), shown.get("val_loss"), set()
    n, plan = run.plan.epochs, run.plan
    if val is not None:
        memorizes = run.history["train_eval"][n - 1] < 0.92 * run.guess
        lowest = max(run.history["test_loss"][:n].min(), val.min())
        out |= {"no_signal"} if memorizes and lowest > 0.97 * run.guess else set()
        out |= {"noisy"} if wobbles(val) else set()
    if train is None:
        return out | ({"noisy"} if val is None and wobbles(1 - shown["val_accuracy"]) else set())
    if val is not None:
        with np.errstate(all="ignore"):
            gap = np.log(train[n // 2 :] / val[n // 2 :])
        out |= {"val_below_train"} if np.median(gap) > 0.02 and (gap > 0).mean() > 0.8 else set()
    out |= {"noisy"} if wobbles(train) else set()
    out |= {"spike"} if jumps(train) and plan.factor >= 1 else set()
    out |= {"unstable"} if rough(train) and plan.factor >= 3 else set()
    return out | ({"plateau_then_drop"} if patience_fails(train) else set())


def _labeled(plan: Plan, shown: Curves, part: str, code: str, codes: set[str], gain: float = np.nan) -> Labeled:
    settings = [plan.tool, plan.problem, plan.optimizer, plan.schedule, plan.mistake or f"{plan.factor:.2g}", plan.seed]
    known: dict[str, Any] = {"num_validation": float(plan.num_val)} if plan.tells_num_val else {}
    source = f"{part}/" + "/".join(map(str, settings))
    return Labeled(shown, code, frozenset(codes), source, part, gain=gain, **known)


def is_healthy(one: Labeled) -> bool:
    """Whether the rate was good and nothing was done to the network."""
    return one.source.split("/")[5] in ("0.33", "1", "3") and one.label in PACE

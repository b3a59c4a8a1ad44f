"""Label runs of other tools by what their curves show and by what further runs of the same network did.

A label says what a perfect reader of the log could say: what no shown curve tells (a loss that the log hides, the level
of guessing where nothing gives it, a rate that has gone down to 0) decides no label, and what it would have been is
accepted beside the one that the curve shows. Strangers, newcomers and visitors are labeled by this code alone.

A run is trained for n / 2 epochs after the n that are shown: on its schedule, or at its last rate where that has ended.
V is the loss that the log shows: validation, the train loss where there is no validation loss, 1 - accuracy where there
is no loss at all (where no example is wrong, half a one is). T is the same on 1,000 or 2,000 test examples (of a train
loss: re-evaluated). With w = n / 10 epochs and low(a, b) the lowest mean of w successive T between a and b, in order:

  diverged          the log shows a value that is not finite, or a loss that ends 1,000 times above that of guessing
                    (the best constant answer)
  no_signal         the labels were shuffled, validation is shown, and train ends 10 % below guessing
  rising            the sign was turned, or the rate grew without end, and the train loss did rise (where the rate grew,
                    re-evaluated too)
  spike             one epoch had 40 times the rate, or one batch 1,000 times the inputs, and the train loss did jump
  plateau_then_drop the rate was next to 0 for the first 40 % of the epochs, and a patience would have stopped there, by
                    any loss that is shown, or by the accuracies where there is no loss
  unstable          ten times a good rate or more, or data that is not scaled: a lower rate ends a third lower, n / 2
                    epochs more do not help, and the train loss rises by 5 % in two steps and in a tenth of them,
                    or ends within 10 % of guessing
  too_slow          a higher rate ends 10 % lower, this one has come less than half of its way, and n / 2 epochs more
                    gain 1 % or a fifth of the whole fall: where a schedule has ended, nothing in the curve tells that
  stuck_at_start    no curve that is shown has come 2 % below guessing (accuracies: by two standard errors), and the
                    train loss has not fallen by 10 %
  overfitting       validation is shown; the mean of the last w is 3 % above low(0, n), in T and (with its standard
                    error, at least one example of an accuracy) in V, and n / 2 epochs more do not come 1 % below
                    low(0, n)
  still_learning    low(n, 1.5 n) is 1 % below low(0, n)
  stopped_too_late  low(0, n / 2) is less than 0.5 % above low(0, n)
  converged         none of these

Accepted besides: what T and V decide differently (of too_slow: how far training has come), a case half as strong or
within the standard error (of an accuracy, two), what the curve shows (`_marks`; `rising` where nine steps of ten of the
train loss go up), `too_slow` wherever a higher rate ends lower, and where training still gains 1 % and no other rate
was tried, what validation accuracies say beside a train loss, all that validation says of a network that is stuck where
nothing tells the level of guessing, `no_signal` where train ends 8 % below guessing and V or T never comes 3 % below
it, `stuck_at_start` where no curve that is shown comes 4 % below it, and, where no loss and accuracy of equal classes
tell guessing, `overfitting` for `no_signal`, `converged` for a network that is stuck, and `stuck_at_start` for one
that had learned before the log began.
"""

from typing import NamedTuple

import numpy as np

from scripts.curves.curve import Labeled, jumps, rough, wobbles
from scripts.curves.events import patience_fails
from scripts.curves.stranger_labels import (
    DONE,
    RISES,
    Curves,
    Run,
    _doubt,
    _guessing_is_told,
    _labeled,
    _slower,
    gain_and_cost,
)
from scripts.curves.sweeps import PACE, log_ratio

MOVES = 0.1  # a log ratio: a loss that has fallen so far is not stuck, though it be above that of guessing


class Judged(NamedTuple):
    """The loss that the log shows, and the same on test data, over 1.5 n epochs, with what guessing gives.

    Attributes:
      seen, truth: [1.5 n] each.
      guess: what the best constant answer has in T.
      validated: whether the loss is measured on other examples than those trained on.
      examples, tests: how many there are in V and in T; 0 where these are no shares of them.
    """

    seen: np.ndarray
    truth: np.ndarray
    guess: float
    validated: bool
    examples: int = 0
    tests: int = 0


def label(run: Run, shown: Curves, part: str) -> Labeled | None:
    """Label what is shown of a run; None where its truth is not known."""
    plan, history, n = run.plan, run.history, run.plan.epochs
    losses = [shown[name] for name in ("train_loss", "train_loss_eval", "val_loss") if name in shown]
    if len(history["train_loss"]) < n or not np.isfinite(history["train_loss"][:n]).all():
        seen = any(not np.isfinite(loss).all() for loss in losses)
        return _labeled(plan, shown, part, "diverged", {"diverged"}) if seen else None
    if n < 5:
        return _labeled(plan, shown, part, "too_short_to_say", {"too_short_to_say"})
    if len(history["test_loss"]) < n + max(2, n // 2) or not np.isfinite(history["test_loss"]).all():
        return None
    w = max(1, n // 10)
    if any(loss[-w:].mean() > 1e3 * run.guess for loss in (history["train_eval"][:n], *losses)):
        code = "rising" if plan.mistake in ("ascent", "growing") else "unstable"
        return _labeled(plan, shown, part, "diverged", {"diverged", "spike", code}) if losses else None
    judged = _judged(run, shown)
    gain, _ = gain_and_cost(judged.truth, n)
    code, codes = _of_mistake(run, shown) or _of_rate(run, judged, shown) or _of_pace(run, judged, shown)
    return _labeled(plan, shown, part, code, codes | {code} | _uphill(shown), gain)


def _uphill(shown: Curves) -> set[str]:
    """Accept rising where the train loss that is shown rises from its first epoch on, in nine steps of ten."""
    train = shown.get("train_loss", np.zeros(1))
    return {"rising"} if len(train) > 1 and (np.diff(train) > 0).mean() >= 0.9 else set()


def _judged(run: Run, shown: Curves) -> Judged:
    history = run.history
    if "val_loss" in shown:
        guess = float(np.nan_to_num(run.guess_test, nan=run.guess))
        return Judged(history["val_loss"], history["test_loss"], guess, True)
    if "train_loss" in shown:
        return Judged(history["train_loss"], history["train_eval"], run.guess, False)
    return _errors(run)


def _errors(run: Run) -> Judged:
    """Judge the share of validation examples that are wrong; none counts as half an example."""
    examples, history = run.plan.num_val, run.history
    seen = np.maximum(1 - history["val_accuracy"], 0.5 / examples)
    truth = np.maximum(1 - history["test_accuracy"], 5e-4) if "test_accuracy" in history else seen
    steps = np.diff(np.unique(truth))
    return Judged(seen, truth, run.guess_error, True, examples, round(1 / steps.min()) if len(steps) else 1000)


def _of_mistake(run: Run, shown: Curves) -> tuple[str, set[str]] | None:
    """Name what a mistake has made of the curve; None where it did nothing, or nothing shows it."""
    mistake, n = run.plan.mistake, run.plan.epochs
    w = max(1, n // 10)
    if mistake == "shuffled" and _memorizes(run, shown):
        return "no_signal", {"no_signal"} | (set() if "val_accuracy" in shown else {"overfitting"})
    train = _train(run, shown)
    least = 0.0 if "train_loss" in shown else 2 / run.plan.num_train
    means = np.convolve(train[:n], np.ones(w) / w, "valid") if len(train) else np.zeros(1)
    weights = np.convolve(run.history["train_eval"][:n], np.ones(w) / w, "valid")
    if mistake == "growing" and means[-1] > least + 1.05 * means.min() and weights[-1] > weights.min():
        return "rising", {"rising", "diverged", "unstable"}
    waits = any(map(patience_fails, _losses(run, shown)))
    if mistake == "late_start" and waits:
        return "plateau_then_drop", {"plateau_then_drop"} | _of_pace(run, _judged(run, shown), shown)[1]
    if "train_loss" not in shown:
        return None
    train = train[:n]
    if mistake == "ascent" and train[-1] > 1.05 * train[0]:
        return "rising", {"rising", "diverged"}
    if mistake in ("kick", "bad_batch") and jumps(train):
        back = train[-3:].mean() < 1.05 * train[len(train) // 2 - 2]
        return "spike", {"spike"} | PACE | {"overfitting"} | (set() if back else {"unstable"})
    return None


def _losses(run: Run, shown: Curves) -> list[np.ndarray]:
    """Return the losses that are shown, or, where there is none, the shares that are wrong."""
    losses = [y for name, y in shown.items() if "loss" in name]
    counts = {"train_accuracy": run.plan.num_train, "val_accuracy": run.plan.num_val}
    return losses or [np.maximum(1 - y, 0.5 / counts[name]) for name, y in shown.items()]


def _train(run: Run, shown: Curves) -> np.ndarray:
    """Return the train loss over 1.5 n epochs, the share that is wrong where only that is shown, or nothing."""
    if "train_loss" in shown:
        return run.history["train_loss"]
    wrong = "train_accuracy" in shown
    return np.maximum(1 - run.history["train_accuracy"], 0.5 / run.plan.num_train) if wrong else np.zeros(0)


def _memorizes(run: Run, shown: Curves) -> bool:
    """Whether the log shows validation, and that train ends 10 % below guessing."""
    w = max(1, run.plan.epochs // 10)
    if "train_loss" in shown:
        validated = "val_loss" in shown or "val_accuracy" in shown
        return bool(validated and shown["train_loss"][-w:].mean() < 0.9 * run.guess)
    both = "train_accuracy" in shown and "val_accuracy" in shown
    return bool(both and 1 - shown["train_accuracy"][-w:].mean() < 0.9 * run.guess_error)


def _of_rate(run: Run, judged: Judged, shown: Curves) -> tuple[str, set[str]] | None:
    """Say too_slow, unstable or stuck_at_start by the runs at other rates; None where none of these holds."""
    n, w = run.plan.epochs, max(1, run.plan.epochs // 10)
    own = run.history["train_eval"][:n]
    ends = {
        ratio: float(np.mean(other["train_eval"][n - w : n]))
        for ratio, other in run.others.items()
        if len(other["train_eval"]) >= n and np.isfinite(other["train_eval"]).all()
    }
    end, gain = float(own[-w:].mean()), gain_and_cost(judged.truth, n)[0]
    low = min((value for ratio, value in ends.items() if ratio < 1), default=np.inf)
    stuck = _stuck(run, judged, shown)
    rises = own[1:] > (1 + RISES) * own[:-1]
    oscillates = (rises.mean() > 0.1 and rises.sum() > 1) or end > 0.9 * run.guess
    if log_ratio(end, low) > np.log(1.5) and gain < 0.05 and oscillates:
        still = {"still_learning"} if gain >= 0.01 else set()
        return "unstable", {"unstable", "noisy", "overfitting", "rising", "stuck_at_start"} | stuck | still
    fast = min((value for ratio, value in ends.items() if ratio > 1), default=np.inf)
    way = (own[0] - end) / max(own[0] - fast, 1e-12)
    if log_ratio(end, fast) > 0.1 and way < 0.5 and gain >= min(0.01, 0.2 * log_ratio(own[0], end)):
        still = {"still_learning"} if way > 0.25 or gain >= 0.05 else set()
        still |= DONE if gain < 0.01 else PACE if gain_and_cost(judged.seen, n)[0] < 0.01 else set()
        return "too_slow", {"too_slow"} | still | stuck | ({"stuck_at_start"} if way < 0.02 else set())
    if stuck and not _moves(run, judged, shown):
        return "stuck_at_start", stuck | _slower(run) | ({"still_learning", "too_slow"} if gain >= 0.01 else set())
    return None


def _stuck(run: Run, judged: Judged, shown: Curves) -> set[str]:
    """Say stuck_at_start where no curve that is shown has come 2 % below guessing, and what looks the same."""
    if not _at_guessing(run, judged, shown, 0.98):
        return set()
    if _moves(run, judged, shown) or _guessing_is_told(run, shown):
        return {"stuck_at_start"}
    return {"stuck_at_start"} | DONE | _marks(run, shown) | _pace(judged, run.plan.epochs)[1]


def _moves(run: Run, judged: Judged, shown: Curves) -> bool:
    """Whether the train curve that is shown, or T where none is, has fallen by 10 %."""
    train = "train_loss" in shown or "train_loss_eval" in shown
    own = run.history["train_eval"] if train else _train(run, shown) if "train_accuracy" in shown else judged.truth
    return log_ratio(own[0], float(own[: run.plan.epochs].min())) >= MOVES


def _at_guessing(run: Run, judged: Judged, shown: Curves, share: float) -> bool:
    """Whether neither the train curve that is shown nor T has fallen below a share of what guessing gives."""
    n, learned = run.plan.epochs, _below(judged.truth[: run.plan.epochs], judged.guess, share, judged.tests)
    if "train_loss" in shown or "train_loss_eval" in shown:
        learned |= _below(run.history["train_eval"][:n], run.guess, share, 0)
    elif "train_accuracy" in shown:
        learned |= _below(_train(run, shown)[:n], run.guess_error, share, run.plan.num_train)
    return not learned


def _below(curve: np.ndarray, guess: float, share: float, examples: int) -> bool:
    """Whether a curve falls below a share of guessing, by two standard errors where it is a share of examples."""
    margin = 2 * np.sqrt(guess * (1 - guess) / examples) if examples else 0.0
    return bool(curve.min() < share * guess - margin)


def _of_pace(run: Run, judged: Judged, shown: Curves) -> tuple[str, set[str]]:
    """Say how far training has come, or that it overfits, and all that is as true."""
    code, codes = _pace(judged, run.plan.epochs)
    if not judged.validated and "val_accuracy" in shown:
        codes |= {*_pace(_errors(run), run.plan.epochs)[1]}
    codes |= {"stuck_at_start"} if _at_guessing(run, judged, shown, 0.96) else set()
    train = _train(run, shown)
    fitted = 0.1 * (run.guess if "train_loss" in shown else run.guess_error)
    if code == "overfitting" and len(train) and train[run.plan.epochs - 1] > fitted:
        codes |= {"rising", "unstable"} if gain_and_cost(train, run.plan.epochs)[1] > 0.03 else set()
    gain = gain_and_cost(judged.truth, run.plan.epochs)[0]
    codes |= {"too_slow"} if gain >= 0.01 and not run.others else set()
    return code, codes | _marks(run, shown) | _slower(run) | _flat(run, shown)


def _pace(judged: Judged, n: int) -> tuple[str, set[str]]:
    (gain, cost), (seen_gain, seen_cost) = gain_and_cost(judged.truth, n), gain_and_cost(judged.seen, n)
    doubt, seen_doubt = _doubt(judged.truth, n), _doubt(judged.seen, n)
    if judged.examples:  # one of them more or less
        seen_doubt = max(seen_doubt, 1 / (judged.examples * float(judged.seen[:n].min())))
    codes = {"still_learning"} if max(gain, seen_gain) >= 0.006 or gain + doubt >= 0.01 else set()
    codes |= DONE if min(gain, seen_gain) < 0.015 or gain - doubt < 0.01 else set()
    if judged.validated and max(cost, seen_cost) > 0.015:
        codes.add("overfitting")
        if cost > 0.03 and seen_cost > 0.03 + seen_doubt and gain < 0.01:
            clear = min(cost, seen_cost) > 0.06 + max(seen_doubt, _luck(judged, n))
            return "overfitting", codes - PACE if clear else codes
    w = max(1, n // 10)
    means = np.convolve(judged.truth[:n], np.ones(w) / w, "valid")
    halved = log_ratio(float(means[: max(1, n // 2 - w + 1)].min()), float(means.min())) < 0.005
    return "still_learning" if gain >= 0.01 else "stopped_too_late" if halved else "converged", codes


def _luck(judged: Judged, n: int) -> float:
    """Two standard errors of the log of the lowest share that is wrong; 0 of a loss."""
    lowest = float(judged.seen[:n].min())
    return 2 * np.sqrt((1 - lowest) / (lowest * judged.examples)) if judged.examples else 0.0


def _marks(run: Run, shown: Curves) -> set[str]:
    """What else is true of the curve: it wobbles, jumps, has a plateau, memorizes, or validation lies below."""
    train, val, out = shown.get("train_loss"), shown.get("val_loss"), set()
    n, plan = run.plan.epochs, run.plan
    out |= {"plateau_then_drop"} if any(map(patience_fails, _losses(run, shown))) else set()
    if val is not None:
        memorizes = run.history["train_eval"][n - 1] < 0.92 * run.guess
        test = run.history["test_loss"][:n].min() > 0.97 * np.nan_to_num(run.guess_test, nan=run.guess)
        guesses = test or val.min() > 0.97 * run.guess
        out |= {"no_signal"} if memorizes and guesses else set()
        out |= {"noisy"} if wobbles(val) else set()
    if train is None:
        return out | ({"noisy"} if val is None and wobbles(1 - shown["val_accuracy"]) else set())
    if val is not None:
        with np.errstate(all="ignore"):
            gap = np.log(train[n // 2 :] / val[n // 2 :])
        least = 0.005 if "train_loss_eval" in shown else 0.01
        out |= {"val_below_train"} if np.median(gap) > least and (gap > 0).mean() > 0.8 else set()
    out |= {"noisy"} if wobbles(train) else set()
    out |= {"spike"} if jumps(train) and plan.factor >= 1 and (plan.factor > 1 or not wobbles(train)) else set()
    out |= {"unstable"} if rough(train) and plan.factor >= 3 else set()
    return out


def _flat(run: Run, shown: Curves) -> set[str]:
    """Accept stuck_at_start for a network that had learned before the log began, if nothing in the log tells."""
    flat = all("loss" in name and y.min() >= 0.98 * y[0] for name, y in shown.items())
    return {"stuck_at_start"} if flat else set()

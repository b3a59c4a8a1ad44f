"""Curves of rate sweeps, labeled by what would have happened at another rate, or with more or fewer epochs.

With L the train loss in evaluation mode over the last tenth of the epochs, F the test loss of the last weights and B
that of the weights of the lowest validation loss, each by rate, seed and number of epochs n:

  diverged          the loss is not finite, or ends more than 1,000 times above the mean predictor's
  still_learning    going on to 2n epochs lowers the best validation loss (a mean of as many epochs as a tenth of n) by
                    1 %; the best of the first n is compared with the best of the next n, both chosen in one way
  overfitting       B(n) is at least 3 % below F(n), so stopping at the minimum was better on other data; so is B(2n)
                    below F(2n), and 2n epochs do not lower the validation loss
  too_slow          a higher rate ends, at n epochs, with a train loss at least 10 % lower, and this one has come less
                    than half of the way that the best rate came
  unstable          a lower rate ends with a train loss at least a third lower, 2n epochs do not help this one, and its
                    loss has risen by 5 % in more than a tenth of the epochs, or is close to the mean predictor's
  stopped_too_late  n / 2 epochs cost less than 0.5 % of the validation loss (and less than 3 % of the test loss)
  converged         none of these

Half as strong a case makes a label acceptable besides the one that holds; so does a case that validation and test loss
decide differently, or that lies within the standard error of the two means that are compared.
"""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from scripts.curves import tasks
from scripts.curves.curve import Labeled, cut, wobbles
from scripts.curves.trained import Outcome, chance_accuracy, mean_predictor, prepared_for, train

SEEDS = (0, 1)
NUM_LENGTHS = 5
LUCK = 0.03  # of a test loss, from one epoch to the next
PACE = frozenset({"converged", "stopped_too_late", "still_learning"})


class Level(NamedTuple):
    """What a trial has come to at n epochs: train and validation loss of the last tenth, F, B, and losses by then."""

    train: float
    val: float
    final: float
    best: float


def sweep(task: str, optimizer: str) -> list[Labeled]:
    """Train and label the rate sweep of a task and an optimizer."""
    base, epochs = tasks.experiment(task, optimizer.removeprefix("torch_")), tasks.lengths(task, NUM_LENGTHS)
    rates = [float(rate) for rate in tasks.RATES[optimizer]]
    if optimizer.startswith("torch_"):
        from scripts.curves import torch_runs

        outcomes = torch_runs.train(task, optimizer, rates, epochs, SEEDS)
    else:
        outcomes = train(base, {"learning_rate": rates, "epochs": epochs, "seed": SEEDS})
    prepared = prepared_for(base)
    constant, chance = mean_predictor(prepared, base.loss, base.model.kind), chance_accuracy(prepared)
    part, out = tasks.part_of(task, optimizer), []
    for s in range(len(SEEDS)):
        own = outcomes[s :: len(SEEDS)]
        column = [own[r * len(epochs) : (r + 1) * len(epochs)] for r in range(len(rates))]
        for r, k in np.ndindex(len(rates), len(epochs) - 1):
            found = label(column, r, k, constant)
            if found:
                outcome = column[r][k]
                source = f"rates/{task}/{optimizer}/rate={rates[r]:.3g},seed={s}"
                out.append(
                    Labeled(_written(outcome, epochs[k]), *found, source, part, mean_predictor=constant, chance=chance)
                )
    return out


def schedules(task: str, optimizer: str) -> list[Labeled]:
    """Train healthy curves of other shapes: rates that fall on a cosine or in steps, to the end of the run."""
    out = []
    for schedule, hyper in {
        "cosine": {"final_factor": 0.0},
        "step": {"decay_factor": 0.3, "decay_every": 0.34},
    }.items():
        base = tasks.experiment(task, optimizer, **hyper)
        base = dataclasses.replace(base, optimizer=dataclasses.replace(base.optimizer, schedule=schedule))
        axes = {"seed": range(3), "epochs": [15, 30, 60]}
        prepared = prepared_for(base)
        baselines = mean_predictor(prepared, base.loss, base.model.kind), chance_accuracy(prepared)
        also = {"plateau_then_drop"} if schedule == "step" else set()
        for i, outcome in enumerate(train(base, axes)):
            cost = log_ratio(*_ends(outcome))
            learned = not outcome.diverged and level(outcome).train < 0.95 * baselines[0]
            if learned and min(log_ratio(outcome.test, outcome.best_test), cost) < 0.01:
                own = also | ({"overfitting"} if cost > 0.02 else set())
                known: dict[str, Any] = {"mean_predictor": baselines[0], "chance": baselines[1]}
                curves = cut(outcome.curves, len(outcome.curves["val_loss"]))
                source, part = f"{schedule}/{task}/{optimizer}/{i}", tasks.part_of(task, optimizer)
                out.append(Labeled(curves, "converged", PACE | own, source, part, **known))
    return out


def late(task: str, optimizer: str) -> list[Labeled]:
    """Train long, with a penalty that keeps the end flat; kept where half as many epochs cost nothing (see above)."""
    base, part = tasks.experiment(task, optimizer, l2=0.003), tasks.part_of(task, optimizer)
    good = tasks.GOOD[optimizer]
    outcomes = train(base, {"learning_rate": [good, 3 * good], "epochs": [40, 80, 160], "seed": range(4)})
    prepared, out = prepared_for(base), []
    known: dict[str, Any] = {
        "mean_predictor": mean_predictor(prepared, base.loss, base.model.kind),
        "chance": chance_accuracy(prepared),
    }
    by_values = {tuple(sorted(one.values.items())): one for one in outcomes}
    for i, one in enumerate(outcomes):
        half = by_values.get(tuple(sorted({**one.values, "epochs": one.values["epochs"] // 2}.items())))
        if half is not None and not one.diverged and _halved([half, one], 1):
            learned = level(one).train < 0.95 * known["mean_predictor"]
            overfitted = min(log_ratio(one.test, one.best_test), log_ratio(*_ends(one))) > 0.01
            if learned and not overfitted:
                accepted = {"stopped_too_late"} | ({"overfitting"} if log_ratio(*_ends(one)) > 0.02 else set())
                accepted |= {"val_below_train"} if one.curves["train_loss"][-1] > 1.1 * _ends(one)[0] else set()
                curves, source = cut(one.curves, one.values["epochs"]), f"late/{task}/{optimizer}/{i}"
                out.append(Labeled(curves, "stopped_too_late", frozenset(accepted), source, part, **known))
    return out


def _ends(outcome: Outcome) -> tuple[float, float]:
    return float(outcome.curves["val_loss"][-1]), float(outcome.curves["val_loss"].min())


def _written(outcome: Outcome, t: int) -> dict[str, np.ndarray]:
    """Give the curves as they would have been written: the epoch in which the loss stopped being finite is NaN."""
    curves = cut(outcome.curves, t)
    if not outcome.diverged:
        return curves
    return {name: np.append(curves.get(name, np.zeros(0)), np.nan) for name in (*curves, "train_loss", "val_loss")}


def level(outcome: Outcome) -> Level:
    """Measure what a trial has come to."""
    train_loss, val = outcome.curves["train_loss_eval"], outcome.curves["val_loss"]
    last = max(1, len(val) // 10)
    return Level(float(np.mean(train_loss[-last:])), float(np.mean(val[-last:])), outcome.test, outcome.best_test)


def log_ratio(a: float, b: float) -> float:
    """log a / b, of positive losses; 0 where one is not."""
    return float(np.log(a / b)) if a > 0 and b > 0 and np.isfinite(a + b) else 0.0


def label(column: list[list[Outcome]], r: int, k: int, constant: float) -> tuple[str, frozenset[str]] | None:
    """Label the trial of rate r (ascending) at the k-th length; None where no counterfactual tells.

    Train losses below a thousandth of the mean predictor's count as that: nobody minds which of them is lower.
    """
    here, later = column[r][k], column[r][k + 1]
    if here.diverged or not all(np.isfinite(curve).all() for curve in here.curves.values()):
        return "diverged", frozenset({"diverged"})
    now, then = level(here), level(later)
    if now.train > 1e3 * constant:
        return "diverged", frozenset({"diverged", "unstable"})
    least = 1e-3 * constant
    others = [np.inf if row[k].diverged else max(level(row[k]).train, least) for row in column]
    best = int(np.argmin(others))
    own, lower, higher = others[r], min(others[:r], default=np.inf), min(others[r + 1 :], default=np.inf)
    goes_on = log_ratio(own, max(then.train, least)) if not later.diverged else -1.0
    if r > best and log_ratio(own, lower) > np.log(1.5):
        return _too_high(here, goes_on, constant)
    if r > best and log_ratio(own, lower) > np.log(1.1):
        return None  # near the edge of stability no counterfactual says whether the rate is too high
    if min(others) > 0.9 * constant:
        return None  # no rate learns anything in that time
    return _in_time(column, r, k, log_ratio(own, higher), min(others), constant)


def _too_high(here: Outcome, goes_on: float, constant: float) -> tuple[str, frozenset[str]] | None:
    """Label a trial whose rate is too high; None where its loss neither oscillates nor is stuck high."""
    now, again, val = level(here), here.curves["train_loss_eval"], here.curves["val_loss"]
    oscillates = (again[1:] > 1.05 * again[:-1]).mean() > 0.1
    if goes_on > 0.1 or not (oscillates or now.train > 0.9 * constant):
        return None
    accepted = {"unstable"}
    if now.train > 0.98 * constant:
        accepted |= {"stuck_at_start", "diverged"} if now.train > 10 * constant else {"stuck_at_start"}
    if min(log_ratio(now.final, now.best), log_ratio(now.val, float(val.min()))) > 0.03:
        accepted.add("overfitting")
    if now.train < 0.5 * constant and wobbles(val):
        accepted.add("noisy")
    return "unstable", frozenset(accepted)


def _in_time(
    column: list[list[Outcome]], r: int, k: int, higher_wins: float, best: float, constant: float
) -> tuple[str, frozenset[str]] | None:
    here, later = column[r][k], column[r][k + 1]
    now, then = level(here), level(later)
    first = float(column[0][k].curves["train_loss_eval"][0])
    way = (first - now.train) / (first - best) if first > best else 1.0
    pace = _pace(column[r], k, here, later)
    cost, val_cost = log_ratio(now.final, now.best), log_ratio(now.val, float(np.min(here.curves["val_loss"])))
    if higher_wins > 0.1 and way < 0.5:
        accepted = {"too_slow"} | ({"stuck_at_start"} if way < 0.01 else set())
        return "too_slow", frozenset(accepted | ({"still_learning"} if way > 0.25 else set()))
    if np.min(here.curves["val_loss"]) > 0.98 * constant:
        return None  # it memorises, or has not begun: what carries over is not said by its own validation loss
    slow = {"too_slow"} if higher_wins > 0.1 and way < 0.9 else set()
    lasting = log_ratio(then.final, then.best) > 0.03 and log_ratio(now.val, then.val) < 0.01
    if cost > 0.03 and val_cost > 0.03 and lasting:
        close = pace if min(cost, val_cost) < 0.06 else set()
        return "overfitting", frozenset({"overfitting"} | close)
    if max(min(cost, val_cost), val_cost - 0.02) > 0.01:
        pace = pace | {"overfitting"}
    return _first(pace, _halved(column[r], k)), frozenset(pace | slow)


def _halved(row: list[Outcome], k: int) -> bool:
    """Whether half as many epochs cost less than 0.5 %."""
    if not k or row[k - 1].diverged:
        return False
    before, now = level(row[k - 1]), level(row[k])
    return log_ratio(before.val, now.val) < 0.005 and log_ratio(before.final, now.final) < LUCK


def _lowest(val: np.ndarray, last: int) -> float:
    """The lowest mean of so many successive losses."""
    return float(np.convolve(val, np.ones(last) / last, "valid").min())


def _doubt(val: np.ndarray, last: int) -> float:
    """The standard error of the difference of two means of so many log losses."""
    steps = np.abs(np.diff(np.log(val[val > 0])))
    return float(1.4826 * np.median(steps) / np.sqrt(last)) if len(steps) else 0.0


def _pace(row: list[Outcome], k: int, here: Outcome, later: Outcome) -> set[str]:
    """Say what is true of still_learning, stopped_too_late and converged."""
    n = len(here.curves["val_loss"])
    val, last = later.curves["val_loss"], max(1, n // 10)
    doubt = _doubt(val[n // 2 :], last)
    gain = log_ratio(_lowest(val[:n], last), _lowest(val[n:], last))
    on_test = log_ratio(here.best_test, later.best_test)
    out = {"still_learning"} if max(gain, min(gain + doubt, on_test)) >= 0.01 else set()
    if min(gain - doubt, on_test) < 0.01 or gain < 0.02:
        halved = _costs(row, k, val[:n], k - 1)
        quartered = _costs(row, k, val[:n], k - 2)
        out |= {"stopped_too_late"} if min(halved[0] - doubt, halved[1]) < 0.005 else set()
        out |= {"converged"} if max(halved[0] + doubt, halved[1], *quartered) > 0.005 else set()
    return out or {"converged"}


def _costs(row: list[Outcome], k: int, val: np.ndarray, j: int) -> tuple[float, float]:
    """What the j-th length costs against the k-th, on validation and on test data; much where there is none."""
    if j < 0 or row[j].diverged:
        return 1.0, 1.0
    t, last = len(row[j].curves["val_loss"]), max(1, len(val) // 10)
    return log_ratio(_lowest(val[:t], last), _lowest(val, last)), log_ratio(row[j].best_test, row[k].best_test)


def _first(pace: set[str], halved: bool) -> str:
    order = ("still_learning", *(("stopped_too_late", "converged") if halved else ("converged", "stopped_too_late")))
    return next(code for code in order if code in pace)

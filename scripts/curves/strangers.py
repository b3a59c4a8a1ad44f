"""Runs as users of PyTorch, Keras and scikit-learn write them, labeled by what half as many epochs again brought.

Schedules (steps, cosine, restarts, warm-up), batch norm, dropout, noise on the inputs, validation parts of 20 to 1,000
examples, 5 to 2,000 epochs, rates from far too low to far too high, and mistakes made on purpose. A run goes on for
n / 2 epochs after the n that are shown: on its schedule, or at its last rate where the schedule has ended. With T the
loss on 2,000 test examples, w = n / 10 epochs and low(a, b) the lowest mean of w successive T between a and b:

  overfitting       the mean of the last w is 3 % above low(0, n), and validation agrees (1 %)
  still_learning    low(n, 1.5 n) is 1 % below low(0, n)
  stopped_too_late  low(0, n / 2) is less than 0.5 % above low(0, n)
  converged         none of these
  too_slow          a tenth of a good rate or less: ten times the rate ends 10 % lower, this one came half the way
  unstable          ten times a good rate or more: a tenth of it ends a third lower, and n / 2 epochs more do not help

Half as strong a case makes a label acceptable, as does one that validation and test loss decide differently.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn import datasets, preprocessing

from scripts.curves.curve import Labeled, jumps, rough, wobbles
from scripts.curves.events import patience_fails
from scripts.curves.sweeps import PACE, log_ratio

PROBLEMS = ("classes", "clean", "moons", "digits", "regression", "sine", "product", "wide")
MISTAKES = ("shuffled", "ascent", "unscaled", "dead", "no_rate", "kick")
NUM_TEST = 2000


@dataclasses.dataclass(frozen=True)
class Plan:
    """One run: what is trained on what, how, and what was done to it."""

    problem: str
    num_train: int
    num_val: int
    epochs: int
    seed: int
    widths: tuple[int, ...] = (32,)
    activation: str = "relu"
    batch_norm: bool = False
    dropout: float = 0.0
    weight_decay: float = 0.0
    input_noise: float = 0.0
    optimizer: str = "adam"
    factor: float = 1.0  # times a good rate
    schedule: str = "constant"
    batch_size: int = 32
    mistake: str = ""
    tool: str = "torch"


def problem(plan: Plan) -> tuple[np.ndarray, np.ndarray, bool]:
    """Draw inputs [n, d] and classes or targets [n]: train, validation and test examples one after the other."""
    n, seed = plan.num_train + plan.num_val + NUM_TEST, plan.seed % 7
    rng = np.random.default_rng(seed)
    if plan.problem in ("regression", "sine"):
        x = rng.uniform(-1, 1, (n, 6))
        y = np.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + rng.normal(0, 0.2, n)
        if plan.problem == "regression":
            x, y = datasets.make_friedman1(n, noise=1.0, random_state=seed)
        scaled = y if plan.mistake == "unscaled" else (y - y.mean()) / y.std()
        return (x * 300 if plan.mistake == "unscaled" else preprocessing.scale(x)), scaled * 1.0, False
    if plan.problem == "product":
        x = rng.normal(0, 1, (n, 5))
        y = (x[:, 0] * x[:, 1] > 0).astype(int)
    elif plan.problem == "moons":
        x, y = datasets.make_moons(n, noise=0.25, random_state=seed)
    elif plan.problem == "digits":
        x, y = datasets.load_digits(return_X_y=True)
        order = rng.permutation(len(x))
        x, y = x[order], y[order]
    else:
        wide, clean = plan.problem == "wide", plan.problem == "clean"
        x, y = datasets.make_classification(
            n, 100 if wide else 20, n_informative=8, n_redundant=2, n_classes=4, random_state=seed,
            flip_y=0.0 if clean else 0.1, class_sep=1.6 if clean else 1.0,
        )  # fmt: skip
    if plan.mistake == "shuffled":
        y = rng.permutation(y)
    return (x * 100 if plan.mistake == "unscaled" else preprocessing.scale(x)), y, True


def plans(count: int, seed: int) -> list[Plan]:
    """Draw the runs."""
    rng = np.random.default_rng(seed)
    return [_plan(rng, i) for i in range(count)]


def _plan(rng: np.random.Generator, i: int) -> Plan:
    mistake = str(rng.choice(MISTAKES)) if i % 6 == 5 else ""
    factor = float(rng.choice([1 / 30, 1 / 10, 10, 30, 100])) if i % 4 == 1 else float(rng.choice([1 / 3, 1, 1, 1, 3]))
    tool = "sklearn" if i % 8 == 2 and not mistake else "keras" if i % 12 == 4 and not mistake else "torch"
    names = ("classes", "clean", "moons", "digits", "product", "wide") if mistake == "shuffled" else PROBLEMS
    num_train = int(rng.choice([60, 200, 600, 1200]))
    most = {"torch": 2000, "sklearn": 800, "keras": 120}[tool]
    epochs = min(most, int(np.exp(rng.uniform(np.log(6), np.log(2000 if num_train < 300 else 150)))))
    return Plan(
        problem=str(rng.choice(names)), num_train=num_train, num_val=int(rng.choice([20, 50, 200, 1000])),
        epochs=epochs, seed=i, widths=((8,), (32,), (64, 32), (24, 24, 24))[rng.integers(4)],
        activation=str(rng.choice(["relu", "tanh"])), batch_norm=bool(rng.random() < 0.25),
        dropout=float(rng.choice([0, 0, 0, 0.2, 0.4])), weight_decay=float(rng.choice([0, 0, 1e-4, 1e-2])),
        input_noise=float(rng.choice([0, 0, 0, 0.3])), optimizer=str(rng.choice(["sgd", "momentum", "adam", "adam"])),
        factor=1.0 if mistake else factor, batch_size=int(rng.choice([16, 32, 64])), mistake=mistake, tool=tool,
        schedule=str(rng.choice(["constant", "constant", "step", "cosine", "restarts", "warmup"])),
    )  # fmt: skip


def good_rate(plan: Plan) -> float:
    """Name a rate that learns well."""
    return {"sgd": 0.1, "momentum": 0.03, "adam": 0.003}[plan.optimizer]


def rate_at(plan: Plan, epoch: int) -> float:
    """Return the rate as a share of the base rate in an epoch, from 0."""
    t, n = epoch / plan.epochs, plan.epochs
    if plan.schedule == "step":
        return 0.2 ** min(int(3 * t), 2)
    if plan.schedule == "cosine":
        return 0.5 * (1 + np.cos(np.pi * t)) if t < 1 else 0.0
    if plan.schedule == "restarts":
        return 0.5 * (1 + np.cos(np.pi * ((3 * t) % 1.0)))
    if plan.schedule == "warmup":
        return min(1.0, (epoch + 1) / max(1, n / 10))
    return 1.0


def labeled_runs(count: int = 400, seed: int = 2026) -> Iterator[Labeled]:
    """Train and label the runs."""
    from scripts.curves import stranger_runs

    for plan in plans(count, seed):
        history = stranger_runs.train(plan, plan.epochs + max(2, plan.epochs // 2))
        other = None
        if plan.factor < 0.2 or plan.factor > 5:
            rate = plan.factor * (10 if plan.factor < 1 else 0.1)
            other = stranger_runs.train(dataclasses.replace(plan, factor=rate), plan.epochs)
        found = label(plan, history, other)
        if found is not None:
            yield found


def label(plan: Plan, history: dict[str, np.ndarray], other: dict[str, np.ndarray] | None) -> Labeled | None:
    """Label a run that was trained for half as long again as is shown; None where its truth is not known."""
    n = plan.epochs
    shown = {name: values[:n] for name, values in history.items() if name != "test_loss"}
    if len(history["train_loss"]) < n or not np.isfinite(history["train_loss"][:n]).all():
        return _labeled(plan, shown, "diverged", {"diverged"})
    if n < 5:
        return _labeled(plan, shown, "too_short_to_say", {"too_short_to_say"})
    if len(history["test_loss"]) < n + max(2, n // 2) or not np.isfinite(history["test_loss"]).all():
        return None
    made = _of_mistake(plan, shown)
    if made is not None:
        return _labeled(plan, shown, *made)
    gain, cost = _gain_and_cost(history["test_loss"], n)
    seen = history["val_loss"] if np.isfinite(history["val_loss"]).all() else history["test_loss"]
    _, val_cost = _gain_and_cost(seen, n)
    pace, halved = _pace(history["test_loss"], seen, n)
    codes, first = set(pace), None
    if cost > 0.03 and val_cost > 0.01:
        first, codes = "overfitting", {"overfitting"} | (pace if min(cost, val_cost) < 0.06 else set())
    elif max(cost, val_cost) > 0.015:
        codes.add("overfitting")
    if other is not None and first is None:
        decided = _by_rate(plan, history, other, gain)
        if decided is None:
            return None
        first, more = decided
        codes |= more
    codes |= _marks(shown, plan)
    label_code = first or ("still_learning" if gain >= 0.01 else "stopped_too_late" if halved else "converged")
    return _labeled(plan, shown, label_code, codes | {label_code}, gain)


def _gain_and_cost(loss: np.ndarray, n: int) -> tuple[float, float]:
    w = max(1, n // 10)
    means = np.convolve(loss, np.ones(w) / w, "valid")
    best = float(means[: n - w + 1].min())
    return log_ratio(best, float(means[n - w + 1 :].min())), log_ratio(float(means[n - w]), best)


def _pace(test: np.ndarray, val: np.ndarray, n: int) -> tuple[set[str], bool]:
    """Say which of still_learning, stopped_too_late and converged are true, and whether half would have been enough."""
    (gain, _), (val_gain, _), w = _gain_and_cost(test, n), _gain_and_cost(val, n), max(1, n // 10)
    means = np.convolve(test[:n], np.ones(w) / w, "valid")
    half = log_ratio(float(means[: max(1, n // 2 - w + 1)].min()), float(means.min()))
    out = {"still_learning"} if max(gain, val_gain) >= 0.006 else set()
    out |= {"converged", "stopped_too_late"} if min(gain, val_gain) < 0.015 else set()
    return out, half < 0.005


def _by_rate(
    plan: Plan, history: dict[str, np.ndarray], other: dict[str, np.ndarray], gain: float
) -> tuple[str | None, set[str]] | None:
    """Say too_slow or unstable by the run at another rate, and what is accepted; None where it does not tell."""
    n, w = plan.epochs, max(1, plan.epochs // 10)
    own = history["train_eval"][:n]
    theirs = other["train_eval"]
    if len(theirs) < n or not np.isfinite(theirs).all():
        return None
    wins = log_ratio(float(own[-w:].mean()), float(theirs[-w:].mean()))
    way = (own[0] - own[-w:].mean()) / max(own[0] - theirs[-w:].mean(), 1e-12)
    if plan.factor < 1:
        if wins > 0.1 and way < 0.5:
            return "too_slow", {"too_slow"} | ({"still_learning"} if way > 0.25 else set()) | (
                {"stuck_at_start"} if way < 0.02 else set()
            )
        return None, {"too_slow"} if wins > 0.05 and way < 0.9 else set()
    if wins > np.log(1.5) and gain < 0.05:
        return "unstable", {"unstable", "noisy", "stuck_at_start", "overfitting", "rising"}
    return (None, {"unstable"}) if wins > 0 else (None, set())


def _of_mistake(plan: Plan, shown: dict[str, np.ndarray]) -> tuple[str, set[str]] | None:
    """Name what a mistake has made of the curve; None where it did nothing."""
    train, val = shown["train_loss"], shown["val_loss"]
    if plan.mistake == "shuffled" and train[-1] < 0.9 * val.min():
        return "no_signal", {"no_signal"}
    if plan.mistake == "ascent" and train[-1] > 1.05 * train[0]:
        return "rising", {"rising", "diverged"}
    if plan.mistake in ("dead", "no_rate") and shown["train_eval"].min() > 0.98 * shown["train_eval"][0]:
        return "stuck_at_start", {"stuck_at_start"}
    if plan.mistake == "kick" and jumps(train) and train[-3:].mean() < 1.05 * train[len(train) // 2 - 2]:
        return "spike", {"spike"} | PACE | {"overfitting"}
    return None


def _marks(shown: dict[str, np.ndarray], plan: Plan) -> set[str]:
    """What else is true of the curve: it wobbles, jumps, has a plateau, or validation lies below."""
    train, val, out = shown["train_loss"], shown["val_loss"], set()
    if np.isfinite(val).all():
        half = len(val) // 2
        with np.errstate(all="ignore"):
            gap = np.log(train[half:] / val[half:])
        out |= {"val_below_train"} if np.median(gap) > 0.02 and (gap > 0).mean() > 0.8 else set()
        out |= {"noisy"} if wobbles(val) else set()
    out |= {"noisy"} if wobbles(train) else set()
    out |= {"spike"} if jumps(train) and plan.factor >= 1 else set()
    out |= {"unstable"} if rough(train) and plan.factor >= 3 else set()
    return out | ({"plateau_then_drop"} if patience_fails(train) else set())


def _labeled(plan: Plan, shown: dict[str, np.ndarray], code: str, codes: set[str], gain: float = np.nan) -> Labeled:
    rng = np.random.default_rng(plan.seed)
    curves = {"train_loss": shown["train_loss"]}
    if rng.random() < 0.3 and np.isfinite(shown["train_eval"]).any():
        curves["train_loss_eval"] = shown["train_eval"]
    if np.isfinite(shown["val_loss"]).any():
        curves["val_loss"] = shown["val_loss"]
    accuracies = [name for name in ("train_accuracy", "val_accuracy") if name in shown]
    if rng.random() < 0.6:
        curves |= {name: shown[name] for name in accuracies}
    settings = [plan.tool, plan.problem, plan.optimizer, plan.schedule, plan.mistake or f"{plan.factor:.2g}", plan.seed]
    known: dict[str, Any] = {"num_validation": float(plan.num_val)} if rng.random() < 0.5 else {}
    source = "strangers/" + "/".join(map(str, settings))
    return Labeled(curves, code, frozenset(codes), source, "strangers", gain=gain, **known)


def is_healthy(one: Labeled) -> bool:
    """Whether the rate was good and nothing was done to the network."""
    _, _, _, _, _, what, _ = one.source.split("/")
    return what in ("0.33", "1", "3") and one.label in PACE

"""Train one run of `settlers.Settler` by PyTorch, Flax, Keras or scikit-learn, as their users write it."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from scripts.curves.settlers import NUM_TEST, Settler, good_rate, problem
from scripts.curves.stranger_labels import Run, gain_and_cost
from scripts.curves.stranger_runs import ACCURACIES, NAMES

History = dict[str, np.ndarray]
Parts = dict[str, tuple[np.ndarray, np.ndarray]]
Train = Callable[[Settler, int], dict[str, list[float]]]
CHEAP, GAINS = 200, 0.01  # a run of fewer steps, and one that gains as much, is trained at 3 and 10 times the rate too
TOO_FAST = ("unscaled", "unscaled_targets", "never_zeroed", "summed")  # a good rate may be far too high
FAIR = ("", "vanishing", "two_softmaxes", "eval_dropout")  # where a higher rate may be what is missing


def run(plan: Settler) -> Run:
    """Train a plan for half as long again as is shown, and at other rates, and measure guessing."""
    return trained(plan, problem(plan), _tool)


def trained(plan: Settler, drawn: tuple[np.ndarray, np.ndarray, bool], tool: Callable[..., Train]) -> Run:
    """Train a plan, see `run`, on what was drawn, by what `tool` makes of the plan, its data and its classes."""
    x, y, classes = drawn
    a, b = plan.num_train, plan.num_train + plan.num_val
    cut = {"train": slice(0, a), "val": slice(a, b), "test": slice(b, b + NUM_TEST)}
    parts = {name: (x[rows].astype(np.float32), y[rows]) for name, rows in cut.items()}
    train = tool(plan, parts, int(y.max() + 1) if classes else 0)
    history = _arrays(train(plan, plan.epochs + max(2, plan.epochs // 2)))
    if plan.patience:
        plan = dataclasses.replace(plan, epochs=_stopped(history["val_loss"], plan))
        history = {name: values[: plan.epochs + max(2, plan.epochs // 2)] for name, values in history.items()}
    others = {
        ratio: _arrays(train(dataclasses.replace(plan, factor=plan.factor * ratio), plan.epochs))
        for ratio in _ratios(plan, history)
    }
    guess, test = guessing(plan, parts["train"][1], classes), guessing(plan, parts["test"][1], classes)[0]
    return Run(plan, history, others, *guess, test)


def _tool(plan: Settler, parts: Parts, classes: int) -> Train:
    if plan.tool == "torch":
        from scripts.curves import settler_models

        return lambda own, epochs: settler_models.train(own, epochs, parts, classes)
    if plan.tool == "sklearn":
        return lambda own, epochs: sklearn(own, epochs, parts, classes)
    from scripts.curves import settler_jax

    if plan.tool == "flax":
        return settler_jax.flax(plan, parts, classes)
    return settler_jax.keras_fit(plan, parts, classes, lambda z, y: scored(plan, z, y, classes))


def _arrays(history: dict[str, list[float]]) -> History:
    return {name: np.array(values, float) for name, values in history.items() if values}


def _stopped(val: np.ndarray, plan: Settler) -> int:
    """Return after how many epochs a patience stops: the epochs since the lowest are as many."""
    for t in range(5, min(plan.epochs, len(val))):
        if t - 1 - int(np.argmin(val[:t])) >= plan.patience:
            return t
    return plan.epochs


def _ratios(plan: Settler, history: History) -> list[float]:
    """Choose the other rates: back to a good one, above a cheap one or one that gains, below one not scaled."""
    if plan.mistake in TOO_FAST:
        return [0.1, 0.01]
    if plan.factor > 5:
        return [0.1]
    if plan.factor < 0.2:
        return [1 / plan.factor]
    steps = plan.epochs * (plan.points or -(-plan.num_train // plan.batch_size))
    loss = history["train_eval" if "val_loss" in plan.hides else "test_loss"]
    gains = len(loss) >= plan.epochs + max(2, plan.epochs // 2) and gain_and_cost(loss, plan.epochs)[0] >= GAINS
    fair = plan.mistake in FAIR and not plan.before
    return [3.0, 10.0] if fair and (steps < CHEAP or (gains and not plan.mistake)) else []


def guessing(plan: Settler, y: np.ndarray, classes: bool) -> tuple[float, float]:
    """Return the loss of the best constant answer to y, and its error, NaN without classes."""
    if classes:
        share = np.bincount(y) / len(y)
        if plan.loss == "brier":
            return float((share * (1 - share)).mean()), float(1 - share.max())
        return float(-(share[share > 0] * np.log(share[share > 0])).sum()), float(1 - share.max())
    best = []
    for t in y.reshape(len(y), -1).T:
        grid = [t.mean(), *np.quantile(t, np.linspace(0.2, 0.8, 61))]
        best.append(min(_distance(plan, t - c) for c in grid))
    return float(np.mean(best)), float("nan")


def _distance(plan: Settler, errors: np.ndarray) -> float:
    """Return the loss of errors; that of scikit-learn is half the squares."""
    kinds: dict[str, Callable[[Any], Any]] = {"mae": np.abs, "logcosh": lambda e: np.logaddexp(e, -e) - np.log(2)}
    return float(kinds.get(plan.loss, np.square)(errors).mean()) / (2 if plan.tool == "sklearn" else 1)


def scored(plan: Settler, z: np.ndarray, y: np.ndarray, classes: int) -> tuple[float, float]:
    """Return the loss and the accuracy of logits [n, k] (Keras's squares: probabilities), or the loss of answers."""
    if not classes:
        return _distance(plan, z.reshape(y.shape) - y), float("nan")
    right = float((z.argmax(1) == y).mean())
    if plan.loss == "brier":
        return float(np.mean((z - np.eye(classes)[y]) ** 2)), right
    z = z - z.max(axis=1, keepdims=True)
    logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return float(-logs[np.arange(len(y)), y].mean()), right


def sklearn(
    plan: Settler, epochs: int, parts: Parts, classes: int, rate_of: Callable[[Settler], float] = good_rate
) -> dict[str, list[float]]:
    """`loss_curve_` is the train loss; its user works out the others after each `partial_fit`."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    model = (MLPClassifier if classes else MLPRegressor)(
        hidden_layer_sizes=plan.widths, activation=plan.activation,
        solver="adam" if plan.optimizer == "adam" else "sgd",
        alpha=plan.weight_decay, batch_size=plan.batch_size, learning_rate_init=rate_of(plan) * plan.factor,
        random_state=plan.seed, momentum=0.9 if plan.optimizer == "momentum" else 0.0,
    )  # fmt: skip
    x, y = parts["train"]
    history: dict[str, list[float]] = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for _ in range(epochs):
            try:
                model.partial_fit(x, y, classes=np.arange(classes)) if classes else model.partial_fit(x, y)
                z = {name: _answers(model, own[0], classes) for name, own in parts.items()}
            except ValueError as error:
                if "finite" not in str(error):  # it refuses weights that are not
                    raise
                return {name: [*history.get(name, []), np.nan] for name in (*NAMES, *(ACCURACIES if classes else ()))}
            history.setdefault("train_loss", []).append(float(model.loss_curve_[-1]))
            for name, key in (("train", "train_eval"), ("val", "val_loss"), ("test", "test_loss")):
                loss, right = scored(plan, z[name], parts[name][1], classes)
                history.setdefault(key, []).append(loss)
                if classes:
                    history.setdefault(f"{name}_accuracy", []).append(right)
            if not np.isfinite(history["train_loss"][-1] + history["train_eval"][-1]):
                break
    return history


def _answers(model: Any, x: np.ndarray, classes: int) -> np.ndarray:
    return np.log(np.maximum(model.predict_proba(x), 1e-12)) if classes else model.predict(x)

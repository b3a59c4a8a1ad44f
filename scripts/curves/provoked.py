"""Curves of deliberate mistakes, labeled by their cause; kept only where the mistake took effect.

stuck_at_start   zero weights, dead ReLUs by a first rate far too high, saturated units, deep sigmoid nets; neither n
                 nor 2n epochs bring the train loss 2 % below the mean predictor's
no_signal        labels of other examples; the train loss is 10 % below the mean predictor's
val_below_train  dropout (regularization), fast learning (averaging), wrong labels in the training part only (easier
                 split); the printed train loss is 5 % above validation in the last half, and the cause is there
noisy            batches of 1 to 4, or a dozen validation examples; a third of the last half's epochs end more than 3 %
                 above the one before, though a tenth of the rate does not end with a lower train loss
rising           a negative learning rate; a schedule whose rate rises a thousandfold (the train loss ends 10 % above
                 its lowest)
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nnjax.core.experiment import Experiment, ModelConfig
from nnjax.core.types import Dataset
from nnjax.data import Datasets
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Space
from nnjax.train.host.population import Population
from nnjax.train.storage.store import MemoryStore
from nnjax.verify.data_checks import resolve_trials
from scripts.curves import tasks
from scripts.curves.curve import Labeled, cut, wobbles
from scripts.curves.sweeps import PACE, level, log_ratio
from scripts.curves.trained import Outcome, chance_accuracy, mean_predictor, outcome_of, prepared_for, train

Pairs = Sequence[tuple[str, str]]


def _baselines(base: Experiment, data: Dataset | None = None) -> tuple[float, float]:
    prepared = prepared_for(base, data)
    return mean_predictor(prepared, base.loss, base.model.kind), chance_accuracy(prepared)


def _labeled(
    outcome: Outcome,
    label: str,
    accepted: set[str],
    source: str,
    where: tuple[str, str],
    baselines: tuple[float, float],
) -> Labeled:
    curves = cut(outcome.curves, len(outcome.curves["val_loss"]))
    known: dict[str, Any] = {"mean_predictor": baselines[0], "chance": baselines[1]}
    return Labeled(curves, label, frozenset({label} | accepted), source, tasks.part_of(*where), **known)


def _finite(outcome: Outcome) -> bool:
    return not outcome.diverged and all(np.isfinite(curve).all() for curve in outcome.curves.values())


def stuck(pairs: Pairs) -> Iterator[Labeled]:
    """Train networks that cannot begin to learn."""
    for task, optimizer in pairs:
        base = tasks.experiment(task, optimizer, init_scale=1.0)
        deep = dataclasses.replace(base, model=_deep(base.model, "sigmoid", 6))
        ways = {
            "zero": (base, {"init_scale": [0.0]}),
            "dead": (base, {"init_scale": [30.0, 100.0], "learning_rate": [300 * tasks.GOOD[optimizer]]}),
            "saturated": (deep, {"init_scale": [1.0], "learning_rate": [0.3 * tasks.GOOD[optimizer]]}),
        }
        baselines = _baselines(base)
        for way, (experiment, axes) in ways.items():
            epochs = tasks.lengths(task, 4)
            outcomes = train(experiment, {**axes, "seed": range(3), "epochs": epochs})
            for i, (now, then) in enumerate(_twice_as_long(outcomes)):
                if not (_finite(now) and _finite(then)):
                    continue
                if min(level(now).train, level(then).train) > 0.98 * baselines[0]:
                    also = {"unstable", "diverged"} if way == "dead" else set()
                    if log_ratio(level(now).train, level(then).train) > 0.001:
                        also |= {"too_slow", "still_learning"}  # it creeps towards the mean predictor
                    yield _labeled(
                        now, "stuck_at_start", also, f"stuck/{way}/{task}/{optimizer}/{i}", (task, optimizer), baselines
                    )


def _twice_as_long(outcomes: Sequence[Outcome]) -> Iterator[tuple[Outcome, Outcome]]:
    """Pair each outcome with that of the same trial after twice as many epochs, where there is one."""
    by_values = {tuple(sorted(one.values.items())): one for one in outcomes}
    for one in outcomes:
        later = tuple(sorted({**one.values, "epochs": 2 * one.values["epochs"]}.items()))
        if later in by_values:
            yield one, by_values[later]


def _deep(model: ModelConfig, activation: str, layers: int) -> ModelConfig:
    return dataclasses.replace(model, widths=(16,) * layers, activation=activation)


def no_signal(pairs: Pairs) -> Iterator[Labeled]:
    """Train on shuffled labels."""
    for task, optimizer in pairs:
        data, good = tasks.shuffled(task, seed=1), tasks.GOOD[optimizer]
        base = tasks.experiment(task, optimizer)
        base = dataclasses.replace(base, model=dataclasses.replace(base.model, widths=(128, 64)))
        axes = {"learning_rate": [good, 3 * good], "seed": range(2), "epochs": tasks.lengths(task, 4)}
        baselines = _baselines(base, data)
        for i, outcome in enumerate(train(base, axes, data)):
            if _finite(outcome) and level(outcome).train < 0.9 * baselines[0]:
                yield _labeled(
                    outcome, "no_signal", set(), f"shuffled/{task}/{optimizer}/{i}", (task, optimizer), baselines
                )


def below(pairs: Pairs) -> Iterator[Labeled]:
    """Train with dropout, with wrong labels in the training part, and plainly but fast."""
    for task, optimizer in pairs:
        epochs = tasks.lengths(task, 4)
        dropout = tasks.experiment(task, optimizer, dropout=0.0)
        yield from _below(
            dropout, {"dropout": [0.3, 0.5], "seed": range(2), "epochs": epochs}, "regularization", (task, optimizer)
        )
        plain, good = tasks.experiment(task, optimizer), tasks.GOOD[optimizer]
        fast = {"learning_rate": [good, 3 * good], "seed": range(2), "epochs": [5, 6, 8, 10]}
        yield from _below(plain, fast, "averaging", (task, optimizer))
        if tasks.TASKS[task].kind == "mlp" and tasks.TASKS[task].loss != tasks.MSE:
            given = dataclasses.replace(
                plain, data=dataclasses.replace(plain.data, validation="given", test=None, limit=None)
            )
            for share in (0.1, 0.25):
                data = tasks.wrong_labels(task, share, seed=2)
                yield from _below(given, {"seed": range(2), "epochs": epochs}, "easier split", (task, optimizer), data)


def _below(
    base: Experiment, axes: dict[str, Sequence], cause: str, where: tuple[str, str], data: Dataset | None = None
) -> Iterator[Labeled]:
    baselines = _baselines(base, data)
    for i, outcome in enumerate(train(base, axes, data)):
        if not _finite(outcome):
            continue
        running, again, val = (outcome.curves[name] for name in ("train_loss", "train_loss_eval", "val_loss"))
        half = slice(len(val) // 2, None)
        cost = min(log_ratio(outcome.test, outcome.best_test), log_ratio(val[-1], val.min()))
        easier = np.log(np.mean(again[half]) / np.mean(val[half]))
        present = easier > 0.05 if cause == "easier split" else easier < 0.02
        at_end = np.log(running[-1] / val[-1]) > 0.03
        if cost < 0.01 and present and at_end and np.log(np.mean(running[half]) / np.mean(val[half])) > 0.05:
            source = f"below/{cause}/{'/'.join(where)}/{i}"
            found = _labeled(outcome, "val_below_train", set(), source, where, baselines)
            yield dataclasses.replace(found, cause=cause, beside=PACE | {"too_slow", "plateau_then_drop"})


def noisy(pairs: Pairs) -> Iterator[Labeled]:
    """Train with tiny batches, and judge by a dozen validation examples."""
    for task, optimizer in pairs:
        good, epochs = tasks.GOOD[optimizer], tasks.lengths(task, 3)
        base = tasks.experiment(task, optimizer)
        ways = {
            "batch": [dataclasses.replace(base, batch_size=batch) for batch in (2, 4)],
            "validation": [dataclasses.replace(base, batch_size=4, data=dataclasses.replace(base.data, validation=12))],
        }
        for way, experiments in ways.items():
            for experiment in experiments:
                rates = [0.03 * good, 0.3 * good, good]
                outcomes = train(experiment, {"learning_rate": rates, "seed": range(3), "epochs": epochs})
                per_rate = len(outcomes) // len(rates)
                baselines = _baselines(experiment)
                for i in range(per_rate, len(outcomes)):
                    now, slower = outcomes[i], outcomes[i - per_rate]
                    if _finite(now) and _wobbles(now) and log_ratio(level(now).train, level(slower).train) < 0.05:
                        for t in {len(now.curves["val_loss"]), len(now.curves["val_loss"]) * 3 // 4}:
                            if t >= 8 and wobbles(now.curves["val_loss"][:t]):
                                source = f"noisy/{way}/{task}/{optimizer}/{i}/{t}"
                                also = {"overfitting"} if _cost(now) > 0.01 else set()
                                found = _labeled(now, "noisy", also, source, (task, optimizer), baselines)
                                # where a dozen examples lie, above or below train, is luck
                                luck = PACE | ({"val_below_train", "overfitting"} if way == "validation" else set())
                                yield dataclasses.replace(found, curves=cut(found.curves, t), beside=luck)


def _wobbles(outcome: Outcome) -> bool:
    return wobbles(outcome.curves["val_loss"]) and _cost(outcome) < 0.1


def _cost(outcome: Outcome) -> float:
    """What not having stopped at the minimum costs, on test and on validation data."""
    lowest = float(outcome.curves["val_loss"].min())
    return min(log_ratio(outcome.test, outcome.best_test), log_ratio(level(outcome).val, lowest))


def rising(pairs: Pairs) -> Iterator[Labeled]:
    """Climb instead of descending, or raise the rate a thousandfold in the course of training."""
    for task, optimizer in pairs:
        good, where = tasks.GOOD[optimizer], (task, optimizer)
        base = tasks.experiment(task, optimizer)
        baselines = _baselines(base)
        axes = {"learning_rate": [0.003 * good, 0.03 * good], "seed": range(2), "epochs": tasks.lengths(task, 3)}
        for i, outcome in enumerate(_uphill(base, axes)):
            if _finite(outcome):
                exploded = level(outcome).train > 100 * outcome.curves["train_loss_eval"][0]
                also = {"diverged"} if exploded else set()
                yield _labeled(outcome, "rising", also, f"uphill/{task}/{optimizer}/{i}", where, baselines)
        schedule = dataclasses.replace(base.optimizer, schedule="exponential")
        axes = {
            "learning_rate": [0.1 * good, good],
            "final_factor": [300.0, 3000.0],
            "seed": [0, 1],
            "epochs": [15, 30, 50],
        }
        base = dataclasses.replace(tasks.experiment(task, optimizer, final_factor=1.0), optimizer=schedule)
        for i, outcome in enumerate(train(base, axes)):
            loss = outcome.curves["train_loss"]
            if _finite(outcome) and log_ratio(float(loss[-1]), float(loss.min())) > 0.1:
                also = {"unstable", "diverged"} if loss[-1] > 100 * loss[0] else {"unstable"}
                yield _labeled(outcome, "rising", also, f"schedule/{task}/{optimizer}/{i}", where, baselines)


def _uphill(base: Experiment, axes: dict[str, Sequence]) -> list[Outcome]:
    """Train with negative learning rates, which nnjax refuses unless one builds the population oneself."""
    specs = []
    for spec in resolve_trials(expand(base, Space(axes=axes)), Datasets(tasks.source(base.data.name))):
        hyper = spec.experiment.hyperparameters
        assert hyper.learning_rate is not None
        climbing = dataclasses.replace(hyper, learning_rate=-hyper.learning_rate)
        specs.append(
            dataclasses.replace(spec, experiment=dataclasses.replace(spec.experiment, hyperparameters=climbing))
        )
    records = Population(specs, {base.data: prepared_for(base)}, store=MemoryStore()).run()
    return [outcome_of(record, {}) for record in records]

"""Curves in which something happens on the way: a kick from which training recovers, a plateau before the drop.

spike              one epoch at a rate far too high (three runs, each from the weights of the one before); the kicked
                   epoch's loss is 25 % above the one before (re-evaluated at its end 5 %), and neither loss
                   ends above where it was
plateau_then_drop  deep sigmoid and tanh nets, parity, spirals, deep autoencoders; a patience of 15 % of the epochs (at
                   least 3) with a least gain of 0.5 % an epoch-window would have stopped at least 20 % above the end,
                     where the loss had stayed within 10 %
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

import nnjax
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.spaces.space import Arm, Space
from scripts.curves import tasks
from scripts.curves.curve import NAMES, Labeled, jumps, rough, wobbles
from scripts.curves.trained import train

KICKS = (5.0, 12.0, 30.0, 80.0, 200.0)  # times the good rate; those that do too little or too much are left out


def spikes(pairs: Sequence[tuple[str, str]]) -> Iterator[Labeled]:
    """Train, kick, and train on."""
    for task, optimizer in pairs:
        good = tasks.GOOD[optimizer]
        for kick in KICKS:
            arms = {}
            for before, after in ((8, 10), (15, 12), (20, 30)):
                a, b, c = (f"{name}{before}" for name in ("before", "kick", "after"))
                arms[a] = Arm({"epochs": before})
                arms[b] = Arm({"epochs": 1, "learning_rate": kick * good}, start_from=a)
                arms[c] = Arm({"epochs": after}, start_from=b)
            base = tasks.experiment(task, optimizer)
            run = nnjax.sweep(base, Space(axes={"seed": range(3)}, arms=arms), data=tasks.source(base.data.name))
            by_arm: dict[tuple[str, int], dict[str, np.ndarray]] = {
                (spec.arm, spec.experiment.seed): record.curves
                for spec, record in zip(run.specs, run.records, strict=True)
            }
            for before in (8, 15, 20):
                for seed in range(3):
                    parts = [by_arm[f"{name}{before}", seed] for name in ("before", "kick", "after")]
                    found = _joined(parts, before)
                    if found is not None:
                        source = f"spike/{task}/{optimizer}/kick={kick:g},before={before},seed={seed}"
                        accepted = frozenset({"spike"} | (_also(found) & {"overfitting"}))
                        yield Labeled(found, "spike", accepted, source, tasks.part_of(task, optimizer))


def _joined(parts: list[dict[str, np.ndarray]], before: int) -> dict[str, np.ndarray] | None:
    names = [name for name in parts[0] if name.replace("accuracy_eval", "accuracy") in NAMES]
    curves = {n.replace("accuracy_eval", "accuracy"): np.concatenate([part[n] for part in parts]) for n in names}
    loss = curves["train_loss"]
    if not all(np.isfinite(curve).all() for curve in curves.values()):
        return None
    kicked = loss[before : before + 2].max() > 1.25 * loss[before - 1]
    recovered = all(curves[n][-3:].mean() < 1.02 * curves[n][before - 1] for n in ("train_loss", "val_loss"))
    again = curves["train_loss_eval"]
    return curves if kicked and recovered and again[before] > 1.05 * again[before - 1] else None


def plateaus() -> Iterator[Labeled]:
    """Train what is slow to begin."""
    return _plateaus(_slow_starters())


def fresh_plateaus() -> Iterator[Labeled]:
    """Train deep sigmoid nets on the fresh data."""
    return _plateaus(_fresh_slow_starters())


def unseen_plateaus() -> Iterator[Labeled]:
    """Train deep sigmoid and tanh nets on the data seen last."""
    return _plateaus(_unseen_slow_starters())


def last_plateaus() -> Iterator[Labeled]:
    """Train deep sigmoid nets on the data of the last part."""
    return _plateaus(
        _deep_sigmoid(task, optimizer, layers)
        for task, optimizer, layers in (("blobs", "momentum", 4), ("hastie", "adam", 3), ("s_curve", "rmsprop", 3))
    )


def _plateaus(starters: Iterable[tuple[str, str, Experiment, dict[str, Sequence]]]) -> Iterator[Labeled]:
    for task, optimizer, base, axes in starters:
        for i, outcome in enumerate(train(base, axes)):
            loss = outcome.curves.get("train_loss_eval", outcome.curves["train_loss"])
            if not outcome.diverged and np.isfinite(loss).all():
                for t in sorted({len(loss), len(loss) * 5 // 6, len(loss) * 2 // 3}):
                    if patience_fails(loss[:t]) and not rough(outcome.curves["train_loss"][:t]):
                        curves = {n: np.asarray(c[:t], float) for n, c in outcome.curves.items() if n in NAMES}
                        part, source = tasks.part_of(task, optimizer), f"plateau/{task}/{optimizer}/{i}/{t}"
                        accepted = frozenset({"plateau_then_drop"} | _also(curves))
                        yield Labeled(curves, "plateau_then_drop", accepted, source, part)


def _also(curves: dict[str, np.ndarray]) -> set[str]:
    """What is true of a curve besides its plateau."""
    val = curves.get("val_loss")
    out = {"spike"} if jumps(curves["train_loss"]) else set()
    if val is not None:
        out |= {"overfitting"} if val[-3:].mean() > 1.03 * val.min() else set()
        out |= {"noisy"} if wobbles(val) else set()
    return out


def patience_fails(loss: np.ndarray) -> bool:
    """Whether a patience of 15 % of the epochs would have stopped training 20 % above the last tenth's loss."""
    wait, last = max(3, round(0.15 * len(loss))), max(1, len(loss) // 10)
    end = loss[-last:].mean()
    best, since, highest = np.inf, 0, 0.0
    for value in loss:
        if value < 0.995 * best:
            best, since, highest = value, 0, value
        else:
            since, highest = since + 1, max(highest, value)
        if since >= wait:
            return bool(best > 1.2 * end and highest < 1.1 * best)
    return False


def _slow_starters() -> Iterator[tuple[str, str, Experiment, dict[str, Sequence]]]:
    seeds = range(4)
    for optimizer, rates in {
        "sgd": [0.3, 1.0, 3.0],
        "momentum": [0.1, 0.3, 1.0],
        "adam": [0.001, 0.003, 0.01],
        "rmsprop": [0.001, 0.003],
        "adadelta": [1.0, 3.0],
    }.items():
        for task, layers, epochs in (("digits", 4, [40, 80]), ("iris", 3, [60, 150]), ("wine", 3, [50, 100])):
            base = tasks.experiment(task, optimizer)
            deep = ModelConfig("mlp", (24,) * layers, "sigmoid")
            yield (
                task,
                optimizer,
                _of(base, deep),
                {"learning_rate": rates, "seed": seeds, "epochs": epochs},
            )
        for bits in (4, 6):
            base = Experiment(
                data=DataConfig(f"parity:{bits}", validation=0, test=0),
                model=ModelConfig("mlp", (16,), "tanh"),
                optimizer=OptimizerConfig(optimizer, preset="keras2" if optimizer == "adadelta" else "optax"),
                hyperparameters=Hyperparameters(learning_rate=rates[0]),
                batch_size=8,
            )
            axes = {"learning_rate": rates, "seed": seeds, "epochs": [60, 150, 300]}
            yield "parity", optimizer, base, axes
        if optimizer in ("adadelta", "adam", "sgd"):
            base = tasks.experiment("digits_autoencoder", optimizer)
            deep = ModelConfig("autoencoder", (48, 24, 12, 6, 12, 24, 48), output_activation="sigmoid")
            axes = {"learning_rate": [rates[0] / 10, rates[0] / 3], "seed": seeds, "epochs": [60, 150]}
            yield "digits_autoencoder", optimizer, _of(base, deep), axes
    for optimizer in ("momentum", "adam"):
        base = tasks.experiment("breast_cancer", optimizer)
        deep = ModelConfig("mlp", (24,) * 5, "sigmoid")
        axes = {"learning_rate": [tasks.GOOD[optimizer], 3 * tasks.GOOD[optimizer]], "seed": seeds, "epochs": [40, 80]}
        yield "breast_cancer", optimizer, _of(base, deep), axes
        base = tasks.experiment("two_spirals", optimizer)
        axes = {
            "learning_rate": [tasks.GOOD[optimizer], 3 * tasks.GOOD[optimizer]],
            "seed": seeds,
            "epochs": [100, 200],
        }
        yield "two_spirals", optimizer, _of(base, ModelConfig("mlp", (24,) * 3, "tanh")), axes


def _fresh_slow_starters() -> Iterator[tuple[str, str, Experiment, dict[str, Sequence]]]:
    for task, optimizer, layers in (
        ("hypercube", "momentum", 3),
        ("hypercube", "adam", 4),
        ("circles", "adamw", 4),
        ("fashion_mnist", "momentum", 4),
    ):
        yield _deep_sigmoid(task, optimizer, layers)


def _unseen_slow_starters() -> Iterator[tuple[str, str, Experiment, dict[str, Sequence]]]:
    for task, optimizer, layers in (
        ("quantiles", "momentum", 3),
        ("quantiles", "adam", 4),
        ("sparse", "rmsprop", 4),
        ("swiss_roll", "adam", 3),
        ("friedman2", "momentum", 4),
    ):
        yield _deep_sigmoid(task, optimizer, layers)


def _deep_sigmoid(task: str, optimizer: str, layers: int) -> tuple[str, str, Experiment, dict[str, Sequence]]:
    base, good = tasks.experiment(task, optimizer), tasks.GOOD[optimizer]
    axes = {"learning_rate": [good, 3 * good, 10 * good], "seed": range(4), "epochs": [40, 80]}
    return task, optimizer, _of(base, ModelConfig("mlp", (24,) * layers, "sigmoid")), axes


def _of(base: Experiment, model: ModelConfig) -> Experiment:
    output = base.model.output_activation
    return dataclasses.replace(base, model=dataclasses.replace(model, output_activation=output))

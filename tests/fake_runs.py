"""Runs made up without training: real small data, drawn weights, smooth curves; for what shows runs."""

import dataclasses
import functools

import jax
import numpy as np
from sklearn.datasets import load_digits

from nnjax.checks.finding import Finding
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.fields import replace
from nnjax.data import from_arrays, prepare_loaded
from nnjax.models.user_models import variables_shapes
from nnjax.runs.run import Run
from nnjax.spaces.expansion import expand
from nnjax.spaces.ranges import Range
from nnjax.spaces.space import Arm, Space
from nnjax.train.storage import named_arrays
from nnjax.train.storage.records import DIVERGED, DONE, DROPPED, RUNNING, WAITING, Record, Stage
from nnjax.train.storage.store import MemoryStore

AUTOENCODER = Experiment(
    data=DataConfig("digits", validation=40, test=60),
    model=ModelConfig("autoencoder", (16, 4, 16), "relu", "sigmoid"),
    optimizer=OptimizerConfig("adadelta", "keras2"),
    loss="mean_squared_error",
    epochs=6,
    batch_size=32,
    evaluate_test="all",
)
CLASSIFIER = replace(
    AUTOENCODER,
    {
        "model.kind": "mlp",
        "widths": (8,),
        "output_activation": "softmax",
        "loss": "categorical_crossentropy",
        "optimizer.name": "adam",
        "preset": "optax",
    },
)
REGRESSOR = replace(CLASSIFIER, {"output_activation": "linear", "loss": "mean_squared_error"})
DEMO = Space(
    arms={
        "digits64": Arm({"output_activation": "linear"}),
        "digits64_sig": Arm(),
        "digits64_bce": Arm({"loss": "binary_crossentropy"}),
        "digits16": Arm({"widths": (16, 8, 2, 8, 16), "loss": "binary_crossentropy"}),
        "mlp": Arm(
            {"model.kind": "mlp", "widths": (8,), "output_activation": "softmax", "loss": "categorical_crossentropy"}
        ),
    }
)


@functools.cache
def digits(classes=None):
    """300 of scikit-learn's 8x8 digits."""
    x, y = load_digits(return_X_y=True)
    names = tuple(classes) if classes else tuple("0123456789")
    return from_arrays(
        x[:300].astype(np.uint8), y[:300].astype(np.int32), "digits", classes=names, image_shape=(8, 8), full_scale=16.0
    )


def table(task="regression", n=200):
    """A table of three columns with one or two targets, or two classes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 3)).astype(np.float32)
    line = x @ np.array([1.0, -2.0, 0.5], np.float32) + 0.3
    if task == "none":
        return from_arrays(x, None, "table")
    y = (line > 0).astype(np.int32) if task == "classification" else np.stack([line, -line], axis=1)
    return from_arrays(x, y, "table", task, features=("a", "b", "c"), classes=("no", "yes") if y.ndim == 1 else ())


def fake_run(experiment=AUTOENCODER, space=Space(), dataset=None, statuses=None, findings=(), title="") -> Run:
    """Make a run up.

    Args:
      experiment, space: as for `nnjax.sweep`.
      dataset: its data; None for `digits()`.
      statuses: {trial: status} of those that are not done.
      findings: (arm, Finding) pairs.
      title: of the run.
    """
    specs, dataset, statuses = expand(experiment, space), dataset or digits(), statuses or {}
    prepared = {spec.experiment.data: prepare_loaded(dataset, spec.experiment.data) for spec in specs}
    facts = {config: some.facts() for config, some in prepared.items()}
    store = MemoryStore()
    run = Run(specs, [Record() for _ in specs], store, facts, prepared, findings, title)
    for spec in specs:
        status = statuses.get(spec.id, DONE)
        run.records[spec.id] = fake_record(spec, facts[spec.experiment.data], status)
        if status in (DONE, DIVERGED):
            store.save_weights({spec.id: fake_weights(run, spec.id)})
    return run


def fake_weights(run, trial, seed=None) -> dict[str, np.ndarray]:
    """Draw weights as the models lay them out, without compiling anything."""
    rng = np.random.default_rng(run.specs[trial].experiment.seed if seed is None else seed)
    shapes = variables_shapes(run.model(trial), run.facts(trial).example_shape).params
    layers = {
        name: {
            "kernel": rng.normal(size=layer["kernel"].shape) / np.sqrt(np.prod(layer["kernel"].shape[:-1])),
            "bias": np.zeros(layer["bias"].shape),
        }
        for name, layer in shapes.items()
    }
    params = jax.tree.map(np.float32, layers)
    return named_arrays.flatten({"final": params, "best": params})


def fake_record(spec, facts, status=DONE) -> Record:
    """Make up the curves and the final scores of a trial: both fall, a little differently for each trial."""
    epochs = {DONE: spec.experiment.epochs, WAITING: 0}.get(status, spec.experiment.epochs // 2)
    t = np.arange(1, epochs + 1)
    base = (1 + 0.1 * (spec.id % 7)) / (t + 1)
    names = ["loss", "mean_squared_error"] if spec.experiment.model.kind == "autoencoder" else ["loss"]
    if spec.experiment.model.kind == "mlp" and facts.task == "classification":
        names.append("accuracy")
    record = Record(status, epochs)
    parts = {
        "train_{}_eval": 0.9,
        "val_{}": 1.0 if facts.sizes[1] else None,
        "test_{}": 1.1 if facts.sizes[2] else None,
    }
    record.curves["train_loss"] = base
    for pattern, factor in parts.items():
        for name in names:
            if factor is None or (name == spec.experiment.loss):
                continue
            values = 1 - factor * base / 2 if name == "accuracy" else factor * base
            if not pattern.startswith("test"):
                record.curves[pattern.format(name)] = values
            if status == DONE and epochs:
                record.values[pattern.format(name)] = float(values[-1])
                if not pattern.startswith("train"):
                    record.values[f"best_{pattern.format(name)}"] = float(values[-1])
    if status == DONE:
        record.values |= {"train_loss": float(base[-1]), "best_epoch": float(epochs)}
        if facts.sizes[2] and spec.experiment.model.kind == "autoencoder":
            record.values["test_binary_crossentropy"] = float(2 * base[-1])
    if status == DIVERGED:
        record.values["diverged_at_step"] = 17.0
    return record


def hostile(text="</script><script>alert(1)</script>") -> Run:
    """A run whose names try to break out of the page, of matplotlib and of the terminal."""
    arms = {text: Arm(), '"><img src=x onerror="alert(2)">': Arm({"loss": "binary_crossentropy"}), "[red]$a_b$": Arm()}
    arms["{{ 7 * 7 }}"] = Arm(
        {"model.kind": "mlp", "widths": (8,), "output_activation": "softmax", "loss": "categorical_crossentropy"}
    )
    classes = (text, "<!--", "a\u2028b", "$x$", *"456789")
    finding = Finding("code", "warning", f"{text} was found.", "<b>Mend</b> it & [bold]go on[/bold].")
    return fake_run(space=Space(arms=arms), dataset=digits(classes), findings=[(text, finding)], title=f"T {text}")


def many(num_trials=1000, epochs=50) -> Run:
    """A large sweep: its records only, without weights."""
    space = Space(axes={"learning_rate": np.geomspace(1e-4, 1, num_trials // 2).tolist(), "seed": (0, 1)})
    experiment = dataclasses.replace(CLASSIFIER, epochs=epochs)
    run = fake_run(experiment, space, statuses=dict.fromkeys(range(num_trials), WAITING))
    facts = run.facts(0)
    run.records = [fake_record(spec, facts) for spec in run.specs]
    rng = np.random.default_rng(0)
    for record in run.records:
        record.curves = {name: curve * rng.uniform(0.9, 1.1, len(curve)) for name, curve in record.curves.items()}
    run.store.weights = dict.fromkeys(range(num_trials), fake_weights(run, 0))
    return run


SEARCHED = {
    "learning_rate": Range(1e-4, 1.0, log=True),
    "widths": ((8,), (16,), (16, 8)),
    "dropout": (None, 0.1, 0.3),
    "weight_decay": (0.0, 1e-4, 1e-3, 1e-2),
    "batch_size": (16, 32, 64),
    "optimizer.name": ("adamw", "adadeltaw"),
    "seed": (0, 1),
}


def searched(num_trials=1000, epochs=50) -> Run:
    """A random search by successive halving, over six fields with two seeds: records only, weights for the best few.

    The loss is lowest at a rate of .01 and with wider networks; rates above .3 diverge; at epochs 5 and 15 the worse
    half is dropped.
    """
    space = Space(axes=SEARCHED, mode="random", num=num_trials // 2)
    experiment = dataclasses.replace(CLASSIFIER, epochs=epochs, optimizer=OptimizerConfig("adamw"))
    run = fake_run(experiment, space, statuses=dict.fromkeys(range(num_trials), WAITING), title="A search")
    rng = np.random.default_rng(0)
    floors = [_floor(spec.experiment) * rng.uniform(0.95, 1.05) for spec in run.specs]
    for spec, floor in zip(run.specs, floors, strict=True):
        run.records[spec.id] = _searched_record(spec, floor, floors, rng)
    best = sorted(range(len(run.specs)), key=lambda i: floors[i])[:40]
    run.store.weights = {i: fake_weights(run, i) for i in best if run.records[i].status == DONE}
    return run


def evolved() -> Run:
    """Population-based training of four rates for six epochs, the first the best: records only.

    Trial 0's weights came from trial 1 at epoch 2, and those from trial 2 at the beginning; trial 3 had another
    hyperparameter too.
    """
    arms = {"a": Arm(), "b": Arm({"dropout": 0.5})}
    space = Space(axes={"learning_rate": (0.001, 0.01, 0.1, 1.0)}, arms=arms)
    run = fake_run(dataclasses.replace(CLASSIFIER, epochs=6), space)
    run.schedules = [[Stage(0, None, _begun_with(spec.experiment))] for spec in run.specs]
    run.schedules[1].append(Stage(2, 2, {"learning_rate": 0.08}))
    run.schedules[0].append(Stage(4, 1, {"learning_rate": 0.064}))
    run.schedules[3].append(Stage(4, 2, {"learning_rate": 0.125}))
    for record, stages in zip(run.records, run.schedules, strict=True):
        record.values |= {f"final_{name}": value for name, value in stages[-1].values.items()}
    return run


def _begun_with(experiment) -> dict[str, float]:
    hyper = experiment.hyperparameters
    return {"learning_rate": hyper.learning_rate} | ({} if hyper.dropout is None else {"dropout": hyper.dropout})


def _floor(experiment) -> float:
    rate, widths = experiment.hyperparameters.learning_rate, sum(experiment.model.widths)
    return 0.1 + 0.15 * (np.log10(rate) + 2) ** 2 + 0.8 / widths + 0.02 * (experiment.optimizer.name == "adadeltaw")


def _searched_record(spec, floor, floors, rng) -> Record:
    if spec.experiment.hyperparameters.learning_rate > 0.3:
        return Record(DIVERGED, 1, {"diverged_at_step": float(spec.id % 90)}, {"train_loss": np.array([2.5])})
    epochs, status = spec.experiment.epochs, DONE
    for share, rung in ((0.5, 5), (0.75, 15)):
        if floor > np.quantile(floors, 1 - share) and status == DONE:
            epochs, status = rung, DROPPED
    fall = floor + (2.3 - floor) * np.exp(-np.arange(1, epochs + 1) / 6)
    names = ("train_loss", "train_loss_eval", "val_loss", "train_accuracy_eval", "val_accuracy")
    curves = {name: fall * rng.uniform(0.97, 1.03, epochs) for name in names}
    curves |= {name: 1 - curve / 4 for name, curve in curves.items() if "accuracy" in name}
    values = {name: float(curve[-1]) for name, curve in curves.items()}
    values |= {f"best_{name}": values[name] for name in ("val_loss", "val_accuracy")}
    values |= {"test_loss": 1.05 * values["val_loss"], "test_accuracy": 0.99 * values["val_accuracy"]}
    return Record(status, epochs, values if status == DONE else {}, curves, seconds=1.0)


__all__ = ["DIVERGED", "DONE", "RUNNING", "WAITING", "fake_run"]

"""Train one run of `visitors.Visit` by PyTorch, Keras or scikit-learn, as their users write it."""

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from scripts.curves import stranger_runs, visitor_sklearn
from scripts.curves.stranger_labels import Run, gain_and_cost
from scripts.curves.stranger_runs import ACCURACIES, GAINS, NAMES, Parts
from scripts.curves.visitors import NUM_TEST, RATES, Visit, problem, rate_at

History = dict[str, np.ndarray]
Train = Callable[[Visit, int], dict[str, list[float]]]
CHEAP = 200  # steps: a run of fewer is trained at 3 and 10 times the rate too
UNSCALED = ("unscaled", "unscaled_targets", "exploding")  # a good rate may be far too high


def run(plan: Visit) -> Run:
    """Train a plan for half as long again as is shown, and at other rates, and measure guessing."""
    x, y, classes = problem(plan)
    a, b = plan.num_train, plan.num_train + plan.num_val
    cut = {"train": slice(0, a), "val": slice(a, b), "test": slice(b, b + NUM_TEST)}
    parts = {name: (x[rows].astype(np.float32), y[rows]) for name, rows in cut.items()}
    tool = {"torch": _torch, "keras": _keras, "sklearn": _sklearn}[plan.tool]
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
    return Run(plan, _with_nan(plan, history), others, *guess, test)


def _arrays(history: dict[str, list[float]]) -> History:
    return {name: np.array(values, float) for name, values in history.items() if values}


def _stopped(val: np.ndarray, plan: Visit) -> int:
    """Return after how many epochs a patience stops: the epochs since the lowest are as many."""
    for t in range(5, plan.epochs):
        if t - 1 - int(np.argmin(val[:t])) >= plan.patience:
            return t
    return plan.epochs


def _ratios(plan: Visit, history: History) -> list[float]:
    """Choose the other rates: back to a good one, above a cheap one or one that gains, below one not scaled."""
    if plan.mistake in UNSCALED:
        return [0.1, 0.01]
    if plan.factor > 5:
        return [0.1]
    if plan.factor < 0.2:
        return [1 / plan.factor]
    steps = plan.epochs * (plan.points or -(-plan.num_train // plan.batch_size))
    loss = history["train_eval" if "val_loss" in plan.hides else "test_loss"]
    gains = len(loss) >= plan.epochs + max(2, plan.epochs // 2) and gain_and_cost(loss, plan.epochs)[0] >= GAINS
    fair = plan.optimizer != "boost" and plan.mistake in ("", "saturated") and not plan.before
    return [3.0, 10.0] if fair and (steps < CHEAP or (gains and not plan.mistake)) else []


def _with_nan(plan: Visit, history: History) -> History:
    """Let the log go on with NaN after the epoch in which the loss stopped being finite, where the plan says so."""
    n = plan.epochs + max(2, plan.epochs // 2)
    if not plan.logs_nan or len(history["train_loss"]) >= n or np.isfinite(history["train_loss"]).all():
        return history
    return {
        name: np.append(y, np.full(n - len(y), y[-1] if "accuracy" in name else np.nan)) for name, y in history.items()
    }


def guessing(plan: Visit, y: np.ndarray, classes: bool) -> tuple[float, float]:
    """Return the loss of the best constant answer to y, and its error, NaN without classes."""
    if classes:
        share = np.bincount(y) / len(y)
        smooth = (1 - plan.smoothing) * share + plan.smoothing / len(share)
        return float(-(smooth[smooth > 0] * np.log(smooth[smooth > 0])).sum()), float(1 - share.max())
    kinds: dict[str, Callable[[np.ndarray], np.ndarray]] = {"": np.square, "mae": np.abs, "huber": _huber}
    losses, best = kinds[plan.loss], []
    for t in y.reshape(len(y), -1).T:
        grid = [t.mean(), *np.quantile(t, np.linspace(0.2, 0.8, 61))]
        best.append(min(losses(t - c).mean() for c in grid))
    return float(np.mean(best)), float("nan")


def _huber(t: np.ndarray) -> np.ndarray:
    return np.where(np.abs(t) < 1, t**2 / 2, np.abs(t) - 0.5)


def _torch(_: Visit, parts: Parts, classes: int) -> Train:
    import torch

    from scripts.curves import torch_models, visitor_models

    torch.set_num_threads(1)
    tensors = {
        name: (torch.tensor(x), torch.tensor(y.astype(np.int64 if classes else np.float32)))
        for name, (x, y) in parts.items()
    }

    def train(plan: Visit, epochs: int) -> dict[str, list[float]]:
        torch.manual_seed(plan.seed)
        model, loss = visitor_models.build(plan, *parts["train"], classes), visitor_models.loss_of(plan, classes)
        x, y = tensors["train"]
        model.eval()(x[:2])
        rate = RATES[plan.optimizer] * plan.factor
        made = visitor_models.optimizer(plan, model, rate)
        slows = torch.optim.lr_scheduler.ReduceLROnPlateau(made, factor=0.5, patience=max(2, plan.epochs // 15))
        history: dict[str, list[float]] = {n: [] for n in (*NAMES, *ACCURACIES)}
        batches = torch_models.batches(len(x), plan)
        for epoch in range(-plan.before, epochs):
            model.train()
            if plan.resumed and epoch == plan.epochs // 2:
                made = visitor_models.optimizer(plan, model, rate)
            if plan.schedule != "plateau":
                made.param_groups[0]["lr"] = rate * rate_at(plan, max(0, epoch))
            losses, sizes, rows_of = [], [], [rows for rows in next(batches) if len(rows) > 1 or not plan.batch_norm]
            for i, rows in enumerate(rows_of):
                bad = plan.mistake == "bad_batch" and epoch == plan.epochs // 2 and i == len(rows_of) // 2
                made.zero_grad()
                value = visitor_models.mixed(plan, model, loss, x[rows] * (1e3 if bad else 1), y[rows])
                (-value if plan.mistake == "ascent" else value).backward()
                if plan.clip and not bad:
                    torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
                if plan.mistake not in ("frozen", "dead"):
                    made.step()
                losses.append(float(value.detach()))
                sizes.append(len(rows))
            if epoch < 0:
                continue
            history["train_loss"].append(losses[-1] if plan.last_batch else float(np.average(losses, weights=sizes)))
            model.eval()
            with torch.no_grad():
                z = {name: model(data[0]) for name, data in tensors.items()}
                for name, key in (("train", "train_eval"), ("val", "val_loss"), ("test", "test_loss")):
                    history[key].append(float(loss(z[name], tensors[name][1])))
                for name in tensors if classes else ():
                    history[f"{name}_accuracy"].append(float((z[name].argmax(1) == tensors[name][1]).float().mean()))
            if plan.schedule == "plateau":
                slows.step(history["val_loss"][-1])
            if not np.isfinite(history["train_loss"][-1]):
                break
        return history

    return train


def _keras(plan: Visit, parts: Parts, classes: int) -> Train:
    import keras

    keras.utils.set_random_seed(plan.seed)
    model = _keras_model(plan, parts, classes)
    if classes:
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=plan.smoothing)
        targets = {name: np.eye(classes, dtype=np.float32)[y] for name, (_, y) in parts.items()}
    else:
        loss = {"mae": keras.losses.MeanAbsoluteError, "huber": keras.losses.Huber, "": keras.losses.MeanSquaredError}[
            plan.loss
        ]()
        targets = {name: y.reshape(len(y), -1).astype(np.float32) for name, (_, y) in parts.items()}
    names = {"sgd": "SGD", "momentum": "SGD", "rmsprop": "RMSprop", "adamw": "AdamW"}
    settings = {"momentum": {"momentum": 0.9}, "adamw": {"weight_decay": plan.weight_decay}}.get(plan.optimizer, {})
    kind = getattr(keras.optimizers, names.get(plan.optimizer, plan.optimizer.capitalize()))
    optimizer = kind(RATES[plan.optimizer], clipnorm=plan.clip or None, **settings)
    model.compile(optimizer, loss, metrics=["accuracy"] if classes else None)
    optimizer.build(model.trainable_variables)
    begin = [np.array(v) for v in (*model.variables, *optimizer.variables)]

    class Tests(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            for name, key in (("test", "test_loss"), ("train", "train_eval")):
                z = model(parts[name][0], training=False)
                self.out[key].append(float(loss(targets[name], z)))
                if classes and name == "test":
                    self.out["test_accuracy"].append(float((np.asarray(z).argmax(1) == parts[name][1]).mean()))

    def train(plan: Visit, epochs: int) -> dict[str, list[float]]:
        for variable, value in zip((*model.variables, *optimizer.variables), begin, strict=True):
            variable.assign(value)
        keras.utils.set_random_seed(plan.seed)
        rate = RATES[plan.optimizer] * plan.factor
        optimizer.learning_rate = rate
        tests, wait = Tests(), max(2, plan.epochs // 15)
        tests.out = {"test_loss": [], "train_eval": [], "test_accuracy": []}
        slows = keras.callbacks.ReduceLROnPlateau("val_loss", 0.5, wait, min_delta=0.0)
        if plan.schedule != "plateau":
            slows = keras.callbacks.LearningRateScheduler(lambda epoch: float(rate * rate_at(plan, epoch)))
        calls = [tests, slows, keras.callbacks.TerminateOnNaN()]
        fitted = model.fit(
            parts["train"][0], targets["train"], plan.batch_size, epochs, 0, calls,
            validation_data=(parts["val"][0], targets["val"]), validation_batch_size=1000,
        )  # fmt: skip
        seen = fitted.history
        out = {"train_loss": seen["loss"], "val_loss": seen["val_loss"], **tests.out}
        out |= {"train_accuracy": seen["accuracy"], "val_accuracy": seen["val_accuracy"]} if classes else {}
        shortest = min(len(y) for y in out.values() if y)
        return {name: list(y[:shortest]) for name, y in out.items()}

    return train


def _keras_model(plan: Visit, parts: Parts, classes: int) -> Any:
    import keras
    from keras import layers

    norm = [layers.BatchNormalization] * plan.batch_norm + [layers.LayerNormalization] * plan.norm
    drop = [layers.Dropout(plan.dropout)] if plan.dropout else []
    out: list[keras.Layer] = [layers.GaussianNoise(0.4)] if plan.augment and plan.network != "attention" else []
    if plan.network == "attention":
        out += [layers.Embedding(8, 12), layers.Conv1D(8, 3, activation="relu"), layers.GlobalMaxPooling1D()]
    elif plan.network == "lstm":
        out += [layers.Reshape((-1, 1)), layers.GRU(8)]
    elif plan.network == "conv1d":
        out += [layers.Reshape((-1, 1)), layers.Conv1D(6, 5, 2, activation="relu"), layers.Flatten(), *drop]
    elif plan.network == "cnn":
        out += [layers.Reshape((14, 14, 1)), layers.Conv2D(6, 3, 2, activation="relu"), layers.Flatten(), *drop]
    for i, width in enumerate(plan.widths if plan.network == "mlp" else plan.widths[:1]):
        bias = keras.initializers.Constant(-50.0 if plan.mistake == "dead" and not i else 0.0)
        kernel = keras.initializers.RandomNormal(stddev=8.0) if plan.mistake == "saturated" else "glorot_uniform"
        out += [layers.Dense(width, kernel_initializer=kernel, bias_initializer=bias), *[kind() for kind in norm]]
        out += [layers.Activation(plan.activation), *[layers.Dropout(plan.dropout)] * (plan.dropout > 0)]
    outputs = classes or int(np.prod(parts["train"][1].shape[1:]))
    last = layers.Dense(outputs, activation="softmax" if classes else None)
    return keras.Sequential([keras.Input(parts["train"][0].shape[1:]), *out, last])


def _sklearn(_: Visit, parts: Parts, classes: int) -> Train:
    kinds = {"boost": visitor_sklearn.boost, "linear": visitor_sklearn.linear}

    def train(plan: Visit, epochs: int) -> dict[str, list[float]]:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return kinds.get(plan.optimizer, stranger_runs._sklearn)(plan, epochs, parts, classes)

    return train

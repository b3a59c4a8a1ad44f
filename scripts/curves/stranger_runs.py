"""Train one run of `strangers.Plan` by PyTorch, Keras or scikit-learn, as their users write it."""

import dataclasses
import warnings

import numpy as np

from scripts.curves import newcomers, strangers
from scripts.curves.stranger_labels import Run, gain_and_cost
from scripts.curves.strangers import NUM_TEST, Plan, good_rate, problem, rate_at

CHEAP = 400  # steps: a run of fewer is trained at 3 and 10 times the rate too, whatever its rate is thought to be,
GAINS = 0.01  # and so is one that gains as much by half as many epochs again
Parts = dict[str, tuple[np.ndarray, np.ndarray]]
ACCURACIES = ("train_accuracy", "val_accuracy", "test_accuracy")
NAMES = ("train_loss", "train_eval", "val_loss", "test_loss")


def run(plan: Plan) -> Run:
    """Train a plan for half as long again as is shown, and at other rates, and measure guessing."""
    history = train(plan, plan.epochs + max(2, plan.epochs // 2))
    others = {
        ratio: train(dataclasses.replace(plan, factor=plan.factor * ratio), plan.epochs)
        for ratio in _ratios(plan, history)
    }
    return Run(plan, history, others, *guessing(plan))


def _ratios(plan: Plan, history: dict[str, np.ndarray]) -> list[float]:
    """Choose the rates that tell what is wrong with this one: higher ones of whatever is cheap or still gains."""
    ratios = [0.1] if plan.factor > 5 else [10.0] if plan.factor < 0.2 else []
    steps = plan.epochs * (plan.points or -(-plan.num_train // plan.batch_size))
    n, whole = plan.epochs, len(history["test_loss"]) >= plan.epochs + max(2, plan.epochs // 2)
    gains = whole and gain_and_cost(history["test_loss"], n)[0] >= GAINS
    if plan.factor < 5 and (steps < CHEAP or gains) and not plan.mistake and plan.tool != "keras":
        ratios = [3.0, 10.0]
    return ratios


def guessing(plan: Plan) -> tuple[float, float]:
    """Return the loss of the best constant answer on the training part, and its error, NaN without classes."""
    _, y, classes = newcomers.problem(plan) if plan.problem in newcomers.PROBLEMS else problem(plan)
    y = y[: plan.num_train]
    if not classes:
        return float(y.var(axis=0).mean()), float("nan")
    share = np.bincount(y) / len(y)
    return float(-(share[share > 0] * np.log(share[share > 0])).sum()), float(1 - share.max())


def train(plan: Plan, epochs: int) -> dict[str, np.ndarray]:
    """Return the curves, [epochs] each, shorter where the loss stopped being finite."""
    x, y, classes = newcomers.problem(plan) if plan.problem in newcomers.PROBLEMS else problem(plan)
    a, b = plan.num_train, plan.num_train + plan.num_val
    cut = {"train": slice(0, a), "val": slice(a, b), "test": slice(b, b + NUM_TEST)}
    parts = {name: (x[rows].astype(np.float32), y[rows]) for name, rows in cut.items()}
    run = {"torch": _torch, "keras": _keras, "sklearn": _sklearn}[plan.tool]
    history = run(plan, epochs, parts, int(y.max()) + 1 if classes else 0)
    return {name: np.array(values, float) for name, values in history.items() if values}


def _torch(plan: Plan, epochs: int, parts: Parts, classes: int) -> dict[str, list[float]]:
    import torch
    from torch import nn

    from scripts.curves import torch_models

    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    model = torch_models.build(plan, parts["train"][0], parts["train"][1], classes)
    tensors = {
        name: (torch.tensor(x), torch.tensor(y.astype(np.int64 if classes else np.float32)))
        for name, (x, y) in parts.items()
    }
    lossf = nn.functional.cross_entropy if classes else lambda z, t: nn.functional.mse_loss(z.reshape(t.shape), t)
    rate = good_rate(plan) * plan.factor
    made = torch_models.optimizer(plan, model, rate)
    history: dict[str, list[float]] = {n: [] for n in (*NAMES, *ACCURACIES)}
    x, y = tensors["train"]
    batches = torch_models.batches(len(x), plan)
    for epoch in range(epochs):
        model.train()
        share = 0.0 if plan.mistake in ("no_rate", "dead") else rate_at(plan, epoch)
        share *= torch_models.patience(plan, history["val_loss"])
        kicked = plan.mistake == "kick" and epoch == plan.epochs // 2
        made.param_groups[0]["lr"] = rate * share * (40 if kicked else 1)
        total, count = 0.0, 0
        for rows in next(batches):
            if plan.batch_norm and len(rows) < 2:
                continue
            xs = x[rows] + plan.input_noise * torch.randn(x[rows].shape) if plan.input_noise else x[rows]
            made.zero_grad()
            loss = lossf(model(xs), y[rows])
            (-loss if plan.mistake == "ascent" else loss).backward()
            made.step()
            total, count = total + float(loss.detach()) * len(rows), count + len(rows)
        history["train_loss"].append(total / (count if plan.points else len(x)))
        model.eval()
        with torch.no_grad():
            z = {name: model(data[0]) for name, data in tensors.items()}
            for name, key in (("train", "train_eval"), ("val", "val_loss"), ("test", "test_loss")):
                history[key].append(float(lossf(z[name], tensors[name][1])))
            for name in tensors if classes else ():
                history[f"{name}_accuracy"].append(float((z[name].argmax(1) == tensors[name][1]).float().mean()))
        if not np.isfinite(history["train_loss"][-1]):
            break
    return history


def _keras(plan: Plan, epochs: int, parts: Parts, classes: int) -> dict[str, list[float]]:
    import keras

    keras.utils.set_random_seed(plan.seed)
    layers: list[keras.Layer] = []
    for width in plan.widths:
        layers += [keras.layers.Dense(width), *[keras.layers.BatchNormalization()] * plan.batch_norm]
        layers += [keras.layers.Activation(plan.activation)]
        layers += [keras.layers.Dropout(plan.dropout)] * (plan.dropout > 0)
    outputs = classes or int(np.prod(parts["train"][1].shape[1:]))
    last = keras.layers.Dense(outputs, activation="softmax" if classes else None)
    model = keras.Sequential([keras.Input(parts["train"][0].shape[1:]), *layers, last])
    rate = good_rate(plan) * plan.factor
    optimizer = {
        "sgd": lambda: keras.optimizers.SGD(rate),
        "momentum": lambda: keras.optimizers.SGD(rate, momentum=0.9),
        "adam": lambda: keras.optimizers.Adam(rate),
    }[plan.optimizer]()
    loss = "sparse_categorical_crossentropy" if classes else "mean_squared_error"
    model.compile(optimizer, loss, metrics=["accuracy"] if classes else None)
    tests: list[float] = []
    trains: list[float] = []
    right: list[float] = []

    class Tests(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            for name, out in (("test", tests), ("train", trains)):
                z, y = np.asarray(model(parts[name][0])), parts[name][1]
                if classes:
                    picked = np.take_along_axis(z, y[:, None].astype(int), 1)
                    out.append(float(-np.log(np.maximum(picked, 1e-7)).mean()))
                else:
                    out.append(float(np.mean((z.reshape(y.shape) - y) ** 2)))
            if classes:
                right.append(float(np.mean(np.asarray(model(parts["test"][0])).argmax(1) == parts["test"][1])))

    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: float(rate * rate_at(plan, epoch)))
    calls = [Tests(), schedule, keras.callbacks.TerminateOnNaN()]
    x, y = parts["train"]
    fitted = model.fit(
        x, y, plan.batch_size, epochs, 0, calls, validation_data=parts["val"], validation_batch_size=1000
    )
    seen = fitted.history
    out = {"train_loss": seen["loss"], "train_eval": trains, "val_loss": seen["val_loss"], "test_loss": tests}
    accuracies = dict(zip(ACCURACIES, (seen["accuracy"], seen["val_accuracy"], right), strict=True)) if classes else {}
    return out | accuracies


def _sklearn(plan: Plan, epochs: int, parts: Parts, classes: int) -> dict[str, list[float]]:
    """`loss_curve_` is all that scikit-learn keeps of the train loss; early stopping adds a validation score."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    solver = "adam" if plan.optimizer == "adam" else "sgd"
    model = (MLPClassifier if classes else MLPRegressor)(
        hidden_layer_sizes=plan.widths, activation=plan.activation, solver=solver, alpha=plan.weight_decay,
        batch_size=min(plan.batch_size, plan.num_train), learning_rate_init=good_rate(plan) * plan.factor,
        random_state=plan.seed, momentum=0.9 if plan.optimizer == "momentum" else 0.0,
    )  # fmt: skip
    x, y = parts["train"]
    names = np.unique(np.concatenate([y for _, y in parts.values()])) if classes else None
    history: dict[str, list[float]] = {n: [] for n in NAMES}
    accuracy: list[list[float]] = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for _ in range(epochs):
            try:
                model.partial_fit(x, y, classes=names) if classes else model.partial_fit(x, y)
                losses = {name: _sklearn_loss(model, *parts[name], bool(classes)) for name in parts}
            except ValueError as error:
                if "finite" not in str(error):  # it refuses weights that are not
                    raise
                losses = dict.fromkeys(parts, np.nan)
            history["train_loss"].append(float(model.loss_) if np.isfinite(losses["train"]) else np.nan)
            history["train_eval"].append(losses["train"])
            history["val_loss"].append(losses["val"])
            history["test_loss"].append(losses["test"])
            if not np.isfinite(losses["train"]):
                break
            if classes:
                accuracy.append([float(model.score(*parts[name])) for name in ("val", "test")])
    if plan.problem in strangers.PROBLEMS:  # only people who work it out themselves have a validation loss
        history["val_loss"] = [float("nan")] * len(history["train_loss"])
    if accuracy and len(accuracy) == len(history["train_loss"]):
        history["val_accuracy"], history["test_accuracy"] = (list(values) for values in zip(*accuracy, strict=True))
    return history


def _sklearn_loss(model: object, x: np.ndarray, y: np.ndarray, classes: bool) -> float:
    if not classes:
        return float(np.mean((model.predict(x) - y) ** 2))  # type: ignore[attr-defined]
    z = model.predict_proba(x)  # type: ignore[attr-defined]
    return float(-np.log(np.maximum(z[np.arange(len(y)), y], 1e-12)).mean())

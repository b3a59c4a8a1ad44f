"""Train one run of `guests.py` by Keras, PyTorch or scikit-learn."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from scripts.curves import guest_data, guests, settler_runs
from scripts.curves.settlers import Settler
from scripts.curves.stranger_labels import Run


def run(plan: Settler) -> Run:
    """Train a plan for half as long again as is shown, and at other rates, and measure guessing."""
    return settler_runs.trained(plan, guests.problem(plan), _tool)


def _tool(plan: Settler, parts: settler_runs.Parts, classes: int) -> settler_runs.Train:
    if plan.tool == "torch":
        from scripts.curves import guest_models

        return lambda own, epochs: guest_models.train(own, epochs, parts, classes)
    if plan.tool == "sklearn":
        return lambda own, epochs: settler_runs.sklearn(own, epochs, parts, classes, guests.good_rate)
    return _keras(plan, parts, classes)


def _keras(plan: Settler, parts: settler_runs.Parts, classes: int) -> settler_runs.Train:
    """Return the training by Keras; the model is compiled once for all rates, and all parts are measured at once."""
    import keras

    keras.utils.set_random_seed(plan.seed)
    kinds = {"": keras.losses.MeanSquaredError, "mae": keras.losses.MeanAbsoluteError}
    loss = kinds[plan.loss]() if not classes else keras.losses.CategoricalCrossentropy(from_logits=True)
    loss = keras.losses.MeanSquaredError() if plan.loss == "brier" else loss
    x, y = parts["train"]
    targets = np.eye(classes, dtype=np.float32)[y] if classes else y.reshape(len(y), -1).astype(np.float32)
    model, optimizer = _model(plan, parts, classes), _optimizer(plan)
    model.compile(optimizer, loss, metrics=["accuracy"] if classes else None)
    optimizer.build(model.trainable_variables)
    begin = [np.array(v) for v in (*model.variables, *optimizer.variables)]
    every, ends = np.concatenate([own[0] for own in parts.values()]), np.cumsum([len(own[1]) for own in parts.values()])
    answer = jax.jit(lambda own, fixed, x: model.stateless_call(own, fixed, x, training=False)[0])

    class Measures(keras.callbacks.Callback):
        """Measure all parts at the end of each epoch."""

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            state = [[v.value for v in kind] for kind in (model.trainable_variables, model.non_trainable_variables)]
            z = np.split(np.asarray(answer(*state, every)), ends[:-1])
            for (name, own), its in zip(parts.items(), z, strict=True):
                value, share = settler_runs.scored(plan, its, own[1], classes)
                self.out.setdefault("train_eval" if name == "train" else f"{name}_loss", []).append(value)
                if classes and name != "train":
                    self.out.setdefault(f"{name}_accuracy", []).append(share)
            logs["val_loss"] = self.out["val_loss"][-1]

    def train(plan: Settler, epochs: int) -> dict[str, list[float]]:
        for variable, value in zip((*model.variables, *optimizer.variables), begin, strict=True):
            variable.assign(value)
        keras.utils.set_random_seed(plan.seed)
        rate = guests.good_rate(plan) * plan.factor
        optimizer.learning_rate = rate
        measures = Measures()
        measures.out = {}
        slows = keras.callbacks.ReduceLROnPlateau("val_loss", 0.3, max(2, plan.epochs // 10), min_delta=0.0)
        if plan.schedule != "plateau":
            slows = keras.callbacks.LearningRateScheduler(lambda epoch: float(rate * guests.rate_at(plan, epoch)))
        callbacks = [measures, slows, keras.callbacks.TerminateOnNaN()]
        seen = model.fit(x, targets, plan.batch_size, epochs, 0, callbacks).history
        out = {"train_loss": seen["loss"], **measures.out}
        out |= {"train_accuracy": seen["accuracy"]} if classes else {}
        shortest = min(len(values) for values in out.values())
        return {name: list(map(float, values[:shortest])) for name, values in out.items()}

    return train


def _optimizer(plan: Settler) -> Any:
    """Make the optimizer of a plan in Keras."""
    from keras import optimizers

    rate, decay = guests.good_rate(plan), plan.weight_decay or None
    made = {
        "adam": lambda: optimizers.Adam(rate), "lion": lambda: optimizers.Lion(rate, weight_decay=decay),
        "nesterov": lambda: optimizers.SGD(rate, 0.9, nesterov=True, weight_decay=decay),
        "rms_momentum": lambda: optimizers.RMSprop(rate, momentum=0.9, centered=True),
        "averaged": lambda: optimizers.AdamW(rate, clipnorm=1.0), "ftrl": lambda: optimizers.Ftrl(rate),
    }  # fmt: skip
    return made[plan.optimizer]()


def _model(plan: Settler, parts: settler_runs.Parts, classes: int) -> Any:
    """Build the network of a plan in Keras."""
    import keras
    from keras import layers

    x, y = parts["train"]
    inputs = h = keras.Input(x.shape[1:])
    h = layers.GaussianNoise(plan.noise)(h) if plan.noise else h
    if plan.network in ("conv", "both_ways"):
        h = layers.Reshape(guest_data.SHAPES[plan.problem])(h)
    if plan.network == "conv":
        for size in (8, 16):
            h = layers.Conv2D(size, 3, padding="same")(h if size == 16 else h[..., None])
            h = layers.BatchNormalization(momentum=0.9)(h) if plan.batch_norm else h
            h = layers.MaxPooling2D(2)(layers.Activation(plan.activation)(h))
        h = layers.Dropout(plan.dropout)(layers.Flatten()(h))
    elif plan.network == "both_ways":
        h = layers.Bidirectional(layers.GRU(min(plan.widths[0], 24)))(h)
    elif plan.network == "residual":
        h = layers.Dense(plan.widths[0])(h)
        for _ in range(2):
            o = layers.Dense(plan.widths[0], activation=plan.activation)(layers.LayerNormalization()(h))
            h = layers.Add()([h, layers.Dropout(plan.dropout)(o)])
    elif plan.network == "gated":
        gate = layers.Dense(plan.widths[0], activation="sigmoid")(h)
        h = layers.Dropout(plan.dropout)(layers.Multiply()([layers.Dense(plan.widths[0])(h), gate]))
    for i, width in enumerate(plan.widths if plan.network == "mlp" else ()):
        bias = keras.initializers.Constant(-80.0 if plan.mistake == "dead" and not i else 0.0)
        kernel = "zeros" if plan.mistake == "zeros" else "glorot_uniform"
        h = layers.Dense(width, kernel_initializer=kernel, bias_initializer=bias)(h)
        h = layers.BatchNormalization(momentum=0.9)(h) if plan.batch_norm else h
        h = layers.Dropout(plan.dropout)(layers.Activation(plan.activation)(h))
    last = "softmax" if plan.loss == "brier" else None
    return keras.Model(inputs, layers.Dense(classes or int(np.prod(y.shape[1:])), activation=last)(h))

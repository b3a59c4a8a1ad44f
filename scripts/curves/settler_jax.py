"""Training by Flax with Optax, and by Keras, for `settler_runs.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
from flax import linen
from keras import layers

from scripts.curves import settler_data
from scripts.curves.settlers import Settler, good_rate, rate_at

History = dict[str, list[float]]
Parts = dict[str, tuple[np.ndarray, np.ndarray]]
Train = Callable[[Settler, int], History]
Score = Callable[[Any, Any], tuple[float, float]]


class Network(linen.Module):
    """A multilayer network, with dense connections, or a convolution before it."""

    plan: Settler
    outputs: int

    @linen.compact
    def __call__(self, x: jax.Array, trains: bool) -> jax.Array:
        """Return outputs [b, k] of inputs [b, d]."""
        plan, act = self.plan, getattr(linen, self.plan.activation)
        if plan.network == "conv":
            x = x.reshape(-1, *settler_data.SHAPES[plan.problem], 1)
            x = act(linen.Conv(8, (3, 3), (2, 2))(x)).reshape(len(x), -1)
        for i, width in enumerate(plan.widths[: 1 if plan.network == "conv" else None]):
            bias = linen.initializers.constant(-60.0 if plan.mistake == "dead" and not i else 0.0)
            h = linen.Dense(width, bias_init=bias)(x)
            h = act(linen.LayerNorm()(h) if plan.norm else h)
            h = linen.Dropout(plan.dropout, deterministic=not trains)(h)
            x = jnp.concatenate([x, h], axis=1) if plan.network == "dense" else h
        return linen.Dense(self.outputs)(x)


def loss_of(plan: Settler, classes: int) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """Return the loss of outputs [n, k] and classes [n] or targets [n, …]."""
    if classes and plan.loss == "brier":
        return lambda z, y: jnp.mean((jax.nn.softmax(z) - jax.nn.one_hot(y, classes)) ** 2)
    if classes:
        return lambda z, y: optax.softmax_cross_entropy_with_integer_labels(z, y).mean()
    kinds = {"": jnp.square, "mae": jnp.abs, "logcosh": lambda e: jnp.logaddexp(e, -e) - jnp.log(2.0)}
    return lambda z, y: kinds[plan.loss](z.reshape(y.shape) - y).mean()


def flax(plan: Settler, parts: Parts, classes: int) -> Train:
    """Return the training by Flax; it is compiled once for all rates."""
    data = {name: (jnp.asarray(x), jnp.asarray(y)) for name, (x, y) in parts.items()}
    x, y = data["train"]
    model: Any = Network(plan, classes or int(np.prod(y.shape[1:])))
    loss, decay = loss_of(plan, classes), plan.weight_decay
    kinds = {"sgd": optax.sgd(1.0), "momentum": optax.sgd(1.0, 0.9), "adam": optax.adam(1.0), "yogi": optax.yogi(1.0)}
    kinds |= {"adamw": optax.adamw(1.0, weight_decay=decay), "lamb": optax.lamb(1.0, weight_decay=decay)}
    made = {**kinds, "adabelief": optax.adabelief(1.0)}[plan.optimizer]
    made = optax.chain(optax.clip_by_global_norm(plan.clip), made) if plan.clip else made

    @jax.jit
    def step(params: Any, state: Any, rows: jax.Array, rate: jax.Array, key: jax.Array) -> Any:
        own = x[rows] + plan.noise * jax.random.normal(key, x[rows].shape) if plan.noise else x[rows]
        value, grads = jax.value_and_grad(lambda p: loss(model.apply(p, own, True, rngs={"dropout": key}), y[rows]))(
            params
        )
        updates, state = made.update(grads, state, params)
        return optax.apply_updates(params, jax.tree.map(lambda u: rate * u, updates)), state, value

    @jax.jit
    def evaluated(params: Any) -> Any:
        z = {name: model.apply(params, own[0], False) for name, own in data.items()}
        right = {name: jnp.mean(z[name].argmax(1) == data[name][1]) if classes else 0.0 for name in data}
        return {name: loss(z[name], data[name][1]) for name in data}, right

    init = jax.jit(lambda key: (params := model.init(key, x[:2], False), made.init(params)))

    def train(plan: Settler, epochs: int) -> History:
        key, rng = jax.random.key(plan.seed), np.random.default_rng(plan.seed)
        history: History = {}
        params, state = init(key)
        count = max(1, len(x) // plan.batch_size)
        for epoch in range(epochs):
            rate = np.float32(good_rate(plan) * plan.factor * rate_at(plan, epoch))
            batches = rng.permutation(len(x))[: count * plan.batch_size].reshape(count, -1)
            means = []
            for rows in batches:
                key = jax.random.fold_in(key, 1) if plan.noise or plan.dropout else key
                params, state, value = step(params, state, rows, rate, key)
                means.append(value)
            mean = np.mean(jax.device_get(means))
            losses, right = jax.device_get(evaluated(params))
            seen = {"train_loss": mean, "train_eval": losses["train"]}
            seen |= {"val_loss": losses["val"], "test_loss": losses["test"]}
            seen |= {f"{name}_accuracy": share for name, share in right.items()} if classes else {}
            for name, value in seen.items():
                history.setdefault(name, []).append(float(value))
            if not np.isfinite(history["train_loss"][-1]):
                break
        return history

    return train


def keras_fit(plan: Settler, parts: Parts, classes: int, score: Score) -> Train:
    """Return the training by Keras; the model is compiled once for all rates."""
    keras.utils.set_random_seed(plan.seed)
    model = _model(plan, parts, classes)
    losses = keras.losses
    if classes:
        loss = losses.MeanSquaredError() if plan.loss == "brier" else losses.CategoricalCrossentropy(from_logits=True)
        targets = {name: np.eye(classes, dtype=np.float32)[y] for name, (_, y) in parts.items()}
    else:
        kinds = {"": losses.MeanSquaredError, "mae": losses.MeanAbsoluteError, "logcosh": losses.LogCosh}
        loss = kinds[plan.loss]()
        targets = {name: y.reshape(len(y), -1).astype(np.float32) for name, (_, y) in parts.items()}
    names = {"sgd": "SGD", "adam": "Adam", "adamax": "Adamax", "adafactor": "Adafactor"}
    optimizer = getattr(keras.optimizers, names[plan.optimizer])(good_rate(plan))
    model.compile(optimizer, loss, metrics=["accuracy"] if classes else None)
    optimizer.build(model.trainable_variables)
    begin = [np.array(v) for v in (*model.variables, *optimizer.variables)]

    answer = jax.jit(lambda own, fixed, x: model.stateless_call(own, fixed, x, training=False)[0])

    class Tests(keras.callbacks.Callback):
        """Measure the test part, and the train part again."""

        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            state = [[v.value for v in kind] for kind in (model.trainable_variables, model.non_trainable_variables)]
            for name, key in (("train", "train_eval"), ("test", "test_loss")):
                value, share = score(np.asarray(answer(*state, parts[name][0])), parts[name][1])
                self.out.setdefault(key, []).append(value)
                if classes and name == "test":
                    self.out.setdefault("test_accuracy", []).append(share)

    def train(plan: Settler, epochs: int) -> History:
        for variable, value in zip((*model.variables, *optimizer.variables), begin, strict=True):
            variable.assign(value)
        keras.utils.set_random_seed(plan.seed)
        rate = good_rate(plan) * plan.factor
        optimizer.learning_rate = rate
        tests = Tests()
        tests.out = {}
        slows = keras.callbacks.ReduceLROnPlateau("val_loss", 0.3, max(2, plan.epochs // 10), min_delta=0.0)
        if plan.schedule != "plateau":
            slows = keras.callbacks.LearningRateScheduler(lambda epoch: float(rate * rate_at(plan, epoch)))
        fitted = model.fit(
            parts["train"][0], targets["train"], plan.batch_size, epochs, 0,
            [tests, slows, keras.callbacks.TerminateOnNaN()],
            validation_data=(parts["val"][0], targets["val"]), validation_batch_size=1000,
        )  # fmt: skip
        seen = fitted.history
        out = {"train_loss": seen["loss"], "val_loss": seen["val_loss"], **tests.out}
        out |= {"train_accuracy": seen["accuracy"], "val_accuracy": seen["val_accuracy"]} if classes else {}
        shortest = min(len(values) for values in out.values())
        return {name: list(map(float, values[:shortest])) for name, values in out.items()}

    return train


def _model(plan: Settler, parts: Parts, classes: int) -> keras.Model:
    x, y = parts["train"]
    inputs = h = keras.Input(x.shape[1:])
    h = layers.GaussianNoise(plan.noise)(h) if plan.noise else h
    if plan.network == "conv":
        h = layers.Reshape((*settler_data.SHAPES[plan.problem], 1))(h)
        h = layers.Flatten()(layers.SeparableConv2D(8, 3, 2, activation=plan.activation)(h))
    elif plan.network == "recurrent":
        h = layers.SimpleRNN(24)(layers.Reshape(settler_data.SHAPES[plan.problem])(h))
    for i, width in enumerate(plan.widths[: None if plan.network in ("mlp", "dense") else 1]):
        bias = keras.initializers.Constant(-60.0 if plan.mistake == "dead" and not i else 0.0)
        o = layers.Dense(width, kernel_initializer="zeros" if plan.mistake == "zeros" else "he_normal",
                         bias_initializer=bias)(h)  # fmt: skip
        o = layers.BatchNormalization()(o) if plan.batch_norm else layers.LayerNormalization()(o) if plan.norm else o
        o = layers.Activation(plan.activation)(o)
        o = layers.Dropout(plan.dropout)(o) if plan.dropout else o
        h = layers.Concatenate()([h, o]) if plan.network == "dense" else o
    last = "softmax" if plan.loss == "brier" else None
    h = layers.Dense(classes or int(np.prod(y.shape[1:])), activation=last)(h)
    return keras.Model(inputs, h)

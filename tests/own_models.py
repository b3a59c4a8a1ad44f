"""Networks of the same make in every library: Dense 8, BatchNorm, relu, Dropout, Dense 3, for examples [4]."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import keras
import numpy as np
from flax import nnx

from nnjax.core.experiment import DataConfig, Experiment, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.data import from_arrays

MOMENTUM, RATE = 0.9, 0.1


class LinenNet(nn.Module):
    dropout: float = 0.3

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.BatchNorm(use_running_average=not train, momentum=MOMENTUM)(nn.Dense(8)(x))
        return nn.Dense(3)(nn.Dropout(self.dropout, deterministic=not train)(nn.relu(x)))


class NnxNet(nnx.Module):
    def __init__(self, rngs, dropout=0.3):
        self.first, self.norm = nnx.Linear(4, 8, rngs=rngs), nnx.BatchNorm(8, momentum=MOMENTUM, rngs=rngs)
        self.drop, self.last = nnx.Dropout(dropout, rngs=rngs), nnx.Linear(8, 3, rngs=rngs)

    def __call__(self, x):
        return self.last(self.drop(nnx.relu(self.norm(self.first(x)))))


class EquinoxNet(eqx.Module):
    first: eqx.nn.Linear
    norm: eqx.nn.BatchNorm
    drop: eqx.nn.Dropout
    last: eqx.nn.Linear

    def __init__(self, key, dropout=0.3):
        one, two = jax.random.split(key)
        self.first, self.last = eqx.nn.Linear(4, 8, key=one), eqx.nn.Linear(8, 3, key=two)
        self.norm = eqx.nn.BatchNorm(8, axis_name="batch", mode="batch", momentum=MOMENTUM)
        self.drop = eqx.nn.Dropout(dropout)

    def __call__(self, x, state, *, key=None):
        x, state = self.norm(self.first(x), state)
        return self.last(self.drop(jax.nn.relu(x), key=key)), state


def keras_net(dropout=0.3, **options):
    """A functional model, linear outputs."""
    x = inputs = keras.Input((4,))
    x = keras.layers.BatchNormalization(momentum=MOMENTUM)(keras.layers.Dense(8, **options)(x))
    x = keras.layers.Dropout(dropout)(keras.layers.Activation("relu")(x))
    return keras.Model(inputs, keras.layers.Dense(3)(x))


def functions(dropout=0.3):
    """(init, apply) of the contract's own form: a running mean stands for BatchNorm."""

    def init(key, example):
        one, two = jax.random.split(key)
        params = {"first": 0.5 * jax.random.normal(one, (4, 8)), "last": 0.5 * jax.random.normal(two, (8, 3))}
        return params, {"mean": jnp.zeros(8)}

    def apply(variables, x, *, train, key):
        params, state = variables
        x = x @ params["first"]
        mean = x.mean(axis=0) if train else state["mean"]
        x = jax.nn.relu(x - mean)
        if train and dropout:
            x = jnp.where(jax.random.bernoulli(key, 1 - dropout, x.shape), x / (1 - dropout), 0)
        new = MOMENTUM * state["mean"] + (1 - MOMENTUM) * mean
        return x @ params["last"], {"mean": new if train else state["mean"]}

    return init, apply


def nnx_net(dropout):
    return lambda rngs: NnxNet(rngs, dropout)


def equinox_net(dropout):
    return lambda key: EquinoxNet(key, dropout)


KINDS = {"linen": LinenNet, "nnx": nnx_net, "equinox": equinox_net, "keras": keras_net, "functions": functions}

RNG = np.random.default_rng(0)
X = RNG.normal(size=(203, 4)).astype(np.float32)
Y = np.argmax(X @ RNG.normal(size=(4, 3)) + 0.3 * RNG.normal(size=(203, 3)), axis=1)
BLOBS = from_arrays(X, Y, name="blobs")


def experiment(model, **changes):
    """Train on all of `BLOBS`, in their order: 7 steps an epoch, the last one of 11 examples."""
    return Experiment(
        **{
            "data": DataConfig(validation=0, test=0, scaling="none", stratify=False),
            "model": model,
            "optimizer": OptimizerConfig("sgd"),
            "hyperparameters": Hyperparameters(learning_rate=RATE),
            "epochs": 1,
            "batch_size": 32,
            "shuffle": False,
            "train_eval_size": 0,
        }
        | changes
    )

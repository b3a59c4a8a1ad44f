"""Networks of the same make in every library: Dense 8, BatchNorm, relu, Dropout, Dense 3, for examples [4]."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import equinox as eqx
import flax.linen as nn
import jax
import keras
from flax import nnx
from own_functions import MOMENTUM, functions


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


def nnx_net(dropout):
    return lambda rngs: NnxNet(rngs, dropout)


def equinox_net(dropout):
    return lambda key: EquinoxNet(key, dropout)


KINDS = {"linen": LinenNet, "nnx": nnx_net, "equinox": equinox_net, "keras": keras_net, "functions": functions}

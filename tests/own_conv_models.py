"""Networks of the same make in every library, for images [6, 6, 1]: Conv 4, BatchNorm, relu, pool, Dropout, Dense 3."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import keras
import numpy as np
from flax import nnx

from nnjax.data import from_arrays

DROPOUT = 0.3


class LinenConv(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.BatchNorm(use_running_average=not train)(nn.Conv(4, (3, 3), use_bias=False)(x))
        x = nn.max_pool(nn.relu(x), (2, 2), strides=(2, 2)).reshape(len(x), -1)
        return nn.Dense(3)(nn.Dropout(DROPOUT, deterministic=not train)(x))


class NnxConv(nnx.Module):
    def __init__(self, rngs):
        self.conv = nnx.Conv(1, 4, (3, 3), use_bias=False, rngs=rngs)
        self.norm, self.drop = nnx.BatchNorm(4, rngs=rngs), nnx.Dropout(DROPOUT, rngs=rngs)
        self.last = nnx.Linear(36, 3, rngs=rngs)

    def __call__(self, x):
        x = nnx.max_pool(nnx.relu(self.norm(self.conv(x))), (2, 2), strides=(2, 2))
        return self.last(self.drop(x.reshape(len(x), -1)))


class EquinoxConv(eqx.Module):
    conv: eqx.nn.Conv2d
    norm: eqx.nn.BatchNorm
    pool: eqx.nn.MaxPool2d
    drop: eqx.nn.Dropout
    last: eqx.nn.Linear

    def __init__(self, key):
        one, two = jax.random.split(key)
        self.conv = eqx.nn.Conv2d(1, 4, 3, padding=1, use_bias=False, key=one)
        self.norm = eqx.nn.BatchNorm(4, axis_name="batch", mode="batch")
        self.pool, self.drop = eqx.nn.MaxPool2d(2, 2), eqx.nn.Dropout(DROPOUT)
        self.last = eqx.nn.Linear(36, 3, key=two)

    def __call__(self, x, state, *, key=None):
        x, state = self.norm(self.conv(jnp.moveaxis(x, -1, 0)), state)
        return self.last(self.drop(self.pool(jax.nn.relu(x)).reshape(-1), key=key)), state


def keras_conv():
    x = inputs = keras.Input((6, 6, 1))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, padding="same", use_bias=False)(x))
    x = keras.layers.MaxPooling2D(2)(keras.layers.Activation("relu")(x))
    return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Dropout(DROPOUT)(keras.layers.Flatten()(x))))


CONVS = {"linen": LinenConv, "nnx": lambda: NnxConv, "equinox": lambda: EquinoxConv, "keras": keras_conv}

RNG = np.random.default_rng(0)
Y = RNG.integers(3, size=203)
X = (RNG.normal(size=(203, 6, 6, 1)) + np.eye(6)[Y][:, :, None, None]).astype(np.float32)
STRIPES = from_arrays(X, Y, name="stripes")

"""What own models can yield: by their last operations, whatever the weights. The truth: what each function yields."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from nnjax.core.experiment import ModelConfig
from nnjax.core.object_refs import ObjectRef
from nnjax.models.output_range import output_range
from nnjax.nn.user_functions import standard_rules

KEY = jax.random.key(0)


def shares(e):
    return e / e.sum(1, keepdims=True)


PROBABILITIES = {
    "softmax": nn.softmax,
    "of a jitted function": jax.jit(nn.softmax),
    "vectorized": jax.vmap(nn.softmax),
    "by hand": lambda z: jnp.exp(z) / jnp.exp(z).sum(1, keepdims=True),
    "by hand, stable": lambda z: shares(jnp.exp(z - z.max(1, keepdims=True))),
    "shares of ReLU": lambda z: shares(nn.relu(z) + 1e-3),
    "exp of log softmax": lambda z: jnp.exp(nn.log_softmax(z)),
    "in bfloat16": lambda z: nn.softmax(z.astype(jnp.bfloat16)).astype(jnp.float32),
    "clipped": lambda z: jnp.clip(nn.softmax(z), 1e-7, 1 - 1e-7),
    "mean of several": lambda z: nn.softmax(jnp.stack([z, 2 * z, -z], 1)).mean(1),
    "sigmoid, squeezed": lambda z: nn.sigmoid(z)[:, 0],
    "sigmoid by hand": lambda z: 1 / (1 + jnp.exp(-z)),
    "of two classes": lambda z: jnp.stack([1 - nn.sigmoid(z[:, 0]), nn.sigmoid(z[:, 0])], 1),
    "hard sigmoid": nn.hard_sigmoid,
    "of tanh": lambda z: (jnp.tanh(z) + 1) / 2,
    "clip": lambda z: jnp.clip(z, 0, 1),
    "where": lambda z: jnp.where(z > 0, nn.sigmoid(z), 0.5),
    "checkpoint": jax.checkpoint(nn.sigmoid),
    "cond": lambda z: jax.lax.cond(z.sum() > 0, nn.sigmoid, nn.softmax, z),
    "by a constant key": lambda z: nn.sigmoid(z + jax.random.normal(KEY, z.shape)),
    "scan": lambda z: jax.lax.scan(lambda c, row: (c + row, nn.sigmoid(row + c)), 0 * z[0], z)[1],
}
OTHERS = {  # function: the bounds that are found
    "linear": (lambda z: z, -math.inf, math.inf),
    "relu": (nn.relu, 0, math.inf),
    "relu6": (nn.relu6, 0, 6),
    "tanh": (jnp.tanh, -1, 1),
    "scaled sigmoid": (lambda z: 5 * nn.sigmoid(z) - 1, -1, 4),
    "negative": (lambda z: -nn.softmax(z), -1, 0),
    "log softmax": (nn.log_softmax, -math.inf, 0),
    "swish": (nn.silu, -math.inf, math.inf),
    "logits of probabilities": (lambda z: jnp.log(nn.softmax(z)), -math.inf, math.inf),
    "normalized, of any sign": (lambda z: z / z.sum(1, keepdims=True), -math.inf, math.inf),
    "sum of some only": (lambda z: jnp.exp(z) / jnp.exp(z)[:, :1].sum(1, keepdims=True), -math.inf, math.inf),
    "by the sum of others": (lambda z: jnp.exp(z) / jnp.exp(2 * z).sum(1, keepdims=True), -math.inf, math.inf),
    "attention": (lambda z: nn.softmax(z @ z.T) @ z, -math.inf, math.inf),
    "of complex numbers": (lambda z: (z * jnp.exp(1j)).real, -math.inf, math.inf),
    "carried": (lambda z: jax.lax.scan(lambda c, row: (c + nn.sigmoid(row), c), 0 * z[0], z)[1], -math.inf, math.inf),
}


def bounds(function):
    def init(key, x):
        return {"w": jnp.zeros((x.shape[1], 3))}

    return output_range(ModelConfig(ObjectRef((init, lambda params, x: function(x @ params["w"])), "a:b")), (4,))


@pytest.mark.parametrize("name", PROBABILITIES)
def test_probabilities(name):
    low, high = bounds(PROBABILITIES[name])
    assert 0 <= low < high <= 1


@pytest.mark.parametrize("name", OTHERS)
def test_others(name):
    function, *ends = OTHERS[name]
    assert bounds(function) == tuple(ends)


@pytest.mark.slow
def test_all_stay_within_their_bounds():
    z = 30 * np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    with standard_rules():
        for function in (*PROBABILITIES.values(), *(first for first, *_ in OTHERS.values())):
            low, high = bounds(function)
            found = np.asarray(function(jnp.asarray(z)))
            found = found[np.isfinite(found)]
            assert low - 1e-6 <= found.min() <= found.max() <= high + 1e-6


def test_a_hyperparameter_is_not_taken_for_its_value():
    def init(key, x):
        return {"w": jnp.zeros((4, 3))}

    def apply(params, x, *, hyper):
        return nn.softmax(x @ params["w"]) * hyper["scale"]

    assert output_range(ModelConfig(ObjectRef((init, apply), "a:b")), (4,)) == (-math.inf, math.inf)

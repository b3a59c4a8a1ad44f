"""Traits of models against the networks that they describe."""

import math

import jax
import jax.numpy as jnp
import pytest
from networks import functions_of

from nnjax.core.experiment import ModelConfig
from nnjax.models import lenet_tables
from nnjax.models.registry import MODELS, traits_of

CONFIGS = {
    "mlp": ModelConfig("mlp", (6, 5)),
    "autoencoder": ModelConfig("autoencoder", (6, 2, 6)),
    "lenet5": ModelConfig("lenet5", **lenet_tables.PUBLISHED),
    "lenet5_modern": ModelConfig("lenet5_modern", (2, 3, 5)),
    "conv_autoencoder": ModelConfig("conv_autoencoder", (3, 2, 2)),
}


@pytest.mark.parametrize("kind", MODELS)
def test_traits_describe_the_network(kind):
    config, traits = CONFIGS[kind], MODELS[kind]
    width = 784 if traits.reconstructs else traits.num_classes or 4
    model = functions_of(config, 784, width)
    params = jax.eval_shape(model.init, jax.random.key(0))
    layers = traits.count_layers(config, 784, width)
    count = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params))
    assert sum(layer.weights + layer.biases for layer in layers) == count
    assert {layer.name for layer in layers if layer.weights} == set(params)
    x = jax.ShapeDtypeStruct((2, 784), jnp.float32)
    assert jax.eval_shape(model.apply, params, x).shape == (2, width)
    if traits.reconstructs:
        assert jax.eval_shape(model.encode, params, x).shape == (2, traits.code_width(config))
    assert traits.error_of(config) == ""
    assert traits.reads_images((28, 28), 784)
    assert traits.reads_images((8, 8), 64) == (not traits.image_sides)


@pytest.mark.parametrize(
    ("kind", "task", "goal"),
    [
        ("mlp", "classification", "classification"),
        ("mlp", "none", "reconstruction"),
        ("autoencoder", "classification", "reconstruction"),
        ("conv_autoencoder", "regression", "reconstruction"),
    ],
)
def test_goals(kind, task, goal):
    assert traits_of(CONFIGS[kind]).goal(task) == goal

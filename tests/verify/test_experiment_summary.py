"""`nnjax.summary`: layers, parameters and operations by hand, by Keras and by XLA, before anything is trained."""

import os

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import nnjax
from nnjax.models.operation_counts import trace
from nnjax.train.host.population import Population

os.environ["KERAS_BACKEND"] = "jax"
RNG = np.random.default_rng(0)
DATA = nnjax.from_arrays(RNG.normal(size=(200, 8, 8, 1)), np.arange(200) % 10, name="images")
NUMBERS = nnjax.from_arrays(RNG.normal(size=(200, 10)), RNG.normal(size=200), name="numbers")


class Images(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.relu(nn.BatchNorm(use_running_average=not train)(nn.Conv(4, (3, 3))(x)))
        return nn.Dense(10)(nn.Dropout(0.2, deterministic=not train)(x.reshape(len(x), -1)))


class Linears(nnx.Module):
    def __init__(self, rngs):
        self.body, self.head = nnx.Linear(10, 16, rngs=rngs), nnx.Linear(16, 1, rngs=rngs)

    def __call__(self, x):
        return self.head(jax.nn.relu(self.body(x)))


def test_a_dense_network_by_hand():
    """784-300-100-10, batch 128: forward 2 · 266,200 an example; a step that, the weights' gradients as many, and the
    gradients of the inputs of all layers but the first, 2 · 31,000."""
    found = nnjax.summary(nnjax.Experiment())
    assert [tuple(layer) for layer in found.layers] == [
        ("layer_0", (300,), 235_500, 235_500),
        ("layer_1", (100,), 30_100, 30_100),
        ("layer_2", (10,), 1_010, 1_010),
    ]
    assert (found.parameters, found.trainable, found.flops) == (266_610, 266_610, 532_400)
    assert found.flops_per_step == 128 * (2 * 532_400 + 2 * 31_000)
    assert (found.weights, found.optimizer) == (4 * 266_610, 8 * 266_610 + 8)  # Adam: two moments and two counts
    assert found.memory == found.weights + found.optimizer + found.best + found.activations
    assert found.best >= found.weights


def test_a_convolution_by_hand():
    """8 × 8 pixels, 3 × 3 kernels, 4 maps: 2 · 64 · 4 · 9, and 2 · 256 · 10."""
    found = nnjax.summary(nnjax.Experiment(model=Images()), data=DATA)
    rows = {layer.name: (layer.output, layer.parameters) for layer in found.layers}
    assert rows == {"Conv_0": ((8, 8, 4), 40), "BatchNorm_0": ((8, 8, 4), 8), "Dense_0": ((10,), 2_570)}
    assert found.flops == 2 * 64 * 4 * 9 + 2 * 256 * 10


@pytest.mark.parametrize("model", [Linears, lambda key: eqx.nn.MLP(10, 1, 16, 1, key=key)])
def test_modules_of_other_libraries(model):
    found = nnjax.summary(model, data=NUMBERS)
    assert [(layer.output, layer.parameters) for layer in found.layers] == [((16,), 176), ((1,), 17)]
    assert found.flops == 2 * (160 + 16)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_keras_model_has_its_own_names():
    import keras

    layers = [keras.Input((10,)), keras.layers.Dense(10, "relu", name="body"), keras.layers.Dense(1, name="head")]
    model = keras.Sequential(layers)
    config = nnjax.ModelConfig(model, trainable="head/*")
    found = nnjax.summary(nnjax.Experiment(model=config), data=NUMBERS)
    assert [tuple(layer) for layer in found.layers] == [("body", (10,), 110, 0), ("head", (1,), 11, 11)]
    assert found.parameters == model.count_params()


def test_operations_agree_with_xla():
    """XLA counts biases and activations too, which are few here."""
    shapes = [jax.ShapeDtypeStruct(s, jnp.float32) for s in ((64, 256), (256, 512), (512, 128))]

    def network(x, a, b):
        return jax.nn.relu(x @ a) @ b

    cost = jax.jit(network).lower(*shapes).compile().cost_analysis()
    assert trace(network, *shapes).flops == 2 * 64 * (256 * 512 + 512 * 128)
    assert trace(network, *shapes).flops == pytest.approx(cost["flops"], rel=0.01)


def test_a_scan_counts_every_turn():
    def turns(x, w):
        return jax.lax.scan(lambda c, _: (c @ w, None), x, None, length=5)[0]

    shapes = [jax.ShapeDtypeStruct(s, jnp.float32) for s in ((3, 4), (4, 4))]
    assert trace(turns, *shapes).flops == 5 * 2 * 3 * 4 * 4


def test_nothing_is_trained_and_all_is_said(monkeypatch):
    monkeypatch.setattr(Population, "run", lambda self: pytest.fail("trained"))
    text = str(nnjax.summary(nnjax.Experiment(data=nnjax.DataConfig("diabetes"))))
    assert "diabetes is regression (214 different whole numbers): loss mean_squared_error" in text
    assert "layer_0  300     3,300" in text
    assert "parameters: 33,501, of which 33,501 are trained, 0 frozen" in text
    with pytest.raises(nnjax.UserError, match="lenet5 reads images"):
        nnjax.summary(nnjax.Experiment(model="lenet5"), data=NUMBERS)

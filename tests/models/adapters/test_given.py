"""`nnjax.given`: trials begin with a module's own weights, and differ in the order of the examples."""

import equinox as eqx
import jax
import numpy as np
import pytest
from flax import nnx
from own_functions import BLOBS, experiment

import nnjax
from nnjax.core.fields import replace


class Net(nnx.Module):
    def __init__(self, rngs):
        self.a, self.b = nnx.Linear(4, 8, rngs=rngs), nnx.Linear(8, 3, rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)

    def __call__(self, x):
        return self.b(jax.nn.relu(self.norm(self.a(x))))


def nnx_net():
    net = Net(nnx.Rngs(7))
    return net, np.array(net.a.kernel[...]), lambda params: params["a"]["kernel"]


def equinox_net():
    net = eqx.nn.MLP(4, 3, 8, 1, key=jax.random.key(7))
    return net, np.array(net.layers[0].weight), lambda params: params["layers/0/weight"]


@pytest.mark.parametrize("make", [equinox_net, pytest.param(nnx_net, marks=pytest.mark.slow)])
def test_seeds_share_the_weights_and_not_the_order(make):
    net, weights, first_of = make()
    base = experiment(nnjax.given(net))
    still = nnjax.sweep(replace(base, {"learning_rate": 0.0}), {"seed": [0, 1]}, data=BLOBS)
    for trial in (0, 1):
        np.testing.assert_array_equal(first_of(still.params(trial)), weights)
    shuffled = nnjax.sweep(replace(base, {"shuffle": True}), {"seed": [0, 1]}, data=BLOBS)
    assert np.abs(first_of(shuffled.params(0)) - first_of(shuffled.params(1))).max() > 1e-5
    ordered = nnjax.sweep(base, {"seed": [0, 1]}, data=BLOBS)
    np.testing.assert_array_equal(first_of(ordered.params(0)), first_of(ordered.params(1)))
    assert np.abs(first_of(ordered.params(0)) - weights).max() > 1e-4


def test_a_copy_is_kept():
    net, weights, first_of = nnx_net()
    base = experiment(nnjax.given(net), hyperparameters=nnjax.Hyperparameters(learning_rate=0.0))
    net.a.kernel[...] = net.a.kernel[...] * 0
    np.testing.assert_array_equal(first_of(nnjax.sweep(base, data=BLOBS).params()), weights)


def test_a_drawn_module_alone_is_refused_with_the_way_out():
    with pytest.raises(nnjax.UserError, match=r"or nnjax.given\(module\) where all trials are to begin with these"):
        nnjax.sweep(experiment(nnx_net()[0]), data=BLOBS)
    with pytest.raises(nnjax.UserError, match=r"given\(…\) is of the type function"):
        nnjax.given(nnx_net)

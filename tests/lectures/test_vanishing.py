"""The vanishing gradient: norms against autodiff, and Nielsen's recorded pattern on 1,000 of the shipped digits."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.data import bundled
from nnjax.lectures.history.backprop import model, vanishing
from nnjax.lectures.history.backprop.model import MLP, Layer

SMALL = MLP((6, 5, 4, 3), cost="cross_entropy")


@functools.partial(jax.jit, static_argnums=0)
def first_weights(mlp, key):
    return vanishing.normal(mlp, key)


@jax.jit
def mean_gradient(net, x, targets):
    return jax.grad(lambda weights: model.cost(SMALL, weights, x, targets) / np.float32(20))(net)


def small():
    random = np.random.default_rng(0)
    x = random.uniform(size=(20, 6)).astype(np.float32)
    return x, np.eye(3, dtype=np.float32)[random.integers(0, 3, 20)]


def test_norms_are_those_of_the_mean_gradient():
    x, targets = small()
    keys = jax.random.split(jax.random.key(1), 3)
    found = vanishing.initial_norms(SMALL, keys, x, targets)
    true = mean_gradient(first_weights(SMALL, keys[2]), x, targets)
    np.testing.assert_allclose(found[2], [np.linalg.norm(layer.bias) for layer in true], rtol=1e-5)
    np.testing.assert_allclose(vanishing.norms(true), found[2], rtol=1e-5)


def test_training_is_nielsen_s_update():
    """w ← (1 - η λ/n) w - η ∇w, b ← b - η ∇b of the mean gradient, η = .1, λ = 5, by autodiff."""
    x, targets = small()
    key = jax.random.key(2)
    found = vanishing.norms_while_training(SMALL, key, x, targets, 4)
    net = first_weights(SMALL, key)
    for norms in found:
        slopes = mean_gradient(net, x, targets)
        np.testing.assert_allclose(norms, [np.linalg.norm(layer.bias) for layer in slopes], rtol=1e-4)
        net = tuple(
            Layer((1 - 0.1 * 5 / 20) * a.weights - 0.1 * g.weights, a.bias - 0.1 * g.bias)
            for a, g in zip(net, slopes, strict=True)
        )


def test_the_recorded_pattern():
    """Recorded: .00298, .0171, .0695, .285, one draw. Each lies among 100 draws here, and each net's norms grow."""
    digits = bundled.mnist5k()
    x, targets = digits.x[::5].astype(np.float32) / 255, np.eye(10, dtype=np.float32)[digits.y[::5]]
    keys = jax.random.split(jax.random.key(0), 100)
    found = np.asarray(vanishing.initial_norms(vanishing.MNIST_NET, keys, jnp.asarray(x), jnp.asarray(targets)))[:, :4]
    assert (found.min(axis=0) < vanishing.RECORDED[0]).all()
    assert (found.max(axis=0) > vanishing.RECORDED[0]).all()
    assert (np.diff(found, axis=1) > 0).all()
    growth = np.exp(np.log(found[:, 1:] / found[:, :-1]).mean(axis=0))
    assert ((growth > 3.5) & (growth < 6.5)).all()  # recorded: 5.7, 4.1, 4.1


def test_first_weights_have_nielsen_s_variances():
    net = first_weights(MLP((400, 300, 200)), jax.random.key(0))
    for layer, d in zip(net, (400, 300), strict=True):
        assert abs(float(layer.weights.std()) * d**0.5 - 1) < 0.02
        assert abs(float(layer.bias.std()) - 1) < 0.15

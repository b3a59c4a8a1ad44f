"""The vanishing gradient (Hochreiter 1991): norms of the gradient by layer, before and while training.

As M. Nielsen recorded it (Neural Networks and Deep Learning, 2015, ch. 5, `fig/generate_gradient.py`): sigmoids
784-30-30-30-30-10, cross-entropy, the first 1,000 training images of MNIST as one batch, rate .1 on the mean gradient,
λ = 5.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.types import Array, Key
from nnjax.lectures.history.backprop.model import MLP, Layer, Momentum, Net, gradient, momentum, num_weights, shaped

MNIST_NET = MLP((784, 30, 30, 30, 30, 10), cost="cross_entropy")
RATE, WEIGHT_COST = 0.1, 5.0  # ε of the mean gradient, λ
# ‖∂E/∂b‖ of the four hidden layers, mean over the images, before the sweeps named: norms_during_training_4_layers.json
RECORDED = {
    0: (0.00298, 0.0171, 0.0695, 0.285),
    10: (0.000266, 0.00147, 0.0084, 0.0366),
    50: (2.06e-05, 4.80e-05, 0.000247, 0.00104),
    100: (1.83e-05, 4.24e-05, 0.000222, 0.00096),
    300: (1.23e-05, 3.32e-05, 0.0002, 0.000941),
}


def normal(mlp: MLP, key: Key) -> Net:
    """Draw weights of variance 1/d and biases of variance 1 from normal distributions, as Nielsen does."""
    net = shaped(mlp, jax.random.normal(key, (num_weights(mlp),)))
    return tuple(Layer(weights / np.float32(len(weights) ** 0.5), bias) for weights, bias in net)


def norms(found: Net) -> Array:
    """Lengths of ∂E/∂b by layer, the output's included: a gradient with biases -> [layers]."""
    return jnp.stack([jnp.linalg.norm(layer.bias) for layer in found])


@functools.partial(jax.jit, static_argnums=0)
def initial_norms(mlp: MLP, keys: Key, x: Array, targets: Array) -> Array:
    """Measure the norms of the mean gradient before training: keys [m], x [n, d], targets [n, k] -> [m, layers]."""
    return jax.lax.map(lambda key: norms(gradient(mlp, normal(mlp, key), x, targets)) / len(x), keys)


@functools.partial(jax.jit, static_argnums=(0, 4))
def norms_while_training(mlp: MLP, key: Key, x: Array, targets: Array, sweeps: int) -> Array:
    """Train as Nielsen did, and measure the norms of the mean gradient before each sweep: [sweeps, layers]."""
    n = len(x)
    rule = momentum(mlp, RATE / n, 0.0, decay=RATE * WEIGHT_COST / n)

    def step(state: Momentum, _: None) -> tuple[Momentum, Array]:
        after, _ = rule.step(state, (x, targets))
        return after, norms(after.change) / RATE  # without momentum the change is -ε times the gradient

    return jax.lax.scan(step, rule.init(normal(mlp, key)), length=sweeps)[1]

"""Backpropagation from scratch in four lines, right, and as in the author's notebook, where one matrix is wrong.

The example (A. Trask 2015, taken over by the notebook): the target is the first of three inputs, the third of which is
always 1; sigmoids, no biases, step 1, whole sweeps.
"""

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.types import Array
from nnjax.lectures.history.backprop.model import MLP, Layer, Net, feed_forward, gradient

SEED, PASSES = 302, 6000
X = np.array([[0.0, 0, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1]])
TARGETS = np.array([[0.0], [1], [1], [0]])
ONE_LAYER, TWO_LAYERS = MLP((3, 1)), MLP((3, 4, 1))

Gradient = Callable[[MLP, Net, Array, Array], Net]


def initial_weights(mlp: MLP) -> Net:
    """Draw the notebook's first weights: `numpy.random.seed(302)`, then 2 · random - 1 for each layer, float64."""
    random = np.random.RandomState(SEED)
    return tuple(Layer(2 * random.random_sample((d, k)) - 1, None) for d, k in itertools.pairwise(mlp.widths))


def notebook_gradient(mlp: MLP, net: Net, x: Array, targets: Array) -> Net:
    """The gradient with the notebook's slip: wrong in the last layer.

    The output's error is multiplied by the *output* instead of the hidden activations: oᵀδ is one number, which
    broadcasting then hands to all weights.
    """
    output = feed_forward(mlp, net, x)[-1]
    delta = (output - targets) * output * (1 - output)
    right = gradient(mlp, net, x, targets)
    return (*right[:-1], Layer(jnp.broadcast_to(output.T @ delta, right[-1].weights.shape), None))


def train(mlp: MLP, rule: Gradient = gradient, passes: int = PASSES) -> tuple[Net, np.ndarray]:
    """Train with step 1 in float64: the weights of the last pass, and the outputs [passes, 4] of each.

    The outputs of the last pass are not followed by an update; `rule` gives the gradient.
    """
    with jax.enable_x64(True):
        x, targets = jnp.asarray(X), jnp.asarray(TARGETS)

        def step(net: Net, _: Array) -> tuple[Net, Array]:
            updated = jax.tree.map(jnp.subtract, net, rule(mlp, net, x, targets))
            return updated, feed_forward(mlp, net, x)[-1][:, 0]

        net = jax.tree.map(jnp.asarray, initial_weights(mlp))
        net, outputs = jax.lax.scan(step, net, jnp.arange(passes - 1))
        last = feed_forward(mlp, net, x)[-1][:, 0]
        return net, np.concatenate([outputs, last[None]])

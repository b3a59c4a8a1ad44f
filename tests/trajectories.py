"""What an optimizer does to a vector under given gradients: the common ground of comparisons with other libraries."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.nn.optimizers import defaults, make_optimizer

# Gradients of three weights over four steps: sizes that feel each ε differently, and changes of sign.
GRADIENTS = [[0.5, -2.0, 1e-3], [0.1, 1.0, 1e-4], [-0.3, 0.5, -2e-3], [0.2, -0.1, 1e-6]]
START = [1.0, -1.0, 0.5]


def trajectory(name, preset, gradients=GRADIENTS, start=START, rates=None, **more):
    """The weights after each step, [t, d] in float64; `rates` are the learning rates of the steps."""
    values = defaults(name, preset) | more
    rates = [values["learning_rate"]] * len(gradients) if rates is None else rates
    with jax.enable_x64(True):
        hyper = {key: jnp.asarray(value, jnp.float64) for key, value in values.items()}
        return np.asarray(_run(name, preset, hyper, *(jnp.asarray(a, jnp.float64) for a in (rates, gradients, start))))


@functools.partial(jax.jit, static_argnums=(0, 1))
def _run(name, preset, hyper, rates, gradients, w):
    optimizer = make_optimizer(name, preset, hyper, lambda count: rates[count])

    def step(carry, gradient):
        w, state = carry
        updates, state = optimizer.update(gradient, state, w)
        return (w + updates, state), w + updates

    return jax.lax.scan(step, (w, optimizer.init(w)), gradients)[1]

"""Activation functions, one record each (lecture slides, section 3)."""

import dataclasses
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from nnjax.core.types import Array, Float

UNIT = (0.0, 1.0)


@dataclasses.dataclass(frozen=True, eq=False)
class Activation:
    """An activation function and what is known of its values."""

    name: str  # as in `ModelConfig.activation`
    function: Callable[[Float[Array, "... k"]], Float[Array, "... k"]]  # [..., k] -> [..., k]
    range: tuple[float, float] = (-math.inf, math.inf)  # the smallest and the largest value, attained or approached
    saturates: bool = False  # both ends are approached, with a gradient that vanishes there
    dies: bool = False  # a unit may be 0, with gradient 0, for every example (ReLU)
    distribution: bool = False  # the last axis sums to 1
    linear: bool = False  # it is the identity
    has_gradient: bool = True  # its gradient is not 0 everywhere

    def __call__(self, x: Float[Array, "... k"]) -> Float[Array, "... k"]:
        """Apply it to x [..., k]."""
        return self.function(x)

    def stays_within(self, low: float, high: float) -> bool:
        """Whether all values lie in [low, high]."""
        return low <= self.range[0] and self.range[1] <= high


def _leaky_relu(x: Array) -> Array:
    return jnp.maximum(0.1 * x, x)  # the lecture slides' slope (cs231n), not Keras's .3 nor Flax's .01


def _squash(x: Array) -> Array:
    return 1.7159 * jnp.tanh(x * (2 / 3))  # LeCun et al. 1998, appendix A: f(1) = 1, f(-1) = -1


def _step(x: Array) -> Array:
    return (x >= 0).astype(x.dtype)  # forward only: its gradient is zero everywhere


_ALL = (
    Activation("linear", lambda x: x, linear=True),
    Activation("sigmoid", jax.nn.sigmoid, UNIT, saturates=True),
    Activation("tanh", jnp.tanh, (-1.0, 1.0), saturates=True),
    Activation("squash", _squash, (-1.7159, 1.7159), saturates=True),
    Activation("relu", jax.nn.relu, (0.0, math.inf), dies=True),
    Activation("leaky_relu", _leaky_relu),
    Activation("elu", jax.nn.elu, (-1.0, math.inf)),
    Activation("softplus", jax.nn.softplus, (0.0, math.inf)),
    Activation("gelu", jax.nn.gelu, (-0.17, math.inf)),
    Activation("softmax", jax.nn.softmax, UNIT, distribution=True),
    Activation("step", _step, UNIT, has_gradient=False),
)
ACTIVATIONS: dict[str, Activation] = {activation.name: activation for activation in _ALL}


def activation_of(name: str) -> Activation:
    """Return the record of an activation; KeyError for an unknown name (`invalid_values.validate` says so)."""
    return ACTIVATIONS[name]

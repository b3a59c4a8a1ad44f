"""Initial kernels by name.

A weight of a dense layer depends on its place (the layer, the unit that it leaves, the unit that it enters) and the
key, not on the array's shape: a network drawn inside a larger array of zeros is the network drawn alone.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Literal

import jax
import jax.numpy as jnp

from nnjax.core.types import Array, Float, Key, Scalar

_CUT = 0.87962566103423978  # the standard deviation of a standard normal cut at ±2


@dataclasses.dataclass(frozen=True, eq=False)
class KernelInit:
    """A distribution of initial weights with mean 0, whose width goes by a layer's fans."""

    name: str  # as in `ModelConfig.kernel_init`
    # "uniform" on ±width; "normal", cut at ±2, times the width; or "zeros"
    shape: Literal["uniform", "normal", "zeros"]
    width: Callable[[Scalar, Scalar], Scalar]  # (fan-in, fan-out) -> the width

    def __call__(self, key: Key, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32) -> Float[Array, "..."]:
        """Draw a kernel of any shape whose last axes are fan-in and fan-out, as Flax's layers ask for it."""
        field = math.prod(shape[:-2])
        fans = (jnp.asarray(field * fan, dtype) for fan in shape[-2:])
        return self.sample(key, shape, dtype) * self.width(*fans)

    def sample(self, key: Key, shape: tuple[int, ...], dtype: jnp.dtype) -> Float[Array, "..."]:
        """Draw numbers of width 1."""
        if self.shape == "uniform":
            return jax.random.uniform(key, shape, dtype, -1, 1)
        if self.shape == "normal":
            return jax.random.truncated_normal(key, -2, 2, shape, dtype)
        return jnp.zeros(shape, dtype)

    def by_place(self, key: Key, rows: int, units: int, dtype: jnp.dtype) -> Float[Array, "rows units"]:
        """Draw numbers of width 1, each by its place: row i from the key folded with i, prefix by prefix the same."""
        keys = jax.vmap(lambda row: jax.random.fold_in(key, row))(jnp.arange(rows))
        return jax.vmap(lambda own: self.sample(own, (units,), dtype))(keys)


def _uniform(scale: float, both: bool) -> Callable[[Scalar, Scalar], Scalar]:
    """Return the half-width of a uniform distribution with variance scale / fan, the mean of both fans or fan-in."""
    return lambda fan_in, fan_out: jnp.sqrt(3 * (scale / ((fan_in + fan_out) / 2 if both else fan_in)))


def _normal(scale: float, both: bool) -> Callable[[Scalar, Scalar], Scalar]:
    return lambda fan_in, fan_out: jnp.sqrt(scale / ((fan_in + fan_out) / 2 if both else fan_in)) / _CUT


_ALL = (
    KernelInit("glorot_uniform", "uniform", _uniform(1.0, both=True)),  # Glorot & Bengio 2010, eq. 16
    KernelInit("glorot_normal", "normal", _normal(1.0, both=True)),
    KernelInit("he_uniform", "uniform", _uniform(2.0, both=False)),  # He et al. 2015, eq. 10
    KernelInit("he_normal", "normal", _normal(2.0, both=False)),
    KernelInit("lecun_uniform", "uniform", _uniform(1.0, both=False)),
    KernelInit("lecun_normal", "normal", _normal(1.0, both=False)),
    KernelInit("lecun_1998", "uniform", lambda fan_in, fan_out: 2.4 / fan_in),  # LeCun et al. 1998, appendix A
    KernelInit("zeros", "zeros", lambda fan_in, fan_out: jnp.ones_like(fan_in)),
)
Initializer = Callable[..., Float[Array, "..."]]  # (key, shape, dtype) -> kernel of that shape
KERNEL_INITS: dict[str, KernelInit] = {init.name: init for init in _ALL}
BIAS_INITS = ("zeros", "glorot_uniform")
BIAS = 2**31 - 2  # what a layer's key is folded with for its biases


def draw_bias(name: str, key: Key, fans: Sequence[Scalar], units: int, dtype: jnp.dtype) -> Float[Array, " units"]:
    """Draw a layer's biases by place: zeros, or uniform on ±sqrt(6 / (fan-in + fan-out)).

    Args:
      name: in `BIAS_INITS`.
      key: of the layer.
      fans: fan-in and fan-out [].
      units, dtype: of the biases; more than the fan-out in an envelope.
    """
    init = KERNEL_INITS[name]
    if init.shape == "zeros":
        return jnp.zeros((units,), dtype)
    return init.by_place(jax.random.fold_in(key, BIAS), 1, units, dtype)[0] * init.width(*fans)

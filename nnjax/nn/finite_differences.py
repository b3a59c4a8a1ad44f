"""Gradients by finite differences, against which a gradient calculated by hand or by autodiff is checked."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from nnjax.core.types import Scalar


def finite_differences(function: Callable[[Any], Scalar], point: Any, step: float = 1e-6) -> Any:
    """Differentiate a function (tree of arrays -> []) by central differences of step h: a tree shaped as the point.

    (f(w + h) - f(w - h)) / 2h, a weight at a time, in float64.
    """
    with jax.enable_x64(True):
        flat, unravel = ravel_pytree(jax.tree.map(lambda array: jnp.asarray(array, jnp.float64), point))
        moved = jax.jit(jax.vmap(lambda moves: function(unravel(flat + moves))))
        moves = step * np.eye(len(flat))
        return unravel((moved(moves) - moved(-moves)) / (2 * step))

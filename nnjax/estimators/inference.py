"""Apply trained networks to rows, by one compiled function an architecture, whatever the number of rows."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Literal

import jax
import numpy as np

from nnjax.core.experiment import ModelConfig
from nnjax.core.multi_input import unflatten
from nnjax.core.types import Array, Float
from nnjax.models.model import Variables
from nnjax.models.registry import make_model, traits_of
from nnjax.nn.activations import activation_of
from nnjax.runs.weights import in_batches
from nnjax.train.jax_modes import refuse_fork

ROWS = 256  # of every call: a row has the same outputs among any others
What = Literal["outputs", "codes", "copies"]


def apply(
    what: What,
    config: ModelConfig,
    shape: tuple[int, ...],
    num_outputs: int,
    variables: Variables,
    hyper: Mapping[str, float],
    x: Float[np.ndarray, "n d"],
) -> Float[np.ndarray, "n k"]:
    """Apply a network to rows [n, d]: outputs [n, k], codes [n, c], or of codes [n, c] copies [n, k].

    Args:
      what: what to compute.
      config, shape, num_outputs: the architecture, the shape of one example, and k.
      variables: its weights and state.
      hyper: the hyperparameters it was trained with.
      x: the rows.

    Raises:
      UserError: JAX cannot run in this process.
    """
    refuse_fork()
    function = _compiled(what, config, shape, num_outputs)
    numbers = {name: np.float32(value) for name, value in hyper.items()}

    def padded(rows: np.ndarray) -> np.ndarray:
        missing = np.zeros((ROWS - len(rows), rows.shape[1]), rows.dtype)
        whole = np.concatenate([rows, missing]) if len(missing) else rows
        return np.asarray(function(variables, numbers, whole))[: len(rows)]

    return in_batches(padded, x, ROWS, np.float32)


@functools.lru_cache(maxsize=256)
def _compiled(what: What, config: ModelConfig, shape: tuple[int, ...], num_outputs: int) -> Callable[..., Array]:
    model, output = make_model(config, shape, num_outputs), activation_of(config.output_activation)
    own = traits_of(config).own

    def function(variables: Variables, hyper: Mapping[str, Any], x: Array) -> Array:
        """Compute outputs, codes or copies of rows [b, d]."""
        if what == "codes":
            assert model.encode is not None
            return model.encode(variables, x)
        if what == "copies":
            assert model.decode is not None
            return output(model.decode(variables, x))
        z, _ = model.apply(variables, unflatten(x, shape) if own else x, train=False, key=None, hyper=hyper)
        return output(z.reshape(len(z), -1))

    return jax.jit(function)

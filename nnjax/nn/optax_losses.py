"""Call the functions of `optax.losses` in their own order, (z, y), with targets as they want them."""

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.nn.loss_record import Function

NO_LOSSES: Mapping[str, str] = {
    "cosine_similarity": "is highest where outputs are right: take optax.losses.cosine_distance",
    "kl_divergence_with_log_targets": "takes the logarithms of targets: take optax.losses.kl_divergence",
    "make_fenchel_young_loss": "makes a loss of a function of scores: pass a function (y, z) around what it makes",
    "smooth_labels": "smooths labels: set label_smoothing in nnjax.Hyperparameters",
}
OF_SIGNS = ("hinge_loss", "perceptron_loss")  # their targets are -1 and 1
OF_LOG_PROBABILITIES = ("kl_divergence",)


class OptaxLoss(NamedTuple):
    """A function of `optax.losses` as a loss."""

    function: Function  # (y, z) -> [b]; trailing axes of its values are averaged
    indices: bool  # whether y are class indices [b], not targets [b, k]
    remark: str  # a sentence on how it is called


def find(given: Any, name: str) -> OptaxLoss | None:
    """Make a loss of a function of `optax.losses`, or a partial of one; None of others. UserError for no loss."""
    function = getattr(given, "func", given)
    if not str(getattr(function, "__module__", "")).startswith("optax.losses"):
        return None
    if name in NO_LOSSES:
        raise UserError(f"optax.losses.{name} is no loss for nnjax, as it {NO_LOSSES[name]}.")
    names = inspect.signature(function).parameters
    indices = name.endswith("with_integer_labels") or (name.startswith("multiclass_") and "labels" in names)

    def called(y: Array, z: Array) -> Array:
        if name in OF_SIGNS:
            y = jnp.where(y == 0, -1.0, y).astype(z.dtype)
        value = given(jax.nn.log_softmax(z) if name in OF_LOG_PROBABILITIES else z, y)
        return jnp.mean(value, axis=tuple(range(1, value.ndim))) if jnp.ndim(value) > 1 else value

    outputs = "the log-softmax of the model's outputs" if name in OF_LOG_PROBABILITIES else "the model's outputs"
    targets = "class indices [b]" if indices else "targets [b, k], one-hot for classes"
    signs = ", 0 as -1" if name in OF_SIGNS else ""
    remark = (
        f"The loss {name} is of optax.losses: it is called (z, y) with {outputs} before the output activation and "
        f"{targets}{signs}, and trailing axes of its values are averaged."
    )
    return OptaxLoss(called, indices, remark)

"""What is reported beside the loss: every loss again, accuracy, and the confusion matrix."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import AUTOENCODERS
from nnjax.core.types import Array
from nnjax.nn.losses import LOSSES, Loss


def accuracy(y: Array, p: Array) -> Array:
    """Say per example whether the prediction is right: y, p [..., k] -> 0 or 1 [...] in p's dtype.

    For k > 1 the largest outputs must be at the same place (the first one counts in a tie); for k = 1 both must lie on
    the same side of .5. NaN outputs are wrong, whatever y is.

    Raises:
      UserError: unequal shapes.
    """
    if y.shape != p.shape:
        raise UserError(f"Targets are {y.shape} but outputs are {p.shape}; give both the same shape [..., k].")
    if p.shape[-1] == 1:
        right = jnp.where(y > 0.5, p > 0.5, p <= 0.5)[..., 0]
    else:
        right = (jnp.argmax(y, axis=-1) == jnp.argmax(p, axis=-1)) & ~jnp.any(jnp.isnan(p), axis=-1)
    return right.astype(p.dtype)


METRICS: dict[str, Loss] = {**LOSSES, "accuracy": accuracy}

_DEFAULTS = {"classification": ("accuracy",), "regression": ("mean_squared_error", "mean_absolute_error")}


def default_metrics(task: str, model_kind: str) -> tuple[str, ...]:
    """Name the usual metrics; a reconstruction always gets both MSE and BCE, so that losses can be compared.

    Args:
      task: "classification" or "regression"; anything else is reconstruction.
      model_kind: an autoencoder means reconstruction, whatever the task of the data.
    """
    reconstruction = ("mean_squared_error", "binary_crossentropy")
    return reconstruction if model_kind in AUTOENCODERS else _DEFAULTS.get(task, reconstruction)


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """Count examples by true class (rows) and predicted class (columns): [n], [n] -> int64 [classes, classes].

    Raises:
      UserError: unequal shapes, or an index that is no class.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.shape != predictions.shape or labels.ndim != 1:
        raise UserError(f"Labels are {labels.shape} and predictions {predictions.shape}; both must be [n].")
    both = np.concatenate([labels, predictions])
    if both.size and (both.min() < 0 or both.max() >= num_classes):
        raise UserError(f"Class indices {both.min()} to {both.max()} were found, but 0 to {num_classes - 1} expected.")
    cells = labels.astype(np.int64) * num_classes + predictions
    return np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)


def is_maximised(name: str) -> bool:
    """Whether the highest value of a metric, of any part, is the best: of accuracies; of all others the lowest is."""
    return "accuracy" in name

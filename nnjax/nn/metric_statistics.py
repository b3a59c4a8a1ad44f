"""Per-example statistics of metrics, and values from their sums: F1, recall, ROC AUC, R², calibration.

Statistics take targets y and outputs p, both [b, k] (classes one-hot, or [b, 1] for two with one output; other than the
last axis any), and give [b, ...]. Their sums over a part, weighted by the examples, are all that a value needs, so that
a part is read in batches of any size and on any number of devices.
"""

import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Float, Scalar
from nnjax.nn.loss_record import Outputs, PerExample, require_equal_shapes

AUC_BINS, AUC_REACH, AUC_SMALLEST = 1024, 40.0, 1e-7
CALIBRATION_BINS = 15
Counts = Float[Array, "..."]


def accuracy(y: Outputs, p: Outputs) -> PerExample:
    """Compare predicted with true classes: y, p [..., k] -> 1 where right, else 0, [...] in p's dtype.

    For k > 1 the largest outputs must be at the same place (the first one counts in a tie); for k = 1 both must lie on
    the same side of .5. NaN outputs are wrong, whatever y is.

    Raises:
      UserError: unequal shapes.
    """
    require_equal_shapes(y, p)
    if p.shape[-1] == 1:
        right = jnp.where(y > 0.5, p > 0.5, p <= 0.5)[..., 0]
    else:
        right = (jnp.argmax(y, axis=-1) == jnp.argmax(p, axis=-1)) & ~jnp.any(jnp.isnan(p), axis=-1)
    return right.astype(p.dtype)


def squared_error(y: Outputs, p: Outputs) -> PerExample:
    """Return the mean square of an example's errors."""
    require_equal_shapes(y, p)
    return jnp.mean(jnp.square(y - p), axis=-1)


def root_of_mean(sums: Counts, total: Scalar) -> Scalar:
    """Return the root of the mean over the examples."""
    return jnp.sqrt(sums / total)


def moments(y: Outputs, p: Outputs) -> Counts:
    """Return y, y² and (y - p)² of each target: [..., k, 3]."""
    require_equal_shapes(y, p)
    return jnp.stack([y, jnp.square(y), jnp.square(y - p)], axis=-1)


def explained(sums: Counts, total: Scalar) -> Scalar:
    """Return R² = 1 - Σ(y - p)² / Σ(y - mean)², averaged over the targets.

    As in scikit-learn a target that is constant counts 1 where it is met exactly, else 0.
    """
    first, second, errors = sums[..., 0], sums[..., 1], sums[..., 2]
    spread = jnp.maximum(second - jnp.square(first) / total, 0)
    rounding = 4 * np.finfo(np.dtype(sums.dtype)).eps * second  # of a constant target nothing else is left
    ratio = 1 - errors / jnp.where(spread > rounding, spread, 1)
    return jnp.mean(jnp.where(spread > rounding, ratio, (errors == 0).astype(sums.dtype)))


def class_counts(y: Outputs, p: Outputs) -> Counts:
    """Return for each class whether it was found rightly, predicted, there: 0 or 1, [..., classes, 3].

    One output is two classes, told apart at .5. NaN outputs predict no class.
    """
    require_equal_shapes(y, p)
    there, predicted = _one_hot(y), _one_hot(p)
    return jnp.stack([there * predicted, predicted, there], axis=-1)


def _one_hot(values: Outputs) -> Counts:
    """Mark the class of each row: [..., classes]."""
    if values.shape[-1] == 1:
        hot = jnp.concatenate([values <= 0.5, values > 0.5], axis=-1)
    else:
        hot = jnp.argmax(values, axis=-1, keepdims=True) == jnp.arange(values.shape[-1]).reshape(
            (1,) * (values.ndim - 1) + (-1,)
        )
        hot &= ~jnp.any(jnp.isnan(values), axis=-1, keepdims=True)
    return hot.astype(values.dtype)


def f1_by_class(sums: Counts) -> Counts:
    """Return the harmonic mean of precision and recall, [classes]; 0 for a class that is nowhere."""
    right, predicted, there = sums[..., 0], sums[..., 1], sums[..., 2]
    return _ratio(2 * right, predicted + there)


def recall_by_class(sums: Counts) -> Counts:
    """Return the share of each class's examples that was found, [classes]."""
    return _ratio(sums[..., 0], sums[..., 2])


def precision_by_class(sums: Counts) -> Counts:
    """Return the share of each class's predictions that was right, [classes]."""
    return _ratio(sums[..., 0], sums[..., 1])


def _ratio(of: Counts, by: Counts) -> Counts:
    return jnp.where(by > 0, of / jnp.where(by > 0, by, 1), 0)


def mean_of_known(values: Counts, sums: Counts) -> Scalar:
    """Average over the classes that are there or predicted (as scikit-learn's "macro" does)."""
    return _mean_where(values, sums[..., 1] + sums[..., 2] > 0)


def mean_of_present(values: Counts, sums: Counts) -> Scalar:
    """Average over the classes that are there."""
    return _mean_where(values, sums[..., 2] > 0)


def _mean_where(values: Counts, mask: Array) -> Scalar:
    return jnp.sum(jnp.where(mask, values, 0)) / jnp.sum(mask).astype(values.dtype)


def ranks(y: Outputs, p: Outputs) -> Counts:
    """Return a histogram of each example's score, by its class: 0 or 1, [..., bins, 2].

    The bins are even on a scale that is log(p / (1 - p)) within (0, 1) and goes on to all numbers, so that no share of
    them is too fine for scores near 0 or 1, nor lost for outputs that are no probabilities (further away from 0 and 1
    those that differ by less than a twentieth may be ties).
    """
    require_equal_shapes(y, p)
    if p.shape[-1] > 2:
        raise UserError(f"roc_auc compares two classes, but there are {p.shape[-1]}: use f1 or balanced_accuracy.")
    score, positive = p[..., -1], y[..., -1] > 0.5
    place = jnp.arcsinh(score / AUC_SMALLEST) - jnp.arcsinh((1 - score) / AUC_SMALLEST)
    share = jnp.clip(place / (2 * AUC_REACH) + 0.5, 0, 1)
    index = jnp.minimum((share * AUC_BINS).astype(jnp.int32), AUC_BINS - 1)
    hot = index[..., None] == jnp.arange(AUC_BINS, dtype=jnp.int32).reshape((1,) * index.ndim + (-1,))
    hot &= ~jnp.isnan(score)[..., None]
    by_class = jnp.stack([~positive, positive], axis=-1)
    return (hot[..., None] & by_class[..., None, :]).astype(p.dtype)


def area_under_curve(sums: Counts, total: Scalar) -> Scalar:
    """Return the area under the ROC curve; NaN where a class is missing. Scores in one bin count as ties."""
    negative, positive = sums[..., 0] / jnp.sum(sums[..., 0]), sums[..., 1] / jnp.sum(sums[..., 1])
    below = jnp.cumsum(negative) - negative
    return jnp.sum(positive * (below + negative / 2))


def confidence_gaps(y: Outputs, p: Outputs) -> Counts:
    """Return confidence - right, in the bin of the confidence: [..., bins].

    The confidence is the predicted class's probability (with one output p or 1 - p), in 15 even bins of [0, 1].
    """
    confidence = jnp.maximum(p, 1 - p)[..., 0] if p.shape[-1] == 1 else jnp.max(p, axis=-1)
    index = jnp.clip((confidence * CALIBRATION_BINS).astype(jnp.int32), 0, CALIBRATION_BINS - 1)
    hot = index[..., None] == jnp.arange(CALIBRATION_BINS, dtype=jnp.int32).reshape((1,) * index.ndim + (-1,))
    return jnp.where(hot, (confidence - accuracy(y, p))[..., None], 0)


def calibration_error(sums: Counts, total: Scalar) -> Scalar:
    """Return the expected calibration error (Naeini et al. 2015; Guo et al. 2017, eq. 3)."""
    return jnp.sum(jnp.abs(sums)) / total

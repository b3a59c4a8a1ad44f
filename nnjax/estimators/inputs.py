"""Read what scikit-learn passes: inputs, targets and weights, checked by scikit-learn's own rules and in its words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, column_or_1d, validate_data

from nnjax.core.types import Dataset, Float, Num, Prepared
from nnjax.data import scaling

SMALL = 512  # numbers of examples up to here are padded to a power of two, larger ones by at most an eighth
LEAST = 64


class Examples(NamedTuple):
    """Checked examples."""

    x: Float[np.ndarray, "n d"]  # [n, d] float32
    y: Num[np.ndarray, "n ..."] | None  # class indices int32 [n], numbers float64 [n, k], or None
    weights: Float[np.ndarray, " n"] | None = None  # [n] float32, above 0; None where all count alike
    classes: np.ndarray | None = None  # the labels of the classes, sorted; None of a regression
    single: bool = True  # whether the targets were given as [n], not as [n, k]
    mean_weight: float = 1.0  # what the weights were divided by

    def labels(self) -> np.ndarray:
        """Return the labels of the classes."""
        assert self.classes is not None
        return self.classes

    def numbers(self) -> Float[np.ndarray, "n k"]:
        """Return the targets of a regression."""
        assert self.y is not None
        return self.y

    def take(self, rows: np.ndarray) -> Examples:
        """Return some of the examples, by index or by a mask."""
        y, w = (None if array is None else array[rows] for array in (self.y, self.weights))
        return self._replace(x=self.x[rows], y=y, weights=w)


def read_inputs(estimator: Any, X: Any, reset: bool) -> Float[np.ndarray, "n d"]:
    """Check inputs as scikit-learn does; where some are not finite, the first one's column and row are named."""
    return _checked(estimator, X, reset=reset)


def read_classes(
    estimator: Any, X: Any, y: Any, sample_weight: Any, class_weight: Any, known: np.ndarray | None = None
) -> Examples:
    """Check the examples of a classification.

    Args:
      estimator: whose names and width of features are set.
      X, y: [n, d] and [n].
      sample_weight: [n], or None.
      class_weight: as scikit-learn takes it.
      known: the classes of an earlier fit, among which the labels must be; None for those that there are.

    Raises:
      ValueError: as scikit-learn words it.
    """
    x, y = _checked(estimator, X, y, reset=known is None)
    check_classification_targets(y)
    labels = column_or_1d(y, warn=True)
    classes, indices = np.unique(labels, return_inverse=True)
    if known is not None:
        if not set(classes.tolist()) <= set(known.tolist()):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously "
                f"got {known}, `y` has {classes}"
            )
        classes, indices = known, np.searchsorted(known, labels)
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs samples of at least 2 classes in the data, but the data contains only "
            f"one class: {classes.tolist()[0]!r}"
        )
    weights = _weights(sample_weight, x)
    if class_weight is not None:
        weights = compute_sample_weight(class_weight, labels) * (1 if weights is None else weights)
    return without_zeros(Examples(x, indices.astype(np.int32), weights, classes))


def read_numbers(estimator: Any, X: Any, y: Any, sample_weight: Any, reset: bool = True) -> Examples:
    """Check the examples of a regression, of one or several targets; arguments as `read_classes`."""
    x, y = _checked(estimator, X, y, multi_output=True, y_numeric=True, reset=reset)
    single = y.ndim == 1 or y.shape[1] == 1
    targets = (column_or_1d(y, warn=True)[:, None] if single else y).astype(np.float64)
    return without_zeros(Examples(x, targets, _weights(sample_weight, x), single=single))


def _checked(estimator: Any, X: Any, *targets: Any, **options: Any) -> Any:
    """Check inputs, and targets where given, by scikit-learn's rules."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # of numbers that float32 does not hold, as is said
            return validate_data(estimator, X, *targets, dtype=np.float32, order="C", **options)
    except ValueError as error:
        raise _located(error, X) from None


def _weights(sample_weight: Any, x: np.ndarray) -> Float[np.ndarray, " n"] | None:
    if sample_weight is None:
        return None
    weights = _check_sample_weight(sample_weight, x, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights


def without_zeros(examples: Examples) -> Examples:
    """Leave out examples of weight 0, and bring weights to a mean of 1, or to None where all are alike."""
    if examples.weights is None:
        return examples
    examples = examples.take(examples.weights > 0)
    weights = np.asarray(examples.weights, np.float64)
    mean = float(weights.mean())
    alike = bool((weights == weights[0]).all())
    return examples._replace(weights=None if alike else (weights / mean).astype(np.float32), mean_weight=mean)


def _located(error: ValueError, X: Any) -> ValueError:
    """Add to an error about numbers that are not finite where the first one is."""
    if "contains NaN" not in str(error) and "contains infinity" not in str(error):
        return error
    try:
        names = [str(name) for name in getattr(X, "columns", ())]
        values = np.asarray(X, np.float64)
        row, column = np.argwhere(~(np.abs(values) <= np.finfo(np.float32).max))[0]
    except (TypeError, ValueError, IndexError):
        return error
    name = repr(names[column]) if names else str(column)
    return ValueError(f"{error}\nThe first of them is in column {name}, row {row} (counted from 0).")


def prepare(
    examples: Examples, validation: float | None, seed: int, shape: tuple[int, ...] = (), labels: Sequence[str] = ()
) -> Prepared:
    """Make the data of a population: all examples train, but a share of them that validates.

    Args:
      examples: of one estimator; targets as the network learns them.
      validation: the share; None for none.
      seed: draws it, as scikit-learn's `train_test_split`, of each class where that can be.
      shape: of one example; () for [d].
      labels: names of the classes.
    """
    x, y = examples.x, examples.y
    n = len(x)
    train, validated = np.arange(n, dtype=np.int32), np.zeros(0, np.int32)
    if validation is not None:
        train, validated = _divided(examples, validation, seed)
    task = "none" if y is None else "classification" if examples.classes is not None else "regression"
    width = 0 if y is None or y.ndim == 1 else y.shape[1]
    dataset = Dataset(
        name="the estimator's examples",
        source="scikit-learn",
        x=x,
        y=y if y is None or y.dtype == np.int32 else y.astype(np.float32),
        task=task,
        sha256="",
        classes=tuple(labels),
        targets=tuple(f"y{i}" for i in range(width)),
        shape=shape,
        weights=examples.weights,
    )
    same = scaling.identity()
    return Prepared(
        dataset, train, validated, train[:0], same, same, room=(room(n), room(len(train)), room(len(validated)))
    )


def _divided(examples: Examples, validation: float, seed: int) -> list[np.ndarray]:
    """Return the rows that train and those that validate, as scikit-learn's networks divide them."""
    rows, y = np.arange(len(examples.x), dtype=np.int32), None
    if examples.classes is not None and np.bincount(examples.y).min() > 1:  # type: ignore[arg-type]
        y = examples.y if np.ceil(validation * len(rows)) >= len(examples.classes) else None
    parts = train_test_split(rows, test_size=validation, random_state=seed, stratify=y)
    if len(parts[1]) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return parts


def room(n: int) -> int:
    """Round a number of examples up, so that one compiled program serves data sets of similar sizes."""
    if n == 0:
        return 0
    if n <= SMALL:
        return max(LEAST, 1 << (n - 1).bit_length())
    step = 1 << (n.bit_length() - 4)
    return -(-n // step) * step


@dataclasses.dataclass(frozen=True)
class TargetScale:
    """The affine map that standardizes targets [n, k], fitted on training examples."""

    mean: np.ndarray  # mean, scale: [k] float64
    scale: np.ndarray

    @classmethod
    def fit(cls, y: np.ndarray, weights: np.ndarray | None, wanted: bool) -> TargetScale:
        """Fit it; nothing changes where it is not wanted."""
        if not wanted:
            return cls(np.zeros(y.shape[1]), np.ones(y.shape[1]))
        mean = np.average(y, axis=0, weights=weights)
        scale = np.sqrt(np.average((y - mean) ** 2, axis=0, weights=weights))
        return cls(mean, np.where(scale > 0, scale, 1.0))

    def __call__(self, y: np.ndarray) -> np.ndarray:
        """Scale targets [n, k]."""
        return (y - self.mean) / self.scale

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """Undo the scaling of outputs [n, k]."""
        return z * self.scale + self.mean

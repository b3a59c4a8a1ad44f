"""Split curves of different lengths into arrays without gaps, one for all trials of one length."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from nnjax.core.errors import UserError
from nnjax.diagnosis.features import interpolate, smallest_step
from nnjax.diagnosis.types import Curves, TrainingContext

NAMES = ("train_loss", "train_loss_eval", "val_loss", "train_accuracy", "val_accuracy")
LOSSES = NAMES[:3]
HUGE = 1e100  # a loss beyond this is as good as infinite; squares of what lies below are still finite


@dataclasses.dataclass(frozen=True, eq=False)
class AlignedCurves:
    """The curves of g trials that all have t epochs, NaN throughout where a curve is not known."""

    trials: np.ndarray  # [g]; their rows in the `Curves` they come from
    train_loss: np.ndarray  # train_loss, train_loss_eval, val_loss, train_accuracy, val_accuracy: [g, t]
    train_loss_eval: np.ndarray
    val_loss: np.ndarray
    train_accuracy: np.ndarray
    val_accuracy: np.ndarray
    diverged_at: np.ndarray  # [g]; the first epoch (from 1) whose loss is not finite; NaN if there is none
    # of each loss, [g]; whether it is 0 throughout: it was not measured, and counts as not known
    all_zero: dict[str, np.ndarray]
    of_accuracy: np.ndarray  # [g]; whether no loss is known: the losses are then errors, 1 - accuracy


def checked(curves: Curves) -> dict[str, np.ndarray]:
    """Return the known curves as float64 arrays [m, t], a trial's from [t]; UserError for no numbers, other shapes."""
    out = {}
    for name in NAMES:
        values = getattr(curves, name)
        if values is None:
            continue
        try:
            array = np.asarray(values, dtype=float)
        except (TypeError, ValueError):
            raise UserError(f"{name} is not an array of numbers; [trial, epoch] was expected.") from None
        out[name] = array[None] if array.ndim == 1 else array
    shapes = {name: array.shape for name, array in out.items()}
    if any(len(shape) != 2 for shape in shapes.values()) or len(set(shapes.values())) > 1:
        found = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
        raise UserError(f"The curves have the shapes {found}; the same [trial, epoch] was expected of all.")
    if not out:
        raise UserError("There is no curve: at least one of train_loss, train_loss_eval and val_loss was expected.")
    return out


def per_trial(contexts: TrainingContext | Sequence[TrainingContext] | None, m: int) -> list[TrainingContext]:
    """Return each of m trials its context; UserError if there are more or fewer."""
    if contexts is None or isinstance(contexts, TrainingContext):
        return [contexts or TrainingContext()] * m
    if len(contexts) != m:
        raise UserError(
            f"There are {len(contexts)} contexts, but {m} trials: one for each, or one for all, was expected."
        )
    return list(contexts)


def own_epochs(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Count the epochs [m] that each trial has: up to the last of which any curve knows something.

    A trial alone has as many as its arrays: nothing longer makes them so long.
    """
    some = ~np.all([np.isnan(array) for array in arrays.values()], axis=0)
    m, t = some.shape
    if m == 1:
        return np.array([t])
    return np.where(some.any(axis=1), t - np.argmax(some[:, ::-1], axis=1), 0) if t else np.zeros(m, int)


def align(curves: Curves) -> Iterator[AlignedCurves]:
    """Split curves into groups of trials with as many epochs each, and fill what was not measured in between."""
    arrays = checked(curves)
    m = len(next(iter(arrays.values())))
    given = np.full(m, np.nan) if curves.diverged_at is None else np.asarray(curves.diverged_at, float).reshape(-1)
    if len(given) != m:
        raise UserError(f"diverged_at has {len(given)} entries, but there are {m} trials.")
    lengths = own_epochs(arrays)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        cut = {name: array[rows, :length] for name, array in arrays.items()}
        first = np.fmin(given[rows], _not_finite(cut))
        unknown = np.full((len(rows), length), np.nan)
        known = {name: interpolate(np.where(np.abs(y) > HUGE, np.nan, y)) for name, y in cut.items()}
        filled = _accuracies(dict.fromkeys(NAMES, unknown) | known)
        all_zero = _without_zeros(filled)
        of_accuracy = _errors_for_losses(filled, np.isnan(first))
        yield AlignedCurves(rows, **filled, diverged_at=first, all_zero=all_zero, of_accuracy=of_accuracy)


def _without_zeros(curves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Forget losses [g, t] that are 0 throughout, where another is not; say which they are, [g] each."""
    zero = {name: (curves[name] == 0).all(axis=1) & (curves[name].shape[1] > 0) for name in LOSSES}
    other = np.any([np.isfinite(curves[name]).all(axis=1) & ~zero[name] for name in LOSSES], axis=0)
    zero = {name: rows & other for name, rows in zero.items()}
    for name, rows in zero.items():
        curves[name] = np.where(rows[:, None], np.nan, curves[name])
    return zero


def _errors_for_losses(curves: dict[str, np.ndarray], finite: np.ndarray) -> np.ndarray:
    """Put 1 - accuracy [g, t] in the place of the losses where none is known; say where, [g]."""
    none = finite & np.all([np.isnan(curves[name]).all(axis=1) for name in LOSSES], axis=0)
    known = [np.isfinite(curves[name]).all(axis=1) & (curves[name].shape[1] > 0) for name in NAMES[3:]]
    none &= known[0] | known[1]
    for loss, accuracy in (("train_loss", "train_accuracy"), ("val_loss", "val_accuracy")):
        error = 1 - curves[accuracy]
        step = smallest_step(error)[:, None]  # no example counts as half of one, so that the error has a logarithm
        error = np.where(np.isfinite(step), np.maximum(error, step / 2), error)
        curves[loss] = np.where(none[:, None], error, curves[loss])
    return none


def _not_finite(cut: dict[str, np.ndarray]) -> np.ndarray:
    """Find the first epoch (from 1) at which a loss is infinite, or from which on it is not a number; NaN if none."""
    found = np.full(len(next(iter(cut.values()))), np.nan)
    for name in LOSSES:
        if name not in cut or not cut[name].shape[1]:
            continue
        y = cut[name]
        t = y.shape[1]
        infinite = np.abs(y) > HUGE
        known = ~np.isnan(y)
        if len(y) == 1 and not any(np.isfinite(cut[one]).any() for one in cut):
            return np.fmin(found, 1.0)  # nothing else was written either
        end = np.where(known.any(axis=1), t - np.argmax(known[:, ::-1], axis=1), t)  # epochs up to the last number
        regular = known.sum(axis=1) > 0.9 * end  # a loss measured now and then does not end because it is not measured
        tail = np.where(regular & (end < t), end + 1.0, np.nan)
        found = np.fmin(found, np.where(infinite.any(axis=1), infinite.argmax(axis=1) + 1.0, tail))
    return found


def _accuracies(curves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Bring accuracies in per cent to shares; what is neither is not known."""
    for name in NAMES[3:]:
        y = curves[name]
        top = y.max(axis=1, keepdims=True, initial=-np.inf)
        low = y.min(axis=1, keepdims=True, initial=np.inf)
        scaled = np.where((top > 1.5) & (top <= 100), y / 100, y)
        curves[name] = np.where((low >= 0) & (top <= 100), scaled, np.nan)
    return curves

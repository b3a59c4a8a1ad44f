"""Fit the scaler of the inputs; in tables, treat constant inputs and inputs of 0 or 1 apart."""

import numpy as np

from nnjax.core.types import Dataset, Scaler
from nnjax.data import precision, scaling

SHOWN = 6  # inputs named one by one


def fit_inputs(dataset: Dataset, rows: np.ndarray, kind: str) -> tuple[Scaler, list[str]]:
    """Fit the scaler to the training rows; in a sentence each, what it leaves out and what merges.

    Of a table, inputs that stand for a category or a gap stay 0 or 1, and those that are constant in the training rows
    get a scale of 0: whatever other rows hold there, the network sees a constant.
    """
    scaler = scaling.fit(dataset.x, rows, kind, dataset.full_scale, dataset.parts)
    if dataset.parts:
        return scaler, []
    if dataset.image_shape is not None or not isinstance(dataset.x, np.ndarray) or not dataset.features:
        return scaler, []
    x = dataset.x[rows]
    constant = x.min(axis=0) == x.max(axis=0)
    flags = _flags(dataset)
    if kind not in ("standard", "minmax"):
        flags[:] = False
    if dataset.recipe is None and kind not in ("standard", "minmax"):
        constant[:] = False  # of arrays that are not scaled the network gets what they hold
    mean, scale = (np.broadcast_to(part, constant.shape).copy() for part in scaler)
    mean[flags], scale[flags] = 0, 1
    mean[constant], scale[constant] = x[0, constant], 0
    changed = flags.any() or constant.any()
    return (Scaler(mean, scale) if changed else scaler), [
        *_constants(dataset, constant),
        *_merging(dataset, scaler, kind),
    ]


def merging_targets(dataset: Dataset, kind: str) -> list[str]:
    """Say which targets lose distinct numbers because they are cast to float32 unscaled."""
    if dataset.y is None or dataset.y.dtype != np.float64 or kind in ("standard", "minmax"):
        return []
    lost = [name for i, name in enumerate(dataset.targets) if precision.merges(dataset.y[:, i])]
    return [f"Distinct targets {name!r} merge in float32: scale them (data.target_scaling=standard)." for name in lost]


def _flags(dataset: Dataset) -> np.ndarray:
    """Find the inputs [d] that are 0 or 1 by themselves: one for a category, or for a gap."""
    if dataset.recipe is None:
        return np.zeros(dataset.x.shape[1], bool)
    flags = []
    for column in dataset.recipe.columns:
        flags += [column.kind in ("category", "boolean")] * (len(column.inputs) - column.missing_input)
        flags += [True] * column.missing_input
    return np.array(flags)


def _constants(dataset: Dataset, constant: np.ndarray) -> list[str]:
    names = [name for name, same in zip(dataset.features, constant, strict=True) if same]
    if not names:
        return []
    shown = ", ".join(map(repr, names[:SHOWN])) + (f" and {len(names) - SHOWN} others" if len(names) > SHOWN else "")
    what = "Inputs that do" if len(names) > 1 else "An input that does"
    return [f"{what} not vary in the training part {'are' if len(names) > 1 else 'is'} left out: {shown}."]


def _merging(dataset: Dataset, scaler: Scaler, kind: str) -> list[str]:
    """Say which columns lose distinct numbers because they are cast to float32 unscaled."""
    if not scaler.wide or kind in ("standard", "minmax"):
        return []
    lost = [name for i, name in enumerate(dataset.features) if precision.merges(np.asarray(dataset.x[:, i]))]
    return [
        f"Distinct numbers of {name!r} merge in float32: scale them first (data.scaling=standard)."
        for name in lost[:SHOWN]
    ]

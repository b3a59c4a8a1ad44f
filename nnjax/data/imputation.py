"""Fill in missing cells of a table by what the training part says."""

import dataclasses
from collections.abc import Callable

import numpy as np

from nnjax.core.columns import Column, TableRecipe
from nnjax.core.errors import UserError
from nnjax.core.types import Dataset


def fit(dataset: Dataset, rows: np.ndarray, policy: str) -> Dataset:
    """Fit what fills in missing cells to the training rows, and fill them in.

    Args:
      dataset: with a recipe; x may have NaN.
      rows: indices of the training examples.
      policy: "mean", "median", "most_frequent" or "indicator" (the mean); categories get the most frequent one, or with
        "indicator" none of them. Others change nothing.

    Returns:
      The data set without NaN, and with the recipe that fills in new rows.
    """
    recipe = dataset.recipe
    if recipe is None or policy not in ("mean", "median", "most_frequent", "indicator"):
        return dataset
    x = np.asarray(dataset.x[:])
    fitted, start = [], 0
    for column in recipe.columns:
        width = len(column.inputs)
        part = x[rows, start : start + width].astype(np.float64)
        fitted.append(dataclasses.replace(column, fill=_fill(column, part[:, : width - column.missing_input], policy)))
        start += width
    recipe = dataclasses.replace(recipe, columns=tuple(fitted))
    return dataclasses.replace(dataset, recipe=recipe, x=apply(recipe, x, dataset.name))


def apply(
    recipe: TableRecipe, x: np.ndarray, name: str, where: Callable[[int], str] = lambda row: f"row {row + 1}"
) -> np.ndarray:
    """Fill in the missing cells of coded rows x [n, d]; UserError if training has nothing to fill in."""
    out, start = x.copy(), 0
    for column in recipe.columns:
        own = out[:, start : start + len(column.inputs) - column.missing_input]
        gone = np.isnan(own)
        if gone.any() and not column.fill:
            rows = gone.any(axis=1)
            raise UserError(
                f"The column {column.name!r} of {name} has {int(rows.sum())} missing cells, the first in "
                f"{where(int(np.argmax(rows)))}, but nothing fills them in: complete them, or train with "
                "data.missing=mean."
            )
        if column.fill:
            np.copyto(own, np.asarray(column.fill, out.dtype), where=gone)
        start += len(column.inputs)
    return out


def mark_missing(recipe: TableRecipe, x: np.ndarray) -> np.ndarray:
    """Return coded rows x [n, d] where a cell with NaN in one of its inputs has it in all, and 1 where that is one."""
    out, start = x.copy(), 0
    for column in recipe.columns:
        end = start + len(column.inputs)
        own = out[:, start : end - column.missing_input]
        gone = np.isnan(own).any(axis=1)
        own[gone] = np.nan
        if column.missing_input:
            out[gone, end - 1] = 1
        start = end
    return out


def _fill(column: Column, values: np.ndarray, policy: str) -> tuple[float, ...]:
    """Compute what stands for a missing cell, from the values [n, inputs] of a column in the training part."""
    there = values[~np.isnan(values).any(axis=1)]
    if not len(there):
        return (0.0,) * values.shape[1]
    if column.kind == "category":
        most = np.zeros(values.shape[1])
        most[there.sum(axis=0).argmax()] = policy != "indicator"
        return tuple(most.tolist())
    if policy == "median":
        return (float(np.median(there)),)
    if policy == "most_frequent" or column.kind == "boolean":
        found, counts = np.unique(there, return_counts=True)
        return (float(found[counts.argmax()]),)
    return (float(there.mean()),)

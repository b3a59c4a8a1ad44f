"""Prepare data for training: load, split, fit the scalers."""

from collections.abc import Mapping

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import AUTO, DataConfig
from nnjax.core.types import Dataset, Prepared, Scaler
from nnjax.data import imputation, repeated_rows, scaling, sources, tables, target_remarks, time_splits
from nnjax.data.config_values import checked
from nnjax.data.input_scaling import fit_inputs, merging_targets
from nnjax.data.split_sizes import Split
from nnjax.data.splits import split


def prepare(config: DataConfig, batch_size: int | None = None) -> Prepared:
    """Load, split and fit the scalers, as the configuration says.

    Args:
      config: which data, how split and scaled.
      batch_size: refuse fewer training examples than this; None checks nothing.

    Raises:
      UserError: see `load` and `prepare_loaded`, or a value of `config` that no data make possible.
    """
    config = checked(config)
    dataset = sources.load_config(config)
    return prepare_loaded(dataset, config, batch_size)


def prepare_loaded(dataset: Dataset, config: DataConfig, batch_size: int | None = None) -> Prepared:
    """Split a data set that is already loaded and fit the scalers on its training part.

    Args:
      dataset: from `load` or `from_arrays`.
      config: its fields limit, validation, test, stratify, split_seed, groups, split, missing, scaling and
        target_scaling; name, data_dir, task and window are not used.
      batch_size: refuse fewer training examples than this; None checks nothing.

    Raises:
      UserError: an impossible split, an unknown scaling, or fewer training examples than a batch.
    """
    config = checked(config)
    dataset = tables.read_again(dataset, config)
    parts = split_dataset(dataset, config)
    if batch_size is not None and len(parts.train) < batch_size:
        raise UserError(
            f"{dataset.name} leaves {len(parts.train):,} training examples, fewer than a batch of {batch_size:,}: make "
            "batch_size smaller, or limit, validation and test such that more are left."
        )
    said = (*time_splits.describe(config, _dates(dataset, config)), *repeated_rows.remarks(dataset, parts))
    said += target_remarks.remarks(dataset, parts)
    dataset = imputation.fit(dataset, parts.train, config.missing)
    x_scaler, remarks = fit_inputs(dataset, parts.train, scaling.kind_for(dataset, config.scaling))
    y_scaler = _fit_targets(dataset, parts.train, config.target_scaling)
    said += (*remarks, *merging_targets(dataset, config.target_scaling))
    return Prepared(dataset, *parts, x_scaler, y_scaler, (*dataset.said, *said))


def split_dataset(dataset: Dataset, config: DataConfig) -> Split:
    """Split a data set; errors as for `nnjax.data.splits.split`."""
    labels = dataset.y if dataset.task == "classification" else None
    ends = dataset.test_start, dataset.validation_start
    return split(len(dataset.x), config, labels, *ends, dataset.groups, _dates(dataset, config), dataset.classes)


def _dates(dataset: Dataset, config: DataConfig) -> Mapping[str, np.ndarray]:
    """Return the columns of times [n] by name, and the input that a split by time names."""
    name = time_splits.named_column(config.split)
    if name is None or name in dataset.dates or name not in dataset.features:
        return dataset.dates
    return {**dataset.dates, name: np.asarray(dataset.x[:])[:, dataset.features.index(name)].astype(np.float64)}


def _fit_targets(dataset: Dataset, rows: np.ndarray, kind: str) -> Scaler:
    if kind not in (AUTO, "none", "standard", "minmax"):
        raise UserError(f"target_scaling is {kind!r}, but none, standard or minmax was expected.")
    if kind in (AUTO, "none"):  # left open, as where nothing is trained
        return scaling.identity()
    if dataset.task != "regression" or dataset.y is None:
        raise UserError(f"target_scaling is {kind!r}, but {dataset.name} has no regression targets: set it to none.")
    return scaling.fit(dataset.y, rows, kind)

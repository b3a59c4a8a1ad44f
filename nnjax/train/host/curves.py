"""Extend the curves of trials by the epochs of a segment, and note which have stopped, diverged or ended."""

from collections.abc import Mapping

import numpy as np

from nnjax.core.experiment import TrialSpec
from nnjax.core.layer_statistics import LAYER_STATISTICS
from nnjax.core.types import Float
from nnjax.train.engine.curve_names import watched_curve
from nnjax.train.engine.device_data import float_type
from nnjax.train.layout.lane_batch import Group
from nnjax.train.storage.records import DIVERGED, DONE, RUNNING, STOPPED, Record, stop_epoch

Points = Mapping[str, Float[np.ndarray, "t ..."]]  # curve or signal -> values


def extend_record(record: Record, points: Points, step: int, spec: TrialSpec, group: Group, bad_step: int) -> None:
    """Append a segment's epochs to the record of a trial that runs.

    Args:
      record, spec, group: of the trial.
      points: {curve or signal: [epochs, ...]} of the epochs that ended in the segment.
      step: taken so far.
      bad_step: the first one whose loss was not finite, from 1; 0 while there is none.
    """
    if record.status != RUNNING:
        return
    before, per_epoch = record.epochs, group.steps_per_epoch
    for name, values in points.items():
        own = record.signals if name in LAYER_STATISTICS else record.curves
        own[name] = _extended(own.get(name, values[:0]), before, values)
    record.epochs = (bad_step - 1 if bad_step else step) // per_epoch
    watched = record.curves[watched_curve(record.curves)][: record.epochs]
    hyper = spec.experiment.hyperparameters
    lowest = getattr(getattr(spec.experiment.loss, "object", None), "lowest", None)
    stop = stop_epoch(watched.astype(float_type(spec.experiment)), hyper.patience, hyper.min_delta or 0.0, lowest)
    if stop is not None and stop < spec.experiment.epochs:
        record.status, record.epochs = STOPPED, stop
    elif bad_step:
        record.status = DIVERGED
        record.values["diverged_at_step"] = float(group.own_steps(spec, bad_step))
    elif step >= group.total_steps(spec):
        record.status = DONE
    record.curves = {name: curve[: record.epochs] for name, curve in record.curves.items()}
    record.signals = {name: values[: record.epochs] for name, values in record.signals.items()}


def _extended(known: np.ndarray, epochs: int, values: np.ndarray) -> np.ndarray:
    """Append the values of further epochs to those of `epochs` epochs, NaN where none were known."""
    gap = np.full((epochs - len(known), *known.shape[1:]), np.nan)
    return np.concatenate([known, gap, values])

"""Measure why trials broke (see `nnjax.train.engine.divergence_causes`), at the last weights that were well."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from nnjax.core.experiment import TrialSpec
from nnjax.models.model import Variables
from nnjax.train import distributed
from nnjax.train.engine import divergence_causes
from nnjax.train.engine.device_data import DeviceData
from nnjax.train.engine.trial import Trial
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.storage.records import DIVERGED, EXPLODED, Record

# A network that cannot be differentiated twice, or does not fit the memory then, has no curvature.
IMPOSSIBLE = (TypeError, ValueError, NotImplementedError, jax.errors.JaxRuntimeError)


def broke(record: Record) -> bool:
    """Whether a trial's loss is not finite any more, or has exploded."""
    train = record.curves.get("train_loss", np.zeros(0))
    return record.status == DIVERGED or (len(train) > 1 and bool(train[-1] > EXPLODED * abs(train[0])))


def note_causes(
    active: ActiveBatches, data: DeviceData, best: Variables, specs: Sequence[TrialSpec], records: Sequence[Record]
) -> None:
    """Measure the trials that broke, and write what is finite into their records.

    Args:
      active: where they are.
      data: on its devices.
      best: the weights of all rows, at their best epochs, or of before the first one.
      specs, records: those that have ended; all records.
    """
    broken = [spec for spec in specs if broke(records[spec.id])]
    if not broken or distributed.is_distributed():
        return
    measure, row_of = _measure(active.program.trial), active.row_of()
    numbers = distributed.fetch(active.hyper)
    for spec in broken:
        row = row_of[spec.id]
        hyper = {name: values[row] for name, values in numbers.items()}
        variables = jax.tree.map(lambda leaf, row=row: leaf[row], best)
        try:
            found = measure(hyper, np.uint32(spec.experiment.seed), variables, data)
        except IMPOSSIBLE:
            return
        rounded = {name: float(f"{float(value):.6g}") for name, value in found.items()}  # as it will be read again
        records[spec.id].values |= {name: value for name, value in rounded.items() if math.isfinite(value)}


@functools.lru_cache(maxsize=16)
def _measure(trial: Trial) -> Callable[..., Any]:
    """Compile the measurement for a program's trials."""
    alone = Trial(trial.experiment, trial.shapes) if trial.batch_axis is not None else trial
    return jax.jit(functools.partial(divergence_causes.measure, alone))

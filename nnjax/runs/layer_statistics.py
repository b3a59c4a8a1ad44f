"""Stack the signals of a run's trials into arrays [trial, epoch, layer], for signals.npz and back."""

from collections.abc import Mapping, Sequence

import numpy as np

from nnjax.core.experiment import TrialSpec
from nnjax.core.layer_statistics import LAYER_STATISTICS, LayerStatistics
from nnjax.models.summary import trained_layers
from nnjax.train.storage.records import Record

FILE = "signals.npz"
LAYERS = "layers"  # its array of names, beside one array a signal


def stack(specs: Sequence[TrialSpec], records: Sequence[Record]) -> LayerStatistics | None:
    """Stack the trials' signals, NaN where a trial has no such layer or past its epochs; None if there are none."""
    names = [list(trained_layers(spec.experiment.model)) for spec in specs]
    layers = tuple(dict.fromkeys(name for own in sorted(names, key=len, reverse=True) for name in own))
    if not any(record.signals for record in records):
        return None
    length = max(record.epochs for record in records)
    arrays = {name: np.full((len(specs), length, len(layers)), np.nan) for name in LAYER_STATISTICS}
    for row, (own, record) in enumerate(zip(names, records, strict=True)):
        columns = [layers.index(name) for name in own]
        for name, values in record.signals.items():
            arrays[name][row, : len(values), columns] = values.T
    return LayerStatistics(layers, **arrays)


def to_arrays(signals: LayerStatistics) -> dict[str, np.ndarray]:
    """Return the arrays of signals.npz."""
    return {LAYERS: np.array(signals.layers)} | {name: getattr(signals, name) for name in LAYER_STATISTICS}


def fill(arrays: Mapping[str, np.ndarray], specs: Sequence[TrialSpec], records: Sequence[Record]) -> None:
    """Return records of known epochs back their signals; LookupError or ValueError if they were changed."""
    layers = arrays[LAYERS].tolist()
    for number, (spec, record) in enumerate(zip(specs, records, strict=True)):
        columns = [layers.index(name) for name in trained_layers(spec.experiment.model)]
        own = {name: arrays[name][number, : record.epochs][:, columns] for name in LAYER_STATISTICS}
        record.signals = own if any(np.isfinite(values).any() for values in own.values()) else {}

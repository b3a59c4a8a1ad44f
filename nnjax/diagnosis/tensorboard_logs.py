"""Read learning curves from TensorBoard log folders."""

import pathlib

import numpy as np

from nnjax.core.errors import UserError
from nnjax.diagnosis import columns
from nnjax.diagnosis.columns import NOT_FINITE, Table
from nnjax.diagnosis.tensorboard_events import Scalars, read_events

PARTS = columns.TRAIN | set(columns.VALIDATION)  # folders of one run's parts (Keras: train, validation)


def read_logs(place: pathlib.Path) -> dict[str, Table]:
    """Read {run: {tag: [t]}} of a log folder, or of one event file.

    Keras writes a run's parts into the folders train and validation, which become part of the tag.

    Raises:
      UserError: there is no event file, or one is damaged.
    """
    files = [place] if place.is_file() else sorted(place.rglob("*.tfevents.*"))
    if not files:
        raise UserError(
            f"{place} holds neither TensorBoard event files nor an nnjax run; name such a folder, or a file."
        )
    runs: dict[str, Scalars] = {}
    for file in files:
        parts = list(file.relative_to(place).parts[:-1]) if place.is_dir() else []
        own = [part for part in parts if part.lower() in PARTS]
        run = "/".join(part for part in parts if part.lower() not in PARTS)
        for tag, values in read_events(file).items():
            runs.setdefault(run, {}).setdefault("/".join([*own, tag]), {}).update(values)
    tables = {run: _aligned({tag: runs[run][tag] for tag in columns.choose(runs[run]).values()}) for run in runs}
    return {run: table for run, table in tables.items() if table} or {"": {}}


def _aligned(scalars: Scalars) -> Table:
    """Bring scalars to the steps of the one with the fewest, averaging those in between, as a running mean does."""
    scalars = {tag: values for tag, values in scalars.items() if values}
    if not scalars:
        return {}
    fewest = min((sorted(values) for values in scalars.values()), key=len)
    return {tag: _averaged(values, fewest) for tag, values in scalars.items()}


def _averaged(values: dict[int, float], steps: list[int]) -> np.ndarray:
    own = np.array(sorted(values))
    numbers = np.array([values[step] for step in own])
    bins = np.minimum(np.searchsorted(steps, own), len(steps) - 1)
    out = np.full(len(steps), np.nan)
    for place in np.unique(bins):
        some = numbers[bins == place]
        out[place] = some.mean() if np.isfinite(some).all() else NOT_FINITE
    return out

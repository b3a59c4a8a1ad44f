"""Look up data sources by name, and load them."""

import dataclasses
import difflib
from pathlib import Path
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.experiment import ARRAYS, DataConfig
from nnjax.core.types import Dataset
from nnjax.data import bundled, idx, mnist, npy, npz, series, tables, tfds, toys
from nnjax.data.source_record import Request, Source

SOURCES: dict[str, Source] = {
    **bundled.SOURCES,
    **mnist.SOURCES,
    **toys.SOURCES,
    **series.SOURCES,
    **tables.SOURCES,
    **npz.SOURCES,
    **npy.SOURCES,
    **idx.SOURCES,
    **tfds.SOURCES,
}


def load(
    name: str,
    data_dir: str | None = None,
    target: str | None = None,
    task: str = "auto",
    stream: bool = False,
    config: DataConfig = DataConfig(),
) -> Dataset:
    """Load a data set by name.

    Args:
      name: a key of `SOURCES`, with what its record asks for after a colon: "mnist5k", "csv:houses.csv", "moons:500".
      data_dir: where to look first for files.
      target: the target column (csv), array (npz) or feature (tfds); None for the source's default.
      task: "classification" or "regression", where the source would guess it otherwise; "auto" lets it.
      stream: leave inputs on the disk and read them as needed, where the source can (tfds; npy does so always).
      config: its fields for tables (`nnjax.data.tables.FIELDS`).

    Returns:
      The examples, unscaled and not yet split. scikit-learn's digits are uint8 from 0 to 16, which `full_scale` says.

    Raises:
      UserError: an unknown name (the close ones are named), or data that are missing or bad.
    """
    source, kind, argument = find_source(name)
    if target is not None and not source.takes_target:
        able = ", ".join(kind for kind, source in SOURCES.items() if source.takes_target)
        raise UserError(f"{kind} has its own target, but target={target!r} was given: only {able} take one.")
    if not source.tabular:
        tables.refuse_fields(config, name)
    config = dataclasses.replace(config, target=target, task=task)
    request = Request(kind, argument, data_dir, target, None if task == "auto" else task, stream, config)
    return as_asked(dataclasses.replace(source.load(request), name=name), task)


def load_config(config: DataConfig) -> Dataset:
    """Load the data that a configuration names; errors as for `load`."""
    return load(config.name, config.data_dir, config.target, config.task, config.window is not None, config)


class Datasets:
    """Data sets by configuration, each loaded once.

    Args:
      given: the one that stands for all; None loads them by name.

    Raises:
      UserError: `given` is no data set.
    """

    def __init__(self, given: Dataset | None = None):
        if given is not None and not isinstance(given, Dataset):
            raise UserError(
                f"The data are of the type {type(given).__name__}, but a Dataset was expected: make one with "
                "nnjax.data.from_arrays(x, y)."
            )
        self.given = given
        self._loaded: dict[tuple[Any, ...], Dataset] = {}

    def __getitem__(self, config: DataConfig) -> Dataset:
        """Return the data set of a configuration; errors as for `load`, and where it is of another task."""
        if self.given is not None and self.given.reread is None:
            return as_asked(self.given, config.task)
        fields = (getattr(config, field) for field in tables.FIELDS)
        key = (config.name, config.data_dir, config.target, config.task, config.window is not None, *fields)
        if key not in self._loaded:
            self._loaded[key] = load_config(config) if self.given is None else tables.read_again(self.given, config)
        return self._loaded[key]


def as_asked(dataset: Dataset, task: str) -> Dataset:
    """Refuse a data set of another task than the one that was asked for."""
    if task not in ("auto", dataset.task):
        raise UserError(
            f"data.task is {task}, but {dataset.name} is {dataset.task}: leave data.task out, or give the task where "
            "the data are made (nnjax.from_arrays(x, y, task=…))."
        )
    return dataset


def find_source(name: str) -> tuple[Source, str, str]:
    """Find the source of a name, with the parts before and after its colon; UserError for an unknown name."""
    kind, colon, argument = name.partition(":")
    if name == ARRAYS:
        raise UserError("The data were passed as arrays and are not saved: pass them again, data=(x, y).")
    if kind not in SOURCES:
        raise UserError(f"There is no data set {name!r}: {_suggestion(name, kind, argument)}.")
    source = SOURCES[kind]
    needed = source.argument and not source.argument.startswith("[")
    if (needed or colon) and not (source.argument and argument):
        raise UserError(f"{name!r} is not complete, or has too much: write {source.pattern(kind)}.")
    return source, kind, argument


def _suggestion(name: str, kind: str, argument: str) -> str:
    readers = {ending: key for key, source in SOURCES.items() for ending in source.endings}
    reader = readers.get(Path(name).suffix.lower().lstrip("."))
    if reader:
        return f"for a file, write {reader}:{argument if kind.lower() in readers else name}"
    close = difflib.get_close_matches(kind.lower(), SOURCES, n=3, cutoff=0.5)
    listed = ", ".join(source.pattern(key) for key, source in SOURCES.items())
    return (f"did you mean {' or '.join(close)}? " if close else "") + f"The names are {listed}"

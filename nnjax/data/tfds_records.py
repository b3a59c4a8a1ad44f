"""Read records that TensorFlow Datasets has prepared, all of them or by index."""

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import logging

from nnjax.core.errors import UserError

BATCH = 256  # records read at a time


class Location(NamedTuple):
    """What TFDS calls a data set, and the folder in which it is prepared."""

    dataset: str
    folder: Path

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Silence TFDS's log (no OpenCV, folders skipped), and raise its errors as one sentence."""
        before = logging.get_verbosity()
        logging.set_verbosity(logging.ERROR)
        try:
            yield
        except Exception as error:  # its parts raise ValueError, AssertionError, NotImplementedError, RuntimeError, …
            reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise UserError(
                f"TensorFlow Datasets cannot read {self.dataset!r} in {self.folder} ({reason[:300]}): it must be "
                "prepared there with `--file_format=array_record`, under this name, config and version."
            ) from error
        finally:
            logging.set_verbosity(before)


class Records:
    """The inputs of a split, read from its files by index: one of the parts of `FileRows`.

    Args:
      split: a sequence of examples.
      keys: the features that make x.
      location: for messages.

    Attributes:
      names: of the columns; none for images.
      shape, dtype: of the inputs of all examples.
    """

    def __init__(self, split: Any, keys: Sequence[str], location: Location):
        self._split, self._keys, self._location = split, keys, location
        first, self.names = self._fetch(np.zeros(1, np.int64))
        self.shape, self.dtype = (len(split), *first.shape[1:]), first.dtype

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Fetch rows by index; UserError if the records cannot be read."""
        return self._fetch(rows)[0]

    def _fetch(self, rows: np.ndarray) -> tuple[np.ndarray, list[str]]:
        columns = read_columns([(self._split, rows)], set(self._keys), self._location)
        return join_inputs(self._keys, columns, self._location)


def read_columns(
    wanted: Sequence[tuple[Any, np.ndarray]], keys: Collection[str], location: Location
) -> dict[str, np.ndarray]:
    """Read some features of some examples of splits, by their indices: arrays [n, ...]."""
    lists: dict[str, list[Any]] = {key: [] for key in keys}
    with location.guard():
        for split, rows in wanted:
            for start in range(0, len(rows), BATCH):
                for example in map(flatten, split.__getitems__(rows[start : start + BATCH].tolist())):
                    for key, values in lists.items():
                        values.append(example[key])
    try:
        return {key: np.stack(values) for key, values in lists.items()}
    except ValueError:
        raise UserError(
            f"{location.dataset!r} has examples of different sizes in {', '.join(keys)}: one size was expected."
        ) from None


def join_inputs(
    keys: Sequence[str], columns: Mapping[str, np.ndarray], location: Location
) -> tuple[np.ndarray, list[str]]:
    """Join features to inputs x, and name the columns of x (images have no names)."""
    for key in (key for key in keys if columns[key].dtype.kind not in "buif"):
        raise UserError(f"The feature {key!r} of {location.dataset!r} is text, but inputs must be numbers or images.")
    if len(keys) == 1 and columns[keys[0]].dtype == np.uint8 and columns[keys[0]].ndim > 2:
        return columns[keys[0]], []
    blocks = {key: columns[key].reshape(len(columns[key]), -1) for key in keys}
    names = [key if part.shape[1] == 1 else f"{key}[{i}]" for key, part in blocks.items() for i in range(part.shape[1])]
    return np.concatenate(list(blocks.values()), axis=1), names


def flatten(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Make one dictionary of nested ones (of features, or of values): a/b is what lies in a under b."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat.update(flatten(value, f"{path}{key}/") if hasattr(value, "items") else {path + key: value})
    return flat

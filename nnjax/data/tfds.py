"""Data sets that TensorFlow Datasets has prepared on this machine, read without TensorFlow and without a download.

Reading needs the array_record or Parquet format (`tfds.data_source`); images are decoded with Pillow, or with OpenCV
where that is installed. The only module that imports tensorflow_datasets.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging

from nnjax.core.errors import UserError
from nnjax.core.types import Dataset
from nnjax.data.arrays import from_arrays
from nnjax.data.file_rows import StoredRows

POOLED = ("train", "validation")  # splits that training may draw on
BATCH = 256  # records read at a time


def places(data_dir: str | None = None) -> list[Path]:
    """The folders searched for prepared data sets: `data_dir`, `$TFDS_DATA_DIR`, `~/tensorflow_datasets`."""
    given = [data_dir, os.environ.get("TFDS_DATA_DIR"), "~/tensorflow_datasets"]
    return list(dict.fromkeys(Path(text).expanduser() for text in given if text))


def find(dataset: str, data_dir: str | None = None) -> Path | None:
    """The first place where the data set ("mnist", "NAME/CONFIG:VERSION") is prepared in some version, or None."""
    folder = re.split("[/:]", dataset)[0]
    patterns = [f"{folder}/*/dataset_info.json", f"{folder}/*/*/dataset_info.json"] if folder else []
    found = (place for place in places(data_dir) if any(next(place.glob(pattern), None) for pattern in patterns))
    return next(found, None)


def load(
    dataset: str, name: str, data_dir: str | None = None, target: str | None = None, stored: bool = False
) -> Dataset:
    """A prepared data set.

    The splits "train" and "validation" are the pool, "test" is the test set, others are not used. The supervised keys
    that the data set declares say what x and y are; without them everything but the target is x.

    Args:
      dataset: what TFDS calls it, with config and version if need be ("NAME/CONFIG:1.0.0").
      name: what the data set is called here.
      data_dir: where to look first.
      target: the feature to predict, instead of the declared one ("none" for no target).
      stored: leave the inputs where they are and read records as they are needed (they are decoded anew each time).

    Raises:
      UserError: not prepared, not readable, or without features that make numbers.
    """
    place = find(dataset, data_dir)
    if place is None:
        folders = ", ".join(str(folder) for folder in places(data_dir))
        raise UserError(
            f"TensorFlow Datasets has not prepared {dataset!r} in {folders}: prepare it once where TensorFlow is "
            "installed, with `tfds build NAME --file_format=array_record`."
        )
    splits = _open(dataset, place)
    pools = [split for split in POOLED if split in splits]
    if not pools:
        raise UserError(
            f"{dataset!r} in {place} has the splits {', '.join(splits) or '(none)'}, but train was expected."
        )
    info = splits[pools[0]].dataset_info
    features = dict(sorted(_flatten(info.features).items()))  # TFDS gives them in another order at every start
    x_keys, y_key = _keys(info.supervised_keys, features, target, dataset)
    wanted = [splits[split] for split in [*pools, *(["test"] if "test" in splits else [])]]
    columns = _read(wanted, {*(() if stored else x_keys), *filter(None, [y_key])}, dataset, place)
    x: Any
    if stored:
        pieces = [Records(split, x_keys, dataset, place) for split in wanted]
        x, names = StoredRows(pieces), pieces[0].names
    else:
        x, names = _inputs(x_keys, columns, dataset)
    return from_arrays(
        x,
        columns[y_key] if y_key else None,
        name,
        source=str(info.data_dir),
        classes=_class_names(features[y_key]) if y_key else (),
        features=names,
        test_start=sum(len(splits[split]) for split in pools) if "test" in splits else None,
        validation_start=len(splits["train"]) if len(pools) == len(POOLED) else None,
        categories={key: _class_names(features[key]) for key in x_keys if _class_names(features[key])},
    )


def _open(dataset: str, place: Path) -> Mapping[str, Any]:
    """The splits by name, each a sequence of examples."""
    with _guarded(dataset, place):
        import tensorflow_datasets as tfds

        return tfds.data_source(dataset, data_dir=str(place), download=False)


def _keys(declared: Any, features: Mapping[str, Any], target: str | None, dataset: str) -> tuple[list[str], str | None]:
    """The features that make x, and the one that is y."""
    x_declared, y_declared = (declared[0], declared[1]) if declared else (None, None)
    y_key = None if target == "none" else target or y_declared
    if y_key is not None and not (isinstance(y_key, str) and y_key in features):
        raise UserError(
            f"{dataset!r} has no single feature {y_key!r} as its target: choose one of {', '.join(features)}."
        )
    leaves = _leaves(x_declared) if x_declared else list(features)
    x_keys = [key for key in features for leaf in leaves if key == leaf or key.startswith(f"{leaf}/")]
    if declared is None and target is None and len(features) > 1:
        raise UserError(
            f"{dataset!r} does not say which feature is its target: choose target from {', '.join(features)} or none."
        )
    if x_keys == [y_key]:  # declared as its own target, as autoencoders have it
        return x_keys, None
    return [key for key in x_keys if key != y_key], y_key


class Records:
    """The inputs of a split, as they lie in its files.

    Args:
      split: a sequence of examples.
      keys: the features that make x.
      dataset, place: for messages.

    Attributes:
      names: of the columns; none for images.
      shape, dtype: of the inputs of all examples.
    """

    def __init__(self, split: Any, keys: Sequence[str], dataset: str, place: Path):
        self._split, self._keys, self._dataset, self._place = split, keys, dataset, place
        first, self.names = self._fetch(np.zeros(1, np.int64))
        self.shape, self.dtype = (len(split), *first.shape[1:]), first.dtype

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Fetch rows by index.

        Raises:
          UserError: the records cannot be read.
        """
        return self._fetch(rows)[0]

    def _fetch(self, rows: np.ndarray) -> tuple[np.ndarray, list[str]]:
        columns = _columns([(self._split, rows)], set(self._keys), self._dataset, self._place)
        return _inputs(self._keys, columns, self._dataset)


def _read(splits: Sequence[Any], keys: set[str], dataset: str, place: Path) -> dict[str, np.ndarray]:
    """The wanted features of all examples, one split after the other: arrays [n, ...]."""
    return _columns([(split, np.arange(len(split))) for split in splits], keys, dataset, place)


def _columns(
    wanted: Sequence[tuple[Any, np.ndarray]], keys: set[str], dataset: str, place: Path
) -> dict[str, np.ndarray]:
    """The wanted features of some examples of splits, by their indices: arrays [n, ...]."""
    lists: dict[str, list[Any]] = {key: [] for key in keys}
    with _guarded(dataset, place):
        for split, rows in wanted:
            for start in range(0, len(rows), BATCH):
                for example in split.__getitems__(rows[start : start + BATCH].tolist()):
                    flat = _flatten(example)
                    for key, values in lists.items():
                        values.append(flat[key])
    try:
        return {key: np.stack(values) for key, values in lists.items()}
    except ValueError:
        raise UserError(
            f"{dataset!r} has examples of different sizes in {', '.join(keys)}: one size was expected."
        ) from None


def _inputs(keys: Sequence[str], columns: Mapping[str, np.ndarray], dataset: str) -> tuple[np.ndarray, list[str]]:
    """x, and the names of its columns (none for images)."""
    for key in keys:
        if columns[key].dtype.kind not in "buif":
            raise UserError(f"The feature {key!r} of {dataset!r} is text, but inputs must be numbers or images.")
    if len(keys) == 1 and columns[keys[0]].dtype == np.uint8 and columns[keys[0]].ndim > 2:
        return columns[keys[0]], []
    blocks = [columns[key].reshape(len(columns[key]), -1) for key in keys]
    names = [
        key if block.shape[1] == 1 else f"{key}[{i}]"
        for key, block in zip(keys, blocks, strict=True)
        for i in range(block.shape[1])
    ]
    return np.concatenate(blocks, axis=1), names


def _class_names(feature: Any) -> tuple[str, ...]:
    """The names of a ClassLabel; empty for other features."""
    return tuple(getattr(feature, "names", None) or ())


def _flatten(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Nested dictionaries (of features, or of values) as one, with a/b for what lies in a under b."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat.update(_flatten(value, f"{path}{key}/") if hasattr(value, "items") else {path + key: value})
    return flat


def _leaves(tree: Any) -> list[str]:
    """The feature names in a declaration: a name, or a nest of dictionaries and tuples of names."""
    if isinstance(tree, str):
        return [tree]
    parts = tree.values() if isinstance(tree, Mapping) else tree
    return [leaf for part in parts for leaf in _leaves(part)]


@contextlib.contextmanager
def _guarded(dataset: str, place: Path) -> Iterator[None]:
    """Keep TFDS's remarks (no OpenCV, folders passed over) off the screen, and make one sentence of its errors."""
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    except (
        Exception
    ) as error:  # whatever its parts raise: ValueError, AssertionError, NotImplementedError, RuntimeError
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise UserError(
            f"TensorFlow Datasets cannot read {dataset!r} in {place} ({reason[:300]}): it must be prepared there with "
            "`--file_format=array_record`, under this name, config and version."
        ) from error
    finally:
        logging.set_verbosity(before)

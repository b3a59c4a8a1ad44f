"""Load data sets that TensorFlow Datasets has prepared on this machine, without TensorFlow and without a download.

Reading needs the array_record or Parquet format (`tfds.data_source`); images are decoded with Pillow, or with OpenCV
where that is installed. The only module that imports tensorflow_datasets.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnjax.core.columns import Column, TableRecipe
from nnjax.core.errors import UserError
from nnjax.core.extras import require
from nnjax.core.types import Dataset
from nnjax.data import files
from nnjax.data.arrays import from_arrays
from nnjax.data.file_rows import FileRows
from nnjax.data.source_record import Source
from nnjax.data.tfds_records import Location, Records, flatten, join_inputs, read_columns

POOLED = ("train", "validation")  # splits that training may draw on


def places(data_dir: str | None = None) -> list[Path]:
    """List the folders searched for prepared data sets: `data_dir`, `$TFDS_DATA_DIR`, `~/tensorflow_datasets`."""
    return files.places(data_dir, "TFDS_DATA_DIR", "~/tensorflow_datasets")


def find(dataset: str, data_dir: str | None = None) -> Path | None:
    """Find the first folder in which the data set ("mnist", "NAME/CONFIG:VERSION") is prepared, or None."""
    folder = re.split("[/:]", dataset)[0]
    patterns = [f"{folder}/*/dataset_info.json", f"{folder}/*/*/dataset_info.json"] if folder else []
    found = (place for place in places(data_dir) if any(next(place.glob(pattern), None) for pattern in patterns))
    return next(found, None)


def load(
    dataset: str, name: str, data_dir: str | None = None, target: str | None = None, stream: bool = False
) -> Dataset:
    """Load a prepared data set.

    The splits "train" and "validation" are the pool, "test" is the test set, others are not used. The supervised keys
    that the data set declares say what x and y are; without them everything but the target is x.

    Args:
      dataset: what TFDS calls it, with config and version if need be ("NAME/CONFIG:1.0.0").
      name: what the data set is called here.
      data_dir: where to look first.
      target: the feature to predict, instead of the declared one ("none" for no target).
      stream: leave the inputs on the disk and read records as they are needed (they are decoded anew each time).

    Raises:
      UserError: not prepared, not readable, or without features that make numbers.
    """
    tfds = require("tensorflow_datasets", "nnjax[tfds]", f"The data set tfds:{dataset}")
    folder = find(dataset, data_dir)
    if folder is None:
        raise UserError(
            f"TensorFlow Datasets has not prepared {dataset!r} in {', '.join(map(str, places(data_dir)))}: prepare it "
            "once where TensorFlow is installed, with `tfds build NAME --file_format=array_record`."
        )
    location = Location(dataset, folder)
    with location.guard():
        splits = tfds.data_source(dataset, data_dir=str(folder), download=False)
    pools, test = ([name for name in names if name in splits] for names in (POOLED, ("test",)))
    if not pools:
        found = ", ".join(splits) or "(none)"
        raise UserError(f"{dataset!r} in {folder} has the splits {found}, but train was expected.")
    info = splits[pools[0]].dataset_info
    features = dict(sorted(flatten(info.features).items()))  # TFDS gives them in another order at every start
    x_keys, y_key = _keys(info.supervised_keys, features, target, dataset)
    chosen, y_keys = [splits[split] for split in pools + test], [y_key] if y_key else []
    wanted = y_keys if stream else [*x_keys, *y_keys]
    columns = read_columns([(split, np.arange(len(split))) for split in chosen], wanted, location)
    x: Any
    if stream:
        parts = [Records(split, x_keys, location) for split in chosen]
        x, names = FileRows(parts), parts[0].names
    else:
        x, names = join_inputs(x_keys, columns, location)
    return from_arrays(
        x,
        columns[y_key] if y_key else None,
        name,
        source=str(info.data_dir),
        classes=_class_names(features[y_key]) if y_key else (),
        features=names,
        test_start=sum(len(splits[split]) for split in pools) if test else None,
        validation_start=len(splits["train"]) if len(pools) == len(POOLED) else None,
        recipe=_recipe(names, features),
    )


def _recipe(names: Sequence[str], features: Mapping[str, Any]) -> TableRecipe | None:
    """Name the categories behind the codes of inputs; None where no input has some."""
    known = {name: _class_names(features[name]) for name in names if name in features}
    if not any(known.values()):
        return None
    columns = (Column(n, "ordered" if known.get(n) else "number", categories=known.get(n, ())) for n in names)
    return TableRecipe(tuple(columns), tuple(names))


def _keys(declared: Any, features: Mapping[str, Any], target: str | None, dataset: str) -> tuple[list[str], str | None]:
    """Choose the features that make x, and the one that is y."""
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


def _class_names(feature: Any) -> tuple[str, ...]:
    """List the names of a ClassLabel; empty for other features."""
    return tuple(getattr(feature, "names", None) or ())


def _leaves(tree: Any) -> list[str]:
    """List the feature names in a declaration: a name, or a nest of dictionaries and tuples of names."""
    if isinstance(tree, str):
        return [tree]
    parts = tree.values() if isinstance(tree, Mapping) else tree
    return [leaf for part in parts for leaf in _leaves(part)]


SOURCES = {
    "tfds": Source(
        lambda r: load(r.argument, r.name, r.data_dir, r.target, r.stream),
        "a data set that TensorFlow Datasets has prepared on this machine",
        "NAME",
        takes_target=True,
    )
}

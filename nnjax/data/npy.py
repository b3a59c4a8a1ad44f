"""Load and write folders of NumPy files (.npy) whose inputs stay on the disk."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nnjax.core.archives import DAMAGE, describe
from nnjax.core.errors import UserError
from nnjax.core.types import Dataset
from nnjax.data import files
from nnjax.data.arrays import from_arrays
from nnjax.data.file_rows import FileRows, NpyFile
from nnjax.data.source_record import Source

FACTS = "facts.json"
KNOWN: dict[str, tuple[str, Callable[[Any], bool]]] = {  # arguments of `from_arrays`, and what they must be
    "task": ("a text", lambda value: isinstance(value, str)),
    **dict.fromkeys(
        ("classes", "features", "targets"),
        ("a list of texts", lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value)),
    ),
    "image_shape": (
        "[height, width]",
        lambda value: isinstance(value, list) and len(value) == 2 and all(isinstance(one, int) for one in value),
    ),
    "full_scale": ("a number", lambda value: isinstance(value, int | float)),
}
PARTS = ("", "_val", "_test")
ROWS = 4096  # that are copied at a time


def load(folder: Path, name: str, task: str | None = None) -> Dataset:
    """Load the files x.npy and y.npy, and x_val.npy, y_val.npy, x_test.npy, y_test.npy where there are any.

    Weights of the examples, which must be above 0, may lie beside them: w.npy, w_val.npy, w_test.npy.
    Inputs are mapped into memory and read as they are needed; y, which is small, is read at once. One pass over the
    inputs computes their SHA-256 and checks that all numbers are finite. Pickled objects are never loaded.

    Args:
      folder: of the files. Without y.npy there are no labels. facts.json may hold what arrays do not say: a table with
        some of task, classes, features, targets, image_shape and full_scale, as in `from_arrays`.
      name: what the data set is called.
      task: "classification" or "regression"; None for what facts.json says, or y looks like.

    Raises:
      UserError: files that are missing, damaged, pickled, empty, or do not fit together.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder, but one with x.npy and y.npy in it was expected.")
    inputs = [_file(folder, f"x{part}", part == "") for part in PARTS]
    outputs = [_file(folder, f"y{part}", False) for part in PARTS]
    there = [x for x in inputs if x is not None]
    for part, x, y in zip(PARTS, inputs, outputs, strict=True):
        _refuse_misfits(folder, part, x, y, inputs[0], outputs[0])
    lengths = [0 if x is None else x.shape[0] for x in inputs]
    labels = [y.read(np.arange(y.shape[0])) for y in outputs if y is not None]
    weights = [file for part in PARTS if (file := _file(folder, f"w{part}", False)) is not None]
    if weights and len(weights) != len(there):
        raise UserError(f"{folder} has weights of {len(weights)} of its {len(there)} sets: w.npy goes with each x.npy.")
    return from_arrays(
        FileRows(there),
        np.concatenate(labels) if labels else None,
        name,
        source=str(folder),
        validation_start=lengths[0] if lengths[1] else None,
        test_start=sum(lengths[:2]) if lengths[2] else None,
        sample_weight=np.concatenate([w.read(np.arange(w.shape[0])) for w in weights]) if weights else None,
        **_facts(folder) | ({} if task is None else {"task": task}),
    )


def write(dataset: Dataset, folder: Path) -> None:
    """Write a data set as such a folder, the validation and test sets of its own in files of their own.

    Args:
      dataset: from `load` or `from_arrays`.
      folder: that is not there yet, or empty; it appears whole or not at all.

    Raises:
      OSError: it cannot be written.
      UserError: its inputs are several arrays.
    """
    if dataset.parts:
        raise UserError(f"{dataset.name} has inputs of several arrays, but a folder of x.npy and y.npy holds one.")
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    try:
        _write(dataset, temporary)
        if folder.is_dir():
            folder.rmdir()  # Windows renames over no folder, not even an empty one
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(dataset: Dataset, folder: Path) -> None:
    ends = [dataset.validation_start or dataset.test_start, dataset.test_start, None]
    start = 0
    for part, end in zip(PARTS, ends, strict=True):
        end = len(dataset.x) if end is None else end
        if end > start:
            _copy(dataset.x, start, end, folder / f"x{part}.npy")
            if dataset.y is not None:
                np.save(folder / f"y{part}.npy", dataset.y[start:end])
            if dataset.weights is not None:
                np.save(folder / f"w{part}.npy", dataset.weights[start:end])
        start = end
    known = [name for name in KNOWN if name != "features" or dataset.tabular]  # made-up names make no table
    facts = {name: value for name in known if (value := getattr(dataset, name))}
    (folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


def _copy(x: Any, start: int, end: int, path: Path) -> None:
    out = np.lib.format.open_memmap(path, mode="w+", dtype=x.dtype, shape=(end - start, x.shape[1]))
    for begin in range(start, end, ROWS):
        out[begin - start : min(begin + ROWS, end) - start] = x[begin : min(begin + ROWS, end)]
    out.flush()


def _file(folder: Path, name: str, needed: bool) -> NpyFile | None:
    path = folder / f"{name}.npy"
    return NpyFile(path) if needed or path.exists() else None


def _refuse_misfits(
    folder: Path, part: str, x: NpyFile | None, y: NpyFile | None, first: NpyFile | None, labels: NpyFile | None
) -> None:
    """Refuse a part whose x and y do not go together, or not with those of the first part."""
    if x is None and y is None:
        return
    assert first is not None
    if x is None or (y is None) != (labels is None):
        raise UserError(f"{folder} has only one of x{part}.npy and y{part}.npy: they go together, in all parts.")
    if y is not None and x.shape[0] != y.shape[0]:
        raise UserError(
            f"{folder} has {x.shape[0]:,} examples in x{part}.npy but {y.shape[0]:,} in y{part}.npy: as many were "
            "expected."
        )
    if x.shape[1:] != first.shape[1:] or x.dtype != first.dtype:
        raise UserError(
            f"{folder} has x.npy of {first.dtype} {first.shape[1:]} an example but x{part}.npy of {x.dtype} "
            f"{x.shape[1:]}: the same was expected."
        )


def _facts(folder: Path) -> dict[str, Any]:
    path = folder / FACTS
    if not path.exists():
        return {}
    try:
        facts = json.loads(files.read_bytes(path))
    except DAMAGE as error:
        raise UserError(f"{path} is not JSON ({describe(error)}): correct it, or remove it.") from None
    unknown = [key for key in facts if key not in KNOWN] if isinstance(facts, dict) else ["no table"]
    if unknown:
        raise UserError(f"{path} has {unknown[0]!r}, but a table with some of {', '.join(KNOWN)} was expected.")
    for key, value in facts.items():
        if not KNOWN[key][1](value):
            raise UserError(f"{path} has {key} = {value!r}, but {KNOWN[key][0]} was expected.")
    return {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}


SOURCES = {
    "npy": Source(
        lambda request: load(request.path, request.name, request.task),
        "a folder of NumPy files whose inputs stay on the disk",
        "DIR",
    )
}

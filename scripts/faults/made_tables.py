"""Made-up tables that are well formed: which rows, inputs, classes, parts and fillings are right, NumPy and pandas say.

A table that is read otherwise is "wrong"; one that is refused is "refused", as each of them can be read.
"""

import bz2
import csv
import dataclasses
import gzip
import io
import json
import lzma
import pathlib
import random
import sys
import zipfile
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nnjax.core.columns import recipe_from_json
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.core.types import Prepared
from nnjax.data import new_rows, prepare, prepare_loaded
from nnjax.data.in_memory import as_dataset
from scripts.faults import made_columns
from scripts.faults.attempts import Attempt, Wrong, work
from scripts.faults.made_columns import Made

SPELLINGS = ("", "NA", "?", "null", "-", "n/a", "NaN", "-999")
FILLED = ("mean", "median", "most_frequent", "indicator")


class Table(NamedTuple):
    """A table, and how it is to be read."""

    columns: dict[str, Made]  # that are inputs
    target: str
    labels: Made
    asides: dict[str, list[str]]  # columns that are no inputs, by name
    options: dict[str, Any]  # fields of `DataConfig`

    def texts(self, names: list[str]) -> list[list[str]]:
        """Return columns of cells, by name."""
        known = {**{name: made.cells for name, made in self.columns.items()}, self.target: self.labels.cells}
        return [{**known, **self.asides}[name] for name in names]

    def names(self) -> list[str]:
        """Return the names of all columns."""
        return [*self.columns, *self.asides, self.target]

    def frame(self) -> pd.DataFrame:
        """Return it as a DataFrame."""
        known = {**{name: made.series for name, made in self.columns.items()}, self.target: self.labels.series}
        return pd.DataFrame({**known, **{name: pd.Series(cells) for name, cells in self.asides.items()}})[self.names()]


def make(rng: random.Random, folder: pathlib.Path) -> Attempt:
    """Draw a table, and say how it is checked."""
    table = draw(rng)
    form = rng.choice(("text", "text", "text", "frame", "frame", "parquet", "feather"))
    kinds = ", ".join(f"{name!r}: {made.kind} {made.series.dtype}" for name, made in table.columns.items())
    what = f"{form} {kinds}; target {table.labels.kind} {table.options}"
    seed = rng.random()
    return what, lambda: check(table, form, random.Random(seed), folder)


def draw(rng: random.Random) -> Table:
    """Draw a table of 20 to 200 rows and up to seven inputs."""
    numbers = np.random.default_rng(rng.getrandbits(32))
    n, width = rng.randint(40, 200), rng.randint(2, 7)
    names = made_columns.names(rng, width + 3)
    made = [rng.choice(made_columns.KINDS)(numbers, n) for _ in range(width)]
    options: dict[str, Any] = {"missing": rng.choice(("error", "drop", *FILLED))}
    options |= {"validation": rng.choice((0, 0.2, 15)), "test": rng.choice((0, 0.25, 11)), "scaling": "standard"}
    options |= {"split_seed": rng.randint(0, 99), "unknown": rng.choice(("error", "unknown"))}
    made[0] = made_columns.plain(numbers, n)
    if options["missing"] != "error":
        spelling = rng.choice(SPELLINGS)
        made = [one.with_gaps(numbers.random(n) < rng.choice((0, 0.02, 0.1)), spelling) for one in made]
        options |= {"na_values": (spelling,)} if spelling == "-999" else {}
    asides: dict[str, list[str]] = {}
    if rng.random() < 0.4:
        asides[names[-1]] = [f"note {i}" for i in range(n)]
        options["drop"] = (names[-1],)
    if rng.random() < 0.4:
        asides[names[-2]] = [f"patient {numbers.integers(8)}" for _ in range(n)]
        options["groups"] = names[-2]
        options |= {"folds": 3, "fold": rng.randint(0, 2)} if rng.random() < 0.4 else {}
    labels = rng.choice(
        (made_columns.category, made_columns.category, made_columns.plain, made_columns.marked, _labels)
    )
    found = labels(numbers, n)
    found = made_columns.plain(numbers, n) if _is_odd(found) else found
    columns = dict(zip(names, made, strict=False))
    options["target"] = names[-3]
    return Table(columns, names[-3], found, asides, options)


def _is_odd(labels: Made) -> bool:
    return any("-999" in cell or cell.strip() in SPELLINGS for cell in labels.cells)


def _labels(rng: np.random.Generator, n: int) -> Made:
    """Draw classes that are whole numbers."""
    values = rng.choice([[0, 1], [-1, 1], [1, 2, 3], [10, 20, 30]][rng.integers(4)], n)
    names = tuple(map(str, np.unique(values)))
    return Made("labels", list(map(str, values)), pd.Series(values), values[:, None].astype(float), (), names)


def check(table: Table, form: str, rng: random.Random, folder: pathlib.Path) -> None:
    """Read a table and new rows of it; `Wrong` where something else comes of them than should."""
    try:
        prepared, read = _read(table, form, rng, folder)
        _check_training(table, prepared)
        _check_new_rows(table, prepared, read, rng)
    except UserError as error:
        raise Wrong(f"refused: {error}") from None


def _read(table: Table, form: str, rng: random.Random, folder: pathlib.Path) -> tuple[Prepared, Any]:
    """Prepare a table of some form; with it what reads new rows, which are made in the same form."""
    if form == "frame":
        config = DataConfig("arrays", **table.options)
        dataset = as_dataset(table.frame(), None, None, config)
        assert dataset is not None

        def from_frame(prepared: Prepared, new: Table, order: list[str]) -> np.ndarray:
            return new_rows.from_frame(prepared.facts(), new.frame()[order])

        return prepare_loaded(dataset, config), from_frame
    path = folder / ("table" + {"parquet": ".parquet", "feather": ".feather"}.get(form, ".csv"))
    write = _Writer(form, rng, "".join(sum(table.texts(table.names()), table.names())).isascii())
    options = dict(table.options)
    options |= {"encoding": write.encoding} if write.encoding == "latin-1" else {}
    write(table, table.names(), path)
    prepared = prepare(DataConfig(f"csv:{path}", **options))

    def from_file(prepared: Prepared, new: Table, order: list[str]) -> np.ndarray:
        write(new, order, path)
        assert prepared.dataset.recipe is not None
        stored = recipe_from_json(json.loads(json.dumps(dataclasses.asdict(prepared.dataset.recipe))))
        assert stored is not None
        return new_rows.read(stored, path)

    return prepared, from_file


class _Writer:
    """Writes tables in one form, with one separator, encoding and compression."""

    def __init__(self, form: str, rng: random.Random, ascii: bool):
        self.form = form
        self.separator = rng.choice(",,,;\t|")
        self.quoting: Any = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
        self.end = rng.choice(("\n", "\r\n"))
        self.encoding = rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1" if ascii else "utf-8"))
        self.pack = rng.choice((None, None, gzip.compress, lzma.compress, bz2.compress, _zip))

    def __call__(self, table: Table, order: list[str], path: pathlib.Path) -> None:
        if self.form == "parquet":
            table.frame()[order].to_parquet(path)
        elif self.form == "feather":
            table.frame()[order].to_feather(path)
        else:
            out = io.StringIO()
            writer = csv.writer(out, delimiter=self.separator, quoting=self.quoting, lineterminator=self.end)
            writer.writerows([order, *zip(*table.texts(order), strict=True)])
            data = out.getvalue().encode(self.encoding)
            path.write_bytes(data if self.pack is None else self.pack(data))


def _zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("table.csv", data)
    return out.getvalue()


def _check_training(table: Table, prepared: Prepared) -> None:
    """Check rows, inputs, classes, parts, what is filled in, and the scaling."""
    data, policy = prepared.dataset, table.options["missing"]
    n = len(table.labels.cells)
    there = np.ones(n, bool)
    if policy == "drop":
        there = ~np.any([np.isnan(made.values).any(axis=1) for made in table.columns.values()], axis=0)
    rows = np.flatnonzero(there)
    _same("rows", len(data.x), len(rows))
    _check_parts(table, prepared, rows)
    inputs, values = [], []
    for name, made in table.columns.items():
        own = made.values[rows]
        gone = np.isnan(own).any(axis=1)
        inputs += [name + text for text in made.inputs]
        filled = _fill(made, own[prepared.train], policy) if gone.any() else np.zeros(own.shape[1])
        values.append(np.where(gone[:, None], filled, own))
        if policy == "indicator" and gone.any():
            inputs.append(f"{name} is missing")
            values.append(gone[:, None].astype(float))
    _same("inputs", list(data.features), inputs)
    x = np.concatenate(values, axis=1)
    _close("inputs", np.asarray(data.x), x, 1e-6)
    _check_scaling(table, prepared, x)
    if table.labels.categories:
        _same("classes", sorted(data.classes), sorted({text.strip() for text in table.labels.categories}))
        found = [data.classes[int(code)] for code in np.asarray(data.y)]
        _same("labels", found, [table.labels.cells[row].strip() for row in rows])
    else:
        _close("targets", np.asarray(data.y)[:, 0], table.labels.values[rows, 0], 1e-6)


def _check_parts(table: Table, prepared: Prepared, rows: np.ndarray) -> None:
    parts = [set(map(int, part)) for part in (prepared.train, prepared.validation, prepared.test)]
    _same("examples in parts", sorted(set.union(*parts)), list(range(len(rows))))
    _same("examples in two parts", sum(map(len, parts)), len(rows))
    if table.options.get("groups"):
        cells = np.array(table.asides[table.options["groups"]])[rows]
        groups = [set(cells[list(part)]) for part in parts]
        _same("groups in two parts", sum(map(len, groups)), len(set.union(*groups)))


def _fill(made: Made, train: np.ndarray, policy: str) -> np.ndarray:
    """What stands for a missing cell, by the training rows [n, inputs]."""
    there = train[~np.isnan(train).any(axis=1)]
    if not len(there):
        return np.zeros(train.shape[1])
    if made.categories:
        most = np.zeros(train.shape[1])
        most[int(np.argmax(there.sum(axis=0)))] = policy != "indicator"
        return most
    if policy == "median":
        return np.median(there, axis=0)
    if policy == "most_frequent" or made.kind == "boolean":
        return np.array([pd.Series(there[:, 0]).mode().min()])
    return there.mean(axis=0)


def _check_scaling(table: Table, prepared: Prepared, x: np.ndarray) -> None:
    """Numbers are standardized by the training part, flags stay, and what is constant there is constant."""
    got = np.asarray((np.asarray(prepared.dataset.x) - prepared.x_scaler.mean) * prepared.x_scaler.scale)
    train = x[prepared.train]
    varies = train.min(axis=0) < train.max(axis=0)
    spread = np.where(varies, train.std(axis=0), 1.0)
    flags = np.array([name.endswith(" is missing") for name in prepared.dataset.features])
    start = 0
    for made in table.columns.values():
        width = len(made.inputs)
        flags[start : start + width] |= bool(made.categories) or made.kind == "boolean"
        start += width
        start += start < len(flags) and prepared.dataset.features[start].endswith(" is missing")
    right = np.where(flags, x, (x - train.mean(axis=0)) / spread) * varies
    _close("scaled inputs", got, right, 1e-3, np.ones(right.shape[1]))


def _check_new_rows(table: Table, prepared: Prepared, read: Any, rng: random.Random) -> None:
    """Rows of the table as new ones: columns in another order, one of no use, none of the target."""
    policy, n = table.options["missing"], len(table.labels.cells)
    there = np.ones(n, bool)
    if policy in ("drop", "error"):
        there = ~np.any([np.isnan(made.values).any(axis=1) for made in table.columns.values()], axis=0)
    rows = np.array(rng.choices(list(np.flatnonzero(there)), k=rng.choice((1, 2, 9))))
    new = table._replace(columns={name: made.take(rows) for name, made in table.columns.items()})
    new = new._replace(labels=table.labels.take(rows), asides={"no use": [f"{i} %" for i in range(len(rows))]})
    order = [*new.columns, "no use"]
    rng.shuffle(order)
    kept = np.flatnonzero(there) if policy == "drop" else np.arange(n)
    right = np.asarray(prepared.dataset.x)[np.searchsorted(kept, rows)]
    _close("inputs of new rows", read(prepared, new, order), right, 1e-6)


def _same(what: str, found: Any, right: Any) -> None:
    if found != right:
        raise Wrong(f"{what}: {str(found)[:300]} instead of {str(right)[:300]}")


def _close(what: str, found: np.ndarray, right: np.ndarray, tolerance: float, scale: Any = None) -> None:
    """Compare numbers [n, ...] to a share of each column's spread or size."""
    if found.shape != right.shape:
        raise Wrong(f"{what}: the shape {found.shape} instead of {right.shape}")
    size = np.maximum(np.abs(right).max(axis=0), 1e-30) if scale is None else scale
    worst = np.unravel_index(np.argmax(np.abs(found - right) / size), found.shape)
    if not (np.abs(found - right) <= tolerance * size).all():
        raise Wrong(f"{what}: {found[worst]} instead of {right[worst]} at {tuple(map(int, worst))}")


if __name__ == "__main__":
    work(lambda folder: None, make, *map(int, sys.argv[1:4]))

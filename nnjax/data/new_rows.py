"""Encode new rows as the network's training table was: by its columns, categories and rules alone."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging

from nnjax.core.columns import Column, TableRecipe
from nnjax.core.errors import UserError
from nnjax.core.types import DataFacts
from nnjax.data import imputation, numerals, table_files, tables
from nnjax.data.delimited import Options
from nnjax.data.other_frames import as_pandas
from nnjax.data.table import Table
from nnjax.data.table_roles import rejoined

SHOWN = 20  # names in a message


def recipe_of(facts: DataFacts) -> TableRecipe | None:
    """Return the recipe of a network's inputs; of named inputs of no table, plain numbers; None without names."""
    if facts.recipe is not None or not facts.features:
        return facts.recipe
    return TableRecipe(tuple(map(Column, facts.features)), facts.features)


def read(recipe: TableRecipe, path: Path) -> np.ndarray:
    """Read the inputs [n, d] of new rows in a file, float64.

    Columns are found by name. Those of a training table without a header are taken by position where the widths fit,
    which is logged.

    Raises:
      UserError: a column is missing, or a cell does not follow its column's rule.
    """
    plain = table_files.read(path, Options("no", recipe.encoding, all_rows=True))
    needed = [column.name for column in recipe.columns]
    if not plain.header:
        first = [str(cells[0]).strip() or f"column{i}" for i, cells in enumerate(plain.columns.values())]
        if plain.commented and set(needed) <= set(plain.commented):
            plain = dataclasses.replace(plain, columns=dict(zip(plain.commented, plain.columns.values(), strict=True)))
        elif recipe.header or set(needed) <= set(first):
            _refuse_absent(needed, first, path)
            plain = table_files.read(path, Options("yes", recipe.encoding, all_rows=True))
        else:
            plain = by_position(recipe, plain)
    for sentence in plain.said:
        logging.warning("%s", sentence)
    return encode(recipe, plain)


def encode(recipe: TableRecipe, table: Table) -> np.ndarray:
    """Code a table as inputs [n, d], float64, missing cells filled in; errors as for `read`."""
    needed = [column.name for column in recipe.columns]
    bare = {name.strip(): raw for name, raw in table.columns.items() if name not in needed}
    table = dataclasses.replace(table, columns={**bare, **table.columns})  # pandas keeps the blanks around names
    _refuse_absent(needed, list(table.columns), table.path)
    x = tables.encode_inputs(recipe, table)
    _say_bare(recipe, table)
    _say_filled(recipe, x, table.path)
    _say_unknown(recipe, x, table)
    return imputation.apply(recipe, x, str(table.path), table.where)


def _say_filled(recipe: TableRecipe, x: np.ndarray, path: Path) -> None:
    """Say which columns of coded rows [n, d] have missing cells that are filled in."""
    starts = np.cumsum([0, *(len(column.inputs) for column in recipe.columns)])
    gaps = {
        column.name: int(np.isnan(x[:, start : start + len(column.inputs)]).any(axis=1).sum())
        for column, start in zip(recipe.columns, starts, strict=False)
        if column.fill
    }
    listed = [f"{number} in {name!r}" for name, number in gaps.items() if number]
    if listed:
        logging.warning("%s has missing cells, which are filled in as in training: %s.", path, _listed(listed))


def _say_unknown(recipe: TableRecipe, x: np.ndarray, table: Table) -> None:
    """Say which columns of coded rows [n, d] have categories that training did not."""
    start, listed = 0, []
    for column in recipe.columns:
        rows = np.flatnonzero((x[:, start : start + len(column.categories)] == 0).all(axis=1))
        start += len(column.inputs)
        if column.kind == "category" and len(rows):
            texts = list(dict.fromkeys(str(table.columns[column.name][row]) for row in rows))
            listed.append(f"{len(rows)} in {column.name!r} ({_listed([repr(text) for text in texts])})")
    if listed:
        logging.warning(
            "%s has unknown categories, which count as none of the known ones: %s.", table.path, _listed(listed)
        )


def _say_bare(recipe: TableRecipe, table: Table) -> None:
    """Say which columns have plain numbers where those of training had a currency, per cent or a unit."""
    for column in recipe.columns:
        mark = column.rule.prefix or column.rule.suffix
        cells = np.asarray(table.columns[column.name], dtype=object) if column.kind == "number" and mark else ()
        bare = next((cell for cell in cells if numerals.PLAIN.fullmatch(str(cell).strip())), None)
        if bare is not None:
            logging.warning(
                "The column %r of %s has %s without the %r of training: it is taken as %s %s.",
                *(column.name, table.path, bare, mark, bare, mark),
            )


def by_position(recipe: TableRecipe, table: Table) -> Table:
    """Name the columns of a table without a header as the training table's; UserError for another width."""
    cells, names = list(table.columns.values()), list(recipe.names)
    inputs = [name for name in names if name not in recipe.target]
    last = names[: len(inputs)] == inputs  # the target came last
    widths = {len(names), len(inputs)} if last else {len(names)}
    if len(cells) not in widths and len(cells) - 1 in widths and not any(str(cell).strip() for cell in cells[-1]):
        del cells[-1]  # of a separator at the end of every line
    width = len(cells)
    if last and width == len(inputs):
        names = inputs
    if width != len(names):
        middle = "" if width != len(inputs) else f", {', '.join(recipe.target)} among them (leave it empty)"
        raise UserError(
            f"{table.path} has {width} columns and no header, but the network's table had {len(recipe.names)}{middle}: "
            f"give as many, or a first row with the names of the inputs ({_names(inputs)})."
        )
    logging.warning("%s has no header: its %d columns are taken by position, as in training.", table.path, width)
    return dataclasses.replace(table, columns=dict(zip(names, cells, strict=True)))


def texts_of(recipe: TableRecipe | None, path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Read columns of a file as they stand there: {name: texts [n]}; UserError if there is no such column."""
    header = "yes" if recipe is not None and recipe.header else "auto"
    table = table_files.read(path, Options(header, None if recipe is None else recipe.encoding, all_rows=True))
    names = rejoined(names, list(table.columns))
    for name in names:
        if name not in table.columns:
            raise UserError(f"{path} has no column {name!r} to keep; its columns are {_names(list(table.columns))}.")
    return {name: np.asarray(table.columns[name]) for name in names}


def from_frame(facts: DataFacts, frame: Any) -> np.ndarray:
    """Code the rows of a DataFrame; errors as for `read`."""
    frame = as_pandas(frame)
    recipe = recipe_of(facts)
    if recipe is None:
        return np.asarray(frame)
    table = table_files.from_frame(frame, Path("DataFrame"), lambda row: f"row {frame.index[row]!r}")
    counted = list(table.columns) == [str(i) for i in range(len(table.columns))]
    return encode(recipe, by_position(recipe, table) if counted and not recipe.header else table)


def complete(facts: DataFacts, x: np.ndarray) -> np.ndarray:
    """Fill in NaN in coded rows x [n, d] as `encode` fills in missing cells; errors as for `imputation.apply`."""
    recipe = recipe_of(facts)
    if recipe is None or x.dtype.kind != "f" or not np.isnan(x).any():
        return x
    return imputation.apply(recipe, imputation.mark_missing(recipe, x), "the rows")


def _refuse_absent(needed: Sequence[str], there: Sequence[str], path: Path) -> None:
    absent = [name for name in needed if name not in there]
    if absent:
        raise UserError(
            f"{path} has no column {absent[0]!r}, which the network reads (it reads {_names(needed)}); its first row, "
            f"or header, is {_names(there)}."
        )


def _names(names: Sequence[str]) -> str:
    """List names of columns, in quotation marks where one has a comma."""
    return _listed([repr(name) for name in names] if any("," in name for name in names) else names)


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts[:SHOWN]) + (", …" if len(parts) > SHOWN else "")

"""Load tables with named columns: texts become one input a category, one or more columns are the target."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nnjax.core.columns import TableRecipe
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.core.types import Dataset
from nnjax.data import (
    column_codes,
    column_remarks,
    columns,
    decimal_marks,
    frame_parts,
    table_dates,
    table_files,
    table_messages,
    table_targets,
)
from nnjax.data.arrays import from_arrays
from nnjax.data.cells import Texts, make_cells
from nnjax.data.columns import Inferred, Rules
from nnjax.data.config_values import checked, orders
from nnjax.data.delimited import Options, without_trailing
from nnjax.data.missing_cells import Gaps
from nnjax.data.source_record import Source
from nnjax.data.table import Table
from nnjax.data.table_roles import Roles, find_column, roles_of

FIELDS = (  # of a `DataConfig`, that change how a table is read
    *("header", "encoding", "decimal", "columns", "drop", "ordinal", "na_values", "groups"),
    *("missing", "unknown", "split"),  # which may be said of other data
)


def load(path: Path, name: str, config: DataConfig = DataConfig()) -> Dataset:
    """Load a table of a file: CSV, Excel, Parquet or Feather, compressed or not.

    Each column follows one rule, which is inferred and said: numbers (with their marks, currency or unit), truth
    values, dates, or texts, of which each is an input of 0 or 1. `Dataset.recipe` keeps the rules, for new rows.

    Args:
      path: the file.
      name: what the data set is called.
      config: its fields target, task and those of `FIELDS`. The target is named, or given by index (-1 is the last),
        several separated by commas, or "none"; None for the last column.

    Raises:
      UserError: no such file or column, missing or bad cells (which column, where, how many), nothing but the target.
    """
    table = without_trailing(table_files.read(path, Options(config.header, config.encoding)))
    return from_table(table, name, config)


def from_table(table: Table, name: str, config: DataConfig = DataConfig(), weight: str | None = None) -> Dataset:
    """Make a data set of a table; arguments and errors as for `load`, and `weight` the column of examples' weights."""
    config, weights = checked(config), None
    if weight is not None:
        table, weights = _weighed(table, weight, config)
    roles = roles_of(table, config)
    table = dataclasses.replace(table, targets=tuple(roles.target))
    rules = Rules(config.na_values, config.decimal, orders(config.ordinal), config.missing)
    unknown = [column for column in rules.ordinal if column not in table.columns]
    if unknown:
        find_column(table.path, list(table.columns), unknown[0])
    found, gaps, roles = _infer_all(table, roles, rules)
    keep = _kept_rows(table, roles, rules)
    whole, all_gaps = table, gaps
    if len(keep) < len(table):  # what is left out decides nothing
        table = table.take(keep)
        found, gaps, roles = _infer_all(table, roles, rules)
    plain = {name: one.values for name, one in found.items() if one.values is not None and name in roles.inputs}
    kept = dataclasses.replace(table, columns={**table.columns, **plain})
    marked = gaps if config.missing == "indicator" else {}
    chosen = [dataclasses.replace(found[name].column, missing_input=name in marked) for name in roles.inputs]
    table_messages.refuse_many(chosen, len(keep), table.path)
    recipe = TableRecipe(
        columns=tuple(chosen),
        names=tuple(table.columns),
        target=tuple(roles.target),
        header=table.header,
        na_values=config.na_values,
        unknown=config.unknown,
        left_out=tuple(roles.left_out.items()),
        encoding=config.encoding,
    )
    twice = next((name for name, number in Counter(recipe.inputs).items() if number > 1), None)
    if twice is not None:
        raise UserError(f"{table.path} gives two inputs called {twice!r}, one of a category or a gap: rename a column.")
    x = encode_inputs(recipe, kept)
    targets = [(found[column].column, kept.columns[column]) for column in roles.target]
    learned = table_targets.read(targets, [kept.place(column) for column in roles.target], config)
    starts = frame_parts.starts_of(whole, kept, learned)
    numeric = roles.inputs if learned.task == "classification" else [*roles.inputs, *roles.target]
    dataset = from_arrays(
        x,
        learned.y,
        name,
        learned.task if roles.target else None,
        source=str(table.path),
        features=recipe.inputs,
        targets=roles.target,
        classes=learned.classes,
        recipe=recipe,
        gaps=True,
        validation_start=starts.get("val"),
        test_start=starts.get("test"),
        sample_weight=None if weights is None else weights[keep],
        groups=None if roles.groups is None else _groups(kept, roles.groups),
        dates=table_dates.read(kept, roles, found, rules, config.split),
        said=(
            *table.said,
            *learned.said,
            *(sentence for column in [*roles.inputs, *roles.target] for sentence in found[column].said),
            *(sentence for column in numeric for sentence in found[column].merging),
            *table_messages.left_out(all_gaps, roles.target, len(whole), len(keep), config.missing),
            *table_messages.empty(roles.empty, table.path),
            *table_messages.filled(gaps, config.missing),
            table_messages.described(recipe),
            *column_remarks.all_of(recipe, x, config.split != "random", learned.numbers(roles.target)),
            *column_remarks.total(kept.columns, str(table.path), kept.where),
            *frame_parts.untrained(recipe, x, kept),
        ),
    )
    sha256 = dataset.sha256 if config.split == "random" else table_dates.digest(dataset.sha256, dataset.dates)
    return dataclasses.replace(dataset, sha256=sha256, label_type=learned.label_type or dataset.label_type)


def _weighed(table: Table, weight: str, config: DataConfig) -> tuple[Table, np.ndarray]:
    """Take the column of weights out of a table, and the rows of weight 0, so that no category comes from them."""
    column = find_column(table.path, list(table.columns), weight)
    place = table.place(column)
    found = columns.infer(table.columns[column], place, Rules(config.na_values, config.decimal))
    if found.gaps is not None:
        raise table_messages.missing(str(table.path), [found.gaps], [column])
    if found.column.kind not in ("number", "boolean"):
        raise UserError(f"The weight {column!r} of {table.path} is text, but numbers from 0 were expected.")
    weights = column_codes.encode(found.column, table.columns[column], place, config.na_values, "error")[:, 0]
    rows = np.flatnonzero(weights)
    if not len(rows):
        raise UserError(f"The weight {column!r} of {table.path} is 0 in all rows: at least one above 0 was expected.")
    others = {name: raw for name, raw in table.columns.items() if name != column}
    return dataclasses.replace(table, columns=others).take(rows), weights[rows]


def read_again(dataset: Dataset, config: DataConfig) -> Dataset:
    """Read a table that is in memory as a configuration says; other data have none of a table's fields.

    Raises:
      UserError: as `from_table`, or as `refuse_fields`.
    """
    if dataset.recipe is None:
        refuse_fields(config, dataset.name)
    return dataset if dataset.reread is None else dataset.reread(config)


def refuse_fields(config: DataConfig, name: str) -> None:
    """Refuse what a configuration says of tables, for data that are none."""
    for field in FIELDS[: FIELDS.index("missing")]:
        if getattr(config, field) != getattr(DataConfig(), field):
            raise UserError(f"data.{field} is {getattr(config, field)!r}, but {name} is no table: leave it out.")


def encode_inputs(recipe: TableRecipe, table: Table) -> np.ndarray:
    """Code a table's columns as inputs [n, d], float64, NaN for missing; UserError for cells off a column's rule."""
    parts = []
    for column in recipe.columns:
        raw, place = table.columns[column.name], table.place(column.name)
        values = column_codes.encode(column, raw, place, recipe.na_values, recipe.unknown)
        parts.append(values)
        if column.missing_input:
            parts.append(np.isnan(values[:, :1]).astype(np.float64))
    return np.concatenate(parts, axis=1)


def _infer_all(table: Table, roles: Roles, rules: Rules) -> tuple[dict[str, Inferred], dict[str, Gaps], Roles]:
    """Infer what inputs and targets hold; a decimal comma in one of them settles what is open in the others.

    Returns:
      What they hold, their missing cells, and the roles without inputs that are empty.

    Raises:
      UserError: missing cells that nothing was said of, all in one message; or as `columns.infer`.
    """
    names = [*roles.inputs, *roles.target]
    found, errors = _infer(table, names, rules)
    alone = found
    if rules.decimal == "auto" and decimal_marks.all_commas(found):
        found, errors = _infer(table, names, rules._replace(decimal="comma"))
    gaps = {name: one.gaps for name, one in found.items() if one.gaps is not None}
    inputs = [found[name].column for name in roles.inputs if name in found]
    refused = [name for name in roles.inputs if name in errors]
    refused += [column.name for column in table_messages.too_many(inputs, len(table))]
    _refuse_empty(gaps, roles, table)
    if gaps and rules.missing == "error":
        first = table_messages.missing(str(table.path), list(gaps.values()), roles.target)
        raise table_messages.beside(first, refused)
    if errors:
        raise table_messages.beside(next(iter(errors.values())), refused, next(iter(errors)))
    if rules.decimal == "auto":
        decimal_marks.refuse_open(alone, table)
    empty = [name for name in roles.inputs if name in gaps and gaps[name].number == gaps[name].of]
    return found, {name: gap for name, gap in gaps.items() if name not in empty}, roles.without(empty)


def _refuse_empty(gaps: Mapping[str, Gaps], roles: Roles, table: Table) -> None:
    """Refuse a target that is empty, or only such inputs.

    Raises:
      UserError: they are.
    """
    empty = [name for name, gap in gaps.items() if gap.number == gap.of]
    filled = [name for name in roles.inputs if name not in empty]
    target = next((name for name in roles.target if name in empty), None)
    if target is not None:
        other = f", such as data.target={filled[-1]}" if filled else ""
        raise UserError(f"The target {target!r} of {table.path} is empty: name another one{other}.")
    if not filled:
        raise UserError(f"All columns of {table.path} beside the target are empty, but at least one was to have cells.")


def _infer(table: Table, names: Sequence[str], rules: Rules) -> tuple[dict[str, Inferred], dict[str, UserError]]:
    found, errors = {}, {}
    for name in names:
        try:
            found[name] = columns.infer(table.columns[name], table.place(name), rules)
        except UserError as error:
            errors[name] = error
    return found, errors


def _kept_rows(table: Table, roles: Roles, rules: Rules) -> np.ndarray:
    """Find the rows [n] that stay: those with a target, and with "drop" those without any missing cell."""
    keep = np.ones(len(table), bool)
    if rules.missing == "error":
        return np.flatnonzero(keep)
    for name in [*roles.target, *(roles.inputs if rules.missing == "drop" else [])]:
        keep &= ~_missing(table, name, rules.na_values)
    if not keep.any():
        raise UserError(f"{table.path} has no row without missing cells: fill them in (data.missing=mean).")
    return np.flatnonzero(keep)


def _missing(table: Table, name: str, na_values: tuple[str, ...] | None) -> np.ndarray:
    return make_cells(table.columns[name], table.place(name), na_values).gone


def _groups(table: Table, name: str) -> np.ndarray:
    """Number the groups [n], int64."""
    gone = _missing(table, name, ())
    if gone.any():
        where = table.where(int(np.argmax(gone)))
        raise UserError(f"The groups {name!r} of {table.path} are missing in {where}: fill them in.")
    cells = make_cells(table.columns[name], table.place(name), ())
    return cells.codes if isinstance(cells, Texts) else cells.values if cells.whole is None else cells.whole


SOURCES = {
    "csv": Source(
        lambda request: load(request.path, request.name, request.config),
        "a table with named columns: CSV, Excel, Parquet or Feather, compressed or not",
        "FILE",
        takes_target=True,
        tabular=True,
        endings=table_files.ENDINGS,
    )
}

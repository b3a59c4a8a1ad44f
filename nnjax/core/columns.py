"""How the columns of a table become the inputs of a network: `data.json` keeps it, for new rows."""

import dataclasses
from collections.abc import Mapping
from typing import Any

KINDS = ("number", "boolean", "category", "ordered", "date", "time")


@dataclasses.dataclass(frozen=True)
class NumberRule:
    """How the texts of one column are numbers."""

    decimal: str = "."  # the decimal mark, "." or ","
    thousands: str = ""  # the mark between thousands: "", ",", ".", " " or "'"
    prefix: str = ""  # prefix, suffix: what stands before and after each number: a currency, "%", a unit
    suffix: str = ""
    brackets: bool = False  # whether (5) is -5

    def __str__(self) -> str:
        """Describe the rule in a phrase."""
        marks = {",": "commas", ".": "points", " ": "blanks", "'": "apostrophes"}
        parts = ["decimal commas"] if self.decimal == "," else []
        parts += [f"{marks[self.thousands]} between thousands"] if self.thousands else []
        parts += [f"{self.prefix!r} before each number"] if self.prefix else []
        parts += ["per cent (5 % is 5)" if self.suffix == "%" else f"{self.suffix!r} after each number"] * bool(
            self.suffix
        )
        parts += ["brackets for negative numbers"] if self.brackets else []
        return ", ".join(parts) or "decimal points"


@dataclasses.dataclass(frozen=True)
class Column:
    """One input column of a table."""

    name: str  # in the table
    # "number", "boolean" (0 or 1), "category" (one input for each), "ordered" (one input: the place in the order, from
    # 0), "date" (days since 1970-01-01) or "time" (in units of its last part, as minutes of 07:30)
    kind: str = "number"
    rule: NumberRule = NumberRule()  # how texts are numbers
    format: str = ""  # of dates, as `strptime` reads it
    categories: tuple[str, ...] = ()  # the known texts; of an ordered column in its order
    missing_input: bool = False  # whether a further input is 1 where the cell is missing, else 0
    # what stands for missing cells, for each of its inputs but the last one of `missing_input`; () for none
    fill: tuple[float, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that come of it."""
        own = tuple(f"{self.name}={text}" for text in self.categories) if self.kind == "category" else (self.name,)
        return (*own, f"{self.name} is missing") if self.missing_input else own

    def __str__(self) -> str:
        """Say what comes of it."""
        if self.kind in ("category", "ordered"):
            shown = ("<" if self.kind == "ordered" else ", ").join(self.categories[:6])
            more = ", …" if len(self.categories) > 6 else ""
            several = "s" * (len(self.categories) > 1)
            what = (
                f"{len(self.categories)} input{several} of 0 or 1" if self.kind == "category" else "places in an order"
            )
            text = f"{what}: {shown}{more}"
        elif self.kind == "date":
            text = f"days since 1970-01-01 ({self.format})"
        elif self.kind == "number":
            text = "a number" if self.rule == NumberRule() else f"a number: {self.rule}"
        else:
            text = {"boolean": "0 or 1", "time": "a time as a number"}[self.kind]
        return text + ("; one more input says where it is missing" if self.missing_input else "")


@dataclasses.dataclass(frozen=True)
class TableRecipe:
    """How a table becomes the inputs of a network."""

    columns: tuple[Column, ...] = ()  # those that are inputs, in their order
    names: tuple[str, ...] = ()  # of all columns of the training table
    target: tuple[str, ...] = ()  # of the columns that are predicted
    header: bool = True  # whether the names stood in the table; else columns are known by their position
    na_values: tuple[str, ...] | None = None  # texts that are missing cells beside empty ones; None for the usual ones
    # whether a category that was not in the table is an "error", or "unknown": none of the known ones
    unknown: str = "error"
    left_out: tuple[tuple[str, str], ...] = ()  # why columns are no inputs, by name
    encoding: str | None = None  # of its text, None for UTF-8

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of all inputs."""
        return tuple(name for column in self.columns for name in column.inputs)


def recipe_from_json(tree: Mapping[str, Any] | None) -> TableRecipe | None:
    """Read back `dataclasses.asdict` of a recipe; LookupError, TypeError or ValueError if it was changed."""
    if tree is None:
        return None
    columns = tuple(_column(part) for part in tree["columns"])
    texts = {name: _texts(tree[name]) for name in ("names", "target")}
    na_values = None if tree["na_values"] is None else _texts(tree["na_values"])
    left_out = tuple((str(name), str(why)) for name, why in tree["left_out"])
    encoding = None if tree.get("encoding") is None else str(tree["encoding"])
    return TableRecipe(
        columns,
        **texts,
        header=bool(tree["header"]),
        na_values=na_values,
        unknown=str(tree["unknown"]),
        left_out=left_out,
        encoding=encoding,
    )


def _column(tree: Mapping[str, Any]) -> Column:
    """Read a column as JSON has it."""
    fill = tuple(float(value) for value in tree["fill"])
    rule = tree["rule"]
    decimal, thousands, prefix, suffix = (str(rule[name]) for name in ("decimal", "thousands", "prefix", "suffix"))
    if tree["kind"] not in KINDS:
        raise ValueError(f"a column has the kind {tree['kind']!r}")
    return Column(
        str(tree["name"]),
        tree["kind"],
        NumberRule(decimal, thousands, prefix, suffix, bool(rule["brackets"])),
        str(tree["format"]),
        _texts(tree["categories"]),
        bool(tree["missing_input"]),
        fill,
    )


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise ValueError("names are not a list of texts")
    return tuple(values)

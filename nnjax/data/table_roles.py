"""Find which columns of a table are inputs, which are targets, and which are neither."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data.table import Table

_COMMA = re.compile(r"\s*,\s*")


class Roles(NamedTuple):
    """Names of columns by what they are for."""

    inputs: list[str]
    target: list[str]
    groups: str | None
    left_out: dict[str, str]
    empty: tuple[str, ...] = ()

    def without(self, empty: Sequence[str]) -> Roles:
        """Leave out inputs that are empty."""
        inputs = [name for name in self.inputs if name not in empty]
        left_out = {**self.left_out, **dict.fromkeys(empty, "empty")}
        return self._replace(inputs=inputs, left_out=left_out, empty=(*self.empty, *empty))


def roles_of(table: Table, config: DataConfig) -> Roles:
    """Divide the columns into inputs, target and others; UserError for an unknown column, or no input."""
    names, path = list(table.columns), table.path
    dropped = [find_column(path, names, text) for text in rejoined(config.drop, names)]
    only = [find_column(path, names, text) for text in rejoined(config.columns, names)] or names
    groups = None if config.groups is None else find_column(path, names, config.groups)
    if groups is not None and config.target is not None and groups in config.target.split(","):
        raise UserError(f"data.groups of {path} is {groups!r}, which is the target too: name another column.")
    rest = [name for name in names if name not in dropped and name != groups]
    target = target_columns(path, names, rest, config.target)
    inputs = [name for name in names if name in only and name in rest and name not in target]
    if not inputs:
        raise UserError(
            f"{path} has no column beside the target {', '.join(target)}, but at least one input was expected: name "
            "another target, or divide the cells by commas, semicolons, tabs or bars."
        )
    why = {name: "not among data.columns" for name in names if name not in only}
    why |= dict.fromkeys(dropped, "left out by data.drop") | ({groups: "the groups"} if groups else {})
    return Roles(inputs, target, groups, {name: text for name, text in why.items() if name not in target})


def target_columns(path: Path, names: list[str], rest: list[str], target: str | None) -> list[str]:
    """Find the names of the target columns."""
    if target is None:
        return rest[-1:]
    if target in names:  # a name may have commas in it
        return [target]
    if target == "none":
        return []
    chosen = [find_column(path, names, text) for text in rejoined(target.split(","), names)]
    if len(set(chosen)) < len(chosen):
        raise UserError(f"The target {target!r} names a column twice.")
    return chosen


def rejoined(texts: Sequence[str], names: Sequence[str]) -> list[str]:
    """Join what was divided at the commas within names of columns."""
    known, found, left = {_COMMA.sub(",", name.strip()): name for name in names}, [], [text.strip() for text in texts]
    while left:
        ends = [end for end in range(len(left), 0, -1) if ",".join(left[:end]) in known]
        end = ends[0] if ends else 1
        found.append(known.get(",".join(left[:end]), left[0]))
        left = left[end:]
    return found


def find_column(path: Path, names: list[str], text: str) -> str:
    """Find a column by its name or its index; UserError if there is none."""
    if text in names:
        return text
    if text.removeprefix("-").isdecimal() and -len(names) <= int(text) < len(names):
        return names[int(text)]
    close = difflib.get_close_matches(text, names, n=3) or names[:20]
    raise UserError(f"{path} has no column {text!r} (0 to {len(names) - 1} by index): did you mean {', '.join(close)}?")

"""Changing a search space from the command line: `--space.FIELD=VALUES`, its options, and fields that are pinned."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from nnjax.config import Experiment
from nnjax.fields import coerce, field_types, resolve_path
from nnjax.search.space import ADAPTIVE, DRAWN, Arm, Halving, Range, Space, checked_arms
from nnjax.types import UserError

HALVING = ("eta", "first", "brackets", "metric")  # the fields of a space's halving
OPTIONS = ("mode", "num", "draw_seed", "batch", "arms", *HALVING)  # of a space, beside its axes
READERS = {"num": (*DRAWN, ADAPTIVE), "draw_seed": (*DRAWN, ADAPTIVE), "batch": (ADAPTIVE,)}  # option -> modes


def pin(space: Space, fields: Collection[str]) -> Space:
    """Give the space without some fields: neither an axis nor an arm sets them, so that the base's values hold.

    Raises:
      UserError: an unknown field.
    """
    pinned = {resolve_path(name) for name in fields}

    def others(changes: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in changes.items() if resolve_path(name) not in pinned}

    arms = {name: dataclasses.replace(arm, changes=others(arm.changes)) for name, arm in checked_arms(space).items()}
    times = tuple(pin(other, fields) for other in space.times)
    return dataclasses.replace(space, axes=others(space.axes), arms=arms, times=times)


def override(space: Space, texts: Mapping[str, str]) -> Space:
    """Change a space from the command line.

    Args:
      space: from the configuration file, or an empty one.
      texts: field -> text as in `parse_axis`; also mode, num, draw_seed, batch, those of `Halving`, of which each one
        asks for it, and arms=A,B to keep only some arms (those that they start from are kept too).

    Raises:
      UserError: an unknown field or arm, text that is no value of it, or an option that the mode does not read.
    """
    axes, times = dict(space.axes), space.times
    options: dict[str, Any] = {}
    for name, text in texts.items():
        if name == "arms":
            options["arms"] = _keep_arms(space.arms, text)
        elif name in HALVING:
            value = coerce(text, {"metric": str, "first": int | None}.get(name, int), f"space.{name}")
            halving = options.get("halving", space.halving) or Halving()
            options["halving"] = dataclasses.replace(halving, **{name: value})
        elif name in OPTIONS:
            options[name] = coerce(text, str if name == "mode" else int, f"space.{name}")
        else:
            path = _axis_path(name)
            axes = {key: values for key, values in axes.items() if resolve_path(key) != path}
            axes[path] = parse_axis(path, text)
            times = tuple(pin(other, [path]) for other in times)
    space = dataclasses.replace(space, axes=axes, times=times, **options)
    idle = [name for name, modes in READERS.items() if name in options and space.mode not in modes]
    if idle:
        modes = READERS[idle[0]]
        raise UserError(
            f"--space.{idle[0]} is read in the mode{'s' * (len(modes) > 1)} {', '.join(modes)} only; "
            f"add --space.mode={modes[0]}, or leave it out."
        )
    return space


def _axis_path(name: str) -> str:
    try:
        return resolve_path(name)
    except UserError:
        close = difflib.get_close_matches(name, OPTIONS, n=1, cutoff=0.7)
        if close:
            raise UserError(f"Unknown field {name!r} of the search space; did you mean {close[0]}?") from None
        raise


def _keep_arms(arms: Mapping[str, Arm], text: str) -> dict[str, Arm]:
    there = f"the arms are {', '.join(arms)}" if arms else "this configuration has no arms"
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    if not wanted:
        raise UserError(f"No arm is named; {there}.")
    for name in wanted:
        if name not in arms:
            raise UserError(f"There is no arm {name!r}; {there}.")
    for name in wanted:
        parent = arms[name].start_from
        if parent is not None and parent in arms and parent not in wanted:
            wanted.append(parent)
    return {name: arm for name, arm in arms.items() if name in wanted}


def parse_axis(path: str, text: str) -> Sequence[Any] | Range:
    """Read an axis: "0.1,0.01" (values), "log:1e-4:1:16" or "lin:0:0.5:6" (a range), "64,32;128" (lists, by semicolon).

    Raises:
      UserError: text that is none of these, or a value of the wrong type.
    """
    kind, *parts = text.split(":")
    if kind in ("log", "lin") and parts:
        return _parse_range(path, text, kind, parts)
    hint = field_types(Experiment)[path]
    separator = ";" if "tuple" in str(hint) else ","
    return tuple(coerce(part, hint, path) for part in text.split(separator) if part.strip())


def _parse_range(path: str, text: str, kind: str, parts: Sequence[str]) -> Range:
    try:
        low, high, *num = parts
        ends, count = (float(low), float(high)), int(*num) if num else 8
    except (ValueError, TypeError):
        raise UserError(
            f"{path} is {text!r}, but {kind}:LOW:HIGH:POINTS was expected, such as {kind}:0.001:0.1:8."
        ) from None
    try:
        return Range(*ends, count, log=kind == "log")
    except UserError as error:
        raise UserError(f"{path}={text}: {error}") from None

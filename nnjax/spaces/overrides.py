"""Override a search space from the command line: `--space.FIELD=VALUES`, its options, and pinned fields."""

import dataclasses
import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from nnjax.core.coercion import coerce
from nnjax.core.errors import UserError
from nnjax.core.fields import field_types, resolve_path, type_of
from nnjax.spaces.ranges import DESIGNS, Range
from nnjax.spaces.space import ADAPTIVE, Arm, Evolution, Halving, Space, checked_arms

RULES = {"halving": Halving, "evolution": Evolution}  # what may decide while trials train, by the space's field
OWNERS = {name: field for field, rule in RULES.items() for name in field_types(rule) if name != "metric"}
RULED = (*OWNERS, "metric")  # every rule has a metric
SCALARS = ("mode", "num", "draw_seed", "batch")
OPTIONS = (*SCALARS, "arms", *RULED)  # of a space, beside its axes
READERS = {"num": (*DESIGNS, ADAPTIVE), "draw_seed": (*DESIGNS, ADAPTIVE), "batch": (ADAPTIVE,)}  # option -> modes


def pin(space: Space, fields: Collection[str]) -> Space:
    """Return the space without some fields: neither an axis nor an arm sets them, so that the base's values hold.

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
      texts: field -> text as in `parse_axis`; also mode, num, draw_seed, batch, those of `Halving` and `Evolution`, of
        which each one asks for it (metric for halving, unless there is an evolution), and arms=A,B to keep only some
        arms (those that they start from are kept too).

    Raises:
      UserError: an unknown field or arm, text that is no value of it, or an option that the mode does not read.
    """
    axes, times = dict(space.axes), space.times
    options = _rules(space, {name: text for name, text in texts.items() if name in RULED})
    for name, text in texts.items():
        if name == "arms":
            options["arms"] = _keep_arms(space.arms, text)
        elif name in SCALARS:
            options[name] = coerce(text, str if name == "mode" else int, f"space.{name}")
        elif name not in RULED:
            path = _axis_path(name)
            axes = {key: values for key, values in axes.items() if resolve_path(key) != path}
            axes[path] = parse_axis(path, text)
            times = tuple(pin(other, [path]) for other in times)
    space = dataclasses.replace(space, axes=axes, times=times, **options)
    idle = [name for name, modes in READERS.items() if name in options and space.mode not in modes]
    idle = [name for name in idle if name != "draw_seed" or space.evolution is None]
    if idle:
        modes = READERS[idle[0]]
        raise UserError(
            f"--space.{idle[0]} is read in the mode{'s' * (len(modes) > 1)} {', '.join(modes)} only; "
            f"add --space.mode={modes[0]}, or leave it out."
        )
    return space


def _rules(space: Space, texts: Mapping[str, str]) -> dict[str, Any]:
    """Change how the space's halving or evolution decides; either is there as soon as one of its fields is given."""
    evolves = space.evolution is not None or "evolution" in {OWNERS.get(name) for name in texts}
    out: dict[str, Any] = {}
    for name, text in texts.items():
        field = OWNERS.get(name, "evolution" if evolves else "halving")
        rule = out.get(field) or getattr(space, field) or RULES[field]()
        out[field] = dataclasses.replace(rule, **{name: coerce(text, field_types(RULES[field])[name], f"space.{name}")})
    return out


def _axis_path(name: str) -> str:
    try:
        return resolve_path(name)
    except UserError:
        close = difflib.get_close_matches(name, OPTIONS, n=1, cutoff=0.7)
        if close:
            raise UserError(f"Unknown field {name!r} of the search space; did you mean {close[0]}?") from None
        raise


def _keep_arms(arms: Mapping[str, Arm], text: str) -> dict[str, Arm]:
    """Keep the named arms only."""
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
    hint = type_of(path)
    separator = ";" if "tuple" in str(hint) else ","
    return tuple(coerce(part, hint, path) for part in text.split(separator) if part.strip())


def _parse_range(path: str, text: str, kind: str, parts: Sequence[str]) -> Range:
    try:
        low, high, *num = parts
        ends, count = (float(low), float(high)), int(*num) if num else 8
    except (ValueError, TypeError):
        expected = f"{kind}:LOW:HIGH:POINTS was expected, such as {kind}:0.001:0.1:8"
        raise UserError(f"{path} is {text!r}, but {expected}.") from None
    try:
        return Range(*ends, count, log=kind == "log")
    except UserError as error:
        raise UserError(f"{path}={text}: {error}") from None

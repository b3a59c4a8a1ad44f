"""An experiment's fields by name: changed from text or values, flattened, to JSON and back.

A field is named by its dotted path ("model.widths") or by its last part ("widths").
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import operator
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment


@functools.cache
def field_types(cls: type) -> dict[str, Any]:
    """The annotated type of every field of a configuration class, by dotted path."""
    out: dict[str, Any] = {}
    for name, hint in typing.get_type_hints(cls).items():
        if dataclasses.is_dataclass(hint):
            out.update({f"{name}.{path}": sub for path, sub in field_types(typing.cast(type, hint)).items()})
        else:
            out[name] = hint
    return out


def resolve_path(name: str, cls: type = Experiment) -> str:
    """The full dotted path of a field given whole ("model.widths") or by its last part ("widths").

    Raises:
      UserError: the field is unknown (the close ones are named) or several fields end so.
    """
    paths = field_types(cls)
    if name in paths:
        return name
    found = [path for path in paths if path.split(".")[-1] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"The field {name!r} is ambiguous: write one of {', '.join(found)}.")
    inside = [path for path in paths if path.startswith(f"{name}.")]
    if inside:
        raise UserError(f"{name!r} is not a field but a group of them: write one of {', '.join(inside)}.")
    raise UserError(f"Unknown field {name!r}; {_suggest(name, paths)}")


def _suggest(name: str, paths: Iterable[str]) -> str:
    """Name the paths whose last part, or its initials ("lr"), is spelt like a name's; its group, or all, if none is."""
    spelt: dict[str, list[str]] = {}
    for path in paths:
        leaf = path.split(".")[-1]
        initials = "".join(word[:1] for word in leaf.split("_")) if "_" in leaf else leaf
        for spelling in {leaf, initials}:
            spelt.setdefault(spelling, []).append(path)
    *parts, leaf = name.lower().split(".")
    close = [path for match in difflib.get_close_matches(leaf, spelt, n=1, cutoff=0.65) for path in spelt[match]]
    close.sort(key=lambda path: path.split(".")[:-1] != parts)  # first those of the part that was named
    group = [path for path in paths if parts and path.split(".")[:-1] == parts] or paths
    return f"did you mean {' or '.join(close[:3])}?" if close else f"the fields are {', '.join(group)}."


def replace(experiment: Experiment, changes: Mapping[str, Any]) -> Experiment:
    """The experiment with some fields changed; keys as in `resolve_path`, values typed or as text.

    Example: `replace(e, {"learning_rate": 0.1, "model.widths": (64, 32), "loss": "mean_squared_error"})`.

    Raises:
      UserError: an unknown field, or a value of the wrong type.
    """
    hints = field_types(Experiment)
    for name, value in changes.items():
        path = resolve_path(name)
        experiment = _set(experiment, path.split("."), coerce(value, hints[path], path))
    return experiment


def _set(node: Any, parts: list[str], value: Any) -> Any:
    if len(parts) > 1:
        value = _set(getattr(node, parts[0]), parts[1:], value)
    return dataclasses.replace(node, **{parts[0]: value})


def conform(experiment: Experiment) -> Experiment:
    """The experiment with every value as its field's annotated type, and so hashable: lists become tuples.

    Raises:
      UserError: a value, or a whole part, of the wrong type.
    """
    if not isinstance(experiment, Experiment):
        raise UserError(f"The experiment is {experiment!r}, but an Experiment was expected: write Experiment(...).")
    for field in dataclasses.fields(Experiment):
        part, found = type(field.default), getattr(experiment, field.name)
        if dataclasses.is_dataclass(field.default) and not isinstance(found, part):
            raise UserError(
                f"{field.name} is {found!r}, but a {part.__name__} was expected: write {part.__name__}(...)."
            )
    return replace(experiment, flatten(experiment))


def coerce(value: Any, hint: Any, path: str) -> Any:
    """The value as the annotated type: text is parsed, whole floats become ints, lists become tuples.

    Raises:
      UserError: found against expected.
    """
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and types.NoneType in options:
        return None
    if type(value) in options and not isinstance(value, str):
        return value
    for option in sorted(options, key=_parse_order):
        if option is types.NoneType and str in options and value != "None":
            continue  # "none" may be a name
        try:
            return _coerce_one(value, option)
        except (ValueError, TypeError, OverflowError):
            continue
    expected = " or ".join(_type_name(option) for option in options)
    raise UserError(f"{path} is {value!r}, but {expected} was expected.")


def _parse_order(option: Any) -> int:
    """Text is tried as None, then bool, int, float, tuple, and only then as text."""
    order = [types.NoneType, bool, int, float]
    return order.index(option) if option in order else (9 if option is str else 5)


def _coerce_one(value: Any, option: Any) -> Any:
    text = value.strip() if isinstance(value, str) else None
    if option is types.NoneType:
        if value is None or text in ("None", "none", "null"):
            return None
    elif option is bool:
        if isinstance(value, bool):
            return value
        if text is not None and text.lower() in ("true", "false"):
            return text.lower() == "true"
    elif option is int:
        return _to_int(value)
    elif option is float:
        if not isinstance(value, bool):
            return float(value)
    elif option is str:
        if isinstance(value, str):
            return value
    else:
        item = typing.get_args(option)[0]
        items = [part for part in text.strip("()[] ").split(",") if part.strip()] if text is not None else value
        if not isinstance(items, Mapping):
            return tuple(_coerce_one(part, item) for part in items)
    raise ValueError


def _to_int(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError
    if isinstance(value, str):
        return int(value)
    if int(value) != value:
        raise ValueError
    return int(value)


def _type_name(option: Any) -> str:
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false", types.NoneType: "none"}
    if option in names:
        return names[option]
    return "a list of " + {int: "whole numbers", float: "numbers", str: "names"}[typing.get_args(option)[0]]


def to_dict(experiment: Experiment) -> dict[str, Any]:
    """The experiment as nested dictionaries that JSON can hold."""
    return dataclasses.asdict(experiment)


def flatten(experiment: Experiment) -> dict[str, Any]:
    """The experiment as one dictionary from dotted path to value."""
    return dict(zip(field_types(Experiment), _values_of()(experiment), strict=True))


@functools.cache
def _values_of() -> operator.attrgetter[tuple[Any, ...]]:
    return operator.attrgetter(*field_types(Experiment))


def from_dict(tree: Mapping[str, Any]) -> Experiment:
    """The experiment that `to_dict` wrote.

    Raises:
      UserError: a field that this version does not know, or a value of the wrong type.
    """
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat.update({f"{name}.{leaf}": sub for leaf, sub in value.items()})
        else:
            flat[name] = value
    return replace(Experiment(), flat)

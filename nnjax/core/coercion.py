"""Convert values to the annotated types of fields: text is parsed, whole floats become ints, lists become tuples."""

import contextlib
import dataclasses
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from nnjax.core.class_weight import ClassWeight
from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef
from nnjax.core.text import represent


def coerce_own_fields(thing: Any, names: Iterable[str] = ()) -> None:
    """Bring named fields (or all) of a frozen dataclass that is made to their types; UserError for other values."""
    hints = typing.get_type_hints(type(thing))
    for name in names or [field.name for field in dataclasses.fields(thing)]:
        value, hint = getattr(thing, name), hints[name]
        options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        path = f"{type(thing).__name__}.{name}"
        if isinstance(value, str) and str not in options:
            _refuse(value, options, path)
        object.__setattr__(thing, name, coerce(value, hint, path))


def coerce(value: Any, hint: Any, path: str) -> Any:
    """The value as the annotated type: text is parsed, whole floats become ints, lists tuples; UserError if not."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and types.NoneType in options:
        return None
    if type(value) in options and not isinstance(value, str | int | tuple):
        return value
    for option in sorted(options, key=lambda option: [*_TYPES].index(_kind(option))):
        if option is types.NoneType and str in options and not (isinstance(value, str) and value == "None"):
            continue  # "none" may be a name
        try:
            return _parse(value, option)
        except UserError:
            raise
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
            continue
    _refuse(value, options, path)


def _refuse(value: Any, options: Sequence[Any], path: str) -> NoReturn:
    expected = " or ".join(_name(option) for option in options)
    raise UserError(f"{path} is {represent(value)}, but {expected} was expected.")


def _kind(option: Any) -> Any:
    return typing.get_origin(option) or option


def _name(option: Any) -> str:
    items = [typing.get_args(item)[:1] or (item,) for item in typing.get_args(option)[:1]]
    return _TYPES[_kind(option)].name + "".join(_TYPES[item].plural for (item,) in items)


def _parse(value: Any, option: Any) -> Any:
    parsed = _TYPES[_kind(option)].parse(value)
    if _kind(option) is not tuple:
        return parsed
    (items, *_) = typing.get_args(option)
    kinds = typing.get_args(items) or (items,)
    return tuple(_first(item, kinds) for item in parsed)


def _first(value: Any, options: Sequence[Any]) -> Any:
    """Parse a value as the first of some types that it can be; errors as the last one's."""
    *others, last = sorted(options, key=lambda option: [*_TYPES].index(_kind(option)))
    for option in others:
        with contextlib.suppress(ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
            return _parse(value, option)
    return _parse(value, last)


def _to_ref(value: Any) -> ObjectRef:
    """Take an object; text may be a name, or a path that is imported elsewhere (`fields.import_objects`)."""
    if isinstance(value, str | bool | int | float | Mapping) and not isinstance(value, ObjectRef):
        raise ValueError
    return ObjectRef(value)


def _to_none(value: Any) -> None:
    return {"None": None, "none": None, "null": None}[_to_text(value).strip()]


def _to_bool(value: Any) -> bool:
    return value if isinstance(value, bool) else {"true": True, "false": False}[_to_text(value).strip().lower()]


def _to_int(value: Any) -> int:
    if _is_bool(value) or not (isinstance(value, str) or int(value) == value) or not abs(int(value)) < 2**63:
        raise ValueError
    return int(value)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool) or type(value).__name__ == "bool"  # NumPy's


def _to_float(value: Any) -> float:
    if _is_bool(value):
        raise ValueError
    return float(value)


def _to_items(value: Any) -> list[Any]:
    if isinstance(value, Mapping | set | frozenset):
        raise ValueError
    if not isinstance(value, str):
        return list(value)
    inner = value.strip()
    if inner[:1] + inner[-1:] in ("()", "[]") and not set(inner[1:-1]) & set("()[]"):
        inner = inner[1:-1]
    return [part for part in inner.split(",") if part.strip()]


def _to_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


class _Type(NamedTuple):
    """How a value becomes one of a type, or an error; and what the type is called, one of them and several."""

    parse: Callable[[Any], Any]
    name: str
    plural: str = ""


_TYPES: Mapping[type, _Type] = {  # in the order in which a value is tried
    types.NoneType: _Type(_to_none, "none"),
    bool: _Type(_to_bool, "true or false"),
    int: _Type(_to_int, "a whole number", "whole numbers"),
    float: _Type(_to_float, "a number", "numbers"),
    tuple: _Type(_to_items, "a list of "),
    ObjectRef: _Type(_to_ref, "an object", "objects"),
    ClassWeight: _Type(ClassWeight, '"balanced", or weights of classes'),
    str: _Type(_to_text, "text", "names"),
}

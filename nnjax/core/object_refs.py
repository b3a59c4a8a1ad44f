"""Object references: users' models, losses, metrics, optimizers and schedules where a name may stand.

Everywhere nnjax asks for one of these by name ("adam"), an object or an import path ("package.module:name") may stand.
An object is kept as an `ObjectRef`, a text that carries it; what only prints, compares or stores names needs to know
nothing of it. Text with a colon that is no `ObjectRef` is a path that has not been imported: nothing in a stranger's
run folder is.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import os
import sys
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.text import represent


class ObjectRef(str):
    """An object, and as text its import path ("package.module:name"), or what comes nearest to one.

    Two are equal where their objects are the same, or hashable and equal (Linen modules with equal fields).
    """

    object: Any  # the object

    def __new__(cls, thing: Any, path: str | None = None) -> ObjectRef:
        """Wrap an object; its path is found where it is not given."""
        if isinstance(thing, ObjectRef):
            return thing
        ref = super().__new__(cls, path or path_of(thing))
        ref.object = thing
        return ref

    def __eq__(self, other: Any) -> bool:
        """Compare the objects."""
        if not isinstance(other, ObjectRef):
            return False
        if self.object is other.object:
            return True
        try:
            return (
                type(self.object) is type(other.object)
                and hash(self.object) == hash(other.object)
                and bool(self.object == other.object)
            )
        except (TypeError, ValueError):  # unhashable, or it compares elementwise
            return False

    def __ne__(self, other: Any) -> bool:
        """Compare the objects."""
        return not self == other

    def __hash__(self) -> int:
        """Hash the object, by its identity where it has no hash."""
        try:
            return hash(self.object)
        except TypeError:
            return id(self.object)

    def __deepcopy__(self, memo: Any) -> ObjectRef:
        """Stay: an object is shared, not copied."""
        return self

    @property
    def label(self) -> str:
        """Name it for people: "Net", without its module."""
        return self.partition("(")[0].rpartition(":")[2].rpartition(".")[2]


class NamedMetric(str):
    """A metric of the user's that is only named, as a run folder has it, with what is compared by it."""

    name: str  # of its curves
    maximized: bool  # whether its highest value is the best

    def __new__(cls, path: str, name: str, maximized: bool) -> NamedMetric:
        """Name a metric."""
        named = super().__new__(cls, path)
        named.name, named.maximized = name, maximized
        return named

    def __getnewargs__(self) -> tuple[str, str, bool]:  # type: ignore[override]
        """Copy it whole."""
        return str(self), self.name, self.maximized


def path_of(thing: Any) -> str:
    """Write where an object can be imported from; of one that cannot ("(...)", "<locals>") where it was made."""
    owner = getattr(thing, "func", thing)  # of functools.partial
    named = owner if hasattr(owner, "__qualname__") else type(owner)
    module = getattr(named, "__module__", None) or "builtins"
    if owner is thing and named is thing:
        return f"{module}:{thing.__qualname__}"
    for place in (module, "__main__"):
        for name, value in vars(sys.modules.get(place, object())).items() if place in sys.modules else ():
            if value is thing:
                return f"{place}:{name}"
    return f"{module}:{named.__qualname__}({getattr(thing, 'ref_name', '') or _fields_of(thing)})"


def _fields_of(thing: Any) -> str:
    """Write the plain fields of a dataclass's instance that are not at their defaults: "width=8"; else "..."."""
    fields = dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ()
    values = {field.name: getattr(thing, field.name, None) for field in fields if field.repr}
    own = [f.name for f in fields if f.name in values and f.name != "parent" and _plain(values[f.name])]
    defaults = {field.name: field.default for field in fields}
    found = [f"{name}={_show(values[name])}" for name in own if values[name] is not defaults[name]]
    return ", ".join(found) or "..."


def _plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_plain, value))
    return isinstance(value, int | float | str) or hasattr(value, "__qualname__")


def _show(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_show, value))})"
    return str(getattr(value, "__qualname__", None) or represent(value))


def short_name(path: str) -> str:
    """Shorten a path for people: "shop.nets:Net(width=8)" is "Net(width=8)", and "shop.nets:Net(...)" is "Net"."""
    head, bracket, fields = path.partition("(")
    return head.rpartition(":")[2].rpartition(".")[2] + (bracket + fields).replace("(...)", "")


def is_path(text: Any) -> bool:
    """Whether a text is an import path ("package.module:name")."""
    module, colon, name = str(text).partition(":")
    return bool(colon) and all(map(str.isidentifier, module.split("."))) and bool(name)


def import_object(path: str) -> ObjectRef:
    """Import an object by its path, the working folder searched too; UserError if there is none or that fails."""
    if isinstance(path, ObjectRef):
        return path
    module, _, name = path.partition(":")
    if (here := os.getcwd()) not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        whose = "" if error.name == module else f" (it needs {error.name})"
        raise UserError(f"{path} cannot be imported: there is no module {module}{whose}.") from None
    except Exception as error:
        raise UserError(f"{path} cannot be imported: {type(error).__name__}: {error}".rstrip(".") + ".") from None
    for part in name.split("."):
        if not hasattr(found, part):
            close = difflib.get_close_matches(part, dir(found), n=3)
            meant = f"; did you mean {' or '.join(close)}?" if close else "."
            raise UserError(f"{path} cannot be imported: {module} has no {part!r}{meant}")
        found = getattr(found, part)
    return ObjectRef(found, path)


LIBRARIES = ("nnjax", "jax", "flax", "keras", "equinox", "optax")  # whose source needs no record


def source_of(ref: ObjectRef) -> str | None:
    """Return an object's source code for the record: of an instance its class's; None where Python knows none.

    Of a pair of functions that of both; nothing of what a library has written.
    """
    some = ref.object if isinstance(ref.object, tuple) else (ref.object,)
    return "\n".join(text for one in some if (text := _source(one))) or None


def _source(thing: Any) -> str | None:
    for part in ("func", "statistics", "definition"):  # of functools.partial, of an nnjax.Metric, of a Loss
        thing = getattr(thing, part, thing)
    owner = thing if hasattr(thing, "__qualname__") else type(thing)
    if str(getattr(owner, "__module__", "")).split(".")[0] in LIBRARIES:
        return None
    try:
        return inspect.getsource(owner)
    except (OSError, TypeError):
        return None

"""Fields of an experiment by name: set from text or values, flattened, to JSON and back.

A field is named by its dotted path ("model.widths") or by its last part ("widths").
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import operator
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from nnjax.core.coercion import coerce
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.object_refs import ObjectRef, import_object, is_path
from nnjax.core.text import represent


@functools.cache
def field_types(cls: type) -> dict[str, Any]:
    """The annotated type of every field of a configuration class, by dotted path."""
    out: dict[str, Any] = {}
    for name, hint in typing.get_type_hints(cls).items():
        if dataclasses.is_dataclass(hint):
            out.update({f"{name}.{path}": sub for path, sub in field_types(typing.cast(type, hint)).items()})
        elif name != "others":  # of hyperparameters, which stand beside the known ones
            out[name] = hint
    return out


def resolve_path(name: str, own: Iterable[str] = ()) -> str:
    """The full dotted path of a field given whole ("model.widths") or by its last part ("widths").

    `own` are the hyperparameters beside the known ones that an experiment has, which are found by their last part too.

    Raises:
      UserError: the field is unknown (the close ones are named) or several fields end so.
    """
    paths = field_types(Experiment)
    if not isinstance(name, str):
        raise UserError(f"A field is named by a text such as 'learning_rate', but {represent(name)} was given.")
    if name in paths:
        return name
    if name.startswith(OPEN) and name.removeprefix(OPEN).isidentifier():
        return name  # whether anything reads it is asked later (`checks.invalid_values`)
    found = [path for path in paths if path.split(".")[-1] == name]
    if not found and name in own:
        return OPEN + name
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"The field {name!r} is ambiguous: write one of {', '.join(found)}.")
    inside = [path for path in paths if path.startswith(f"{name}.")]
    if inside:
        raise UserError(f"{name!r} is not a field but a group of them: write one of {', '.join(inside)}.")
    raise UserError(f"Unknown field {name!r}; {_suggest(name, paths)}")


OPEN = "hyperparameters."  # below it any name may stand


def type_of(path: str) -> Any:
    """The annotated type of a field; of an open hyperparameter that of a number."""
    return field_types(Experiment).get(path, float | None)


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
    if close:
        return f"did you mean {' or '.join(close[:3])}?"
    of_own = f"a hyperparameter of your own model or loss is written {OPEN}{name}; " if name.isidentifier() else ""
    return f"{of_own}the fields are {', '.join(group)}."


def replace(experiment: Experiment, changes: Mapping[str, Any]) -> Experiment:
    """The experiment with some fields changed; keys as in `resolve_path`, values typed or as text.

    Example: `replace(e, {"learning_rate": 0.1, "model.widths": (64, 32), "loss": "mean_squared_error"})`.

    Raises:
      UserError: an unknown field, or a value of the wrong type.
    """
    own = dict(experiment.hyperparameters.others)
    paths = {resolve_path(name, own=own): value for name, value in changes.items()}
    return set_values(experiment, {path: coerce(value, type_of(path), path) for path, value in paths.items()})


def set_values(experiment: Experiment, values: Mapping[str, Any]) -> Experiment:
    """The experiment with some fields set; keys are whole paths, values have their fields' types already."""
    changes = {path: value for path, value in values.items() if "." not in path}
    parts: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        part, dot, name = path.partition(".")
        if dot:
            parts.setdefault(part, {})[name] = value
    changes |= {part: _with_values(getattr(experiment, part), some) for part, some in parts.items()}
    return dataclasses.replace(experiment, **changes) if changes else experiment


def _with_values(part: Any, values: Mapping[str, Any]) -> Any:
    """A part of an experiment with some fields set; those that hyperparameters have not are the user's own."""
    own = {} if not isinstance(part, Hyperparameters) else {n: v for n, v in values.items() if n not in vars(part)}
    if not own:
        return dataclasses.replace(part, **values)
    known = {name: value for name, value in values.items() if name not in own}
    return dataclasses.replace(part, others=tuple((dict(part.others) | own).items()), **known)


def coerce_fields(experiment: Experiment) -> Experiment:
    """The experiment with every value as its field's annotated type, and so hashable; UserError for wrong types."""
    if not isinstance(experiment, Experiment):
        raise UserError(
            f"The experiment is {represent(experiment)}, but an Experiment was expected: write Experiment(...)."
        )
    for field in dataclasses.fields(Experiment):
        part, found = type(field.default), getattr(experiment, field.name)
        if dataclasses.is_dataclass(field.default) and not isinstance(found, part):
            raise UserError(
                f"{field.name} is {represent(found)}, but a {part.__name__} was expected: write {part.__name__}(...)."
            )
    return replace(experiment, flatten(experiment))


def import_objects(experiment: Experiment) -> Experiment:
    """Import what an experiment names as "package.module:name", if the user said so; UserError if that fails."""
    changes: dict[str, Any] = {}
    for path, value in flatten(experiment).items():
        if path in OBJECT_FIELDS and is_path(value) and not isinstance(value, ObjectRef):
            changes[path] = import_object(value)
        elif path == "metrics" and any(map(is_path, value or ())):
            changes[path] = tuple(import_object(one) if is_path(one) else one for one in value)
    return set_values(experiment, changes) if changes else experiment


def named_only(experiment: Experiment) -> Experiment:
    """Return the experiment as a run folder has it: of objects only the paths."""
    flat = flatten(experiment)
    texts: dict[str, Any] = {
        path: str.__str__(flat[path]) for path in OBJECT_FIELDS if isinstance(flat[path], ObjectRef)
    }
    if any(isinstance(one, ObjectRef) for one in experiment.metrics or ()):
        texts["metrics"] = tuple(str.__str__(one) for one in experiment.metrics or ())
    return set_values(experiment, texts) if texts else experiment


def with_objects(experiment: Experiment, given: Mapping[str, Any], trust: bool = False) -> Experiment:
    """Return an experiment of a run folder with objects in the place of paths.

    Args:
      experiment: as the folder has it.
      given: {"model.kind": object, ...} by the fields of `OBJECT_FIELDS`, and "metrics": objects by name or in order.
      trust: whether to import all other paths.

    Raises:
      UserError: a path cannot be imported.
    """
    flat = flatten(experiment)
    changes: dict[str, Any] = {
        path: ObjectRef(given[path], flat[path])
        for path in OBJECT_FIELDS
        if given.get(path) is not None and is_path(flat[path])
    }
    if given.get("metrics") is not None:
        named = [one for one in experiment.metrics or () if is_path(one)]
        objects = dict(zip(named, given["metrics"], strict=False))
        changes["metrics"] = tuple(
            ObjectRef(objects[one], one) if one in objects else one for one in experiment.metrics or ()
        )
    experiment = set_values(experiment, changes)
    return import_objects(experiment) if trust else experiment


OBJECT_FIELDS = ("model.kind", "optimizer.name", "optimizer.schedule", "loss")  # where an object may stand; and metrics


def to_dict(experiment: Experiment) -> dict[str, Any]:
    """The experiment as nested dictionaries that JSON can hold."""
    return dataclasses.asdict(experiment)


def flatten(experiment: Experiment) -> dict[str, Any]:
    """The experiment as one dictionary from dotted path to value."""
    flat = dict(zip(field_types(Experiment), _values_of()(experiment), strict=True))
    return Flat(flat | {OPEN + name: value for name, value in experiment.hyperparameters.others})


class Flat(dict[str, Any]):
    """An experiment by dotted path; a hyperparameter of the user's that another experiment has is None."""

    def __missing__(self, path: str) -> None:
        if not path.startswith(OPEN):
            raise KeyError(path)


@functools.cache
def _values_of() -> operator.attrgetter[tuple[Any, ...]]:
    return operator.attrgetter(*field_types(Experiment))


def from_dict(tree: Mapping[str, Any]) -> Experiment:
    """The experiment that `to_dict` wrote; UserError for unknown fields and values of a wrong type."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            more = {f"{name}.{other}": sub for other, sub in value.get("others", ())}
            flat.update({f"{name}.{leaf}": sub for leaf, sub in value.items() if leaf != "others"} | more)
        else:
            flat[name] = value
    return replace(Experiment(), flat)

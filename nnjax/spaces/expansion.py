"""Expand a search space into the list of its trials."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.fields import OBJECT_FIELDS, replace, resolve_path, set_values
from nnjax.core.messages import remedy
from nnjax.core.object_refs import ObjectRef
from nnjax.spaces.ranges import DESIGNS, Axis, Range, number, typed
from nnjax.spaces.space import ADAPTIVE, MODES, Arm, Space, checked_arms

MAX_TRIALS = 100_000  # of a space; a sweep of more would only be noticed after minutes of silence


def expand(base: Experiment, space: Space, log: Callable[[str], None] = lambda text: None) -> list[TrialSpec]:
    """List the trials of a space: by arm, setting and seed, in this order.

    Settings that coincide are trained once, which is logged.

    Raises:
      UserError: an empty axis, an unknown field, a value of the wrong type, an unknown mode or arm, axes of unequal
        lengths in mode zip, a field in two spaces, an arm that starts from one that comes later, or both halving and
        evolution.
    """
    if space.halving is not None and space.evolution is not None:
        raise UserError(
            "The search space has both halving (eta, first, brackets), which drops settings, and evolution (every, "
            "share, factors, resample), which replaces them; leave one of them out."
        )
    if space.scheduler is not None and (space.halving or space.evolution):
        raise UserError(
            "The search space has a scheduler of its own beside halving or evolution: leave one of them out."
        )
    axes = _axes(space, base)
    seeds = _seeds(axes.pop("seed")) if "seed" in axes else [{}]
    settings = _product([_settings(axes, space), *(_factor(other, base) for other in space.times)])
    arms = checked_arms(space) or {"": Arm()}
    _refuse_many(len(settings) * len(seeds) * len(arms))
    rows = _distinct([{**setting, **seed} for setting in settings for seed in seeds], log)
    specs: list[TrialSpec] = []
    first_of: dict[str, int] = {}
    for name, arm in arms.items():
        first_of[name] = len(specs)
        parent, own = _parent(name, arm, first_of), replace(base, arm.changes)
        for row_number, row in enumerate(rows):
            start_from = None if parent is None else parent + row_number
            specs.append(TrialSpec(len(specs), set_values(own, row), name, start_from))
    return specs


def _axes(space: Space, base: Experiment) -> dict[str, Axis]:
    own = dict(base.hyperparameters.others)
    axes = {resolve_path(name, own=own): values for name, values in space.axes.items()}
    return {path: _named_apart(values) if path in OBJECT_FIELDS else values for path, values in axes.items()}


def _named_apart(values: Axis) -> Axis:
    """Number different objects of an axis that have one text, the second on, so that a run folder tells them apart."""
    if not isinstance(values, list | tuple):
        return values
    known: dict[str, list[ObjectRef]] = {}
    out: list[Any] = []
    for value in values:
        if value is None or isinstance(value, str):
            out.append(value)
            continue
        ref = ObjectRef(value)
        alike = known.setdefault(str.__str__(ref), [])
        if ref not in alike:
            alike.append(ref)
        place = alike.index(ref) + 1
        out.append(ref if place == 1 else ObjectRef(value, f"{ref}#{place}"))
    return out


def _factor(space: Space, base: Experiment) -> list[dict[str, Any]]:
    axes = _axes(space, base)
    if "seed" in axes or space.arms:
        raise UserError("A space in `times` has seeds or arms; give them to the space that it multiplies.")
    return _product([_settings(axes, space), *(_factor(other, base) for other in space.times)])


def _product(factors: Sequence[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Combine every setting of each factor with every one of the others."""
    names = [name for settings in factors for name in settings[0]]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"The field {name} is an axis of two spaces that multiply each other; leave it in one.")
    _refuse_many(math.prod(map(len, factors)))
    return [{k: v for part in parts for k, v in part.items()} for parts in itertools.product(*factors)]


def _refuse_many(count: int) -> None:
    if count > MAX_TRIALS:
        raise UserError(
            f"The search space has {count:,} trials, but {MAX_TRIALS:,} is the most: take fewer points, or draw some "
            "with mode random and num."
        )


def _seeds(values: Axis) -> list[dict[str, Any]]:
    seeds = typed("seed", values)
    if isinstance(seeds, Range):
        example = remedy("'seed': [0, 1, 2]", "--space.seed=0,1,2")
        raise UserError(f"The seeds are a range of real numbers; list them instead, such as {example}.")
    return [{"seed": seed} for seed in seeds]


def _parent(name: str, arm: Arm, first_of: Mapping[str, int]) -> int | None:
    if arm.start_from is None:
        return None
    before = [other for other in first_of if other != name]
    if arm.start_from not in before:
        raise UserError(
            f"The arm {name!r} starts from {arm.start_from!r}, which is not an arm before it; "
            f"the arms before it are {', '.join(before) or 'none'}."
        )
    return first_of[arm.start_from]


def _settings(axes: Mapping[str, Axis], space: Space) -> list[dict[str, Any]]:
    """Combine the axes as the mode says: one mapping from field to value a setting."""
    if space.mode == ADAPTIVE:
        raise UserError("A space of mode adaptive has no list of trials beforehand; choose one of " + ", ".join(MODES))
    if space.mode not in MODES:
        known = ", ".join((*MODES, ADAPTIVE))
        raise UserError(f"The mode of the search space is {space.mode!r}, but one of {known} was expected.")
    axes = {path: typed(path, values) for path, values in axes.items()}
    drawn, sizes = space.mode in DESIGNS and bool(axes), list(map(len, axes.values()))
    _refuse_many(space.num if drawn else max(sizes, default=1))
    if space.mode == "grid":
        _refuse_many(math.prod(sizes))
    if drawn:
        return _drawn_settings(axes, space)
    lists = [
        [number(path, point) for point in values.points()] if isinstance(values, Range) else values
        for path, values in axes.items()
    ]
    if space.mode == "zip" and len(set(sizes)) > 1:
        lengths = ", ".join(f"{path} has {size}" for path, size in zip(axes, sizes, strict=True))
        raise UserError(f"Mode zip takes one value of each axis at a time, but the lengths differ: {lengths}.")
    rows = zip(*lists, strict=True) if space.mode == "zip" and lists else itertools.product(*lists)
    return [dict(zip(axes, row, strict=True)) for row in rows]


def _drawn_settings(axes: Mapping[str, Axis], space: Space) -> list[dict[str, Any]]:
    if space.num < 1 or space.draw_seed < 0:
        raise UserError(
            f"The mode {space.mode} has num={space.num} and draw_seed={space.draw_seed}, but at least 1 and at least 0 "
            "were expected."
        )

    def pick(path: str, values: Axis, u: float) -> Any:
        return number(path, values.at(u)) if isinstance(values, Range) else values[int(u * len(values))]

    points = DESIGNS[space.mode](space.num, len(axes), space.draw_seed)
    return [{p: pick(p, values, u) for (p, values), u in zip(axes.items(), row, strict=True)} for row in points]


def _distinct(rows: list[dict[str, Any]], log: Callable[[str], None]) -> list[dict[str, Any]]:
    found = list({tuple(row.items()): row for row in rows}.values())
    if len(found) < len(rows):
        log(
            f"remark: {len(rows) - len(found)} of the {len(rows)} settings (with seeds) of the search space repeat "
            f"others; the {len(found)} different ones are trained."
        )
    return found

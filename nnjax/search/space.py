"""Search spaces: which trials a sweep consists of, as data that prints, hashes and comes from the command line."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.config import Experiment, TrialSpec, coerce, field_types, replace, resolve_path
from nnjax.types import UserError

MODES = ("grid", "zip", "random")


@dataclasses.dataclass(frozen=True)
class Range:
    """An interval of numbers.

    Attributes:
      low, high: its ends, low < high; both included.
      num: how many evenly spaced points a grid takes; random search draws from the whole interval.
      log: evenly spaced, and uniform, in the logarithm.
    """

    low: float
    high: float
    num: int = 8
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or not math.isfinite(self.high - self.low):
            raise UserError(f"The range {self.low} to {self.high} is empty; the first end must be the smaller one.")
        if self.log and self.low <= 0:
            raise UserError(f"The logarithmic range from {self.low} touches 0; start it above 0.")
        if self.num < 1:
            raise UserError(f"The range {self.low} to {self.high} has {self.num} points; 1 or more were expected.")

    def points(self) -> list[float]:
        """Space `num` points evenly."""
        space = np.geomspace if self.log else np.linspace
        return [float(point) for point in space(self.low, self.high, self.num)]

    def draw(self, rng: np.random.Generator) -> float:
        """Draw one number uniformly."""
        if self.log:
            return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        return float(rng.uniform(self.low, self.high))


@dataclasses.dataclass(frozen=True)
class Arm:
    """One named arm of a comparison.

    Attributes:
      changes: field -> value, applied to the base experiment.
      start_from: the arm from whose trained weights (of the same seed) this one starts; None for a fresh draw.
    """

    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    start_from: str | None = None


@dataclasses.dataclass(frozen=True)
class Space:
    """A search space.

    Attributes:
      axes: field -> its values (a sequence) or a `Range`. The axis "seed" always multiplies all others.
      mode: "grid" (product of the axes), "zip" (side by side) or "random".
      num: how many settings random search draws.
      draw_seed: of random search.
      arms: named arms; each is combined with every setting.
    """

    axes: Mapping[str, Sequence[Any] | Range] = dataclasses.field(default_factory=dict)
    mode: str = "grid"
    num: int = 20
    draw_seed: int = 0
    arms: Mapping[str, Arm] = dataclasses.field(default_factory=dict)


def expand(base: Experiment, space: Space) -> list[TrialSpec]:
    """List the trials of a space; trials of one arm and setting stand together, one for each seed.

    Raises:
      UserError: no trials, an unknown field, a value of the wrong type, an unknown mode or arm, axes of unequal
        lengths in mode zip, or an arm that starts from one that comes later.
    """
    axes = {resolve_path(name): values for name, values in space.axes.items()}
    seeds = _seeds(axes.pop("seed", (base.seed,)))
    arms = space.arms or {"": Arm()}
    specs: list[TrialSpec] = []
    first_of: dict[str, int] = {}
    settings = _settings(axes, space)
    for name, arm in arms.items():
        first_of[name] = len(specs)
        parent = _parent(name, arm, first_of)
        for number, (setting, seed) in enumerate(itertools.product(settings, seeds)):
            experiment = replace(replace(base, arm.changes), {**setting, "seed": seed})
            specs.append(TrialSpec(len(specs), experiment, name, None if parent is None else parent + number))
    if not specs:
        raise UserError("The search space has no trials: one of its axes is empty; give every axis at least one value.")
    return specs


def _seeds(values: Sequence[Any] | Range) -> list[int]:
    if isinstance(values, Range):
        raise UserError("The seeds are a range of real numbers; list them instead, such as --space.seed=0,1,2.")
    return [coerce(value, int, "seed") for value in values]


def _parent(name: str, arm: Arm, first_of: Mapping[str, int]) -> int | None:
    if arm.start_from is None:
        return None
    if arm.start_from not in first_of or arm.start_from == name:
        raise UserError(
            f"The arm {name!r} starts from {arm.start_from!r}, which is not an arm before it; "
            f"the arms before it are {', '.join(n for n in first_of if n != name) or 'none'}."
        )
    return first_of[arm.start_from]


def _settings(axes: Mapping[str, Sequence[Any] | Range], space: Space) -> list[dict[str, Any]]:
    """Combine the axes other than the seed."""
    if space.mode not in MODES:
        raise UserError(f"The mode of the search space is {space.mode!r}, but one of {', '.join(MODES)} was expected.")
    if space.mode == "random" and axes:
        rng = np.random.default_rng(space.draw_seed)
        return [{name: _draw(values, rng) for name, values in axes.items()} for _ in range(space.num)]
    lists = [values.points() if isinstance(values, Range) else list(values) for values in axes.values()]
    if space.mode == "zip" and len({len(values) for values in lists}) > 1:
        lengths = ", ".join(f"{name} has {len(values)}" for name, values in zip(axes, lists, strict=True))
        raise UserError(f"Mode zip takes one value of each axis at a time, but the lengths differ: {lengths}.")
    rows = zip(*lists, strict=True) if space.mode == "zip" and lists else itertools.product(*lists)
    return [dict(zip(axes, row, strict=True)) for row in rows]


def _draw(values: Sequence[Any] | Range, rng: np.random.Generator) -> Any:
    if isinstance(values, Range):
        return values.draw(rng)
    if not len(values):
        raise UserError("The search space has no trials: one of its axes is empty; give every axis at least one value.")
    return values[int(rng.integers(len(values)))]


def override(space: Space, texts: Mapping[str, str]) -> Space:
    """Change a space from the command line.

    Args:
      space: from the configuration file, or an empty one.
      texts: field -> text as in `parse_axis`; also mode, num, draw_seed, and arms=A,B to keep only some arms (those
        that they start from are kept too).

    Raises:
      UserError: an unknown field or arm, or text that is no value of it.
    """
    axes = dict(space.axes)
    options: dict[str, Any] = {}
    for name, text in texts.items():
        if name == "arms":
            options["arms"] = _keep_arms(space.arms, text)
        elif name in ("mode", "num", "draw_seed"):
            options[name] = coerce(text, str if name == "mode" else int, f"space.{name}")
        else:
            path = resolve_path(name)
            axes = {key: values for key, values in axes.items() if resolve_path(key) != path}
            axes[path] = parse_axis(path, text)
    return dataclasses.replace(space, axes=axes, **options)


def _keep_arms(arms: Mapping[str, Arm], text: str) -> dict[str, Arm]:
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    for name in wanted:
        if name not in arms:
            raise UserError(f"There is no arm {name!r}; the arms are {', '.join(arms) or 'none'}.")
    for name in wanted:
        parent = arms[name].start_from
        if parent is not None and parent not in wanted:
            wanted.append(parent)
    return {name: arm for name, arm in arms.items() if name in wanted}


def parse_axis(path: str, text: str) -> Sequence[Any] | Range:
    """Read an axis: "0.1,0.01" (values), "log:1e-4:1:16" or "lin:0:0.5:6" (a range), "64,32;128" (lists, by semicolon).

    Raises:
      UserError: text that is none of these, or a value of the wrong type.
    """
    kind, *parts = text.split(":")
    if kind in ("log", "lin") and parts:
        try:
            low, high = float(parts[0]), float(parts[1])
            num = int(parts[2]) if len(parts) > 2 else 8
        except (ValueError, IndexError):
            raise UserError(
                f"{path} is {text!r}, but {kind}:LOW:HIGH:POINTS was expected, such as log:1e-4:1:16."
            ) from None
        return Range(low, high, num, log=kind == "log")
    hint = field_types(Experiment)[path]
    separator = ";" if "tuple" in str(hint) else ","
    return tuple(coerce(part, hint, path) for part in text.split(separator) if part.strip())

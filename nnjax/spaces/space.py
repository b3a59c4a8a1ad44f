"""Search spaces: which trials a sweep consists of, as data that prints, hashes and comes from the command line."""

from __future__ import annotations

import dataclasses
import itertools
import math
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.fields import coerce, field_types, replace, resolve_path

MODES = ("grid", "zip", "random", "sobol", "halton")
MAX_TRIALS = 100_000  # of a space; a sweep of more would only be noticed after minutes of silence
DRAWN = ("random", "sobol", "halton")  # modes that take `num` points of the space
ADAPTIVE = "adaptive"  # the mode in which a sampler is asked for settings, in batches


@dataclasses.dataclass(frozen=True)
class Range:
    """An interval of numbers.

    Attributes:
      low, high: its ends, low < high; both included.
      num: how many evenly spaced points a grid takes; drawn settings lie anywhere in the interval.
      log: evenly spaced, and uniform, in the logarithm.
    """

    low: float
    high: float
    num: int = 8
    log: bool = False

    def __post_init__(self) -> None:
        if not math.isfinite(self.high - self.low):
            raise UserError(f"The range {self.low:g} to {self.high:g} is not finite; two numbers were expected.")
        if not self.low < self.high:
            raise UserError(f"The range {self.low:g} to {self.high:g} is empty; the smaller end comes first.")
        if self.log and self.low <= 0:
            raise UserError(f"A logarithmic range cannot begin at {self.low:g}; begin it above 0.")
        if self.num < 1:
            raise UserError(f"The range {self.low:g} to {self.high:g} has {self.num} points; give it at least 1.")

    def points(self) -> list[float]:
        """Space `num` points evenly."""
        space = np.geomspace if self.log else np.linspace
        return [float(point) for point in space(self.low, self.high, self.num)]

    def at(self, u: float) -> float:
        """The number at a share u in [0, 1) of the interval."""
        if self.log:
            return float(np.exp(np.log(self.low) + u * (np.log(self.high) - np.log(self.low))))
        return float(self.low + u * (self.high - self.low))


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
class Halving:
    """How settings are dropped while they train: successive halving, or Hyperband (see `search.halving`).

    Attributes:
      eta: one in `eta` settings goes on at each rung, which is `eta` times as many epochs as the one before.
      first: no rung lies below this many epochs; None for a share 1 / eta^2 of them all: with eta 3 two rungs, at a
        ninth and a third of the epochs, and about a quarter of the full sweep's epochs. Earlier rungs save more, but
        tell less.
      brackets: 1 for successive halving. More is Hyperband: each further bracket has one rung less, so that it drops
        later, and fewer settings; the settings are dealt to them in the order in which they stand in the space.
      metric: a curve, such as "val_loss", that decides at a rung, by the mean over a setting's seeds and folds: of a
        loss the value that a power law through the epochs since the last rung has at the end, the lowest being best; of
        an accuracy the last value, the highest being best.
    """

    eta: int = 3
    first: int | None = None
    brackets: int = 1
    metric: str = "val_loss"

    def __post_init__(self) -> None:
        for name, least in {"eta": 2, "first": 1, "brackets": 1}.items():
            if getattr(self, name) is not None and getattr(self, name) < least:
                raise UserError(
                    f"Halving has {name}={getattr(self, name)}, but a whole number, at least {least}, was expected."
                )


@dataclasses.dataclass(frozen=True)
class Evolution:
    """How settings take over from each other while they train: population-based training (see `search.evolve`).

    Attributes:
      every: epochs between two decisions, the rungs.
      share: this share of the settings, the worst, is replaced at each rung by copies of as many of the best.
      factors: a copied hyperparameter is multiplied by one of them, and clipped to the space's range.
      resample: the probability with which it is drawn anew from that range instead.
      metric: a curve, such as "val_loss", of which the mean over a setting's seeds and folds decides at a rung; the
        lowest is best, of an accuracy the highest.
    """

    every: int = 5
    share: float = 0.2
    factors: tuple[float, ...] = (0.8, 1.25)
    resample: float = 0.25
    metric: str = "val_loss"

    def __post_init__(self) -> None:
        if self.every < 1:
            raise UserError(
                f"Evolution has every={self.every}, but a whole number of epochs, at least 1, was expected."
            )
        if not 0 < self.share <= 0.5:
            raise UserError(f"Evolution has share={self.share:g}, but a number above 0, at most 0.5, was expected.")
        if not self.factors or not all(math.isfinite(factor) and factor > 0 for factor in self.factors):
            raise UserError(
                f"Evolution has factors={self.factors}, but numbers above 0 were expected, such as 0.8,1.25."
            )
        if not 0 <= self.resample <= 1:
            raise UserError(f"Evolution has resample={self.resample:g}, but a probability from 0 to 1 was expected.")


@dataclasses.dataclass(frozen=True)
class Space:
    """A search space.

    Attributes:
      axes: field -> its values (a sequence) or a `Range`, whose points are rounded for a field of whole numbers. The
        axis "seed" always multiplies all others.
      mode: "grid" (product of the axes), "zip" (side by side), "random", or "sobol" or "halton" (scrambled sequences
        that fill the space more evenly; Owen 1998, Halton 1960); "adaptive" asks an Optuna sampler for settings, batch
        by batch, and tells it how they did (see `nnjax.search.optuna.search`).
      num: how many settings are drawn in the last four modes.
      draw_seed: of the draw, and of an evolution's decisions.
      arms: named arms; each is combined with every setting. A field that both set has the axis's value.
      times: further spaces; every setting is combined with each of theirs (their seeds and arms must be empty).
      batch: how many settings are asked for, and trained together, at a time in mode "adaptive"; None for 16.
      halving: drops settings while they train; None trains all to their ends.
      evolution: lets the best settings take the places of the worst while they train; None lets each keep its own.
    """

    axes: Mapping[str, Sequence[Any] | Range] = dataclasses.field(default_factory=dict)
    mode: str = "grid"
    num: int = 20
    draw_seed: int = 0
    arms: Mapping[str, Arm] = dataclasses.field(default_factory=dict)
    times: tuple[Space, ...] = ()
    batch: int | None = None
    halving: Halving | None = None
    evolution: Evolution | None = None


def expand(base: Experiment, space: Space, announce: Callable[[str], None] = lambda text: None) -> list[TrialSpec]:
    """List the trials of a space; trials of one arm and setting stand together, one for each seed.

    Settings that coincide are trained once, which is announced.

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
    axes = {resolve_path(name): values for name, values in space.axes.items()}
    seeds = _seeds(axes.pop("seed")) if "seed" in axes else [{}]
    settings = _product([_settings(axes, space), *(_factor(other) for other in space.times)])
    arms = checked_arms(space) or {"": Arm()}
    _refuse_many(len(settings) * len(seeds) * len(arms))
    rows = _distinct([{**setting, **seed} for setting in settings for seed in seeds], announce)
    specs: list[TrialSpec] = []
    first_of: dict[str, int] = {}
    for name, arm in arms.items():
        first_of[name] = len(specs)
        parent, own = _parent(name, arm, first_of), replace(base, arm.changes)
        for number, row in enumerate(rows):
            start_from = None if parent is None else parent + number
            specs.append(TrialSpec(len(specs), replace(own, row), name, start_from))
    return specs


def _factor(space: Space) -> list[dict[str, Any]]:
    """List the settings of a space that multiplies another one."""
    axes = {resolve_path(name): values for name, values in space.axes.items()}
    if "seed" in axes or space.arms:
        raise UserError("A space in `times` has seeds or arms; give them to the space that it multiplies.")
    return _product([_settings(axes, space), *(_factor(other) for other in space.times)])


def _product(factors: Sequence[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Combine every setting of each factor with every one of the others.

    Raises:
      UserError: a field is set by two of them.
    """
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


def _seeds(values: Sequence[Any] | Range) -> list[dict[str, Any]]:
    if isinstance(values, Range):
        raise UserError("The seeds are a range of real numbers; list them instead, such as --space.seed=0,1,2.")
    return [{"seed": value} for value in _values("seed", values)]


def typed(path: str, values: Sequence[Any] | Range) -> Sequence[Any] | Range:
    """Give the values of an axis, each as its field's type; a range stays one.

    Raises:
      UserError: they are no list, or one has the wrong type.
    """
    return values if isinstance(values, Range) else _values(path, values)


def _values(path: str, values: Any) -> list[Any]:
    """List the values of an axis, each as its field's type."""
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise UserError(f"The axis {path} of the search space is {values!r}, but a list of values was expected.")
    typed = [coerce(value, field_types(Experiment)[path], path) for value in values]
    if not typed:
        raise UserError(f"The axis {path} of the search space is empty; give it at least one value.")
    return typed


def _number(path: str, value: float) -> Any:
    """Give a number of a range as its field's type, rounded for a field of whole numbers."""
    return coerce(round(value) if is_whole(path) else value, field_types(Experiment)[path], path)


def is_whole(path: str) -> bool:
    """Whether a field holds whole numbers."""
    hint = field_types(Experiment)[path]
    options = typing.get_args(hint) or (hint,)
    return int in options and float not in options


def checked_arms(space: Space) -> Mapping[str, Arm]:
    """Give the arms, each of them an `Arm`.

    Raises:
      UserError: one is not.
    """
    for name, arm in space.arms.items():
        if not isinstance(arm, Arm):
            raise UserError(f"The arm {name!r} of the search space is {arm!r}, but Arm({{field: value}}) was expected.")
    return space.arms


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


def _settings(axes: Mapping[str, Sequence[Any] | Range], space: Space) -> list[dict[str, Any]]:
    """Combine the axes other than the seed."""
    if space.mode == ADAPTIVE:
        raise UserError("A space of mode adaptive has no list of trials beforehand; choose one of " + ", ".join(MODES))
    if space.mode not in MODES:
        known = ", ".join((*MODES, ADAPTIVE))
        raise UserError(f"The mode of the search space is {space.mode!r}, but one of {known} was expected.")
    axes = {path: typed(path, values) for path, values in axes.items()}
    sizes = [values.num if isinstance(values, Range) else len(values) for values in axes.values()]
    _refuse_many(space.num if space.mode in DRAWN and axes else max(sizes, default=1))
    if space.mode == "grid":
        _refuse_many(math.prod(sizes))
    if space.mode in DRAWN and axes:
        return _drawn_settings(axes, space)
    lists = [
        [_number(path, point) for point in values.points()] if isinstance(values, Range) else values
        for path, values in axes.items()
    ]
    if space.mode == "zip" and len({len(values) for values in lists}) > 1:
        lengths = ", ".join(f"{path} has {len(values)}" for path, values in zip(axes, lists, strict=True))
        raise UserError(f"Mode zip takes one value of each axis at a time, but the lengths differ: {lengths}.")
    rows = zip(*lists, strict=True) if space.mode == "zip" and lists else itertools.product(*lists)
    return [dict(zip(axes, row, strict=True)) for row in rows]


def _drawn_settings(axes: Mapping[str, Sequence[Any] | Range], space: Space) -> list[dict[str, Any]]:
    if space.num < 1 or space.draw_seed < 0:
        raise UserError(
            f"The mode {space.mode} has num={space.num} and draw_seed={space.draw_seed}, but at least 1 and at least 0 "
            "were expected."
        )

    def pick(path: str, values: Sequence[Any] | Range, u: float) -> Any:
        return _number(path, values.at(u)) if isinstance(values, Range) else values[int(u * len(values))]

    points = design(space.mode, space.num, len(axes), space.draw_seed)
    return [{p: pick(p, values, u) for (p, values), u in zip(axes.items(), row, strict=True)} for row in points]


def design(mode: str, num: int, dimensions: int, seed: int) -> np.ndarray:
    """Draw points of the unit cube, [num, dimensions] in [0, 1): independent ones, or a scrambled sequence.

    Raises:
      UserError: more dimensions than SciPy has Sobol directions for.
    """
    if mode == "random":
        return np.random.default_rng(seed).random((num, dimensions))
    from scipy.stats import qmc

    if mode == "halton":
        return qmc.Halton(dimensions, rng=np.random.default_rng(seed)).random(num)
    if dimensions > qmc.Sobol.MAXDIM:
        raise UserError(f"Mode sobol takes at most {qmc.Sobol.MAXDIM} axes, but there are {dimensions}; use random.")
    sequence = qmc.Sobol(dimensions, rng=np.random.default_rng(seed))
    return sequence.random_base2((num - 1).bit_length())[:num]


def _distinct(rows: list[dict[str, Any]], announce: Callable[[str], None]) -> list[dict[str, Any]]:
    found = list({tuple(row.items()): row for row in rows}.values())
    if len(found) < len(rows):
        announce(
            f"remark: {len(rows) - len(found)} of the {len(rows)} settings (with seeds) of the search space repeat "
            f"others; the {len(found)} different ones are trained."
        )
    return found

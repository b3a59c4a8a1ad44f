"""A search space: axes, how they combine, arms, and what decides while its trials train."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from nnjax.core import notebook_cards
from nnjax.core.coercion import coerce_own_fields
from nnjax.core.errors import UserError
from nnjax.core.text import represent, show
from nnjax.spaces.ranges import DESIGNS, Axis, Range

MODES = ("grid", "zip", *DESIGNS)
ADAPTIVE = "adaptive"  # the mode in which a sampler is asked for settings, in batches


@dataclasses.dataclass(frozen=True)
class Arm:
    """One named arm of a comparison.

    Attributes:
      changes: field -> value, applied to the base experiment.
      start_from: the arm from whose trained weights (of the same seed) this one starts; None for a fresh draw.
    """

    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    start_from: str | None = None

    def __post_init__(self) -> None:
        """Refuse values of other types."""
        _require_mapping("The changes of an arm", self.changes, "Arm({'learning_rate': 0.1})")
        coerce_own_fields(self, ["start_from"])


@dataclasses.dataclass(frozen=True)
class Halving:
    """Successive halving or Hyperband: drop settings while they train (see `nnjax.search.halving`).

    Attributes:
      eta: one in `eta` settings goes on at each rung, which is `eta` times as many epochs as the one before.
      first: no rung lies below this many epochs; None for a share 1 / eta^2 of them all: with eta 3 two rungs, at a
        ninth and a third of the epochs, and about a quarter of the full sweep's epochs. Earlier rungs save more, but
        tell less.
      brackets: 1 for successive halving. More is Hyperband: each further bracket has one rung less, so that it drops
        later, and fewer settings; the settings are dealt to them in the order in which they stand in the space.
      metric: a curve, such as "val_loss", that decides at a rung, by the mean over a setting's seeds and folds: of a
        loss the lowest value so far, less a fifth (in the logarithm) of what a power law through the epochs since the
        last rung promises until the end; of an accuracy the highest value so far.
    """

    eta: int = 3
    first: int | None = None
    brackets: int = 1
    metric: str = "val_loss"

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        coerce_own_fields(self)
        for name, least in {"eta": 2, "first": 1, "brackets": 1}.items():
            found = getattr(self, name)
            if found is not None and found < least:
                raise UserError(f"Halving has {name}={found}, but a whole number, at least {least}, was expected.")


@dataclasses.dataclass(frozen=True)
class Evolution:
    """Population-based training: replace settings while they train (see `nnjax.search.pbt`).

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
        """Refuse impossible values."""
        coerce_own_fields(self)
        positive = bool(self.factors) and all(math.isfinite(factor) and factor > 0 for factor in self.factors)
        for holds, found, expected in (
            (self.every >= 1, f"every={self.every}", "a whole number of epochs, at least 1, was expected"),
            (0 < self.share <= 0.5, f"share={self.share:g}", "a number above 0, at most 0.5, was expected"),
            (positive, f"factors={self.factors}", "numbers above 0 were expected, such as 0.8,1.25"),
            (0 <= self.resample <= 1, f"resample={self.resample:g}", "a probability from 0 to 1 was expected"),
        ):
            if not holds:
                raise UserError(f"Evolution has {found}, but {expected}.")


@dataclasses.dataclass(frozen=True)
class Space:
    """A search space.

    Attributes:
      axes: field -> its values (a sequence) or a `Range`, whose points are rounded for a field of whole numbers. The
        axis "seed" always multiplies all others.
      mode: "grid" (product of the axes), "zip" (side by side), "random", or "sobol" or "halton" (scrambled sequences
        that fill the space more evenly; Owen 1998, Halton 1960); "adaptive" asks an Optuna sampler for settings, batch
        by batch, and tells it how they did (see `nnjax.search.optuna.search`).
      num: how many settings are drawn in the modes random, sobol, halton and adaptive.
      draw_seed: of the draw, and of an evolution's decisions.
      arms: named arms; each is combined with every setting. A field that both set has the axis's value.
      times: further spaces; every setting is combined with each of theirs (their seeds and arms must be empty).
      batch: how many settings are asked for, and trained together, at a time in mode "adaptive"; None for 16.
      halving: drops settings while they train; None trains all to their ends.
      evolution: lets the best settings take the places of the worst while they train; None lets each keep its own.
      scheduler: one of your own, instead of halving and evolution: an object with decide(records), or a function of the
        trials that makes one (docs/extending/scheduler.md).
    """

    axes: Mapping[str, Axis] = dataclasses.field(default_factory=dict)
    mode: str = "grid"
    num: int = 20
    draw_seed: int = 0
    arms: Mapping[str, Arm] = dataclasses.field(default_factory=dict)
    times: tuple[Space, ...] = ()
    batch: int | None = None
    halving: Halving | None = None
    evolution: Evolution | None = None
    scheduler: Any = None

    def __post_init__(self) -> None:
        """Refuse values of other types; those of the axes are looked at when the space is expanded."""
        _require_mapping("The axes of the search space", self.axes, "{'seed': range(3)}")
        _require_mapping("The arms of the search space", self.arms, "{'slow': Arm({'learning_rate': 0.01})}")
        coerce_own_fields(self, ["mode", "num", "draw_seed", "batch"])
        if isinstance(self.times, list):
            object.__setattr__(self, "times", tuple(self.times))
        if not isinstance(self.times, tuple) or not all(isinstance(one, Space) for one in self.times):
            raise UserError(f"The field times is {represent(self.times)}, but a list of Space(...) was expected.")
        for name, kind in (("halving", Halving), ("evolution", Evolution)):
            found = getattr(self, name)
            if not isinstance(found, kind | None):
                raise UserError(f"The field {name} is {represent(found)}, but {kind.__name__}(...) was expected.")
        if not (self.scheduler is None or hasattr(self.scheduler, "decide") or callable(self.scheduler)):
            raise UserError(
                f"The field scheduler is {represent(self.scheduler)}, but an object with decide(records), or a "
                "function of the trials that makes one, was expected."
            )

    def _repr_html_(self) -> str:
        """Show it in a notebook: its axes, arms and rules."""
        rows = {path: _values(axis) for path, axis in self.axes.items()}
        rows |= {
            f"arm {name}": ", ".join(f"{k} {show(v)}" for k, v in arm.changes.items())
            for name, arm in self.arms.items()
        }
        rows |= {name: str(rule) for name in ("halving", "evolution") if (rule := getattr(self, name)) is not None}
        rows |= {"times": f"{len(self.times)} further spaces"} if self.times else {}
        drawn = f", {self.num} settings" if self.mode in (*DESIGNS, ADAPTIVE) else ""
        return notebook_cards.card(f"Search space, {self.mode}{drawn}", rows)


def _values(axis: Axis) -> str:
    if isinstance(axis, Range):
        return f"{axis.low:g} to {axis.high:g}{', by logarithm' if axis.log else ''}"
    listed = [show(value) for value in axis]
    return f"{' | '.join(listed[:12])}{f' | … ({len(listed)})' if len(listed) > 12 else ''}"


def _require_mapping(what: str, found: Any, example: str) -> None:
    if not isinstance(found, Mapping):
        raise UserError(f"{what} are {represent(found)}, but a mapping was expected, such as {example}.")
    for name in found:
        if not isinstance(name, str):
            raise UserError(f"{what} have the name {represent(name)}, but a text was expected, such as in {example}.")


def checked_arms(space: Space) -> Mapping[str, Arm]:
    """Return the arms; UserError if one is no `Arm`."""
    for name, arm in space.arms.items():
        if not isinstance(arm, Arm):
            raise UserError(
                f"The arm {name!r} of the search space is {represent(arm)}, but Arm({{field: value}}) was expected."
            )
    return space.arms

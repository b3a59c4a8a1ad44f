"""A search space: axes, how they combine, arms, and what decides while its trials train."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from nnjax.core.errors import UserError
from nnjax.spaces.ranges import DESIGNS, Axis

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
        loss the value that a power law through the epochs since the last rung has at the end, the lowest being best; of
        an accuracy the last value, the highest being best.
    """

    eta: int = 3
    first: int | None = None
    brackets: int = 1
    metric: str = "val_loss"

    def __post_init__(self) -> None:
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


def checked_arms(space: Space) -> Mapping[str, Arm]:
    """Return the arms, each of them an `Arm`.

    Raises:
      UserError: one is not.
    """
    for name, arm in space.arms.items():
        if not isinstance(arm, Arm):
            raise UserError(f"The arm {name!r} of the search space is {arm!r}, but Arm({{field: value}}) was expected.")
    return space.arms

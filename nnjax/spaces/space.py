"""A search space: axes, how they combine, arms, and what decides while its trials train."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from nnjax.core.errors import UserError
from nnjax.spaces.designs import DESIGNS
from nnjax.spaces.ranges import Axis
from nnjax.spaces.schedulers import Evolution, Halving

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
    """Give the arms, each of them an `Arm`.

    Raises:
      UserError: one is not.
    """
    for name, arm in space.arms.items():
        if not isinstance(arm, Arm):
            raise UserError(f"The arm {name!r} of the search space is {arm!r}, but Arm({{field: value}}) was expected.")
    return space.arms

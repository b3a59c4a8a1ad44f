"""The search space of mode "adaptive": what a sampler chooses, and the trials of the settings that it suggests.

Nothing here needs Optuna before `AdaptiveSpace.distributions`, so that a space can be refused before Optuna is loaded.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.fields import replace, resolve_path
from nnjax.core.messages import remedy
from nnjax.search.optuna.distributions import choice, make_distribution, parameter
from nnjax.spaces.expansion import expand
from nnjax.spaces.ranges import Axis, Range, typed
from nnjax.spaces.space import Arm, Space, checked_arms

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

REPLICATES = ("seed", "data.fold", "data.fold_seed")  # axes over which the mean is taken
ARM, BATCH, MAX_CORNERS = "arm", 16, 1000


@dataclasses.dataclass(frozen=True)
class AdaptiveSpace:
    """A search space as a sampler chooses from it."""

    base: Experiment  # what the space does not change
    axes: Mapping[str, Axis]  # field -> its values, at least two, or a `Range`; the names of several arms under "arm"
    fixed: Mapping[str, Any]  # field -> the only value of its axis
    arms: Mapping[str, Arm]  # by name; without any there is ""
    replicates: Sequence[Mapping[str, Any]]  # each setting is trained once with each of these changes
    num: int  # num, batch: settings in all, and at a time
    batch: int
    seed: int  # of the sampler's draws
    corners: Sequence[TrialSpec]  # trials by which the space is checked: all choices together, ranges at both ends

    def distributions(self) -> dict[str, BaseDistribution]:
        """Describe the axes to Optuna, by the names that their columns have in trials.csv."""
        return {parameter(path): make_distribution(path, values) for path, values in self.axes.items()}

    def trials(self, params: Mapping[str, Any]) -> list[tuple[str, Experiment]]:
        """Return the arm and the experiment of each trial of a setting.

        Args:
          params: of the setting, as Optuna stores them.

        Raises:
          UserError: a value has the wrong type.
        """
        found = {path: _value(values, params[parameter(path)]) for path, values in self.axes.items()}
        arm = found.pop(ARM, next(iter(self.arms)))
        own = replace(replace(self.base, self.arms[arm].changes), {**self.fixed, **found})
        return [(arm, replace(own, changes)) for changes in self.replicates]


def _value(values: Axis, stored: Any) -> Any:
    return stored if isinstance(values, Range) else {choice(value): value for value in values}[stored]


def adaptive_space(base: Experiment, space: Space) -> AdaptiveSpace:
    """Read a space of mode "adaptive"; UserError says which part of it cannot be one."""
    batch = _checked_batch(space)
    arms = _checked_arms(space)
    checked = expand(base, corners(space))
    own = dict(base.hyperparameters.others)
    named = {resolve_path(name, own=own): values for name, values in space.axes.items()}
    axes = {path: typed(path, values) for path, values in named.items()}
    axes = {path: v if isinstance(v, Range) else tuple(dict.fromkeys(v)) for path, v in axes.items()}
    replicates = _replicates({path: axes.pop(path) for path in REPLICATES if path in axes})
    fixed = {path: v[0] for path, v in axes.items() if not isinstance(v, Range) and len(v) == 1}
    chosen = {path: values for path, values in axes.items() if path not in fixed}
    chosen |= {ARM: tuple(arms)} if len(arms) > 1 else {}
    if not chosen:
        raise UserError(
            "Mode adaptive has nothing to ask for, as no axis of the search space has more than one value: give it a "
            "range or a list, such as "
            + remedy("'learning_rate': nnjax.Range(1e-4, 1e-1, log=True)", "--space.learning_rate=log:1e-4:1e-1")
            + "."
        )
    return AdaptiveSpace(base, chosen, fixed, arms, replicates, space.num, batch, space.draw_seed, checked)


def corners(space: Space) -> Space:
    """Return a space whose trials are what can be checked beforehand: all choices together, ranges at both ends.

    Where they are too many they are drawn.
    """
    axes = {n: dataclasses.replace(v, num=2) if isinstance(v, Range) else v for n, v in space.axes.items()}
    sizes = [2 if isinstance(v, Range) else len(v) for v in axes.values() if isinstance(v, Range | Sequence)]
    mode = "grid" if math.prod(sizes) * max(1, len(space.arms)) <= MAX_CORNERS else "random"
    return Space(axes, mode, num=MAX_CORNERS, arms=space.arms)


def _checked_batch(space: Space) -> int:
    """Return the settings of a batch; refuse spaces that cannot be searched adaptively."""
    batch = min(BATCH, space.num) if space.batch is None else space.batch
    if space.num < 1 or batch < 1:
        raise UserError(f"Mode adaptive has num={space.num} and batch={batch}, but at least 1 was expected of both.")
    if batch > space.num:
        raise UserError(
            f"A batch of {batch} settings is larger than the whole search of num={space.num}; make batch at most num."
        )
    if not 0 <= space.draw_seed < 2**32:
        raise UserError(f"draw_seed is {space.draw_seed}, but a whole number, at least 0 and below 2^32, was expected.")
    if space.halving is not None:
        raise UserError(
            "Mode adaptive trains every setting to its end, but halving was asked for (eta, first, brackets, metric); "
            "leave that out" + remedy(".", ", and name what the search goes by with --metric.")
        )
    if space.evolution is not None:
        raise UserError(
            "Mode adaptive trains every setting to its end, but evolution was asked for (every, share, factors, "
            "resample); leave that out, or choose another mode, such as random."
        )
    if space.scheduler is not None:
        raise UserError("Mode adaptive trains every setting to its end, but a scheduler was given: leave it out.")
    if space.times:
        raise UserError("Mode adaptive takes the axes of one space, but others multiply it; move their axes into it.")
    return batch


def _checked_arms(space: Space) -> Mapping[str, Arm]:
    arms = checked_arms(space)
    for name, arm in arms.items():
        if arm.start_from is not None:
            raise UserError(
                f"The arm {name!r} starts from {arm.start_from!r}, but in mode adaptive every trial stands alone; "
                "keep the arms that do" + remedy(" not.", " not with --space.arms=A,B.")
            )
    return arms or {"": Arm()}


def _replicates(axes: Mapping[str, Axis]) -> list[dict[str, Any]]:
    lists = []
    for path, values in axes.items():
        if isinstance(values, Range):
            raise UserError(f"The axis {path} is averaged over (a replicate), so list its values instead of a range.")
        lists.append(values)
    return [dict(zip(axes, row, strict=True)) for row in itertools.product(*lists)]

"""From a search space to what a sampler is asked, and from its answers back to experiments.

Nothing here needs Optuna before `Questions.distributions`, so that a space can be refused before anything is loaded.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.fields import replace, resolve_path
from nnjax.spaces.expansion import expand
from nnjax.spaces.ranges import Range, is_whole, typed
from nnjax.spaces.space import Arm, Space, checked_arms

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

REPLICATES = ("seed", "data.fold", "data.fold_seed")  # axes over which a setting's mean is told
ARM, BATCH, MAX_CORNERS = "arm", 16, 1000


@dataclasses.dataclass(frozen=True)
class Questions:
    """What a sampler is asked, and how its answers become trials.

    Attributes:
      base: what the space does not change.
      axes: field -> its values, at least two, or a `Range`; the names of several arms under "arm".
      fixed: field -> the only value of its axis.
      arms: by name; without any there is "".
      replicates: each setting is trained once with each of these changes.
      num, batch: settings in all, and at a time.
    """

    base: Experiment
    axes: Mapping[str, Sequence[Any] | Range]
    fixed: Mapping[str, Any]
    arms: Mapping[str, Arm]
    replicates: Sequence[Mapping[str, Any]]
    num: int
    batch: int

    def distributions(self) -> dict[str, BaseDistribution]:
        """Describe the axes to Optuna, by the names that their columns have in trials.csv."""
        return {parameter(path): _distribution(path, values) for path, values in self.axes.items()}

    def trials(self, answers: Mapping[str, Any]) -> list[tuple[str, Experiment]]:
        """Give the arm and the experiment of each trial of a setting.

        Args:
          answers: of the sampler, by parameter.

        Raises:
          UserError: a value has the wrong type.
        """
        found = {path: _value(values, answers[parameter(path)]) for path, values in self.axes.items()}
        arm = found.pop(ARM, next(iter(self.arms)))
        own = replace(replace(self.base, self.arms[arm].changes), {**self.fixed, **found})
        return [(arm, replace(own, changes)) for changes in self.replicates]


def parameter(path: str) -> str:
    """Name a field as trials.csv and the dashboard show it."""
    return path.removeprefix("hyperparameters.")


def choice(value: Any) -> Any:
    """Give a value as Optuna stores it among choices: a list as text, "64,32"."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else value


def _value(values: Sequence[Any] | Range, answer: Any) -> Any:
    return answer if isinstance(values, Range) else {choice(value): value for value in values}[answer]


def _distribution(path: str, values: Sequence[Any] | Range) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not isinstance(values, Range):
        return CategoricalDistribution([choice(value) for value in values])
    if is_whole(path):
        return IntDistribution(max(round(values.low), int(values.log)), round(values.high), log=values.log)
    return FloatDistribution(float(values.low), float(values.high), log=values.log)


def questions_of(base: Experiment, space: Space) -> Questions:
    """Read a space of mode "adaptive".

    Raises:
      UserError: it cannot be one: numbers below 1, nothing to choose from, arms that start from others, spaces that
        multiply it, a field or value that no experiment has.
    """
    batch = _checked_batch(space)
    arms = _checked_arms(space)
    expand(base, corners(space))
    axes = {resolve_path(name): typed(resolve_path(name), values) for name, values in space.axes.items()}
    axes = {path: v if isinstance(v, Range) else tuple(dict.fromkeys(v)) for path, v in axes.items()}
    replicates = _replicates({path: axes.pop(path) for path in REPLICATES if path in axes})
    fixed = {path: v[0] for path, v in axes.items() if not isinstance(v, Range) and len(v) == 1}
    asked = {path: values for path, values in axes.items() if path not in fixed}
    asked |= {ARM: tuple(arms)} if len(arms) > 1 else {}
    if not asked:
        raise UserError(
            "Mode adaptive has nothing to ask for, as no axis of the search space has more than one value: give it a "
            "range or a list, such as --space.learning_rate=log:1e-4:1e-1."
        )
    return Questions(base, asked, fixed, arms, replicates, space.num, batch)


def corners(space: Space) -> Space:
    """Give a space whose trials are what can be checked beforehand: all choices together, ranges at both ends.

    Where they are too many they are drawn.
    """
    axes = {n: dataclasses.replace(v, num=2) if isinstance(v, Range) else v for n, v in space.axes.items()}
    sizes = [2 if isinstance(v, Range) else len(v) for v in axes.values() if isinstance(v, Range | Sequence)]
    mode = "grid" if math.prod(sizes) * max(1, len(space.arms)) <= MAX_CORNERS else "random"
    return Space(axes, mode, num=MAX_CORNERS, arms=space.arms)


def _checked_batch(space: Space) -> int:
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
            "leave that out, and name what the search goes by with --metric."
        )
    if space.evolution is not None:
        raise UserError(
            "Mode adaptive trains every setting to its end, but evolution was asked for (every, share, factors, "
            "resample); leave that out, or choose another mode, such as random."
        )
    if space.times:
        raise UserError("Mode adaptive takes the axes of one space, but others multiply it; move their axes into it.")
    return batch


def _checked_arms(space: Space) -> Mapping[str, Arm]:
    arms = checked_arms(space)
    for name, arm in arms.items():
        if arm.start_from is not None:
            raise UserError(
                f"The arm {name!r} starts from {arm.start_from!r}, but in mode adaptive every trial stands alone; "
                "keep the arms that do with --space.arms=A,B."
            )
    return arms or {"": Arm()}


def _replicates(axes: Mapping[str, Sequence[Any] | Range]) -> list[dict[str, Any]]:
    lists = []
    for path, values in axes.items():
        if isinstance(values, Range):
            raise UserError(f"The axis {path} is a range, but over it means are taken; list its values instead.")
        lists.append(values)
    return [dict(zip(axes, row, strict=True)) for row in itertools.product(*lists)]

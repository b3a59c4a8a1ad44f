"""Estimate the seconds that a run takes yet, from the time that its work has taken in this session."""

import math
import time
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.types import Float
from nnjax.train.host.layouts import Layouts
from nnjax.train.scheduler import Survival

PerTrial = Float[np.ndarray, " trials"]


class Point(NamedTuple):
    """How much work of a group was done at some time, compiling aside."""

    seconds: float
    work: float


class TimeLeft:
    """Counts from its making on.

    The group under way goes on at the pace of the later half of its training. Another one that trained before has its
    own pace, and one that has not is taken to be like the known one that is nearest in arithmetic per step: half of
    a step's time is taken to be arithmetic. Programs to come take as long to compile as those so far.

    Args:
      layouts: of the population.
      work: [trials], the arithmetic of each, in any unit.
      clock: gives seconds; for tests.
    """

    def __init__(self, layouts: Layouts, work: PerTrial, clock: Callable[[], float] = time.monotonic):
        self._layouts, self._work, self._clock = layouts, work, clock
        self._begin, self._compiled = clock(), layouts.costs.compile_seconds
        self._points: dict[int, list[Point]] = {}
        self._ids = [[spec.id for spec in group.specs] for group in layouts.groups]
        steps = [sum(map(group.total_steps, group.specs)) for group in layouts.groups]
        self._intensity = [max(work[ids].sum(), 1.0) / n for ids, n in zip(self._ids, steps, strict=True)]

    def note(self, under_way: Sequence[int], trained: PerTrial, left: PerTrial) -> float:
        """Take note of what was done; give the seconds left, NaN where nothing is known yet.

        Args:
          under_way: a trial of each group that trains now; several train side by side.
          trained, left: [trials], the shares of each one's training that are done, and that are expected yet.
        """
        compiling = self._layouts.costs.compile_seconds - self._compiled
        seconds = self._clock() - self._begin - compiling
        for index in (i for i, ids in enumerate(self._ids) if not set(under_way).isdisjoint(ids)):
            done = float((self._work * trained)[self._ids[index]].sum())
            points = self._points.setdefault(index, [])
            if points and 2 * done < points[-1].work:  # it has begun again
                points.clear()
            points.append(Point(seconds, done))
        return self._estimate(self._work * left) / len(under_way)

    def _estimate(self, left: PerTrial) -> float:
        paces = {index: pace for index, points in self._points.items() if (pace := _pace(points)) > 0}
        if not paces:
            return math.nan
        seconds = 0.0
        for index, ids in enumerate(self._ids):
            own = float(left[ids].sum())
            if own:
                seconds += own * self._pace_of(index, paces)
                if index not in self._points and not self._layouts.is_compiled(self._layouts.groups[index]):
                    seconds += self._compile_seconds()
        return seconds

    def _pace_of(self, index: int, paces: dict[int, float]) -> float:
        """Return the seconds per work of a group."""
        if index in paces:
            return paces[index]
        ratios = {known: self._intensity[known] / self._intensity[index] for known in paces}
        nearest = min(ratios, key=lambda known: abs(math.log(ratios[known])))
        return paces[nearest] * math.sqrt(ratios[nearest])

    def _compile_seconds(self) -> float:
        return self._layouts.costs.compile_seconds / max(1, len(self._layouts.programs))


def _pace(points: Sequence[Point]) -> float:
    """Return the seconds per work over the later half of a group's training; 0 where nothing is known yet."""
    last, middle = points[-1], (points[0].seconds + points[-1].seconds) / 2
    first = max((point for point in points if point.seconds <= middle), key=lambda point: point.seconds)
    return (last.seconds - first.seconds) / (last.work - first.work) if last.work > first.work else 0.0


def expected_left(share: float, waits: bool, survival: Survival) -> float:
    """Return the share of a trial's training that is expected yet, where some are dropped at rungs.

    Args:
      share: that is done.
      waits: whether it waits at a rung, where it may be dropped.
      survival: of its group.
    """
    total, begin, found, here = sum(length for _, length in survival), 0.0, 0.0, 0.0
    for alive, length in survival:
        end = begin + length / total
        if begin <= share + 1e-9 and not (waits and here and abs(begin - share) < 1e-9):
            here = alive
        found += alive * max(0.0, end - max(begin, share))
        begin = end
    return found / here if here else 0.0


def shares_left(
    trained: PerTrial, over: Collection[int], paused: Collection[int], survival: Survival
) -> Float[np.ndarray, " trials"]:
    """Return [trials] of `expected_left`; 0 of those that are over."""
    left = [0.0 if i in over else expected_left(share, i in paused, survival) for i, share in enumerate(trained)]
    return np.array(left)

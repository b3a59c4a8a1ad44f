"""Successive halving and Hyperband: at rungs, certain epochs, only the best settings go on.

A run chooses a setting by its best epoch, and so do rungs: best is the lowest loss so far, less a share of what is
still expected, since what learns slowly often wins in the end. A loss is taken to be a power of the epoch, as learning
curves mostly are for a while. The share was chosen by replays of full sweeps (`python -m scripts.halving_rules`).
Everything is a pure function of the curves, so nothing but them has to be kept for a run that goes on after a kill.
Sources: Jamieson & Talwalkar 2016 (successive halving), Li et al. 2018 (Hyperband), Domhan, Springenberg & Hutter 2015
(curves that are extrapolated).
"""

import dataclasses
import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import TrialSpec
from nnjax.data.splits import largest_remainder
from nnjax.nn.metrics import Directions, is_maximized
from nnjax.spaces.space import Halving
from nnjax.train.scheduler import Decision
from nnjax.train.storage.records import DIVERGED, FAILED, FINISHED, Record

AHEAD = 0.2  # of the fall that the power law promises from the rung to the end, in the logarithm of the loss

LEAST = 1e-30  # of a loss, for its logarithm


class Bracket(NamedTuple):
    """Settings that compete."""

    settings: tuple[tuple[int, ...], ...]  # the ids of each setting's trials
    rungs: tuple[int, ...]  # epochs, ascending; the last one is the trials' end


class HalvingScheduler(NamedTuple):
    """Successive halving of given trials; see `nnjax.train.scheduler.Scheduler`."""

    halving: Halving  # the space's
    brackets: tuple[Bracket, ...]  # every trial is in one
    directions: Directions = MappingProxyType({})  # of the user's metrics

    @property
    def metric(self) -> str:
        """Name the curve by which trials are compared."""
        return self.halving.metric

    @property
    def description(self) -> dict[str, Any]:
        """Return what decides beside the curves."""
        return {"halving": dataclasses.asdict(self.halving)}

    def decide(self, records: Sequence[Record]) -> Decision:
        """Replay the decisions at all rungs that every competitor has reached."""
        limits: dict[int, int] = {}
        dropped: set[int] = set()
        for bracket in self.brackets:
            left = list(bracket.settings)
            for rung in bracket.rungs:
                limits |= {trial: rung for trials in left for trial in trials}
                last = rung == bracket.rungs[-1]
                if last or not all(reached(records[trial], rung) for trials in left for trial in trials):
                    break
                scores = _scores(left, records, self, rung, bracket.rungs[-1])
                best = set(sorted(left, key=lambda trials: scores[trials])[: _kept(len(left), self.halving)])
                dropped |= {trial for trials in left if trials not in best for trial in trials}
                left = [trials for trials in left if trials in best]
        return Decision(limits, frozenset(dropped), self._survival())

    def _survival(self) -> tuple[tuple[float, int], ...]:
        """Return the share of the settings that trains from each rung to the next, and the epochs between them."""
        rungs = self.brackets[0].rungs  # those of the others are the last ones of these
        counts = [0] * len(rungs)
        for bracket in self.brackets:
            count = len(bracket.settings)
            for place, rung in enumerate(rungs):
                counts[place] += count
                count = _kept(count, self.halving) if rung in bracket.rungs else count
        lengths = [rung - before for before, rung in zip((0, *rungs), rungs, strict=False)]
        return tuple((count / counts[0], length) for count, length in zip(counts, lengths, strict=True))


def make_brackets(halving: Halving, specs: Sequence[TrialSpec]) -> tuple[Bracket, ...]:
    """Divide the trials into brackets; UserError if they differ in length, start from others, or are too few."""
    settings: dict[object, list[int]] = {}
    for spec in specs:
        settings.setdefault((spec.arm, spec.experiment.setting_key), []).append(spec.id)
    all_trials = [tuple(trials) for trials in settings.values()]
    rungs = rungs_of(halving, require_alike(specs, "Halving", "drops"))
    if halving.brackets > len(rungs):
        raise UserError(
            f"Halving has {halving.brackets} brackets, but the rungs at {', '.join(map(str, rungs))} epochs make at "
            f"most {len(rungs)}: take fewer brackets, or more epochs."
        )
    shares = _shares(len(all_trials), len(rungs) - 1, halving)
    if 0 in shares:
        raise UserError(
            f"The {len(all_trials)} settings of the space are too few for {halving.brackets} brackets: take fewer "
            "brackets, or more settings."
        )
    ends = np.cumsum(shares)
    return tuple(
        Bracket(tuple(all_trials[end - n : end]), rungs[i:])
        for i, (n, end) in enumerate(zip(shares, ends, strict=True))
    )


def require_alike(specs: Sequence[TrialSpec], name: str, does: str) -> int:
    """Return the epochs of all trials; UserError if they differ, or some start from others."""
    lengths = sorted({spec.experiment.epochs for spec in specs})
    if len(lengths) > 1:
        raise UserError(
            f"{name} compares trials of equal length, but these have {', '.join(map(str, lengths))} epochs: set one "
            "number of epochs."
        )
    if any(spec.start_from is not None for spec in specs):
        raise UserError(
            f"{name} {does} trials, but some arms start from others' trained weights: leave {name.lower()} out, or "
            "those arms."
        )
    return lengths[0]


def rungs_of(halving: Halving, epochs: int) -> tuple[int, ...]:
    """Return the rungs of the first bracket: epochs / eta^k, rounded down, for all k that stay at `first` or above it.

    Raises:
      UserError: there is no rung before the end.
    """
    first, count = halving.first or max(1, epochs // halving.eta**2), 0
    while epochs >= first * halving.eta ** (count + 1):
        count += 1
    if not count:
        raise UserError(
            f"Halving has its first rung at {first} epochs or later and eta {halving.eta}, but the trials have "
            f"{epochs}, which leaves no rung before their end: take at least {first * halving.eta} epochs."
        )
    return tuple(epochs // halving.eta**k for k in range(count, -1, -1))


def _shares(settings: int, most: int, halving: Halving) -> list[int]:
    """Deal settings to brackets as Hyperband does: ceil((s + 1) / (k + 1)) eta^k to the one with k rungs to pass."""
    weights = [math.ceil((most + 1) / (k + 1)) * halving.eta**k for k in range(most, most - halving.brackets, -1)]
    scaled = np.array(weights) * settings  # so that there are enough places for any number of settings
    return [int(share) for share in largest_remainder(scaled, settings)]


def _kept(count: int, halving: Halving) -> int:
    return max(1, count // halving.eta)


def reached(record: Record, rung: int) -> bool:
    """Whether a trial has come to a rung, or ended before it."""
    return record.epochs >= rung or record.status in (*FINISHED, DIVERGED, FAILED)


def _scores(
    settings: Sequence[tuple[int, ...]], records: Sequence[Record], by: HalvingScheduler, rung: int, end: int
) -> dict[tuple[int, ...], float]:
    """Predict each setting's best value from its curves up to a rung: the mean over its trials, the lowest best.

    A loss, if no value is negative, is judged by the logarithm of the lowest so far, less a share of what a power
    law promises until the end; all else by its best value so far.
    """
    curves = {i: _curve(records[i], by.halving, rung) for trials in settings for i in trials}
    maximized = is_maximized(by.metric, by.directions)
    falls = not maximized and all((curve >= 0).all() for curve in curves.values())
    sign = -1 if maximized else 1

    def score(trial: int) -> float:
        """Judge a trial by its curve up to the rung; lower is better."""
        curve, span = curves[trial], curves[trial][rung // by.halving.eta :]
        finite = curve[np.isfinite(curve)]
        if not finite.size or not np.isfinite(span).all():
            return np.inf
        if not falls:
            return float((sign * finite).min())
        goes_on = len(span) and not (records[trial].status in FINISHED and records[trial].epochs <= rung)
        return float(np.log(max(finite.min(), LEAST))) + (AHEAD * _promised(span, rung, end) if goes_on else 0.0)

    return {trials: float(np.mean([score(i) for i in trials])) for trials in settings}


def _curve(record: Record, halving: Halving, rung: int) -> np.ndarray:
    """Return the values up to a rung; infinity of a trial that was lost before it."""
    curve = record.curves.get(halving.metric, np.zeros(0))[: min(rung, record.epochs)]
    lost = not len(curve) or (record.status in (DIVERGED, FAILED) and record.epochs < rung)
    return np.array([np.inf]) if lost else curve


def _promised(span: np.ndarray, rung: int, end: int) -> float:
    """Follow log loss = a + b log(epoch), fitted by least squares to the values up to a rung, to the end: at most 0."""
    y, t = np.log(np.maximum(span, LEAST)), np.log(np.arange(rung - len(span) + 1, rung + 1))
    spread = t - t.mean()
    b = float(spread @ y / (spread @ spread)) if len(span) > 1 else 0.0
    return min(0.0, b) * math.log(end / rung)

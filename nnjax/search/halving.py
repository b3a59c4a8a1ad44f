"""Successive halving and Hyperband: settings train to a rung, an epoch at which only the best of them go on.

Everything is a pure function of the curves, so nothing but them has to be kept for a run that goes on after a kill.
Sources: Jamieson & Talwalkar 2016 (successive halving), Li et al. 2018 (Hyperband).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnjax.config import TrialSpec, setting_key
from nnjax.data.splits import largest_remainder
from nnjax.metrics import is_maximised
from nnjax.search.space import Halving
from nnjax.train.records import DIVERGED, FAILED, FINISHED, Record, Standing
from nnjax.types import UserError


class Bracket(NamedTuple):
    """Settings that compete.

    Attributes:
      settings: the ids of each setting's trials.
      rungs: epochs, ascending; the last one is the trials' end.
    """

    settings: tuple[tuple[int, ...], ...]
    rungs: tuple[int, ...]


def make_brackets(halving: Halving, specs: Sequence[TrialSpec]) -> list[Bracket]:
    """Divide the trials into brackets.

    Raises:
      UserError: trials of unequal length, or that start from others, or fewer epochs or settings than the rungs and
        brackets need.
    """
    settings: dict[object, list[int]] = {}
    for spec in specs:
        settings.setdefault((spec.arm, setting_key(spec.experiment)), []).append(spec.id)
    all_trials = [tuple(trials) for trials in settings.values()]
    lengths = sorted({spec.experiment.epochs for spec in specs})
    if len(lengths) > 1:
        raise UserError(
            f"Halving compares trials of equal length, but these have {', '.join(map(str, lengths))} epochs: set one "
            "number of epochs."
        )
    if any(spec.start_from is not None for spec in specs):
        raise UserError(
            "Halving drops trials, but some arms start from others' trained weights: leave halving out, or those arms."
        )
    rungs = rungs_of(halving, lengths[0])
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
    return [
        Bracket(tuple(all_trials[end - n : end]), rungs[i:])
        for i, (n, end) in enumerate(zip(shares, ends, strict=True))
    ]


def rungs_of(halving: Halving, epochs: int) -> tuple[int, ...]:
    """Give the rungs of the first bracket: epochs / eta^k, rounded up, for all k that stay at `first` or above it.

    Raises:
      UserError: there is no rung before the end.
    """
    count = 0
    while epochs >= halving.first * halving.eta ** (count + 1):
        count += 1
    if not count:
        raise UserError(
            f"Halving has its first rung at {halving.first} epochs or later and eta {halving.eta}, but the trials have "
            f"{epochs}, which leaves no rung before their end: take at least {halving.first * halving.eta} epochs."
        )
    return tuple(-(-epochs // halving.eta**k) for k in range(count, -1, -1))


def _shares(settings: int, most: int, halving: Halving) -> list[int]:
    """Deal settings to brackets as Hyperband does: ceil((s + 1) / (k + 1)) eta^k to the one with k rungs to pass."""
    weights = [math.ceil((most + 1) / (k + 1)) * halving.eta**k for k in range(most, most - halving.brackets, -1)]
    scaled = np.array(weights) * settings  # so that there are enough places for any number of settings
    return [int(share) for share in largest_remainder(scaled, settings)]


def standing(halving: Halving, brackets: Sequence[Bracket], records: Sequence[Record]) -> Standing:
    """Replay the decisions at all rungs that every competitor has reached."""
    limits: dict[int, int] = {}
    dropped: set[int] = set()
    for bracket in brackets:
        left = list(bracket.settings)
        for place, rung in enumerate(bracket.rungs):
            limits |= {trial: rung for trials in left for trial in trials}
            last = place == len(bracket.rungs) - 1
            if last or not all(reached(records[trial], rung) for trials in left for trial in trials):
                break
            scores = {trials: score_at(trials, records, halving.metric, rung) for trials in left}
            best = set(sorted(left, key=lambda trials: scores[trials])[: max(1, len(left) // halving.eta)])
            dropped |= {trial for trials in left if trials not in best for trial in trials}
            left = [trials for trials in left if trials in best]
    return Standing(limits, frozenset(dropped))


def reached(record: Record, rung: int) -> bool:
    """Whether a trial has come to a rung, or ended before it."""
    return record.epochs >= rung or record.status in (*FINISHED, DIVERGED, FAILED)


def score_at(trials: Sequence[int], records: Sequence[Record], metric: str, rung: int) -> float:
    """Average the metric at a rung, or at a trial's end before it; infinite where one has diverged until then."""
    values = []
    for record in (records[trial] for trial in trials):
        lost = record.status in (DIVERGED, FAILED) and record.epochs < rung
        curve = record.curves.get(metric, np.zeros(0))[: min(rung, record.epochs)]
        values.append(np.inf if lost or not len(curve) or not np.isfinite(curve[-1]) else float(curve[-1]))
    mean = float(np.mean(values))
    return -mean if is_maximised(metric) and np.isfinite(mean) else mean

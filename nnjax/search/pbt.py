"""Population-based training: at rungs the worst settings become copies of the best with changed hyperparameters.

A setting's seeds and folds go on together, by their mean; a copy takes the weights, the optimizer's state, the best
weights so far, the architecture and the optimizer of the same seed and fold. Everything is a pure function of the
curves and the space's draw_seed, so nothing but them has to be kept for a run that goes on after a kill.
Source: Jaderberg et al. 2017 (truncation selection, perturb or resample).
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.experiment import Experiment, Replicate
from nnjax.models.envelope import Envelope, envelope_of
from nnjax.nn.metrics import Directions, is_maximized
from nnjax.search.halving import reached
from nnjax.spaces.ranges import Range
from nnjax.spaces.space import Evolution
from nnjax.train.scheduler import Decision
from nnjax.train.storage.records import DIVERGED, FAILED, Record, Stage

TRIES = 100  # draws, until a copy differs from all others

Values = Mapping[str, float]  # hyperparameter -> value
Axis = Range | tuple[float, ...]


class Subpopulation(NamedTuple):
    """Settings that compete: those of one arm that can share a program, with the same seeds and folds."""

    settings: tuple[Mapping[Replicate, int], ...]  # of each, its trials
    values: tuple[Values, ...]  # of each, the hyperparameters that evolve, as it begins with them
    experiments: tuple[Experiment, ...]  # of each, which a copy of it takes over

    def is_mixed(self) -> bool:
        """Whether networks of different architectures, or with different optimizers, replace each other."""
        return len({one.program_key for one in self.experiments}) > 1


class Generation(NamedTuple):
    """What a subpopulation trains with from a rung on."""

    epoch: int  # the rung; 0 for the beginning
    # of each setting, the place of the one that it continues; its own where it was not replaced
    parents: tuple[int, ...]
    values: tuple[Values, ...]  # of each setting
    origins: tuple[int, ...]  # of each, the place of the setting whose network it has


class PopulationBasedTraining(NamedTuple):
    """Population-based training of given trials; see `nnjax.train.scheduler.Scheduler`."""

    evolution: Evolution  # the space's
    draw_seed: int  # of all decisions
    epochs: int  # of every trial
    axes: Mapping[str, Axis]  # of the hyperparameters that change
    subpopulations: tuple[Subpopulation, ...]  # every trial is in one
    directions: Directions = MappingProxyType({})  # of the user's metrics

    @property
    def metric(self) -> str:
        """Name the curve by which trials are compared."""
        return self.evolution.metric

    @property
    def description(self) -> dict[str, Any]:
        """Return what decides beside the curves: the evolution, its seed and the ranges."""
        ranges = {
            name: list(axis) if isinstance(axis, tuple) else {"low": axis.low, "high": axis.high, "log": axis.log}
            for name, axis in self.axes.items()
        }
        fields = dataclasses.asdict(self.evolution) | {"factors": list(self.evolution.factors)}
        mixed = {"mixed": True} if any(some.is_mixed() for some in self.subpopulations) else {}
        return {"evolution": {**fields, "draw_seed": self.draw_seed, "ranges": ranges, **mixed}}

    @property
    def envelopes(self) -> list[Envelope]:
        """Return the envelopes in which networks of different architectures replace each other."""
        return [envelope_of(some.experiments) for some in self.subpopulations if some.is_mixed()]

    def decide(self, records: Sequence[Record]) -> Decision:
        """Decide how far trials may train, whose state each takes over, and the hyperparameters that it has then."""
        limits: dict[int, int] = {}
        parents: dict[int, int] = {}
        values: dict[int, Values] = {}
        experiments: dict[int, Experiment] = {}
        schedules: list[list[Stage]] = [[] for _ in records]
        for some in self.subpopulations:
            past = generations(self, some, records)
            now = past[-1]
            for place, trials in enumerate(some.settings):
                limits |= dict.fromkeys(trials.values(), min(now.epoch + self.evolution.every, self.epochs))
                values |= dict.fromkeys(trials.values(), now.values[place])
                experiments |= dict.fromkeys(trials.values(), some.experiments[now.origins[place]])
                parent = some.settings[now.parents[place]]
                parents |= {trial: parent[replicate] for replicate, trial in trials.items()}
                for replicate, trial in trials.items():
                    schedules[trial] = _stages(some, past, place, replicate)
        replaceable = frozenset(trial for trial, limit in limits.items() if limit < self.epochs)
        return Decision(
            limits,
            parents=parents,
            values=values,
            experiments=experiments,
            replaceable=replaceable,
            schedules=schedules,
        )


def _stages(some: Subpopulation, past: Sequence[Generation], place: int, replicate: Replicate) -> list[Stage]:
    """Return a trial's stages so far: the first has its own hyperparameters, each further one is a replacement."""
    replaced = [one for one in past[1:] if one.parents[place] != place]
    later = [
        Stage(one.epoch, some.settings[one.parents[place]][replicate], dict(one.values[place])) for one in replaced
    ]
    return [Stage(0, None, dict(past[0].values[place])), *later]


def replaced_count(share: float, settings: int) -> int:
    """Count the settings that are replaced at a rung."""
    return math.floor(share * settings + 1e-9)


def axis_ends(axis: Axis) -> tuple[float, float]:
    """Return the lowest and the highest value of an axis."""
    return (axis.low, axis.high) if isinstance(axis, Range) else (min(axis), max(axis))


def generations(pbt: PopulationBasedTraining, some: Subpopulation, records: Sequence[Record]) -> list[Generation]:
    """Replay the decisions at all rungs that each trial of a subpopulation has reached; the first is its start."""
    places = tuple(range(len(some.settings)))
    out = [Generation(0, places, some.values, places)]
    every = pbt.evolution.every
    for epoch in range(every, pbt.epochs, every):
        if not all(reached(records[trial], epoch) for trials in some.settings for trial in trials.values()):
            break
        scores = [_score(pbt, tuple(trials.values()), records, epoch) for trials in some.settings]
        out.append(_select(pbt, some, out[-1], scores, epoch))
    return out


def _score(pbt: PopulationBasedTraining, trials: Sequence[int], records: Sequence[Record], epoch: int) -> float:
    """Score a setting at a rung, or at its trials' end before it: the mean over its trials, lower being better.

    Infinite where one has diverged until then, or had a loss since the last rung that was not finite.
    """
    values, evolution = [], pbt.evolution
    for record in (records[trial] for trial in trials):
        recent = record.curves.get("train_loss", np.zeros(0))[epoch - evolution.every : epoch]
        curve = record.curves.get(evolution.metric, np.zeros(0))[: min(epoch, record.epochs)]
        lost = not len(curve) or (record.status in (DIVERGED, FAILED) and record.epochs < epoch)
        sound = not lost and np.isfinite(curve[-1]) and np.isfinite(recent).all()
        values.append(float(curve[-1]) if sound else math.inf)
    mean = float(np.mean(values))
    return -mean if is_maximized(evolution.metric, pbt.directions) and np.isfinite(mean) else mean


def _select(
    pbt: PopulationBasedTraining, some: Subpopulation, before: Generation, scores: Sequence[float], epoch: int
) -> Generation:
    """Replace the worst share, and all that diverged, by copies of settings of the best share, drawn at random.

    Copies with equal hyperparameters would train alike, as they have the same seeds: such a draw is repeated.
    """
    values = before.values
    order = sorted(range(len(scores)), key=lambda place: scores[place])
    count = replaced_count(pbt.evolution.share, len(order))
    best = [place for place in order[:count] if math.isfinite(scores[place])]
    worst = {*order[-count:], *(place for place in order if not math.isfinite(scores[place]))} if best else set()
    taken = {(place, *values[place].values()) for place in order if place not in worst}
    parents, after = list(range(len(order))), list(values)
    for place in sorted(worst):
        rng = np.random.default_rng([pbt.draw_seed, epoch, min(some.settings[place].values())])
        for _ in range(TRIES):
            parents[place] = best[int(rng.integers(len(best)))]
            after[place] = explore(pbt, values[parents[place]], rng)
            if (parents[place], *after[place].values()) not in taken:
                break
        taken.add((parents[place], *after[place].values()))
    return Generation(epoch, tuple(parents), tuple(after), tuple(before.origins[parent] for parent in parents))


def explore(pbt: PopulationBasedTraining, values: Values, rng: np.random.Generator) -> dict[str, float]:
    """Change copied hyperparameters: each by a factor, within the ends of its axis, or drawn anew from the axis."""
    out = {}
    for name, value in values.items():
        axis = pbt.axes[name]
        if rng.random() < pbt.evolution.resample:
            u = float(rng.random())
            out[name] = axis.at(u) if isinstance(axis, Range) else axis[int(u * len(axis))]
        else:
            low, high = axis_ends(axis)
            out[name] = min(max(value * float(rng.choice(pbt.evolution.factors)), low), high)
    return out

"""Population-based training: at rungs the worst settings become copies of the best, their hyperparameters changed.

A setting's seeds and folds go on together, by their mean; a copy takes the weights, the optimizer's state and the best
weights so far of the same seed and fold. Everything is a pure function of the curves and the space's draw_seed, so
nothing but them has to be kept for a run that goes on after a kill.
Source: Jaderberg et al. 2017 (truncation selection, perturb or resample).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.checks.impossible import validate
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, Replicate, TrialSpec, program_key, replicate_of, setting_key
from nnjax.core.fields import replace, resolve_path
from nnjax.nn.metrics import is_maximised
from nnjax.search.halving import reached
from nnjax.spaces.ranges import Range, typed
from nnjax.spaces.schedulers import Evolution
from nnjax.spaces.space import Space
from nnjax.train.storage.records import DIVERGED, FAILED, Record, Stage, Standing

PREFIX = "hyperparameters."
IDLE = ("init_scale", "patience")  # hyperparameters that change nothing after the first step, or end a trial
TRIES = 100  # draws, until a copy differs from all others

Values = Mapping[str, float]  # hyperparameter -> value
Axis = Range | tuple[float, ...]


class Deme(NamedTuple):
    """Settings that compete: those of one arm with an equal static part, and the same seeds and folds.

    Attributes:
      settings: of each, its trials.
      values: of each, the hyperparameters that evolve, as it begins with them.
    """

    settings: tuple[Mapping[Replicate, int], ...]
    values: tuple[Values, ...]


class Rules(NamedTuple):
    """Who competes, and by what.

    Attributes:
      evolution: the space's.
      draw_seed: of all decisions.
      epochs: of every trial.
      axes: of the hyperparameters that evolve.
      demes: every trial is in one.
    """

    evolution: Evolution
    draw_seed: int
    epochs: int
    axes: Mapping[str, Axis]
    demes: tuple[Deme, ...]


class Generation(NamedTuple):
    """What a deme trains with from a rung on.

    Attributes:
      epoch: the rung; 0 for the beginning.
      parents: of each setting, the place of the one that it continues; its own where it was not replaced.
      values: of each setting.
    """

    epoch: int
    parents: tuple[int, ...]
    values: tuple[Values, ...]


def make_rules(space: Space, specs: Sequence[TrialSpec]) -> Rules:
    """Find out who competes in a space with an evolution.

    Raises:
      UserError: trials of unequal length, that start from others or stop early, no rung before their end, nothing that
        could evolve, an end of a range that no experiment can have, or too few settings for the share.
    """
    evolution = space.evolution or Evolution()
    axes = _axes(space)
    rules = Rules(evolution, space.draw_seed, specs[0].experiment.epochs, axes, tuple(_demes(specs, axes)))
    _refuse_unfit_trials(specs)
    _refuse_unfit_rules(rules)
    _refuse_impossible_ends(rules, specs)
    return rules


def describe(rules: Rules) -> dict[str, Any]:
    """Give all that decides beside the curves, in JSON's own types: the evolution, its seed and the ranges."""
    ranges = {name: list(axis) if isinstance(axis, tuple) else _range_json(axis) for name, axis in rules.axes.items()}
    fields = dataclasses.asdict(rules.evolution) | {"factors": list(rules.evolution.factors)}
    return {**fields, "draw_seed": rules.draw_seed, "ranges": ranges}


def _range_json(axis: Range) -> dict[str, Any]:
    return {"low": axis.low, "high": axis.high, "log": axis.log}


def _axes(space: Space) -> dict[str, Axis]:
    """Give the axes that can change in mid-training, by the names of their hyperparameters."""
    out: dict[str, Axis] = {}
    for name, values in space.axes.items():
        path = resolve_path(name)
        short = path.removeprefix(PREFIX)
        if path.startswith(PREFIX) and short not in IDLE:
            axis = typed(path, values)
            numbers = axis if isinstance(axis, Range) else tuple(dict.fromkeys(v for v in axis if v is not None))
            if isinstance(numbers, Range) or len(numbers) > 1:
                out[short] = numbers
    for other in space.times:
        out |= _axes(other)
    return out


def _demes(specs: Sequence[TrialSpec], axes: Mapping[str, Axis]) -> Iterator[Deme]:
    settings: dict[tuple[str, Experiment], dict[Replicate, int]] = {}
    for spec in specs:
        settings.setdefault((spec.arm, setting_key(spec.experiment)), {})[replicate_of(spec.experiment)] = spec.id
    alike: dict[Any, list[tuple[str, Experiment]]] = {}
    for (arm, experiment), trials in settings.items():
        alike.setdefault((arm, program_key(experiment), frozenset(trials)), []).append((arm, experiment))
    for keys in alike.values():
        present = [experiment.hyperparameters.present() for _, experiment in keys]
        values = tuple({name: float(p[name]) for name in axes if name in p} for p in present)
        yield Deme(tuple(settings[key] for key in keys), values)


def _refuse_unfit_trials(specs: Sequence[TrialSpec]) -> None:
    lengths = sorted({spec.experiment.epochs for spec in specs})
    if len(lengths) > 1:
        raise UserError(
            f"Evolution compares trials of equal length, but these have {', '.join(map(str, lengths))} epochs: set one "
            "number of epochs."
        )
    if any(spec.start_from is not None for spec in specs):
        raise UserError(
            "Evolution replaces trials, but some arms start from others' trained weights: leave evolution out, or "
            "those arms."
        )
    if any(spec.experiment.hyperparameters.patience is not None for spec in specs):
        raise UserError(
            "Evolution replaces trials that do badly, but patience would stop them before: leave one of them out."
        )


def _refuse_unfit_rules(rules: Rules) -> None:
    evolution, smallest = rules.evolution, min(len(deme.settings) for deme in rules.demes)
    if rules.draw_seed < 0:
        raise UserError(f"Evolution has draw_seed={rules.draw_seed}, but at least 0 was expected.")
    if evolution.every >= rules.epochs:
        raise UserError(
            f"Evolution decides every {evolution.every} epochs, but the trials have {rules.epochs}, which leaves no "
            "rung before their end: take a smaller every, or more epochs."
        )
    if not rules.axes:
        raise UserError(
            "Evolution has nothing to change while trials train, as no axis of the search space is a number that can "
            "change then (init_scale and patience cannot): give it one, such as --space.learning_rate=log:1e-4:1e-1."
        )
    if not _count(evolution.share, smallest):
        raise UserError(
            f"Evolution replaces a share of {evolution.share:g} of the settings that have an equal static part, but "
            f"there are {smallest} of one, so that this is none: take more settings, or a larger share (at most 0.5)."
        )


def _refuse_impossible_ends(rules: Rules, specs: Sequence[TrialSpec]) -> None:
    for deme in rules.demes:
        experiment = specs[next(iter(deme.settings[0].values()))].experiment
        for name in deme.values[0]:
            for end in _ends(rules.axes[name]):
                try:
                    validate(replace(experiment, {PREFIX + name: end}))
                except UserError as error:
                    raise UserError(f"Evolution may bring {name} to the end of its axis: {error}") from None


def _count(share: float, settings: int) -> int:
    return math.floor(share * settings + 1e-9)


def _ends(axis: Axis) -> tuple[float, float]:
    return (axis.low, axis.high) if isinstance(axis, Range) else (min(axis), max(axis))


def generations(rules: Rules, deme: Deme, records: Sequence[Record]) -> list[Generation]:
    """Replay the decisions of a deme at all rungs that each of its trials has reached; the first entry is its start."""
    out = [Generation(0, tuple(range(len(deme.settings))), deme.values)]
    every = rules.evolution.every
    for epoch in range(every, rules.epochs, every):
        if not all(reached(records[trial], epoch) for trials in deme.settings for trial in trials.values()):
            break
        scores = [_score(rules.evolution, tuple(trials.values()), records, epoch) for trials in deme.settings]
        out.append(_select(rules, deme, out[-1].values, scores, epoch))
    return out


def _score(evolution: Evolution, trials: Sequence[int], records: Sequence[Record], epoch: int) -> float:
    """Score a setting at a rung, lower being better; infinite where a loss since the last rung was not finite."""
    recent = [records[trial].curves.get("train_loss", np.zeros(0))[epoch - evolution.every : epoch] for trial in trials]
    sound = all(np.isfinite(losses).all() for losses in recent)
    return _mean(trials, records, evolution.metric, epoch) if sound else math.inf


def _mean(trials: Sequence[int], records: Sequence[Record], metric: str, rung: int) -> float:
    """Average the metric at a rung, or at a trial's end before it; infinite where one has diverged until then."""
    values = []
    for record in (records[trial] for trial in trials):
        lost = record.status in (DIVERGED, FAILED) and record.epochs < rung
        curve = record.curves.get(metric, np.zeros(0))[: min(rung, record.epochs)]
        values.append(np.inf if lost or not len(curve) or not np.isfinite(curve[-1]) else float(curve[-1]))
    mean = float(np.mean(values))
    return -mean if is_maximised(metric) and np.isfinite(mean) else mean


def _select(rules: Rules, deme: Deme, values: Sequence[Values], scores: Sequence[float], epoch: int) -> Generation:
    """Replace the worst share, and all that diverged, by copies of settings of the best share, drawn at random.

    Copies with equal hyperparameters would train alike, as they have the same seeds: such a draw is repeated.
    """
    order = sorted(range(len(scores)), key=lambda place: scores[place])
    count = _count(rules.evolution.share, len(order))
    best = [place for place in order[:count] if math.isfinite(scores[place])]
    worst = {*order[-count:], *(place for place in order if not math.isfinite(scores[place]))} if best else set()
    taken = {(place, *values[place].values()) for place in order if place not in worst}
    parents, after = list(range(len(order))), list(values)
    for place in sorted(worst):
        rng = np.random.default_rng([rules.draw_seed, epoch, min(deme.settings[place].values())])
        for _ in range(TRIES):
            parents[place] = best[int(rng.integers(len(best)))]
            after[place] = explore(rules, values[parents[place]], rng)
            if (parents[place], *after[place].values()) not in taken:
                break
        taken.add((parents[place], *after[place].values()))
    return Generation(epoch, tuple(parents), tuple(after))


def explore(rules: Rules, values: Values, rng: np.random.Generator) -> dict[str, float]:
    """Change copied hyperparameters: each by a factor, within the ends of its axis, or drawn anew from the axis."""
    out = {}
    for name, value in values.items():
        axis = rules.axes[name]
        if rng.random() < rules.evolution.resample:
            u = float(rng.random())
            out[name] = axis.at(u) if isinstance(axis, Range) else axis[int(u * len(axis))]
        else:
            low, high = _ends(axis)
            out[name] = min(max(value * float(rng.choice(rules.evolution.factors)), low), high)
    return out


def standing(rules: Rules, records: Sequence[Record]) -> Standing:
    """Say how far trials may train, whose state each takes over, and the hyperparameters that it has then."""
    limits: dict[int, int] = {}
    parents: dict[int, int] = {}
    values: dict[int, Values] = {}
    for deme in rules.demes:
        now = generations(rules, deme, records)[-1]
        for place, trials in enumerate(deme.settings):
            limits |= dict.fromkeys(trials.values(), min(now.epoch + rules.evolution.every, rules.epochs))
            values |= dict.fromkeys(trials.values(), now.values[place])
            parent = deme.settings[now.parents[place]]
            parents |= {trial: parent[replicate] for replicate, trial in trials.items()}
    spared = frozenset(trial for trial, limit in limits.items() if limit < rules.epochs)
    return Standing(limits, parents=parents, values=values, spared=spared)


def schedules(rules: Rules, records: Sequence[Record]) -> list[list[Stage]]:
    """Give each trial's stages so far: the first has its own hyperparameters, each further one is a replacement."""
    out: list[list[Stage]] = [[] for _ in records]
    for deme in rules.demes:
        for generation in generations(rules, deme, records):
            for place, trials in enumerate(deme.settings):
                parent, values = generation.parents[place], dict(generation.values[place])
                for replicate, trial in trials.items():
                    if generation.epoch == 0:
                        out[trial].append(Stage(0, None, values))
                    elif parent != place:
                        out[trial].append(Stage(generation.epoch, deme.settings[parent][replicate], values))
    return out


def lineage(stages: Sequence[Sequence[Stage]], trial: int) -> list[tuple[int, Stage]]:
    """Follow a trial's weights back to where they began: (trial in which they were, stage) from the first on."""
    out: list[tuple[int, Stage]] = []
    before = math.inf
    while True:
        stage = next(stage for stage in reversed(stages[trial]) if stage.epoch < before)
        out.append((trial, stage))
        if stage.parent is None:
            return out[::-1]
        trial, before = stage.parent, stage.epoch

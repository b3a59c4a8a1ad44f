"""`Run.ensemble`: choose the members of an ensemble among a run's trials."""

import contextlib
import dataclasses
from collections.abc import Sequence

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.text import represent
from nnjax.exchange.ensemble import selection
from nnjax.exchange.ensemble.candidates import (
    Predicted,
    bags,
    describe_left_out,
    find_candidates,
    predict_all,
    scale,
    target_of,
)
from nnjax.exchange.ensemble.ensemble import Ensemble
from nnjax.exchange.predictions import interpret
from nnjax.runs import ensemble_members
from nnjax.runs.ensemble_members import Member, Members
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting

METHODS = ("greedy", "top", "seeds")


def make_ensemble(run: Run, k: int, method: str) -> Ensemble:
    """Choose an ensemble of a run; see `Run.ensemble`."""
    if method not in METHODS:
        raise UserError(f"The method is {represent(method)}, but 'greedy', 'top' or 'seeds' was expected.")
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise UserError(f"k is {represent(k)}, but a whole number from 1 was expected: how many networks to average.")
    known = run.all_settings
    if method == "seeds" and not any(run.facts(spec.id).sizes[1] for spec in run.specs) and len(known) == 1:
        return _keep(run, _seeds(run, known[0], k, "final"))
    choice = run.chosen()
    if method == "seeds":
        return _keep(run, _seeds(run, choice.setting, k, "best"))
    candidates = find_candidates(run, choice)
    if not candidates:
        raise UserError(
            "No trial has finished, with all of its folds, and kept its weights (keep='all'): none can be averaged."
        )
    found = predict_all(run, candidates)
    first = found.networks[0][0]
    kind = interpret(found.outputs[0], first.architecture, first.facts).kind
    target = target_of(run, choice, found.rows, found.outputs.shape[2], kind)
    scaled, evaluated = scale(run, choice, found.outputs), selection.evaluate(target.metric, target.y, target.w)
    alone, maximized = evaluated(scaled), bool(target.metric.maximized)
    weights = (
        selection.bagged_greedy(scaled, evaluated, maximized, k)
        if method == "greedy"
        else selection.equal_counts(alone, maximized, k)
    )
    weights = weights / weights.sum()
    mean = np.tensordot(weights, scaled, axes=1)
    record = Members(
        method=method,
        members=(),
        metric=target.metric.name,
        maximized=maximized,
        part="out of fold" if len(candidates[0].trials) > 1 else "validation",
        examples=len(found.rows),
        value=float(evaluated(mean[None])[0]),
        single=float(np.max(alone) if maximized else np.min(alone)),
        rivals=len(found.candidates),
        left_out=describe_left_out(found.left_out),
    )
    return _keep(run, _assemble(run, found, weights, alone, record))


def _assemble(run: Run, found: Predicted, weights: np.ndarray, alone: np.ndarray, record: Members) -> Ensemble:
    """Make the ensemble of the candidates that were taken, the heaviest first."""
    order = [int(i) for i in np.argsort(-weights, kind="stable") if weights[i]]
    labels = _labels(run.all_settings)
    chosen = [found.candidates[i].trials for i in order]
    members = tuple(
        Member(trials, labels[trials[0]], float(weights[i]), float(alone[i]))
        for i, trials in zip(order, chosen, strict=True)
    )
    networks = tuple(network for i in order for network in found.networks[i])
    each = np.concatenate([np.full(len(found.networks[i]), weights[i] / len(found.networks[i])) for i in order])
    return Ensemble(networks, each, dataclasses.replace(record, members=members))


def _labels(some: Sequence[Setting]) -> dict[int, str]:
    return {trial: one.label for one in some for trial in one.trials}


def _seeds(run: Run, setting: Setting, k: int, which: str) -> Ensemble:
    """Average the seeds of a setting, with folds all folds of each seed, equally; of more than k the first."""
    some = bags(run, setting.trials)[:k]
    if not some:
        raise UserError(f"No trial of {setting.label} has finished, with all of its folds, and kept its weights.")
    networks = tuple(run.network(i, which) for trials in some for i in trials)
    members = tuple(Member(trials, setting.label, 1 / len(some)) for trials in some)
    return Ensemble(networks, np.full(len(networks), 1 / len(networks)), Members("seeds", members))


def _keep(run: Run, ensemble: Ensemble) -> Ensemble:
    """Note the members in the run, and in its folder."""
    run.members = ensemble.members
    with contextlib.suppress(OSError):  # a folder that cannot be written keeps no members
        ensemble_members.write(run.store, ensemble.members)
    return ensemble

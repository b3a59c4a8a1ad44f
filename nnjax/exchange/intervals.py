"""Prediction intervals of a run, `Run.predict(x, interval=…)`: choose its calibration examples, then `nn.conformal`.

Calibration examples must serve neither stopping (the best epoch, patience) nor choosing among settings. So it is with
those of the folds or of the validation part where one setting was trained for fixed epochs; final weights are taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.text import count, represent
from nnjax.data.targets import named_labels
from nnjax.exchange.ensemble.candidates import bags
from nnjax.exchange.ensemble.lanes import outputs_of_all
from nnjax.exchange.network import Network, goal_of
from nnjax.exchange.predictions import PROBABILITY, Intervals, PredictionSets, interpret
from nnjax.nn import conformal
from nnjax.runs.run import Run
from nnjax.runs.weights import rows_of
from nnjax.train.storage.records import DONE

ROWS = 500  # new examples at once: CV+ compares each with every calibration example
HELP = (
    "pass calibration=(x, y) with examples that nothing has used, or calibration='test' for the run's test part, or "
    "train one setting with data.folds for fixed epochs (patience none)"
)


class Calibration(NamedTuple):
    """Networks and the examples that none of them has used."""

    # of each fold, one or several seeds whose outputs are averaged; of split conformal one list
    networks: list[list[Network]]
    outputs: np.ndarray  # [n, k] for the examples, by the networks of their own fold
    y: np.ndarray  # targets [n, k], or class indices [n]
    fold: np.ndarray  # of each example, int [n]
    method: str  # "split", "CV+" or "jackknife+"


def predict_intervals(
    run: Run, x: Any, level: float, trial: int | None, which: str | None, calibration: Any
) -> Intervals | PredictionSets:
    """Predict with intervals or sets; see `Run.predict`."""
    _refuse_impossible(level)
    found = _unused(run, trial, which) if calibration is None else _given(run, trial, which, calibration)
    first = found.networks[0][0]
    goal = _goal(first)
    rows = rows_of(first.facts, x)
    new = np.stack([_mean_outputs(own, rows) for own in found.networks])
    return _intervals(found, new, level) if goal == "regression" else _sets(found, new, level)


def mean_intervals(
    first: Network, outputs: Callable[[Any], np.ndarray], x: Any, level: float, calibration: Any
) -> Intervals | PredictionSets:
    """Predict with split conformal intervals or sets around the outputs of several networks, the first one given.

    Raises:
      UserError: calibration is not (x, y), or there are too few examples.
    """
    _refuse_impossible(level)
    if calibration is None or isinstance(calibration, str):
        what = "was given without calibration" if calibration is None else f"has calibration={represent(calibration)}"
        raise UserError(
            f"interval {what}, but an ensemble, whose members the validation examples have chosen, needs examples that "
            "nothing has used: pass calibration=(x, y)."
        )
    goal, (known, y) = _goal(first), _examples(first, calibration)
    found = Calibration([[first]], outputs(known), y, np.zeros(len(y), int), "split")
    new = outputs(x)[None]
    return _intervals(found, new, level) if goal == "regression" else _sets(found, new, level)


def _refuse_impossible(level: float) -> None:
    if isinstance(level, bool) or not isinstance(level, Real) or not 0 < level < 1:
        raise UserError(f"interval is {represent(level)}, but a number between 0 and 1 was expected, such as 0.9.")


def _goal(network: Network) -> str:
    goal = goal_of(network.architecture, network.facts)
    if goal == "reconstruction":
        raise UserError("interval was given, but an autoencoder predicts no target: leave it out.")
    return goal


def _mean_outputs(networks: Sequence[Network], x: np.ndarray) -> np.ndarray:
    return outputs_of_all(networks, x).mean(axis=0)


def _intervals(found: Calibration, new: np.ndarray, level: float) -> Intervals:
    """Make intervals of predicted numbers, split conformal or CV+."""
    residuals, values = np.abs(found.outputs - found.y), new.mean(axis=0)
    if found.method == "split":
        radius = conformal.split_radius(residuals, level)
        low, high = values - radius, values + radius
    else:
        parts = [
            conformal.cv_plus(new[:, start : start + ROWS], residuals, found.fold, level)
            for start in range(0, max(new.shape[1], 1), ROWS)
        ]
        low, high = (np.concatenate(own) for own in zip(*parts, strict=True))
    ends = [part[:, 0] if part.shape[1] == 1 else part for part in (values, low, high)]
    return Intervals(ends[0], ends[1], ends[2], level, found.method, len(residuals))


def _sets(found: Calibration, new: np.ndarray, level: float) -> PredictionSets:
    """Make sets of classes from probabilities."""
    first = found.networks[0][0]
    known = interpret(found.outputs, first.architecture, first.facts)
    if known.kind != PROBABILITY:
        raise UserError(
            "Sets of classes need probabilities, but the network's outputs are none: train with "
            "output_activation='softmax' ('sigmoid' for one output)."
        )
    own = [np.random.default_rng([0, part]).uniform(size=n) for part, n in enumerate((len(found.y), new.shape[1]))]
    scores = conformal.class_scores(known.scores, own[0])[np.arange(len(found.y)), found.y]
    p = np.stack([interpret(one, first.architecture, first.facts).scores for one in new])
    every = conformal.class_scores(p, own[1])
    if found.method == "split":
        sets = conformal.split_sets(scores, every[0], level)
    else:
        sets = conformal.cv_plus_sets(scores, found.fold, every, level)
    classes = named_labels(first.facts.classes, first.facts.label_type)
    return PredictionSets(classes[p.mean(axis=0).argmax(axis=1)], sets, classes, level, found.method, len(found.y))


def _given(run: Run, trial: int | None, which: str | None, calibration: Any) -> Calibration:
    """Calibrate the chosen network, or a trial's, on examples that are passed, or on the test part."""
    number, which = run.resolve(trial, which)
    network = run.network(number, which)
    if isinstance(calibration, str):
        if calibration != "test":
            raise UserError(f"calibration is {represent(calibration)}, but (x, y) or 'test' was expected.")
        prepared = run.data(number)
        if not len(prepared.test) or np.isin(prepared.test, prepared.validation).any():
            raise UserError(
                "calibration is 'test', but there is no test part that had no other use: pass calibration=(x, y)."
            )
        x, y = prepared.dataset.x[prepared.test], _targets(run, number, prepared.test)
    else:
        x, y = _examples(network, calibration)
    outputs = _mean_outputs([network], x)
    return Calibration([[network]], outputs, y, np.zeros(len(y), int), "split")


def _examples(network: Network, calibration: Any) -> tuple[np.ndarray, np.ndarray]:
    """Read (x, y) that are passed: rows [n, d], and targets as `_targets_of`."""
    if not isinstance(calibration, tuple | list) or len(calibration) != 2:
        several = isinstance(calibration, tuple | list)
        what = f"has {count(len(calibration), 'part')}" if several else f"is {represent(calibration)}"
        raise UserError(f"calibration {what}, but (x, y) or 'test' was expected.")
    x, y = rows_of(network.facts, calibration[0]), _targets_of(network, calibration[1])
    if len(x) != len(y):
        raise UserError(f"calibration has {len(x)} rows of x, but {len(y)} of y: give one y for each x.")
    return x, y


def _targets(run: Run, trial: int, rows: np.ndarray) -> np.ndarray:
    y = run.data(trial).dataset.y
    if y is None:
        raise UserError("interval was given, but the data have no targets: leave it out.")
    return np.asarray(y[rows]) if y.ndim == 1 else np.asarray(y[rows], float)


def _targets_of(network: Network, y: Any) -> np.ndarray:
    """Read targets that are passed: class indices [n] of names, or numbers [n, k]."""
    facts, y = network.facts, np.asarray(y)
    if goal_of(network.architecture, facts) == "classification":
        place = {label: i for i, label in enumerate(named_labels(facts.classes, facts.label_type).tolist())}
        unknown = [label for label in y.ravel().tolist() if label not in place]
        if y.ndim != 1 or unknown:
            what = f"the class {represent(unknown[0])}" if unknown else f"the shape {y.shape}"
            raise UserError(f"The y of calibration has {what}, but a class of the run was expected for each row: [n].")
        return np.array([place[label] for label in y.tolist()], int)
    try:
        found = np.asarray(y, float)
        found = found.reshape(len(found), math.prod(found.shape[1:]))
    except (TypeError, ValueError):
        found = np.zeros((0, 0))
    if found.shape[1:] != (facts.num_targets,) or not np.isfinite(found).all():
        raise UserError(f"The y of calibration is {represent(y)}, but [n, {facts.num_targets}] numbers were expected.")
    return found


def _unused(run: Run, trial: int | None, which: str | None) -> Calibration:
    """Find examples in the run that served neither stopping nor choosing; UserError if there are none."""
    known = run.all_settings
    reason = _reason(run, len(known), which)
    if reason:
        raise UserError(f"{reason}, so that they cannot calibrate an interval: {HELP}.")
    folds = known[0].experiment.data.folds
    trials = known[0].trials if trial is None else (run.known_trial(trial),)
    left = [i for i in trials if run.records[i].status != DONE]
    if left:
        raise UserError(f"Trial {left[0]} is {run.records[left[0]].status}, but an interval needs finished ones.")
    if folds is None:
        networks = [run.network(i, "final") for i in trials]
        prepared = run.data(trials[0])
        outputs = _mean_outputs(networks, prepared.dataset.x[prepared.validation])
        y = _targets(run, trials[0], prepared.validation)
        return Calibration([networks], outputs, y, np.zeros(len(y), int), "split")
    if trial is not None:
        raise UserError("interval was given with a trial, but its calibration needs all folds: leave out trial.")
    return _folds(run, trials, folds)


def _reason(run: Run, num_settings: int, which: str | None) -> str:
    """Say what the validation examples were used for; "" for nothing."""
    if not run.facts(0).sizes[1]:
        return "The run has no validation examples"
    if num_settings > 1:
        return f"The run's validation examples serve to choose among {count(num_settings, 'setting')}"
    if which == "best":
        return "The validation examples serve to find the best epoch"
    if run.specs[0].experiment.hyperparameters.patience is not None:
        return "The validation examples serve to stop early (patience)"
    return ""


def _folds(run: Run, trials: Sequence[int], folds: int) -> Calibration:
    """Collect the out-of-fold outputs of a setting; seeds of one fold are averaged, further fold_seeds left out."""
    first_seed = min(run.specs[i].experiment.data.fold_seed for i in trials)
    own = [i for some in bags(run, trials) for i in some if run.specs[i].experiment.data.fold_seed == first_seed]
    if not own:
        raise UserError("interval was given, but no seed has finished with all of its folds and kept its weights.")
    networks: list[list[Network]] = [[] for _ in range(folds)]
    of_fold: dict[int, int] = {}
    for i in own:
        place = run.specs[i].experiment.data.fold
        networks[place].append(run.network(i, "final"))
        of_fold[place] = i
    outputs, y, fold = [], [], []
    for place, some in enumerate(networks):
        prepared = run.data(of_fold[place])
        outputs.append(_mean_outputs(some, prepared.dataset.x[prepared.validation]))
        y.append(_targets(run, of_fold[place], prepared.validation))
        fold.append(np.full(len(prepared.validation), place))
    method = "jackknife+" if folds == sum(map(len, y)) else "CV+"
    return Calibration(networks, np.concatenate(outputs), np.concatenate(y), np.concatenate(fold), method)

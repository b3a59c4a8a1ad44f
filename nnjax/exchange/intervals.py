"""Prediction intervals of a run, `Run.predict(x, interval=…)`: choose its calibration examples, then `nn.conformal`.

Calibration examples must serve neither stopping (the best epoch, patience) nor choosing among settings. So it is with
those of the folds or of the validation part where one setting was trained for fixed epochs; final weights are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.text import count, represent
from nnjax.exchange.conformal_outputs import (
    Calibration,
    make_intervals,
    make_sets,
    read_examples,
    refuse_impossible,
    target_kind,
)
from nnjax.exchange.ensemble.candidates import bags
from nnjax.exchange.ensemble.lanes import outputs_of_all
from nnjax.exchange.network import Network
from nnjax.exchange.predictions import Intervals, PredictionSets
from nnjax.runs.run import Run
from nnjax.runs.weights import rows_of
from nnjax.train.storage.records import DONE

HELP = (
    "pass calibration=(x, y) with examples that nothing has used, or calibration='test' for the run's test part, or "
    "train one setting with data.folds for fixed epochs (patience none)"
)


def predict_intervals(
    run: Run, x: Any, level: float, trial: int | None, which: str | None, calibration: Any
) -> Intervals | PredictionSets:
    """Predict with intervals or sets; see `Run.predict`."""
    refuse_impossible(level)
    found = _unused(run, trial, which) if calibration is None else _given(run, trial, which, calibration)
    first = found.networks[0][0]
    goal = target_kind(first)
    rows = rows_of(first.facts, x)
    new = np.stack([_mean_outputs(own, rows) for own in found.networks])
    return make_intervals(found, new, level) if goal == "regression" else make_sets(found, new, level)


def _mean_outputs(networks: Sequence[Network], x: np.ndarray) -> np.ndarray:
    return outputs_of_all(networks, x).mean(axis=0)


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
        x, y = read_examples(network, calibration)
    outputs = _mean_outputs([network], x)
    return Calibration([[network]], outputs, y, np.zeros(len(y), int), "split")


def _targets(run: Run, trial: int, rows: np.ndarray) -> np.ndarray:
    y = run.data(trial).dataset.y
    if y is None:
        raise UserError("interval was given, but the data have no targets: leave it out.")
    return np.asarray(y[rows]) if y.ndim == 1 else np.asarray(y[rows], float)


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

"""Compare settings over their replicates: means with intervals, and differences seed by seed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from nnjax.core.errors import UserError
from nnjax.core.experiment import Replicate, replicate_of
from nnjax.runs.choice import unknown_metric, validation_metrics
from nnjax.runs.run_protocol import TrainedTrials
from nnjax.runs.settings import Setting, estimate_over
from nnjax.runs.statistics import Comparison, compare_paired
from nnjax.train.storage.records import FINISHED
from nnjax.train.storage.selection import value_of

if TYPE_CHECKING:
    import pandas as pd


def table(run: TrainedTrials, metric: str | None) -> pd.DataFrame:
    """Make a table of one row a setting; see `Run.settings`."""
    import pandas as pd

    chosen_by = {one.trials: ranking.metric for ranking in run.rankings for one in ranking.candidates}
    places, rows = list(chosen_by), []
    for setting, values in sorted(by_replicate(run, metric), key=lambda pair: places.index(pair[0].trials)):
        found = estimate_over(setting, metric or chosen_by[setting.trials], list(values.values()))
        rows.append({"setting": setting.label, **dataclasses.asdict(found)})
    return pd.DataFrame(rows)


def compare(run: TrainedTrials, first: str, second: str, metric: str | None) -> Comparison:
    """Compare two settings seed by seed, see `Run.compare`; UserError if no finished seed is in common."""
    known = {setting.label: (values, _folds(setting)) for setting, values in by_replicate(run, metric)}
    for name in (first, second):
        if name not in known:
            raise UserError(f"There is no setting {name!r}; there are {'; '.join(list(known)[:10])}.")
    (one, folds), (other, others) = known[first], known[second]
    if folds != others:
        raise UserError(f"{first!r} and {second!r} were validated on different folds: give both the same data.folds.")
    return compare_paired(one, other, folds)


def by_replicate(run: TrainedTrials, metric: str | None) -> list[tuple[Setting, dict[Replicate, float]]]:
    """Return the settings, each with a metric's values by seed and fold; None for what the best is chosen by.

    Raises:
      UserError: no trial recorded the metric.
    """
    if metric is not None and not isinstance(metric, str):
        _refuse_unknown(run, str(metric))
    done = {i: _value(run, i, metric) for i, record in enumerate(run.records) if record.status in FINISHED}
    if metric is None:
        metrics = {i: ranking.metric for ranking in run.rankings for one in ranking.candidates for i in one.trials}
        done = {i: value_of(run.specs[i].experiment, run.records[i], metrics[i]) for i in done}
    elif done:
        _refuse_unknown(run, metric)
    return [
        (setting, {replicate_of(run.specs[i].experiment): done[i] for i in setting.trials if i in done})
        for setting in run.all_settings
    ]


def _value(run: TrainedTrials, trial: int, metric: str | None) -> float:
    """Return a column of the table, or of a short name the value on the validation part at the best epoch."""
    values = run.records[trial].values
    return (
        values[metric] if metric in values else value_of(run.specs[trial].experiment, run.records[trial], str(metric))
    )


def _refuse_unknown(run: TrainedTrials, metric: str) -> None:
    columns, short = {name for record in run.records for name in record.values}, validation_metrics(run)
    if metric not in columns | set(short):
        raise unknown_metric(metric, [*short, *sorted(columns)], [*short, *sorted(columns - set(short))])


def _folds(setting: Setting) -> int | None:
    return setting.experiment.data.folds

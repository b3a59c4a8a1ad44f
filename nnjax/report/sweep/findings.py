"""Findings of a sweep as text: importance, dropped and failed trials."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.core.text import count, field_name, show
from nnjax.report.sweep.columns import Column, narrowest
from nnjax.report.sweep.data import Sweep, failed, rungs
from nnjax.report.sweep.evolution import lineage_table
from nnjax.runs.settings import PREFIX
from nnjax.search.importance import importance
from nnjax.train.storage.records import DIVERGED, DROPPED

FEWEST = 3  # failures below which their place in the space says nothing
MAX_FAILURES = 200  # in the table


def sweep_findings(sweep: Sweep) -> dict[str, Any]:
    """Describe a sweep above its charts: importance, sentences on rungs and failures."""
    key = metric_key(sweep)
    shares = shares_of(sweep, key)
    return {
        "importance": shares,
        "pair": pair(sweep, [name for name, _ in shares]),
        "lineage": lineage_table(sweep),
        "dropped": dropped(sweep),
        "failures": failures(sweep),
        "metric": sweep.metrics[0].label if sweep.metrics else "",
        "repeated": len(sweep.settings) < len(sweep.trials),
        "num_axes": len(sweep.axes),
        "num_metrics": len(sweep.metrics),
        "num_rungs": len(rungs(sweep)),
        "example": example(sweep),
    }


def pair(sweep: Sweep, by_importance: Sequence[str]) -> list[int]:
    """Choose the two axes that matter most, by their places; of which one has more values first."""
    names = [column.name for column in sweep.axes]
    chosen = list(dict.fromkeys([*(names.index(name) for name in by_importance if name in names), *range(len(names))]))
    return sorted(chosen[:2], key=lambda place: -len(set(sweep.axes[place].values)))


def example(sweep: Sweep) -> str:
    """Write a filter that fits the space."""
    first = next((column for column in sweep.axes if column.levels is None), None)
    if first is None:
        return "status=done"
    known = [float(value) for value in first.values if value is not None]
    return f"{first.name}<{np.median(known):.2g} status=done"


def metric_key(sweep: Sweep) -> str | None:
    """Name the record's value behind the first metric; None where it is not one and the same for all trials."""
    if sweep.metric is None or len(sweep.trials) < len(sweep.run.specs):
        return None
    metric, part = sweep.metric
    losses = {setting.experiment.loss for setting in sweep.settings}
    key = PREFIX[part].format("loss" if {metric} == losses else metric)
    common = {metric} == losses or metric not in losses
    return key if common and any(key in record.values for record in sweep.run.records) else None


def shares_of(sweep: Sweep, key: str | None) -> list[tuple[str, float]]:
    """Rank the axes by importance, the largest first; what only tells arms apart counts for the arm."""
    out: dict[str, float] = {}
    for path, share in importance(sweep.run, key).items() if key else ():
        name = _short(sweep, path)
        out[name] = out.get(name, 0.0) + share
    return sorted(out.items(), key=lambda item: -item[1])


def _short(sweep: Sweep, path: str) -> str:
    names = [column.name for column in sweep.axes]
    return next((name for name in names if path == name or field_name(path) == name), "arm")


def _text(column: Column, place: int) -> str:
    value = column.values[place]
    if column.levels is not None and isinstance(value, int):
        return column.levels[value]
    return show(value)


def dropped(sweep: Sweep) -> str:
    """Count the trials that successive halving dropped, and the epochs it saved; "" where it dropped none."""
    records = [sweep.run.records[trial] for trial in sweep.trials]
    n = sum(record.status == DROPPED for record in records)
    if not n:
        return ""
    full = sum(sweep.run.specs[trial].experiment.epochs for trial in sweep.trials)
    share = 100 * sum(record.epochs for record in records) / full
    verb = "was" if n == 1 else "were"
    return f"{n:,} of {len(records):,} trials {verb} dropped; trial-epochs trained: {share:.0f} % of the full sweep."


def failures(sweep: Sweep) -> dict[str, Any]:
    """List the trials that diverged or failed, and say where in the space they lie."""
    places = failed(sweep)
    columns = ["trial", "status", "at step", "seed", *(column.name for column in sweep.axes)]
    rows = [_failure(sweep, place) for place in places[:MAX_FAILURES]]
    left_out = len(places) - len(rows)
    return {"sentence": _whereabouts(sweep, places), "columns": columns, "rows": rows, "left_out": left_out}


def _failure(sweep: Sweep, place: int) -> list[str]:
    trial = sweep.trials[place]
    record, experiment = sweep.run.records[trial], sweep.run.specs[trial].experiment
    step = record.values.get("diverged_at_step", float("nan"))
    when = f"{step:.0f}" if np.isfinite(step) else f"after epoch {record.epochs}"
    cells = [_text(column, place) for column in sweep.axes]
    return [str(trial), record.status, when, str(experiment.seed), *cells]


def _whereabouts(sweep: Sweep, places: Sequence[int]) -> str:
    """Count the trials that diverged or failed, and find what sets them apart from the others."""
    n, total = len(places), len(sweep.trials)
    if not n:
        return ""
    statuses = {sweep.run.records[sweep.trials[place]].status for place in places}
    what = "diverged" if statuses == {DIVERGED} else "failed" if len(statuses) == 1 else "diverged or failed"
    if n < FEWEST or n == total:
        return f"{n} of {total:,} trials {what}."
    others, text = narrowest(sweep.axes, places)
    if others > (total - n) / 2:
        return f"{n:,} of {total:,} trials {what}; no single hyperparameter sets them apart from the others."
    rest = "no other trial has" if not others else f"{count(others, 'other trial')} with such a value did not"
    return f"All {n:,} trials that {what} have {text}; {rest}."

"""A sweep as data for the page's script: the fields that were swept and the scores, a column each."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.core.experiment import Experiment
from nnjax.core.fields import flatten
from nnjax.diagnosis.verdicts import BADGES
from nnjax.nn.metrics import complement_of, known_metric, usual_metrics
from nnjax.report.sweep.columns import Column, axis, name_of, rounded
from nnjax.report.text import named
from nnjax.report.trial_verdicts import code_of, verdict_data
from nnjax.runs.choice import Choice, choices
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting, report_part, score
from nnjax.train.storage.records import DIVERGED, DROPPED, FAILED, FINISHED, Record
from nnjax.train.storage.selection import LOSS

NONE = "none"  # the verdict of a trial that has not ended
CURVES = {"validation": "val_{}", "training": "train_{}_eval", "test": "test_{}"}
SKEWED = 10  # highest over lowest of scores that need one


@dataclasses.dataclass(frozen=True, eq=False)
class Sweep:
    """The trials of a run that search one space for one goal."""

    run: Run  # theirs
    settings: tuple[Setting, ...]  # theirs
    trials: tuple[int, ...]  # ids
    axes: tuple[Column, ...]  # what was swept
    metrics: tuple[Column, ...]  # by the first of them trials are judged
    # (name, part) of the first as `settings.score` takes them; None where no trial has a score
    metric: tuple[str, str] | None
    choice: Choice | None = None  # the chosen one of the settings; None where nothing is chosen


def sweep_of(run: Run, settings: Sequence[Setting]) -> Sweep | None:
    """Find the space that most trials of a run search; None where the run only compares named arms, or seeds."""
    by_goal: dict[str, list[Setting]] = {}
    for setting in settings:
        by_goal.setdefault(setting.goal, []).append(setting)
    some = max(by_goal.values(), key=lambda own: sum(len(setting.trials) for setting in own))
    trials = tuple(sorted(trial for setting in some for trial in setting.trials))
    axes = _axes(run, some, trials)
    if not axes:
        return None
    candidates = _candidates(some)
    metrics = {pair: _metric(run, trials, *pair) for pair in candidates}
    found = {pair: column for pair, column in metrics.items() if any(v is not None for v in column.values)}
    chosen = next((choice for choice in choices(run) if choice.trial in trials), None)
    return Sweep(run, tuple(some), trials, axes, tuple(found.values()), next(iter(found), None), chosen)


def _axes(run: Run, some: Sequence[Setting], trials: Sequence[int]) -> tuple[Column, ...]:
    """Make a column of each field that varies within an arm, and one of the arms where there are several."""
    arms: dict[str, list[dict[str, Any]]] = {}
    for setting in some:
        arms.setdefault(setting.arm, []).append(flatten(setting.experiment.setting_key))
    fields = flatten(some[0].experiment)
    swept = [path for path in fields if any(len({flat[path] for flat in own}) > 1 for own in arms.values())]
    if not swept:
        return ()
    flats = [flatten(run.specs[trial].experiment) for trial in trials]
    named_arms = [axis("arm", [run.specs[trial].arm for trial in trials])] * (len(arms) > 1)
    return (*named_arms, *(axis(name_of(path, swept), [flat[path] for flat in flats]) for path in swept))


def _candidates(some: Sequence[Setting]) -> list[tuple[str, str]]:
    """List (metric, part) that all settings may be compared by, first that by which the best is chosen."""
    losses, select = {setting.experiment.loss for setting in some}, some[0].experiment.select
    metrics = [select] * (select != LOSS) + [*losses] * (len(losses) == 1) + list(usual_metrics(some[0].goal))
    parts = dict.fromkeys(["validation"] * bool(some[0].facts.sizes[1]) + [report_part(some[0])])
    return [(metric, part) for part in parts for metric in dict.fromkeys(metrics)]


def _metric(run: Run, trials: Sequence[int], metric: str, part: str) -> Column:
    short = {"test": "test", "validation": "val", "training": "train"}[part]
    is_loss = all(run.specs[trial].experiment.loss == metric for trial in trials)
    name = f"{short}_{stem_of(metric, is_loss)}"
    complement = complement_of(metric)
    label = f"{part} loss" if is_loss else f"{f'{complement} (%)' if complement else named(metric)}, {part}"
    values = [final(run, trial, metric, part) for trial in trials]
    known = [value for value in values if np.isfinite(value)]
    log = bool(known) and min(known) > 0 and max(known) > SKEWED * min(known)
    found = known_metric(metric)
    high = bool(found and found.maximized and not complement)
    return Column(name, label, "metric", None, log, tuple(map(rounded, values)), high)


def stem_of(metric: str, is_loss: bool) -> str:
    """Name a metric in a filter, without its part; accuracies are shown as shares of wrong answers."""
    return "loss" if is_loss else "wrong" if complement_of(metric) else metric


def final(run: Run, trial: int, metric: str, part: str) -> float:
    """Return a trial's metric, lower being better: its score; of a dropped trial that at its last rung; else NaN."""
    experiment, record = run.specs[trial].experiment, run.records[trial]
    value = score(experiment, record, metric, part)
    if record.status == DROPPED and not np.isfinite(value):
        value = at_epoch(experiment, record, metric, part, record.epochs)
    elif record.status not in (*FINISHED, DROPPED):
        value = float("nan")
    return 100 * (1 - value) if complement_of(metric) else value


def at_epoch(experiment: Experiment, record: Record, metric: str, part: str, epoch: int) -> float:
    """Look a metric up in the curve of a trial, at an epoch from 1; NaN where there is none."""
    stem = "loss" if metric == experiment.loss else metric
    curve = record.curves.get(CURVES[part].format(stem), np.zeros(0))
    return float(curve[epoch - 1]) if 0 < epoch <= len(curve) else float("nan")


def sweep_data(sweep: Sweep) -> dict[str, Any]:
    """Describe a sweep in JSON's own types.

    Returns:
      settings: [trials] the place of each one's setting.
      fields: the columns.
      stems: {quantity of a curve: its name in a filter}.
      rungs: as `rungs` gives them.
      verdicts: as `verdict_data` gives it.
      badges: {code: how a verdict looks}.
    """
    specs, records = sweep.run.specs, sweep.run.records
    place = {trial: i for i, setting in enumerate(sweep.settings) for trial in setting.trials}
    statuses = list(dict.fromkeys(records[trial].status for trial in sweep.trials))
    codes = list(dict.fromkeys(code_of(sweep.run, trial) or NONE for trial in sweep.trials))

    levels = {"status": tuple(statuses), "verdict": tuple(codes)}
    values = {
        "trial": sweep.trials,
        "status": [statuses.index(records[trial].status) for trial in sweep.trials],
        "verdict": [codes.index(code_of(sweep.run, trial) or NONE) for trial in sweep.trials],
        "epochs": [records[trial].epochs for trial in sweep.trials],
        "seed": [specs[trial].experiment.seed for trial in sweep.trials],
        "fold": [specs[trial].experiment.data.fold for trial in sweep.trials],
    }
    others = [Column(name, name, "other", levels.get(name), False, tuple(own)) for name, own in values.items()]
    return {
        "settings": [place[trial] for trial in sweep.trials],
        "fields": [dataclasses.asdict(column) for column in (*others, *sweep.axes, *sweep.metrics)],
        "stems": _stems(sweep),
        "rungs": rungs(sweep),
        "verdicts": verdict_data(sweep.run, sweep.trials),
        "badges": {code: badge._asdict() | {"ink": badge.ink} for code, badge in BADGES.items()},
    }


def _stems(sweep: Sweep) -> dict[str, str]:
    losses = {setting.experiment.loss for setting in sweep.settings}
    names = [*losses, *usual_metrics(sweep.settings[0].goal)]
    return {name: stem_of(name, losses == {name}) for name in names}


def rungs(sweep: Sweep) -> list[dict[str, Any]]:
    """List the epochs at which trials were dropped, each with all losses that were compared there, [trials]."""
    records = sweep.run.records
    epochs = sorted({records[t].epochs for t in sweep.trials if records[t].status == DROPPED})
    if not epochs or sweep.metric is None:
        return []
    metric, part = sweep.metric
    last = max(records[trial].epochs for trial in sweep.trials)
    out = []
    for epoch in dict.fromkeys([*epochs, last]):
        values = [at_epoch(sweep.run.specs[t].experiment, records[t], metric, part, epoch) for t in sweep.trials]
        values = [100 * (1 - value) for value in values] if complement_of(metric) else values
        out.append({"epoch": epoch, "values": [rounded(value) for value in values]})
    return out


def finished(sweep: Sweep) -> dict[int, float]:
    """Return the first metric of the trials that finished, where it is finite."""
    found = zip(sweep.trials, sweep.metrics[0].values if sweep.metrics else [None] * len(sweep.trials), strict=True)
    return {t: float(v) for t, v in found if v is not None and sweep.run.records[t].status in FINISHED}


def failed(sweep: Sweep) -> list[int]:
    """Return the places, among the trials of a sweep, of those that diverged or failed."""
    records = sweep.run.records
    return [i for i, trial in enumerate(sweep.trials) if records[trial].status in (DIVERGED, FAILED)]

"""The section with the table of all trials."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nnjax.core.fields import flatten
from nnjax.core.text import field_name, number, show
from nnjax.nn.metrics import metric_of, usual_metrics
from nnjax.report.context import ReportContext
from nnjax.report.section import Section
from nnjax.report.trial_verdicts import code_of
from nnjax.runs.run import Run
from nnjax.runs.settings import report_part, score
from nnjax.train.storage.records import DIVERGED, Record

Column = tuple[str, Callable[..., str]]  # a head, and the text of a trial's (spec, record)

HEADS = {
    "train_loss": "train loss",
    "val_loss": "validation loss",
    "test_loss": "test loss",
    "best_val_loss": "lowest validation loss",
    "best_epoch": "at epoch",
    "diverged_at_step": "diverged at step",
}


def build(report: ReportContext) -> dict[str, Any] | None:
    """Tabulate all trials; None for a sweep, whose table stands below its linked views."""
    return None if report.sweep else trials_table(report)


def trials_table(report: ReportContext) -> dict[str, Any]:
    """List every trial: what sets it apart from the others of its arm, how it ended, its scores."""
    run, columns = report.run, [*_identity(report.run), *_results(report)]
    trials = list(zip(run.specs, run.records, strict=True))
    return {"columns": list(dict(columns)), "rows": [[text(*trial) for _, text in columns] for trial in trials]}


def _identity(run: Run) -> list[Column]:
    arms = any(spec.arm for spec in run.specs)
    columns: list[Column] = [("trial", lambda spec, record: str(spec.id))]
    columns += [("arm", lambda spec, record: spec.arm)] * arms
    columns += [("status", lambda spec, record: record.status)]
    columns += [("verdict", lambda spec, record: code_of(run, spec.id))] * any(run.diagnoses)
    columns += [("seed", lambda spec, record: str(spec.experiment.seed))]
    if any(spec.experiment.data.folds for spec in run.specs):
        columns += [("fold", lambda spec, record: str(spec.experiment.data.fold))]
    for path in _fields(run):
        columns.append((field_name(path), lambda spec, record, path=path: show(flatten(spec.experiment)[path])))
    return [*columns, ("epochs", lambda spec, record: f"{record.epochs}/{spec.experiment.epochs}")]


def _results(report: ReportContext) -> list[Column]:
    """List the columns of results that some trial has."""
    run, columns = report.run, list[Column]()
    final = dict.fromkeys(name for record in run.records for name in record.values if name.startswith("final_"))
    for name, head in ({name: name.replace("_", " ", 1) for name in final} | HEADS).items():
        if any(name in record.values for record in run.records):
            columns.append((head, lambda spec, record, name=name: _value(record, name)))
    for goal, part in {setting.goal: report_part(setting) for setting in report.settings}.items():
        for metric in usual_metrics(goal):
            head = f"{part} {metric_of(metric).head}{', %' if metric_of(metric).complement else ''}"
            columns.append((head, lambda spec, record, m=metric, p=part: _score(spec.experiment, record, m, p)))
    if any(record.seconds > 0 for record in run.records):
        columns.append(("seconds", lambda spec, record: number(record.seconds)))
    return columns


def _fields(run: Run) -> list[str]:
    """Name the fields in which trials of one arm differ."""
    arms: dict[str, list[dict[str, Any]]] = {}
    for spec in run.specs:
        arms.setdefault(spec.arm, []).append(flatten(spec.experiment))
    paths = [path for path in flatten(run.specs[0].experiment) if path not in ("seed", "epochs", "data.fold")]
    return [path for path in paths if any(len({flat[path] for flat in own}) > 1 for own in arms.values())]


def _value(record: Record, name: str) -> str:
    value = record.values.get(name, np.nan)
    if record.status == DIVERGED and name != "diverged_at_step":
        return "–"  # what was measured belongs to weights from before
    whole = name in ("best_epoch", "diverged_at_step") and np.isfinite(value)
    return f"{value:.0f}" if whole else number(value)


def _score(experiment: Any, record: Any, metric: str, part: str) -> str:
    value = score(experiment, record, metric, part)
    if not metric_of(metric).complement:
        return number(value)
    return f"{100 * (1 - value):.2f}" if np.isfinite(value) else "–"


SECTION = Section(
    title="All trials",
    order=150,
    build=build,
    scripts=("tables",),
    template="""
{% from "macros.html.jinja" import plain_table %}
{{ plain_table(content, "sortable") }}
<p class="note screen">Click a column header to sort.</p>
""",
)

"""The tables of a report: the settings, every trial, what was counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax.core.fields import flatten
from nnjax.models.summary import summarize_model
from nnjax.nn.metrics import METRICS, usual_metrics
from nnjax.report.sections import diagnoses
from nnjax.runs.settings import Setting, field_name, layers, named, number, report_part, score, settings, show
from nnjax.train.storage.records import DIVERGED, Record

if TYPE_CHECKING:
    from nnjax.runs.run import Run

Column = tuple[str, Callable[..., str]]  # a head, and the text of a trial's (spec, record)

MAX_ROWS = 12  # settings in a table of their own; beyond, only what varies is told
HEADS = {
    "train_loss": "train loss",
    "val_loss": "validation loss",
    "test_loss": "test loss",
    "best_val_loss": "lowest validation loss",
    "best_epoch": "at epoch",
    "diverged_at_step": "diverged at step",
}


def settings_table(run: Run) -> dict[str, Any]:
    """Describe the networks one by one; no rows where there are many."""
    some = settings(run)
    columns = ["network", "layers", "output", "loss", "optimizer", "rate", "batch", "epochs", "seeds", "parameters"]
    rows = [_setting_row(run, setting) for setting in some] if len(some) <= MAX_ROWS else []
    return {"columns": columns, "rows": rows}


def _setting_row(run: Run, setting: Setting) -> list[str]:
    e = setting.experiment
    rate = e.hyperparameters.learning_rate
    seeds = sorted(run.specs[i].experiment.seed for i in setting.trials)
    parent = run.specs[setting.trials[0]].start_from
    name = setting.label if parent is None else f"{setting.label} (starts from trial {parent})"
    cells = [name, layers(e, setting.facts), e.model.output_activation, named(e.loss), e.optimizer.name]
    cells += ["default" if rate is None else show(rate), str(e.batch_size), str(e.epochs)]
    return [*cells, _few(seeds), f"{_census(run, setting).parameters:,}"]


def _few(values: Sequence[Any]) -> str:
    """List values, or their ends where there are many."""
    texts = [show(value) for value in values]
    return ", ".join(texts) if len(texts) <= 8 else f"{texts[0]} … {texts[-1]} ({len(texts)})"


def varied(run: Run) -> list[tuple[str, str]]:
    """List each field in which trials differ, with its values."""
    flats = [flatten(spec.experiment) for spec in run.specs]
    out = []
    for path in flats[0]:
        values = list(dict.fromkeys(flat[path] for flat in flats))
        if len(values) > 1:
            numbers = all(isinstance(value, int | float) for value in values)
            out.append((path, _few(sorted(values) if numbers else values)))
    return out


def shared(run: Run) -> list[tuple[str, str]]:
    """List each field that all trials have in common and that is set."""
    flats = [flatten(spec.experiment) for spec in run.specs]
    return [
        (path, show(value))
        for path, value in flats[0].items()
        if value is not None and all(flat[path] == value for flat in flats)
    ]


def trials_table(run: Run) -> dict[str, Any]:
    """List every trial: what sets it apart from the others of its arm, how it ended, its scores."""
    columns = [*_identity(run), *_results(run)]
    trials = list(zip(run.specs, run.records, strict=True))
    return {"columns": list(dict(columns)), "rows": [[text(*trial) for _, text in columns] for trial in trials]}


def _identity(run: Run) -> list[Column]:
    arms = any(spec.arm for spec in run.specs)
    columns: list[Column] = [("trial", lambda spec, record: str(spec.id))]
    columns += [("arm", lambda spec, record: spec.arm)] * arms
    columns += [("status", lambda spec, record: record.status)]
    columns += [("verdict", lambda spec, record: diagnoses.code_of(run, spec.id))] * any(run.diagnoses)
    columns += [("seed", lambda spec, record: str(spec.experiment.seed))]
    if any(spec.experiment.data.folds for spec in run.specs):
        columns += [("fold", lambda spec, record: str(spec.experiment.data.fold))]
    for path in _fields(run):
        columns.append((field_name(path), lambda spec, record, path=path: show(flatten(spec.experiment)[path])))
    return [*columns, ("epochs", lambda spec, record: f"{record.epochs}/{spec.experiment.epochs}")]


def _results(run: Run) -> list[Column]:
    columns: list[Column] = []
    final = dict.fromkeys(name for record in run.records for name in record.values if name.startswith("final_"))
    for name, head in ({name: name.replace("_", " ", 1) for name in final} | HEADS).items():
        if any(name in record.values for record in run.records):
            columns.append((head, lambda spec, record, name=name: _value(record, name)))
    for goal, part in {setting.goal: report_part(setting.facts) for setting in settings(run)}.items():
        for metric in usual_metrics(goal):
            head = f"{part} {METRICS[metric].head}{', %' if METRICS[metric].complement else ''}"
            columns.append((head, lambda spec, record, m=metric, p=part: _score(spec.experiment, record, m, p)))
    if any(record.seconds > 0 for record in run.records):
        columns.append(("seconds", lambda spec, record: number(record.seconds)))
    return columns


def _fields(run: Run) -> list[str]:
    """Name the fields in which trials of one arm differ."""
    arms: dict[str, list[dict[str, Any]]] = {}
    for spec in run.specs:
        arms.setdefault(spec.arm, []).append(flatten(spec.experiment))
    paths = flatten(run.specs[0].experiment)
    return [
        p
        for p in paths
        if p not in ("seed", "epochs", "data.fold") and any(len({f[p] for f in own}) > 1 for own in arms.values())
    ]


def _value(record: Record, name: str) -> str:
    value = record.values.get(name, np.nan)
    if record.status == DIVERGED and name != "diverged_at_step":
        return "–"  # what was measured belongs to weights from before
    whole = name in ("best_epoch", "diverged_at_step") and np.isfinite(value)
    return f"{value:.0f}" if whole else number(value)


def _score(experiment: Any, record: Any, metric: str, part: str) -> str:
    value = score(experiment, record, metric, part)
    if not METRICS[metric].complement:
        return number(value)
    return f"{100 * (1 - value):.2f}" if np.isfinite(value) else "–"


def _census(run: Run, setting: Setting) -> Any:
    return summarize_model(setting.experiment, setting.facts.num_inputs, run.num_outputs(setting.trials[0]))


def censuses(run: Run, some: Sequence[Setting]) -> list[dict[str, Any]]:
    """Count the parameters of each architecture, layer by layer, and list the hyperparameters of those who share it."""
    groups: dict[str, list[Setting]] = {}
    for setting in some:
        groups.setdefault(layers(setting.experiment, setting.facts), []).append(setting)
    out = []
    for widths, own in groups.items():
        counted = [_census(run, setting) for setting in own]
        first = counted[0]
        out.append(
            {
                "names": [setting.label for setting in own],
                "layers": widths,
                "parameters": first.parameters,
                "parts": [layer.formula() for layer in first.layers if layer.weights],
                "flops": first.flops,
                "architecture": _merged([c.architecture for c in counted]),
                "training": _merged([c.training for c in counted]),
            }
        )
    return out


def _merged(lists: Sequence[dict[str, object]]) -> list[tuple[str, str]]:
    """List names with their values, several with a stroke between them."""
    names = dict.fromkeys(name for one in lists for name in one)
    return [(n, " / ".join(dict.fromkeys(show(one[n]) for one in lists if n in one))) for n in names]

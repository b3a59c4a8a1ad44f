"""The tables of a report: the settings, every trial, what was counted, where it ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax import runs
from nnjax.config import flatten, to_dict
from nnjax.models.census import census
from nnjax.report.summary import METRICS, Setting, layers, number, report_part, score, settings, show

if TYPE_CHECKING:
    from nnjax.api import Run

MAX_ROWS = 12  # settings in a table of their own; beyond, only what varies is told
HEADS = {
    "train_loss": "train loss",
    "val_loss": "validation loss",
    "test_loss": "test loss",
    "best_val_loss": "lowest validation loss",
    "best_epoch": "at epoch",
    "diverged_at_step": "diverged at step",
    "seconds": "seconds",
}
SCORE_HEADS = {"mean_squared_error": "MSE", "mean_absolute_error": "MAE", "binary_crossentropy": "BCE"}


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
    cells = [name, layers(e, setting.facts), e.model.output_activation, e.loss.replace("_", " "), e.optimizer.name]
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
    """List every trial: what sets it apart, how it ended, its scores."""
    fields = [path for path in runs.varying_fields(run.specs) if not path.startswith("hyperparameters.")]
    present = {path: {flatten(s.experiment)[path] for s in run.specs} for path in runs.varying_fields(run.specs)}
    fields += [path for path, values in present.items() if path.startswith("hyperparameters.") and len(values) > 1]
    arms = any(spec.arm for spec in run.specs)
    names = [name for name in HEADS if any(name in record.values for record in run.records)]
    facts = {spec.experiment.data: run.facts(spec.id) for spec in run.specs}
    goals = {setting.goal: report_part(setting.facts) for setting in settings(run)}
    metrics = [(metric, part) for goal, part in goals.items() for metric in METRICS[goal]]
    verdicts = any(record.verdict for record in run.records)
    rows = []
    for spec, record in zip(run.specs, run.records, strict=True):
        flat, part = flatten(spec.experiment), report_part(facts[spec.experiment.data])
        row = [str(spec.id)] + [spec.arm] * arms + [record.status, str(spec.experiment.seed)]
        row += [show(flat[path]) for path in fields] + [f"{record.epochs}/{spec.experiment.epochs}"]
        row += [_value(record.values.get(name, np.nan), name) for name in names]
        row += [_score(spec.experiment, record, metric, part) for metric, _ in metrics]
        rows.append(row + [record.verdict] * verdicts)
    columns = ["trial"] + ["arm"] * arms + ["status", "seed", *(path.split(".")[-1] for path in fields), "epochs"]
    columns += [HEADS[name] for name in names]
    columns += [f"{part} {SCORE_HEADS.get(metric, 'wrong, %')}" for metric, part in metrics]
    return {"columns": columns + ["verdict"] * verdicts, "rows": rows}


def _value(value: float, name: str) -> str:
    whole = name in ("best_epoch", "diverged_at_step") and np.isfinite(value)
    return f"{value:.0f}" if whole else number(value)


def _score(experiment: Any, record: Any, metric: str, part: str) -> str:
    value = score(experiment, record, metric, part)
    if metric != "accuracy":
        return number(value)
    return f"{100 * (1 - value):.2f}" if np.isfinite(value) else "–"


def _census(run: Run, setting: Setting) -> Any:
    return census(setting.experiment, setting.facts.num_inputs, run.num_outputs(setting.trials[0]))


def censuses(run: Run, some: Sequence[Setting]) -> list[dict[str, Any]]:
    """Count the parameters, layer by layer, and list the hyperparameters of each architecture that is shown."""
    out: dict[Any, dict[str, Any]] = {}
    for setting in some:
        model, counted = setting.experiment.model, _census(run, setting)
        entry = out.setdefault(
            (model.widths, counted.parameters, model.activation, model.output_activation),
            {
                "names": [],
                "layers": layers(setting.experiment, setting.facts),
                "parameters": counted.parameters,
                "parts": [(c.inputs, c.outputs, c.weights, c.biases) for c in counted.layers],
                "flops": counted.flops,
                "architecture": [(name, show(value)) for name, value in counted.architecture.items()],
                "training": [(name, show(value)) for name, value in counted.training.items()],
            },
        )
        entry["names"].append(setting.label)
    return list(out.values())


def environment(run: Run) -> list[tuple[str, str]]:
    """Say with what and where the run was made: name and text."""
    found = _environment(run)
    versions = found.get("versions", {})
    devices = Counter(found.get("devices", ()))
    rows = [
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("commit", found.get("commit", "")),
        ("machine", found.get("machine", "")),
        ("cores", str(found.get("cores", ""))),
        ("devices", ", ".join(f"{n} × {name}" for name, n in devices.items())),
        ("sessions (s)", ", ".join(f"{seconds:.1f}" for seconds in found.get("sessions", ()))),
        ("plan", _plan(found.get("plan"))),
    ]
    data = {f.name: f for f in (run.facts(spec.id) for spec in run.specs[:1])}
    rows += [("data", f"{f.source}; SHA-256 {f.sha256[:16]}…") for f in data.values()]
    return [(name, text) for name, text in rows if text]


def _environment(run: Run) -> dict[str, Any]:
    from nnjax.environment import describe_environment

    if isinstance(run.store, runs.FolderStore):
        return run.store.read_environment()
    return describe_environment(None, [])


def _plan(plan: Any) -> str:
    if not isinstance(plan, list):
        return ""
    texts = [", ".join(f"{k} {v}" for k, v in group.items() if k != "trials" and v is not None) for group in plan]
    return "; ".join(dict.fromkeys(texts))


def repeat(run: Run) -> dict[str, Any]:
    """Give what repeats the run: the command of a script, else the configuration."""
    found = _environment(run)
    command = found.get("command", "") if run.path is not None else ""
    base = run.store.read_config()[0] if isinstance(run.store, runs.FolderStore) else run.specs[0].experiment
    sessions = found.get("sessions", ()) if run.path is not None else ()
    return {
        "command": command,
        "config": to_dict(base),
        "folder": run.path.name if run.path is not None else "",
        "seconds": float(sum(sessions)) if sessions else None,
    }


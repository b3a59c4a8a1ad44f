"""The section on what was run, and how to repeat it: the command, the settings, the configuration."""

import json
from collections.abc import Sequence
from typing import Any

from nnjax.core.fields import flatten, to_dict
from nnjax.core.text import show
from nnjax.report.context import ReportContext
from nnjax.report.section import Section
from nnjax.report.sections.model_summary import summary_of
from nnjax.report.text import named
from nnjax.runs.folder import FolderStore
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting, layers

MAX_ROWS = 12  # settings in a table of their own; of more, only what varies is listed


def build(report: ReportContext) -> dict[str, Any]:
    """Collect what repeats the run: command, configuration, settings."""
    run = report.run
    base = run.store.read_config().base if isinstance(run.store, FolderStore) else run.specs[0].experiment
    return {
        "command": report.environment.get("command", "") if run.path is not None else "",
        "folder": run.path.name if run.path is not None else "",
        "config": json.dumps(to_dict(base), indent=1),
        "settings": settings_table(report),
        "varied": varied(run),
        "shared": shared(run),
    }


def settings_table(report: ReportContext) -> dict[str, Any]:
    """Describe the networks one by one; no rows where there are many."""
    some = report.settings
    columns = ["network", "layers", "output", "loss", "optimizer", "rate", "batch", "epochs", "seeds", "parameters"]
    rows = [_setting_row(report.run, setting) for setting in some] if len(some) <= MAX_ROWS else []
    return {"columns": columns, "rows": rows}


def _setting_row(run: Run, setting: Setting) -> list[str]:
    e = setting.experiment
    rate = e.hyperparameters.learning_rate
    seeds = sorted(run.specs[i].experiment.seed for i in setting.trials)
    parent = run.specs[setting.trials[0]].start_from
    name = setting.label if parent is None else f"{setting.label} (starts from trial {parent})"
    cells = [name, layers(e, setting.facts), e.model.output_activation, named(e.loss), e.optimizer.name]
    cells += ["default" if rate is None else show(rate), str(e.batch_size), str(e.epochs)]
    return [*cells, _few(seeds), f"{summary_of(run, setting).parameters:,}"]


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


SECTION = Section(
    title="What was run, and how to repeat it", order=130, build=build, template="run.html.jinja", folded=True
)

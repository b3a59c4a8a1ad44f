"""Population-based training in a report: how the hyperparameters of each trial changed, and whose weights went on."""

from collections.abc import Sequence
from typing import Any

from nnjax.core.text import show
from nnjax.report.sweep.columns import logarithmic, rounded
from nnjax.report.sweep.data import Sweep
from nnjax.train.storage.records import Stage, lineage


def evolution_data(sweep: Sweep) -> dict[str, Any]:
    """Describe the paths of a sweep's hyperparameters in JSON's own types; {} for a sweep without an evolution.

    Returns:
      {"evolution": what follows}.
      fields: of each hyperparameter that evolved, its name and whether its axis is logarithmic.
      paths: of each trial, [epoch after which, value of each field (None where the trial has it not)] for each stage.
      lineages: the same along the trials through which its weights came.
      best: the place of the chosen trial; None where there is none.
      epochs: of a trial.
    """
    run = sweep.run
    if not run.schedules:
        return {}
    names = list(dict.fromkeys(name for trial in sweep.trials for name in run.schedules[trial][0].values))
    stages = [stage for trial in sweep.trials for stage in run.schedules[trial]]
    values = {name: [stage.values[name] for stage in stages if name in stage.values] for name in names}
    best = None if sweep.choice is None else sweep.choice.trial
    found = {
        "fields": [{"name": name, "log": logarithmic(values[name])} for name in names],
        "paths": [_path(names, run.schedules[trial]) for trial in sweep.trials],
        "lineages": [_path(names, [s for _, s in lineage(run.schedules, trial)]) for trial in sweep.trials],
        "best": None if best is None else sweep.trials.index(best),
        "epochs": max(run.specs[trial].experiment.epochs for trial in sweep.trials),
    }
    return {"evolution": found}


def _path(names: Sequence[str], stages: Sequence[Stage]) -> list[list[Any]]:
    return [[s.epoch, *(rounded(s.values[name]) if name in s.values else None for name in names)] for s in stages]


def _shown(stage: Stage, name: str) -> str:
    return show(rounded(stage.values[name])) if name in stage.values else "–"


def lineage_table(sweep: Sweep) -> dict[str, Any] | None:
    """List the trials through which the weights of the chosen trial came; None without an evolution or a choice."""
    best = None if sweep.choice is None else sweep.choice.trial
    if not sweep.run.schedules or best is None:
        return None
    line = lineage(sweep.run.schedules, best)
    names = list(dict.fromkeys(name for _, stage in line for name in stage.values))
    ends = [stage.epoch for _, stage in line[1:]] + [sweep.run.specs[best].experiment.epochs]
    rows = [
        [f"{stage.epoch + 1} to {end}", str(trial), *(_shown(stage, name) for name in names)]
        for (trial, stage), end in zip(line, ends, strict=True)
    ]
    return {"columns": ["epochs", "in trial", *names], "rows": rows, "trial": best}

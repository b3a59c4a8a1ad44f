"""Print messages, and the table at a run's end."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich import get_console
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from nnjax.core.text import printable
from nnjax.nn.metrics import complement_of, known_metric, metric_of, usual_metrics
from nnjax.report.text import cell
from nnjax.runs import settings, target_units
from nnjax.runs.choice import choices, words
from nnjax.runs.run import Run
from nnjax.train.storage.records import FINISHED
from nnjax.train.storage.selection import LOSS

MAX_SETTINGS = 25  # rows of the table
COLORS = {"error": "bold red", "warning": "yellow", "remark": "cyan"}


def print_message(text: str) -> None:
    """Print a sentence of the trainer's, colored where it begins with error, warning or remark."""
    severity = text.split(":")[0].split(" ")[0]
    message = Text(printable(text))
    if severity in COLORS:
        message.stylize(COLORS[severity], 0, len(severity))
    get_console().print(message, soft_wrap=True, highlight=False)


def summary_table(run: Run) -> Table:
    """Tabulate a run by setting: mean ± standard deviation over its seeds, the chosen ones in bold.

    In the order of the rule by which the best is chosen; few named arms in their own. Trials that diverged have no
    scores. Errors of classifiers are in per cent; scores are of the part in the title.
    """
    some = run.all_settings
    known, best = {setting.trials: setting for setting in some}, [choice.setting.trials for choice in choices(run)]
    metrics = list(dict.fromkeys(metric for setting in some for metric in _metrics_of(setting)))
    units = all(map(target_units.has_units, some))
    if units and target_units.RMSE in metrics:
        metrics.remove(target_units.MSE)
    ordered = [known[one.trials] for ranking in run.rankings for one in ranking.candidates]
    chosen = some if len(some) <= MAX_SETTINGS and all(setting.arm for setting in some) else ordered
    title = f"Scores on the {' or '.join(dict.fromkeys(map(_part, some)))}"
    if len(some) > 1 and chosen is ordered:
        title += f"; the best {' or '.join(dict.fromkeys(words(one.metric) for one in run.rankings))} first"
    title += f"; RMSE and MAE in the units of {target_units.name_of(some[0])}" * units
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    widest = max(len(setting.label) for setting in chosen[:MAX_SETTINGS])
    table.add_column("setting", overflow="fold", min_width=min(widest, 24))
    for name in ("trials", "best val loss", *(_head(metric, units) for metric in metrics)):
        table.add_column(name, justify="right")
    for setting in chosen[:MAX_SETTINGS]:
        style = "bold" if len(some) > 1 and setting.trials in best else None
        table.add_row(*map(Text, _summary_cells(run, setting, metrics, units)), style=style)
    best_only = f"the first {MAX_SETTINGS} of {len(chosen)} settings; all trials are in trials.csv"
    remarks = [best_only] * (len(chosen) > MAX_SETTINGS)
    if run.schedules:
        remarks.append("settings have the hyperparameters that they began with; trials.csv has the final ones too")
    table.caption = "\n".join(remarks) or None
    return table


def _metrics_of(setting: settings.Setting) -> list[str]:
    """Name the metrics in a setting's row: that by which settings are chosen, the usual ones and those asked for."""
    experiment = setting.experiment
    asked = [metric_of(name).name for name in experiment.metrics or ()]
    chosen = [] if experiment.select == LOSS else [experiment.select]
    return list(dict.fromkeys([*chosen, *usual_metrics(setting.goal), *asked]))


def _head(metric: str, units: bool) -> str:
    if units and metric in target_units.HEADS:
        return target_units.HEADS[metric]
    found = known_metric(metric)
    return metric if found is None else found.head


def _part(setting: settings.Setting) -> str:
    """Name what a setting's scores are measured on, and with which weights."""
    part = settings.report_part(setting)
    return f"{part} part, {'at the best epoch' if part == 'validation' else 'with the final weights'}"


def _summary_cells(run: Run, setting: Any, metrics: Sequence[str], units: bool) -> list[str]:
    counts = Counter(run.records[trial].status for trial in setting.trials)
    done = sum(counts.pop(status, 0) for status in FINISHED)
    trials = ", ".join([str(done)] * bool(done) + [f"{count} {status}" for status, count in counts.items()])
    losses = settings.scores(run, setting, setting.experiment.loss, "validation")
    cells = [setting.label, trials, cell(losses)]
    for metric in metrics:
        values = settings.scores(run, setting, metric) if metric in _metrics_of(setting) else np.zeros(0)
        if units and len(values) and metric in target_units.HEADS:
            values = target_units.in_units(run, setting, metric, values)
        cells.append(cell(1 - values, percent=True) if complement_of(metric) else cell(values))
    return [text.replace("± ", "±") for text in cells]  # in a narrow terminal the spread goes to the next line, whole

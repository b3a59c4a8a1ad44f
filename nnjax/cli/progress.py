"""Terminal output: a live display while a population trains, messages, and the table at its end.

with Display() as display:
    run = nnjax.sweep(experiment, space, observe=display, log=print_message)
display.console.print(summary_table(run))
"""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from rich import get_console
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nnjax.core.text import duration, printable
from nnjax.nn.metrics import complement_of, known_metric, metric_of, usual_metrics
from nnjax.report.text import cell
from nnjax.runs import settings
from nnjax.runs.choice import choices, rankings, words
from nnjax.runs.run import Run
from nnjax.train.host.progress import Progress
from nnjax.train.storage.records import FINISHED, RUNNING, WAITING
from nnjax.train.storage.selection import LOSS

MAX_RUNNING, MAX_SETTINGS = 8, 25  # rows of the live table and of the final one
COLORS = {"error": "bold red", "warning": "yellow", "remark": "cyan"}


class Display:
    """Show a population while it trains; an instance is the `observe` callback and a context manager.

    On a terminal a bar and a table of the trials under way, redrawn in place; elsewhere a line for each tenth of the
    work.

    Args:
      console: where to; None for standard output.
      clock: gives seconds; for tests.
    """

    def __init__(self, console: Console | None = None, clock: Any = time.monotonic):
        self.console, self.clock = console or get_console(), clock
        self.progress: Progress | None = None
        self.begin, self.seen_at, self.share_before, self.tenths = clock(), clock(), 0.0, 0
        self.live: Live | None = None

    def __enter__(self) -> Self:
        self.begin = self.seen_at = self.clock()
        if self.console.is_terminal:
            self.live = Live(self, console=self.console, refresh_per_second=4, transient=True)
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live is not None:
            self.live.stop()
        if self.progress is not None:
            self.console.print(f"{self._counts()} in {duration(self.clock() - self.begin)}", highlight=False)

    def __call__(self, progress: Progress) -> None:
        """Take what the trainer reports after a segment."""
        if self.progress is None and _share(progress) < 1:
            self.share_before = self._resumed_share(progress)
        self.progress, self.seen_at = progress, self.clock()
        tenths = int(10 * _share(progress))
        if self.live is None and tenths > self.tenths:
            self.tenths = tenths
            self.console.print(self._line(progress), highlight=False, soft_wrap=True, markup=False)

    def _resumed_share(self, progress: Progress) -> float:
        """Guess which share an earlier process had done: that of the trials which are not under way but have ended."""
        ended = [i for i, record in enumerate(progress.records) if record.status not in (WAITING, RUNNING)]
        earlier = set(ended) - set(progress.running)
        return min(_share(progress), len(earlier) / max(len(progress.records), 1))

    def _left(self) -> float:
        """Estimate the seconds left from the share done in this session; NaN before anything is."""
        share = _share(self.progress)
        gained = share - self.share_before
        return (self.seen_at - self.begin) * (1 - share) / gained if gained > 0 else float("nan")

    def _counts(self) -> str:
        assert self.progress is not None
        counts = Counter(record.status for record in self.progress.records)
        done = sum(counts.pop(status, 0) for status in FINISHED)
        others = [f"{count} {status}" for status, count in counts.items()]
        return ", ".join([f"{done} of {len(self.progress.records)} trials done", *others])

    def _line(self, progress: Progress) -> str:
        times = f"{duration(self.seen_at - self.begin)} elapsed, {duration(self._left())} left"
        cells = [_trial_cells(progress, trial) for trial in progress.running[:1]]
        first = [f"trial {name}: epoch {epoch}, train {a}, validation {b}" for name, epoch, a, b in cells]
        return "  ".join([f"{100 * _share(progress):3.0f} %", self._counts(), *first, times])

    def __rich__(self) -> RenderableType:
        elapsed = duration(self.clock() - self.begin)
        if self.progress is None:
            return Text(f"preparing and compiling … {elapsed}")
        left = self._left() - (self.clock() - self.seen_at)
        head = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=1.0, completed=_share(self.progress), width=30)
        head.add_row(bar, f"{100 * _share(self.progress):.0f} %", self._counts(), elapsed, f"{duration(left)} left")
        return Group(head, self._running_table(self.progress))

    def _running_table(self, progress: Progress) -> RenderableType:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("trial")
        for name in ("epoch", "train loss", "validation loss"):
            table.add_column(name, justify="right")
        for trial in progress.running[:MAX_RUNNING]:
            table.add_row(*map(Text, _trial_cells(progress, trial)))
        more = len(progress.running) - MAX_RUNNING
        return Group(table, Text(f"and {more} more", style="dim")) if more > 0 else table


def _share(progress: Progress | None) -> float:
    share = 0.0 if progress is None else float(progress.work_done)
    return min(max(share, 0.0), 1.0) if np.isfinite(share) else 0.0


def _trial_cells(progress: Progress, trial: int) -> tuple[str, str, str, str]:
    spec, record = progress.specs[trial], progress.records[trial]
    losses = [_last(record.curves, name) for name in ("train_loss", "val_loss")]
    name = f"{trial} {spec.arm}".strip()
    return name, f"{record.epochs}/{spec.experiment.epochs}", losses[0], losses[1]


def _last(curves: Any, name: str) -> str:
    curve = curves.get(name, ())
    return f"{curve[-1]:.4g}" if len(curve) else "–"


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
    some = settings.settings(run)
    known, best = {setting.trials: setting for setting in some}, [choice.setting.trials for choice in choices(run)]
    metrics = list(dict.fromkeys(metric for setting in some for metric in _metrics_of(setting)))
    ordered = [known[one.trials] for ranking in rankings(run) for one in ranking.candidates]
    chosen = some if len(some) <= MAX_SETTINGS and all(setting.arm for setting in some) else ordered
    title = f"Scores on the {' or '.join(dict.fromkeys(map(_part, some)))}"
    if len(some) > 1 and chosen is ordered:
        title += f"; the best {' or '.join(dict.fromkeys(words(one.metric) for one in rankings(run)))} first"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    widest = max(len(setting.label) for setting in chosen[:MAX_SETTINGS])
    table.add_column("setting", overflow="fold", min_width=min(widest, 24))
    for name in ("trials", "best val loss", *map(_head, metrics)):
        table.add_column(name, justify="right")
    for setting in chosen[:MAX_SETTINGS]:
        style = "bold" if len(some) > 1 and setting.trials in best else None
        table.add_row(*map(Text, _summary_cells(run, setting, metrics)), style=style)
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


def _head(metric: str) -> str:
    found = known_metric(metric)
    return metric if found is None else found.head


def _part(setting: settings.Setting) -> str:
    """Name what a setting's scores are measured on, and with which weights."""
    part = settings.report_part(setting)
    return f"{part} part, {'at the best epoch' if part == 'validation' else 'with the final weights'}"


def _summary_cells(run: Run, setting: Any, metrics: Sequence[str]) -> list[str]:
    counts = Counter(run.records[trial].status for trial in setting.trials)
    done = sum(counts.pop(status, 0) for status in FINISHED)
    trials = ", ".join([str(done)] * bool(done) + [f"{count} {status}" for status, count in counts.items()])
    losses = settings.scores(run, setting, setting.experiment.loss, "validation")
    cells = [setting.label, trials, cell(losses)]
    for metric in metrics:
        values = settings.scores(run, setting, metric) if metric in _metrics_of(setting) else np.zeros(0)
        cells.append(cell(1 - values, percent=True) if complement_of(metric) else cell(values))
    return [text.replace("± ", "±") for text in cells]  # in a narrow terminal the spread goes to the next line, whole

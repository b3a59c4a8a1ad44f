"""Show a population while it trains: in place on a terminal and in a notebook, elsewhere as lines.

with Display() as display:
    run = nnjax.sweep(experiment, space, observe=display)
"""

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Self, cast

import numpy as np
from rich import get_console
from rich.console import Console, Group, RenderableType
from rich.jupyter import JupyterMixin
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nnjax.core.text import duration
from nnjax.train.host.progress import Observer, Progress, silent
from nnjax.train.storage.records import FINISHED

MAX_RUNNING = 8  # rows of the table
QUIET_SECONDS = 60.0  # without a line where there is no terminal


@contextlib.contextmanager
def displayed(progress: bool | None, observe: Observer) -> Iterator[Observer]:
    """Give an observer that shows what it is told, where that is wanted, before it tells another one.

    Args:
      progress: whether to show it; None for on a terminal and in a notebook, unless something else observes.
      observe: the other one.
    """
    wanted = observe is silent and someone_watches() if progress is None else progress
    if not wanted:
        yield observe
        return
    with Display(Console(stderr=True)) as display:

        def both(progress: Progress) -> None:
            display(progress)
            observe(progress)

        yield both


def someone_watches() -> bool:
    """Whether standard error is a terminal, or this runs in a notebook."""
    terminal = sys.stderr is not None and sys.stderr.isatty()  # None without a console, as of pythonw
    return terminal or ("ipykernel" in sys.modules and Console().is_jupyter) or _marimo() is not None


def _marimo() -> Any:
    """Return the module marimo, where this runs in one of its notebooks; else None."""
    module = sys.modules.get("marimo")
    return module if module is not None and module.running_in_notebook() else None


class Display(JupyterMixin):
    """Show a population while it trains; an instance is the `observe` callback and a context manager.

    On a terminal and in a notebook a bar and a table of the trials under way, redrawn in place; elsewhere a line at
    first, for each tenth of the work, and after a minute without one.

    Args:
      console: where to; None for standard output.
      clock: gives seconds; for tests.
    """

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic):
        self.console, self.clock = console or get_console(), clock
        self.progress: Progress | None = None
        self.begin, self.seen_at, self.printed_at, self.tenths = clock(), clock(), clock(), 0
        self.live: Live | _Cell | None = None
        self.ended = ""

    def __enter__(self) -> Self:
        self.begin = self.seen_at = self.clock()
        if _marimo() is not None:
            self.live = _MarimoCell(self)
        elif self.console.is_jupyter:
            self.live = _Cell(self)
        elif self.console.is_terminal:
            self.live = Live(self, console=self.console, refresh_per_second=4, transient=True)
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.progress is not None:
            self.ended = f"{self._counts()} in {duration(self.clock() - self.begin)}"
        if self.live is not None:
            self.live.stop()
        if self.ended and not isinstance(self.live, _Cell):
            self.console.print(self.ended, highlight=False)

    def __call__(self, progress: Progress) -> None:
        """Take what the trainer reports after a segment."""
        first, self.progress, self.seen_at = self.progress is None, progress, self.clock()
        if isinstance(self.live, _Cell):
            self.live.refresh()
        tenths = int(10 * _share(progress))
        due = first or tenths > self.tenths or self.seen_at - self.printed_at > QUIET_SECONDS
        if self.live is None and due:
            self.tenths, self.printed_at = tenths, self.seen_at
            self.console.print(self._line(progress), highlight=False, soft_wrap=True, markup=False)

    def _left(self) -> float:
        """Return the seconds left as far as they are known."""
        assert self.progress is not None
        return self.progress.seconds_left - (self.clock() - self.seen_at)

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
        if self.ended:
            return Text(self.ended)
        elapsed = duration(self.clock() - self.begin)
        if self.progress is None:
            return Text(f"preparing and compiling … {elapsed}")
        head = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=1.0, completed=_share(self.progress), width=30)
        head.add_row(
            bar, f"{100 * _share(self.progress):.0f} %", self._counts(), elapsed, f"{duration(self._left())} left"
        )
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


class _Cell:
    """The output of a notebook's cell, redrawn in place; rich's own needs ipywidgets.

    Args:
      content: what it shows.
    """

    def __init__(self, content: Display):
        from IPython.display import display

        self._content, self._handle = content, display(content, display_id=True)

    def refresh(self) -> None:
        """Draw it again."""
        if self._handle is not None:  # there is none where IPython has no front end
            self._handle.update(self._content)

    stop = refresh


class _MarimoCell(_Cell):
    """The output of a cell of marimo.

    Args:
      content: what it shows.
    """

    def __init__(self, content: Any):
        self._content = content

    def refresh(self) -> None:
        """Draw it again."""
        marimo, content = _marimo(), cast(Any, self._content)
        marimo.output.replace(marimo.Html(content._repr_mimebundle_([], [])["text/html"]))

    stop = refresh


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

"""Apply a network to many examples in batches, with a progress bar."""

from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from nnjax.core.types import Array
from nnjax.runs.weights import in_batches


def apply_with_progress(
    function: Callable[[np.ndarray], Array],
    x: np.ndarray,
    console: Console | None = None,
    batch: int = 1000,
    dtype: type = np.float32,
) -> np.ndarray:
    """Apply a function from float32 [b, d] to [b, k] to all examples x [n, d]: [n, k]; arguments as `in_batches`.

    On a terminal a bar is drawn while it lasts; elsewhere a line is printed at each tenth, if there are ten batches.

    Args:
      console: where to show the progress; None for standard output.
    """
    with _bar(console or Console()) as bar:
        task, tenths = bar.add_task("predicting", total=len(x)), 0

        def show(done: int) -> None:
            nonlocal tenths
            bar.update(task, completed=done)
            if bar.disable and len(x) >= 10 * batch and 10 * done // len(x) > tenths:
                tenths = 10 * done // len(x)
                bar.console.print(f"{10 * tenths:3} %  {done:,} of {len(x):,} examples", highlight=False)

        return in_batches(function, x, batch, dtype, show)


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

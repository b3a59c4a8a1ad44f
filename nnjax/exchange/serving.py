"""Apply a network to many examples in batches, with a progress bar."""

from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from nnjax.core.types import Array

BATCH = 1000


def apply_with_progress(
    function: Callable[[np.ndarray], Array],
    x: np.ndarray,
    console: Console | None = None,
    batch: int = BATCH,
    dtype: type = np.float32,
) -> np.ndarray:
    """Apply a function from float32 [b, d] to [b, k] to all examples x [n, d]: [n, k].

    On a terminal a bar is drawn while it lasts; elsewhere a line is printed at each tenth, if there are ten batches.

    Args:
      function: it meets at most two sizes of batches.
      x: numbers of any type.
      console: where to show the progress; None for standard output.
      batch: examples at once.
      dtype: as which they are passed, if not as float32.
    """
    parts, tenths = [], 0
    with _bar(console or Console()) as bar:
        task = bar.add_task("predicting", total=len(x))
        for start in range(0, len(x), batch):
            parts.append(np.asarray(function(np.asarray(x[start : start + batch], dtype))))
            done = min(start + batch, len(x))
            bar.update(task, completed=done)
            if bar.disable and len(x) >= 10 * batch and 10 * done // len(x) > tenths:
                tenths = 10 * done // len(x)
                bar.console.print(f"{10 * tenths:3} %  {done:,} of {len(x):,} examples", highlight=False)
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

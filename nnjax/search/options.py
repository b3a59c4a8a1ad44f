"""The options of a sweep, which `nnjax.sweep` and the searches take."""

import contextlib
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from nnjax.core import messages
from nnjax.core.errors import UserError
from nnjax.core.text import represent
from nnjax.core.types import Dataset
from nnjax.train.host.population import TimeOver
from nnjax.train.host.progress import Observer, silent
from nnjax.train.layout.plan import Plan
from nnjax.train.storage.records import OVER, RUNNING, Record, is_scored
from nnjax.train.storage.retention import ALL


class Options(NamedTuple):
    """See `nnjax.sweep`."""

    workdir: str | os.PathLike[str] | None = None
    data: Dataset | None = None
    plan: Plan | None = None
    title: str = ""
    keep: str = ALL
    observe: Observer = silent
    log: Callable[[str], None] = messages.send
    should_stop: Callable[[], bool] = lambda: False
    max_seconds: float | None = None

    def deadline(self) -> float | None:
        """Return the moment (of `time.monotonic`) at which training that begins now has to end; None for none.

        Raises:
          UserError: the seconds are no positive number.
        """
        seconds = self.max_seconds
        if seconds is None:
            return None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
            raise UserError(f"max_seconds is {represent(seconds)}, but a number above 0, or None, was expected.")
        return time.monotonic() + seconds


@contextlib.contextmanager
def time_over(options: Options, records: Callable[[], Sequence[Record]]) -> Iterator[None]:
    """End training whose seconds are over, with a sentence."""
    try:
        yield
    except TimeOver:
        found = records()
        ended = sum(record.status in OVER for record in found)
        begun = sum(record.status == RUNNING and is_scored(record) for record in found)
        where = "the same call goes on from there" if options.workdir else "without a workdir it cannot go on"
        options.log(
            f"remark: The {options.max_seconds:g} seconds of max_seconds are over: {ended} of {len(found)} trials have "
            f"ended, and {begun} are scored as far as they have come; {where}."
        )

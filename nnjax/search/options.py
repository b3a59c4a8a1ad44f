"""The options of a sweep, which `nnjax.sweep` and the searches take."""

import os
from collections.abc import Callable
from typing import NamedTuple

from nnjax.core import messages
from nnjax.core.types import Dataset
from nnjax.train.host.progress import Observer
from nnjax.train.layout.plan import Plan
from nnjax.train.storage.retention import ALL


class Options(NamedTuple):
    """See `nnjax.sweep`."""

    workdir: str | os.PathLike[str] | None = None
    data: Dataset | None = None
    plan: Plan | None = None
    title: str = ""
    keep: str = ALL
    observe: Observer = lambda progress: None
    log: Callable[[str], None] = messages.send
    should_stop: Callable[[], bool] = lambda: False

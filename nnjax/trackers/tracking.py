"""Tell trackers of a population while it trains: an observer, as displays are."""

import contextlib
import math
import os
import pathlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.fields import flatten
from nnjax.core.text import field_name, represent, show
from nnjax.trackers.contract import Curves, Outcome, Tracker, Trial
from nnjax.trackers.event_files import TensorBoard
from nnjax.trackers.json_lines import JSONLines
from nnjax.trackers.services import Trackio, WandB
from nnjax.train.host.progress import Observer, Progress
from nnjax.train.storage.records import Record

EVERY = 5.0  # seconds
REPLICATES = ("seed", "data.fold", "data.fold_seed")
Folder = pathlib.Path | None


def _in(folder: Folder, name: str) -> pathlib.Path:
    if folder is None:
        raise UserError(
            f"The tracker {name} writes into the run folder, but there is none: give workdir=, or an object with a "
            "path, such as nnjax.trackers.TensorBoard('logs')."
        )
    return folder


NAMED: dict[str, Callable[[Folder], Tracker]] = {
    "tensorboard": lambda folder: TensorBoard(_in(folder, "tensorboard") / "tensorboard"),
    "jsonl": lambda folder: JSONLines(_in(folder, "jsonl") / "tracked.jsonl"),
    "wandb": lambda folder: WandB(folder.name if folder else "nnjax"),
    "trackio": lambda folder: Trackio(folder.name if folder else "nnjax"),
}


def make_trackers(given: Any, workdir: str | os.PathLike[str] | None) -> list[Tracker]:
    """Make trackers of names and objects; UserError for an unknown name, no tracker, or no folder for it."""
    some = [given] if isinstance(given, str) or not isinstance(given, list | tuple) else list(given)
    return [_tracker(one, None if workdir is None else pathlib.Path(workdir)) for one in some]


def _tracker(one: Any, folder: Folder) -> Tracker:
    """Return a tracker by name or the user's own, checked."""
    if isinstance(one, str):
        if one not in NAMED:
            raise UserError(f"There is no tracker {one!r}; there are {', '.join(NAMED)}, or an object of your own.")
        return NAMED[one](folder)
    missing = [name for name in ("begin", "update", "end") if not callable(getattr(one, name, None))]
    if missing or isinstance(one, type):
        raise UserError(
            f"The tracker {represent(one)} has no {missing[0]}(...)."
            if missing
            else f"The tracker {represent(one)} is a class: give an object, {one.__name__}(...)."
        )
    found: Tracker = one
    return found


class Tracking:
    """An observer that tells trackers what is new; one that fails is told nothing more.

    Args:
      trackers: to tell.
      log: called with a sentence about one that failed.
      every: seconds between two updates at least, so that short segments of many trials cost little.
    """

    def __init__(self, trackers: Sequence[Tracker], log: Callable[[str], None], every: float = EVERY):
        self.trackers, self.log, self.every, self.updated = list(trackers), log, every, -math.inf
        self.told: list[int] = []  # epochs of each trial
        self.progress: tuple[Sequence[TrialSpec], Sequence[Record]] = ((), ())

    def __call__(self, progress: Progress) -> None:
        """Tell of new trials and of the epochs that a segment has added."""
        self.progress = progress.specs, progress.records
        if time.monotonic() - self.updated >= self.every:
            self._update(progress.specs, progress.records)
            self.updated = time.monotonic()

    def _update(self, specs: Sequence[TrialSpec], records: Sequence[Record]) -> None:
        if len(specs) > len(self.told):
            self._tell("begin", describe_trials(specs, len(self.told)))
            self.told += [0] * (len(specs) - len(self.told))
        news = []
        for spec, record in zip(specs, records, strict=True):
            before, now = self.told[spec.id], record.epochs
            if now > before:
                news.append(Curves(spec.id, before + 1, {n: _fixed(c[before:now]) for n, c in record.curves.items()}))
                self.told[spec.id] = now
        if news:
            self._tell("update", news)

    def end(self, run: Any) -> None:
        """Tell how all trials of a `Run` ended, or of what was last seen, where there is none."""
        specs, records = self.progress if run is None else (run.specs, run.records)
        self._update(specs, records)
        outcomes = [
            Outcome(s.id, r.status, r.epochs, dict(r.values), r.verdict) for s, r in zip(specs, records, strict=True)
        ]
        path = None if run is None else run.path
        self._tell("end", outcomes, [] if path is None else sorted(one for one in path.iterdir() if one.is_file()))

    def _tell(self, function: str, *arguments: Any) -> None:
        for tracker in list(self.trackers):
            try:
                getattr(tracker, function)(*arguments)
            except Exception as error:  # of anyone's code
                self.trackers.remove(tracker)
                what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
                self.log(
                    f"warning: The tracker {type(tracker).__name__} failed in {function} ({what:.200}): it is told "
                    "nothing more, and the training goes on."
                )


def _fixed(curve: np.ndarray) -> np.ndarray:
    """Return a view that trackers cannot write to."""
    view = curve.view()
    view.flags.writeable = False
    return view


def describe_trials(specs: Sequence[TrialSpec], start: int) -> list[Trial]:
    """Describe trials from a number on, by the fields in which all of them differ."""
    flats = [flatten(spec.experiment) for spec in specs]
    blank = flatten(Experiment()) if len(specs) == 1 else None
    paths = list(dict.fromkeys(path for flat in flats for path in flat))
    varying = [path for path in paths if len({repr(flat.get(path)) for flat in flats}) > 1]
    if blank is not None:
        varying = [path for path in paths if flats[0][path] != blank.get(path)]
    out = []
    for spec, flat in zip(specs[start:], flats[start:], strict=True):
        settings = {path: _plain(flat.get(path)) for path in varying}
        settings |= {"arm": spec.arm} if spec.arm else {}
        own = [f"{field_name(path)} {show(flat.get(path))}" for path in varying if path not in REPLICATES]
        group = ", ".join([spec.arm] * bool(spec.arm) + own) or "all"
        out.append(Trial(spec.id, settings, group, spec.experiment.epochs))
    return out


def _plain(value: Any) -> Any:
    """Return a number, a truth value or None as it is, all else as text."""
    return value if isinstance(value, bool | int | float | None) else show(value)


@contextlib.contextmanager
def tracked(
    trackers: Any, workdir: str | os.PathLike[str] | None, observe: Observer, log: Callable[[str], None]
) -> Iterator[tuple[Observer, Callable[[Any], Any]]]:
    """Give an observer that tells trackers too, and a function to pass the run through when it has ended.

    Args:
      trackers: names and objects; None, or none of them, changes nothing.
      workdir: the run folder.
      observe: the other observer.
      log: called with sentences about trackers that fail.
    """
    if not trackers:
        yield observe, lambda run: run
        return
    tracking, ended = Tracking(make_trackers(trackers, workdir), log), list[Any]()

    def both(progress: Progress) -> None:
        tracking(progress)
        observe(progress)

    def keep(run: Any) -> Any:
        ended.append(run)
        return run

    try:
        yield both, keep
    finally:
        if tracking.told or ended:
            tracking.end(ended[0] if ended else None)

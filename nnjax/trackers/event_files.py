"""Write event files of TensorBoard, without TensorBoard: curves, the HParams tab, verdicts as texts."""

import itertools
import math
import os
import pathlib
import time
from collections.abc import Iterator, Sequence

import numpy as np

from nnjax.trackers import protobuf
from nnjax.trackers.contract import Curves, Outcome, Trial
from nnjax.train.storage.records import FINISHED, RUNNING, WAITING


class TensorBoard:
    """A folder a trial, with curves, final values and verdict in one event file; show it by `tensorboard --logdir`.

    The trials of a setting (its seeds and folds) are one group of the HParams tab.

    Args:
      path: of the folder for all trials.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path, self._files = pathlib.Path(path), dict[int, pathlib.Path]()

    def begin(self, trials: Sequence[Trial]) -> None:
        """Begin a file for each trial, with its settings."""
        now = time.time()
        for one in trials:
            folder = self.path / f"trial_{one.number:05d}"
            folder.mkdir(parents=True, exist_ok=True)
            self._files[one.number] = folder / f"events.out.tfevents.{now:.6f}.nnjax"
            content = protobuf.event(now, version="brain.Event:2")
            start = protobuf.session_start(one.settings, one.group, now)
            self._files[one.number].write_bytes(content + protobuf.event(now, summary=start))

    def update(self, curves: Sequence[Curves]) -> None:
        """Append epochs."""
        for one, content in _encoded(curves):
            self._append(one.trial, content)

    def end(self, outcomes: Sequence[Outcome], files: Sequence[pathlib.Path]) -> None:
        """Append final values and verdicts."""
        now = time.time()
        values = {
            one.trial: {f"final/{name}": np.array([v]) for name, v in one.values.items() if math.isfinite(v)}
            for one in outcomes
        }
        final = [Curves(one.trial, one.epochs, values[one.trial]) for one in outcomes if values[one.trial]]
        self.update(final)
        for one in outcomes:
            content = b""
            if one.verdict:
                summary = protobuf.text_summary("verdict", one.verdict.replace("_", " "))
                content += protobuf.event(now, summary=summary, step=one.epochs)
            if one.status not in (RUNNING, WAITING):
                content += protobuf.event(now, summary=protobuf.session_end(now, one.status in FINISHED))
            if content:
                self._append(one.trial, content)

    def _append(self, trial: int, content: bytes) -> None:
        with self._files[trial].open("ab") as file:
            file.write(content)


def _encoded(curves: Sequence[Curves]) -> Iterator[tuple[Curves, bytes]]:
    """Encode epochs; those of all trials with the same curves at once."""
    now = time.time()
    for names, some in itertools.groupby(sorted(curves, key=_names), key=_names):
        own = list(some)
        steps = np.concatenate([one.start + np.arange(_length(one)) for one in own])
        values = {name: np.concatenate([one.values[name] for one in own]) for name in names}
        rows, place = protobuf.scalar_events(now, steps, values), 0
        for one in own:
            yield one, rows[place : place + _length(one)].tobytes()
            place += _length(one)


def _names(curves: Curves) -> tuple[str, ...]:
    return tuple(curves.values)


def _length(curves: Curves) -> int:
    return len(next(iter(curves.values.values()), ()))

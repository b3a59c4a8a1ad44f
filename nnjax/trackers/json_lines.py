"""Write what trackers are told as one file of JSON lines."""

import functools
import json
import math
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.trackers.contract import Curves, Outcome, Trial


class JSONLines:
    """One line a trial, an epoch and an outcome: {"event": "trial" | "epoch" | "outcome", "trial": 0, ...}.

    Numbers that are not finite are null. A run that is resumed writes the file anew, with all epochs.

    Args:
      path: of the file.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path, self._begun = pathlib.Path(path), False

    def begin(self, trials: Sequence[Trial]) -> None:
        """Write the settings."""
        self._write({"event": "trial", "trial": one.number, **_about(one)} for one in trials)

    def update(self, curves: Sequence[Curves]) -> None:
        """Write a line an epoch."""
        self._append([line for one in curves for line in _epochs(one)])

    def end(self, outcomes: Sequence[Outcome], files: Sequence[pathlib.Path]) -> None:
        """Write the outcomes, and the run folder's files."""
        self._write({"event": "outcome", **one._asdict()} for one in outcomes)
        self._write([{"event": "files", "paths": list(map(str, files))}])

    def _write(self, lines: Iterable[Mapping[str, Any]]) -> None:
        self._append(map(_dump, lines))

    def _append(self, lines: Iterable[str]) -> None:
        """Append lines, each time with the file open only so long; the first time anew."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a" if self._begun else "w", encoding="utf-8", newline="\n") as file:
            file.write("".join(f"{line}\n" for line in lines))
        self._begun = True


def _about(trial: Trial) -> dict[str, Any]:
    return {"group": trial.group, "epochs": trial.epochs, "settings": dict(trial.settings)}


def _epochs(curves: Curves) -> list[str]:
    """Write the epochs of a trial; finite ones by a format, which takes a third of the time of json.dumps."""
    values = np.array(list(curves.values.values()), float).T
    if not np.isfinite(values).all():
        about = {"event": "epoch", "trial": curves.trial}
        rows = [dict(zip(curves.values, row, strict=True)) for row in values.tolist()]
        return [_dump({**about, "epoch": epoch, **row}) for epoch, row in enumerate(rows, curves.start)]
    pattern, trial = _pattern(tuple(curves.values)), curves.trial
    return [pattern % (trial, epoch, *row) for epoch, row in enumerate(values.tolist(), curves.start)]


@functools.lru_cache(maxsize=64)
def _pattern(names: tuple[str, ...]) -> str:
    """Return the format of a line of an epoch."""
    own = "".join(f", {json.dumps(name).replace('%', '%%')}: %r" for name in names)
    return f'{{"event": "epoch", "trial": %d, "epoch": %d{own}}}'


def _dump(line: Mapping[str, Any]) -> str:
    try:
        return json.dumps(line, allow_nan=False, default=str)
    except ValueError:  # NaN or infinity
        return json.dumps(_finite(line), allow_nan=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""Read y of one-hot rows as the classes that they stand for, where a loss of classes asks for these."""

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np

from nnjax.core.experiment import AUTO, DataConfig
from nnjax.core.types import Dataset


@dataclasses.dataclass(frozen=True)
class Reread:
    """Reads a data set of one-hot rows [n, k] anew: as numbers, or with the task "classification" as k classes."""

    numbers: Dataset
    names: tuple[str, ...]

    def __call__(self, config: DataConfig) -> Dataset:
        """Return the data set that a configuration asks for."""
        if config.task != "classification" or self.numbers.y is None:
            return dataclasses.replace(self.numbers, reread=self)
        names = self.names or tuple(map(str, range(self.numbers.y.shape[1])))
        sentence = (
            f"y of {self.numbers.name} has one-hot rows, which are read as the classes {names[0]} to {names[-1]} "
            "(nnjax.from_arrays(x, y, task='regression') keeps them as numbers)."
        )
        return dataclasses.replace(
            self.numbers,
            y=self.numbers.y.argmax(axis=1).astype(np.int32),
            task="classification",
            classes=names,
            targets=(),
            sha256=hashlib.sha256(f"{self.numbers.sha256} one-hot {names}".encode()).hexdigest(),
            said=(*self.numbers.said, sentence),
            reread=self,
        )


def are_rows(y: np.ndarray | None) -> bool:
    """Whether y has one-hot rows [n, k], k from 2."""
    if y is None or y.ndim != 2 or y.shape[1] < 2 or y.dtype.kind not in "buif":
        return False
    return bool(np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all())


def readable(dataset: Dataset, names: Sequence[str], task: str | None) -> Dataset:
    """Let a data set of one-hot rows be read as classes, of names or of numbers from 0, as the task asks for."""
    return Reread(dataset, tuple(names))(DataConfig(task=task or AUTO))

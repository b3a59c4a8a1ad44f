"""The contract of a data source: one record each, in the table `SOURCES` of the module that loads it."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.core.types import Dataset
from nnjax.data import files

MAX_EXAMPLES = 1_000_000  # of a generated data set


class Request(NamedTuple):
    """What is asked of a source."""

    kind: str  # the source's name, what stands before the colon
    argument: str = ""  # what follows the colon; "" for nothing
    data_dir: str | None = None  # where to look first for files
    target: str | None = None  # the target column, array or feature; None for the source's default
    task: str | None = None  # "classification" or "regression"; None for the source's guess
    stream: bool = False  # leave inputs on the disk and read them as they are needed, where the source can
    config: DataConfig = DataConfig()  # for what else may be said of tables

    @property
    def name(self) -> str:
        """The name as the user wrote it."""
        return f"{self.kind}:{self.argument}" if self.argument else self.kind

    @property
    def path(self) -> Path:
        """The file or folder that the argument names, as given or below `data_dir`; UserError if it is in neither."""
        return files.find(self.argument, self.data_dir)

    def size(self, least: int) -> int | None:
        """The argument as a number of examples; None where it is left out; UserError if it is out of range."""
        if not self.argument:
            return None
        if not self.argument.isdecimal() or len(self.argument) > 18 or not least <= int(self.argument) <= MAX_EXAMPLES:
            raise UserError(
                f"{self.name} has no usable size: a whole number from {least} to {MAX_EXAMPLES:,} was expected."
            )
        return int(self.argument)


class Source(NamedTuple):
    """A data source."""

    # gives the examples, neither scaled nor split; raises UserError where they are missing or bad
    load: Callable[[Request], Dataset]
    description: str  # what they are, in a phrase
    # what follows the colon, such as "FILE"; in brackets if it may be left out; "" if nothing follows
    argument: str = ""
    takes_target: bool = False  # whether the user may choose the target
    tabular: bool = False  # whether inputs are named columns, of which the last one is the target by default
    endings: tuple[str, ...] = ()  # of the files that it reads, for a hint to who gives the file's name alone

    def pattern(self, kind: str) -> str:
        """How to write the source's name: "csv:FILE", "moons:[SIZE]"."""
        return f"{kind}:{self.argument}" if self.argument else kind

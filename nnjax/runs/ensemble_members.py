"""The members of an ensemble of a run's trials, as ensemble.json in the run folder holds them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from nnjax.core.text import count, number
from nnjax.runs import folder
from nnjax.runs.choice import words
from nnjax.train.storage.store import Store

FILE = "ensemble.json"


@dataclasses.dataclass(frozen=True)
class Member:
    """One of them: a trial, or with folds the trials of all folds of a setting and seed, of equal weight among them."""

    trials: tuple[int, ...]  # their numbers
    label: str  # of their setting
    weight: float  # in (0, 1]; those of all members add up to 1
    value: float = float("nan")  # of the metric, alone; NaN where none was computed


@dataclasses.dataclass(frozen=True)
class Members:
    """How an ensemble was chosen."""

    method: str  # "greedy", "top" or "seeds"
    members: tuple[Member, ...]  # the heaviest first
    metric: str = ""  # by which; "" where nothing was compared
    maximized: bool = False  # whether its highest value is the best
    part: str = ""  # of which examples, in words: "validation", or "out of fold"
    examples: int = 0  # how many
    # value, single: of the metric there: the ensemble's, and that of the best candidate alone
    value: float = float("nan")
    single: float = float("nan")
    rivals: int = 0  # candidates
    left_out: str = ""  # a sentence on those that could not be averaged; "" for none

    def __str__(self) -> str:
        """Say it in a line."""
        networks = sum(len(one.trials) for one in self.members)
        folds = f"{count(len(self.members), 'member')} of " if networks > len(self.members) else ""
        text = f"{folds}{count(networks, 'network')} by {self.method}"
        if not self.metric:
            return text
        scores = f"{words(self.metric)} {number(self.value)}, the best alone {number(self.single)}"
        return f"{text}, of {count(self.rivals, 'candidate')}: {scores} ({self.examples:,} examples, {self.part})"


def to_json(members: Members) -> dict[str, Any]:
    """Describe them, for `Members` again by `from_json`."""
    return dataclasses.asdict(members)


def from_json(tree: Mapping[str, Any]) -> Members:
    """Read back what `to_json` says; LookupError, TypeError or ValueError if it was changed."""
    found = [Member(**{**one, "trials": tuple(map(int, one["trials"]))}) for one in tree["members"]]
    return Members(**{**tree, "members": tuple(found)})


def read(store: Store) -> Members | None:
    """Read the members of a run folder's ensemble; None if it has none. UserError if it is damaged."""
    return store.read_optional(FILE, from_json) if isinstance(store, folder.FolderStore) else None


def write(store: Store, members: Members) -> None:
    """Keep them in the run folder, where there is one."""
    if isinstance(store, folder.FolderStore):
        store.write_json(FILE, to_json(members))

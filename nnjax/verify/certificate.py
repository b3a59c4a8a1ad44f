"""The certificate of a run: trials trained again, to show that training side by side changes no result.

Each of them (DESIGN: equivalence)
(a) by the program that trained it, at its first and its last place, so that one of them is another lane than its own,
    among other neighbors: on the CPU of the run the same curves, bit for bit;
(b) alone, by a program of one lane: losses of the first epoch within a tolerance;
(c) how far the two come apart later is reported, not asserted: training amplifies the last bit.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnjax.runs import folder
from nnjax.train.storage.records import Record
from nnjax.train.storage.store import Store

FILE = "certificate.json"


@dataclasses.dataclass(frozen=True)
class Mismatch:
    """The first value at which two curves differ."""

    curve: str
    epoch: int
    before: float
    again: float


@dataclasses.dataclass(frozen=True)
class TrialCheck:
    """The comparison of one trial with its retraining."""

    trial: int  # its number
    lanes: int  # lanes, devices: of the program that trained it
    devices: int
    epochs: int  # that were trained again
    exact_epochs: int  # those of them that the run trained by one program: what (a) compares
    places: int  # of the program at which it was trained; 1 where the program has only one
    tolerance: float  # of (b), relative; of (a) too where bits are not promised
    mismatch: Mismatch | None  # of (a); None where all curves are the same bit for bit
    among: float  # (a), largest relative difference of the first epoch's losses
    alone: float  # (b), the same against the solo program
    drift: tuple[float, ...]  # (c), the same for each later epoch


@dataclasses.dataclass(frozen=True)
class Certificate:
    """The comparisons of a sample of trials, and whether they all hold."""

    checks: tuple[TrialCheck, ...]  # one for each trial of the sample
    finished: int  # trials that had finished, of which the sample is
    trials: int  # all of the run
    bitwise: bool  # whether (a) asserts equal bits; else the tolerance
    why_not: str  # why it does not; "" where it does
    left_out: tuple[tuple[int, str], ...]  # (how many finished trials, why they could not be in the sample)

    def holds_among(self, check: TrialCheck) -> bool:
        """Whether (a) holds of a trial."""
        return check.mismatch is None if self.bitwise else check.among <= check.tolerance

    @property
    def failed(self) -> list[int]:
        """The trials of which (a) or (b) does not hold."""
        return [c.trial for c in self.checks if not self.holds_among(c) or c.alone > c.tolerance]

    @property
    def passed(self) -> bool:
        """Whether something was tested, and all of it holds."""
        return bool(self.checks) and not self.failed


def read(store: Store) -> Certificate | None:
    """Read the certificate of a run folder; None if it has none. UserError if it is damaged."""
    return store.read_optional(FILE, _from_json) if isinstance(store, folder.FolderStore) else None


def _from_json(tree: Mapping[str, Any]) -> Certificate:
    checks = tuple(
        TrialCheck(**{**c, "drift": tuple(c["drift"]), "mismatch": c["mismatch"] and Mismatch(**c["mismatch"])})
        for c in tree["checks"]
    )
    left_out = tuple((int(count), str(reason)) for count, reason in tree["left_out"])
    return Certificate(**{**tree, "checks": checks, "left_out": left_out})


def mismatch(record: Record, again: Record, epochs: int) -> Mismatch | None:
    """Find the first epoch at which a curve of two trainings differs; None if all bits are equal."""
    found = []
    for name in record.curves:
        before, after = _padded(record, name, epochs), _padded(again, name, epochs)
        wrong = np.flatnonzero((before != after) & ~(np.isnan(before) & np.isnan(after)))
        if len(wrong):
            found.append((int(wrong[0]), name, float(before[wrong[0]]), float(after[wrong[0]])))
    if not found:
        return None
    epoch, name, one, two = min(found)
    return Mismatch(name, epoch + 1, one, two)


def _padded(record: Record, name: str, epochs: int) -> np.ndarray:
    curve = record.curves.get(name, np.zeros(0))[:epochs]
    return np.pad(np.asarray(curve, float), (0, epochs - len(curve)), constant_values=np.nan)


def differences(record: Record, again: Record, epochs: int) -> list[float]:
    """Measure the largest relative difference of a trial's losses by epoch.

    |a - b| / max(|a|, |b|); 2, more than which it cannot be, where only one is a number, or has the epoch at all.
    """
    worst = np.zeros(epochs)
    for name in (name for name in record.curves if "loss" in name):
        a, b = _padded(record, name, epochs), _padded(again, name, epochs)
        with np.errstate(invalid="ignore", divide="ignore"):
            apart = np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        worst = np.maximum(worst, np.where(same, 0.0, np.nan_to_num(apart, nan=2.0, posinf=2.0)))
    return [float(value) for value in worst]

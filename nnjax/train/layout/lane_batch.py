"""Groups of trials that share a program, and lane batches: the trials of a group in the lanes of one device."""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.types import Float, TrialState
from nnjax.models.envelope import in_envelope, own_params
from nnjax.models.model import Variables
from nnjax.models.summary import summarize_model
from nnjax.train.engine.device_data import DeviceData, Shapes
from nnjax.train.engine.state_shapes import traced_values
from nnjax.train.engine.windows import Stream
from nnjax.train.layout.merging import Price
from nnjax.train.layout.plan import Plan

COMPACTIONS = 8  # lanes are freed at this many fixed epochs of a trial's life at most


@functools.lru_cache(maxsize=64)
def _forward_flops(key: Experiment, shape: Any, num_outputs: int) -> int:
    """Count a network's operations on one example, once for all questions after the time that is left."""
    return summarize_model(key, shape, num_outputs).flops


@dataclasses.dataclass(frozen=True, eq=False)
class Group:
    """Trials with an equal static part, or in one envelope (`shapes.envelope`), their data and their plan.

    With windows, the data have the shapes of one, and the stream gives them. The price is that of the envelope.
    """

    key: Experiment
    specs: list[TrialSpec]
    shapes: Shapes
    plan: Plan
    data: DeviceData
    stream: Stream | None = None
    price: Price | None = None

    @functools.cached_property
    def steps_per_epoch(self) -> int:
        """The program's batches of an epoch."""
        return -(-int(self.data.train.count) // self.key.batch_size)

    def batches(self, spec: TrialSpec) -> int:
        """Count the program's batches of which one of a trial's is gathered."""
        return spec.experiment.batch_size // self.key.batch_size

    def own_steps(self, spec: TrialSpec, steps: int) -> int:
        """Count the steps that a trial's optimizer has taken, or begun, in steps of the program."""
        epochs, rest = divmod(steps, self.steps_per_epoch)
        return epochs * -(-self.steps_per_epoch // self.batches(spec)) + -(-rest // self.batches(spec))

    def total_steps(self, spec: TrialSpec) -> int:
        """Count the program's steps of one trial's training."""
        return spec.experiment.epochs * self.steps_per_epoch

    def flops(self, spec: TrialSpec) -> float:
        """Count the floating-point operations of one trial's training: three times those of its forward passes.

        Those of zeros in an envelope are counted too, for they are computed.
        """
        forward = _forward_flops(self.key, self.shapes.shape, self.shapes.num_outputs)
        return 3.0 * forward * spec.experiment.epochs * int(self.data.train.count)

    def traced(self, rows: Sequence[TrialSpec], dtype: Any) -> dict[str, Float[np.ndarray, " m"]]:
        """Stack the numbers by which the program knows trials of the group: {name: [rows]}."""
        values = [traced_values(spec.experiment, self.shapes) for spec in rows]
        return {name: np.array([own[name] for own in values], dtype) for name in values[0]}

    def own(self, spec: TrialSpec, variables: Variables) -> Variables:
        """Return a trial's own of the variables that the program holds of it: without an envelope's zeros."""
        return variables._replace(params=own_params(self.shapes.envelope, spec.experiment.model, variables.params))

    def enveloped(self, spec: TrialSpec, variables: Variables, blank: Variables) -> Variables:
        """Return a trial's own variables as the program holds them, of the shapes of `blank`."""
        params = in_envelope(self.shapes.envelope, spec.experiment.model, variables.params, blank.params)
        return variables._replace(params=params)

    def flops_left(self, batch: LaneBatch) -> float:
        """Count the operations that are left to each trial of a lane batch."""
        spec = batch.specs[0]
        return self.flops(spec) * (batch.until - batch.step) / self.total_steps(spec)


class LaneBatch(NamedTuple):
    """Trials that go in step on one device: of equal length, with order "shared" of one seed."""

    specs: tuple[TrialSpec, ...]  # the trials, one a lane
    until: int  # steps after which they end, or wait at a rung
    step: int = 0  # steps that they have taken
    state: TrialState | None = None  # of all of them, NumPy arrays [trials, ...]; None before they have begun

    def key(self, order: str) -> tuple[int, int, int, int | None]:
        """Return what trials of one lane batch have in common: epochs, steps, and with shared batches the seed."""
        first = self.specs[0].experiment
        return first.epochs, self.until, self.step, first.seed if order == "shared" else None


def pack(batches: Iterable[LaneBatch], lanes: int, order: str) -> list[LaneBatch]:
    """Pack trials into lane batches of at most `lanes`, the longest first; all have begun, or none has."""
    alike: dict[tuple[int, int, int, int | None], list[LaneBatch]] = {}
    for batch in batches:
        for single in _singles(batch):
            alike.setdefault(single.key(order), []).append(single)
    longest = sorted(alike, key=lambda key: -key[0])
    return [_joined(alike[key][i : i + lanes]) for key in longest for i in range(0, len(alike[key]), lanes)]


def _singles(batch: LaneBatch) -> list[LaneBatch]:
    if len(batch.specs) == 1:
        return [batch]
    states = [
        None if batch.state is None else jax.tree.map(lambda leaf, i=i: leaf[i : i + 1], batch.state)
        for i in range(len(batch.specs))
    ]
    return [batch._replace(specs=(spec,), state=state) for spec, state in zip(batch.specs, states, strict=True)]


def _joined(singles: Sequence[LaneBatch]) -> LaneBatch:
    specs = tuple(spec for batch in singles for spec in batch.specs)
    states = [batch.state for batch in singles if batch.state is not None]
    state = jax.tree.map(lambda *leaves: np.concatenate(leaves), *states) if states else None
    return singles[0]._replace(specs=specs, state=state)


def sizes_of(batches: Iterable[LaneBatch], order: str) -> list[int]:
    """Count the trials that could be in one lane batch if lanes were no limit."""
    counts = Counter(batch._replace(specs=(spec,)).key(order) for batch in batches for spec in batch.specs)
    return list(counts.values())


def group_sizes(group: Group) -> dict[str, list[int]]:
    """Count the trials of a group that could be in one lane batch if lanes were no limit, by order."""
    lane_batches = [LaneBatch((spec,), group.total_steps(spec)) for spec in group.specs]
    return {order: sizes_of(lane_batches, order) for order in ("shared", "own")}


def next_compaction(step: int, total: int, per_epoch: int) -> int:
    """Return the next step at which lanes may be freed: at fixed epochs, whatever the segments were, or at the end."""
    every = max(1, total // per_epoch // COMPACTIONS) * per_epoch
    return min((step // every + 1) * every, total)

"""A block of trials on one device: vectorized lanes that take the same steps together.

All lanes are at the same step, so the control flow (steps, epochs, segments) is scalar and only the arithmetic is
vectorized; a block of one lane is not vectorized at all. Step counts are traced: one program for any number of epochs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import jax
import jax.numpy as jnp

from nnjax.core.layer_statistics import LAYER_STATISTICS
from nnjax.core.types import Array, Bool, Count, Float, Int, Metrics, TrialState, UInt
from nnjax.models.model import Variables
from nnjax.models.summary import trained_layers
from nnjax.train.engine import probe, training_step
from nnjax.train.engine.batches import Mask, epoch_part, epoch_rows
from nnjax.train.engine.device_data import DeviceData, Part
from nnjax.train.engine.evaluation import evaluate, finish_epoch
from nnjax.train.engine.trial import Trial

CAPACITY = 256  # epochs whose metrics one segment can hold
Hyper = dict[str, Float[Array, " m"]]
Indices = Int[Array, "#m b"]
Steps = Int[Array, "1"]  # of one device
Lane = TypeVar("Lane", bound=Callable[..., Any])  # a function of one lane


def over_lanes(lanes: int) -> Callable[[Lane], Lane]:
    """Return what turns a function of one lane into one of many: vmap, or for a single lane the axis off and on."""

    def lift(f: Lane) -> Lane:
        def lifted(*args: Any) -> Any:
            return jax.tree.map(lambda a: a[None], f(*jax.tree.map(lambda a: a[0], args)))

        return cast(Lane, lifted)

    return jax.vmap if lanes > 1 else lift


class _Progress(NamedTuple):
    """What the segment's loop carries: the lanes' state, the metrics so far, and how many epochs they hold."""

    state: TrialState
    metrics: Metrics
    row: Count


class Block:
    """The functions of `lanes` trials on one device; states and hyperparameters have a leading axis m = lanes.

    Args:
      trial: the functions of one trial.
      lanes: m.
      shared: all lanes have one seed and see the same batches, fetched once.
    """

    def __init__(self, trial: Trial, lanes: int, shared: bool):
        self.trial, self.lanes, self.shared = trial, lanes, shared or lanes == 1
        self.over = over_lanes(lanes)

    def init(self, hyper: Hyper, seed: UInt[Array, " m"]) -> TrialState:
        """Draw the trials' initial states from their seeds (uint32 [m])."""
        return self.over(self.trial.init)(hyper, seed)

    def start(self, hyper: Hyper, seed: UInt[Array, " m"], variables: Variables) -> TrialState:
        """Begin at given weights."""
        return self.over(self.trial.start)(hyper, seed, variables)

    def evaluate(self, data: DeviceData, part: Part, hyper: Hyper, variables: Variables) -> Metrics:
        """Compute the final metrics of a part: {name: [m]}."""
        trial = self.trial
        return self.over(lambda h, v: evaluate(trial, data, part, h, v, final=True))(hyper, variables)

    def train_segment(
        self, data: DeviceData, hyper: Hyper, state: TrialState, num_steps: Steps, total_steps: Steps
    ) -> tuple[TrialState, Metrics]:
        """Advance by num_steps steps, at most to total_steps, to the window's end, and over CAPACITY epochs' ends.

        Args:
          data: on this device; a window in it is that of state.step, with a leading axis of 1.
          hyper, state: of the lanes.
          num_steps, total_steps: int32 [1], this device's own.

        Returns:
          The new state and {curve: [m, CAPACITY]}, {signal: [m, CAPACITY, p]}: column t is the t-th epoch that ended
          here, NaN after the last.
        """
        size = self.trial.experiment.batch_size
        per_epoch = steps_per_epoch(data, size)
        first, total_steps = state.step[0], total_steps[0]
        last = jnp.minimum(first + num_steps[0], total_steps)
        last = jnp.minimum(last, (first // per_epoch + CAPACITY) * per_epoch)
        if data.window is not None:
            data = data._replace(window=jax.tree.map(lambda leaf: leaf[0], data.window))
            stage = epoch_part(data, size, first // per_epoch)
            last = jnp.minimum(last, first // per_epoch * per_epoch + stage.begin + -(-stage.part.count // size))
        progress = _Progress(state, self.empty_metrics(), jnp.int32(0))

        def go_on(progress: _Progress) -> Bool[Array, ""]:
            return progress.state.step[0] < last

        def advance(progress: _Progress) -> _Progress:
            """Go on to the end of the epoch or of the segment, and close an epoch that has ended."""
            step = progress.state.step[0]
            epoch = step // per_epoch
            stop = jnp.minimum(last, (epoch + 1) * per_epoch)
            progress = progress._replace(state=self.run_steps(data, hyper, progress.state, epoch, stop, total_steps))
            ended = stop == (epoch + 1) * per_epoch
            closed: _Progress = jax.lax.cond(
                ended, lambda: self.finish_epoch(data, hyper, progress, epoch + 1, total_steps), lambda: progress
            )
            return closed

        progress = jax.lax.while_loop(go_on, advance, progress)
        return progress.state, progress.metrics

    def empty_metrics(self) -> Metrics:
        """Return room for the metrics of a segment."""
        empty = jnp.full((self.lanes, CAPACITY), jnp.nan, self.trial.dtype)
        metrics: Metrics = dict.fromkeys(self.trial.curve_names(), empty)
        if self.trial.signals:
            layers = len(trained_layers(self.trial.experiment.model))
            metrics |= dict.fromkeys(LAYER_STATISTICS, jnp.full((*empty.shape, layers), jnp.nan, self.trial.dtype))
        return metrics

    def run_steps(
        self, data: DeviceData, hyper: Hyper, state: TrialState, epoch: Count, stop: Count, total_steps: Count
    ) -> TrialState:
        """Take the steps from state.step to `stop`, all within one epoch."""
        size, shuffle = self.trial.experiment.batch_size, self.trial.experiment.shuffle
        stage = epoch_part(data, size, epoch)
        begin = epoch * steps_per_epoch(data, size) + stage.begin
        seeds = state.seed[:1] if self.shared else state.seed
        rows = jax.vmap(lambda seed: epoch_rows(shuffle, stage.part, seed, stage.turn))(seeds)

        last = self.trial.shapes.last_batch

        def step_of(some: int) -> Callable[[TrialState, Indices, Mask], TrialState]:
            def step(state: TrialState, index: Indices, weight: Mask) -> TrialState:
                return self.step(stage.data, hyper, state, index[:, :some], weight[:some], total_steps)

            return step

        def body(t: Count, state: TrialState) -> TrialState:
            """Take step t on its batch; the smaller last one has a shape of its own where statistics need it."""
            start = (t - begin) * size
            index = jax.lax.dynamic_slice_in_dim(rows, start, size, axis=1)
            weight = start + jnp.arange(size) < stage.part.count
            if not last:
                return self.step(stage.data, hyper, state, index, weight, total_steps)
            ends = (start + size > stage.part.count).astype(jnp.int32)
            return cast(TrialState, jax.lax.switch(ends, [step_of(size), step_of(last)], state, index, weight))

        return cast(TrialState, jax.lax.fori_loop(state.step[0], stop, body, state))

    def step(
        self, data: DeviceData, hyper: Hyper, state: TrialState, index: Indices, weight: Mask, total_steps: Count
    ) -> TrialState:
        """Take one step of all lanes, on the examples at index [m, b], or [1, b] where batches are shared."""
        trial, per_epoch = self.trial, steps_per_epoch(data, self.trial.experiment.batch_size)
        if self.shared:
            batch = trial.training_batch(data, index[0], weight)
            return self.over(lambda h, s: training_step.step(trial, h, s, batch, total_steps, per_epoch))(hyper, state)

        def step(hyper: Hyper, state: TrialState, index: Indices) -> TrialState:
            return training_step.step(
                trial, hyper, state, trial.training_batch(data, index, weight), total_steps, per_epoch
            )

        return self.over(step)(hyper, state, index)

    def finish_epoch(
        self, data: DeviceData, hyper: Hyper, progress: _Progress, epoch: Count, total_steps: Count
    ) -> _Progress:
        """Close an epoch in all lanes and write its metrics into the next column."""
        state, values = self.over(lambda h, s: finish_epoch(self.trial, h, data, s, epoch))(hyper, progress.state)
        values |= self.probe(data, hyper, progress.state, epoch, total_steps)
        metrics = {
            name: jax.lax.dynamic_update_index_in_dim(old, values[name], progress.row, axis=1)
            for name, old in progress.metrics.items()
        }
        return _Progress(state, metrics, progress.row + 1)

    def probe(self, data: DeviceData, hyper: Hyper, state: TrialState, epoch: Count, total_steps: Count) -> Metrics:
        """Measure the networks at the end of an epoch: {signal: [m, p]}, NaN where it is not due; {} if never."""
        if not self.trial.signals:
            return {}
        batch = probe.batch_of(self.trial, data)

        def measure() -> Metrics:
            return self.over(lambda h, s: probe.measure(self.trial, h, s, batch, total_steps))(hyper, state)

        def nothing() -> Metrics:
            return cast(Metrics, jax.tree.map(lambda a: jnp.full(a.shape, jnp.nan, a.dtype), jax.eval_shape(measure)))

        due = probe.due(data.probe_indices.shape[0], data.train.count, self.trial.experiment.batch_size, epoch)
        return cast(Metrics, jax.lax.cond(due, measure, nothing))


def steps_per_epoch(data: DeviceData, batch_size: int) -> Count:
    """Count the batches of an epoch, the last one possibly smaller."""
    return -(-data.train.count // batch_size)

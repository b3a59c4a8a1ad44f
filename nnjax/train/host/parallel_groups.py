"""Train groups of one trial side by side, each on a device of its own: one after another they would leave devices idle.

The host's work stays in one thread, and so does tracing: only waiting for a device is a thread's. What a trial computes
does not depend on its device, so that results have the bits of training one after another.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import NamedTuple

import jax

from nnjax.core.experiment import TrialSpec
from nnjax.train.engine.device_data import DeviceData
from nnjax.train.host.active_batches import ActiveBatches, Outcome
from nnjax.train.layout.lane_batch import Group
from nnjax.train.layout.plan import Plan


class Segment(NamedTuple):
    """A segment under way, or ended."""

    active: ActiveBatches  # active, steps: what it trains, and how many steps it takes
    steps: int
    to_compaction: bool  # whether it ends where lanes may be freed
    begin: float  # begin, end: monotonic seconds; the end is 0 while it is under way
    outcome: Outcome  # as `ActiveBatches.dispatch` gives it
    end: float = 0.0


def start(active: ActiveBatches, steps: int, to_compaction: bool, data: DeviceData) -> Segment:
    """Let the active batches' devices take steps on data that lie on them."""
    begin = time.monotonic()
    return Segment(active, steps, to_compaction, begin, active.dispatch(data, steps))


def wait(segment: Segment) -> Segment:
    """Wait until a segment has ended."""
    jax.block_until_ready(segment.outcome)
    return segment._replace(end=time.monotonic())


def num_devices(specs: Sequence[TrialSpec], asked: Plan) -> int:
    """Count the devices on which trials may train side by side; 1 where they depend on each other or share batches."""
    depend = any(spec.start_from is not None for spec in specs)
    return 1 if depend or asked.batch_devices > 1 or asked.fixed else asked.devices or jax.device_count()


def train(
    groups: Sequence[Group],
    devices: int,
    compile_groups: Callable[[Iterable[tuple[Group, int]]], None],
    begin_group: Callable[[Group, int], ActiveBatches],
    begin: Callable[[ActiveBatches, int], Segment],
    end: Callable[[Segment], tuple[ActiveBatches, int]],
    under_way: list[ActiveBatches],
) -> None:
    """Train groups to their ends, or until `end` stops one, each on the device that is free first.

    Args:
      groups: of one trial each.
      devices: the first ones are used.
      compile_groups: compiles their programs at once, each from a first device on.
      begin_group: lays a group out, from a first device on.
      begin, end: of a segment; `end` gives what trains on, and how many steps it takes next, 0 to stop.
      under_way: filled with the active batches on devices.
    """
    waiting, segments, stopped = list(groups), dict[Future[Segment], int](), False

    def advance(active: ActiveBatches, device: int, steps: int) -> None:
        under_way.append(active)
        segments[pool.submit(wait, begin(active, steps))] = device

    compile_groups(zip(groups, range(devices), strict=False))
    with ThreadPoolExecutor(devices) as pool:
        while segments or (waiting and not stopped):
            free = [device for device in range(devices) if device not in segments.values()]
            for device in free[: 0 if stopped else len(waiting)]:
                advance(begin_group(waiting.pop(0), device), device, 1)
            for future in wait_for(segments, return_when=FIRST_COMPLETED).done:
                device, segment = segments.pop(future), future.result()
                active, steps = end(segment)
                under_way.remove(segment.active)
                stopped |= not steps
                if active.placed and not stopped:
                    advance(active, device, steps)

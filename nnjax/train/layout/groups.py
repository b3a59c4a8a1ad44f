"""Sort trials into groups that share a program, each with its data on the host and its plan."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.types import Prepared
from nnjax.models.envelope import Envelope
from nnjax.train.distributed import min_over_processes
from nnjax.train.engine.device_data import DeviceData, Shapes, make_device_data, make_shapes
from nnjax.train.engine.fingerprint import with_fingerprint
from nnjax.train.engine.windows import Stream, make_stream, window_shapes
from nnjax.train.layout.lane_batch import Group, group_sizes
from nnjax.train.layout.memory_limits import fits, most_lanes, refuse_oversized_data
from nnjax.train.layout.merging import Bundle, Price, Sizes, bundle, envelopes_of
from nnjax.train.layout.plan import Plan, from_json, resolve_plan, satisfies
from nnjax.train.layout.step_times import StepTimes, cached_plan


def make_groups(
    specs: Sequence[TrialSpec],
    prepared: Mapping[DataConfig, Prepared],
    plan: Plan,
    earlier: Sequence[Mapping[str, Any]] = (),
    envelopes: Sequence[Envelope] = (),
    log: Callable[[str], None] = lambda text: None,
) -> list[Group]:
    """Sort trials into groups, in the order in which they first appear, each with its plan.

    Args:
      specs, prepared: as for `Population`.
      plan: what is asked of the layout.
      earlier: the groups' plans of an earlier session, with the ids of their trials; kept where they satisfy `plan`.
      envelopes: those of the whole search of which these trials are a part.
      log: called with a sentence about each envelope that does not fit a device.

    Raises:
      UserError: an impossible plan, a window that holds no batch, or a trial or data too large for a device.
    """
    step_times = StepTimes()
    groups = []
    bundles = bundle(specs, plan, _rows(plan), _sizes(prepared), earlier, envelopes)
    for (key, envelope, some, price), shapes, data, stream in _fitting(bundles, prepared, plan, earlier, log):
        most = min_over_processes(most_lanes(key, shapes, data))
        before = next((old for old in earlier if some[0].id in old.get("trials", ())), None)
        if before is not None and before.get("price"):
            price = Price(*before["price"])
        group = Group(key, some, shapes, resolve_plan(plan, key, some, shapes, most), data, stream, price)
        _refuse_changed(shapes.fingerprint, before)
        kept = None if before is None else from_json(before)
        if kept is None or not satisfies(kept, plan) or kept.envelope != envelope:
            kept = cached_plan(plan, group.plan, group_sizes(group), step_times.table(group))
        groups.append(dataclasses.replace(group, plan=kept))
    return groups


def _fitting(
    bundles: Sequence[Bundle],
    prepared: Mapping[DataConfig, Prepared],
    plan: Plan,
    earlier: Sequence[Mapping[str, Any]],
    log: Callable[[str], None],
) -> Iterator[tuple[Bundle, Shapes, DeviceData, Stream | None]]:
    """Give the shapes and data of programs; envelopes that do not fit a device, and have not begun, are taken apart."""
    begun = {trial for group in earlier for trial in group.get("trials", ())}
    for one in bundles:
        shapes, data, stream = _on_device(one, prepared[one.key.data])
        free = plan.envelope is None and begun.isdisjoint(spec.id for spec in one.specs)
        if one.envelope is not None and free and not min_over_processes(fits(one.key, shapes, data)):
            log(f"warning: {_too_large(one.envelope)}")
            apart = bundle(one.specs, dataclasses.replace(plan, merge=False), _rows(plan), _sizes(prepared))
            yield from _fitting(apart, prepared, plan, earlier, log)
        else:
            yield one, shapes, data, stream


def _on_device(one: Bundle, prepared: Prepared) -> tuple[Shapes, DeviceData, Stream | None]:
    """Return the shapes of a program and its data, with windows the shapes of one, and what gives them."""
    shapes = with_fingerprint(one.key, make_shapes(one.key, prepared))
    shapes = dataclasses.replace(shapes, envelope=one.envelope)
    stream = make_stream(one.key, prepared)
    refuse_oversized_data(one.key, prepared)
    data = make_device_data(one.key, prepared)
    return shapes, data if stream is None else data._replace(window=window_shapes(stream)), stream


def _too_large(envelope: Envelope) -> str:
    return (
        f"One program for all networks of widths up to {'-'.join(map(str, envelope.widths))} does not fit the memory "
        "of a device: each architecture has a program of its own."
    )


def find_envelopes(
    specs: Sequence[TrialSpec],
    prepared: Mapping[DataConfig, Prepared],
    plan: Plan,
    count: int,
) -> list[Envelope]:
    """Find the envelopes of a search of `count` trials; the others as for `merging.envelopes_of`."""
    return envelopes_of(specs, plan, _rows(plan), _sizes(prepared), count)


def _rows(plan: Plan) -> int:
    """Count the devices that train side by side."""
    return max(1, (plan.devices or len(jax.devices())) // plan.batch_devices)


def _sizes(prepared: Mapping[DataConfig, Prepared]) -> Sizes:
    def sizes(key: Experiment) -> tuple[int, int, int]:
        shapes = make_shapes(key, prepared[key.data])
        return shapes.num_inputs, shapes.num_outputs, len(prepared[key.data].train)

    return sizes


def _refuse_changed(fingerprint: str, before: Mapping[str, Any] | None) -> None:
    """Refuse to go on with a model, loss or optimizer of the user's that is not what it was."""
    known = "" if before is None else before.get("fingerprint", "")
    if before is not None and known != fingerprint:
        raise UserError(
            "The model, loss or optimizer has changed since this run began: its program is another one "
            f"(fingerprint {known or 'none'} → {fingerprint or 'none'}). Name a new workdir, or bring back what it was."
        )

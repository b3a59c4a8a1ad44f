"""Memory: how many trials fit, trials that do not, and devices that run out of memory."""

import dataclasses

import jax
import numpy as np
import pytest
from populations import CLASSIFIER, StopAfter, blobs, population, specs_of

import nnjax
from nnjax.core.errors import UserError
from nnjax.runs.folder import FolderStore
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.host.population import Stopped
from nnjax.train.layout import memory_limits
from nnjax.train.layout.hardware_prices import Prices
from nnjax.train.layout.memory_estimate import data_bytes, lane_bytes
from nnjax.train.layout.plan import Plan
from nnjax.train.storage.records import DONE


def test_lanes_are_limited_by_the_memory_that_is_there(monkeypatch):
    specs = specs_of(CLASSIFIER, {"learning_rate": np.geomspace(0.001, 0.1, 40)})
    [group] = population(specs).layouts.groups
    each, data = lane_bytes(group.key, group.shapes, group.data), data_bytes(group.data)
    monkeypatch.setattr(memory_limits, "free_bytes", lambda: int((5.5 * each + data) / memory_limits.BUDGET))
    assert memory_limits.most_lanes(group.key, group.shapes, group.data) == 5
    assert population(specs).layouts.groups[0].plan.lanes == 5
    assert (
        population(specs, plan=Plan(lanes=16)).layouts.groups[0].plan.lanes == 16
    )  # what is given by hand is not argued with


def test_a_trial_that_fits_no_device_is_refused_before_anything_is_written(monkeypatch, tmp_path):
    monkeypatch.setattr(memory_limits, "free_bytes", lambda: 3_000)
    with pytest.raises(
        UserError, match=r"One trial needs about .* kB of memory and the data .* kB, but a device has 3 kB left"
    ):
        nnjax.sweep(CLASSIFIER, data=blobs(), workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_envelope_that_fits_no_device_gives_way_to_a_program_for_each_architecture(monkeypatch):
    """Of the widths 200-2 and 2-200 the envelope is 200-200, fifty times as large as either."""
    monkeypatch.setattr("nnjax.train.layout.merging.read_prices", lambda: Prices(compiling=1e9))
    specs, said = specs_of(CLASSIFIER, {"widths": [(200, 2), (2, 200), (2, 3)], "seed": [0, 1]}), []
    [group] = population(specs, log=said.append).layouts.groups
    assert group.plan.envelope.widths == (200, 200)
    assert "share one program" in said.pop()
    monkeypatch.setattr(memory_limits, "free_bytes", lambda: 200_000)
    groups = population(specs, log=said.append).layouts.groups
    assert [(len(group.specs), group.plan.envelope) for group in groups] == [(2, None), (2, None), (2, None)]
    assert len(said) == 1
    assert "up to 200-200 does not fit the memory" in said[0]
    earlier = [{"trials": [spec.id for spec in group.specs], **dataclasses.asdict(group.plan)}]
    with pytest.raises(UserError, match="One trial needs about"):  # its checkpoints have the envelope's shapes
        population(specs, earlier=earlier)


def test_a_real_allocation_that_fails_is_recognized():
    """XLA's own error for an array of an exabyte has the words that `Population` looks for."""
    with pytest.raises((jax.errors.JaxRuntimeError, MemoryError, ValueError)) as caught:
        jax.block_until_ready(jax.jit(lambda: jax.numpy.zeros((2**29, 2**29), np.float32))())
    assert "RESOURCE_EXHAUSTED" in str(caught.value)


class Small:
    """A device on which more than some lanes (of some devices) do not fit: advancing fails, and loses the state."""

    def __init__(self, monkeypatch, lanes, after=0, devices=2):
        self.calls, self.failures = 0, []
        dispatch = ActiveBatches.dispatch

        def failing(active, *arguments):
            self.calls += 1
            size = active.program.mesh.size
            if self.calls > after and (active.lanes > lanes or size > devices):
                self.failures.append((size, active.lanes))
                active.state = None  # donated
                raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 123 bytes.")
            return dispatch(active, *arguments)

        monkeypatch.setattr(ActiveBatches, "dispatch", failing)


RATES = {"learning_rate": (0.001, 0.003, 0.01, 0.03, 0.1), "seed": (0, 1)}


@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize("stored", [False, True])
def test_fewer_lanes_are_tried_where_memory_runs_out(monkeypatch, tmp_path, after, stored):
    """From the start, or in mid-training: the lanes are halved until they fit, and the results are the same."""
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 5)
    specs, said = specs_of(CLASSIFIER, RATES), []
    alike = population(specs, plan=Plan(2, lanes=2))
    alike.run()
    small = Small(monkeypatch, 3, after)
    store = {"store": FolderStore(tmp_path)} if stored else {}
    if stored:
        (tmp_path / "checkpoints").mkdir()
    run = population(specs, plan=Plan(2, lanes=8), log=said.append, **store)
    run.run()
    assert small.failures == [(2, 8), (2, 4)]
    assert [text for text in said if text.startswith("warning: The memory of a device did not suffice for 8 lanes")]
    assert run.layouts.groups[0].plan.lanes == 2
    for now, other in zip(run.records, alike.records, strict=True):
        assert now.status == DONE
        for name, curve in other.curves.items():
            np.testing.assert_allclose(now.curves[name], curve, rtol=1e-4, atol=1e-6)


def test_fewer_devices_are_tried_where_one_lane_does_not_fit(monkeypatch):
    small = Small(monkeypatch, 1, devices=1)
    run = population(specs_of(CLASSIFIER, RATES), plan=Plan(2, lanes=1))
    assert {record.status for record in run.run()} == {DONE}
    assert small.failures == [(2, 1)]


def test_a_single_trial_that_does_not_fit_ends_the_run_with_a_sentence(monkeypatch):
    Small(monkeypatch, 0)
    with pytest.raises(UserError, match="The device ran out of memory with a single trial"):
        population(specs_of(CLASSIFIER)).run()


def test_other_errors_are_not_taken_for_a_lack_of_memory(monkeypatch):
    def failing(*_):
        raise jax.errors.JaxRuntimeError("INTERNAL: something else")

    monkeypatch.setattr(ActiveBatches, "dispatch", failing)
    with pytest.raises(jax.errors.JaxRuntimeError, match="something else"):
        population(specs_of(CLASSIFIER)).run()


def test_a_run_that_shrank_goes_on_so(monkeypatch, tmp_path):
    """The smaller plan is on record: a resumed run does not try the larger one again."""
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 5)
    small = Small(monkeypatch, 2)
    space = {"learning_rate": tuple(np.geomspace(0.001, 0.1, 12))}
    with pytest.raises(Stopped):
        nnjax.sweep(CLASSIFIER, space, data=blobs(), workdir=tmp_path, should_stop=StopAfter(1))
    failures, said = list(small.failures), []
    run = nnjax.sweep(CLASSIFIER, space, data=blobs(), workdir=tmp_path, log=said.append)
    assert failures
    assert small.failures == failures
    assert {record.status for record in run.records} == {DONE}
    assert not [text for text in said if "plan is not" in text]


def test_sizes_are_written_as_people_do():
    assert [memory_limits.size_text(size) for size in (999, 1_500, 12_345_678, 11.2e9)] == [
        "999 B",
        "1.5 kB",
        "12.3 MB",
        "11.2 GB",
    ]
    assert memory_limits.peak_bytes() > 5e7

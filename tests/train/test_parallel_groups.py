"""Groups of one trial side by side: the bits of one after another, on all devices at once, resumed wherever stopped."""

import dataclasses

import jax
import numpy as np
import pytest
from populations import CLASSIFIER, StopAfter, population, specs_of

from nnjax.core.fields import replace
from nnjax.runs.folder import FolderStore
from nnjax.train.host import parallel_groups
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.host.population import Stopped, TimeOver
from nnjax.train.layout.plan import Plan
from nnjax.train.storage.records import DONE

APART = Plan(merge=False)
ALONE = Plan(devices=1, merge=False)


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch):
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 5)


@pytest.fixture(scope="module")
def specs():
    """Three networks of other shapes, one of them shorter, with dropout and patience's best weights."""
    return specs_of(replace(CLASSIFIER, {"dropout": 0.2}), {"widths": ((8,), (6, 5), (7,)), "epochs": (3,)})


@pytest.fixture(scope="module")
def alone(specs):
    run = population(specs, plan=ALONE)
    run.run()
    return run


def trained(specs, plan=APART, **options):
    run = population(specs, plan=plan, **options)
    run.run()
    return run


def assert_same(a, b):
    """Bitwise equal curves, scores and weights."""
    for spec in a.specs:
        x, y = a.records[spec.id], b.records[spec.id]
        assert (x.status, x.epochs) == (y.status, y.epochs) == (DONE, spec.experiment.epochs)
        assert x.values == pytest.approx(y.values, rel=1e-7)  # a table's digits
        wa, wb = a.store.load_weights(spec.id), b.store.load_weights(spec.id)
        for one, other in ((x.curves, y.curves), (wa, wb)):
            assert one.keys() == other.keys()
            for name, array in one.items():
                np.testing.assert_array_equal(array, other[name], err_msg=name)


def test_side_by_side_trains_with_the_bits_of_one_after_another(specs, alone):
    seen, used = [], []
    run = population(specs, plan=APART, observe=lambda progress: seen.append(tuple(progress.running)))
    begin = run.queue.begin
    run.queue.begin = lambda group, first=0: used.append(first) or begin(group, first)
    run.run()
    assert_same(run, alone)
    assert used[:2] == [0, 1]
    assert (0, 1) in seen
    assert {len(running) for running in seen} <= {1, 2}
    assert all(record.seconds > 0 for record in run.records)


@pytest.mark.parametrize("stops", [[0], [3], [1, 6]])
def test_resuming_is_bit_for_bit_also_on_other_devices(tmp_path, specs, alone, stops):
    """Stopped in mid-epoch (steps of five, eight an epoch): nothing under way is lost, whoever goes on."""
    store = FolderStore(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    for stop in stops:
        with pytest.raises(Stopped):
            trained(specs, store=store, records=store.read_records(specs), should_stop=StopAfter(stop))
        waiting = store.checkpoints.list_paused()
        assert len(waiting) == len({name.split("_")[1] for name in waiting})  # one of each
    begun = max(record.epochs for record in store.read_records(specs))
    again = population(specs, plan=ALONE, store=store, records=store.read_records(specs))
    assert again.recovery.resume() is None
    assert max(record.epochs for record in again.records) == begun
    again.run()
    assert_same(again, alone)
    assert store.checkpoints.list_paused() == []


def test_a_kill_between_checkpoints_loses_no_more_than_since_the_last_one(tmp_path, monkeypatch, specs, alone):
    monkeypatch.setattr("nnjax.train.host.recovery.MIN_SECONDS", 0.0)
    monkeypatch.setattr("nnjax.train.host.recovery.SAVE_SHARE", 1e9)
    store = FolderStore(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    calls = iter(range(6))

    def killed(progress):
        if next(calls, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(specs, store=store, observe=killed)
    assert store.checkpoints.list_paused()
    again = trained(specs, store=store, records=store.read_records(specs))
    assert_same(again, alone)
    assert store.checkpoints.list_paused() == []


def test_one_after_another_where_memory_does_not_suffice_for_two(monkeypatch, specs, alone):
    said, dispatch, busy = [], ActiveBatches.dispatch, []

    def failing(active, *arguments):
        busy.append(active.program.mesh.devices.flat[0])
        if len(set(busy)) > 1:
            busy.clear()
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 123 bytes.")
        return dispatch(active, *arguments)

    monkeypatch.setattr(ActiveBatches, "dispatch", failing)
    run = trained(specs, log=said.append)
    assert_same(run, alone)
    assert [text for text in said if text.startswith("warning: Memory did not suffice for networks side by side")]


def test_who_cannot_train_side_by_side(specs):
    there = jax.device_count()
    assert parallel_groups.num_devices(specs, Plan()) == there == 2
    assert parallel_groups.num_devices(specs, Plan(devices=1)) == 1
    assert parallel_groups.num_devices(specs, Plan(batch_devices=2)) == 1
    assert parallel_groups.num_devices(specs, Plan(fixed=True)) == 1
    after = [specs[0], dataclasses.replace(specs[1], start_from=0)]
    assert parallel_groups.num_devices(after, Plan()) == 1


def test_when_time_is_over_both_are_scored_and_go_on_later(tmp_path, specs, alone):
    store = FolderStore(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(TimeOver):
        trained(specs, store=store, deadline=0.0)
    begun = [spec.id for spec in specs if store.has_weights(spec.id)]
    assert begun == [0, 1]
    assert sorted(int(name.split("_")[1]) for name in store.checkpoints.list_paused()) == begun
    assert_same(trained(specs, store=store, records=store.read_records(specs)), alone)

"""Populations: equivalence with training alone, divergence, warm starts, resuming."""

import dataclasses

import numpy as np
import pytest
from populations import CLASSIFIER, StopAfter, population, specs_of

from nnjax.core.fields import replace
from nnjax.runs.folder import FolderStore
from nnjax.spaces.space import Arm
from nnjax.train.host.population import Stopped
from nnjax.train.layout.compilations import counter
from nnjax.train.layout.plan import Plan
from nnjax.train.layout.planner import Planner
from nnjax.train.scheduler import Decision
from nnjax.train.storage.records import DIVERGED, DONE

RATES = (0.001, 0.003, 0.01, 0.03, 0.1)


def trained(specs, plan=Plan(), **options):
    run = population(specs, plan=plan, **options)
    run.run()
    return run


def same(a, b, i, j=None):
    """Whether trial i of a and trial j of b ended with bitwise equal curves and weights."""
    j = i if j is None else j
    x, y = a.records[i], b.records[j]
    curves = all(np.array_equal(x.curves[name], y.curves[name], equal_nan=True) for name in x.curves)
    wa, wb = a.store.load_weights(i), b.store.load_weights(j)
    return x.status == y.status and curves and all(np.array_equal(wa[name], wb[name]) for name in wa)


def close(a, b, rtol):
    for x, y in zip(a.records, b.records, strict=True):
        for name in x.curves:
            np.testing.assert_allclose(x.curves[name], y.curves[name], rtol=rtol, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("order", ["own", "shared"])
def test_a_trial_does_not_notice_its_lane_or_its_neighbors(order):
    """Equivalence (a) of the design: bitwise on CPU."""
    plan = Plan(devices=2, lanes=4, order=order)
    one = trained(specs_of(CLASSIFIER, {"learning_rate": RATES}), plan)
    other = trained(specs_of(CLASSIFIER, {"learning_rate": (0.5, *reversed(RATES))}), plan)
    for i in range(len(RATES)):
        assert same(one, other, i, len(RATES) - i)


@pytest.mark.parametrize(
    "plan",
    [
        Plan(2, 1, 4, "shared"),
        Plan(2, 1, 4, "own"),
        pytest.param(Plan(1, 1, 16, "own"), marks=pytest.mark.slow),
        Plan(2, 1, 1),
    ],
)
def test_a_population_equals_training_alone_in_its_first_epoch(plan):
    """Equivalence (b): within 1e-5 of the solo program."""
    specs = specs_of(replace(CLASSIFIER, {"epochs": 1}), {"learning_rate": RATES, "seed": (0, 1)})
    together = trained(specs, plan)
    for spec in (specs[0], specs[7]):
        alone = trained([type(spec)(0, spec.experiment)], Plan(devices=1, lanes=1))
        for name, curve in alone.records[0].curves.items():
            np.testing.assert_allclose(together.records[spec.id].curves[name], curve, rtol=1e-5, err_msg=name)


def test_a_batch_split_over_two_devices_gives_the_same_curves():
    specs = specs_of(replace(CLASSIFIER, {"batch_size": 7, "l2": 0.01}), {"seed": (0, 1)})
    close(trained(specs, Plan(1, 1, 1)), trained(specs, Plan(2, 2, 1)), 1e-4)


def test_same_seed_same_result_other_seed_other_result():
    specs = specs_of(replace(CLASSIFIER, {"dropout": 0.5}), {"seed": (0, 1)})
    a, b = trained(specs), trained(specs)
    assert same(a, b, 0)
    assert same(a, b, 1)
    assert not same(a, b, 0, 1)


@pytest.mark.slow
def test_new_values_and_epochs_never_compile_again():
    fresh = replace(CLASSIFIER, {"batch_size": 9})  # a program that no other test has
    run = population(specs_of(fresh, {"learning_rate": (0.1, 0.2), "epochs": (2, 5), "seed": (0, 1)}), plan=Plan(1))
    run.run()
    assert len(run.layouts.programs) == 1
    [program] = run.layouts.programs.values()
    assert program.train_segment.jitted._cache_size() == 1


def test_segments_never_decide_a_result(monkeypatch):
    specs = specs_of(replace(CLASSIFIER, {"dropout": 0.2}), {"learning_rate": RATES})
    whole = trained(specs, Plan(1, 1, 16))
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 3)
    pieces = trained(specs, Plan(1, 1, 16))
    assert all(same(whole, pieces, i) for i in range(len(specs)))


def test_divergence_is_recorded_and_no_neighbor_notices():
    plan = Plan(devices=1, lanes=4, order="shared")
    experiment = replace(
        CLASSIFIER, {"optimizer.name": "sgd", "loss": "mean_squared_error", "output_activation": "linear"}
    )
    good = trained(specs_of(experiment, {"learning_rate": (0.001, 0.002, 0.003, 0.004)}), plan)
    bad = trained(specs_of(experiment, {"learning_rate": (0.001, 1e30, 0.003, 0.004)}), plan)
    record = bad.records[1]
    assert record.status == DIVERGED
    assert record.epochs == 0
    assert record.values["diverged_at_step"] >= 1
    assert np.isfinite(bad.store.load_weights(1)["final/layer_0/kernel"]).all()
    for i in (0, 2, 3):
        assert same(good, bad, i)


@pytest.mark.slow
def test_lanes_of_diverged_trials_are_freed(monkeypatch):
    """14 trials in a rung of 16 lanes, all but one diverging: the survivor moves to fewer lanes, and ends right."""
    monkeypatch.setattr("nnjax.train.layout.plan.MOVE_FLOPS", 0.0)
    experiment = replace(
        CLASSIFIER, {"optimizer.name": "sgd", "loss": "mean_squared_error", "output_activation": "linear", "epochs": 16}
    )
    rates = (0.001, *np.geomspace(1e30, 1e36, 13))
    run = trained(specs_of(experiment, {"learning_rate": rates}), Plan(1, 1, 16))
    assert [r.status for r in run.records] == [DONE] + [DIVERGED] * 13
    assert sorted(program.size for program in run.layouts.programs.values()) == [1, 16]
    alone = trained(specs_of(experiment, {"learning_rate": rates[:1]}), Plan(1, 1, 1))
    np.testing.assert_allclose(run.records[0].curves["val_loss"], alone.records[0].curves["val_loss"], rtol=1e-4)
    assert len(run.records[0].curves["val_loss"]) == 16


def test_a_long_last_trial_uses_all_cores(monkeypatch):
    """Three long trials on two devices of one core each: the last one is alone on one device, with both threads."""
    specs = specs_of(CLASSIFIER, {"seed": (0, 1, 2)})
    plan = Plan(devices=2, lanes=1)
    short = trained(specs, plan)
    assert [program.mesh.size for program in short.layouts.programs.values()] == [2]
    monkeypatch.setattr("nnjax.train.layout.plan.MOVE_FLOPS", 1.0)
    long = trained(specs, plan)
    assert [program.mesh.size for program in long.layouts.programs.values()] == [2, 1]
    assert same(short, long, 0)
    close(short, long, 1e-4)


def test_best_weights_are_those_of_the_lowest_validation_loss():
    experiment = replace(CLASSIFIER, {"learning_rate": 0.5, "epochs": 12})
    run = trained(specs_of(experiment))
    record = run.records[0]
    best = int(np.argmin(record.curves["val_loss"])) + 1
    assert record.values["best_epoch"] == best
    assert record.values["best_val_loss"] == pytest.approx(record.curves["val_loss"].min(), rel=1e-6)
    shorter = trained(specs_of(replace(experiment, {"epochs": best})))
    np.testing.assert_array_equal(
        run.store.load_weights(0)["best/layer_0/kernel"], shorter.store.load_weights(0)["final/layer_0/kernel"]
    )


def test_a_warm_start_begins_at_its_parents_final_weights():
    arms = {"first": Arm(), "again": Arm({"learning_rate": 0.0, "epochs": 1}, start_from="first")}
    run = trained(specs_of(CLASSIFIER, {"seed": (0, 1, 2)}, arms), Plan(2, 1, 1))
    for child, parent in ((3, 0), (4, 1), (5, 2)):
        a, b = run.store.load_weights(child), run.store.load_weights(parent)
        assert all(np.array_equal(a[name], b[name]) for name in a if name.startswith("final/"))


def test_a_device_whose_trial_has_ended_takes_the_next_one():
    """Trials of 1 to 6 epochs on two devices, five steps an epoch: none waits for a longer neighbor."""
    seen = []
    specs = specs_of(CLASSIFIER, {"epochs": (1, 2, 3, 6)})
    run = trained(specs, Plan(2, 1, 1), observe=lambda progress: seen.append(tuple(progress.running)))
    assert list(dict.fromkeys(pair for pair in seen if len(pair) == 2)) == [(3, 2), (3, 1), (3, 0)]  # the longest first
    for spec in specs:
        alone = trained(specs_of(spec.experiment), Plan(1, 1, 1))
        np.testing.assert_allclose(
            run.records[spec.id].curves["val_loss"], alone.records[0].curves["val_loss"], rtol=1e-5
        )
        assert run.records[spec.id].epochs == spec.experiment.epochs


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("stops", [[0], pytest.param([3], marks=pytest.mark.slow), [1, 1, 2, 5]])
def test_resuming_is_bit_for_bit(tmp_path, monkeypatch, stops, devices):
    """Stopped in mid-epoch between segments of five steps, once or several times, also in later lane batches."""
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 5)
    axes = {"learning_rate": RATES, "seed": (0, 1), "epochs": (4, 2)}
    specs = specs_of(replace(CLASSIFIER, {"dropout": 0.2}), axes)
    plan = Plan(devices, 1, 4, "shared")
    whole = trained(specs, plan)
    store = FolderStore(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    for stop in stops:
        with pytest.raises(Stopped):
            trained(specs, plan, store=store, records=store.read_records(specs), should_stop=StopAfter(stop))
    compilations = [program.train_segment.jitted._cache_size() for program in whole.layouts.programs.values()]
    again = trained(specs, plan, store=store, records=store.read_records(specs))
    assert all(same(whole, again, i) for i in range(len(specs)))
    assert store.checkpoints.load_active() is None
    assert [program.train_segment.jitted._cache_size() for program in whole.layouts.programs.values()] == compilations


def test_a_diverged_trial_is_not_forgotten_by_resuming(tmp_path, monkeypatch):
    """Stopped while its neighbors go on: in the end it has the same weights and scores as without the stop."""
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 5)
    experiment = replace(
        CLASSIFIER, {"optimizer.name": "sgd", "loss": "mean_squared_error", "output_activation": "linear"}
    )
    specs, plan = specs_of(experiment, {"learning_rate": (0.001, 1e30, 0.003)}), Plan(1, 1, 4)
    whole, store = trained(specs, plan), FolderStore(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(Stopped):
        trained(specs, plan, store=store, records=store.read_records(specs), should_stop=StopAfter(2))
    again = trained(specs, plan, store=store, records=store.read_records(specs))
    assert again.records[1].status == DIVERGED
    assert all(same(whole, again, i) for i in range(3))
    assert again.records[1].values == pytest.approx(whole.records[1].values, rel=1e-6, nan_ok=True)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "both"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_path, monkeypatch, damage):
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 5)
    specs = specs_of(CLASSIFIER, {"learning_rate": RATES})
    store = FolderStore(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    for stop in (1, 1):
        with pytest.raises(Stopped):
            trained(specs, store=store, records=store.read_records(specs), should_stop=StopAfter(stop))
    current, previous = tmp_path / "checkpoints/chunk.npz", tmp_path / "checkpoints/chunk_previous.npz"
    for path in (current, previous) if damage == "both" else (current,):
        content = bytearray(path.read_bytes())
        if damage == "flipped":
            content[content.index(b"NUMPY") + 127] ^= 1  # the first byte of an array
        path.write_bytes(content if damage == "flipped" else content[: len(content) // 2])
    again = trained(specs, store=store, records=store.read_records(specs))
    assert "damaged" in store.messages[0]
    assert len(store.messages) == (2 if damage == "both" else 1)
    whole = trained(specs)
    assert all(same(whole, again, i) for i in range(len(specs)))


def test_a_better_plan_loses_no_trial_that_waits_beside_those_that_begin(monkeypatch):
    """Of the first four trials one goes on after an epoch, on the device on which four others begin and plan anew."""
    seen, later = [], False

    def watch(planner, group, lanes, devices, segment, fresh, survival, beside):
        seen.append((later, lanes))
        return dataclasses.replace(group.plan, lanes=2) if fresh and later and group.plan.lanes == 4 else None

    def decide(records):
        nonlocal later
        later = all(record.epochs for record in records[:4])
        limits = {0: 4, 1: 1, 2: 1, 3: 1} if later else dict.fromkeys(range(4), 1)
        return Decision(limits | dict.fromkeys(range(4, 8), 4 * later), frozenset({1, 2, 3} if later else ()))

    specs = specs_of(CLASSIFIER, {"learning_rate": np.geomspace(0.001, 0.1, 8).tolist()})
    expected = trained(specs, Plan(devices=1, lanes=4))
    monkeypatch.setattr(Planner, "watch", watch)
    found = trained(specs, Plan(devices=1, lanes=4), decide=decide)
    assert (True, 4) in seen
    for trial in (0, 4, 5, 6, 7):
        assert (found.records[trial].status, found.records[trial].epochs) == (DONE, 4)
        curves = (run.records[trial].curves["val_loss"] for run in (found, expected))
        np.testing.assert_allclose(*curves, rtol=1e-4)


PROGRAMS = ("init", "train_segment", "evaluate")


@pytest.mark.parametrize("train_eval_size", [None, pytest.param(0, marks=pytest.mark.slow)])
def test_a_program_is_three_compilations(train_eval_size):
    """What is compiled ahead is what training then calls: drawing, training and evaluating, each once."""
    experiment = replace(CLASSIFIER, {"widths": (7,), "train_eval_size": train_eval_size})
    run = population(specs_of(experiment, {"learning_rate": RATES}), plan=Plan(devices=1, lanes=5))
    before = counter().names.copy()
    run.run()
    asked = counter().names - before
    assert {name: asked[f"jit({name})"] for name in PROGRAMS} == dict.fromkeys(PROGRAMS, 1)


def test_what_is_left_after_a_kill_is_laid_out_as_it_would_have_been(tmp_path):
    """Killed when two of eight trials had not begun and nothing was checkpointed: they meet the same program."""
    specs, plan = (
        specs_of(CLASSIFIER, {"learning_rate": (*RATES, 0.2, 0.3, 0.4)}),
        Plan(devices=2, lanes=4, order="shared"),
    )
    expected = trained(specs, plan)
    left = [dataclasses.replace(record) for record in expected.records[:6]]
    again = population(specs, plan=plan, store=expected.store)
    again.records[:6] = left
    again.run()
    assert [record.lanes for record in again.records[6:]] == [4, 4]
    assert all(same(expected, again, trial) for trial in (6, 7))

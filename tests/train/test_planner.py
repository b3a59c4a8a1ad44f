"""The plan: predictions by hand, trying other layouts, what is kept of it, and what it may not change."""

import math

import numpy as np
import pytest
from populations import CLASSIFIER, StopAfter, blobs, population, specs_of

import nnjax
from nnjax.core.fields import replace
from nnjax.train.engine.programs import place_data
from nnjax.train.host.population import Stopped
from nnjax.train.layout import plan as plans
from nnjax.train.layout import planner
from nnjax.train.layout.lane_batch import group_sizes
from nnjax.train.layout.plan import Plan
from nnjax.train.layout.planner import Planner, SegmentTime
from nnjax.train.layout.step_times import StepTimes, evaluating, plan_of, seconds_of, time_step
from nnjax.train.storage.records import DONE

SPACE = {"learning_rate": tuple(np.geomspace(0.001, 0.1, 32)), "seed": (0, 1)}
USUAL = (2, 16, "shared")  # for 32 settings of 2 seeds


@pytest.fixture
def steps(monkeypatch, tmp_path):
    """Judge at once, and let the test say what a step costs on each layout; all the others cost a second."""
    table, tried = {}, []

    def fake(program, group, data):
        layout = (group.plan.devices, group.plan.lanes, group.plan.order)
        tried.append(layout)
        return table.get(layout, 1.0)

    monkeypatch.setattr(plans, "_usual_lanes", lambda spec, shapes: USUAL[1])
    monkeypatch.setattr(planner, "WATCH_SECONDS", 0.0)
    monkeypatch.setattr(planner, "MIN_SECONDS_LEFT", 0.0)
    monkeypatch.setattr(planner, "TRY_SHARE", 1e9)
    monkeypatch.setattr(planner, "time_step", fake)
    monkeypatch.setattr(StepTimes, "__init__", lambda self: setattr(self, "path", tmp_path / "steps.json"))
    table["tried"] = tried
    return table


def trained(plan=Plan(), **options):
    run = population(specs_of(CLASSIFIER, SPACE), plan=plan, **options)
    run.run()
    return run


def assert_same(a, b):
    """Equal bit for bit, all trials done."""
    for x, y in zip(a.records, b.records, strict=True):
        assert x.status == y.status == DONE
        for name, curve in x.curves.items():
            np.testing.assert_array_equal(curve, y.curves[name])


def layouts(run):
    return {(record.devices, record.lanes) for record in run.records}


def test_a_cost_is_by_rule_until_one_is_measured():
    """A step costs its lanes and four more; measured 16 lanes scale the rule, and measured others overrule it."""
    assert [Plan().cost(lanes) for lanes in (1, 4, 16)] == [5, 8, 20]
    assert Plan().seconds(4) is None
    one = Plan(measured=((16, 0.002),))
    assert [one.cost(lanes) for lanes in (1, 4, 16)] == pytest.approx([5, 8, 20])
    assert one.seconds(4) == pytest.approx(0.0008)
    two = Plan(measured=((4, 0.001), (16, 0.002)))
    assert [two.seconds(lanes) for lanes in (1, 4, 16, 64)] == pytest.approx([0.000625, 0.001, 0.002, 0.0068])


def test_predictions_by_hand():
    """64 trials of 32 settings × 2 seeds on 2 devices × 16 lanes: 2 lane batches a seed, 2 turns; 5 steps, 4 epochs.

    10 validation and 40 re-evaluated examples an epoch of 40: evaluating adds 50 / (3 · 40).
    """
    [group] = population(specs_of(CLASSIFIER, SPACE)).layouts.groups
    assert group_sizes(group) == {"shared": [32, 32], "own": [64]}
    assert (group.steps_per_epoch, evaluating(group)) == (5, 1 + 50 / 120)
    plan = plan_of(group.plan, USUAL, {USUAL: 0.01, (2, 4, "shared"): 0.004, (1, 16, "shared"): 9.0})
    assert plan.measured == ((4, 0.004), (16, 0.01))
    assert seconds_of(plan, [32, 32]) == pytest.approx(2 * 0.01)
    said = []
    watcher = Planner(Plan(), said.append, None, None)
    assert watcher.watch(group, 16, 2, SegmentTime(0.1, 10), False) is None  # too short to tell
    assert not said
    assert watcher.watch(group, 16, 2, SegmentTime(0.9, 90), False) is None
    assert watcher.watch(group, 16, 2, SegmentTime(0.3, 30), False) is None
    [text] = said
    assert "2 devices × 16 lanes, shared order for 64 trials" in text
    assert f"{2 * 0.01 * 20 * (1 + 50 / 120):.3g} s of training" in text
    assert watcher.total() == (pytest.approx(2 * 0.01 * 20 * (1 + 50 / 120)), pytest.approx(1.3))


def test_predictions_know_who_survives_halving():
    """All trials for 1 epoch of 4 take 2 turns; a quarter of them, 8 of each seed, take the other 3 in 1 turn."""
    [group] = population(specs_of(CLASSIFIER, SPACE)).layouts.groups
    watcher = Planner(Plan(), lambda text: None, None, None)
    watcher.watch(group, 16, 2, SegmentTime(0.9, 90), False, survival=((1.0, 1), (0.25, 3)))
    assert watcher.total().predicted == pytest.approx((1 / 4 * 2 + 3 / 4 * 1) * 0.01 * 20 * (1 + 50 / 120))


@pytest.mark.slow
def test_a_better_layout_is_taken_and_nothing_else_changes(steps):
    """What has begun begins again: the same results as under that plan by hand, bit for bit."""
    steps[2, 4, "shared"] = 1e-9
    said = []
    run = trained(log=said.append)
    assert steps["tried"] == [(2, 64, "shared"), (2, 4, "shared"), (2, 16, "own"), (1, 16, "shared")]
    assert layouts(run) == {(2, 4)}
    assert (run.layouts.groups[0].plan.lanes, run.layouts.groups[0].plan.order) == (4, "shared")
    assert said[0].startswith("plan: 2 devices × 4 lanes, shared order for 64 trials")
    assert_same(run, trained(Plan(2, lanes=4, order="shared")))


@pytest.mark.slow
def test_no_better_layout_leaves_everything_as_it_was(steps, monkeypatch):
    run = trained()
    assert len(steps["tried"]) == 4
    assert layouts(run) == {(2, 16)}
    monkeypatch.undo()
    assert_same(run, trained())


def test_short_training_tries_nothing(steps, monkeypatch):
    monkeypatch.setattr(planner, "MIN_SECONDS_LEFT", 1e6)
    said = []
    assert layouts(trained(log=said.append)) == {(2, 16)}
    assert not steps["tried"]
    assert said[0].startswith("plan: 2 devices × 16 lanes")


@pytest.mark.slow
def test_progress_is_reported_before_other_layouts_are_tried(steps):
    """Which takes long on a busy machine: the first two segments, of which the first one compiles, are seen before."""
    tried = []
    trained(observe=lambda progress: tried.append(len(steps["tried"])))
    assert tried[:2] == [0, 0]
    assert tried[-1] == 4


def test_trying_ends_when_its_share_of_the_time_is_spent(steps, monkeypatch):
    """On a busy machine, where layouts take long to compile: the next one is not begun."""
    monkeypatch.setattr(planner, "TRY_SHARE", 0.0)
    assert layouts(trained()) == {(2, 16)}
    assert not steps["tried"]


@pytest.mark.parametrize(("share", "most"), [(59.0, 0), (61.0, 4)])
def test_a_program_that_would_take_longer_to_compile_than_the_share_is_not_begun(steps, share, most):
    [group] = population(specs_of(CLASSIFIER, SPACE)).layouts.groups
    watcher = Planner(Plan(), print, lambda *layout: None, lambda *_: None, compile_seconds=lambda group: 60.0)
    table, _ = watcher._tried(group, plan_of(group.plan, USUAL, {USUAL: 1.0}), {USUAL: 1.0}, share)
    assert len(steps["tried"]) == len(table) - 1 == most


def test_what_is_given_by_hand_is_not_changed(steps):
    for order in ("shared", "own"):
        steps[1, 16, order] = 1e-9
    assert layouts(trained(Plan(lanes=16, devices=2))) == {(2, 16)}
    assert steps["tried"] == [(2, 16, "own")]
    assert layouts(trained(Plan(2, lanes=16, order="shared", fixed=True))) == {(2, 16)}
    assert steps["tried"] == [(2, 16, "own")]


@pytest.mark.slow
def test_what_was_measured_is_known_next_time(steps, tmp_path, monkeypatch):
    """Other values of traced hyperparameters, and more trials, are the same program; a damaged file is passed over."""
    steps[2, 4, "shared"] = 1e-9
    trained()
    monkeypatch.setattr(planner, "WATCH_SECONDS", 1e9)
    wider = {"learning_rate": tuple(np.geomspace(0.01, 0.02, 30)), "seed": (3, 4)}
    run = population(specs_of(CLASSIFIER, wider))
    assert (run.layouts.groups[0].plan.lanes, len(run.layouts.groups[0].plan.measured)) == (4, 3)
    assert {record.lanes for record in run.run()} == {4}
    assert population(specs_of(replace(CLASSIFIER, {"widths": (9,)}), wider)).layouts.groups[0].plan.lanes == 16
    for content in ("", "[]", '{"x": 1}', "\0"):
        (tmp_path / "steps.json").write_text(content, "utf-8")
        assert population(specs_of(CLASSIFIER, wider)).layouts.groups[0].plan.lanes == 16


def test_a_resumed_run_keeps_its_plan(steps, tmp_path, monkeypatch):
    """Even if what was measured is forgotten in between, or says otherwise now."""
    steps[2, 4, "shared"] = 1e-9
    folder, said = tmp_path / "run", []
    with monkeypatch.context() as patch:
        patch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 3)
        with pytest.raises(Stopped):
            nnjax.sweep(CLASSIFIER, SPACE, data=blobs(), workdir=folder, should_stop=StopAfter(4))
    (tmp_path / "steps.json").unlink()
    del steps[2, 4, "shared"]
    run = nnjax.sweep(CLASSIFIER, SPACE, data=blobs(), workdir=folder, log=said.append)
    assert layouts(run) == {(2, 4)}
    assert not [text for text in said if "plan is not" in text]
    monkeypatch.undo()
    assert_same(run, nnjax.sweep(CLASSIFIER, SPACE, data=blobs(), plan=Plan(2, lanes=4, order="shared")))


def test_a_folder_that_cannot_be_written_costs_nothing(steps, tmp_path):
    (tmp_path / "steps.json").mkdir()
    assert layouts(trained()) == {(2, 16)}


@pytest.mark.parametrize("lanes", [1, 4])
def test_a_step_is_timed_and_nothing_is_left_of_it(lanes):
    run = population(specs_of(CLASSIFIER, SPACE), plan=Plan(2, lanes=lanes))
    [group] = run.layouts.groups
    program = run.layouts.program(group, lanes, 2)
    seconds = time_step(program, group, place_data(group.data, program.mesh))
    assert 0 < seconds < math.inf
    assert {record.status for record in run.records} == {"waiting"}


def test_alternatives_are_of_use():
    """More lanes only where trials could fill them and memory holds them; another order only beside other lanes."""
    plan, sizes = Plan(2, 1, 4, "shared"), {"shared": [20, 20], "own": [40]}

    def found(*arguments):
        return [(one.devices, one.lanes, one.order) for one in plans.alternatives(*arguments)]

    around = [(2, 1, "shared"), (2, 4, "own"), (1, 4, "shared")]
    assert found(plan, sizes, 100) == [(2, 16, "shared"), *around]
    assert found(plan, sizes, 15) == around
    assert found(plan, {"shared": [4, 4], "own": [8]}, 100) == around
    assert found(Plan(1, 1, 1, "own"), {"shared": [1], "own": [1]}, 100) == []

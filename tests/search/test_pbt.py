"""Population-based training: decisions worked by hand on made-up curves; then in real populations."""

import json

import numpy as np
import pandas as pd
import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.core.fields import replace
from nnjax.core.files import write_atomically
from nnjax.runs import checkpoints, files
from nnjax.runs import folder as run_folder
from nnjax.search.pbt import explore
from nnjax.search.schedulers import make_pbt
from nnjax.spaces.expansion import expand
from nnjax.spaces.overrides import override
from nnjax.spaces.ranges import Range
from nnjax.spaces.space import Evolution, Halving, Space
from nnjax.train.layout import groups
from nnjax.train.layout.plan import Plan
from nnjax.train.storage.named_arrays import flatten
from nnjax.train.storage.records import RUNNING, Record, Stage, lineage
from nnjax.verify.retraining import retrial

RATES = tuple(0.001 * 2.0**i for i in range(10))


def pbt_of(evolution=Evolution(every=2), epochs=6, **axes):
    space = Space(axes={"learning_rate": RATES, **axes}, evolution=evolution)
    return make_pbt(space, expand(replace(CLASSIFIER, {"epochs": epochs}), space))


def at(epochs, losses):
    """Records of trials with a constant loss each, as far as some epoch; NaN for one that diverged."""
    names = ("train_loss", "val_loss", "val_accuracy")
    return [Record(RUNNING, epochs, curves={name: np.full(epochs, float(loss)) for name in names}) for loss in losses]


def parents_of(now):
    return {trial: parent for trial, parent in now.parents.items() if trial != parent}


def test_nothing_is_decided_before_all_are_there():
    now = pbt_of().decide([*at(2, range(9)), *at(1, [9])])
    assert set(now.limits.values()) == {2}
    assert parents_of(now) == {}
    assert now.values == {i: {"learning_rate": rate} for i, rate in enumerate(RATES)}
    assert now.replaceable == frozenset(range(10))


def test_the_worst_fifth_continues_members_of_the_best_fifth():
    pbt = pbt_of()
    now = pbt.decide(at(2, [5, 1, 3, 4, 9, 6, 7, 8, 0, 2]))
    assert set(now.limits.values()) == {4}
    found = parents_of(now)
    assert set(found) == {4, 7}
    assert set(found.values()) <= {1, 8}
    for trial, value in now.values.items():
        if trial not in found:
            assert value == {"learning_rate": RATES[trial]}
    assert pbt.decide(at(2, [5, 1, 3, 4, 9, 6, 7, 8, 0, 2])).schedules[4][1:] == [Stage(2, found[4], now.values[4])]


def test_factors_and_ends():
    """A copy's rate is its parent's times .5 or 2, within .001 … .512; all factors and parents occur.

    Where trials 0 and 9, at the ends, are the parents, half of that would be the parents' own rates.
    """
    evolution = Evolution(every=2, factors=(0.5, 2.0), resample=0.0)

    def copies(losses):
        for seed in range(30):
            now = pbt_of(evolution)._replace(draw_seed=seed).decide(at(2, losses))
            yield from ((parent, now.values[trial]["learning_rate"]) for trial, parent in parents_of(now).items())

    middle = [2, 3, 4, 5, 1, 0, 6, 7, 8, 9]
    assert set(copies(middle)) == {(trial, factor * RATES[trial]) for trial in (4, 5) for factor in (0.5, 2)}
    assert set(copies([1, *range(3, 11), 0])) == {(0, 2 * RATES[0]), (9, RATES[9] / 2)}


def test_each_rung_and_each_seed_draws_anew():
    """The same trial is worst at rungs 2 and 4; were its parent (of two) always the same, that had chance 2^-20."""
    parents = [
        [stage.parent for stage in pbt_of()._replace(draw_seed=seed).decide(at(4, range(10))).schedules[9][1:]]
        for seed in range(20)
    ]
    assert {len(pair) for pair in parents} == {2}
    assert any(first != second for first, second in parents)
    assert len({first for first, _ in parents}) == 2


def test_clipping_and_resampling():
    clipped = pbt_of(Evolution(every=2, factors=(0.1, 10.0), resample=0.0))
    rng = np.random.default_rng(0)
    found = {explore(clipped, {"learning_rate": 0.3}, rng)["learning_rate"] for _ in range(20)}
    assert found == {RATES[-1], 0.3 * 0.1}
    drawn = pbt_of(Evolution(every=2, resample=1.0))
    assert {explore(drawn, {"learning_rate": 0.3}, rng)["learning_rate"] for _ in range(200)} == set(RATES)
    ranged = pbt_of(Evolution(every=2, resample=1.0), learning_rate=Range(1e-4, 1, 10, log=True))
    logs = np.log10([explore(ranged, {"learning_rate": 0.3}, rng)["learning_rate"] for _ in range(2000)])
    assert (logs.min() >= -4, logs.max() <= 0) == (True, True)
    assert logs.mean() == pytest.approx(-2, abs=4 * 4 / np.sqrt(12 * 2000))  # uniform on [-4, 0]; 4 standard errors
    half = pbt_of(Evolution(every=2, resample=0.5, factors=(1.0,)))
    kept = sum(explore(half, {"learning_rate": 0.3}, rng)["learning_rate"] == 0.3 for _ in range(2000))
    assert kept == pytest.approx(1000, abs=4 * np.sqrt(500))


def test_copies_differ_from_each_other_and_from_their_parents():
    """Four of ten are replaced by copies of four, with one factor only and one end: no two alike."""
    pbt = pbt_of(Evolution(every=2, share=0.4, factors=(0.5, 2.0), resample=0.1))
    for seed in range(20):
        now = pbt._replace(draw_seed=seed).decide(at(2, range(10)))
        pairs = {(now.parents[trial], now.values[trial]["learning_rate"]) for trial in range(10)}
        assert len(pairs) == 10


def test_those_that_diverged_are_the_worst_and_all_replaced():
    losses = [5, 1, np.nan, np.nan, np.inf, 6, 7, 8, 0, 2]
    found = parents_of(pbt_of().decide(at(2, losses)))
    assert set(found) == {2, 3, 4}
    assert set(found.values()) <= {1, 8}
    recovered = at(2, range(10))
    recovered[0].curves["train_loss"][0] = np.inf  # its losses are finite again, but a step was not
    assert 0 in parents_of(pbt_of().decide(recovered))
    assert parents_of(pbt_of().decide(at(2, [np.nan] * 10))) == {}


def test_of_an_accuracy_the_highest_is_best():
    found = parents_of(pbt_of(Evolution(every=2, metric="val_accuracy")).decide(at(2, np.arange(10) / 10)))
    assert set(found) == {0, 1}
    assert set(found.values()) <= {8, 9}


def test_seeds_go_on_together_and_a_copy_keeps_its_seed():
    """Trials 2 i and 2 i + 1 are the seeds of setting i; setting 0 is worst by its mean, setting 1 by one seed only."""
    pbt = pbt_of(Evolution(every=2, share=0.1), seed=(0, 1))
    now = pbt.decide(at(2, [9, 9, 0, 10, *[4] * 14, 1, 1]))
    assert parents_of(now) == {0: 18, 1: 19}
    assert now.values[0] == now.values[1]


def test_only_an_equal_static_part_is_copied():
    """Trials 2 i have a width of 4, 2 i + 1 one of 6: each width replaces its own worst."""
    pbt = pbt_of(Evolution(every=2, share=0.1), widths=((4,), (6,)))
    losses = np.arange(20.0)
    assert parents_of(pbt.decide(at(2, losses))) == {18: 0, 19: 1}
    waits = at(2, losses)
    waits[19] = Record(RUNNING, 1)
    now = pbt.decide(waits)
    assert {now.limits[trial] for trial in range(0, 20, 2)} == {4}
    assert {now.limits[trial] for trial in range(1, 20, 2)} == {2}


def test_lineage():
    """Trial 2 continues trial 1 at 4, which had continued trial 0 at 2; trial 1's own stage at 6 comes later."""
    a, b, c, d = (Stage(epoch, parent, {}) for epoch, parent in ((0, None), (2, 0), (4, 1), (6, 2)))
    assert lineage([[a], [a, b, d], [a, c]], 2) == [(0, a), (1, b), (2, c)]
    assert lineage([[a], [a, b, d], [a, c]], 1) == [(0, a), (1, b), (2, c), (1, d)]


@pytest.mark.parametrize(
    ("options", "axes", "message"),
    [
        ({"every": 0}, {}, "every=0, but a whole number of epochs, at least 1"),
        ({"every": 5}, {}, "every 5 epochs, but the trials have 5"),
        ({"share": 0.6}, {}, "share=0.6, but a number above 0, at most 0.5"),
        ({"share": 0.05}, {}, "share of 0.05 .* but the smallest group has 10"),
        ({}, {"learning_rate": RATES[:4]}, "the smallest group has 4"),
        ({"factors": ()}, {}, r"factors=\(\), but numbers above 0"),
        ({"factors": (0.5, -1.0)}, {}, "numbers above 0 were expected"),
        ({"resample": 1.5}, {}, "resample=1.5, but a probability"),
        ({"metric": "val_los"}, {}, "no curve 'val_los'"),
        ({}, {"epochs": (3, 9)}, "trials of equal length, but these have 3, 9 epochs"),
        ({}, {"patience": (3,)}, "patience would stop them before"),
        ({}, {"learning_rate": (0.1,), "widths": ((4,), (5,))}, "nothing to change while trials train"),
        ({}, {"learning_rate": (0.1,), "init_scale": (0.5, 1, 2, 3, 4)}, "init_scale, patience and min_delta cannot"),
        ({}, {"learning_rate": (0.1,), "dropout": Range(0, 1, 9)}, "dropout is 1.0, but .* was expected"),
    ],
)
def test_impossible_evolutions(options, axes, message):
    with pytest.raises(nnjax.UserError, match=message):
        nnjax.sweep(
            BASE, Space({"learning_rate": RATES, **axes}, evolution=Evolution(**{"every": 2} | options)), data=blobs(63)
        )


def test_an_end_that_no_draw_has_met_is_refused():
    space = Space({"dropout": Range(0, 1)}, "random", 8, evolution=Evolution(every=2))
    with pytest.raises(nnjax.UserError, match=r"may bring dropout to the end of its axis: .*dropout is 1.0"):
        nnjax.sweep(BASE, space, data=blobs(63))


def test_rules_that_exclude_each_other():
    both = Space(axes={"learning_rate": RATES}, halving=Halving(), evolution=Evolution())
    for space in (both, override(Space(), {"eta": "3", "every": "5"})):
        with pytest.raises(nnjax.UserError, match="both halving"):
            nnjax.sweep(BASE, space, data=blobs(63))
    with pytest.raises(nnjax.UserError, match="evolution was asked for"):
        nnjax.sweep(BASE, Space({"learning_rate": RATES}, "adaptive", evolution=Evolution()), data=blobs(63))


def test_the_command_line():
    texts = {
        "every": "3",
        "metric": "val_accuracy",
        "factors": "0.5,2",
        "share": "0.3",
        "resample": "0",
        "draw_seed": "7",
    }
    space = override(Space(), texts)
    assert space.evolution == Evolution(3, 0.3, (0.5, 2.0), 0.0, "val_accuracy")
    assert (space.draw_seed, space.halving) == (7, None)
    assert override(Space(evolution=Evolution(4)), {"metric": "train_loss"}).evolution == Evolution(
        4, metric="train_loss"
    )
    assert override(Space(), {"metric": "val_accuracy"}).halving == Halving(metric="val_accuracy")
    with pytest.raises(nnjax.UserError, match=r"space.factors is 'a,b', but a list of numbers"):
        override(Space(), {"factors": "a,b"})


BASE = replace(CLASSIFIER, {"epochs": 5})
AXES = {"learning_rate": Range(1e-4, 1.0, 4, log=True), "seed": (0, 1), "widths": ((4,), (6,))}
SGD = replace(BASE, {"epochs": 6, "shuffle": False, "optimizer.name": "sgd", "learning_rate": 0.01, "widths": (4,)})
SPACE = Space(axes=AXES, evolution=Evolution(every=2, share=0.25))


@pytest.fixture(scope="module")
def evolved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evolved") / "run"
    return folder, nnjax.sweep(BASE, SPACE, workdir=folder, data=blobs(63))


def same(now, then):
    """Whether two runs are the same bit for bit: curves, values, weights, stages."""
    assert now.schedules == then.schedules
    for trial, (a, b) in enumerate(zip(now.records, then.records, strict=True)):
        assert (a.status, a.epochs) == (b.status, b.epochs)
        assert {name: f"{v:.9g}" for name, v in a.values.items()} == {name: f"{v:.9g}" for name, v in b.values.items()}
        assert set(a.curves) == set(b.curves)
        for name, curve in a.curves.items():
            np.testing.assert_array_equal(curve, b.curves[name])
        for which in ("final", "best"):
            pairs = zip(flat(now.params(trial, which)), flat(then.params(trial, which)), strict=True)
            for one, other in pairs:
                np.testing.assert_array_equal(one, other)


def flat(params):
    return flatten(params).values()


def test_a_run_folder_says_who_went_on_from_whom(evolved):
    folder, run = evolved
    table, tree = (
        pd.read_csv(folder / "trials.csv"),
        json.loads((folder / "evolution.json").read_text("utf-8")),
    )
    assert set(table.status) == {"done"}
    assert set(table.epochs) == {5}
    replaced = 0
    for trial, stages in enumerate(run.schedules):
        assert stages[0] == Stage(0, None, {"learning_rate": run.specs[trial].experiment.hyperparameters.learning_rate})
        assert table.learning_rate[trial] == pytest.approx(stages[0].values["learning_rate"], rel=1e-8)
        assert table.final_learning_rate[trial] == pytest.approx(stages[-1].values["learning_rate"], rel=1e-8)
        assert [stage["parent"] for stage in tree[str(trial)]] == [stage.parent for stage in stages]
        assert tree[str(trial)][-1]["hyperparameters"] == stages[-1].values
        for stage in stages[1:]:
            assert run.specs[stage.parent].experiment.seed == run.specs[trial].experiment.seed
            assert 1e-4 <= stage.values["learning_rate"] <= 1.0
        replaced += len(stages) - 1
        begun = lineage(run.schedules, trial)[0][0]
        assert run.experiment(trial).model == run.specs[begun].experiment.model
        assert run.params(trial)["layer_0"]["kernel"].shape[1] == run.experiment(trial).model.widths[0]
    assert replaced == 2 * 2 * 2  # rungs × seeds × 2 of 8 settings
    again = nnjax.load(folder)
    assert again.schedules == run.schedules
    assert list(map(again.experiment, range(16))) == list(map(run.experiment, range(16)))
    environment = json.loads((folder / "environment.json").read_text("utf-8"))
    assert environment["programs"] == 1  # one for both widths, whatever the rates
    assert not list((folder / "checkpoints").glob("paused_*"))


def test_before_the_first_rung_it_is_the_plain_sweep(evolved):
    plain = nnjax.sweep(BASE, AXES, data=blobs(63)).curves()["val_loss"]
    found = evolved[1].curves()["val_loss"]
    np.testing.assert_allclose(found[:, :2], plain[:, :2], rtol=1e-5)
    never = [trial for trial, stages in enumerate(evolved[1].schedules) if len(stages) == 1]
    assert len(never) >= 4
    np.testing.assert_allclose(found[never], plain[never], rtol=1e-4)


def test_a_copy_with_its_parents_hyperparameters_trains_as_its_parent(tmp_path):
    """The whole state is copied: with Adam's moments left behind, or other weights, the curves would part."""
    space = Space({"learning_rate": RATES[:4]}, evolution=Evolution(every=3, share=0.25, factors=(1.0,), resample=0.0))
    run = nnjax.sweep(replace(BASE, {"epochs": 6, "widths": (4,)}), space, data=blobs(63))
    [(child, stage)] = [(trial, stages[1]) for trial, stages in enumerate(run.schedules) if len(stages) > 1]
    for name, curve in run.records[child].curves.items():
        np.testing.assert_array_equal(curve[3:], run.records[stage.parent].curves[name][3:])
        assert "accuracy" in name or (curve[:3] != run.records[stage.parent].curves[name][:3]).any()
    for which in ("final", "best"):
        for own, parents in zip(flat(run.params(child, which)), flat(run.params(stage.parent, which)), strict=True):
            np.testing.assert_array_equal(own, parents)
    assert run.records[child].values["best_epoch"] == run.records[stage.parent].values["best_epoch"]


MIXED = {
    "widths": ((3,), (6, 4)),
    "optimizer.name": ("adam", "momentum"),
    "model.activation": ("relu", "tanh"),
    "learning_rate": (1e-6, 0.05),
}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Networks of different architectures and optimizers that replace each other; hyperparameters stay as they are."""
    folder = tmp_path_factory.mktemp("mixed") / "run"
    evolution = Evolution(every=3, share=0.25, factors=(1.0,), resample=0.0)
    experiment = replace(BASE, {"epochs": 6, "evaluate_test": "chosen"})
    return folder, nnjax.sweep(experiment, Space(MIXED, evolution=evolution), workdir=folder, data=blobs(63))


def test_a_copy_takes_its_parents_network_and_optimizer(mixed):
    """Beside a parent of another architecture or optimizer, a copy trains as that from then on, in all that is told."""
    folder, run = mixed
    copies = [(trial, stages[1].parent) for trial, stages in enumerate(run.schedules) if len(stages) > 1]
    crossed = 0
    for child, parent in copies:
        own, source = run.specs[child].experiment, run.specs[parent].experiment
        crossed += (own.model, own.optimizer) != (source.model, source.optimizer)
        assert (run.experiment(child).model, run.experiment(child).optimizer) == (source.model, source.optimizer)
        for name, curve in run.records[child].curves.items():
            np.testing.assert_array_equal(curve[3:], run.records[parent].curves[name][3:])
        for one, other in zip(flat(run.params(child)), flat(run.params(parent)), strict=True):
            np.testing.assert_array_equal(one, other)
        x = blobs(9).x
        np.testing.assert_array_equal(run.outputs(x, child), run.outputs(x, parent))
    assert len(copies) == 4
    assert crossed
    again = nnjax.load(folder)
    chosen = again.chosen()
    assert chosen.setting.experiment == run.experiment(chosen.trial)
    assert np.isfinite(again.records[chosen.trial].values["test_loss"])


@pytest.mark.slow
def test_without_merging_networks_of_one_architecture_replace_each_other():
    space = Space({**AXES, "seed": (0,)}, evolution=Evolution(every=2, share=0.25))
    run = nnjax.sweep(BASE, space, data=blobs(63), plan=Plan(merge=False))
    for trial, stages in enumerate(run.schedules):
        for stage in stages[1:]:
            assert run.specs[stage.parent].experiment.model == run.specs[trial].experiment.model


def test_an_envelope_that_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(groups, "fits", lambda *_: False)
    with pytest.raises(
        nnjax.UserError, match=r"does not fit the memory of a device: pass plan=nnjax\.Plan\(merge=False\)"
    ):
        nnjax.sweep(BASE, SPACE, data=blobs(63))


def test_the_best_weights_so_far_are_copied_too():
    """Nothing is learned at a rate of 0: the best epoch of all is the first, also of a copy."""
    space = Space({"l2": (0.0, 0.1, 0.2, 0.3)}, evolution=Evolution(every=2, share=0.25))
    run = nnjax.sweep(replace(SGD, {"learning_rate": 0.0}), space, data=blobs(63))
    assert [len(stages) for stages in run.schedules] == [1, 1, 1, 3]
    assert [record.values["best_epoch"] for record in run.records] == [1.0] * 4


def test_a_copy_trains_on_with_its_own_hyperparameters(tmp_path):
    """Without shuffling, and with SGD, which has no state, it is a run that starts from the parent's weights."""
    space = Space({"learning_rate": (0.2, 0.01, 0.02, 0.0001)}, evolution=Evolution(every=4, share=0.25))
    run = nnjax.sweep(SGD, space, data=blobs(63))
    [(child, stage)] = [(trial, stages[1]) for trial, stages in enumerate(run.schedules) if len(stages) > 1]
    rate = run.specs[stage.parent].experiment.hyperparameters.learning_rate
    assert (child, stage.epoch, stage.values["learning_rate"] != rate) == (3, 4, True)
    parent = nnjax.sweep(replace(SGD, {"epochs": 4, "learning_rate": rate}), data=blobs(63))
    nnjax.save_weights(parent.params(), tmp_path / "weights.npz")
    changes = {"epochs": 2, "start_weights": str(tmp_path / "weights.npz"), **stage.values}
    alone = nnjax.sweep(replace(SGD, changes), data=blobs(63))
    for name, curve in alone.records[0].curves.items():
        np.testing.assert_allclose(run.records[child].curves[name][4:], curve, rtol=1e-5, err_msg=name)


def test_a_trial_that_diverged_is_replaced_and_ends_well(tmp_path):
    rates = (0.01, 0.02, 1e20, 0.05)
    space = Space({"learning_rate": rates}, evolution=Evolution(every=2, share=0.25, resample=0.0))
    run = nnjax.sweep(SGD, space, workdir=tmp_path / "run", data=blobs(63))
    assert {record.status for record in run.records} == {"done"}
    curve = run.records[2].curves["train_loss"]
    assert (np.isfinite(curve[:2]).all(), np.isfinite(curve[2:]).all()) == (False, True)
    assert run.schedules[2][1].epoch == 2
    assert "diverged_at_step" not in run.records[2].values
    run.report()


def test_where_all_diverge_there_is_nobody_to_copy():
    run = nnjax.sweep(SGD, Space({"learning_rate": (1e20, 1e21)}, evolution=Evolution(2, 0.5)), data=blobs(63))
    assert [record.status for record in run.records] == ["diverged"] * 2
    assert [len(stages) for stages in run.schedules] == [1, 1]


def test_it_finds_a_rate_that_no_member_began_with():
    """All members but one are far too slow, and that one far too fast; doublings lead to rates between them.

    Jaderberg et al. 2017, section 3: a schedule is found within one run. The same members alone stay where they are.
    """
    rates = (1e-4, 1.3e-4, 1.6e-4, 2e-4, 2.5e-4, 3e-4, 4e-4, 10.0)
    base = replace(SGD, {"epochs": 24})
    evolution = Evolution(every=2, share=0.25, factors=(0.5, 4.0), resample=0.0)
    losses = [
        min(record.values["val_loss"] for record in nnjax.sweep(base, space, data=blobs(63)).records)
        for space in (Space({"learning_rate": rates}), Space({"learning_rate": rates}, evolution=evolution))
    ]
    assert losses[1] < 0.8 * losses[0], losses


def test_others_rules_are_another_experiment(evolved):
    folder, _ = evolved
    for space in (Space(axes=AXES), Space(AXES, draw_seed=1, evolution=SPACE.evolution)):
        with pytest.raises(nnjax.UserError, match=r"evolution: every 2 share 0\.25"):
            nnjax.sweep(BASE, space, workdir=folder, data=blobs(63))


def test_a_trial_alone(evolved):
    """One that was never replaced gives its curve again, bit for bit; one that was cannot be trained alone."""
    folder, run = evolved
    lengths = [len(stages) for stages in run.schedules]
    kept, copy = lengths.index(1), next(i for i, n in enumerate(lengths) if n > 1)
    again = retrial(folder, kept)
    alone = nnjax.sweep(again.experiment, data=blobs(63), plan=again.plan)
    np.testing.assert_array_equal(alone.curves()["val_loss"][0], run.curves()["val_loss"][kept])
    parent = run.schedules[copy][-1].parent
    with pytest.raises(nnjax.UserError, match=f"Trial {copy} went on from the weights of trial {parent} at epoch"):
        retrial(folder, copy)


@pytest.mark.parametrize("stops", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_it_goes_on_bit_for_bit(evolved, tmp_path, stops):
    """Stopped after some segments, then after as many more."""
    count = 0

    def stop():
        nonlocal count
        count += 1
        return count % stops == 0

    for _ in range(300):
        try:
            run = nnjax.sweep(BASE, SPACE, workdir=tmp_path / "run", data=blobs(63), should_stop=stop)
            break
        except nnjax.api.Stopped:
            pass
    assert count > stops
    same(run, evolved[1])


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("first", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_it_goes_on_after_a_kill_at_any_write(evolved, tmp_path, monkeypatch, first):
    """The process dies at a write, which is not done, nor any later one; so again and again, some writes later."""
    write, left, kills = write_atomically, 5 + first, 0

    def dying(path, content):
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        write(path, content)

    for module in (checkpoints, files, run_folder):
        monkeypatch.setattr(module, "write_atomically", dying)
    for _ in range(100):
        try:
            run = nnjax.sweep(BASE, SPACE, workdir=tmp_path / "run", data=blobs(63))
            break
        except Killed:
            kills += 1
            left = 7 + kills
    assert kills > 2
    same(run, evolved[1])


@pytest.mark.parametrize("damage", ["paused", "weights"])
def test_a_state_that_is_lost_lets_all_begin_again(evolved, tmp_path, damage):
    """Others went on from it, or will: only from the beginning is everything the same."""
    folder = tmp_path / "run"
    if damage == "paused":
        segments = iter(range(1000))

        def stop():
            return any((folder / "checkpoints").glob("paused_*")) and next(segments) > 0

        with pytest.raises(nnjax.api.Stopped):
            nnjax.sweep(BASE, SPACE, workdir=folder, data=blobs(63), should_stop=stop)
        for path in (folder / "checkpoints").glob("paused_*"):
            path.write_bytes(path.read_bytes()[:-20])
    else:
        nnjax.sweep(BASE, SPACE, workdir=folder, data=blobs(63))
        copy = next(i for i, stages in enumerate(evolved[1].schedules) if len(stages) > 1)
        (folder / "checkpoints" / f"weights_{copy:05d}.npz").unlink()
    same(nnjax.sweep(BASE, SPACE, workdir=folder, data=blobs(63)), evolved[1])


def test_a_copy_is_lost_while_its_parents_wait(tmp_path):
    """Trained again, it would meet them at a later epoch than that at which it went on from them."""
    folder, plan = tmp_path / "run", Plan(devices=1, lanes=2)
    space = Space({"learning_rate": AXES["learning_rate"]}, evolution=Evolution(every=2, share=0.5))
    base = replace(BASE, {"widths": (4,)})
    whole = nnjax.sweep(base, space, data=blobs(63), plan=plan)
    copies = [trial for trial, stages in enumerate(whole.schedules) if len(stages) > 1]
    ended = []

    def observe(progress):
        ended[:] = [trial for trial in copies if progress.records[trial].status == "done"]

    with pytest.raises(nnjax.api.Stopped):
        nnjax.sweep(
            base, space, workdir=folder, data=blobs(63), plan=plan, observe=observe, should_stop=lambda: bool(ended)
        )
    assert "running" in (folder / "trials.csv").read_text("utf-8")
    for path in (folder / "checkpoints" / f"weights_{ended[0]:05d}.npz", *(folder / "checkpoints").glob("chunk*")):
        path.unlink()
    same(nnjax.sweep(base, space, workdir=folder, data=blobs(63), plan=plan), whole)


@pytest.mark.slow
def test_a_certificate_leaves_out_those_that_went_on_from_others(evolved):
    _, run = evolved
    replaced = [trial for trial, stages in enumerate(run.schedules) if len(stages) > 1]
    found = run.certify()
    assert replaced
    assert not {check.trial for check in found.checks} & set(replaced)
    assert (len(replaced), "they went on from another trial's weights (population-based training)") in found.left_out

"""Who goes on at a rung, worked out by hand; then in real populations."""

import numpy as np
import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.core.fields import replace
from nnjax.data import Datasets
from nnjax.search.halving import HalvingScheduler, make_brackets, rungs_of
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Halving, Space
from nnjax.train.host.population import Population
from nnjax.train.layout.plan import Plan
from nnjax.train.storage.records import DIVERGED, RUNNING, STOPPED, Record
from nnjax.verify import data_checks

RATES = tuple(0.001 * 1.5**i for i in range(9))


def specs(epochs=9, **axes):
    return expand(replace(CLASSIFIER, {"epochs": epochs}), Space(axes={"learning_rate": RATES, **axes}))


def at(epochs, losses, status=RUNNING):
    return [Record(status, epochs, curves={"val_loss": np.full(epochs, loss)}) for loss in losses]


def decide(halving, brackets, records):
    return HalvingScheduler(halving, brackets).decide(records)


@pytest.mark.parametrize(
    ("halving", "epochs", "expected"),
    [
        (Halving(3, 1), 81, (1, 3, 9, 27, 81)),  # Li et al. 2018, table 1, s = 4
        (Halving(3, 1), 50, (1, 5, 16, 50)),
        (Halving(3, 2), 50, (5, 16, 50)),
        (Halving(2, 3), 12, (3, 6, 12)),
        (Halving(), 50, (5, 16, 50)),
        (Halving(2), 50, (12, 25, 50)),
        (Halving(), 5, (1, 5)),
    ],
)
def test_rungs(halving, epochs, expected):
    assert rungs_of(halving, epochs) == expected


def test_shares_of_hyperband():
    """Li et al. 2018, algorithm 1, for R = 81 and eta = 3: n = ceil(5 / (s + 1)) 3^s, 81, 54 and 18 for s = 4, 3, 2."""
    spec = expand(
        replace(CLASSIFIER, {"epochs": 81}), Space(axes={"learning_rate": np.geomspace(0.001, 1, 145).tolist()})
    )
    found = make_brackets(Halving(3, 1, brackets=3), spec)
    weights = np.array([81, 54, 18])
    np.testing.assert_allclose([len(b.settings) for b in found], 145 * weights / weights.sum(), atol=1)
    assert [b.rungs[0] for b in found] == [1, 3, 9]
    assert sorted(i for b in found for trials in b.settings for i in trials) == list(range(145))


def test_nothing_is_decided_before_all_are_there():
    brackets = make_brackets(Halving(), specs())
    now = decide(Halving(), brackets, [*at(1, range(8)), *at(0, [0])])
    assert set(now.limits.values()) == {1}
    assert not now.dropped


def test_the_best_third_goes_on_and_a_diverged_one_does_not():
    brackets, records = make_brackets(Halving(), specs()), at(1, [5, 1, 3, 4, 2, 6, 7, 8, 0])
    records[8] = Record(DIVERGED, 0)
    now = decide(Halving(), brackets, records)
    assert {trial for trial, limit in now.limits.items() if limit == 3} == {1, 2, 4}
    assert now.dropped == {0, 3, 5, 6, 7, 8}


def test_seeds_go_on_together_by_their_mean():
    """Trials 2 i and 2 i + 1 are the seeds of setting i: means 4.5, 2, 3, then worse."""
    brackets = make_brackets(Halving(), specs(seed=(0, 1)))
    now = decide(Halving(), brackets, at(1, [0, 9, 2, 2, 3, 3, 4.6, 4.6, *range(10, 20)]))
    assert {trial for trial, limit in now.limits.items() if limit == 3} == {0, 1, 2, 3, 4, 5}


def falling(epochs, a, p):
    """A loss of a epoch^-p, after a first epoch of nonsense."""
    t = np.arange(1.0, epochs + 1)
    return Record(RUNNING, epochs, curves={"val_loss": np.where(t == 1, 7.0, a * t**-p)})


def test_who_will_lead_at_the_end_goes_on():
    """At epoch 3 the losses are .32 to .34 and .37 to .39, at epoch 27 .21 to .22 and .051 (27^-.9) to .054.

    A fifth of the way, in logarithms, is to .29 and up, and to .25 and up.
    """
    halving = Halving(3, 3)
    brackets = make_brackets(halving, specs(27))
    assert brackets[0].rungs == (3, 9, 27)
    records = [falling(3, 0.40 + 0.005 * i, 0.2) for i in range(6)] + [falling(3, a, 0.9) for a in (1.0, 1.02, 1.04)]
    assert all(a.curves["val_loss"][2] < b.curves["val_loss"][2] for a in records[:6] for b in records[6:])
    assert decide(halving, brackets, records).dropped == set(range(6))


@pytest.mark.parametrize(("difference", "kept"), [(1e-6, 0), (-1e-6, 1)])
def test_the_line_is_fitted_by_least_squares_in_both_logarithms(difference, kept):
    """Against numpy.polyfit: a constant loss just above, or just below, the lowest less a fifth of the line's fall."""
    halving = Halving(5, 8)
    brackets = make_brackets(halving, specs(40))
    assert brackets[0].rungs == (8, 40)
    logs = [2, 0, 1, 0.5, 0, 0.5, 0.1]
    line = np.polyfit(np.log([2, 3, 4, 5, 6, 7, 8]), logs, 1)
    curve = Record(RUNNING, 8, curves={"val_loss": np.exp([9.0, *logs])})
    assert line[0] < 0
    constant = np.exp(min(logs) + 0.2 * line[0] * np.log(40 / 8) + difference)
    now = decide(halving, brackets, [curve, *at(8, [constant, *[99.0] * 7])])
    assert set(range(9)) - now.dropped == {kept}


def test_a_stopped_trial_stays_as_it_is():
    """Stopped at epoch 8 with a loss of 2.4 / 8 = .3, of which a power law promises .23: three others are lower now."""
    halving = Halving(3, 9)
    stopped = Record(STOPPED, 8, curves={"val_loss": 2.4 / np.arange(1, 9)})
    now = decide(halving, make_brackets(halving, specs(27)), [stopped, *at(9, [0.1, 0.2, 0.26, *[0.4] * 5])])
    assert set(range(9)) - now.dropped == {1, 2, 3}


def test_the_best_epoch_counts_and_not_the_last():
    """A setting that overfits after its best epoch keeps it, as the choice at the end does."""
    halving = Halving(3, 9)
    overfits = Record(RUNNING, 9, curves={"val_loss": np.array([1, 0.5, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])})
    now = decide(halving, make_brackets(halving, specs(27)), [overfits, *at(9, [0.11, 0.12, *[0.4] * 6])])
    assert set(range(9)) - now.dropped == {0, 1, 2}


def test_losses_below_zero_are_judged_by_lowest_values():
    halving = Halving(3, 3)
    steep = [Record(RUNNING, 3, curves={"val_loss": np.array([9.0, 3.0, 1.0])}) for _ in range(6)]
    now = decide(halving, make_brackets(halving, specs(27)), [*steep, *at(3, [-0.1, 0.5, 0.9])])
    assert now.dropped == set(range(6))


def test_the_survival_by_hand():
    """Nine settings go on by thirds; of two brackets, 5 pass rung 1 and 4 begin with rung 3, where 1 of the 5 comes."""
    assert decide(Halving(), make_brackets(Halving(), specs()), at(0, range(9))).survival == (
        (1, 1),
        (3 / 9, 2),
        (1 / 9, 6),
    )
    two = Halving(brackets=2)
    brackets = make_brackets(two, specs())
    assert [len(bracket.settings) for bracket in brackets] == [5, 4]
    assert decide(two, brackets, at(0, range(9))).survival == ((1, 1), (5 / 9, 2), (2 / 9, 6))


@pytest.mark.slow
def test_lanes_suit_all_stages():
    """By hand, for 64 settings of 4 seeds on 2 devices, turns × (lanes + 4) × epochs:

    16 lanes 20 (8 × 5 + 4 × 11 + 2 × 34) = 3040, 8 lanes 12 (16 × 5 + 6 × 11 + 2 × 34) = 2568, 4 lanes 3424.
    """
    space = Space(axes={"learning_rate": nnjax.Range(1e-3, 1e-1, 64, log=True), "seed": (0, 1, 2, 3)})
    data = Datasets(blobs(63))
    trials = data_checks.resolve_trials(expand(replace(CLASSIFIER, {"epochs": 50}), space), data)
    plan = Plan(devices=2, lanes=16)
    prepared = data_checks.check(trials, data)[0]
    brackets = make_brackets(Halving(), trials)
    for decide, lanes in ((None, 16), (HalvingScheduler(Halving(), brackets).decide, 8)):
        population = Population(trials, prepared, plan, decide=decide)
        assert population.recovery.resume() is None
        assert population.queue.next_active().lanes == lanes


def test_of_an_accuracy_the_highest_goes_on():
    halving = Halving(metric="val_accuracy")
    records = [Record(RUNNING, 1, curves={"val_accuracy": np.array([i / 9])}) for i in range(9)]
    assert decide(halving, make_brackets(halving, specs()), records).dropped == set(range(6))


@pytest.mark.parametrize(
    ("halving", "space", "message"),
    [
        ({"eta": 1}, {}, "eta=1, but a whole number, at least 2"),
        ({"first": 4}, {}, "first rung at 4 epochs or later and eta 3, but the trials have 9"),
        ({"brackets": 4}, {}, "4 brackets, but the rungs at 1, 3, 9 epochs make at most 3"),
        ({}, {"epochs": (3, 9)}, "trials of equal length, but these have 3, 9 epochs"),
        ({"metric": "val_los"}, {}, "no curve 'val_los'"),
    ],
)
def test_impossible_halvings(halving, space, message):
    axes = {"learning_rate": RATES, **space}
    with pytest.raises(nnjax.UserError, match=message):
        nnjax.sweep(BASE, Space(axes=axes, halving=Halving(**halving)), data=blobs(63))


AXES = {"learning_rate": RATES, "seed": (0, 1), "widths": ((4,), (6,))}
BASE = replace(CLASSIFIER, {"epochs": 9})


@pytest.fixture(scope="module")
def halved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("halved") / "run"
    return folder, nnjax.sweep(BASE, Space(axes=AXES, halving=Halving()), workdir=folder, data=blobs(63))


def test_a_halved_sweep_is_the_beginning_of_the_full_one(halved):
    _, run = halved
    full = nnjax.sweep(BASE, AXES, data=blobs(63)).curves()["val_loss"]
    for i, record in enumerate(run.records):
        curve = record.curves["val_loss"]
        np.testing.assert_allclose(curve, full[i, : record.epochs], rtol=1e-4, err_msg=str(i))
    epochs = [record.epochs for record in run.records]
    assert [epochs.count(n) for n in (1, 3, 9)] == [24, 8, 4]
    assert {record.status for record in run.records} == {"dropped", "done"}
    settings = {(s.experiment.hyperparameters.learning_rate, s.experiment.model.widths): [] for s in run.specs}
    for spec, curve in zip(run.specs, full, strict=True):
        settings[spec.experiment.hyperparameters.learning_rate, spec.experiment.model.widths].append(curve[0])
    best = sorted(settings, key=lambda setting: np.mean(np.log(settings[setting])))[:6]
    kept = {
        (spec.experiment.hyperparameters.learning_rate, spec.experiment.model.widths)
        for spec, n in zip(run.specs, epochs, strict=True)
        if n > 1
    }
    assert kept == set(best)


def test_what_a_dropped_trial_leaves(halved):
    folder, run = halved
    trial = next(i for i, record in enumerate(run.records) if record.status == "dropped")
    assert run.records[trial].values["val_loss"] == run.records[trial].curves["val_loss"][-1]
    assert not list((folder / "checkpoints").glob("paused_*"))
    with pytest.raises(nnjax.UserError, match=f"Trial {trial} was dropped after 1 epochs"):
        run.params(trial)


def test_other_rungs_are_another_experiment(halved):
    folder, _ = halved
    with pytest.raises(nnjax.UserError, match="halving: eta 3 brackets 1 metric val_loss → none"):
        nnjax.sweep(BASE, AXES, workdir=folder, data=blobs(63))


@pytest.mark.parametrize("stops", [*(pytest.param(stop, marks=pytest.mark.slow) for stop in (1, 2, 5, 8)), 3])
def test_it_goes_on_bit_for_bit(halved, tmp_path, stops):
    """Stopped after some segments, then after each one."""
    _, whole = halved
    count = 0

    def stop():
        nonlocal count
        count += 1
        return count % stops == 0

    for _ in range(200):
        try:
            space = Space(axes=AXES, halving=Halving())
            run = nnjax.sweep(BASE, space, workdir=tmp_path / "run", data=blobs(63), should_stop=stop)
            break
        except nnjax.api.Stopped:
            pass
    assert count > stops
    for now, then in zip(run.records, whole.records, strict=True):
        assert (now.status, now.epochs) == (then.status, then.epochs)
        np.testing.assert_array_equal(now.curves["val_loss"], then.curves["val_loss"])

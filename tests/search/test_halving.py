"""Who goes on at a rung, worked out by hand; then in real populations."""

import numpy as np
import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.fields import replace
from nnjax.search import Halving, Space, expand
from nnjax.search.halving import make_brackets, rungs_of, standing
from nnjax.train.records import DIVERGED, RUNNING, Record

RATES = tuple(0.001 * 1.5**i for i in range(9))


def specs(epochs=9, **axes):
    return expand(replace(CLASSIFIER, {"epochs": epochs}), Space(axes={"learning_rate": RATES, **axes}))


def at(epochs, losses, status=RUNNING):
    return [Record(status, epochs, curves={"val_loss": np.full(epochs, loss)}) for loss in losses]


@pytest.mark.parametrize(
    ("halving", "epochs", "expected"),
    [
        (Halving(3, 1), 81, (1, 3, 9, 27, 81)),  # Li et al. 2018, table 1, s = 4
        (Halving(3, 1), 50, (2, 6, 17, 50)),
        (Halving(3, 5), 50, (6, 17, 50)),
        (Halving(2, 3), 12, (3, 6, 12)),
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
    now = standing(Halving(), brackets, [*at(1, range(8)), *at(0, [0])])
    assert set(now.limits.values()) == {1}
    assert not now.dropped


def test_the_best_third_goes_on_and_a_diverged_one_does_not():
    brackets, records = make_brackets(Halving(), specs()), at(1, [5, 1, 3, 4, 2, 6, 7, 8, 0])
    records[8] = Record(DIVERGED, 0)
    now = standing(Halving(), brackets, records)
    assert {trial for trial, limit in now.limits.items() if limit == 3} == {1, 2, 4}
    assert now.dropped == {0, 3, 5, 6, 7, 8}


def test_seeds_go_on_together_by_their_mean():
    """Trials 2 i and 2 i + 1 are the seeds of setting i: means 4.5, 2, 3, then worse."""
    brackets = make_brackets(Halving(), specs(seed=(0, 1)))
    now = standing(Halving(), brackets, at(1, [0, 9, 2, 2, 3, 3, 4.6, 4.6, *range(10, 20)]))
    assert {trial for trial, limit in now.limits.items() if limit == 3} == {0, 1, 2, 3, 4, 5}


def test_of_an_accuracy_the_highest_goes_on():
    halving = Halving(metric="val_accuracy")
    records = [Record(RUNNING, 1, curves={"val_accuracy": np.array([i / 9])}) for i in range(9)]
    assert standing(halving, make_brackets(halving, specs()), records).dropped == set(range(6))


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
    best = sorted(settings, key=lambda setting: np.mean(settings[setting]))[:6]
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
    with pytest.raises(nnjax.UserError, match="halving: eta 3 first 1 brackets 1 metric val_loss → none"):
        nnjax.sweep(BASE, AXES, workdir=folder, data=blobs(63))


@pytest.mark.parametrize("stops", [1, 2, 3, 5, 8])
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

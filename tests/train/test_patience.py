"""Early stopping: as Keras's EarlyStopping counts, with the best weights, whatever the lanes and segments."""

import numpy as np
import pytest
from populations import CLASSIFIER, StopAfter, blobs, population, specs_of

import nnjax
from nnjax.core.fields import replace
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.host.population import Stopped
from nnjax.train.layout.plan import Plan
from nnjax.train.storage.records import stop_epoch

STOPPING = replace(CLASSIFIER, {"patience": 2, "epochs": 24, "train_eval_size": 0})
RATES = (0.001, 0.05, 0.3, 1.0)


@pytest.mark.parametrize(
    ("curve", "patience", "epoch"),
    [
        ([3, 2, 1, 0], 1, None),
        ([3, 2, 2, 1], 1, 3),  # an equal value is no improvement
        ([3, 2, 2.5, 1, 4, 4], 2, 6),
        ([3, 4, 5], 3, None),
        ([3, 4, 5, 6], 3, 4),
        ([np.nan, np.nan], 2, 2),
        ([3, 4, 5], None, None),
    ],
)
def test_the_epoch_at_which_patience_ends(curve, patience, epoch):
    assert stop_epoch(np.array(curve), patience) == epoch


def test_min_delta_is_what_an_epoch_has_to_gain():
    """By hand, with patience 2: 2.95 and 2.91 do not gain 0.1 on 3, 2.8 does, and 2.75 and 2.71 do not."""
    assert stop_epoch(np.array([3.0, 2.95, 2.91]), 2, 0.1) == 3
    assert stop_epoch(np.array([3.0, 2.95, 2.8, 2.75, 2.71]), 2, 0.1) == 5
    assert stop_epoch(np.array([3.0, 2.95, 2.8, 2.75, 2.71]), 2) is None


def test_it_counts_as_keras_does():
    """Keras 3's own callback, fed with random losses."""
    keras = pytest.importorskip("keras")
    rng, model = np.random.default_rng(0), keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mean_squared_error")
    for patience, delta in ((1, 0.0), (2, 0.3), (5, 0.1)):
        for curve in rng.normal(size=(20, 30)):
            callback = keras.callbacks.EarlyStopping("val_loss", patience=patience, min_delta=delta, mode="min")
            callback.set_model(model)
            model.stop_training = False
            callback.on_train_begin()
            for epoch, value in enumerate(curve):
                callback.on_epoch_end(epoch, {"val_loss": value})
                if callback.model.stop_training:
                    break
            ended = callback.stopped_epoch + 1 if callback.stopped_epoch else None
            assert stop_epoch(curve, patience, delta) == ended


def _trained(plan, patience=2, **options):
    specs = specs_of(replace(STOPPING, {"patience": patience}), {"learning_rate": RATES})
    run = population(specs, plan=plan, **options)
    run.run()
    return run


@pytest.mark.parametrize(
    "plan", [Plan(1, 1, 1), Plan(2, 1, 4, "shared"), pytest.param(Plan(1, 1, 4, "own"), marks=pytest.mark.slow)]
)
def test_a_stopped_trial_is_the_beginning_of_the_patient_one_and_ends_with_its_best_weights(plan):
    stopped, patient = _trained(plan), _trained(plan, patience=24)
    statuses = [record.status for record in stopped.records]
    assert {"stopped"} <= set(statuses) <= {"done", "stopped"}
    for trial, (short, long) in enumerate(zip(stopped.records, patient.records, strict=True)):
        whole = long.curves["val_loss"]
        end = stop_epoch(whole, 2) or 24
        assert short.epochs == end
        np.testing.assert_array_equal(short.curves["val_loss"], whole[:end])
        if short.status == "stopped":
            best = int(np.argmin(whole[:end])) + 1
            assert short.values["best_epoch"] == best == end - 2
            np.testing.assert_allclose(short.values["val_loss"], whole[best - 1], rtol=1e-5)
            weights = stopped.store.load_weights(trial)
            for name in (name for name in weights if name.startswith("final/")):
                np.testing.assert_array_equal(weights[name], weights[name.replace("final/", "best/")])


def test_min_delta_is_the_same_in_the_program_and_beside_it():
    """The best epoch, which the program finds, is that from which the epochs without gain were counted."""
    specs = specs_of(replace(STOPPING, {"min_delta": 0.02}), {"learning_rate": RATES})
    run = population(specs, plan=Plan(1, 1, 4, "shared"))
    run.run()
    ends = [record.epochs for record in run.records if record.status == "stopped"]
    assert ends
    for record in run.records:
        assert stop_epoch(record.curves["val_loss"], 2, 0.02) in (None, record.epochs)
        if record.status == "stopped":
            assert record.values["best_epoch"] == record.epochs - 2


def test_it_does_not_depend_on_the_lanes():
    epochs = [[record.epochs for record in _trained(plan).records] for plan in (Plan(1, 1, 1), Plan(2, 1, 4, "shared"))]
    assert epochs[0] == epochs[1]


def test_patience_is_an_axis_of_one_program():
    run = nnjax.sweep(STOPPING, {"patience": (1, 3, 24), "learning_rate": (0.3,)}, data=blobs(), plan=Plan(1, lanes=4))
    assert [record.epochs for record in run.records] == sorted(record.epochs for record in run.records)
    assert run.records[0].epochs < run.records[2].epochs
    assert len(run.settings()) == 3
    assert run.best_trial() in range(3)


@pytest.mark.parametrize("patience", [0, -1])
def test_patience_is_at_least_one_epoch(patience):
    with pytest.raises(nnjax.UserError, match=r"patience is .* at least 1"):
        nnjax.sweep(replace(STOPPING, {"patience": patience}), data=blobs())


def _crowd(**options):
    """Twelve trials on one device of four lanes: what is left of one lane batch waits for the rest of the next."""
    specs = specs_of(STOPPING, {"learning_rate": (0.001, 0.3, 1.0, 0.002, 0.5, 2.0, 0.003, 0.6, 3.0, 0.004, 0.7, 4.0)})
    return population(specs, plan=Plan(1, 1, 4, "shared"), **options)


def test_what_is_left_of_lane_batches_joins_and_changes_no_result(monkeypatch):
    sizes = []
    place = ActiveBatches.place

    def spy(active, batches, start_weights):
        sizes.extend(len(batch.specs) for batch in batches.values() if batch.state is not None)
        place(active, batches, start_weights)

    monkeypatch.setattr(ActiveBatches, "place", spy)
    joined = _crowd()
    joined.run()
    assert max(sizes) > 2  # at most two were left of any lane batch
    for spec, record in zip(joined.specs, joined.records, strict=True):
        alone = population([type(spec)(0, spec.experiment)], plan=Plan(1, 1, 4, "shared", fixed=True))
        alone.run()
        assert (record.status, record.epochs) == (alone.records[0].status, alone.records[0].epochs)
        np.testing.assert_array_equal(record.curves["val_loss"], alone.records[0].curves["val_loss"])


@pytest.mark.parametrize("questions", [1, 2, 4, 6, 9])
def test_it_resumes_with_what_is_left_of_lane_batches(questions):
    whole = _crowd()
    whole.run()
    first = _crowd(should_stop=StopAfter(questions))
    with pytest.raises(Stopped):
        first.run()
    second = _crowd(store=first.store, records=first.records)
    second.run()
    for one, other in zip(whole.records, second.records, strict=True):
        assert (one.status, one.epochs) == (other.status, other.epochs)
        np.testing.assert_array_equal(one.curves["val_loss"], other.curves["val_loss"])
        assert one.values == other.values

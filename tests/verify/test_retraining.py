"""Retraining a trial of a run alone, and starting from weights of a file."""

import numpy as np
import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.core.fields import replace
from nnjax.verify.retraining import retrial

RATES = {"learning_rate": (0.01, 0.1, 0.3), "seed": (0, 1)}


@pytest.mark.parametrize("trial", [0, 3, 5])
def test_a_trial_alone_gives_the_curve_it_gave_among_others_bit_for_bit(tmp_path, trial):
    run = nnjax.sweep(CLASSIFIER, RATES, workdir=tmp_path, data=blobs(), title="Blobs")
    again = retrial(tmp_path, trial)
    assert (again.title, again.experiment) == (f"Trial {trial} of Blobs", run.specs[trial].experiment)
    assert again.plan.fixed
    alone = nnjax.sweep(again.experiment, data=blobs(), plan=again.plan)
    for name, curves in run.curves().items():
        np.testing.assert_array_equal(alone.curves()[name][0], curves[trial], err_msg=name)
    for layer, arrays in run.params(trial).items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(alone.params(0)[layer][name], array, err_msg=f"{layer}/{name}")


def test_a_trial_that_started_from_another_starts_from_its_weights(tmp_path):
    arms = {"first": nnjax.Arm(), "second": nnjax.Arm({"epochs": 1, "learning_rate": 0.02}, start_from="first")}
    run = nnjax.sweep(CLASSIFIER, nnjax.Space({"seed": (0, 1)}, arms=arms), workdir=tmp_path, data=blobs())
    again = retrial(tmp_path, 3)
    assert again.experiment.start_weights == str(tmp_path / "checkpoints" / "weights_00001.npz")
    alone = nnjax.sweep(again.experiment, data=blobs(), plan=again.plan)
    np.testing.assert_array_equal(alone.curves()["val_loss"][0], run.curves()["val_loss"][3, :1])


def test_given_weights_are_where_training_starts(tmp_path):
    run = nnjax.sweep(CLASSIFIER, data=blobs())
    path = tmp_path / "weights.npz"
    nnjax.save_weights(run.params(), path)
    still = replace(CLASSIFIER, {"start_weights": str(path), "learning_rate": 0.0, "epochs": 1})
    again = nnjax.sweep(still, data=blobs())
    for layer, arrays in run.params().items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(again.params()[layer][name], array, err_msg=f"{layer}/{name}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "complaint"),
    [
        ("other", "cannot start from .*weights.npz: The array .* has shape"),
        ("damaged", "is damaged"),
        ("absent", "does not exist"),
    ],
)
def test_weights_that_cannot_be_started_from_are_refused_before_anything_is_written(tmp_path, file, complaint):
    path = tmp_path / "weights.npz"
    if file == "other":
        wider = nnjax.sweep(replace(CLASSIFIER, {"widths": (9,), "epochs": 1}), data=blobs())
        nnjax.save_weights(wider.params(), path)
    elif file == "damaged":
        path.write_bytes(b"PK")
    with pytest.raises(nnjax.UserError, match=complaint):
        nnjax.sweep(replace(CLASSIFIER, {"start_weights": str(path)}), data=blobs(), workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_without_that_trial(tmp_path):
    nnjax.sweep(CLASSIFIER, workdir=tmp_path, data=blobs())
    with pytest.raises(nnjax.UserError, match="has no trial 1; its trials are 0 to 0"):
        retrial(tmp_path, 1)

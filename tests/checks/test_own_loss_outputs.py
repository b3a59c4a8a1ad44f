"""The output activation of an own model with an own loss of classes: what metrics and predictions see."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from nnjax.checks.defaults import describe, fill
from nnjax.core.experiment import Experiment, ModelConfig

RNG = np.random.default_rng(3)
X = RNG.normal(size=(240, 4)).astype(np.float32)
TWO = nnjax.from_arrays(X, (X @ [1, -1, 0.5, 0] + 0.8 * RNG.normal(size=240) > 0.3).astype(int), name="two")
THREE = nnjax.from_arrays(X, np.digitize(X[:, 0] + 0.5 * RNG.normal(size=240), (-0.5, 0.5)), name="three")
NUMBERS = nnjax.from_arrays(X, X[:, 0] * 3, name="numbers")


def bce(y, z):
    return jnp.logaddexp(0, z[:, 0]) - y * z[:, 0]


def squared(y, z):
    return (y - z[:, 0]) ** 2


def cce(y, z):
    return optax.losses.softmax_cross_entropy_with_integer_labels(z, y)


def of_numbers(y, z):
    return jnp.mean((y - z) ** 2, axis=1)


@pytest.mark.parametrize(
    ("loss", "k", "data", "output"),
    [
        (bce, 1, TWO, "sigmoid"),  # both classes cost log 2 at z = 0
        (lambda y, z: jax.nn.relu(1 - (2 * y - 1) * z[:, 0]), 1, TWO, "sigmoid"),  # hinge: cut at 0 too
        (squared, 1, TWO, "linear"),  # cut at 1/2
        (optax.losses.hinge_loss, 1, TWO, "sigmoid"),
        (optax.losses.squared_error, 1, TWO, "linear"),
        (optax.losses.sigmoid_binary_cross_entropy, 1, TWO, "sigmoid"),
        (cce, 2, TWO, "softmax"),
        (cce, 3, THREE, "softmax"),
        (optax.losses.multiclass_hinge_loss, 3, THREE, "softmax"),
        (of_numbers, 1, NUMBERS, "linear"),
    ],
)
def test_chosen_by_what_the_loss_does(loss, k, data, output):
    experiment = Experiment(model=nn.Dense(k), loss=loss)
    found = fill(experiment, data)
    assert found.model.output_activation == output
    assert ("for metrics and predictions" in describe(experiment, found, data)) == (
        output != "linear" and not getattr(loss, "__module__", "").startswith("optax")
    )


def test_what_is_given_stays():
    found = fill(Experiment(model=ModelConfig(nn.Dense(1), output_activation="linear"), loss=bce), TWO)
    assert found.model.output_activation == "linear"


def train(loss, k, data):
    base = nnjax.Experiment(
        model=nn.Dense(k), loss=loss, epochs=12, batch_size=16, metrics=("accuracy", "expected_calibration_error")
    )
    return nnjax.sweep(base, {"learning_rate": [0.03]}, data=data, log=lambda text: None)


def test_one_logit_is_cut_at_zero_as_by_hand():
    run = train(bce, 1, TWO)
    w = run.params(0)
    z = (X @ np.asarray(w["kernel"]) + np.asarray(w["bias"]))[:, 0]
    assert np.mean((z > 0) & (z < 0.5)) > 0  # where the wrong cut would be seen
    np.testing.assert_array_equal(run.predict(X, 0), z > 0)
    np.testing.assert_allclose(run.predict_proba(X, 0)[:, 1], 1 / (1 + np.exp(-z)), atol=1e-5)
    part = run.data(0).validation
    found = run.records[0].curves["val_accuracy"][-1]
    assert found == pytest.approx(np.mean((z[part] > 0) == TWO.y[part]), abs=1e-6)
    ours = train(optax.losses.sigmoid_binary_cross_entropy, 1, TWO)
    np.testing.assert_allclose(ours.curves()["val_loss"], run.curves()["val_loss"], rtol=1e-5)
    np.testing.assert_allclose(ours.curves()["val_accuracy"], run.curves()["val_accuracy"], rtol=1e-5)


@pytest.mark.slow
def test_the_calibration_error_of_own_logits_is_that_of_probabilities():
    own, optaxs = train(cce, 3, THREE), train(optax.losses.softmax_cross_entropy_with_integer_labels, 3, THREE)
    found = own.curves()["val_expected_calibration_error"]
    assert found.max() <= 1
    np.testing.assert_allclose(found, optaxs.curves()["val_expected_calibration_error"], atol=1e-5)

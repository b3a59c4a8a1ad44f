"""The best constant outputs, measured by the traits of a loss's record, own losses included."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from populations import resolve

import nnjax
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, TrialSpec
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.data import from_arrays, prepare_loaded
from nnjax.nn.losses import Loss
from nnjax.runs.measured_baselines import measure_baselines

RNG = np.random.default_rng(3)
X = RNG.uniform(size=(40, 3)).astype(np.float32)
LABELS = RNG.choice(3, 40, p=(0.6, 0.3, 0.1)).astype(np.int32)
VALUES = (X @ np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], np.float32)).astype(np.float32)
DATA = DataConfig("arrays", validation=0.25, test=0.0, scaling="none", target_scaling="none")
BRIER = Loss(lambda y, p: jnp.sum((y - p) ** 2, axis=-1), "Brier", "distributions", best_constant="mean", label="brier")
SQUARES = Loss(lambda y, p: jnp.mean((y - p) ** 2, axis=-1), "squares", best_constant="mean", label="squares")


def measured(loss, y, kind="mlp", output="linear", x=X):
    """Baselines of one experiment, with its prepared data."""
    data = prepare_loaded(from_arrays(x, y), DATA)
    experiment = resolve(Experiment(DATA, ModelConfig(kind, (2,), output_activation=output), loss=loss))
    [found] = measure_baselines([TrialSpec(0, experiment)], {experiment.data: data}).values()
    return found, data


def test_an_own_loss_over_classes_by_hand():
    found, data = measured(BRIER, LABELS, output="softmax")
    shares = np.bincount(LABELS[data.train], minlength=3) / len(data.train)
    by_hand = np.mean([((np.eye(3)[label] - shares) ** 2).sum() for label in LABELS[data.validation]])
    assert found.mean_predictor == pytest.approx(by_hand, rel=1e-5)
    assert found.floor is None


def test_own_and_built_in_losses_of_numbers_by_hand():
    """The mean minimizes squares, the median absolute errors; of Huber's loss no constant is known."""
    own, data = measured(SQUARES, VALUES)
    train, val = VALUES[data.train], VALUES[data.validation]
    assert own.mean_predictor == pytest.approx(np.mean((val - train.mean(axis=0)) ** 2), rel=1e-5)
    absolute, _ = measured("mean_absolute_error", VALUES)
    assert absolute.mean_predictor == pytest.approx(np.mean(np.abs(val - np.median(train, axis=0))), rel=1e-5)
    assert measured("huber", VALUES)[0] == (None, None, None)


def test_an_autoencoder_of_labeled_data_is_compared_with_its_inputs():
    """Rows of x that sum to 1: the cross-entropy of their mean, not that of the labels, which it never sees."""
    x = (X / X.sum(axis=1, keepdims=True)).astype(np.float32)
    found, data = measured("categorical_crossentropy", LABELS, "autoencoder", "softmax", x)
    by_hand = -(x[data.validation] * np.log(x[data.train].mean(axis=0))).sum(axis=1).mean()
    assert found.mean_predictor == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize(
    "loss", [lambda y, z: jnp.mean((y - z) ** 2, axis=-1), dataclasses.replace(SQUARES, of_logits=True)]
)
def test_nothing_is_claimed_of_a_loss_that_says_nothing(loss):
    assert measured(loss, VALUES)[0] == (None, None, None)


def test_an_own_loss_has_the_verdicts_of_the_built_in_one(tmp_path):
    """The same loss under another name, as a record: what stays at the mean is found in the folder, too."""
    model = ModelConfig(widths=(2,), output_activation="linear")
    found = {}
    for loss in ("mean_squared_error", SQUARES):
        base = Experiment(
            DATA, model, hyperparameters=Hyperparameters(learning_rate=1e-7), loss=loss, epochs=30, batch_size=30
        )
        path = tmp_path / str(len(found))
        run = nnjax.sweep(base, data=from_arrays(X, VALUES + 9), workdir=path)
        [public] = nnjax.diagnose(path)
        assert public.primary == run.diagnoses[0].primary
        found[path] = public.primary
    first, second = found.values()
    assert second.code == first.code
    assert second.evidence["mean_predictor"] == pytest.approx(first.evidence["mean_predictor"], rel=1e-5)

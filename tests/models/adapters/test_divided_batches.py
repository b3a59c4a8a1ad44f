"""Batches divided between devices: a model of single examples trains alike, what sees a whole batch is refused."""

import flax.linen as nn
import numpy as np
import pytest
from own_functions import BLOBS, experiment, functions
from own_models import LinenNet, keras_net

import nnjax
from nnjax.core.errors import UserError

TWO = nnjax.Plan(devices=2, batch_devices=2)


class Plain(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(nn.tanh(nn.Dense(8)(x)))


def contrastive(apply, variables, batch, *, key, hyper):
    """Compare each example with the mean of its batch."""
    z, state = apply(variables, batch.x, key=key, hyper=hyper)
    return ((z - z.mean(axis=0)) ** 2).sum(axis=1), state, {}


def test_a_model_of_single_examples_trains_alike():
    one, two = (nnjax.sweep(experiment(Plain(), epochs=3), data=BLOBS, plan=plan) for plan in (None, TWO))
    np.testing.assert_allclose(two.records[0].curves["train_loss"], one.records[0].curves["train_loss"], rtol=1e-5)


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (experiment(LinenNet()), "the model has a state"),
        (experiment(functions()), "the model has a state"),
        (experiment(keras_net(0.0, kernel_regularizer="l2")), "the model has a state"),
        (experiment(Plain(), loss=contrastive), "the objective contrastive may depend on whole batches"),
    ],
)
def test_what_sees_a_whole_batch_is_refused(own, words):
    with pytest.raises(UserError, match=f"divides each batch between 2 devices, but {words}.*leave batch_devices out"):
        nnjax.sweep(own, data=BLOBS, plan=TWO)


def test_an_objective_sees_the_last_batch_as_it_is():
    """203 examples are 6 batches of 32 and one of 11; zeros in its place would change its mean."""
    run = nnjax.sweep(
        experiment(Plain(), loss=contrastive, hyperparameters=nnjax.Hyperparameters(learning_rate=0.0)), data=BLOBS
    )
    params, x = run.params(0), np.asarray(BLOBS.x)
    z = np.asarray(Plain().apply({"params": params}, x))
    parts = [z[i : i + 32] for i in range(0, 203, 32)]
    values = np.concatenate([((part - part.mean(axis=0)) ** 2).sum(axis=1) for part in parts])
    np.testing.assert_allclose(run.records[0].curves["train_loss"][0], values.mean(), rtol=1e-5)

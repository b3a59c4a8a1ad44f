"""`ModelConfig.trainable`: what is frozen keeps its bits, whatever the optimizer and the penalties do."""

import jax
import numpy as np
import pytest
from own_functions import BLOBS, experiment

import nnjax
from nnjax.core.experiment import ModelConfig
from nnjax.core.fields import from_dict, replace, to_dict

RNG = np.random.default_rng(3)
START = {
    "layer_0": {"kernel": RNG.normal(size=(4, 8)).astype("f"), "bias": RNG.normal(size=8).astype("f")},
    "layer_1": {"kernel": RNG.normal(size=(8, 3)).astype("f") / 3, "bias": np.zeros(3, "f")},
}


def trained(tmp_path, **changes):
    nnjax.save_weights(START, tmp_path / "start.npz")
    base = experiment(ModelConfig(widths=(8,), trainable="layer_1"), epochs=3)
    return nnjax.sweep(replace(base, {"start_weights": str(tmp_path / "start.npz"), **changes}), data=BLOBS)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"optimizer.name": "adamw", "weight_decay": 0.1}, marks=pytest.mark.slow),
        {"optimizer.name": "momentum", "l1": 0.1, "l2": 0.1, "clip_norm": 0.5},
        {"optimizer.name": "adam", "ema_decay": 0.9, "weight_decay": 0.1},
        {"optimizer.name": "schedule_free_adamw", "weight_decay": 0.1},
        {"optimizer.name": "lion", "weight_decay": 0.1},
    ],
    ids=lambda changes: changes["optimizer.name"],
)
def test_frozen_weights_keep_their_bits(tmp_path, changes):
    hyper = {f"hyperparameters.{n}" if n == "ema_decay" else n: v for n, v in changes.items()}
    run = trained(tmp_path, **hyper)
    for which in ("final", "best"):
        params = run.params(0, which)
        for name in ("kernel", "bias"):
            np.testing.assert_array_equal(params["layer_0"][name], START["layer_0"][name])
        assert np.abs(params["layer_1"]["kernel"] - START["layer_1"]["kernel"]).max() > 1e-3


@pytest.mark.slow
def test_the_head_learns_as_on_the_features_alone(tmp_path):
    """Frozen features are data: the same head, trained by itself on NumPy's ReLU of them."""
    run = trained(tmp_path)
    x = np.asarray(BLOBS.x)
    features = np.maximum(x @ START["layer_0"]["kernel"] + START["layer_0"]["bias"], 0)
    nnjax.save_weights({"layer_0": START["layer_1"]}, tmp_path / "head.npz")
    alone = replace(experiment(ModelConfig(widths=()), epochs=3), {"start_weights": str(tmp_path / "head.npz")})
    head = nnjax.sweep(alone, data=nnjax.from_arrays(features, BLOBS.y))
    np.testing.assert_allclose(run.params()["layer_1"]["kernel"], head.params()["layer_0"]["kernel"], rtol=1e-5)
    np.testing.assert_allclose(run.records[0].curves["train_loss"], head.records[0].curves["train_loss"], rtol=1e-5)


def test_penalties_do_not_count_what_is_frozen(tmp_path):
    """Kernels alone are penalized, and here only biases are trained."""
    base = replace(experiment(ModelConfig(widths=(8,), trainable=("*/bias",)), epochs=2), {"learning_rate": 0.1})
    plain, penalized = (nnjax.sweep(replace(base, more), data=BLOBS) for more in ({}, {"l1": 1.0, "l2": 1.0}))
    np.testing.assert_array_equal(plain.records[0].curves["train_loss"], penalized.records[0].curves["train_loss"])


def test_a_mask_of_the_model_stays_in_force():
    def init(key, example):
        a, b = jax.random.split(key)
        return {"body": jax.random.normal(a, (4, 3)), "head": jax.random.normal(b, (3, 3))}

    def apply(params, x):
        return jax.numpy.tanh(x @ params["body"]) @ params["head"]

    from nnjax.models.adapters import adapt

    model = adapt((init, apply))._replace(trainable=lambda params: {"body": True, "head": False})
    found = nnjax.summary(experiment(ModelConfig(model, trainable=("body", "head"))), data=BLOBS)
    assert {layer.name: layer.trainable for layer in found.layers} == {"body": 12, "head": 0}


def test_patterns_that_fit_nothing_are_refused(tmp_path):
    with pytest.raises(nnjax.UserError, match=r"model.trainable is 'layer1/\*', but no weight .* did you mean layer_1"):
        nnjax.sweep(experiment(ModelConfig(widths=(8,), trainable=("layer_0", "layer1/*"))), data=BLOBS)
    with pytest.raises(nnjax.UserError, match=r"model.trainable is empty"):
        nnjax.sweep(experiment(ModelConfig(widths=(8,), trainable=())), data=BLOBS)
    found = replace(nnjax.Experiment(), {"model.trainable": "layer_0,layer_1/bias"})
    assert found.model.trainable == ("layer_0", "layer_1/bias")
    assert from_dict(to_dict(found)) == found
    older = to_dict(found)
    del older["model"]["trainable"]
    assert from_dict(older).model.trainable is None

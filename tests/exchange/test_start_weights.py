"""Trials that start from weights of other files: safetensors, and networks of Keras with the same layers."""

import numpy as np
import pytest
from keras_models import made, written
from populations import CLASSIFIER, blobs

from nnjax import api
from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.exchange import start_weights
from nnjax.exchange.start_weights import read_weights


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    """A Keras classifier of nine inputs: Dense(7, relu), Dense(5, softmax)."""
    path = tmp_path_factory.mktemp("start") / "net.keras"
    path.write_bytes(written(made("mlp")))
    return path


def still(path, log=lambda text: None, **changes):
    """Train one epoch at rate 0 from weights, on nine inputs and five classes."""
    experiment = replace(CLASSIFIER, {"epochs": 1, "widths": (7,), "learning_rate": 0.0, "start_weights": str(path)})
    return api.sweep(replace(experiment, changes), data=blobs(60, 9, 5), log=log)


def test_a_trial_goes_on_from_a_network_of_keras_and_from_its_own_export(keras_file, tmp_path):
    run = still(keras_file)
    weights = [np.asarray(v.value) for v in made("mlp").weights]
    params = run.params()
    found = [params[f"layer_{i}"][name] for i in range(2) for name in ("kernel", "bias")]
    for ours, theirs in zip(found, weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    run.export(tmp_path / "net.safetensors")
    again = still(tmp_path / "net.safetensors").params()
    np.testing.assert_array_equal(again["layer_1"]["kernel"], weights[2])


def test_other_activations_are_warned_of_with_both_names(keras_file, tmp_path):
    """Of a file of Keras, of an export and of a run's own weights: all of ReLU networks."""
    run = api.sweep(replace(CLASSIFIER, {"epochs": 1, "widths": (7,)}), workdir=tmp_path / "run", data=blobs(60, 9, 5))
    run.export(tmp_path / "net.safetensors")
    for path in (keras_file, tmp_path / "net.safetensors", tmp_path / "run" / "checkpoints" / "weights_00000.npz"):
        said = []
        still(path, log=said.append)
        assert not [sentence for sentence in said if "activation" in sentence]
        still(path, log=said.append, activation="tanh")
        [found] = [sentence for sentence in said if "activation" in sentence]
        assert found.startswith(f"warning: The weights of {path} were trained with the activation relu, but the hidden")
        assert "start from them have tanh" in found


def test_another_architecture_is_refused_before_training(keras_file):
    with pytest.raises(
        UserError, match=r"cannot start from .*net.keras: The array 'final/layer_0/bias' has shape \(7,"
    ):
        still(keras_file, widths=(8,))
    with pytest.raises(UserError, match=r"cannot start from .*net.keras: The weights have no array 'final/layer_2/"):
        still(keras_file, widths=(7, 5))


def test_layers_that_are_not_trained_are_named(tmp_path):
    import keras

    layers = keras.layers
    model = keras.Sequential([keras.Input((4,)), layers.BatchNormalization(), layers.Dense(2)])
    (tmp_path / "net.keras").write_bytes(written(model))
    with pytest.raises(UserError, match="nnjax trains no layer BatchNormalization"):
        read_weights(str(tmp_path / "net.keras"))


@pytest.mark.parametrize(("slope", "named"), [(0.1, "leaky_relu"), (0.3, "leaky_relu of slope 0.3")])
def test_a_leaky_relu_of_another_slope_is_another_activation(slope, named, tmp_path):
    """Ours has slope .1 (cs231n), Keras's layer .3."""
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.LeakyReLU(slope)])
    model.add(keras.layers.Dense(2))
    (tmp_path / "net.keras").write_bytes(written(model))
    assert start_weights._activations(tmp_path / "net.keras") == {named}

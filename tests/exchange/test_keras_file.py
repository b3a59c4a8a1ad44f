"""Files that Keras 3 itself writes: the same outputs to 1e-5, and refusals in one sentence."""

import warnings
import zipfile

import h5py
import numpy as np
import pytest
from keras_models import MODELS, inputs, layers, made, mlp, truth, written
from networks import functions_of

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.fields import replace
from nnjax.exchange import files, keras_file
from nnjax.exchange.keras_config import snake_case
from nnjax.exchange.start_weights import read_weights

QUICK = ("mlp", "every_layer", "functional_max")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in MODELS]
)
def test_outputs_equal_keras(name, tmp_path):
    model = made(name)
    (tmp_path / "model.keras").write_bytes(written(model))
    x = inputs(model)
    found = files.load(tmp_path / "model.keras").outputs(x.reshape(len(x), -1))
    expected = truth(model, x)
    assert np.ptp(expected, axis=0).max() > 1e-3  # it depends on its inputs, so there is something to compare
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("beside", ["net.weights.h5.json", "net.json"])
def test_weights_alone_beside_the_json_of_the_model(beside, tmp_path):
    model = made("functional_max")
    (tmp_path / "net.weights.h5").write_bytes(written(model, "net.weights.h5"))
    (tmp_path / beside).write_text(model.to_json(), "utf-8")
    x = inputs(model)
    found = files.load(tmp_path / "net.weights.h5").outputs(x.reshape(len(x), -1))
    np.testing.assert_allclose(found, truth(model, x), rtol=1e-5, atol=1e-5)


def test_weights_without_the_json_say_what_to_write(tmp_path):
    (tmp_path / "net.weights.h5").write_bytes(written(made("mlp"), "net.weights.h5"))
    with pytest.raises(UserError, match=r"write what model.to_json\(\) says into net.weights.h5.json beside it"):
        keras_file.read(tmp_path / "net.weights.h5")


ACTIVATIONS = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax", "selu", "relu6")
ACTIVATIONS += ("silu", "swish", "mish", "softsign", "exponential", "hard_sigmoid", "hard_silu", "log_softmax")


def test_every_activation_equals_keras(tmp_path):
    import keras

    x = np.linspace(-7, 7, 40, dtype=np.float32).reshape(5, 8)
    for name in ACTIVATIONS:
        model = keras.Sequential([keras.Input((8,)), layers().Activation(name)])
        (tmp_path / "a.keras").write_bytes(written(model))
        found = files.load(tmp_path / "a.keras").outputs(x)
        np.testing.assert_allclose(found, truth(model, x), rtol=1e-5, atol=1e-6, err_msg=name)


def test_a_softmax_means_classes_by_number(tmp_path):
    facts = {}
    for name in ("mlp", "autoencoder", "lenet"):
        (tmp_path / f"{name}.keras").write_bytes(written(made(name)))
        facts[name] = files.load(tmp_path / f"{name}.keras").facts
    assert facts["mlp"].classes == ("0", "1", "2", "3", "4")
    assert (facts["mlp"].task, facts["mlp"].num_inputs) == ("classification", 9)
    assert facts["autoencoder"].task == "none"
    assert facts["lenet"].image_shape == (28, 28)


@pytest.mark.parametrize("name", ["LeakyReLU", "Conv2D", "MaxPooling2D", "ELU", "Dense", "ReLU", "SpatialDropout2D"])
def test_names_in_weights_files_are_keras_own(name):
    from keras.src.utils.naming import to_snake_case

    assert snake_case(name) == to_snake_case(name)


def test_lenet_of_keras_has_the_layers_of_lenet5_modern(tmp_path):
    """Served by nnjax's model, framed images and pooled phases, it gives what Keras gives."""
    (tmp_path / "lenet.keras").write_bytes(written(made("lenet")))
    arrays = read_weights(str(tmp_path / "lenet.keras"))
    config = replace(
        Experiment(), {"kind": "lenet5_modern", "widths": (6, 16, 120, 84), "model.activation": "tanh"}
    ).model
    params = {}
    for name, array in arrays.items():
        _, layer, kind = name.split("/")
        params.setdefault(layer, {})[kind] = array
    x = inputs(made("lenet"), 5).reshape(5, 784)
    found = functions_of(config, 784, 10).apply(params, x)
    np.testing.assert_allclose(found, truth(made("lenet"), x.reshape(-1, 28, 28, 1)), rtol=1e-5, atol=1e-5)


def test_files_of_keras_2_name_their_version(tmp_path):
    """As Keras 2.13 writes them: metadata.json in .keras, attributes of the root in .h5."""
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "2.13.1", "date_saved": "2023-08-01"}')
        archive.writestr("config.json", '{"class_name": "Sequential", "config": {"layers": []}}')
        archive.writestr("model.weights.h5", b"")
    for name, version in (("b.h5", "2.13.1"), ("c.weights.h5", b"2.4.0")):
        with h5py.File(tmp_path / name, "w") as file:
            file.attrs["keras_version"] = version
            file.attrs["backend"] = "tensorflow"
    for name, version in (("a.keras", "2.13.1"), ("b.h5", "2.13.1"), ("c.weights.h5", "2.4.0")):
        with pytest.raises(UserError, match=rf"made by Keras 2 \(version {version}\): load it .* in Keras 3, and save"):
            keras_file.read(tmp_path / name)


def test_a_whole_model_in_hdf5_is_told_from_weights_alone(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["keras_version"] = "3.10.0"
        file.attrs["model_config"] = "{}"
    with pytest.raises(UserError, match=r"a whole model in the older HDF5 format: load it .* save it again"):
        keras_file.read(tmp_path / "a.h5")


def test_a_leaky_relu_of_keras_2_has_alpha():
    from nnjax.exchange.keras_layers import LAYERS
    from nnjax.models.imported_layers import Activation

    assert LAYERS["LeakyReLU"]({"alpha": 0.25}) == [Activation("leaky_relu", 0.25)]
    assert LAYERS["LeakyReLU"]({"negative_slope": 0.5, "alpha": 0.25}) == [Activation("leaky_relu", 0.5)]


@pytest.mark.parametrize(
    ("activation", "words"),
    [
        ({"module": "builtins", "class_name": "function", "config": "leaky_relu"}, "'leaky_relu', a function that is"),
        ({"module": "builtins", "class_name": "function", "config": "mine"}, "'mine'; those of Keras"),
        ("mine", "'mine'; those of Keras"),
    ],
)
def test_an_activation_that_is_not_keras_own_is_named_so(activation, words):
    from nnjax.exchange.keras_layers import LAYERS

    with pytest.raises(UserError, match=words):
        LAYERS["Activation"]({"activation": activation})


def test_axes_that_are_written_as_the_last_are_read(tmp_path):
    """Of rows 1, of images 3 or [3]; another one is refused."""
    import keras

    rows = [keras.Input((4,)), layers().BatchNormalization(axis=1), layers().Dense(3), layers().Softmax(axis=1)]
    images = [
        keras.Input((4, 4, 2)),
        layers().BatchNormalization(axis=3),
        layers().Softmax(axis=[3]),
        layers().Flatten(),
    ]
    pooled = [keras.Input((4, 4, 2)), layers().GlobalAveragePooling2D(keepdims=True), layers().Softmax(axis=3)]
    for some in (rows, [*images, layers().Flatten()], [*pooled, layers().Flatten()]):
        model = keras.Sequential(some)
        (tmp_path / "a.keras").write_bytes(written(model))
        x = inputs(model)
        found = files.load(tmp_path / "a.keras").outputs(x.reshape(len(x), -1))
        np.testing.assert_allclose(found, truth(model, x), rtol=1e-5, atol=1e-5)
    model = keras.Sequential([keras.Input((4, 4, 2)), layers().BatchNormalization(axis=1), layers().Flatten()])
    (tmp_path / "a.keras").write_bytes(written(model))
    with pytest.raises(UserError, match="a layer with axis '1', but only -1 is read"):
        files.load(tmp_path / "a.keras")


def test_older_weights_alone_go_the_way_that_their_sentence_names(tmp_path):
    """Written by Keras's own writer of that format, with a version of Keras 2; then loaded and saved as it says."""
    from keras.src.legacy.saving import legacy_h5_format

    model, again = made("mlp"), mlp()
    with h5py.File(tmp_path / "old.h5", "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of NumPy, in Keras's older code
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
        file.attrs["keras_version"] = b"2.15.0"
    (tmp_path / "old.weights.h5").write_bytes((tmp_path / "old.h5").read_bytes())
    for name in ("old.h5", "old.weights.h5"):
        with pytest.raises(UserError, match=r"weights alone .* of Keras 2 \(version 2.15.0\): build .*load_weights"):
            files.load(tmp_path / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        again.load_weights(tmp_path / "old.h5")
    (tmp_path / "new.keras").write_bytes(written(again))
    x = inputs(model)
    np.testing.assert_allclose(files.load(tmp_path / "new.keras").outputs(x), truth(model, x), rtol=1e-5, atol=1e-5)

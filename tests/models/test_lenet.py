"""LeNet-5 against the paper's counts and loops over its units; the modern one and the autoencoder against Keras."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from networks import functions_of
from stepwise import QUICK

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, ModelConfig
from nnjax.models import lenet_tables
from nnjax.models.lenet import connection_table
from nnjax.models.registry import traits_of
from nnjax.models.summary import summarize_model
from nnjax.nn.loss_functions import RBF_J, rbf_map, rbf_mse

PUBLISHED = ModelConfig("lenet5", output_activation="linear", **lenet_tables.PUBLISHED)
MODERN = ModelConfig("lenet5_modern", (6, 16, 120, 84), "tanh")
BLOG = ModelConfig("conv_autoencoder", (16, 8, 8), "relu", "sigmoid")
CONFIGS = {"lenet5": (PUBLISHED, 10), "lenet5_modern": (MODERN, 10), "conv_autoencoder": (BLOG, 784)}
X = np.random.default_rng(0).uniform(size=(3, 784)).astype(np.float32)


@functools.cache
def model_of(kind, dtype="float32"):
    """The network, its functions compiled."""
    config, outputs = CONFIGS[kind]
    model = functions_of(ModelConfig(**{**vars(config), "dtype": dtype}), 784, outputs)
    names = ("logits", "apply", "encode", "decode")
    return model._replace(**{name: jax.jit(getattr(model, name), compiler_options=QUICK) for name in names})


@functools.cache
def params_of(kind):
    """Weights that NumPy draws, biases too, large enough to bend the activations."""
    shapes = jax.eval_shape(model_of(kind).init, jax.random.key(0))
    rng = np.random.default_rng(1)
    scale = {1: 0.3, 2: 0.1}
    return jax.tree.map(lambda a: (rng.normal(size=a.shape) * scale.get(a.ndim, 0.2)).astype(np.float32), shapes)


def counted(kind):
    config, outputs = CONFIGS[kind]
    return summarize_model(Experiment(model=config), 784, outputs)


def test_published_counts():
    """Section II.B of the paper: trainable parameters and connections, layer by layer; 840 to the bitmaps."""
    found = counted("lenet5")
    parameters = {layer.name: layer.weights + layer.biases for layer in found.layers}
    assert parameters == {"C1": 156, "S2": 12, "C3": 1516, "S4": 32, "C5": 48_120, "F6": 10_164, "output": 0}
    assert [layer.connections for layer in found.layers] == [122_304, 5_880, 151_600, 2_000, 48_120, 10_164, 840]
    assert found.parameters == 60_000
    assert sum(layer.connections for layer in found.layers) == 340_908
    units = [(1024, 4704), (4704, 1176), (1176, 1600), (1600, 400), (400, 120), (120, 84), (84, 10)]
    assert [(layer.inputs, layer.outputs) for layer in found.layers] == units


@pytest.mark.parametrize(
    ("kind", "total"), [("lenet5", 60_000), ("lenet5_modern", 61_706), ("conv_autoencoder", 4_385)]
)
def test_arrays_are_as_counted(kind, total):
    found = counted(kind)
    shapes = jax.eval_shape(model_of(kind).init, jax.random.key(0))
    sizes = {name: (layer["kernel"].size, layer["bias"].size) for name, layer in shapes.items()}
    assert sizes == {layer.name: (layer.weights, layer.biases) for layer in found.layers if layer.weights}
    assert found.parameters == total


def test_operations_of_the_modern_network():
    """2 x (28² · 25 · 6 + 10² · 25 · 96 + 400 · 120 + 120 · 84 + 840), and 4 inputs for each unit of the pooling."""
    products = 28**2 * 25 * 6 + 10**2 * 25 * 96 + 400 * 120 + 120 * 84 + 84 * 10
    assert counted("lenet5_modern").flops == 2 * (products + 4 * (14**2 * 6 + 5**2 * 16))


def test_initial_weights_are_uniform_within_the_fan_in():
    """±2.4 / fan-in (appendix A); a unit of C3 has 75, 100 or 150 inputs, one of S2 and S4 four; biases zero."""
    many = jax.jit(jax.vmap(model_of("lenet5").init), compiler_options=QUICK)(jax.random.split(jax.random.key(0), 50))
    fan_in = {"C1": 25, "S2": 4, "S4": 4, "C5": 400, "F6": 120}
    for name, inputs in fan_in.items():
        kernel = np.asarray(many[name]["kernel"]) * inputs / 2.4
        assert 0.98 < np.abs(kernel).max() <= 1 + 1e-6
        assert kernel.var() == pytest.approx(1 / 3, rel=0.1)
    kernel, start = np.asarray(many["C3"]["kernel"]), 0
    for seen in lenet_tables.C3_INPUTS:
        own = kernel[..., start : start + len(seen)] * 25 * len(seen) / 2.4
        assert 0.98 < np.abs(own).max() <= 1 + 1e-6
        start += len(seen)
    assert start == 60
    assert not any(np.any(layer["bias"]) for layer in many.values())


def test_the_connection_table():
    """Table I: six maps with 3 inputs, nine with 4, one with all; each map of S2 is seen ten times."""
    assert [len(seen) for seen in lenet_tables.C3_INPUTS] == [3] * 6 + [4] * 9 + [6]
    places = connection_table().astype(int)
    assert (places.sum(axis=(1, 2)) == 1).all()
    seen = [tuple(np.flatnonzero(places[:, :, own].sum(axis=0))) for own in range(16)]
    assert tuple(seen) == lenet_tables.C3_INPUTS
    assert places.sum(axis=(0, 2)).tolist() == [10] * 6


def test_bitmaps():
    """Ten drawings of 7 x 12 pixels, ink 1 and paper -1, all different; 6 and 8 are nearest, as in the figure."""
    drawn = lenet_tables.bitmaps()
    assert drawn.shape == (10, 84)
    assert set(np.unique(drawn)) == {-1, 1}
    distance = ((drawn[:, None] - drawn[None]) ** 2).sum(axis=-1) + 1e9 * np.eye(10)
    assert distance.min() == distance[6, 8] == 4 * 12
    seven = ["#######", ".....##", ".....##", "....##.", "...##..", "...##..", *["..##..."] * 4, *["......."] * 2]
    assert ["".join("#" if p > 0 else "." for p in row) for row in drawn[7].reshape(12, 7)] == seven


def squash(a):
    return 1.7159 * np.tanh(2 / 3 * a)


def correlate(image, kernel):
    """A valid correlation of one image [h, w] with one kernel [5, 5], by loops over places."""
    rows, columns = image.shape[0] - 4, image.shape[1] - 4
    return np.array(
        [[np.sum(image[i : i + 5, j : j + 5] * kernel) for j in range(columns)] for i in range(rows)], np.float64
    )


def published_by_loops(params, pixels):
    """The paper's network unit by unit: F6 [84] and the distances [10] for one image [784]."""
    p = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
    image = np.full((32, 32), -0.1)
    image[2:30, 2:30] = pixels.reshape(28, 28) * 1.275 - 0.1
    c1 = [squash(correlate(image, p["C1"]["kernel"][:, :, 0, m]) + p["C1"]["bias"][m]) for m in range(6)]

    def subsample(maps, layer):
        sums = [a[::2, ::2] + a[1::2, ::2] + a[::2, 1::2] + a[1::2, 1::2] for a in maps]
        return [squash(a * w + b) for a, w, b in zip(sums, layer["kernel"], layer["bias"], strict=True)]

    s2, c3, used = subsample(c1, p["S2"]), [], 0
    for own, seen in enumerate(lenet_tables.C3_INPUTS):
        total = sum(correlate(s2[m], p["C3"]["kernel"][:, :, used + i]) for i, m in enumerate(seen))
        c3.append(squash(total + p["C3"]["bias"][own]))
        used += len(seen)
    x = np.stack(subsample(c3, p["S4"]), axis=-1).ravel()
    for name in ("C5", "F6"):
        x = squash(x @ p[name]["kernel"] + p[name]["bias"])
    return x, ((x - lenet_tables.bitmaps()) ** 2).sum(axis=1)


def test_published_network_unit_by_unit():
    model, params = model_of("lenet5"), params_of("lenet5")
    codes, logits = (np.asarray(function(params, X)) for function in (model.encode, model.logits))
    for pixels, code, scores in zip(X, codes, logits, strict=True):
        f6, distances = published_by_loops(params, pixels)
        np.testing.assert_allclose(code, f6, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(-scores, distances, rtol=1e-4)
    np.testing.assert_allclose(model.logits(params, X[0]), model.logits(params, X)[0], rtol=1e-5)  # a single example


def test_the_smallest_distance_is_the_largest_output():
    """A code that is the drawing of a digit has distance 0 to it, and is taken for it."""
    outputs = model_of("lenet5").decode(params_of("lenet5"), lenet_tables.bitmaps())
    assert outputs.argmax(axis=1).tolist() == list(range(10))
    np.testing.assert_array_equal(np.diagonal(outputs), 0)


def test_losses_of_the_paper():
    """Eq. 8 and 9 for distances 3, 1, 30 and the second class: 1, and 1 + log(e^-20 + e^-3 + e^-1 + e^-30)."""
    y, p = jnp.asarray([[0.0, 1.0, 0.0]]), jnp.asarray([[-3.0, -1.0, -30.0]])
    assert rbf_mse(y, p)[0] == 1
    assert RBF_J == 20
    rest = math.log(math.exp(-20) + math.exp(-3) + math.exp(-1) + math.exp(-30))
    assert rbf_map(y, p)[0] == pytest.approx(1 + rest, rel=1e-6)
    far = jnp.asarray([[-300.0, -250.0, -400.0]])  # all beyond j: only the right class is moved
    np.testing.assert_allclose(jax.grad(lambda p: rbf_map(y, p)[0])(far), -y, atol=1e-6)


def keras_network(layers, params, order):
    """A Keras network with given weights: convolutions lie as ours do, [height, width, channels, maps]."""
    import keras

    network = keras.Sequential([keras.Input((28, 28, 1)), *layers])
    network.set_weights([np.asarray(params[name][leaf]) for name in order for leaf in ("kernel", "bias")])
    return network


def test_modern_network_equals_keras():
    from keras import layers

    stack = [
        layers.Conv2D(6, 5, padding="same", activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(120, activation="tanh"),
        layers.Dense(84, activation="tanh"),
        layers.Dense(10, activation="softmax"),
    ]
    params = params_of("lenet5_modern")
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        network = keras_network(stack, params, ("C1", "C3", "dense_0", "dense_1", "output"))
        truth = np.asarray(jax.jit(network)(X.reshape(-1, 28, 28, 1)))
    assert network.count_params() == 61_706
    np.testing.assert_allclose(model_of("lenet5_modern").apply(params, X), truth, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_convolutional_autoencoder_equals_keras():
    """The network of the Keras blog, layer by layer."""
    from keras import layers

    def conv(maps, padding="same", activation="relu"):
        return layers.Conv2D(maps, 3, padding=padding, activation=activation)

    def pool():
        return layers.MaxPooling2D(2, padding="same")

    encoder = [conv(16), pool(), conv(8), pool(), conv(8), pool()]
    decoder = [conv(8), layers.UpSampling2D(), conv(8), layers.UpSampling2D(), conv(16, "valid"), layers.UpSampling2D()]
    params, model = params_of("conv_autoencoder"), model_of("conv_autoencoder")
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        stack = [*encoder, *decoder, conv(1, activation="sigmoid")]
        network = keras_network(stack, params, [f"layer_{i}" for i in range(7)])
        truth = np.asarray(network(X.reshape(-1, 28, 28, 1))).reshape(-1, 784)
    assert network.count_params() == 4_385
    np.testing.assert_allclose(model.apply(params, X), truth, rtol=1e-4, atol=1e-6)
    assert model.encode(params, X).shape == (3, 128)
    assert traits_of(BLOG).code_width(BLOG) == 128
    dense = ModelConfig("autoencoder", (6, 2, 6))
    assert traits_of(dense).code_width(dense) == 2


@pytest.mark.parametrize("kind", CONFIGS)
def test_decode_of_encode_is_apply(kind):
    model, params = model_of(kind), params_of(kind)
    code = model.encode(params, X)
    np.testing.assert_allclose(model.decode(params, code), model.apply(params, X), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.apply(params, X[0]), model.apply(params, X)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["lenet5", "lenet5_modern"])
def test_larger_images_need_no_margin(kind):
    config, outputs = CONFIGS[kind]
    padded = np.pad(X.reshape(-1, 28, 28), ((0, 0), (2, 2), (2, 2))).reshape(-1, 1024)
    large = jax.jit(functions_of(config, 1024, outputs).logits, compiler_options=QUICK)(params_of(kind), padded)
    np.testing.assert_allclose(large, model_of(kind).logits(params_of(kind), X), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind == "lenet5_modern" else pytest.mark.slow) for kind in CONFIGS]
)
def test_dropout_and_dtypes(kind):
    """Dropout needs a key, and a rate of 0 changes nothing; bfloat16 computes roughly and keeps float32 weights."""
    model, params, key = model_of(kind), params_of(kind), jax.random.key(0)
    plain = np.asarray(model.logits(params, X))
    np.testing.assert_allclose(model.logits(params, X, jnp.float32(0.5)), plain, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.logits(params, X, jnp.float32(0), key), plain, rtol=1e-5, atol=1e-5)
    assert np.abs(model.logits(params, X, jnp.float32(0.5), key) - plain).max() > 1e-2
    rough = model_of(kind, "bfloat16").logits(params, X)
    assert rough.dtype == plain.dtype == jnp.float32
    assert 1e-4 < np.abs(rough - plain).max() < 0.1 * np.abs(plain).max()


@pytest.mark.parametrize("kind", CONFIGS)
def test_other_images_are_refused(kind):
    config, outputs = CONFIGS[kind]
    for inputs in (64, 783, 900):
        with pytest.raises(UserError, match=rf"have {inputs} inputs, but {kind} reads images of 28 x 28"):
            functions_of(config, inputs, outputs)

"""Networks against closed forms, NumPy, and the initializers, activations and dropout of Keras, Flax and SciPy."""

import dataclasses
import functools
import math

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from networks import functions_of
from scipy.special import erf, expit
from scipy.special import softmax as scipy_softmax
from scipy.stats import ks_2samp
from sklearn.neural_network import MLPRegressor

from nnjax.core.experiment import Experiment, ModelConfig, OptimizerConfig
from nnjax.models.dense import apply_dropout, code_layer, draw_layers, drop_by_example
from nnjax.models.envelope import DEPTH, envelope_of, own_params, width_name
from nnjax.models.envelope_network import EnvelopeNetwork
from nnjax.nn.activations import ACTIVATIONS
from nnjax.nn.initializers import BIAS_INITS, KERNEL_INITS, draw_bias

X = np.array([-30.0, -3.0, -1.0, -0.1, 0.0, 0.1, 1.0, 3.0, 30.0])
CLOSED_FORMS = {
    "linear": X,
    "sigmoid": expit(X),
    "tanh": np.tanh(X),
    "squash": 1.7159 * np.tanh(2 / 3 * X),
    "relu": np.maximum(X, 0),
    "leaky_relu": np.where(X > 0, X, 0.1 * X),  # the deck's slope
    "elu": np.where(X > 0, X, np.expm1(X)),
    "softplus": np.logaddexp(X, 0),
    "softmax": scipy_softmax(X),
    "step": [0, 0, 0, 0, 1, 1, 1, 1, 1],
}


def make(widths=(4, 3), inputs=5, outputs=2, **changes):
    return functions_of(ModelConfig(**{"widths": widths, **changes}), inputs, outputs)


@functools.cache
def drawn(kernel_init="glorot_uniform", inputs=300, outputs=200):
    """A large kernel and its bias."""
    return make((), inputs, outputs, kernel_init=kernel_init).init(jax.random.key(1))["layer_0"]


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_activations(name):
    value = jax.jit(ACTIVATIONS[name])(X.astype("float32"))
    assert value.dtype == jnp.float32
    np.testing.assert_allclose(value, CLOSED_FORMS[name], rtol=1e-6, atol=1e-12)


def test_gelu_is_the_approximation_by_tanh():
    """x Φ(x) to 1e-3 (Hendrycks & Gimpel 2016), as everywhere in JAX."""
    value = jax.jit(ACTIVATIONS["gelu"])(X.astype("float32"))
    inner = math.sqrt(2 / math.pi) * (X + 0.044715 * X**3)
    np.testing.assert_allclose(value, 0.5 * X * (1 + np.tanh(inner)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(value, 0.5 * X * (1 + erf(X / math.sqrt(2))), rtol=0, atol=1e-3)


def test_no_activation_is_forgotten():
    assert set(ACTIVATIONS) == {*CLOSED_FORMS, "gelu"}


# Bounds by theory: uniform on ±sqrt(3 v), or a normal cut at two of its own deviations, v the variance.
VARIANCES = {
    "glorot_uniform": 2 / 500,
    "glorot_normal": 2 / 500,
    "he_uniform": 2 / 300,
    "he_normal": 2 / 300,
    "lecun_uniform": 1 / 300,
    "lecun_normal": 1 / 300,
}
PUBLISHED = {"lecun_1998": (2.4 / 300) ** 2 / 3}  # uniform on ±2.4 / fan-in
CUT = 2 / 0.87962566103423978  # a standard normal cut at 2 has this deviation; the draw is divided by it


@pytest.mark.parametrize("name", VARIANCES | PUBLISHED)
def test_kernels_by_theory(name):
    kernel, variance = np.asarray(drawn(name)["kernel"], float), (VARIANCES | PUBLISHED)[name]
    bound = math.sqrt(variance) * (CUT if name.endswith("normal") else math.sqrt(3))
    assert kernel.shape == (300, 200)
    assert kernel.var() == pytest.approx(variance, rel=0.02)  # 60,000 draws: 0.6 % and less is one deviation
    assert abs(kernel.mean()) < 4 * math.sqrt(variance / kernel.size)
    assert 0.98 * bound < np.abs(kernel).max() <= bound * (1 + 1e-6)


@pytest.mark.parametrize("name", VARIANCES)
def test_kernels_are_distributed_as_keras_and_flax_draw_them(name):
    import keras

    theirs = keras.initializers.get(name)
    theirs.seed = 7
    flax_kernel = getattr(nn.initializers, name)()(jax.random.key(5), (300, 200), jnp.float32)
    for kernel in (np.asarray(theirs((300, 200))), np.asarray(flax_kernel)):
        assert ks_2samp(np.ravel(drawn(name)["kernel"]), kernel.ravel()).pvalue > 1e-3


def test_zeros_and_no_initializer_is_forgotten():
    assert set(KERNEL_INITS) == {*VARIANCES, *PUBLISHED, "zeros"}
    assert not drawn("zeros")["kernel"].any()


def test_draws_depend_on_the_key_and_differ_between_layers():
    model = make((5, 5), 5, 5)
    one, again, other = (model.init(jax.random.key(seed)) for seed in (0, 0, 1))
    jax.tree.map(np.testing.assert_array_equal, one, again)
    kernels = [params[f"layer_{i}"]["kernel"] for params in (one, other) for i in range(3)]
    assert len({np.asarray(kernel).tobytes() for kernel in kernels}) == 6


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(KERNEL_INITS))
def test_weights_depend_on_their_place_and_not_on_the_arrays_shape(name, dtype):
    """The upper left corner of a wide network's kernels is the narrow network's, but for the width by the fans."""
    with jax.enable_x64(dtype == "float64"):
        init, key, dtype = KERNEL_INITS[name], jax.random.key(3), jnp.dtype(dtype)
        name_b = name if name in BIAS_INITS else "zeros"
        narrow, wide = (draw_layers(key, sizes, init, dtype, name_b) for sizes in ((3, 5, 2), (3, 9, 7, 2)))
        for layer, other, fans, others in (
            ("layer_0", "layer_0", (3, 5), (3, 9)),
            ("layer_1", "layer_2", (5, 2), (7, 2)),
        ):
            widths = [np.asarray(init.width(*(jnp.asarray(fan, dtype) for fan in both))) for both in (fans, others)]
            rows, units = fans
            corner = np.asarray(wide[other]["kernel"])[:rows, :units] / widths[1]
            np.testing.assert_allclose(corner, np.asarray(narrow[layer]["kernel"]) / widths[0], rtol=1e-6)
            biases = [np.asarray(net[at]["bias"]) for net, at in ((narrow, layer), (wide, other))]
            np.testing.assert_allclose(biases[0] / widths[0], biases[1][:units] / widths[1], rtol=1e-6)
        assert name == "zeros" or len(np.unique(narrow["layer_0"]["kernel"])) == 15


def test_biases_are_drawn_as_scikit_learn_draws_them():
    """Uniform on ±sqrt(6 / (fan-in + fan-out)), as its `_init_coef`, and in an envelope as alone."""
    fans = jnp.float32(3), jnp.float32(5)
    bias = np.asarray(draw_bias("glorot_uniform", jax.random.key(0), fans, 20_000, jnp.float32))
    theirs = MLPRegressor(activation="relu")
    theirs._random_state = np.random.RandomState(0)
    assert ks_2samp(bias, np.ravel([theirs._init_coef(3, 5, np.float64)[1] for _ in range(2000)])).pvalue > 1e-3
    assert 0.999 * np.sqrt(6 / 8) < abs(bias).max() <= np.sqrt(6 / 8)
    config = ModelConfig("mlp", (5,), "relu", "linear", "glorot_uniform", "glorot_uniform")
    both = [dataclasses.replace(config, widths=widths) for widths in ((5,), (7, 4))]
    envelope = envelope_of([Experiment(model=one, optimizer=OptimizerConfig("sgd")) for one in both])
    hyper = {width_name(0): jnp.float32(5), width_name(1): jnp.float32(5), DEPTH: jnp.float32(1)}
    drawn = EnvelopeNetwork(envelope, 3, 2, config).init(jax.random.key(3), hyper)
    alone = draw_layers(jax.random.key(3), (3, 5, 2), KERNEL_INITS[config.kernel_init], jnp.float32, config.bias_init)
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-6), own_params(envelope, both[0], drawn), alone)
    assert alone["layer_0"]["bias"].all()


def test_dropout_falls_by_example_and_unit_whatever_the_shape():
    drop = jax.jit(lambda x: drop_by_example(x, jnp.float32(0.5), jax.random.key(1)))
    whole, part = (np.asarray(drop(np.ones(shape, "float32"))) for shape in ((7, 9), (4, 5)))
    np.testing.assert_array_equal(whole[:4, :5], part)
    assert len({row.tobytes() for row in whole}) == 7


def test_init_scale_scales_kernels_only_and_biases_start_at_zero():
    model, key = make(), jax.random.key(0)
    plain, scaled = model.init(key), model.init(key, jnp.float32(2.5))
    for name, layer in plain.items():
        assert not layer["bias"].any()
        np.testing.assert_allclose(scaled[name]["kernel"], 2.5 * np.asarray(layer["kernel"]), rtol=1e-6)
        np.testing.assert_array_equal(scaled[name]["bias"], layer["bias"])


def weights_for(model):
    """Weights that NumPy draws, biases too."""
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(model.init, jax.random.key(0))
    return jax.tree.map(lambda leaf: (rng.normal(size=leaf.shape) / 3).astype(np.float32), shapes)


def test_outputs_equal_numpy():
    """f(Wx + b) layer by layer; the last one's f is the output activation, left out of the logits."""
    model = make(activation="tanh", output_activation="softmax")
    params, x = weights_for(model), np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    hidden = x
    for layer in ("layer_0", "layer_1"):
        hidden = np.tanh(hidden @ params[layer]["kernel"] + params[layer]["bias"])
    z = hidden @ params["layer_2"]["kernel"] + params["layer_2"]["bias"]
    np.testing.assert_allclose(model.logits(params, x), z, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.apply(params, x), scipy_softmax(z, axis=1), rtol=1e-5)
    np.testing.assert_allclose(model.apply(params, x[0]), scipy_softmax(z[0]), rtol=1e-5)  # a single example


def test_layers_without_activation_are_one_affine_map():
    model = make((6, 7), activation="linear", output_activation="linear")
    params, x = weights_for(model), np.random.default_rng(0).normal(size=(9, 5)).astype(np.float32)
    kernel, bias = np.eye(5), np.zeros(5)
    for layer in params.values():
        kernel, bias = kernel @ layer["kernel"], bias @ layer["kernel"] + layer["bias"]
    np.testing.assert_allclose(model.apply(params, x), x @ kernel + bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "widths", "layers"),
    [
        ("autoencoder", (128, 64, 128), 2),
        ("autoencoder", (128, 64, 32, 16, 32, 64, 128), 4),
        ("autoencoder", (3,), 1),
        ("mlp", (300, 100), 2),
        ("mlp", (3, 9), 2),
        ("mlp", (), 0),
    ],
)
def test_the_code_is_the_narrowest_layer_of_an_autoencoder_and_the_last_of_an_mlp(kind, widths, layers):
    assert code_layer(ModelConfig(kind=kind, widths=widths)) == layers


@pytest.mark.parametrize(("kind", "widths"), [("autoencoder", (6, 3, 6)), ("mlp", (6, 3)), ("mlp", ())])
def test_decode_of_encode_is_apply(kind, widths):
    model = make(widths, kind=kind, output_activation="sigmoid")
    params, x = weights_for(model), np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    code = model.encode(params, x)
    assert code.shape == (7, 3 if widths else 5)
    assert model.code_layer == code_layer(ModelConfig(kind=kind, widths=widths))
    np.testing.assert_array_equal(model.decode(params, code), model.apply(params, x))


def test_bfloat16_computes_roughly_and_keeps_float32():
    models = [make(dtype=dtype) for dtype in ("float32", "bfloat16")]
    params, x = weights_for(models[0]), np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
    jax.tree.map(np.testing.assert_array_equal, *(model.init(jax.random.key(0)) for model in models))
    fine, rough = (np.asarray(model.logits(params, x)) for model in models)
    assert rough.dtype == jnp.float32
    assert 1e-4 < np.abs(fine - rough).max() < 0.05 * np.abs(fine).max()  # bfloat16 has 8 bits: 2^-9 = .2 %
    gradient = jax.eval_shape(jax.grad(lambda params: jnp.sum(models[1].logits(params, x))), params)
    assert {leaf.dtype.name for leaf in jax.tree.leaves(gradient)} == {"float32"}


def test_float64_is_float64_throughout():
    with jax.enable_x64(True):
        model = make(dtype="float64")
        shapes = jax.eval_shape(
            lambda key: (params := model.init(key), model.apply(params, jnp.ones((1, 5)))), jax.random.key(0)
        )
        assert {leaf.dtype.name for leaf in jax.tree.leaves(shapes)} == {"float64"}


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_has_the_statistics_of_flax(rate):
    """Zeros with the rate, else 1 / (1 - rate): mean 1 and variance rate / (1 - rate), in both."""
    x = np.ones((200, 500), "float32")
    ours = np.asarray(_drop(x, jnp.float32(rate), jax.random.key(0)))
    flax_rngs = {"dropout": jax.random.key(1)}
    flax_drop = jax.jit(lambda x, rngs: nn.Dropout(rate, deterministic=False).apply({}, x, rngs=rngs))
    theirs = np.asarray(flax_drop(x, flax_rngs))
    deviation = math.sqrt(rate / (1 - rate) / x.size)
    for dropped in (ours, theirs):
        np.testing.assert_allclose(np.unique(dropped), [0, 1 / (1 - rate)], rtol=1e-6)
        assert (dropped == 0).mean() == pytest.approx(rate, abs=4 * math.sqrt(rate * (1 - rate) / x.size))
        assert dropped.mean() == pytest.approx(1, abs=4 * deviation)
        assert dropped.var() == pytest.approx(rate / (1 - rate), rel=0.05)


_drop = jax.jit(apply_dropout)


def test_dropout_takes_any_rate_in_one_program_and_none_at_zero():
    x = jnp.asarray(np.random.default_rng(0).normal(size=(200, 500)), jnp.float32)
    before = _drop._cache_size()
    np.testing.assert_array_equal(_drop(x, jnp.float32(0), jax.random.key(0)), x)
    first = _drop._cache_size()
    _drop(x, jnp.float32(0.7), jax.random.key(2))
    assert first == _drop._cache_size() <= before + 1


def test_dropout_falls_on_hidden_layers_only_and_only_in_training():
    """Averaged over masks, the logits of a network that is linear behind the dropout are those without it."""
    model = make((400,), activation="relu", output_activation="linear")
    params, x = weights_for(model), np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    plain = model.logits(params, x)
    noisy = np.asarray(
        jax.jit(jax.vmap(lambda key: model.logits(params, x, jnp.float32(0.3), key)))(
            jax.random.split(jax.random.key(0), 2000)
        )
    )
    spread = noisy.std(axis=0) / math.sqrt(2000)
    assert (spread > 1e-4).all()
    assert (abs(noisy.mean(axis=0) - plain) < 4.5 * spread).all()
    np.testing.assert_array_equal(model.logits(params, x, jnp.float32(0.3)), plain)  # without a key: evaluation
    no_hidden = make((), output_activation="linear")
    bare = weights_for(no_hidden)
    np.testing.assert_array_equal(
        no_hidden.logits(bare, x, jnp.float32(0.9), jax.random.key(0)), no_hidden.apply(bare, x)
    )


def test_each_layer_has_its_own_mask():
    """Two hidden layers of identity maps: a unit survives both with (1 - rate)^2, not with 1 - rate."""
    model = make((500, 500), 500, 500, activation="linear", output_activation="linear")
    identity = {f"layer_{i}": {"kernel": np.eye(500, dtype="float32"), "bias": jnp.zeros(500)} for i in range(3)}
    z = np.asarray(model.logits(identity, np.ones((20, 500), "float32"), jnp.float32(0.5), jax.random.key(0)))
    np.testing.assert_allclose(np.unique(z), [0, 4])
    assert float((z == 4).mean()) == pytest.approx(0.25, abs=4 * math.sqrt(0.25 * 0.75 / 10_000))


@pytest.mark.parametrize("field", ["activation", "output_activation", "kernel_init"])
def test_unknown_names(field):
    with pytest.raises(KeyError, match="nosuch"):
        make(**{field: "nosuch"})

"""The trainer against Keras 3 (JAX backend): equal start weights and batches give equal losses, step by step."""

import contextlib
import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import stepwise
from populations import population, specs_of
from stepwise import QUICK, WIDTHS, batches, hyperparameters, start_weights

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.data import from_arrays, prepare_loaded
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.train.storage import named_arrays

FITTING = {
    "mean_squared_error": "linear",
    "mean_absolute_error": "linear",
    "mean_squared_logarithmic_error": "linear",
    "binary_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "kl_divergence": "softmax",
}
CLASSES = {"momentum": "SGD", "nesterov": "SGD", "sgd": "SGD", "adamw": "AdamW", "rmsprop": "RMSprop"}
NAMES = {"b1": "beta_1", "b2": "beta_2"}


@contextlib.contextmanager
def keras_in(dtype):
    """Keras computing in a dtype throughout.

    On JAX Keras turns what it promotes to float64 into float32, also the means inside losses (dtypes.py, "to be aligned
    with JAX's default behavior"); on TensorFlow it does not. Here it shall not either.
    """
    import keras
    from keras.src.backend.common import dtypes

    before = keras.config.floatx(), keras.config.dtype_policy()
    with pytest.MonkeyPatch.context() as patch, jax.numpy_dtype_promotion("standard"):
        patch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)
        try:
            with jax.enable_x64(dtype == "float64"), jax.numpy_rank_promotion("allow"):
                yield keras
        finally:
            keras.config.set_floatx(before[0])
            keras.config.set_dtype_policy(before[1])


@functools.cache
def keras_gradient(loss, output, dtype):
    """(weights, x, y) -> (loss, gradients) of Keras's model of the net, compiled."""
    import keras

    outputs = zip(WIDTHS[1:], ("tanh", output), strict=True)
    layers = [keras.layers.Dense(width, activation, kernel_initializer="zeros") for width, activation in outputs]
    model = keras.Sequential([keras.Input(WIDTHS[:1]), *layers])
    function = keras.losses.get("".join(word.capitalize() for word in loss.split("_")).replace("Kl", "KL"))

    def value(weights, x, y):
        return function(y, model.stateless_call(weights, [], x)[0])

    return jax.jit(jax.value_and_grad(value), compiler_options=QUICK)


@functools.cache
def keras_update(optimizer, dtype):
    """Keras's optimizer for the net: its first state, and (state, gradients, weights) -> (weights, state), compiled."""
    import keras

    values = {NAMES.get(name, name): value for name, value in hyperparameters(optimizer, "keras3").items()}
    values |= {"nesterov": True} if optimizer == "nesterov" else {}
    made = getattr(keras.optimizers, CLASSES.get(optimizer, optimizer.capitalize()))(**values)
    made.build([keras.Variable(array) for layer in start_weights() for array in layer])
    return [variable.value for variable in made.variables], jax.jit(made.stateless_apply, compiler_options=QUICK)


def train_keras(loss, output, optimizer, dtype, steps=stepwise.STEPS):
    """Losses [t] before each step, and the weights after the last."""
    with keras_in(dtype):
        gradient = keras_gradient(loss, output, dtype)
        state, update = keras_update(optimizer, dtype)
        weights, losses = [jnp.asarray(array, dtype) for layer in start_weights() for array in layer], []
        for x, y in zip(*(part[:steps].astype(dtype) for part in batches(output)), strict=True):
            value, gradients = gradient(weights, x, y)
            weights, state = update(state, gradients, weights)
            losses.append(value)
        return np.array(losses), [np.asarray(array) for array in weights]


def assert_equal_runs(ours, truth, **tolerances):
    """Compare (losses [t], weights) of the trainer, whose weights are pairs, with Keras's, whose weights are a list."""
    (losses, weights), (true_losses, true_weights) = ours, truth
    assert losses.dtype == true_losses.dtype
    np.testing.assert_allclose(losses, true_losses, **tolerances)
    for found, expected in zip((array for layer in weights for array in layer), true_weights, strict=True):
        np.testing.assert_allclose(found, expected, **tolerances)


NAMED = [name for name, own in OPTIMIZERS.items() if "keras3" in own.presets]
SOON = {(name, list(FITTING)[i % len(FITTING)]) for i, name in enumerate(NAMED)}  # each of both
PAIRS = [
    pytest.param(*pair, marks=() if pair in SOON else pytest.mark.slow) for pair in itertools.product(NAMED, FITTING)
]


@pytest.mark.parametrize(("optimizer", "loss"), PAIRS)
def test_50_steps_in_float64(loss, optimizer):
    """No output comes near 1e-7 of 0 or 1: beyond that Keras's losses of probabilities have no gradient, ours have."""
    truth = train_keras(loss, FITTING[loss], optimizer, "float64")
    with jax.enable_x64(True):
        ours = stepwise.train(loss, FITTING[loss], optimizer, "keras3", "float64")
    assert ours[0][-5:].mean() < 0.97 * ours[0][:5].mean()  # it learns, so there is something to compare
    assert_equal_runs(ours, truth, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("optimizer", "loss"), PAIRS)
def test_the_first_step_in_float32(loss, optimizer):
    truth = train_keras(loss, FITTING[loss], optimizer, "float32", steps=1)
    ours = stepwise.train(loss, FITTING[loss], optimizer, "keras3", "float32", steps=1)
    # Keras's Adam takes 1 - b2 in float32 in one place of two: 1e-5 of a step of .02 (DECK.md section 4).
    assert_equal_runs(ours, truth, rtol=1e-5, atol=1e-6)


# The deck's table pairs these losses with sigmoids (DECK.md section 4): wrong, but equally wrong.
@pytest.mark.parametrize("loss", ["mean_squared_error", "categorical_crossentropy", "kl_divergence"])
def test_50_steps_with_sigmoids(loss):
    truth = train_keras(loss, "sigmoid", "adam", "float64")
    with jax.enable_x64(True):
        ours = stepwise.train(loss, "sigmoid", "adam", "keras3", "float64")
    assert_equal_runs(ours, truth, rtol=1e-12, atol=1e-14)


EPOCHS, BATCH = 4, 16
AUTOENCODER = Experiment(
    data=DataConfig("images", validation=20, test=0, stratify=False),
    model=ModelConfig("autoencoder", widths=(4,), output_activation="sigmoid"),
    optimizer=OptimizerConfig("adadelta", preset="keras2"),
    loss="binary_crossentropy",
    batch_size=BATCH,
    eval_batch_size=13,
    epochs=EPOCHS,
    shuffle=False,
    train_eval_size=0,
)


def images():
    """70 gray images of 12 pixels: 50 to train on, in batches of 16, 16, 16 and 2."""
    rng = np.random.default_rng(0)
    pattern = rng.uniform(size=(3, 12))
    return from_arrays((rng.dirichlet(np.ones(3), size=70) @ pattern * 255).astype(np.uint8), name="images")


def test_fit_of_an_autoencoder():
    """Whole epochs of a population against Keras's fit: running means of batches, the last one smaller; validation."""
    specs = specs_of(AUTOENCODER)
    run = population(specs, images())
    [record], [program] = run.run(), run.layouts.programs.values()
    hyper = {name: np.float32([value]) for name, value in specs[0].experiment.hyperparameters.present().items()}
    start = jax.tree.map(lambda leaf: np.asarray(leaf)[0], program.init(hyper, np.zeros(1, np.uint32)).params)
    prepared = prepare_loaded(images(), AUTOENCODER.data)
    train, validation = (prepared.dataset.x[i].astype(np.float32) / 255 for i in (prepared.train, prepared.validation))
    with keras_in("float32") as keras:
        outputs = ((*AUTOENCODER.model.widths, 12), ("relu", "sigmoid"))
        layers = [keras.layers.Dense(k, f, kernel_initializer="zeros") for k, f in zip(*outputs, strict=True)]
        model = keras.Sequential([keras.Input((12,)), *layers])
        model.set_weights([start[f"layer_{i}"][name] for i in range(2) for name in ("kernel", "bias")])
        model.compile(keras.optimizers.Adadelta(1.0, rho=0.95, epsilon=1e-7), loss="binary_crossentropy")
        options = {"batch_size": BATCH, "validation_batch_size": 20, "epochs": EPOCHS, "shuffle": False, "verbose": 0}
        history = model.fit(train, train, validation_data=(validation, validation), **options).history
        truth = [np.asarray(variable.value) for variable in model.weights]
    np.testing.assert_allclose(record.curves["train_loss"], history["loss"], rtol=1e-5)
    np.testing.assert_allclose(record.curves["val_loss"], history["val_loss"], rtol=1e-5)
    found = named_arrays.unflatten(start, run.store.load_weights(0), named_arrays.FINAL)
    for i, name in enumerate(("kernel", "bias") * 2):
        np.testing.assert_allclose(found[f"layer_{i // 2}"][name], truth[i], rtol=1e-4, atol=1e-6)

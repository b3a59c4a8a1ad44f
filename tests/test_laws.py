"""Optimizers, losses, activations and models against all laws of `laws.py`.

Optimizers differ in nothing else; with the losses, which change the problem anyway, the activations change too.
"""

import functools
import itertools

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest
from laws import LAWS, Subject, equals_training_alone
from populations import CLASSIFIER, blobs, resolve
from stepwise import QUICK, RATES

from nnjax.core.fields import replace
from nnjax.data import from_arrays, load
from nnjax.models import lenet_tables
from nnjax.models.model import Variables
from nnjax.models.registry import MODELS
from nnjax.nn.activations import ACTIVATIONS
from nnjax.nn.losses import LOSSES
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.train.engine import training_step
from nnjax.train.engine.batches import Batch
from nnjax.train.engine.device_data import Shapes
from nnjax.train.engine.trial import Trial

BASE = replace(
    CLASSIFIER,
    {"validation": 0, "test": 0, "train_eval_size": 0, "shuffle": False, "stratify": False, "epochs": 12},
)
NAMES = {"optimizer": "optimizer.name", "activation": "model.activation", "output": "output_activation"}


def curve(n=45, d=4):
    """A positive target that bends: x [n, d], y [n, 1], float32."""
    x = np.random.default_rng(1).normal(size=(n, d)).astype(np.float32)
    return from_arrays(x, np.log1p(np.exp(x @ np.linspace(-2, 2, d)))[:, None].astype(np.float32), name="curve")


def digits(n=30):
    """The first real MNIST digits, the classes in turn."""
    found = load("mnist5k")
    rows = np.stack([np.flatnonzero(found.y == k)[: n // 10] for k in range(10)]).T.ravel()
    return from_arrays(found.x[rows], found.y[rows], name="digits", classes=found.classes, image_shape=(28, 28))


BLOBS, TWO, CURVE = blobs(61), blobs(61, k=2), curve()
DIGITS = digits()
IMAGES = from_arrays((255 / (1 + np.exp(-BLOBS.x))).astype(np.uint8), name="images")


def subject(dataset=BLOBS, factor=0.5, quick=True, **changes):
    changes = {NAMES.get(name, name): value for name, value in changes.items()}
    return Subject(replace(BASE, changes), dataset, factor, quick)


EVERYTHING = {
    "optimizer": "adamw",
    "schedule": "warmup_cosine",
    "activation": "linear",
    "learning_rate": 0.03,
    "weight_decay": 0.1,
    "dropout": 0.1,
    "label_smoothing": 0.1,
    "l1": 1e-3,
    "l2": 1e-3,
    "clip_norm": 1.0,
    "shuffle": True,
    "validation": 10,
    "train_eval_size": 9,
}
AUTOENCODER = {
    "kind": "autoencoder",
    "widths": (6, 2, 6),
    "output": "sigmoid",
    "scaling": "unit",
    "learning_rate": 0.03,
}
CONVOLUTIONAL = {"scaling": "unit", "learning_rate": 0.01, "epochs": 6}
PUBLISHED = {
    "kind": "lenet5",
    "output": "linear",
    **lenet_tables.PUBLISHED,
    "scaling": "unit",
    "learning_rate": 0.001,  # at .003 Adam drifts by 1.3e-5 in the first epoch
    "epochs": 9,
}
SUBJECTS = {
    "sgd": subject(optimizer="sgd", learning_rate=0.1),
    "momentum": subject(optimizer="momentum", learning_rate=0.03),
    "nesterov": subject(optimizer="nesterov", learning_rate=0.03),
    "adam": subject(),
    "adamw": subject(optimizer="adamw", weight_decay=0.1),
    "adadelta": subject(optimizer="adadelta", learning_rate=3.0),
    "rmsprop": subject(optimizer="rmsprop"),
    "adagrad": subject(optimizer="adagrad", learning_rate=0.1),
    "squared error, tanh, autoencoder": subject(
        IMAGES, quick=False, loss="mean_squared_error", activation="tanh", **AUTOENCODER
    ),
    "absolute error, leaky ReLU": subject(CURVE, loss="mean_absolute_error", output="linear", activation="leaky_relu"),
    "huber, elu": subject(CURVE, loss="huber", output="linear", activation="elu"),
    "logarithmic error, sigmoid": subject(
        CURVE, loss="mean_squared_logarithmic_error", output="softplus", activation="sigmoid", learning_rate=0.05
    ),
    "binary crossentropy, gelu": subject(TWO, loss="binary_crossentropy", output="sigmoid", activation="gelu"),
    "crossentropy of sigmoids, softplus": subject(output="sigmoid", activation="softplus"),
    "divergence, softmax": subject(loss="kl_divergence", activation="softmax"),
    **{f"LeNet-5, {loss}": subject(DIGITS, 0.3, loss=loss, **PUBLISHED) for loss in ("rbf_mse", "rbf_map")},
    "modern LeNet-5": subject(DIGITS, 0.7, kind="lenet5_modern", widths=(6, 8, 24), **CONVOLUTIONAL),
    "convolutional autoencoder": subject(
        DIGITS,
        0.7,
        kind="conv_autoencoder",
        widths=(4, 3, 2),
        output="sigmoid",
        loss="binary_crossentropy",
        **CONVOLUTIONAL,
    ),
    "everything, linear": subject(BLOBS, 0.8, quick=False, **EVERYTHING),
}


ALIKE = "LeNet-5, rbf_map"  # the program of rbf_mse but for the loss


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == ALIKE else ()) for name in SUBJECTS]
)
def test_law(name, law):
    law(SUBJECTS[name])


@pytest.mark.parametrize("name", ["squared error, tanh, autoencoder", "everything, linear"])
def test_solo_program(name):
    equals_training_alone(SUBJECTS[name])


def test_nothing_is_left_out():
    experiments = [resolve(some.experiment, some.dataset) for some in SUBJECTS.values()]
    assert {e.optimizer.name for e in experiments} == set(OPTIMIZERS)
    assert {e.loss for e in experiments} == set(LOSSES)
    assert {e.model.kind for e in experiments} == set(MODELS)
    assert {e.model.activation for e in experiments} == set(ACTIVATIONS) - {"step"}  # it has no gradient


# 80 triples in which every pair of an optimizer, a hidden activation and a loss occurs.
GENERAL = [name for name, loss in LOSSES.items() if loss.compares != "distances"]  # those that fit a sigmoid
LOSSES_LIST, SMOOTH = GENERAL, [name for name in ACTIVATIONS if name != "step"]
TRIPLES = [
    (optimizer, activation, LOSSES_LIST[(i + j) % len(GENERAL)])
    for (i, optimizer), (j, activation) in itertools.product(enumerate(OPTIMIZERS), enumerate(SMOOTH))
]


# Every pair of an optimizer and a loss, and every pair of one of them and a kind of model; activations go along.
PAIRS = [
    (optimizer, loss, "autoencoder" if (i + j) % 2 else "mlp", SMOOTH[(i + j) % len(SMOOTH)])
    for (i, optimizer), (j, loss) in itertools.product(enumerate(OPTIMIZERS), enumerate(GENERAL))
]


SOON = PAIRS[::5]  # every optimizer, loss and kind; the rest are slow


@pytest.mark.parametrize(
    ("optimizer", "loss", "kind", "activation"),
    [pytest.param(*pair, marks=() if pair in SOON else pytest.mark.slow) for pair in PAIRS],
)
def test_laws_in_pairs(optimizer, loss, kind, activation):
    """Sigmoid outputs and targets between 0 and 1 are possible with every loss, if not wise."""
    changes = {"optimizer": optimizer, "loss": loss, "activation": activation, "learning_rate": RATES[optimizer]}
    shape = AUTOENCODER | changes if kind == "autoencoder" else {"output": "sigmoid"} | changes
    some = subject(IMAGES if kind == "autoencoder" else BLOBS, 1.0, **shape)
    for law in LAWS:
        law(some)


def small_trial(dtype, optimizer, activation, loss, **more):
    """A trial of 4-3-3 with sigmoids, which fit every loss, and its hyperparameters."""
    names = {"optimizer.name": optimizer, "model.activation": activation, "loss": loss, "dtype": dtype}
    experiment = resolve(replace(BASE, {"widths": (3,), "output_activation": "sigmoid", **names, **more}))
    trial = Trial(experiment, Shapes((4,), 3, "regression", has_validation=False, has_train_eval=False))
    values = experiment.hyperparameters.present()
    return trial, {name: jnp.asarray(value, trial.dtype) for name, value in values.items()}


def test_pairs_occur():
    for column in range(3):
        assert {pair[column] for pair in SOON} == {pair[column] for pair in PAIRS}
    for some, columns in ((TRIPLES, 3), (PAIRS, 3)):
        for a, b in itertools.combinations(range(columns), 2):
            assert len({(t[a], t[b]) for t in some}) == len({t[a] for t in some}) * len({t[b] for t in some})


@pytest.mark.parametrize(("dtype", "triples"), [("float64", TRIPLES), ("bfloat16", TRIPLES[: len(SMOOTH)])])
def test_dtypes_are_kept(dtype, triples):
    """All is float64 in float64; weights and state are float32 even where the computation is bfloat16."""
    kept = "float64" if dtype == "float64" else "float32"
    with jax.enable_x64(dtype == "float64"):
        batch = Batch(*(jax.ShapeDtypeStruct(shape, kept) for shape in ((8, 4), (8, 3), (8,))))
        for triple in triples:
            trial, hyper = small_trial(dtype, *triple)
            before = jax.eval_shape(trial.init, hyper, jnp.uint32(0))
            after = jax.eval_shape(functools.partial(training_step.step, trial), hyper, before, batch, jnp.int32(2))
            assert after == before, triple
            assert {leaf.dtype.name for leaf in jax.tree.leaves(after)} == {kept, "int32", "uint32"}, triple


def test_gradients_of_the_objective():
    """Analytic against central differences in float64, with dropout, smoothing, both penalties and a masked example.

    The gradients of the losses alone are checked in test_losses.py.
    """
    regularized = {"dropout": 0.4, "label_smoothing": 0.1, "l1": 0.01, "l2": 0.02}
    rng = np.random.default_rng(0)
    examples = rng.normal(size=(3, 4)), rng.uniform(size=(3, 3)), np.array([1.0, 1.0, 0.0])

    def both(activation, batch):
        trial, hyper = small_trial("float64", "sgd", activation, "binary_crossentropy", **regularized)
        params = jax.eval_shape(trial.init, hyper, jnp.uint32(0)).params
        params = jax.tree.map(lambda leaf: np.random.default_rng(leaf.size).normal(size=leaf.shape), params)
        flat, unravel = jax.flatten_util.ravel_pytree(params)
        state = trial.start(hyper, jnp.uint32(0), Variables(params))

        def value(flat):
            return training_step.batch_loss(trial, hyper, state, batch, jnp.sum(batch.w))(unravel(flat))[0]

        steps = 1e-6 * jnp.eye(flat.size)
        up, down = (jax.vmap(lambda step, sign=sign: value(flat + sign * step))(steps) for sign in (1, -1))
        return jax.grad(value)(flat), (up - down) / 2e-6

    with jax.enable_x64(True):
        program = jax.jit(lambda batch: {name: both(name, batch) for name in SMOOTH}, compiler_options=QUICK)
        for name, (gradient, slopes) in program(Batch(*examples)).items():
            np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-9, err_msg=name)

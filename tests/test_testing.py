"""`nnjax.testing`: objects that obey the laws pass, and each law catches an object that breaks it."""

import gc

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.custom_batching import custom_vmap

import nnjax
from nnjax.nn.losses import LOSSES
from nnjax.nn.metrics import METRICS
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.search.schedulers import make_scheduler
from nnjax.spaces.expansion import expand
from nnjax.testing import check_loss, check_metric, check_model, check_optimizer, check_scheduler
from nnjax.train.scheduler import Decision

RNG = np.random.default_rng(0)
X = np.float32(RNG.normal(size=(12, 5)))
LABELS = np.arange(12) % 3
Y = np.float32(RNG.normal(size=(12, 3)))
Z = np.float32(RNG.normal(size=(12, 3)))
P = np.array(jax.nn.softmax(Z))


def broken(check, *arguments, says, **options):
    with pytest.raises(nnjax.UserError, match=says) as caught:
        check(*arguments, **options)
    assert "\n" not in str(caught.value)


def init(key, x):
    first, second = jax.random.split(key)
    d = x.shape[1]
    return {"a": jax.random.normal(first, (d, 4)) / d**0.5, "b": jax.random.normal(second, (4, 3)) / 2}


def forward(params, x):
    return jnp.tanh(x @ params["a"]) @ params["b"]


# --- objects that obey ---


class Net(nn.Module):
    norm: bool = False
    rate: float = 0.2

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Dense(8)(x)
        if self.norm:
            x = nn.BatchNorm(use_running_average=not train)(x)
        x = nn.Dropout(self.rate, deterministic=not train)(nn.relu(x))
        return nn.Dense(3)(x)


def nnx_net(rngs):
    from flax import nnx

    return nnx.Sequential(
        nnx.Linear(5, 8, rngs=rngs), nnx.tanh, nnx.Dropout(0.2, rngs=rngs), nnx.Linear(8, 3, rngs=rngs)
    )


def equinox_net(key):
    import equinox as eqx

    return eqx.nn.MLP(5, 3, 8, 1, key=key)


def keras_net():
    import keras

    layers = [keras.Input((5,)), keras.layers.Dense(8, "tanh"), keras.layers.Dropout(0.2), keras.layers.Dense(3)]
    return keras.Sequential(layers)


@pytest.mark.parametrize(
    "y", [LABELS, pytest.param(Y, marks=pytest.mark.slow), None], ids=["classes", "numbers", "none"]
)
def test_two_functions_pass(y):
    check_model((init, forward), X, y)


@pytest.mark.parametrize(
    "model",
    [Net(norm=True), *(pytest.param(one, marks=pytest.mark.slow) for one in (Net(), nnx_net, equinox_net))],
    ids=["norm", "linen", "nnx", "eqx"],
)
def test_models_of_the_libraries_pass(model):
    check_model(model, X, LABELS)


@pytest.mark.slow
def test_a_keras_model_passes():
    check_model(keras_net(), X, Y)


@pytest.mark.parametrize("name", LOSSES)
def test_our_losses_pass(name):
    y = np.float32(np.eye(3)[LABELS])
    if name.startswith("rbf"):
        check_loss(name, y, -np.square(Z), output_activation="linear")
    else:
        check_loss(name, y, Z)


def test_losses_of_others_pass():
    check_loss(optax.losses.softmax_cross_entropy_with_integer_labels, LABELS, Z)
    check_loss(optax.losses.squared_error, Y, Z)


@pytest.mark.parametrize("name", METRICS)
def test_our_metrics_pass(name):
    if name in ("roc_auc",):
        check_metric(name, LABELS % 2, P[:, :1])
    elif name in ("r2",):
        check_metric(name, Y, Z)
    else:
        check_metric(name, LABELS, P)


@pytest.mark.parametrize("name", [*OPTIMIZERS, "lion", "optax.contrib.muon"])
def test_optimizers_pass(name):
    check_optimizer(name)


def specs_of(space):
    return expand(nnjax.Experiment(epochs=16), space, lambda text: None)


@pytest.mark.parametrize("options", [{"halving": nnjax.Halving()}, {"evolution": nnjax.Evolution(every=4)}])
def test_our_schedulers_pass(options):
    space = nnjax.Space(axes={"learning_rate": [0.1 * i for i in range(1, 9)]}, **options)
    check_scheduler(make_scheduler(space, specs_of(space)))


# --- objects that break a law ---


def test_a_model_that_leaks_a_tracer():
    kept = []

    def leaks(params, x):
        kept.append(x * 2)
        return forward(params, x)

    gc.freeze()  # JAX looks for who holds it among all objects that are not
    broken(check_model, (init, leaks), X, says="leaks a tracer")


def test_a_model_that_keeps_python_state():
    calls = []

    def counts(params, x):
        calls.append(0)
        return forward(params, x) * len(calls)

    broken(check_model, (init, counts), X, says="keeps Python state")


def test_a_loss_that_returns_the_mean():
    broken(
        check_loss,
        lambda y, z: jnp.mean(jnp.square(y - z)),
        Y,
        Z,
        says="leave out the mean",
    )


def test_an_optimizer_that_branches_on_the_rate():
    def branches(learning_rate):
        return optax.sgd(learning_rate if learning_rate > 0.1 else 0.1)

    broken(check_optimizer, branches, says="values are traced: use jnp.where")


@pytest.mark.parametrize("dtype", ["float16", "int32"])
def test_a_model_of_the_wrong_type(dtype):
    broken(
        check_model,
        (init, lambda p, x: forward(p, x).astype(dtype)),
        X,
        says=f"yields {dtype} .* float32 was expected",
    )


def test_a_loss_of_the_wrong_type():
    broken(check_loss, lambda y, z: jnp.sum(z * y, axis=-1).astype(jnp.float16), Y, Z, says="returned float16")


def test_a_model_that_lets_values_leak_between_examples():
    broken(
        check_model,
        (init, lambda p, x: forward(p, x - jnp.mean(x, axis=0))),
        X,
        says="example changes .* for others",
    )


def test_batch_statistics_without_a_state():
    def normalized(params, x, *, train):
        return forward(params, x - jnp.mean(x, axis=0) if train else x)

    broken(check_model, (init, normalized), X, says="In training an example changes")


def test_a_model_that_lets_values_leak_between_lanes():
    @custom_vmap
    def mixed(x):
        return x

    @mixed.def_vmap
    def rule(axis_size, in_batched, x):
        return x + 0.1 * jnp.mean(x, axis=0, keepdims=True), True

    broken(check_model, (init, lambda p, x: forward(p, mixed(x))), X, says="a value leaks between lanes")


def test_a_loss_that_lets_values_leak_between_examples():
    broken(check_loss, lambda y, z: jnp.sum(jnp.square(y - z), axis=1) / jnp.max(z), Y, Z, says="change the values")


def of_labels(y, z):
    return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1)[:, 0]


def share_right(y, z):
    return jnp.take_along_axis(jax.nn.softmax(z), y[:, None], axis=1)[:, 0]


@pytest.mark.parametrize(
    ("loss", "y", "says"),
    [
        (lambda y, z: of_labels(y, z) / jnp.bincount(y, length=3)[y], LABELS, "change the values of others"),
        (lambda y, z: jnp.sum((y - z) ** 2, axis=1) + z[0, 0], Y, "change the values of others"),
        (lambda y, z: jnp.sum((y - z) ** 2, axis=1) / len(z), Y, "differently among 6 examples than among 12, by 1:"),
        (lambda y, z: jnp.linalg.norm(y - z, axis=1), Y, "gradient that is not finite for outputs equal to the targ"),
        (lambda y, z: -((1 - share_right(y, z)) ** 0.5) * jnp.log(share_right(y, z)), LABELS, "not finite for confid"),
        (lambda y, z: (0 * of_labels(y, z) + 1) / (1 - share_right(y, z)), LABELS, "is inf for confident right outp"),
    ],
    ids=["balanced by the batch", "first example", "over the size", "root", "focal of a fraction", "infinite"],
)
def test_losses_that_are_wrong_for_some_batches_or_outputs(loss, y, says):
    broken(check_loss, loss, y, Z, says=says)


@pytest.mark.parametrize(
    ("apply", "says"),
    [
        (
            lambda p, x: forward(p, x) + forward(p, x[:1]),
            "In evaluation an example changes the model's outputs for oth",
        ),
        (lambda p, x: forward(p, x) / len(x), "differ by .* among 6 examples instead of 12"),
        (
            lambda p, x: forward(p, jnp.where(jax.random.bernoulli(jax.random.key(1), 0.5, x.shape), x, 0)),
            "at another place in the batch: does it draw something for each example, as a dropout that is never off",
        ),
        (lambda p, x: forward(p, x) if x.sum() > 0 else -forward(p, x), "TracerBoolConversionError.*jax.lax.cond"),
    ],
    ids=["first example", "size of the batch", "dropout never off", "branch on the data"],
)
def test_models_whose_outputs_depend_on_the_batch(apply, says):
    broken(check_model, (init, apply), X, says=says)


def test_a_metric_that_is_a_mean_for_each_example():
    """Its sums are right on whole parts, and wrong where a part is filled up or weighted."""
    share = lambda y, p: jnp.full(len(p), jnp.mean(jnp.float32(y == p.argmax(axis=1))))  # noqa: E731
    broken(check_metric, nnjax.Metric(share, maximized=True, label="m"), LABELS, P, says="change the statistics of oth")


def test_an_optimizer_that_counts_in_python():
    counted = []

    def slower(learning_rate):
        def update(updates, state, params=None):
            counted.append(1)
            return jax.tree.map(lambda g: -learning_rate * g / len(counted), updates), state

        return optax.GradientTransformation(lambda params: optax.EmptyState(), update)

    broken(check_optimizer, slower, says="The optimizer slower keeps Python state")


def test_a_metric_without_direction():
    broken(check_metric, lambda y, p: p[:, 0], LABELS, P, says="has no direction: write nnjax.Metric")


def test_a_metric_of_the_wrong_direction():
    right = nnjax.Metric(lambda y, p: jnp.float32(y == p.argmax(axis=1)), maximized=False, label="right")
    broken(check_metric, right, LABELS, P, says="is 1 for right outputs and 0 for wrong ones.*maximized=True")


def test_a_metric_of_the_whole_batch():
    scaled = nnjax.Metric(lambda y, p: p[:, 0] / jnp.max(p[:, 0]), maximized=True, label="scaled")
    broken(check_metric, scaled, LABELS, P, says="from the sums of two halves")


def test_a_model_of_the_wrong_width():
    broken(check_model, (init, forward), X, np.arange(12) % 5, says="yields 3 outputs .* classes 0 to 4: .* 5 outputs")
    broken(check_model, (init, forward), X, Y[:, :2], says="yields 3 outputs .* there are 2 targets")


def test_a_model_that_draws_the_same_numbers_by_numpy():
    def same_mask(params, x, *, train, key):
        mask = np.random.default_rng(3).random(x.shape) < 0.5
        return forward(params, jnp.where(mask, x, 0) if train else x)

    broken(check_model, (init, same_mask), X, says="same random numbers at every step")


def kept(key, shape, rate=0.8):
    return jax.random.bernoulli(key, rate, shape).astype(jnp.float32)


def convolved(params, x):
    images = x.reshape(-1, 5, 1, 1)
    kernel = params["a"].reshape(5, 1, 1, 4)
    return jax.lax.conv_general_dilated(images, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def test_a_convolution_that_reuses_a_key_beside_a_proper_dropout():
    def masked(params, x, *, train, key):
        maps = convolved(params, x).mean(axis=(1, 2))
        masks = kept(key, maps.shape) * kept(jax.random.key(3), maps.shape) if train else 1
        return maps * masks @ params["b"]

    broken(check_model, (init, masked), X, LABELS, says="same random numbers at every step")


def test_a_model_that_draws_twice_from_one_key():
    def twice(params, x, *, train, key):
        hidden = jnp.tanh(x @ params["a"])
        return (hidden * kept(key, hidden.shape) * kept(key, (len(x), 1)) if train else hidden) @ params["b"]

    broken(check_model, (init, twice), X, LABELS, says="draws twice from one key in a call")


@pytest.mark.slow
def test_random_features_of_a_fixed_key_are_no_reused_key():
    def features(params, x):
        fixed = jax.random.normal(jax.random.key(0), (5, 5))
        return forward(params, jnp.cos(x @ fixed))

    check_model((init, features), X)


class Fails(nn.Module):
    how: str

    @nn.compact
    def __call__(self, x, train: bool, hyper):
        x = nn.Dense(3)(x)
        if self.how == "value" and x.sum() > 0:
            return -x
        if self.how == "rate" and hyper["gain"] > 1:
            return 2 * x
        if self.how == "norm":
            return nn.BatchNorm(use_running_average=False)(x)
        if self.how == "shape":
            raise AssertionError
        if self.how == "gradient":
            return jax.pure_callback(np.tanh, jax.ShapeDtypeStruct(x.shape, x.dtype), x, vmap_method="expand_dims")
        return x


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("value", r"TracerBoolConversionError.*Fails.__call__, test_testing.py.*use jnp.where"),
        ("rate", r"TracerBoolConversionError.*Fails.__call__, test_testing.py.*use jnp.where"),
        ("norm", "cannot be evaluated, where it gets no key: it changes its state there too"),
        ("shape", r"AssertionError: raise AssertionError \(in Fails.__call__, test_testing.py"),
        ("gradient", "The model failed: ValueError: Pure callbacks do not support JVP"),
    ],
)
def test_a_model_that_fails_is_one_sentence(how, says):
    broken(check_model, Fails(how), X, LABELS, says=says, hyper={"gain": 2.0})


def test_a_model_whose_init_ignores_its_key():
    broken(check_model, (lambda key, x: init(jax.random.key(0), x), forward), X, says="same weights from two keys")


def test_a_model_that_is_random_in_evaluation():
    def noisy(params, x, *, key):
        return forward(params, x if key is None else x + jax.random.normal(key, x.shape))

    broken(check_model, (init, noisy), X, says="in evaluation mode depend on the key")


def test_a_model_whose_gradient_is_stopped():
    def stopped(params, x):
        return jax.lax.stop_gradient(jnp.tanh(x @ params["a"])) @ params["b"]

    broken(check_model, (init, stopped), X, says="wrong gradient by the weights a: 0 .*the gradient is stopped")


def test_a_loss_whose_gradient_is_stopped():
    broken(
        check_loss,
        lambda y, z: jnp.sum(jnp.square(y - jax.lax.stop_gradient(z)), axis=1),
        Y,
        Z,
        says="gradient is stopped",
    )


def test_a_loss_with_its_sign_reversed():
    broken(
        check_loss,
        lambda y, z: jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1)[:, 0],
        LABELS,
        Z,
        says="right ones must cost less",
    )


def test_a_loss_that_is_not_finite():
    broken(check_loss, lambda y, z: jnp.log(z).sum(axis=1), Y, Z, says="finite number was expected")


def test_an_optimizer_of_the_wrong_sign():
    def uphill(learning_rate):
        return optax.scale(learning_rate)

    broken(check_optimizer, uphill, says="does not converge")


def test_an_optimizer_that_ignores_its_rate():
    broken(check_optimizer, lambda learning_rate: optax.sgd(0.1), says="does not use the rate")


class Custom:
    """Lets all trials train to their end, as a function of the records and of how often it was asked says."""

    metric, description = "val_loss", {}

    def __init__(self, decide):
        self.asked, self.function = 0, decide

    def decide(self, records):
        self.asked += 1
        return self.function(records, self.asked)


@pytest.mark.parametrize(
    ("decide", "says"),
    [
        (lambda records, asked: Decision(dict.fromkeys(range(8), 16)), None),
        (lambda records, asked: Decision(dict.fromkeys(range(8), min(16, asked))), "decided differently"),
        (
            lambda records, asked: Decision(
                dict.fromkeys(range(8), 4 if records[1].epochs == 0 else 8),
                frozenset([0] if records[1].epochs == 4 else []),
            ),
            r"revives trials \[0\]",
        ),
        (
            lambda records, asked: Decision(dict.fromkeys(range(8), 8 if records[1].epochs == 0 else 4)),
            "end at epoch 4, but it has taken 8",
        ),
        (lambda records, asked: Decision(dict.fromkeys(range(8), 4)), "stalls"),
        (lambda records, asked: Decision(dict.fromkeys(range(9), 16)), r"trials \[8\], but there are 0 to 7"),
        (lambda records, asked: {}, "Decision was expected"),
        (
            lambda records, asked: [one.curves.clear() for one in records] and Decision(dict.fromkeys(range(8), 16)),
            "changes the records",
        ),
    ],
    ids=["lawful", "counts calls", "revives", "goes back", "stalls", "unknown", "no decision", "clears curves"],
)
def test_schedulers(decide, says):
    if says is None:
        check_scheduler(Custom(decide))
    else:
        broken(check_scheduler, Custom(decide), says=says)

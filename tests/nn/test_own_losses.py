"""Losses of the user's: how they and Optax's are called, what is refused; and those shipped in their form."""

import functools
import inspect
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.special import log_softmax, softmax
from scipy.stats import entropy
from sklearn.metrics import hinge_loss, mean_pinball_loss

from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef
from nnjax.nn.finite_differences import finite_differences
from nnjax.nn.logit_losses import focal_loss, pinball_loss
from nnjax.nn.losses import confident_costs, loss_of, make_loss, output_of
from nnjax.nn.user_functions import standard_rules

RNG = np.random.default_rng(0)
LABELS = jnp.asarray(RNG.integers(0, 3, 8), jnp.int32)
Z = jnp.asarray(RNG.normal(size=(8, 3)), jnp.float32)
HOT = jnp.asarray(np.eye(3)[LABELS], jnp.float32)
NUMBERS = jnp.asarray(RNG.normal(size=(8, 3)), jnp.float32)


def made(function, output="softmax"):
    return make_loss(ObjectRef(function), output)


def test_a_loss_gets_classes_and_logits_whatever_the_output_activation():
    def own(y, z):
        return -jax.nn.log_softmax(z)[jnp.arange(len(y)), y] * 2  # int * float: promotion that tests refuse elsewhere

    for output in ("softmax", "linear", "sigmoid"):
        value = made(own, output)(LABELS, Z)
        np.testing.assert_allclose(value, 2 * make_loss("categorical_crossentropy", "softmax")(HOT, Z), rtol=1e-5)
    record = loss_of(ObjectRef(own))
    assert (record.name, record.takes_raw, record.of_logits, record.remark) == ("own", True, True, "")


@pytest.mark.parametrize(
    ("function", "y", "z", "truth"),
    [
        (optax.losses.softmax_cross_entropy_with_integer_labels, LABELS, Z, None),
        (optax.softmax_cross_entropy, HOT, Z, None),
        (optax.losses.sigmoid_binary_cross_entropy, HOT, Z, "mean"),
        (optax.losses.sigmoid_focal_loss, HOT, Z, "mean"),
        (optax.losses.poly_loss_cross_entropy, HOT, Z, None),
        (optax.losses.squared_error, NUMBERS, Z, "mean"),
        (functools.partial(optax.losses.huber_loss, delta=0.3), NUMBERS, Z, "mean"),
        (optax.losses.log_cosh, NUMBERS, Z, "mean"),
        (optax.losses.cosine_distance, NUMBERS, Z, None),
    ],
)
def test_losses_of_optax_are_called_in_their_own_order(function, y, z, truth):
    @jax.jit
    def both(y, z):
        value = function(z, y)
        return made(function, "linear")(y, z), value.mean(axis=1) if truth else value

    np.testing.assert_array_equal(*both(y, z))
    record = loss_of(ObjectRef(function))
    assert f"The loss {record.name} is of optax.losses: it is called (z, y)" in record.remark
    assert record.takes_raw == (y is LABELS)


# {name: the first words of the refusal}; all others of optax.losses are called with (z, y) alone
REFUSED = {
    "cosine_similarity": "is no loss for nnjax, as it is highest where outputs are right",
    "ctc_loss": "failed on .*missing",
    "ctc_loss_with_forward_probs": "failed on .*missing",
    "kl_divergence_with_log_targets": "takes the logarithms of targets",
    "make_fenchel_young_loss": "makes a loss of a function of scores",
    "multiclass_generalized_dice_loss": "one value for each example",
    "ntxent": "failed on",
    "ranking_softmax_loss": "one value for each example",
    "smooth_labels": "smooths labels",
    "triplet_margin_loss": "failed on .*missing",
}
CONVERTED = ("kl_divergence", "hinge_loss", "perceptron_loss")  # have tests of their own


@pytest.mark.filterwarnings("ignore:The function convex_kl_divergence is deprecated")
def test_every_loss_of_optax_is_called_or_refused():
    """None is left out when Optax gets another one: it equals the bare call, its trailing axes averaged."""
    names = [name for name, one in vars(optax.losses).items() if name[0] != "_" and inspect.isfunction(one)]
    assert len(names) >= 28
    assert {*REFUSED, *CONVERTED} <= {*names}
    for name, words in REFUSED.items():
        with pytest.raises(UserError, match=words):
            jax.eval_shape(made(getattr(optax.losses, name), "linear"), HOT, Z)
    called = {name: getattr(optax.losses, name) for name in names if name not in (*REFUSED, *CONVERTED)}

    @jax.jit  # one program for all
    def values(labels, hot, z):
        found = {}
        for name, function in called.items():
            y = labels if loss_of(ObjectRef(function)).takes_raw else hot
            with standard_rules():
                found[name] = made(function, "linear")(y, z), function(z, y).reshape(len(z), -1).mean(axis=1)
        return found

    for name, (value, truth) in values(LABELS, HOT, Z).items():
        np.testing.assert_allclose(value, truth, rtol=1e-6, atol=1e-7, err_msg=name)
        right, wrong = confident_costs(ObjectRef(called[name]))
        assert right < wrong, name


@pytest.mark.parametrize("y", [(0.0, 1.0), (-1.0, 1.0)])
def test_losses_of_signs_take_0_and_1_too(y):
    signs, z = np.array([-1, 1, 1, -1]), np.array([0.3, -0.2, 2.0, -0.4], np.float32)
    targets = jnp.asarray(np.where(signs < 0, *y)[:, None], jnp.float32)
    hinge = made(optax.losses.hinge_loss, "linear")(targets, jnp.asarray(z)[:, None])
    assert hinge.mean() == pytest.approx(hinge_loss(signs, z), rel=1e-6)
    perceptron = made(optax.losses.perceptron_loss, "linear")(targets, jnp.asarray(z)[:, None])
    np.testing.assert_allclose(perceptron, np.maximum(0, -signs * z), rtol=1e-6)


def test_the_divergence_is_of_normalized_outputs():
    """Of raw outputs it would fall without end; a model that ends in log_softmax is none the worse."""
    y, normalized = softmax(2 * np.asarray(NUMBERS), axis=1), log_softmax(np.asarray(Z), axis=1)
    truth, value = entropy(y, np.exp(normalized), axis=1), jax.jit(made(optax.losses.kl_divergence))
    for z in (Z, normalized):
        np.testing.assert_allclose(value(y, z), truth, rtol=1e-5, atol=1e-6)
    assert output_of(ObjectRef(optax.losses.kl_divergence)) == "softmax"


def test_losses_of_optax_are_found_by_the_path_of_a_run_folder():
    path = str(ObjectRef(optax.losses.squared_error))
    np.testing.assert_allclose(make_loss(path, "linear")(NUMBERS, Z), np.mean((NUMBERS - Z) ** 2, axis=1), rtol=1e-6)


def test_a_path_that_was_not_imported_has_a_name_only():
    record = loss_of("somewhere.losses:mine")
    assert (record.name, record.compares) == ("mine", "anything")
    with pytest.raises(UserError, match=r"somewhere.losses:mine was not imported.*nnjax.load\(…, loss=…\).*trust=True"):
        make_loss("somewhere.losses:mine", "linear")(NUMBERS, Z)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda y, z: jnp.mean(z), r"returned float32\[\] for y int32\[8\], z float32\[8, 3\].*leave out the mean"),
        (lambda y, z: z, r"returned float32\[8, 3\].*reduce all axes but the first"),
        (lambda y, z: (y - z[:, :1]) ** 2, r"returned float32\[8, 8\].*broadcast against each other"),
        (lambda y, z: jnp.argmax(z, axis=-1) != y, r"returned bool\[8\].*one float for each example"),
        (lambda y, z: [1.0] * 8, r"returned a list"),
        (lambda y, z: z @ z, r"failed on y int32\[8\], z float32\[8, 3\]: TypeError"),
        (lambda y, z: float(z[0, 0]) * z[:, 0], r"failed on .*ConcretizationTypeError"),
        (optax.losses.ranking_softmax_loss, r"returned float32\[\].*one value for each example"),
        (optax.losses.ctc_loss, r"failed on .*missing"),
    ],
)
def test_refused_before_anything_compiles(function, words):
    y = HOT if not loss_of(ObjectRef(function)).takes_raw else LABELS
    shapes = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in (y, Z)]
    with pytest.raises(UserError, match=words):
        jax.eval_shape(make_loss(ObjectRef(function), "linear"), *shapes)


def test_no_function():
    with pytest.raises(UserError, match=r"The loss is 3, but a function \(y, z\) -> \[b\] or a name was expected"):
        loss_of(ObjectRef(3))


def test_the_focal_loss_is_the_formula_of_the_paper():
    p, focal = 0.9, jax.jit(focal_loss, static_argnums=2)
    [value] = focal(np.array([0]), np.float32([[math.log(p), math.log(1 - p)]]))
    assert value == pytest.approx(-((1 - p) ** 2) * math.log(p), rel=1e-5)
    truth = jax.jit(optax.softmax_cross_entropy_with_integer_labels)(Z, LABELS)
    np.testing.assert_allclose(focal(LABELS, Z, 0.0), truth, rtol=1e-5)
    labels, z = np.asarray(LABELS) % 2, np.asarray(Z)[:, :1]
    truth = jax.jit(lambda z, y: optax.sigmoid_focal_loss(z, y, gamma=2.0))(z[:, 0], labels.astype("float32"))
    np.testing.assert_allclose(focal(labels, z), truth, rtol=1e-5)
    slope = jax.jit(jax.grad(lambda z: focal_loss(jnp.asarray([0]), z, 0.5).sum()))
    assert np.isfinite(slope(np.float32([[200, 0]]))).all()


def test_the_gradient_of_the_focal_loss():
    with jax.enable_x64(True):
        z, total = np.asarray(Z, "float64"), jax.jit(lambda z: focal_loss(LABELS, z).sum())
        np.testing.assert_allclose(jax.grad(total)(z), finite_differences(total, z), rtol=1e-6)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_the_pinball_loss_equals_scikit_learn(q):
    y, z = np.asarray(NUMBERS)[:, :1], np.asarray(Z)[:, :1]
    assert pinball_loss(y, z, q).mean() == pytest.approx(mean_pinball_loss(y, z, alpha=q), rel=1e-6)
    sample = jnp.asarray(RNG.normal(size=(2001, 1)), jnp.float32)
    grid = np.quantile(sample, [q - 0.05, q, q + 0.05])
    loss = jax.jit(pinball_loss, static_argnums=2)
    costs = [loss(sample, np.full(sample.shape, z, np.float32), q).mean() for z in grid]
    assert np.argmin(costs) == 1


def test_confident_right_outputs_cost_less():
    for loss in ("categorical_crossentropy", ObjectRef(focal_loss), ObjectRef(optax.softmax_cross_entropy)):
        right, wrong = confident_costs(loss)
        assert right < wrong
    right, wrong = confident_costs(ObjectRef(lambda y, z: -focal_loss(y, z)))
    assert right > wrong

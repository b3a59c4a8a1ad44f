"""Losses against DECK.md's golden rows, Keras 3 (JAX backend), recorded values of PyTorch 2.13, finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.nn.activations import ACTIVATIONS
from nnjax.nn.losses import LOSSES, l1_penalty, l2_penalty, make_loss

GOLDEN_Y = [[0, 1, 0], [0, 0, 1]]
GOLDEN_P = [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]
# DECK.md section 4, computed there with Keras in float32 and float64.
GOLDEN = {
    "mean_squared_error": [0.00166667, 0.48666668],
    "mean_absolute_error": [0.03333334, 0.6],
    "mean_squared_logarithmic_error": [0.00100715, 0.23732868],
    "binary_crossentropy": [0.03419558, 1.3391279],
    "categorical_crossentropy": [0.05129331, 2.3025851],
    "kl_divergence": [0.05129202, 2.3025823],
}
GOLDEN64 = {
    "mean_squared_logarithmic_error": [0.00100715, 0.23732871],
    "binary_crossentropy": [0.03419556, 1.33912784],
    "categorical_crossentropy": [0.05129329, 2.30258509],
    "kl_divergence": [0.05129198, 2.30258212],
}
KERAS_LOSSES = [name for name in LOSSES if not name.startswith("rbf")]  # the others: tests/models/test_lenet.py
CLASS_LOSSES = ("binary_crossentropy", "categorical_crossentropy", "kl_divergence")
STABLE = [(name, output) for name, loss in LOSSES.items() for output in loss.stable]
OUTPUTS = ["linear", "sigmoid", "softmax", "softplus"]  # all that some loss has a stable form for, and two that are not


def keras_loss(name, y, p):
    import keras

    before = keras.config.floatx()
    keras.config.set_floatx(str(y.dtype))
    try:
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            return np.asarray(jax.jit(getattr(keras.losses, name))(y, p))
    finally:
        keras.config.set_floatx(before)


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_rows(name):
    y, p = jnp.asarray(GOLDEN_Y, jnp.float32), jnp.asarray(GOLDEN_P, jnp.float32)
    value = jax.jit(LOSSES[name])(y, p)
    assert value.dtype == jnp.float32
    np.testing.assert_allclose(value, GOLDEN[name], rtol=3e-7, atol=5e-9)


@pytest.mark.parametrize("name", GOLDEN64)
def test_golden_rows_in_float64(name):
    with jax.enable_x64(True):
        value = jax.jit(LOSSES[name])(np.asarray(GOLDEN_Y, "float64"), np.asarray(GOLDEN_P))
        assert value.dtype == jnp.float64
        np.testing.assert_allclose(value, GOLDEN64[name], rtol=0, atol=6e-9)


def test_crossentropy_renormalizes_rows():
    y, p = jnp.asarray(GOLDEN_Y, jnp.float32), jnp.asarray([[0.9, 0.9, 0.9], [0.2, 0.6, 0.1]])
    np.testing.assert_allclose(LOSSES["categorical_crossentropy"](y, p), [1.0986123, 2.1972246], rtol=1e-7)


def test_clipping_of_float32_is_not_symmetric():
    one = jnp.ones((1,))
    loss = LOSSES["binary_crossentropy"]
    assert f"{loss(one, 0 * one):.4f} {loss(0 * one, one):.4f}" == "16.1181 15.9424"  # DECK.md section 4


def test_kl_of_all_ones_is_below_a_perfect_prediction():
    y = jnp.zeros((10,)).at[3].set(1)
    assert LOSSES["kl_divergence"](y, jnp.ones(10)) == pytest.approx(-1.4506e-5, rel=1e-4)
    assert LOSSES["kl_divergence"](y, y) == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", KERAS_LOSSES)
def test_equals_keras(name, dtype):
    rng = np.random.default_rng(0)
    y, p = rng.uniform(size=(2, 40, 7))
    y[:10], p[:5], p[5:9] = np.eye(7)[rng.integers(7, size=10)], np.eye(7)[rng.integers(7, size=5)], 1e-9
    p[9], p[10], y[11] = 1 - 1e-9, 1, 0  # where the clipping is
    if name not in CLASS_LOSSES:
        y[20:], p[20:] = rng.normal(scale=30, size=(2, 20, 7))
    with jax.enable_x64(dtype == "float64"):
        y, p = y.astype(dtype), p.astype(dtype)
        ours = np.asarray(jax.jit(LOSSES[name])(y, p))
        truth = keras_loss(name, y, p)
    assert ours.dtype == truth.dtype == dtype
    sums = name in ("categorical_crossentropy", "kl_divergence")  # Keras takes means in float32, on JAX, always
    tolerance = 3e-6 if dtype == "float32" else 1e-13 if sums else 3e-7
    np.testing.assert_allclose(ours, truth, rtol=tolerance)


@pytest.mark.parametrize("name", LOSSES)
def test_loss_of_logits_is_the_loss_of_outputs(name):
    rng = np.random.default_rng(1)
    with jax.enable_x64(True):
        z = jnp.asarray(rng.uniform(0.05, 3, size=(6, 4)))  # outputs of sigmoid and softmax inside [ε, 1 - ε]
        y = jnp.asarray(rng.uniform(0.1, 1, size=(6, 4)))  # rows need not sum to 1

        @jax.jit  # one program for all outputs: compiling is what this test spends its time on
        def both(y, z):
            return {o: (make_loss(name, o)(y, z), LOSSES[name](y, ACTIVATIONS[o](z))) for o in OUTPUTS}

        for output, (value, truth) in both(y, z).items():
            np.testing.assert_allclose(value, truth, rtol=1e-12, err_msg=output)


@pytest.mark.parametrize(
    ("name", "argument"), [(name, "z") for name in LOSSES] + [(name, "y") for name in CLASS_LOSSES]
)
def test_gradients_against_central_differences(name, argument):
    rng = np.random.default_rng(2)
    with jax.enable_x64(True):
        y, z, weight = rng.uniform(0.1, 0.9, (3, 4)), rng.normal(size=(3, 4)), jnp.asarray([1.0, 0.5, 2.0])
        small = np.abs(z) * 0.3 + 0.05  # a logarithm wants outputs in (0, 1)
        steps = 1e-6 * jnp.eye(12).reshape(12, 3, 4)

        def total(value, given, output):
            arguments = given | {argument: value}
            return jnp.sum(make_loss(name, output)(arguments["y"], arguments["z"]) * weight)

        def gradients(given, output):
            up, down = (jax.vmap(lambda e, s=s: total(given[argument] + s * e, given, output))(steps) for s in (1, -1))
            return jax.grad(total)(given[argument], given, output), (up - down) / 2e-6

        given, outputs = {}, OUTPUTS if argument == "z" else [output for output in OUTPUTS if (name, output) in STABLE]
        for output in outputs:
            bare = name in CLASS_LOSSES and output not in ("sigmoid", "softmax")
            given[output] = {"y": jnp.asarray(y), "z": jnp.asarray(small if bare else z)}
        found = jax.jit(lambda given: {output: gradients(given[output], output) for output in outputs})(given)
        for output, (gradient, slopes) in found.items():
            np.testing.assert_allclose(np.ravel(gradient), slopes, rtol=1e-6, atol=1e-8, err_msg=output)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_bce_of_extreme_logits(dtype):
    """Closed form: at y = 1 the loss is log(1 + e^-z), whose gradient is -1 / (1 + e^z)."""
    with jax.enable_x64(dtype == "float64"):
        z = jnp.asarray([-500.0, -80, -15, -1e-3, 0, 1e-3, 15, 40, 80, 500], dtype)[:, None]
        loss = make_loss("binary_crossentropy", "sigmoid")
        value, gradient = jax.jit(jax.vmap(jax.value_and_grad(lambda z: loss(jnp.ones_like(z), z))))(z)
        assert value.dtype == gradient.dtype == dtype
    exact = np.asarray(z[:, 0], "float64")
    tolerance = 4 * np.finfo(dtype).eps
    tiny = np.finfo(dtype).tiny
    np.testing.assert_allclose(value, np.logaddexp(0, -exact), rtol=tolerance, atol=tiny)
    with np.errstate(over="ignore"):
        # A float near 1 is given to eps only, so sigmoid(z) - 1 is exact to eps absolutely.
        np.testing.assert_allclose(gradient[:, 0], -1 / (1 + np.exp(exact)), rtol=tolerance, atol=np.finfo(dtype).eps)


@pytest.mark.parametrize(("name", "output"), STABLE)
def test_stable_losses_keep_a_gradient_where_the_definition_has_none(name, output):
    y, z = jnp.asarray([0.0, 0, 1]), jnp.asarray([60.0, 0, -60])  # confident and wrong
    gradient = jax.jit(jax.grad(lambda z: make_loss(name, output)(y, z)))(z)
    assert jnp.isfinite(gradient).all()
    assert gradient[2] < -0.1
    defined = jax.jit(jax.grad(lambda z: LOSSES[name](y, ACTIVATIONS[output](z))))(z)
    assert not abs(defined[2]) > 1e-6  # 0, or NaN


# torch 2.13.0, float64 (tests/peers/test_torch.py computes them live):
#   z = torch.tensor([[-3., .5, 2.], [1., -1., 8.]], dtype=torch.float64)
#   y = torch.tensor([[.2, .3, .5], [0., 1., 0.]], dtype=torch.float64); F = torch.nn.functional
#   F.binary_cross_entropy_with_logits(z, y, reduction="none").mean(1); F.cross_entropy(z, y, reduction="none")
#   F.huber_loss(z, y, reduction="none").mean(1); F.kl_div(z.log_softmax(1), y, reduction="none").sum(1)
TORCH = {
    ("binary_crossentropy", "sigmoid"): [0.866530782265607, 3.542286260469780],
    ("categorical_crossentropy", "softmax"): [1.656906933673413, 9.001034756224715],
    ("kl_divergence", "softmax"): [0.627253919608839, 9.001034756224715],
    ("huber", "linear"): [1.24, 3.166666666666667],
}
TORCH_Z, TORCH_Y = [[-3.0, 0.5, 2.0], [1.0, -1.0, 8.0]], [[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]]


@pytest.mark.parametrize(("name", "output"), TORCH)
def test_equals_torch(name, output):
    with jax.enable_x64(True):
        value = jax.jit(make_loss(name, output))(np.asarray(TORCH_Y), np.asarray(TORCH_Z))
    # Keras's KL counts a target of 0 as 1e-7, PyTorch's as 0: 1e-7 · (log 1e-7 - log p), twice in the second row.
    tolerance = 6e-6 if name == "kl_divergence" else 1e-12
    np.testing.assert_allclose(value, TORCH[name, output], rtol=0, atol=tolerance)


@pytest.mark.parametrize(("name", "output"), STABLE)
def test_stable_losses_under_vmap_and_jit(name, output):
    rng = np.random.default_rng(3)
    y, z = (jnp.asarray(rng.uniform(size=(5, 4, 3)), jnp.float32) for _ in range(2))
    gradient = jax.grad(lambda z, y: jnp.mean(make_loss(name, output)(y, z)))
    lanes, gradient = jax.jit(jax.vmap(gradient))(z, y), jax.jit(gradient)
    alone = np.stack([gradient(z[i], y[i]) for i in range(5)])
    np.testing.assert_allclose(lanes, alone, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_broadcasting_is_refused(name):
    y, p = jnp.ones((4,)), jnp.ones((4, 1))
    for loss in (LOSSES[name], make_loss(name, "sigmoid")):
        with pytest.raises(UserError, match=r"\(4,\).*\(4, 1\)"):
            loss(y, p)


def test_penalties_count_kernels_only():
    params = {"a": {"kernel": jnp.asarray([[1.0, -2.0]]), "bias": jnp.asarray([10.0])}, "b": {"kernel": jnp.ones(3)}}
    assert l1_penalty(params) == 6
    assert l2_penalty(params) == 8
    with pytest.raises(UserError, match="kernel"):
        l2_penalty({"bias": jnp.ones(2)})

"""Why a trial diverged: the curvature against NumPy's eigenvalues, sizes by hand, and losses that are not finite."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from populations import CLASSIFIER, blobs, line

from nnjax.core.fields import replace
from nnjax.data import from_arrays, prepare_loaded
from nnjax.models.model import Variables
from nnjax.nn.losses import LOSSES
from nnjax.train.engine import divergence_causes
from nnjax.train.engine.batches import Batch
from nnjax.train.engine.device_data import make_device_data, make_shapes
from nnjax.train.engine.trial import Trial

LINEAR = replace(
    CLASSIFIER,
    {
        "model.widths": (),
        "model.output_activation": "linear",
        "loss": "mean_squared_error",
        "optimizer.name": "sgd",
        "data.validation": 3,
        "data.test": 0,
        "data.target_scaling": "none",
    },
)


def measured(experiment, dataset, **hyper):
    """What is measured of the network drawn from seed 3, with its variables and its data."""
    prepared = prepare_loaded(dataset, experiment.data)
    trial, data = Trial(experiment, make_shapes(experiment, prepared)), make_device_data(experiment, prepared)
    hyper = {"learning_rate": np.float32(0.1), **hyper}

    @jax.jit
    def run(data):
        state = trial.init(hyper, jnp.uint32(3))
        variables = Variables(state.params, state.model_state)
        return divergence_causes.measure(trial, hyper, jnp.uint32(3), variables, data), variables

    found, variables = run(data)
    return {name: float(value) for name, value in found.items()}, variables, prepared


def test_curvature_of_a_linear_regression_is_that_of_its_normal_equations():
    """The Hessian of the mean of (y - xw - b)² is 2/n [x, 1]'[x, 1], whatever the weights are."""
    found, _, prepared = measured(LINEAR, line())
    x, y = prepared.inputs(prepared.train), prepared.dataset.y[prepared.train]
    ones = np.column_stack([x, np.ones(len(x))]).astype(np.float64)
    assert found["curvature"] == pytest.approx(np.linalg.eigvalsh(2 / len(x) * ones.T @ ones)[-1], rel=1e-4)
    assert found["input_size"] == pytest.approx(np.sqrt((x**2).mean(axis=0).max()), rel=1e-5)
    assert found["target_size"] == pytest.approx(np.sqrt((y**2).mean()), rel=1e-5)
    assert np.isnan(found["infinite_at"])


def test_curvature_of_a_small_network_and_its_penalty():
    """Against the eigenvalues of the dense Hessian of the same loss, written down here in full."""
    experiment = replace(CLASSIFIER, {"model.widths": (4,), "model.activation": "tanh", "optimizer.name": "sgd"})
    found, variables, prepared = measured(experiment, blobs(), l2=np.float32(0.1))
    x, y = prepared.inputs(prepared.train)[:32], prepared.dataset.y[prepared.train][:32]
    flat, unflatten = jax.flatten_util.ravel_pytree(variables.params)

    def loss(w):
        first, last = unflatten(w).values()
        h = jnp.tanh(x @ first["kernel"] + first["bias"][None])
        z = h @ last["kernel"] + last["bias"][None]
        penalty = 0.1 * (jnp.sum(first["kernel"] ** 2) + jnp.sum(last["kernel"] ** 2))
        return -jnp.mean(jax.nn.log_softmax(z)[np.arange(len(x)), y]) + penalty

    largest = np.linalg.eigvalsh(np.asarray(jax.jit(jax.hessian(loss))(flat), np.float64))[-1]
    assert found["curvature"] == pytest.approx(largest, rel=2e-3)
    assert np.isnan(found["target_size"])


def steep(y, z):
    """Cross-entropy by the logarithms of probabilities, which a steep sigmoid brings to 0."""
    p = jax.nn.sigmoid(20 * z[:, 0])
    return -(y[:, 0] * jnp.log(p) + (1 - y[:, 0]) * jnp.log(1 - p))


def relative(y, z):
    """Fail where a target is 0, whatever the output is."""
    return jnp.abs(y - z)[:, 0] / jnp.abs(y)[:, 0]


@pytest.mark.parametrize(
    ("loss", "targets", "expected"),
    [
        (steep, [0, 1, 1], 1.0),  # at 0 both logarithms are log(1/2)
        (relative, [0, 1, 2], 0.0),
        (relative, [3, 1, 2], np.nan),
        *((name, [0, 1, 1], np.nan) for name in LOSSES if LOSSES[name].compares in ("numbers", "probabilities")),
    ],
)
def test_a_loss_that_is_not_finite_at_some_output(loss, targets, expected):
    """By hand; our own losses are finite at all outputs."""
    probabilities = isinstance(loss, str) and LOSSES[loss].compares == "probabilities"
    experiment = replace(LINEAR, {"loss": loss, "model.output_activation": "sigmoid" if probabilities else "linear"})
    y = np.array(targets, np.float32)[:, None]
    data = from_arrays(np.zeros((3, 2), np.float32), y, name="three")
    prepared = prepare_loaded(data, replace(experiment, {"data.validation": 1}).data)
    trial = Trial(experiment, make_shapes(experiment, prepared))
    state = trial.init({"learning_rate": np.float32(0.1)}, jnp.uint32(0))
    batch = Batch(jnp.zeros((3, 2)), jnp.asarray(y), jnp.ones(3))
    found = divergence_causes.infinite_at(trial, {}, state, batch)
    assert float(found) == pytest.approx(expected, nan_ok=True)


def test_the_largest_eigenvalue_is_found_beside_a_negative_one_that_is_larger():
    """Of x' A x / 2 with eigenvalues -9, 1 and 4; with the last weight frozen of its upper left corner."""
    q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    a = (q * [-9.0, 1.0, 4.0]) @ q.T
    params = {"a": jnp.zeros(2), "b": jnp.zeros(1)}

    def loss(p):
        w = jnp.concatenate([p["a"], p["b"]])
        return w @ a.astype(np.float32) @ w / 2

    assert divergence_causes.largest_eigenvalue(loss, params) == pytest.approx(4.0, rel=1e-3)
    frozen = divergence_causes.largest_eigenvalue(loss, params, {"a": False, "b": True})
    assert frozen == pytest.approx(np.linalg.eigvalsh(a[:2, :2])[-1], rel=1e-3)

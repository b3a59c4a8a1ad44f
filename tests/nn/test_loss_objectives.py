"""Objectives: the ELBO by hand, by sampling and against an exact evidence; noise, sparsity, refusals."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef
from nnjax.nn.losses import loss_of
from nnjax.nn.objectives import (
    Batch,
    bernoulli_nll,
    denoising,
    gaussian_kl,
    make_objective,
    negative_elbo,
    sparse,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3)).astype("float32")
BATCH = Batch(X, X, np.ones(6, "float32"))
KEY = jax.random.key(0)


class Variables(NamedTuple):
    params: Any
    state: Any = {}  # noqa: RUF012


def identity(variables, x, *, key, hyper):
    return x * variables.params, {"seen": len(x)}


def compute(objective, variables, batch=BATCH, keys=KEY, **hyper):
    """Values, state and metrics of the model `identity`, in one program; over an axis of keys where there is one."""

    def values(batch, key, hyper):
        return objective(identity, variables, batch, key=key, hyper=hyper)

    over = jax.vmap(values, in_axes=(None, 0, None)) if keys.shape else values
    return jax.jit(over)(batch, keys, {name: np.float32(value) for name, value in hyper.items()})


def test_the_divergence_by_hand_and_by_sampling():
    divergence = jax.jit(gaussian_kl)
    assert divergence(np.float32([[1, 0]]), np.float32([[0, math.log(4)]])) == pytest.approx(
        0.5 * (1 + 0) + 0.5 * (4 - 1 - math.log(4))
    )
    mean, log_variance = np.float32([[0.7, -0.2]]), np.float32([[-0.9, 0.4]])
    sample = mean + np.exp(log_variance / 2) * np.random.default_rng(1).normal(size=(200_000, 2))
    log_q = -0.5 * ((sample - mean) ** 2 / np.exp(log_variance) + log_variance)
    found = np.mean(np.sum(log_q + 0.5 * sample**2, axis=1))
    assert found == pytest.approx(float(divergence(mean, log_variance)[0]), abs=0.01)


def test_the_bernoulli_likelihood_by_hand():
    p = np.float32([[0.8, 0.3]])
    value = jax.jit(bernoulli_nll)(np.float32([[1, 0.25]]), np.log(p / (1 - p)))
    assert value == pytest.approx(-math.log(0.8) - 0.25 * math.log(0.3) - 0.75 * math.log(0.7), rel=1e-6)


def test_the_elbo_at_the_exact_posterior_is_the_evidence():
    """Of x = W c + noise, with c and the noise standard normal, all is known in closed form."""
    w = np.array([[1.0, 0.5, -0.3]], "float32")  # a code of one number
    variance = 1 / (1 + float((w @ w.T)[0, 0]))

    def encode(variables, x):
        mean = variance * x @ w.T
        return mean, jnp.full_like(mean, math.log(variance))

    def decode(variables, code):
        return code @ w

    objective = make_objective(ObjectRef(negative_elbo(encode, decode, "gaussian")))
    keys = jax.random.split(KEY, 20_000)
    values = np.asarray(compute(objective, Variables(1.0), keys=keys)[0])
    covariance = np.eye(3) + w.T @ w
    x = X.astype("float64")
    squares = np.einsum("bi,ij,bj->b", x, np.linalg.inv(covariance), x)
    evidence = -0.5 * (squares + np.log(np.linalg.det(covariance)) + 3 * math.log(2 * math.pi))
    np.testing.assert_allclose(values.mean(axis=0), -evidence, atol=0.02)
    shifted = negative_elbo(lambda v, x: (encode(v, x)[0] + 0.5, encode(v, x)[1]), decode, "gaussian")
    worse = np.asarray(compute(shifted, Variables(1.0), keys=keys)[0])
    assert (worse.mean(axis=0) > -evidence + 0.05).all()


def test_the_terms_of_the_elbo_are_reported_and_weighted():
    objective = negative_elbo(lambda v, x: (x[:, :1], 0 * x[:, :1]), lambda v, code: code * jnp.ones((1, 3)))
    values, _, metrics = jax.device_get(compute(objective, Variables(1.0), beta=4))
    np.testing.assert_allclose(values, metrics["reconstruction"] + 4 * metrics["kl"], rtol=1e-6)


def test_denoising_has_clean_targets_and_noise_of_its_size():
    objective = make_objective(ObjectRef(denoising(0.1)))
    x = np.zeros((4000, 3), "float32")
    for hyper, size in (({}, 0.1), ({"noise": 0.5}, 0.5)):
        values, state, _ = jax.device_get(
            compute(objective, Variables(2.0), Batch(x, x + 1, np.ones(4000, "float32")), **hyper)
        )
        assert values.mean() == pytest.approx(1 + (2 * size) ** 2, rel=0.03)  # the model doubles the noise
        assert state == {"seen": 4000}


def test_sparsity_is_added():
    objective = make_objective(ObjectRef(sparse(lambda variables, x: x[:, :2], 0.1)))
    values, _, metrics = compute(objective, Variables(1.0))
    np.testing.assert_allclose(values, 0.1 * np.abs(X[:, :2]).sum(axis=1), rtol=1e-6)
    np.testing.assert_allclose(metrics["activation"], np.abs(X[:, :2]).sum(axis=1), rtol=1e-6)


def test_an_objective_is_known_by_its_signature():
    record = loss_of(ObjectRef(denoising()))
    assert (record.objective is not None, record.of_logits, record.name) == (True, True, "denoising_loss")
    with pytest.raises(UserError, match="runs the model itself"):
        record(X, X)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (lambda: (jnp.float32(1), {}, {}), r"returned values as float32\[\] for x float32\[6, 3\].*leave the mean"),
        (lambda: jnp.ones(6), r"returned ArrayImpl, but \(values \[b\], state, metrics\) was expected"),
        (lambda: (jnp.ones(6), {}, {"more": jnp.ones(3)}), r"returned more as float32\[3\]"),
        (lambda: jnp.asarray(X) @ X, r"failed on x float32\[6, 3\], y float32\[6, 3\]: TypeError"),
    ],
)
def test_refused(result, words):
    def mine(apply, variables, batch, *, key, hyper):
        return result()

    with pytest.raises(UserError, match=words):
        make_objective(ObjectRef(mine))(identity, Variables(1.0), BATCH, key=KEY, hyper={})

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
X = jnp.asarray(RNG.normal(size=(6, 3)), jnp.float32)
BATCH = Batch(X, X, jnp.ones(6))
KEY = jax.random.key(0)


class Variables(NamedTuple):
    params: Any
    state: Any = {}  # noqa: RUF012


def identity(variables, x, *, key, hyper):
    return x * variables.params, {"seen": len(x)}


def test_the_divergence_by_hand_and_by_sampling():
    assert gaussian_kl(jnp.asarray([[1.0, 0.0]]), jnp.asarray([[0.0, math.log(4.0)]])) == pytest.approx(
        0.5 * (1 + 0) + 0.5 * (4 - 1 - math.log(4))
    )
    mean, log_variance = jnp.asarray([[0.7]]), jnp.asarray([[-0.9]])
    sample = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(KEY, (200_000, 1))
    log_q = -0.5 * ((sample - mean) ** 2 / jnp.exp(log_variance) + log_variance)
    found = float(jnp.mean(log_q + 0.5 * sample**2))
    assert found == pytest.approx(float(gaussian_kl(mean, log_variance)[0]), abs=0.01)


def test_the_bernoulli_likelihood_by_hand():
    p = jnp.asarray([[0.8, 0.3]])
    value = bernoulli_nll(jnp.asarray([[1.0, 0.25]]), jnp.log(p / (1 - p)))
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
    values = jax.vmap(lambda key: objective(identity, Variables(1.0), BATCH, key=key, hyper={})[0])(keys)
    covariance = np.eye(3) + w.T @ w
    x = np.asarray(X, "float64")
    squares = np.einsum("bi,ij,bj->b", x, np.linalg.inv(covariance), x)
    evidence = -0.5 * (squares + np.log(np.linalg.det(covariance)) + 3 * math.log(2 * math.pi))
    np.testing.assert_allclose(values.mean(axis=0), -evidence, atol=0.02)
    shifted = negative_elbo(lambda v, x: (encode(v, x)[0] + 0.5, encode(v, x)[1]), decode, "gaussian")
    worse = jax.vmap(lambda key: shifted(identity, Variables(1.0), BATCH, key=key, hyper={})[0])(keys)
    assert (worse.mean(axis=0) > -evidence + 0.05).all()


def test_the_terms_of_the_elbo_are_reported_and_weighted():
    objective = negative_elbo(lambda v, x: (x[:, :1], 0 * x[:, :1]), lambda v, code: code * jnp.ones((1, 3)))
    values, _, metrics = objective(identity, Variables(1.0), BATCH, key=KEY, hyper={"beta": jnp.float32(4)})
    np.testing.assert_allclose(values, metrics["reconstruction"] + 4 * metrics["kl"], rtol=1e-6)


def test_denoising_has_clean_targets_and_noise_of_its_size():
    objective = make_objective(ObjectRef(denoising(0.1)))
    x = jnp.zeros((4000, 3))
    for hyper, size in (({}, 0.1), ({"noise": jnp.float32(0.5)}, 0.5)):
        values, state, _ = objective(identity, Variables(2.0), Batch(x, x + 1, jnp.ones(4000)), key=KEY, hyper=hyper)
        assert values.mean() == pytest.approx(1 + (2 * size) ** 2, rel=0.03)  # the model doubles the noise
        assert state == {"seen": 4000}


def test_sparsity_is_added():
    objective = make_objective(ObjectRef(sparse(lambda variables, x: x[:, :2], 0.1)))
    values, _, metrics = objective(identity, Variables(1.0), BATCH, key=KEY, hyper={})
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
        (lambda: X @ X, r"failed on x float32\[6, 3\], y float32\[6, 3\]: TypeError"),
    ],
)
def test_refused(result, words):
    def mine(apply, variables, batch, *, key, hyper):
        return result()

    with pytest.raises(UserError, match=words):
        make_objective(ObjectRef(mine))(identity, Variables(1.0), BATCH, key=KEY, hyper={})

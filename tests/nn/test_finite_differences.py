"""Finite differences of functions whose derivatives are known."""

import jax.numpy as jnp
import numpy as np

from nnjax.nn.finite_differences import finite_differences


def test_finite_differences_of_known_functions():
    point = {"a": np.array([1.0, 2.0]), "b": np.float32(3.0)}
    found = finite_differences(lambda p: (p["a"] ** 3).sum() + jnp.sin(p["b"]), point)
    np.testing.assert_allclose(found["a"], [3.0, 12.0], rtol=1e-8)
    np.testing.assert_allclose(found["b"], np.cos(3.0), rtol=1e-8)

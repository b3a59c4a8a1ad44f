"""Update rules of Adam, Adadelta and Adagrad in the forms that Optax has not, as Optax transformations."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from nnjax.core.types import Params, Scalar


def scale_by_adam(b1: Scalar, b2: Scalar, epsilon: Scalar, corrected: bool) -> optax.GradientTransformation:
    """Adam (Kingma & Ba 2015) with ε added to the corrected root of v, or to the bare one (end of their section 2).

    Optax's own adds to the corrected root only, and under strict dtype promotion takes no traced decay rates.
    """

    def update(grads: Params, state: optax.ScaleByAdamState, params: Params = None) -> tuple[Params, optax.OptState]:
        """Update the moments, and scale the gradients by them."""
        mu = optax.tree.update_moment(grads, state.mu, b1, 1)
        nu = optax.tree.update_moment(grads, state.nu, b2, 2)
        count = optax.safe_increment(state.count)
        t = count.astype(jnp.result_type(b1))
        root = jnp.sqrt(1 - b2**t)
        # m / (1 - b1^t) / (sqrt(v) / root + ε), with numerator and denominator times root
        scale, added = root / (1 - b1**t), epsilon * root if corrected else epsilon
        updates = jax.tree.map(lambda m, v: scale * m / (jnp.sqrt(v) + added), mu, nu)
        return updates, optax.ScaleByAdamState(count=count, mu=mu, nu=nu)

    return optax.GradientTransformation(optax.scale_by_adam().init, update)


def scale_by_adadelta(rho: Scalar, epsilon: Scalar) -> optax.GradientTransformation:
    """Adadelta (Zeiler 2012, algorithm 1) with one root of a ratio where Optax's own takes the ratio of two roots.

    XLA writes every root to memory; one less saves a sixth of the rule's time on a CPU (docs/LOG.md).
    """

    def update(grads: Params, state: Any, params: Params = None) -> tuple[Params, optax.OptState]:
        e_g = optax.tree.update_moment(grads, state.e_g, rho, 2)
        updates = jax.tree.map(lambda g, x, s: jnp.sqrt((x + epsilon) / (s + epsilon)) * g, grads, state.e_x, e_g)
        e_x = optax.tree.update_moment(updates, state.e_x, rho, 2)
        return updates, state._replace(e_g=e_g, e_x=e_x)

    return optax.GradientTransformation(optax.scale_by_adadelta().init, update)


def scale_by_root_of_sum(epsilon: Scalar) -> optax.GradientTransformation:
    """Adagrad (Duchi et al. 2011) with ε outside the root and accumulators that start at 0."""

    def update(grads: Params, state: optax.ScaleByRssState, params: Params = None) -> tuple[Params, optax.OptState]:
        sums = jax.tree.map(lambda g, s: s + jnp.square(g), grads, state.sum_of_squares)
        updates = jax.tree.map(lambda g, s: g / (jnp.sqrt(s) + epsilon), grads, sums)
        return updates, optax.ScaleByRssState(sum_of_squares=sums)

    return optax.GradientTransformation(optax.scale_by_rss(0.0).init, update)

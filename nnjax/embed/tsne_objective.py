"""t-SNE's objective (van der Maaten & Hinton 2008): exact gradient and divergence."""

import jax.numpy as jnp
from jax import Array

from nnjax.embed.pair_sums import rows_of, sum_pairs


def gradient(y: Array, p: Array, exaggeration: Array) -> Array:
    """∂C/∂y_i = 4 Σ_j (e p_ij - q_ij) w_ij (y_i - y_j), with w_ij = 1 / (1 + |y_i - y_j|²) and q_ij = w_ij / Σ w.

    The normalizer is a by-product of the pass, so attraction and repulsion are summed apart.

    Args:
      y: [2, n] float32, the layout.
      p: [n, n] float32, joint affinities.
      exaggeration: [], e.

    Returns:
      [2, n].
    """

    def terms(dx: Array, dy: Array, rows: Array) -> tuple[Array, ...]:
        w = 1 / (1 + dx * dx + dy * dy)
        pull, push = rows_of(p, rows) * w, w * w
        return pull * dx, pull * dy, push * dx, push * dy, w

    pull_x, pull_y, push_x, push_y, w = sum_pairs(terms, 5, y)
    total = jnp.sum(w - 1)  # without the pairs (i, i)
    return 4 * (exaggeration * jnp.stack([pull_x, pull_y]) - jnp.stack([push_x, push_y]) / total)


def divergence(y: Array, p: Array, entropy: Array) -> Array:
    """C = KL(P‖Q) = Σ p log p + Σ p_ij log (1 + |y_i - y_j|²) + log Σ w, in nats.

    Args:
      y, p: as for `gradient`.
      entropy: [], Σ p log p.
    """

    def terms(dx: Array, dy: Array, rows: Array) -> tuple[Array, ...]:
        squared = dx * dx + dy * dy
        return rows_of(p, rows) * jnp.log1p(squared), 1 / (1 + squared)

    spread, w = sum_pairs(terms, 2, y)
    return entropy + jnp.sum(spread) + jnp.log(jnp.sum(w - 1))

"""SNE's objective (Hinton & Roweis 2002), which the lecture slides call t-SNE: gradient and divergence."""

import jax.numpy as jnp
from jax import Array

from nnjax.embed.pair_sums import least_over_pairs, rows_of, same, sum_pairs


def gradient(y: Array, p: Array, exaggeration: Array) -> Array:
    """∂C/∂y_i = 2 Σ_j (p_{j|i} + p_{i|j} - q_{j|i} - q_{i|j}) (y_i - y_j), with q_{j|i} ∝ exp(-|y_i - y_j|²).

    Args:
      y: [2, n] float32, the layout.
      p: [n, n] float32, joint affinities: p_{j|i} + p_{i|j} = 2n p_ij.
      exaggeration: [], what the p are multiplied by.

    Returns:
      [2, n].
    """
    scores = _log_normalizers(y)
    pull = 2 * y.shape[1] * exaggeration

    def terms(dx: Array, dy: Array, rows: Array) -> tuple[Array, ...]:
        squared = dx * dx + dy * dy
        push = jnp.exp(-squared - scores[rows][:, None]) + jnp.exp(-squared - scores[None, :])
        force = jnp.where(same(rows, y), 0, pull * rows_of(p, rows) - push)
        return force * dx, force * dy

    return 2 * jnp.stack(sum_pairs(terms, 2, y))


def divergence(y: Array, p: Array, entropy: Array) -> Array:
    """C = Σ_i KL(P_i‖Q_i) = Σ p_{j|i} log p_{j|i} + n Σ p_ij |y_i - y_j|² + Σ_i log Σ_j exp(-|y_i - y_j|²), in nats.

    Args:
      y, p: as for `gradient`.
      entropy: [], the first sum; where the perplexity u is reached, -n log u.
    """

    def terms(dx: Array, dy: Array, rows: Array) -> tuple[Array, ...]:
        return (rows_of(p, rows) * (dx * dx + dy * dy),)

    (spread,) = sum_pairs(terms, 1, y)
    return entropy + y.shape[1] * jnp.sum(spread) + jnp.sum(_log_normalizers(y))


def _log_normalizers(y: Array) -> Array:
    """log Σ_{j≠i} exp(-|y_i - y_j|²) [n], from the nearest point on, so that a point far from all has one too."""

    def squared(dx: Array, dy: Array, rows: Array) -> tuple[Array, ...]:
        return (jnp.where(same(rows, y), jnp.inf, dx * dx + dy * dy),)

    nearest = least_over_pairs(squared, y)

    def terms(dx: Array, dy: Array, rows: Array) -> tuple[Array, ...]:
        return (jnp.where(same(rows, y), 0, jnp.exp(nearest[None, :] - dx * dx - dy * dy)),)

    (total,) = sum_pairs(terms, 1, y)
    return jnp.log(total) - nearest

"""Losses that nnjax ships in the form in which users write theirs: (y, z) -> [b], z before the output activation.

They stand where a loss stands as objects (`Experiment(loss=focal_loss)`, `functools.partial(pinball_loss, q=0.9)`) or
by their path ("nnjax.nn.logit_losses:focal_loss").
"""

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.types import Array, Float, Int


def focal_loss(y: Int[Array, " b"], z: Float[Array, "b k"], gamma: float = 2.0) -> Float[Array, " b"]:
    """Return -(1 - p)^γ log p, p the probability of the right class (Lin et al. 2017, eq. 4, without α).

    Args:
      y: class indices.
      z: logits, of a softmax over k classes, or for k = 1 of a sigmoid.
      gamma: 0 gives the cross-entropy; larger values leave out what is right already.
    """
    if z.shape[-1] == 1:
        z = jnp.concatenate([jnp.zeros_like(z), z], axis=-1)  # a softmax of (0, z) is a sigmoid of z
    log_p = jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=-1)[:, 0]
    # 1 - p as expm1 keeps its relative accuracy near p = 1; at p = 1 exactly a power below 1 has no gradient
    wrong = jnp.maximum(-jnp.expm1(log_p), np.finfo(np.dtype(z.dtype)).tiny)
    return -(wrong**gamma) * log_p


def pinball_loss(y: Float[Array, "b k"], z: Float[Array, "b k"], q: float = 0.5) -> Float[Array, " b"]:
    """Return the mean of max(q (y - z), (q - 1)(y - z)), least at the q-quantile of y (Koenker & Bassett 1978)."""
    error = y - z
    return jnp.mean(jnp.maximum(q * error, (q - 1) * error), axis=tuple(range(1, error.ndim)))

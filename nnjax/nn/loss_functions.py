"""The built-in losses: functions of targets y and outputs p, forms of the pre-activation z without overflow, records.

Each takes [..., k] twice and reduces the last axis. Sources: Keras (the lecture slides' section 5), Huber 1964, and
LeNet-5's two (LeCun et al. 1998). To add one, write its function and enter its record in `LOSSES`.
"""

from typing import Any

import jax
import jax.numpy as jnp

from nnjax.core.types import Array
from nnjax.nn.loss_record import Loss, Outputs, PerExample, require_equal_shapes

EPSILON = 1e-7  # keras.config.epsilon()
RBF_J = 20.0


def mean_squared_error(y: Outputs, p: Outputs) -> PerExample:
    """Return mean (y - p)^2."""
    require_equal_shapes(y, p)
    return jnp.mean(jnp.square(y - p), axis=-1)


def mean_absolute_error(y: Outputs, p: Outputs) -> PerExample:
    """Return mean |y - p|."""
    require_equal_shapes(y, p)
    return jnp.mean(jnp.abs(y - p), axis=-1)


def mean_squared_logarithmic_error(y: Outputs, p: Outputs) -> PerExample:
    """Return mean (log(1 + max(p, ε)) - log(1 + max(y, ε)))^2; where p < ε its gradient is zero."""
    require_equal_shapes(y, p)
    return jnp.mean(jnp.square(jnp.log(jnp.maximum(p, EPSILON) + 1) - jnp.log(jnp.maximum(y, EPSILON) + 1)), axis=-1)


def huber(y: Outputs, p: Outputs) -> PerExample:
    """Return mean of e^2 / 2 where |e| <= 1, else |e| - 1/2, with e = p - y (Huber 1964, delta = 1)."""
    require_equal_shapes(y, p)
    error = jnp.abs(p - y)
    return jnp.mean(jnp.where(error <= 1, 0.5 * jnp.square(error), error - 0.5), axis=-1)


def binary_crossentropy(y: Outputs, p: Outputs) -> PerExample:
    """Return mean -[y log p̂ + (1 - y) log(1 - p̂)], p̂ = clip(p, ε, 1 - ε); its minimum over p is the entropy of y."""
    require_equal_shapes(y, p)
    p = jnp.clip(p, EPSILON, 1 - EPSILON)
    return -jnp.mean(y * jnp.log(p) + (1 - y) * jnp.log(1 - p), axis=-1)


def categorical_crossentropy(y: Outputs, p: Outputs) -> PerExample:
    """Return -Σ y log clip(p / Σp, ε, 1 - ε): rows of p are renormalized, so their scale does not count."""
    require_equal_shapes(y, p)
    p = jnp.clip(p / jnp.sum(p, axis=-1, keepdims=True), EPSILON, 1 - EPSILON)
    return -jnp.sum(y * jnp.log(p), axis=-1)


def kl_divergence(y: Outputs, p: Outputs) -> PerExample:
    """Return Σ ŷ log(ŷ / p̂), ŷ and p̂ clipped to [ε, 1]; rows are not renormalized."""
    require_equal_shapes(y, p)
    y = jnp.clip(y, EPSILON, 1)
    return jnp.sum(y * jnp.log(y / jnp.clip(p, EPSILON, 1)), axis=-1)


def rbf_mse(y: Outputs, p: Outputs) -> PerExample:
    """Return Σ y d, where p = -d are LeNet-5's squared distances: of the right class to its bitmap (eq. 8 of 1998)."""
    require_equal_shapes(y, p)
    return -jnp.sum(y * p, axis=-1)


def rbf_map(y: Outputs, p: Outputs) -> PerExample:
    """Return Σ y d + log(exp(-j) + Σ exp(-d)): wrong classes nearer than about j are pushed away too (eq. 9 of 1998).

    That is the negative log posterior of the right class, beside the others and a rubbish class of distance j.
    """
    return rbf_mse(y, p) + jnp.logaddexp(-RBF_J, jax.nn.logsumexp(p, axis=-1))


@jax.custom_vjp
def sigmoid_bce(y: Outputs, z: Outputs) -> PerExample:
    """Return the binary cross-entropy of p = sigmoid(z), without overflow."""
    return _sigmoid_bce_forward(y, z)[0]


def _sigmoid_bce_forward(y: Array, z: Array) -> tuple[Array, tuple[Array, Array]]:
    # Value and gradient share one exponential of one sign: nothing overflows, and log1p keeps the relative accuracy
    # of small losses. (log(1 + e) saves no time over log1p in XLA:CPU of jax 0.10.)
    e = jnp.exp(-jnp.abs(z))
    value = jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(e), axis=-1)
    p = jnp.where(z >= 0, 1, e) / (1 + e)
    return value, (p - y, z)


def _sigmoid_bce_backward(residuals: tuple[Array, Array], cotangent: Array) -> tuple[Array, Array]:
    error, z = residuals
    share = cotangent[..., None] / z.shape[-1]
    return -z * share, error * share  # ∂/∂y = -z, ∂/∂z = sigmoid(z) - y, each over k


sigmoid_bce.defvjp(_sigmoid_bce_forward, _sigmoid_bce_backward)


def crossentropy_of_logs(y: Outputs, log_p: Outputs) -> PerExample:
    """Return the categorical cross-entropy of outputs given by their logarithms."""
    return -jnp.sum(y * jax.nn.log_softmax(log_p), axis=-1)  # log_softmax renormalizes, as the definition does


def kl_of_logs(y: Outputs, log_p: Outputs) -> PerExample:
    """Return the Kullback-Leibler divergence of outputs given by their logarithms."""
    y = jnp.clip(y, EPSILON, 1)
    return jnp.sum(y * (jnp.log(y) - log_p), axis=-1)


_CROSSENTROPY = {
    "softmax": crossentropy_of_logs,
    "sigmoid": lambda y, z: crossentropy_of_logs(y, jax.nn.log_sigmoid(z)),
}
_KL = {
    "softmax": lambda y, z: kl_of_logs(y, jax.nn.log_softmax(z)),
    "sigmoid": lambda y, z: kl_of_logs(y, jax.nn.log_sigmoid(z)),
}
_LOGS_AND_MEAN: dict[str, Any] = {"takes_logarithms": True, "best_constant": "mean"}
_ALL = (
    Loss(mean_squared_error, "MSE", quadratic=True, best_constant="mean"),
    Loss(mean_absolute_error, "MAE", best_constant="median"),
    Loss(mean_squared_logarithmic_error, "MSLE", "nonnegative numbers"),
    Loss(
        binary_crossentropy,
        "BCE",
        "probabilities",
        {"sigmoid": sigmoid_bce},
        "binary cross-entropy",
        **_LOGS_AND_MEAN,
    ),
    Loss(
        categorical_crossentropy,
        "CCE",
        "distributions",
        _CROSSENTROPY,
        "categorical cross-entropy",
        renormalizes=True,
        **_LOGS_AND_MEAN,
    ),
    Loss(kl_divergence, "KL", "distributions", _KL, "Kullback-Leibler divergence", **_LOGS_AND_MEAN),
    Loss(huber, "Huber", quadratic=True),
    Loss(rbf_mse, "RBF MSE", "distances"),
    Loss(rbf_map, "RBF MAP", "distances"),
)
LOSSES: dict[str, Loss] = {loss.name: loss for loss in _ALL}

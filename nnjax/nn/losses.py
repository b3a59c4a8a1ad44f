"""Losses, one record each: as Keras defines them (lecture slides, section 5), and LeNet-5's two (LeCun et al. 1998).

A loss takes targets y and outputs p, both [..., k], and reduces the last axis: one value per example [...]. Two forms:
`LOSSES[name](y, p)` is the definition, with Keras's ε = 1e-7 against log 0; `make_loss(name, activation)(y, z)` is the
same loss of p = activation(z), rewritten where that can be computed from z without ever forming p. The two agree
wherever the clipping of the definition is inactive; outside, the stable form still has a gradient, the definition none.

To add a loss, write its function and its `Loss` record here and enter the record in `LOSSES`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Literal

import jax
import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Float, Params, Scalar
from nnjax.nn.activations import ACTIVATIONS

EPSILON = 1e-7  # keras.config.epsilon()
RBF_J = 20.0
Outputs = Float[Array, "... k"]  # or targets
PerExample = Float[Array, "..."]
Function = Callable[[Outputs, Outputs], PerExample]
Compared = Literal["numbers", "nonnegative numbers", "probabilities", "distributions", "distances"]


@dataclasses.dataclass(frozen=True, eq=False)
class Loss:
    """A loss and what it expects of outputs and targets.

    Attributes:
      definition: (y, p) -> [...], for targets and outputs [..., k]; the function's name is the loss's.
      short: its name as the head of a column, and what others call it.
      compares: "numbers" (negative ones count as 0 where they are "nonnegative numbers"), "probabilities" (each output
        for itself, in [0, 1]), "distributions" (over the k outputs), or "distances" (outputs are negative squared
        distances, targets the shares of the classes).
      stable: {output activation: (y, z) -> [...]}, the same loss of the pre-activation z in a form without overflow.
      words: its name in words; "" for the function's.
      takes_logarithms: one for each output, so that it costs more to compute and to hold.
      renormalises: divides each row of outputs by its sum.
      quadratic: grows with the square of small errors.
      mean_is_best: the best constant output is the mean of the targets.
    """

    definition: Function
    short: str
    compares: Compared = "numbers"
    stable: Mapping[str, Function] = dataclasses.field(default_factory=dict)
    words: str = ""
    takes_logarithms: bool = False
    renormalises: bool = False
    quadratic: bool = False
    mean_is_best: bool = False

    def __call__(self, y: Outputs, p: Outputs) -> PerExample:
        """Apply the definition to targets and outputs [..., k] -> [...]."""
        return self.definition(y, p)

    @property
    def name(self) -> str:
        """As in `Experiment.loss`."""
        return self.definition.__name__

    @property
    def of_probabilities(self) -> bool:
        """Whether outputs and targets are probabilities, independent or of one distribution."""
        return self.compares in ("probabilities", "distributions")


def mean_squared_error(y: Outputs, p: Outputs) -> PerExample:
    """Return mean (y - p)^2."""
    _require_equal_shapes(y, p)
    return jnp.mean(jnp.square(y - p), axis=-1)


def mean_absolute_error(y: Outputs, p: Outputs) -> PerExample:
    """Return mean |y - p|."""
    _require_equal_shapes(y, p)
    return jnp.mean(jnp.abs(y - p), axis=-1)


def mean_squared_logarithmic_error(y: Outputs, p: Outputs) -> PerExample:
    """Return mean (log(1 + max(p, ε)) - log(1 + max(y, ε)))^2; where p < ε its gradient is zero."""
    _require_equal_shapes(y, p)
    return jnp.mean(jnp.square(jnp.log(jnp.maximum(p, EPSILON) + 1) - jnp.log(jnp.maximum(y, EPSILON) + 1)), axis=-1)


def huber(y: Outputs, p: Outputs) -> PerExample:
    """Return mean of e^2 / 2 where |e| <= 1, else |e| - 1/2, with e = p - y (Huber 1964, delta = 1)."""
    _require_equal_shapes(y, p)
    error = jnp.abs(p - y)
    return jnp.mean(jnp.where(error <= 1, 0.5 * jnp.square(error), error - 0.5), axis=-1)


def binary_crossentropy(y: Outputs, p: Outputs) -> PerExample:
    """Return mean -[y log p̂ + (1 - y) log(1 - p̂)], p̂ = clip(p, ε, 1 - ε); its minimum over p is the entropy of y."""
    _require_equal_shapes(y, p)
    p = jnp.clip(p, EPSILON, 1 - EPSILON)
    return -jnp.mean(y * jnp.log(p) + (1 - y) * jnp.log(1 - p), axis=-1)


def categorical_crossentropy(y: Outputs, p: Outputs) -> PerExample:
    """Return -Σ y log clip(p / Σp, ε, 1 - ε): rows of p are renormalised, so their scale does not count."""
    _require_equal_shapes(y, p)
    p = jnp.clip(p / jnp.sum(p, axis=-1, keepdims=True), EPSILON, 1 - EPSILON)
    return -jnp.sum(y * jnp.log(p), axis=-1)


def kl_divergence(y: Outputs, p: Outputs) -> PerExample:
    """Return Σ ŷ log(ŷ / p̂), ŷ and p̂ clipped to [ε, 1]; rows are not renormalised."""
    _require_equal_shapes(y, p)
    y = jnp.clip(y, EPSILON, 1)
    return jnp.sum(y * jnp.log(y / jnp.clip(p, EPSILON, 1)), axis=-1)


def rbf_mse(y: Outputs, p: Outputs) -> PerExample:
    """Return Σ y d, where p = -d are LeNet-5's squared distances: of the right class to its bitmap (eq. 8 of 1998)."""
    _require_equal_shapes(y, p)
    return -jnp.sum(y * p, axis=-1)


def rbf_map(y: Outputs, p: Outputs) -> PerExample:
    """Return Σ y d + log(exp(-j) + Σ exp(-d)): wrong classes nearer than about j are pushed away too (eq. 9 of 1998).

    That is the negative log posterior of the right class, beside the others and a rubbish class of distance j.
    """
    return rbf_mse(y, p) + jnp.logaddexp(-RBF_J, jax.nn.logsumexp(p, axis=-1))


@jax.custom_vjp
def _sigmoid_bce(y: Array, z: Array) -> Array:
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


_sigmoid_bce.defvjp(_sigmoid_bce_forward, _sigmoid_bce_backward)


def _crossentropy_of_logs(y: Array, log_p: Array) -> Array:
    return -jnp.sum(y * jax.nn.log_softmax(log_p), axis=-1)  # log_softmax renormalises, as the definition does


def _kl_of_logs(y: Array, log_p: Array) -> Array:
    y = jnp.clip(y, EPSILON, 1)
    return jnp.sum(y * (jnp.log(y) - log_p), axis=-1)


_CROSSENTROPY = {
    "softmax": _crossentropy_of_logs,
    "sigmoid": lambda y, z: _crossentropy_of_logs(y, jax.nn.log_sigmoid(z)),
}
_KL = {
    "softmax": lambda y, z: _kl_of_logs(y, jax.nn.log_softmax(z)),
    "sigmoid": lambda y, z: _kl_of_logs(y, jax.nn.log_sigmoid(z)),
}
_LOGS_AND_MEAN = {"takes_logarithms": True, "mean_is_best": True}
_ALL = (
    Loss(mean_squared_error, "MSE", quadratic=True, mean_is_best=True),
    Loss(mean_absolute_error, "MAE"),
    Loss(mean_squared_logarithmic_error, "MSLE", "nonnegative numbers"),
    Loss(
        binary_crossentropy, "BCE", "probabilities", {"sigmoid": _sigmoid_bce}, "binary cross-entropy", **_LOGS_AND_MEAN
    ),
    Loss(
        categorical_crossentropy,
        "CCE",
        "distributions",
        _CROSSENTROPY,
        "categorical cross-entropy",
        renormalises=True,
        **_LOGS_AND_MEAN,
    ),
    Loss(kl_divergence, "KL", "distributions", _KL, "Kullback-Leibler divergence", **_LOGS_AND_MEAN),
    Loss(huber, "Huber", quadratic=True),
    Loss(rbf_mse, "RBF MSE", "distances"),
    Loss(rbf_map, "RBF MAP", "distances"),
)
LOSSES: dict[str, Loss] = {loss.name: loss for loss in _ALL}


def make_loss(name: str, output_activation: str) -> Function:
    """Make the loss as a function of targets y and pre-activations z, both [..., k] of one float dtype.

    Returns:
      (y, z) -> [...]; reverse-mode differentiable in both, under jit and vmap (sigmoid + BCE refuses forward mode).

    Raises:
      KeyError: an unknown name (`invalid_values.validate` says so). UserError, when called: unequal shapes.
    """
    loss, activation = LOSSES[name], ACTIVATIONS[output_activation]
    stable = loss.stable.get(output_activation)

    def of_logits(y: Array, z: Array) -> Array:
        _require_equal_shapes(y, z)
        return loss(y, activation(z)) if stable is None else stable(y, z)

    return of_logits


def _require_equal_shapes(y: Array, p: Array) -> None:
    """Refuse what would broadcast: (n,) against (n, 1) makes n x n differences and a loss that looks plausible."""
    if y.shape != p.shape:
        raise UserError(f"Targets are {y.shape} but outputs are {p.shape}; give both the same shape [..., k].")


def l1_penalty(params: Params) -> Scalar:
    """Return Σ |w| over all kernels -> []; biases are not penalised, as with Keras's kernel_regularizer."""
    return _sum_over_kernels(params, jnp.abs)


def l2_penalty(params: Params) -> Scalar:
    """Return Σ w^2 (no half) over all kernels -> []."""
    return _sum_over_kernels(params, jnp.square)


def _sum_over_kernels(params: Params, f: Callable[[Array], Array]) -> Array:
    leaves = jax.tree_util.tree_leaves_with_path(params)
    sums = [jnp.sum(f(leaf)) for path, leaf in leaves if path and getattr(path[-1], "key", None) == "kernel"]
    if not sums:
        raise UserError("There is no leaf named 'kernel' to penalise; pass the parameters of a model.")
    return sum(sums[1:], start=sums[0])

"""The laws of a loss."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.types import Array
from nnjax.nn.losses import confident_costs, loss_of, make_loss
from nnjax.testing import laws


@laws.in_sentences("The loss")
def check_loss(loss: Any, y: Any, z: Any, *, output_activation: str = "softmax") -> None:
    """Check a loss on some examples, as many and as varied as you like (a dozen will do).

    The laws: one finite float for each example, of z's type; no example changes another's, by its outputs or its
    targets, and none counts by how many others there are; in lanes as alone, to 1e-5; no Python state; the gradient
    that finite differences give, a finite one where outputs are right; and for classes, that confident right outputs
    cost less than confident wrong ones.

    Args:
      loss: as in `nnjax.Experiment`: a function (y, z) -> [b], one of `optax.losses`, or a name.
      y: [b] class indices or [b, ...] targets, as the loss takes them (ours: [b, k], one-hot for classes).
      z: [b, ...] outputs of a model before the output activation.
      output_activation: of the model, for losses of ours.

    Raises:
      UserError: a law is broken: which, and the numbers.
    """
    name = laws.ref_of(loss)
    record = loss_of(name)
    what = f"The loss {record.name}"
    laws.require(
        record.objective is None, f"{what} is an objective, which runs the model: use check_model(model, x, loss=...)."
    )
    y, z = _array(y), _array(z)
    function = make_loss(name, output_activation)
    laws.require_pure(what, function, y, z)
    compiled = jax.jit(function)
    values = compiled(y, z)
    laws.require(
        values.dtype == z.dtype, f"{what} returned {values.dtype} for outputs of {z.dtype}: keep the type of z."
    )
    bad = int(np.argmin(np.isfinite(values)))
    laws.require(
        np.isfinite(values).all(),
        f"{what} is {values[bad]} for example {bad}, z = {np.ravel(z[bad])[:5]}; a finite number was expected.",
    )
    _require_independent(what, compiled, y, z)
    total = jax.jit(lambda z: jnp.sum(function(y, z)))
    laws.require_gradient(what, total, z, lambda i: "z")
    _require_finite_gradient(what, total, y, z)
    _require_halves(what, function, y, z, values)
    if z.ndim == 2 and z.shape[1] > 1 and _are_classes(y):
        right, wrong = confident_costs(name, z.shape[1])
        laws.require(
            right < wrong,
            f"{what} costs {right:.4g} where confident outputs are right and {wrong:.4g} where they are wrong, but "
            "right ones must cost less: are its arguments (y, z), or a sign, the wrong way round?",
        )


def _array(values: Any) -> Array:
    found = jnp.asarray(values)
    return found.astype(jnp.int32 if jnp.issubdtype(found.dtype, jnp.integer) else jnp.float32)


def _are_classes(y: Array) -> bool:
    if y.ndim == 1:
        return bool(jnp.issubdtype(y.dtype, jnp.integer))
    return bool(y.ndim == 2 and y.shape[1] > 1 and ((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def _require_independent(what: str, function: Any, y: Array, z: Array) -> None:
    """Change the targets and outputs of the first or last example: the others' values stay, bit for bit."""
    before = np.asarray(function(y, z))
    for place in (0, len(z) - 1):
        others = [i for i in range(len(y)) if not np.array_equal(y[i], y[place])]
        target = y[others[0]] if others else y[place]
        for factor in (-2, 10):
            after = function(jnp.asarray(y).at[place].set(target), jnp.asarray(z).at[place].multiply(factor))
            one, other = (np.delete(values, place, axis=0) for values in (before, np.asarray(after)))
            laws.require(
                laws.same_bits(one, other),
                f"{what} lets an example change the values of others, by {laws.difference(one, other):.2g}: each value "
                "may depend on its own example only.",
            )


def _require_halves(what: str, function: Any, y: Array, z: Array, values: Array) -> None:
    """Compute two halves of the examples in two lanes: the values of all of them together."""
    half = len(z) // 2
    parts = [jnp.stack([array[:half], array[half : 2 * half]]) for array in (y, z)]
    gap = laws.difference(jax.jit(jax.vmap(function))(*parts).reshape(-1), values[: 2 * half])
    if gap > laws.TOLERANCE:
        alone = laws.difference(function(y[:half], z[:half]), values[:half])
        laws.require(
            alone <= laws.TOLERANCE,
            f"{what} counts an example differently among {half} examples than among {len(z)}, by {alone:.2g}: each "
            "value may depend on its own example only (the mean over a batch is nnjax's).",
        )
    laws.require(
        gap <= laws.TOLERANCE, f"{what} in lanes differs by {gap:.2g} from the same alone, but 1e-5 was expected."
    )


def _require_finite_gradient(what: str, total: Any, y: Array, z: Array) -> None:
    """Require a finite value and gradient where outputs are right: confident classes, or numbers equal to targets."""
    if _are_classes(y) and z.ndim == 2 and z.shape[1] > 1:
        labels = y if y.ndim == 1 else jnp.argmax(y, axis=1)
        right, where = 60 * jax.nn.one_hot(labels, z.shape[1], dtype=z.dtype) - 30, "confident right outputs"
    elif y.shape == z.shape and jnp.issubdtype(y.dtype, jnp.floating):
        right, where = jnp.asarray(y, z.dtype), "outputs equal to the targets"
    else:
        return
    value, slopes = jax.value_and_grad(total)(right)
    laws.require(np.isfinite(value), f"{what} is {value} for {where}, but a finite number was expected.")
    laws.require(
        np.isfinite(slopes).all(),
        f"{what} has a gradient that is not finite for {where}, which ends the training: keep roots and logarithms "
        "away from 0, as by a small number below the root.",
    )

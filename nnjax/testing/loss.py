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

    The laws: one finite float for each example, of z's type; no example changes another's; in lanes as alone, to 1e-5;
    no Python state; the gradient that finite differences give; and for classes, that confident right outputs cost less
    than confident wrong ones.

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
    laws.require_gradient(what, jax.jit(lambda z: jnp.sum(function(y, z))), z, lambda i: "z")
    together = jax.jit(jax.vmap(function))(*(np.stack([some, some[::-1]]) for some in map(np.asarray, (y, z))))[0]
    gap = laws.difference(together, values)
    laws.require(
        gap <= laws.TOLERANCE, f"{what} in lanes differs by {gap:.2g} from the same alone, but 1e-5 was expected."
    )
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
    """Change the last example: the others' values stay, bit for bit."""
    changed = np.array(z)
    changed[-1] *= -2
    before, after = (np.asarray(function(y, some))[:-1] for some in (z, changed))
    laws.require(
        laws.same_bits(before, after),
        f"{what} lets an example change the values of others, by {laws.difference(before, after):.2g}: each value may "
        "depend on its own example only.",
    )

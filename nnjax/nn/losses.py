"""Losses by name: as Keras defines them (lecture slides, section 5), LeNet-5's two, and the user's own.

A loss of ours takes targets y and outputs p, both [..., k], and reduces the last axis: one value per example [...]. Two
forms: `LOSSES[name](y, p)` is the definition, with Keras's ε = 1e-7 against log 0; `make_loss(name, activation)(y, z)`
is the same loss of p = activation(z), rewritten where that can be computed from z without ever forming p. The two agree
wherever the clipping of the definition is inactive; outside, the stable form still has a gradient, the definition none.

A loss of the user's is any (y, z) -> [b]; see `loss_of`. To add one of ours, write its function and its record in
`loss_functions`.
"""

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef, is_path
from nnjax.core.text import represent
from nnjax.core.types import Array, Params, Scalar
from nnjax.nn import optax_losses
from nnjax.nn.activations import activation_of
from nnjax.nn.loss_functions import LOSSES as LOSSES
from nnjax.nn.loss_record import Function, require_equal_shapes
from nnjax.nn.loss_record import Loss as Loss
from nnjax.nn.user_functions import call, shapes, without_object


def loss_of(name: str) -> Loss:
    """Return the record of a loss: ours by name, or that of an object.

    A function (y, z) -> [b] gets y as the data hold it and z before the output activation. One of `optax.losses` is
    known by its module and called in its own order, (z, y): with class indices where it takes integers, else with
    targets [b, k] (one-hot for classes); trailing axes of its values are averaged. A path that was not imported gives
    a record that has a name and cannot be called.

    Raises:
      KeyError: an unknown name (`invalid_values.validate` says so). UserError: an object that is no loss.
    """
    if isinstance(name, ObjectRef):
        return _own(name)
    if name not in LOSSES and is_path(name):
        module, _, attribute = name.partition(":")
        known = getattr(optax.losses, attribute, None) if module.split(".")[0] == "optax" else None
        if callable(known):
            return _own(ObjectRef(known, name))
        label = name.rpartition(":")[2]
        return Loss(without_object("loss", name, "loss"), label, "anything", of_logits=True, label=label)
    return LOSSES[name]


def _own(ref: ObjectRef) -> Loss:
    """Make the record of the user's loss."""
    function = ref.object
    if isinstance(function, Loss):
        return function
    if not callable(function):
        raise UserError(f"The loss is {represent(function)}, but a function (y, z) -> [b] or a name was expected.")
    if _is_objective(function):
        return Loss(
            _no_outputs, ref.label, "anything", of_logits=True, takes_raw=True, label=ref.label, objective=function
        )
    found = optax_losses.find(function, ref.label)
    if found is None:
        return Loss(function, ref.label, "anything", of_logits=True, takes_raw=True, label=ref.label)
    more: dict[str, Any] = {"takes_raw": found.indices, "label": ref.label, "remark": found.remark}
    return Loss(found.function, ref.label, "anything", of_logits=True, **more)


def _is_objective(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    return {"key", "hyper"} <= set(parameters)


def _no_outputs(y: Array, z: Array) -> Array:
    raise UserError("An objective runs the model itself and has no value for given outputs.")


def output_of(loss: str) -> str:
    """Name the output activation that belongs to a loss: what makes the model's outputs what the loss compares."""
    record = loss_of(loss)
    if record.of_logits:
        words = record.name
        normalized = "softmax" in words or (record.remark and words in optax_losses.OF_LOG_PROBABILITIES)
        return "softmax" if normalized else "sigmoid" if "sigmoid" in words else "linear"
    return {"distributions": "softmax", "probabilities": "sigmoid"}.get(record.compares, "linear")


def make_loss(name: str, output_activation: str) -> Function:
    """Make the loss as a function of targets y and pre-activations z.

    Returns:
      (y, z) -> [...]; of ours, y and z both [..., k] of one float dtype; reverse-mode differentiable in both, under jit
      and vmap (sigmoid + BCE refuses forward mode). Of the user's, y as `Loss.takes_raw` says and z [b, ...] -> [b].

    Raises:
      KeyError: an unknown name (`invalid_values.validate` says so). UserError, when called: unequal shapes; a loss of
      the user's that fails, or whose values are not one for each example.
    """
    loss, activation = loss_of(name), activation_of(output_activation)
    stable = loss.stable.get(output_activation)

    def of_own(y: Array, z: Array) -> Array:
        value = call(f"The loss {loss.name}", loss.definition, y=y, z=z)
        _require_per_example(loss.name, value, y, z)
        return jnp.asarray(value)

    def of_logits(y: Array, z: Array) -> Array:
        require_equal_shapes(y, z)
        return loss(y, activation(z)) if stable is None else stable(y, z)

    return of_own if loss.of_logits else of_logits


def _require_per_example(name: str, value: Any, y: Array, z: Array) -> None:
    """Refuse values that are not floats [b]: a mean hides the examples' weights, and [b, b] is a broadcast."""
    found, expected = getattr(value, "shape", None), (z.shape[0],)
    if found == expected and jnp.issubdtype(value.dtype, jnp.floating):
        return
    advice = "return one float for each example"
    if found == ():
        advice = "leave out the mean (or sum) over the examples"
    elif found is not None and len(found) > 1:
        advice = "reduce all axes but the first"
        if found[:2] == 2 * expected:
            advice = "y and z were broadcast against each other: give them the same shape first"
    elif callable(value):
        advice = f"it makes a loss, so pass what it makes, {name}(…)"
    what = f"{value.dtype}{list(found)}" if found is not None else f"a {type(value).__name__}"
    raise UserError(
        f"The loss {name} returned {what} for {shapes({'y': y, 'z': z})}, but one value for each example, "
        f"float {list(expected)}, was expected: {advice}."
    )


def confident_costs(name: str, num_classes: int = 3) -> tuple[float, float]:
    """Return the mean loss of confident right outputs and of confident wrong ones, of a classification.

    A loss that costs more where it is right has its arguments, or a sign, the wrong way round.
    """
    labels, hot = np.arange(num_classes, dtype=np.int32), np.eye(num_classes, dtype=np.float32)
    y = labels if loss_of(name).takes_raw else hot
    right, wrong = _values(name, "softmax", y, *(4 * rows - 2 for rows in (hot, np.roll(hot, 1, axis=1))))
    return float(right.mean()), float(wrong.mean())


def _values(name: str, output: str, y: np.ndarray, *outputs: np.ndarray) -> list[np.ndarray]:
    """Compute a loss of several outputs in one program."""
    loss = make_loss(name, output)
    return [np.asarray(value) for value in jax.jit(lambda y, outputs: [loss(y, z) for z in outputs])(y, outputs)]


def splits_at_half(name: str) -> bool:
    """Whether a user's loss treats one output for two classes as a number: equal for both at z = 1/2, not at z = 0.

    A loss that cannot be called so, or is equal for both at neither, is taken for one of logits.
    """
    targets = np.arange(2, dtype=np.int32) if loss_of(name).takes_raw else np.array([[0], [1]], np.float32)
    try:
        at_zero, at_half = _values(name, "linear", targets, *(np.full((2, 1), z, np.float32) for z in (0.0, 0.5)))
    except Exception:  # said where losses are checked
        return False
    gaps = [abs(float(both[1] - both[0])) for both in (at_zero, at_half)]
    return gaps[1] < 1e-5 < gaps[0]


def takes_logits(name: str, num_outputs: int) -> bool:
    """Whether a loss of z is one of logits, by its name in `optax.losses`, or by its values for classes.

    Those of a softmax stay where all logits of an example grow alike; of one logit both classes cost the same at z = 0.
    """
    record, k = loss_of(name), num_outputs
    if record.remark and output_of(name) != "linear":
        return True
    labels, z = np.arange(max(2, k), dtype=np.int32), np.linspace(0.1, 0.9, max(2, k) * k, dtype=np.float32)
    targets = labels if record.takes_raw else (np.eye(k) if k > 1 else labels[:, None]).astype(np.float32)
    z = z.reshape(-1, k)
    outputs = (z, z + 2, 2 * z, np.zeros_like(z), np.full_like(z, 0.5))
    try:
        same, moved, other, at_zero, at_half = _values(name, "linear", targets, *outputs)
    except Exception:  # said where losses are checked
        return False
    if k == 1:
        return abs(float(at_zero[1] - at_zero[0])) < 1e-5 < abs(float(at_half[1] - at_half[0]))
    return bool(np.allclose(same, moved, atol=1e-4) and not np.allclose(same, other, atol=1e-4))


def l1_penalty(params: Params) -> Scalar:
    """Return Σ |w| over all kernels -> []; biases are not penalized, as with Keras's kernel_regularizer."""
    return _sum_over_kernels(params, jnp.abs)


def l2_penalty(params: Params) -> Scalar:
    """Return Σ w^2 (no half) over all kernels -> []."""
    return _sum_over_kernels(params, jnp.square)


def _sum_over_kernels(params: Params, f: Callable[[Array], Array]) -> Array:
    leaves = jax.tree_util.tree_leaves_with_path(params)
    sums = [jnp.sum(f(leaf)) for path, leaf in leaves if path and getattr(path[-1], "key", None) == "kernel"]
    if not sums:
        raise UserError("There is no leaf named 'kernel' to penalize; pass the parameters of a model.")
    return sum(sums[1:], start=sums[0])

"""Copies of Keras models: with new weights, of the user's own classes too, under a random state of their own."""

import contextlib
import inspect
import random
import warnings
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.nn.user_functions import standard_rules


def copy_of(model: Any, **options: Any) -> Any:
    """Clone a model with what its layers measured (`Normalization.adapt`); UserError if it cannot be cloned."""
    import keras

    why = "it has other weights"
    try:
        with standard_rules(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a model that is not built yet
            made_of_layers = bool(getattr(model, "outputs", None))
            options = options or ({"clone_function": copy_layer} if made_of_layers else {})
            found = _made_again(model) or keras.models.clone_model(model, **options)
            shape = (model.get_build_config() or {}).get("input_shape")
            if shape and len(found.variables) != len(model.variables):
                found(jnp.zeros((1, *shape[1:])))
    except Exception as error:
        found, why = None, " ".join(f"{type(error).__name__}: {error}".split())[:200].rstrip(". ")
    if found is None or [v.shape for v in found.variables] != [v.shape for v in model.variables]:
        raise UserError(_no_copy(model, why))
    for new, old in zip(found._flatten_layers(), model._flatten_layers(), strict=True):
        if new.trainable != old.trainable:  # a class of the user's, which writes down only its own options
            new.trainable = old.trainable
        if hasattr(old, "finalize_state"):
            new.set_weights(old.get_weights())
    return finalized(found)


def copy_layer(layer: Any) -> Any:
    """Make a layer again; one of the user's functions is taken over, as Keras writes it down without what it uses."""
    import keras

    if hasattr(layer, "layers") and getattr(layer, "outputs", None):
        return keras.models.clone_model(layer, clone_function=copy_layer)
    if type(layer) is keras.layers.Lambda:
        config = {name: value for name, value in layer.get_config().items() if name in ("name", "trainable", "dtype")}
        more = {"arguments": layer.arguments, "mask": layer.mask, "output_shape": layer._output_shape}
        return keras.layers.Lambda(layer.function, **config, **more)
    try:
        found = type(layer).from_config(layer.get_config())
    except (TypeError, NotImplementedError):  # of the user's, written without **kwargs or without get_config
        found = _made_by_attributes(layer)
    for name in ("activation", "recurrent_activation"):
        if inspect.isfunction(getattr(layer, name, None)):  # written down by its name alone: keras.ops.gelu is another
            setattr(found, name, getattr(layer, name))
    return found


def _made_by_attributes(layer: Any) -> Any:
    """Make a layer again by the arguments that Keras saw, or by attributes of their names; TypeError if one lacks."""
    seen = getattr(getattr(layer, "_auto_config", None), "config", {})
    plain = (str, bool, int, float, tuple, list, np.number, np.ndarray, jax.Array)
    options: dict[str, Any] = {}
    for name in [*inspect.signature(type(layer).__init__).parameters][1:]:
        value = seen[name] if name in seen else getattr(layer, name, None)
        if value is None or isinstance(value, plain):
            options |= {} if value is None else {name: value}
    found = type(layer)(**options)
    found.name, found.trainable = layer.name, layer.trainable
    return found


def _made_again(model: Any) -> Any:
    """Make another one of a class of the user's that takes no options and has no get_config; None for all others."""
    import keras

    kind = type(model)
    plain = kind.get_config is keras.Model.get_config and not getattr(model, "outputs", None)
    return kind() if plain and [*inspect.signature(kind.__init__).parameters] == ["self"] else None


def _no_copy(model: Any, why: str) -> str:
    return (
        f"The model {model.name} cannot be drawn anew for each seed, as a copy of it cannot be made ({why}): give its "
        "class get_config and build, or write it as a keras.Sequential or functional model."
    )


def refuse_other_copy(model: Any, examples: Any) -> None:
    """Refuse classes of the user's whose copy is another: Keras writes down only those options that it sees."""
    shape = (model.get_build_config() or {}).get("input_shape")
    if examples is None and shape:
        examples = jax.ShapeDtypeStruct((2, *shape[1:]), jnp.float32)
    with random_state(0), standard_rules():
        copy = copy_of(model)
        x = jax.tree.map(_drawn, examples)
        for train in (False, True) if x is not None else ():
            one, two = (some.stateless_call(*values_of(model), x, **mode(model, train))[0] for some in (model, copy))
            equal = jax.tree.map(lambda a, b: np.allclose(a, b, atol=1e-6, equal_nan=True), one, two)
            if not all(jax.tree.leaves(equal)):
                raise UserError(_no_copy(model, "it computes something else"))


def _drawn(like: Any) -> np.ndarray:
    """Draw an array of a shape and type: normal numbers, or zeros and ones of whole numbers."""
    rng, whole = np.random.default_rng(0), jnp.issubdtype(like.dtype, jnp.integer)
    return np.asarray(rng.integers(0, 2, like.shape) if whole else rng.normal(size=like.shape), like.dtype)


def finalized(model: Any) -> Any:
    """Let layers take over what they have measured."""
    for layer in model._flatten_layers():
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    return model


def mode(model: Any, train: bool) -> dict[str, bool]:
    """Tell a model whether it trains, where its call takes that (a class of the user's may not)."""
    return {"training": train} if model._call_has_training_arg else {}


def values_of(model: Any) -> tuple[list[Any], list[Any]]:
    """Return the arrays of a model: those that train, and the others."""
    return [v.value for v in model.trainable_variables], [v.value for v in model.non_trainable_variables]


@contextlib.contextmanager
def random_state(seed: int) -> Iterator[None]:
    """Let Python, NumPy and Keras draw from a seed, and go on afterwards as if nothing had been drawn."""
    import keras
    from keras.src.backend.common import global_state

    names = ("global_random_seed", "global_seed_generator")
    python, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 (whatever it is)
    before = {name: global_state.get_global_attribute(name) for name in names}
    try:
        keras.utils.set_random_seed(seed)
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)  # noqa: NPY002
        for name, value in before.items():
            global_state.set_global_attribute(name, value)

"""Keras models on the JAX backend, through `stateless_call`.

Keras draws weights on the host: each trial's are those of a clone of the model made with the trial's seed, after which
the global random state is what it was. Non-trainable variables (batch statistics, seed generators, frozen layers) are
the state; regularizers and `add_loss` are added to the loss.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Key
from nnjax.models.model import Hyper, Model, Variables


def adapt(model: Any) -> Model:
    """Make a model of a `keras.Model`.

    Raises:
      UserError: Keras runs on another backend, or the model has no fixed input.
    """
    import keras

    if keras.backend.backend() != "jax":
        raise UserError(
            f"Keras runs on {keras.backend.backend()}, but nnjax trains Keras models on JAX: set KERAS_BACKEND=jax "
            "before Keras is imported."
        )
    if not model.built:
        raise UserError(f"The model {model.name} has no weights yet: begin it with keras.Input(shape), or build it.")
    example = [model.trainable_variables, model.non_trainable_variables]

    def init(key: Key, x: Any, hyper: Hyper) -> Variables:
        return Variables(*(_named([jnp.zeros(v.shape, v.dtype) for v in some]) for some in example))

    def draw(seed: int) -> Variables:
        with _random_state(seed):
            fresh = keras.models.clone_model(model)
        drawn = Variables(
            *(_named(_arrays(some)) for some in (fresh.trainable_variables, fresh.non_trainable_variables))
        )
        return drawn._replace(state=_reseeded(fresh.non_trainable_variables, drawn.state, seed))

    def losses(variables: Variables, x: Any, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any, Array]:
        values = _listed(variables.params), _listed(variables.state)
        z, state, extra = model.stateless_call(*values, x, training=train, return_losses=True)
        return z, _named(state), sum(extra[1:], start=extra[0]) if extra else jnp.zeros(())

    def apply(variables: Variables, x: Any, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any]:
        z, state = model.stateless_call(_listed(variables.params), _listed(variables.state), x, training=train)
        return z, _named(state) if train else variables.state

    return Model(init, apply, draw=draw, losses=losses if _penalized(model) else None)


def to_keras(model: Any, variables: Variables) -> Any:
    """Clone a `keras.Model` and give it a trial's weights and state: its outputs are the trial's."""
    import keras

    with _random_state(0):
        found = keras.models.clone_model(model)
    values = {**variables.params}, {**variables.state}
    for some, own in zip((found.trainable_variables, found.non_trainable_variables), values, strict=True):
        for variable, value in zip(some, _listed(own), strict=True):
            variable.assign(value)
    return found


def _named(arrays: Sequence[Any]) -> dict[str, Any]:
    """Keep arrays under their numbers, so that they are sorted as Keras lists them."""
    return {f"{number:04d}": array for number, array in enumerate(arrays)}


def _listed(arrays: dict[str, Any]) -> list[Any]:
    return [arrays[name] for name in sorted(arrays)]


def _arrays(variables: Sequence[Any]) -> list[np.ndarray]:
    return [np.array(variable.value) for variable in variables]


def _reseeded(variables: Sequence[Any], state: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """Seed every generator of random numbers (of dropout) anew, each by a seed of its own."""
    found = dict(state)
    for number, (name, variable) in enumerate(zip(sorted(found), variables, strict=True)):
        if "seed_generator_state" in variable.path:
            key = jax.random.fold_in(jax.random.key(seed), number)
            found[name] = np.array(jax.random.key_data(key), found[name].dtype).reshape(found[name].shape)
    return found


def _penalized(model: Any) -> bool:
    """Whether a model adds terms to its loss: regularizers of weights and of activations, `add_loss`."""
    names = ("kernel_regularizer", "bias_regularizer", "activity_regularizer", "gamma_regularizer", "beta_regularizer")
    layers = [*model._flatten_layers()]
    given = any(getattr(layer, name, None) is not None for layer in layers for name in names)
    return given or any(type(layer).__name__ == "ActivityRegularization" for layer in layers) or bool(model.losses)


@contextlib.contextmanager
def _random_state(seed: int) -> Iterator[None]:
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

"""Keras models on the JAX backend, through `stateless_call`.

Keras draws weights on the host: each trial's are those of a clone of the model made with the trial's seed, after which
the global random state is what it was. Non-trainable variables (batch statistics, seed generators, frozen layers) are
the state, and frozen layers keep the weights that the model has; regularizers and `add_loss` are added to the loss. A
model that ends in softmax or sigmoid yields what comes before it, which nnjax applies (`output_activation`).
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Key
from nnjax.models.adapters.keras_copies import (
    copy_layer,
    copy_of,
    finalized,
    mode,
    random_state,
    refuse_other_copy,
    values_of,
)
from nnjax.models.model import Hyper, Model, Variables
from nnjax.nn.user_functions import standard_rules

STEPS = ("train_step", "compute_loss", "test_step", "predict_step")  # methods of `fit`, `evaluate` and `predict`


def adapt(model: Any) -> Model:
    """Make a model of a `keras.Model`; UserError for another backend, one that is not built; see `refuse_unfit`."""
    import keras

    if keras.backend.backend() != "jax":
        raise UserError(
            f"Keras runs on {keras.backend.backend()}, but nnjax trains Keras models on JAX: set KERAS_BACKEND=jax "
            "before Keras is imported."
        )
    if not model.built or (not model.trainable_variables and not all(layer.built for layer in model._flatten_layers())):
        raise UserError(
            f"The model {model.name} has no weights yet: begin it with keras.Input(shape), or call it once on examples."
        )
    refuse_unfit(model)
    if not all(type(layer).__module__.startswith("keras.") for layer in model._flatten_layers()):
        refuse_other_copy(model, _two_examples(model))
    example, network = [model.trainable_variables, model.non_trainable_variables], _before_output(model)
    kept = [layer for layer in model._flatten_layers() if not layer.trainable or hasattr(layer, "finalize_state")]
    frozen = {id(v) for layer in kept for v in layer.variables}

    def init(key: Key, x: Any, hyper: Hyper) -> Variables:
        return Variables(*(_named([jnp.zeros(v.shape, v.dtype) for v in some]) for some in example))

    def draw(seed: int) -> Variables:
        with random_state(seed):
            fresh = copy_of(model)
        others = [
            old if id(old) in frozen else new
            for old, new in zip(example[1], fresh.non_trainable_variables, strict=True)
        ]
        state = _reseeded(others, _named(_arrays(others)), seed)
        return Variables(_named(_arrays(fresh.trainable_variables)), state)

    def losses(variables: Variables, x: Any, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any, Array]:
        _require_inputs(model, x)
        values = _listed(variables.params), _listed(variables.state)
        z, state, extra = network.stateless_call(*values, x, **mode(network, train), return_losses=True)
        return z, _named(state), sum(extra[1:], start=extra[0]) if extra else jnp.zeros(())

    def apply(variables: Variables, x: Any, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any]:
        _require_inputs(model, x)
        values = _listed(variables.params), _listed(variables.state)
        z, state = network.stateless_call(*values, x, **mode(network, train))
        return z, _named(state) if train else variables.state

    def names(params: Any) -> dict[str, str]:
        paths = [variable.path.removeprefix(f"{model.name}/") for variable in example[0]]
        return dict(zip(sorted(params), paths, strict=True))

    return Model(
        init, apply, draw=draw, names=names, losses=losses if _penalized(network) else None, remark=_remark(model)
    )


def to_keras(model: Any, variables: Variables) -> Any:
    """Clone a `keras.Model` and give it a trial's weights and state: its outputs are the trial's."""
    with random_state(0):
        found = copy_of(model)
    values = {**variables.params}, {**variables.state}
    for some, own in zip((found.trainable_variables, found.non_trainable_variables), values, strict=True):
        for variable, value in zip(some, _listed(own), strict=True):
            variable.assign(value)
    return finalized(found)


def refuse_unfit(model: Any) -> None:
    """Refuse what a model does in `fit` that nnjax would leave out.

    Raises:
      UserError: it has several outputs, trains by steps of its own, bounds weights or carries a state between batches.
    """
    import keras

    names = _names(getattr(model, "outputs", None))
    if len(names) > 1:
        raise UserError(
            f"The model has {len(names)} outputs, {', '.join(names)}, but nnjax trains models of one: make one of one."
        )
    for name in STEPS:
        if getattr(type(model), name) is not getattr(keras.Model, name):
            raise UserError(
                f"The model's class {type(model).__name__} has a {name} of its own, which nnjax does not call: leave "
                "it out, and say what it computes as a loss or an objective, nnjax.Experiment(model=model, loss=…)."
            )
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False):
            raise UserError(
                f"The layer {layer.name} is stateful, so that a batch would begin where another ended, but nnjax draws "
                "batches in a random order: give the layer no stateful=True."
            )
    for variable in model.trainable_variables:
        if getattr(variable, "constraint", None) is not None:
            raise UserError(
                f"The weights {variable.path} have the constraint {type(variable.constraint).__name__}, which nnjax "
                "does not apply: leave it out; a regularizer, weight_decay or clipnorm can bound weights or steps."
            )


def _names(tensors: Any) -> list[str]:
    return [one._keras_history.operation.name for one in tensors or ()]


def _require_inputs(model: Any, x: Any) -> None:
    """Refuse as many arrays as a model has no inputs, where it says which it has."""
    names, found = _names(getattr(model, "inputs", None)), len(jax.tree.leaves(x))
    if names and len(names) != found:
        arrays = "{" + ", ".join(f"{name!r}: …" for name in names) + "}" if len(names) > 1 else "x as one array"
        has = f"{len(names)} input{'s' * (len(names) > 1)}, {', '.join(names)}"
        raise UserError(f"The model has {has}, but the data have {found}: give nnjax.from_arrays {arrays}.")


def _remark(model: Any) -> str:
    """Say which random numbers are the same for every seed or step: of initializers, of generators in no layer."""
    names = [layer.name for layer in model._flatten_layers(include_self=False) if _has_seed(_config(layer))]
    said = [
        f"Initializers of {', '.join(names)} have a seed of their own, so that these layers begin with the same "
        "weights in every trial.",
        "A SeedGenerator that belongs to no layer gives the same random numbers in every step and trial, as in fit: "
        "make it an attribute of its layer.",
    ]
    return " ".join(text for text, true in zip(said, (names, _draws_outside(model)), strict=True) if true)


def _config(layer: Any) -> Any:
    try:
        return layer.get_config()
    except NotImplementedError:  # a class of the user's, with arguments that Keras cannot write down
        return {}


def _draws_outside(model: Any) -> bool:
    """Whether a call changes variables that are not the model's own."""
    import keras

    x, own, changed = _two_examples(model), {id(variable) for variable in model.variables}, set[int]()
    if x is None or all(type(layer).__module__.startswith("keras.") for layer in model._flatten_layers()):
        return False

    def call(x: Any) -> Any:
        with keras.StatelessScope(state_mapping=[(v, v.value) for v in model.variables]) as scope:
            z = model(x, **mode(model, True))
        changed.update(scope.state_mapping)
        return z

    with standard_rules():
        jax.eval_shape(call, x)
    return bool(changed - own)


def _has_seed(config: Any) -> bool:
    """Whether a layer's configuration has an initializer with a seed; of a layer in a layer, its own is asked."""
    if not isinstance(config, dict):
        return False
    of_initializer = "initializers" in str(config.get("module"))
    found = of_initializer and (config.get("config") or {}).get("seed") is not None
    return found or any(_has_seed(value) for name, value in config.items() if name not in ("layer", "layers"))


def output_activation(model: Any) -> str | None:
    """Name the activation that a model ends in, where nnjax applies it: "softmax" or "sigmoid".

    "linear" for any other, which stays in the network; None where it ends in none, so that its loss decides.
    """
    last = _last_layer(model)
    if type(last).__name__ == "Softmax" and last.axis == -1:
        return "softmax"
    name = getattr(getattr(last, "activation", None), "__name__", "linear")
    return None if name == "linear" else name if name in ("softmax", "sigmoid") else "linear"


def _last_layer(model: Any) -> Any:
    """Find the layer that yields a model's output; None where that is not known."""
    outputs = getattr(model, "outputs", None) or []
    last = outputs[0]._keras_history.operation if len(outputs) == 1 else None
    return _last_layer(last) if hasattr(last, "_flatten_layers") and getattr(last, "outputs", None) else last


def _before_output(model: Any) -> Any:
    """Clone a model without the softmax or sigmoid that it ends in; the model itself where it ends in none.

    Raises:
      UserError: its last layer penalizes what comes after.
    """
    import keras

    if output_activation(model) not in ("softmax", "sigmoid"):
        return model
    last = _last_layer(model)
    if getattr(last, "activity_regularizer", None) is not None:
        raise UserError(
            f"The last layer of the model, {last.name}, has an activity_regularizer after its "
            f"{output_activation(model)}, which nnjax applies itself: give the layer no activity_regularizer."
        )

    def clone(layer: Any) -> Any:
        if layer is not last:
            inner = hasattr(layer, "layers") and getattr(layer, "outputs", None)
            return keras.models.clone_model(layer, clone_function=clone) if inner else copy_layer(layer)
        if type(layer).__name__ == "Softmax":
            return keras.layers.Lambda(lambda x: x, name=layer.name)  # takes a mask, as Softmax does
        return type(layer).from_config(layer.get_config() | {"activation": "linear"})

    with random_state(0):
        return copy_of(model, clone_function=clone)


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
    x = _two_examples(model)
    if x is None:
        return True  # it may be

    def extra(x: Any) -> Any:
        return model.stateless_call(*values_of(model), x, **mode(model, True), return_losses=True)[2]

    with standard_rules():
        return bool(jax.eval_shape(extra, x))


def _two_examples(model: Any) -> Any:
    """Return the shapes of two examples for a model, also of several inputs; None where it does not say them."""
    shape = getattr(model, "input_shape", None)
    if isinstance(shape, tuple) and all(isinstance(side, int | None) for side in shape):
        return None if None in shape[1:] else jax.ShapeDtypeStruct((2, *shape[1:]), jnp.float32)
    inputs = getattr(model, "_inputs_struct", None)
    if inputs is None or any(None in one.shape[1:] for one in jax.tree.leaves(inputs)):
        return None
    return jax.tree.map(lambda one: jax.ShapeDtypeStruct((2, *one.shape[1:]), one.dtype), inputs)

"""Users' models behind the contract of `nnjax.models.model`, in any of the supported libraries; their sizes."""

import functools
import math
import traceback
from typing import Any

import jax
import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.experiment import AUTO, ModelConfig
from nnjax.core.messages import pass_again
from nnjax.core.multi_input import Structure, unflatten
from nnjax.core.object_refs import ObjectRef
from nnjax.models.cpu_substitutes import with_substitutes
from nnjax.models.layer_counts import LayerCount
from nnjax.models.model import Model, Variables
from nnjax.nn.user_functions import (
    STYLES,
    Reads,
    by_standard_rules,
    call,
    failed,
    is_random,
    line_of,
    place_of,
    trace_twice,
)

PROBED = 97  # examples that a model is traced with; no usual number of outputs


def model_of(kind: ObjectRef) -> Model:
    """Adapt an object to the contract, once; of a Keras model, once for each choice of the layers that train."""
    layers = getattr(kind.object, "_flatten_layers", None)
    return _adapted(kind, () if layers is None else tuple(layer.trainable for layer in layers()))


@functools.lru_cache(maxsize=64)
def _adapted(kind: ObjectRef, trainable: tuple[bool, ...]) -> Model:
    from nnjax.models.adapters import adapt
    from nnjax.models.adapters.axes import with_axes

    model: Model = call("The model", lambda: adapt(kind.object))
    wrapped: dict[str, Any] = {"init": by_standard_rules(with_axes(model.init))}
    for name in ("apply", "encode", "decode", "losses"):
        if getattr(model, name):
            wrapped[name] = by_standard_rules(with_substitutes(with_axes(getattr(model, name))))
    return model._replace(**wrapped)


def output_activation(config: ModelConfig) -> str:
    """Name the output activation that a user's model itself ends in (one of Keras), else that of the configuration."""
    from nnjax.models.adapters import output_activation_of

    if not isinstance(config.kind, ObjectRef) or config.output_activation != AUTO:
        return config.output_activation
    return output_activation_of(config.kind.object) or AUTO


def make_own(config: ModelConfig, shape: tuple[int, ...]) -> Model:
    """Make the model of a configuration's object; UserError if it is no model or ends otherwise than it is said to."""
    if not isinstance(config.kind, ObjectRef):
        raise UserError(f"The model is {config.kind}, which is not imported from a run folder: {pass_again('model')}.")
    from nnjax.models.adapters import output_activation_of

    ends = output_activation_of(config.kind.object)
    if ends is not None and ends != config.output_activation:
        said = "nothing that nnjax would apply" if ends == "linear" else ends
        raise UserError(
            f"The model ends in {said}, but output_activation is {config.output_activation}: give "
            f"nnjax.ModelConfig(model, output_activation={ends!r})."
        )
    return model_of(config.kind)


def keras_model(kind: str, variables: Variables) -> Any:
    """Return a user's `keras.Model` with a trial's weights; UserError for another model, or one only named."""
    bases = {base.__module__.split(".")[0] for base in type(getattr(kind, "object", None)).__mro__}
    if "keras" not in bases:
        raise UserError(f"The model is {kind}, but only a trial of a keras.Model, passed as an object, is one again.")
    from nnjax.models.adapters.keras import to_keras

    return to_keras(kind.object, variables)  # type: ignore[attr-defined]


def examples_like(n: int, shape: tuple[int, ...]) -> Any:
    """Return the shape and type of n examples as a model gets them; of several arrays, of each."""
    return jax.eval_shape(lambda x: unflatten(x, shape), jax.ShapeDtypeStruct((n, math.prod(shape)), jnp.float32))


@functools.lru_cache(maxsize=64)
def variables_shapes(model: Model, shape: tuple[int, ...]) -> Variables:
    """Return the shapes of a model's variables for examples of a shape, not computed; UserError if it refuses them."""
    example = examples_like(1, shape)
    if model.draw is not None:
        return Variables(*jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), tuple(model.draw(0))))
    try:
        found: Variables = jax.eval_shape(
            lambda key, x: model.init(key, x, Reads(jnp.float32(1))), jax.eval_shape(jax.random.key, 0), example
        )
    except UserError:
        raise
    except Exception as error:
        raise UserError(_refusal("drawn for", shape, error)) from None
    return found


def reads(config: ModelConfig, shape: tuple[int, ...]) -> Reads:
    """Note the hyperparameters that a model asks for, in any mode."""
    model, asked = make_own(config, shape), Reads(jnp.float32(1))
    variables = variables_shapes(model, shape)
    example, batch = examples_like(1, shape), examples_like(3, shape)
    if model.draw is None:
        jax.eval_shape(lambda key, x: model.init(key, x, asked), jax.random.key(0), example)
    for train in (True, False):
        key = jax.random.key(0) if train else None
        jax.eval_shape(lambda v, x, t=train, k=key: model.apply(v, x, train=t, key=k, hyper=asked)[0], variables, batch)
    return asked


def sees_batch(config: ModelConfig, shape: tuple[int, ...]) -> bool:
    """Whether the model has a state, or terms of the loss, which may be of a whole batch."""
    model = make_own(config, shape)
    return model.losses is not None or bool(jax.tree.leaves(variables_shapes(model, shape).state))


def output_shape(config: ModelConfig, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of what the model yields for one example; UserError if not one row for each."""
    return _examined(make_own(config, shape), shape)


@functools.lru_cache(maxsize=64)
def _examined(model: Model, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Trace a model twice, and find whether it yields the same, one output for each example: the shape of one."""
    variables, x = variables_shapes(model, shape), examples_like(PROBED, shape)
    key = jax.eval_shape(jax.random.key, 0)

    def apply(variables: Variables, x: Any, key: Any) -> Any:
        return model.apply(variables, x, train=True, key=key, hyper=Reads(jnp.float32(1)))[0]

    try:
        z = trace_twice("The model", apply, variables, x, key)
    except UserError as error:
        raise UserError(f"{error}".replace("its arguments", "its variables")) from None
    except Exception as error:
        raise UserError(_refusal("applied to", shape, error)) from None
    refuse_training_only(model, variables, x)
    if getattr(z, "shape", ())[:1] != (PROBED,):
        found = list(z.shape) if hasattr(z, "shape") else f"a {type(z).__name__} of {len(jax.tree.leaves(z))} arrays"
        raise UserError(
            f"The model yields {found} for {PROBED} examples, but one output for each, [{PROBED}, …], was expected: "
            "return that which the loss takes."
        )
    if not jnp.issubdtype(z.dtype, jnp.floating):
        raise UserError(
            f"The model yields {z.dtype}, of which there is no gradient, but floating-point numbers were expected."
        )
    kinds = {str(leaf.dtype) for leaf in jax.tree.leaves(variables.params)}
    if others := sorted(kind for kind in kinds if not jnp.issubdtype(kind, jnp.floating)):
        raise UserError(
            f"The model has weights of the type {' and '.join(others)}, of which there is no gradient: draw them as "
            "floating-point numbers, or keep them in the state."
        )
    if not kinds:
        raise UserError(
            "The model has no weights that train, but at least one was expected: in Linen the collection 'params', in "
            "NNX nnx.Param, in Equinox arrays of floating-point numbers, in Keras trainable variables."
        )
    return tuple(z.shape[1:])


def refuse_training_only(model: Model, variables: Variables, x: Any) -> None:
    """Refuse a model that cannot be evaluated: without a key, and without a change of its state."""
    try:
        jax.eval_shape(
            lambda v, x: model.apply(v, x, train=False, key=None, hyper=Reads(jnp.float32(1)))[0], variables, x
        )
    except UserError:
        raise
    except Exception as error:
        if isinstance(error, jax.errors.ConcretizationTypeError):
            raise failed("The model", error) from None
        name = type(error).__name__
        why = "it fails there"
        if name == "InvalidRngError":
            why = "it draws random numbers there too (as nn.Dropout with deterministic=False always does)"
        elif name == "ModifyScopeVariableError":
            why = "it changes its state there too (as nn.BatchNorm with use_running_average=False always does)"
        said = " ".join(str(error).split())[:200].rstrip(".")
        raise UserError(
            f"The model trains but cannot be evaluated, where it gets no key: {why}; give its call an argument train, "
            f"and its layers deterministic=not train and use_running_average=not train ({name}: {said}"
            f"{place_of(error)})."
        ) from None


def _refusal(what: str, shape: tuple[int, ...], error: Exception) -> str:
    said = " ".join(STYLES.sub("", str(error)).split())[:300].rstrip(".") or line_of(error)
    where = shape if isinstance(shape, Structure) else f"of the shape {shape}"
    text = f"The model could not be {what} examples {where}: {type(error).__name__}: {said}{place_of(error)}"
    modules = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    if "conv_general_dilated" in said and any(name.startswith("equinox.") for name in modules):
        return f"{text}; Equinox's convolutions read an example as [channels, height, width], not as [h, w, c]."
    if "vmap has mapped output" in said:
        return (
            f"{text}; the state that an Equinox model returns is one for the whole batch: combine what differs between "
            "examples, as by jax.lax.pmean(value, 'batch')."
        )
    if "integer" in said and not isinstance(shape, Structure):
        return f"{text}; if they are token ids or other whole numbers, say so: nnjax.from_arrays(x, y, integers=True)."
    return f"{text}."


@functools.lru_cache(maxsize=64)
def ignores_key(config: ModelConfig, shape: tuple[int, ...]) -> bool:
    """Whether a model draws its weights at random, but none of them from the key that it gets."""
    model = make_own(config, shape)
    if model.draw is not None:
        return False
    traced, found = jax.make_jaxpr(lambda key, x: model.init(key, x, Reads(jnp.float32(1))), return_shape=True)(
        jax.random.key(0), examples_like(1, shape)
    )
    known = set(traced.jaxpr.invars[:1])
    for equation in traced.jaxpr.eqns:
        if any(not hasattr(var, "val") and var in known for var in equation.invars):
            known.update(equation.outvars)
    params = traced.jaxpr.outvars[: len(jax.tree.leaves(found.params))]
    return is_random(str(traced)) and not any(not hasattr(var, "val") and var in known for var in params)


@functools.lru_cache(maxsize=64)  # asked for of every trial between segments
def count_layers(config: ModelConfig, shape: tuple[int, ...]) -> tuple[LayerCount, ...]:
    """Count the weights below each name at the top of the parameters; of operations the fewest."""
    if not isinstance(config.kind, ObjectRef):
        return ()
    params: Any = variables_shapes(make_own(config, shape), shape).params
    named = params.items() if isinstance(params, dict) else [("model", params)]
    return tuple(
        LayerCount(str(name), 0, 0, number, 0, number)  # at least: of a dense layer each weight is used once
        for name, tree in named
        for number in [sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(tree))]
    )


@functools.lru_cache(maxsize=64)
def takes_whole_numbers(config: ModelConfig, shape: tuple[int, ...]) -> bool:
    """Whether the model turns inputs that come as fractions into whole numbers at once, as before an embedding."""
    model, x = make_own(config, shape), examples_like(3, shape)
    variables = variables_shapes(model, shape)
    traced = jax.make_jaxpr(lambda x, v: model.apply(v, x, train=False, key=None, hyper=Reads(jnp.float32(1)))[0])(
        x, variables
    )
    floats = [jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in jax.tree.leaves(x)]
    return _truncated(traced.jaxpr, [var for var, own in zip(traced.jaxpr.invars, floats, strict=False) if own])


MOVES = ("reshape", "squeeze", "slice", "transpose", "expand_dims", "broadcast_in_dim")  # keep every number


def _truncated(jaxpr: Any, inputs: list[Any]) -> bool:
    """Whether one of some inputs of a traced function, or what only moves its numbers, becomes whole numbers in it."""
    known = set(inputs)
    for equation in jaxpr.eqns:
        places = [i for i, var in enumerate(equation.invars) if not hasattr(var, "val") and var in known]
        if not places:
            continue
        inner = getattr(equation.params.get("jaxpr"), "jaxpr", None)
        if inner is not None and _truncated(inner, [inner.invars[i] for i in places]):
            return True
        if equation.primitive.name == "convert_element_type":
            if jnp.issubdtype(equation.outvars[0].aval.dtype, jnp.integer):
                return True
            known.update(equation.outvars)
        elif equation.primitive.name in MOVES:
            known.update(equation.outvars)
    return False


def held_numbers(config: ModelConfig, shape: tuple[int, ...], batch: int) -> int:
    """Count the numbers that a forward pass of a batch makes, the most that its gradient can hold."""
    model = make_own(config, shape)
    x = examples_like(batch, shape)
    traced = jax.make_jaxpr(lambda v, x: model.apply(v, x, train=False, key=None, hyper=Reads(jnp.float32(1))))(
        variables_shapes(model, shape), x
    )
    return _made(traced.jaxpr)


def _made(jaxpr: Any) -> int:
    total = 0
    for equation in jaxpr.eqns:
        inner = [getattr(p, "jaxpr", p) for p in equation.params.values() if hasattr(getattr(p, "jaxpr", p), "eqns")]
        total += sum(map(_made, inner)) or sum(math.prod(out.aval.shape) for out in equation.outvars)
    return total

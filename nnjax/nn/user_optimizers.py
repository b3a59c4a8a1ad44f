"""Users' optimizers: Optax's by name, factories, functions of (hyper, schedule), ready transformations.

What one reads is found before anything trains, by its signature and by tracing it on small arrays.
"""

import functools
import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from nnjax.core.errors import UserError
from nnjax.core.text import represent
from nnjax.core.types import Array, Count, Scalar
from nnjax.nn.user_functions import call, reads_of, standard_rules

RATE = "learning_rate"


class Found(NamedTuple):
    """What is known of an optimizer."""

    # (hyper, schedule) -> an Optax transformation
    make: Callable[[Mapping[str, Scalar], Callable[[Count], Scalar]], optax.GradientTransformationExtraArgs]
    reads: tuple[str, ...]  # the hyperparameters that it reads, learning_rate among them
    required: tuple[str, ...]  # those of them without a default
    rate: float | None  # the default learning rate; None where there is none
    takes_schedule: bool  # it can follow a schedule; else only a constant rate
    # what `update` must get beside gradients, state and weights: "value", "grad", "value_fn", "obj_fn"
    needs: tuple[str, ...]
    remark: str = ""  # a sentence on how it is called; "" for none


def optax_factory(name: str) -> Callable[..., Any] | None:
    """Return Optax's factory of a name: "lion", "optax.contrib.muon", or a path in it; None where there is none."""
    import optax.contrib

    prefix, _, last = name.replace(":", ".").rpartition(".")
    if prefix and prefix.split(".")[0] != "optax":
        return None
    places = [optax.contrib] if "contrib" in prefix.split(".") else [optax, optax.contrib]
    found = [vars(place)[last] for place in places if last in vars(place)]
    return next((factory for factory in found if _is_factory(factory)), None)


def optax_maker(name: str) -> str:
    """Say how to use what Optax has under a name that is no factory with a learning rate; "" where it has nothing."""
    import optax.contrib

    last = name.replace(":", ".").rpartition(".")[2]
    for place, path in ((optax, "optax"), (optax.contrib, "optax.contrib")):
        if callable(vars(place).get(last)) and last[0] != "_":
            return (
                f"{path}.{last} has no learning_rate of its own: pass what it makes, {path}.{last}(...), whose numbers "
                "are constants, or a function (hyper, schedule) that makes it."
            )
    return ""


def optax_names() -> list[str]:
    """List the optimizers of Optax that take a learning rate, by name."""
    import optax.contrib

    return [
        name for name in dict.fromkeys([*dir(optax), *dir(optax.contrib)]) if name[0] != "_" and optax_factory(name)
    ]


def _is_factory(thing: Any) -> bool:
    function = thing.func if isinstance(thing, functools.partial) else thing  # nadam is adam, with Nesterov's momentum
    name = getattr(function, "__name__", "")
    return (
        inspect.isfunction(function)
        and RATE in inspect.signature(thing).parameters
        and not name.startswith(("scale_by", "_"))
    )


def find(thing: Any, name: str) -> Found:
    """Find out what an optimizer reads and needs: a factory, a function of (hyper, schedule), a transformation.

    Raises:
      UserError: it is none of these, or it cannot be traced: what it said.
    """
    if hasattr(thing, "init") and hasattr(thing, "update"):
        needs = _needs(name, lambda x: thing)
        remark = f"The optimizer {name} is a ready transformation: its learning rate and all its numbers are constants."
        return Found(lambda hyper, schedule: guarded(name, thing), (), (), None, False, needs, remark)
    if not callable(thing):
        raise UserError(
            f"The optimizer is {represent(thing)}, but a name, a factory such as optax.lion, a function (hyper, "
            "schedule) -> optax.GradientTransformation or such a transformation was expected."
        )
    parameters = _parameters(thing)
    if RATE in parameters:
        return _of_factory(thing, name, parameters)
    needed = [p.name for p in parameters.values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(needed) == 2:
        return _of_contract(thing, name)
    raise UserError(
        f"The optimizer {name} takes ({', '.join(parameters)}), but learning_rate, or hyper and schedule, were expected"
        f": pass what it makes ({name}(...)), whose numbers are then constants."
    )


def _of_factory(factory: Callable[..., Any], name: str, parameters: Mapping[str, inspect.Parameter]) -> Found:
    """Read the signature of a factory with a learning rate."""
    reads = tuple(p.name for p in parameters.values() if _is_number(p))
    required = tuple(p.name for p in parameters.values() if p.default is p.empty and p.kind is not p.VAR_KEYWORD)
    for key in required:
        if not _is_number(parameters[key]):
            raise UserError(
                f"The optimizer {name} needs {key}, which is no hyperparameter: pass what it makes, {name}(...), or a "
                "function (hyper, schedule) that makes it."
            )
    default = parameters[RATE].default
    rate = float(default) if isinstance(default, float | int) else None

    def build(hyper: Mapping[str, Scalar], schedule: Any, takes_schedule: bool) -> optax.GradientTransformation:
        """Call the factory with the hyperparameters that it reads, and the schedule or its first value."""
        given: dict[str, Any] = {key: hyper[key] for key in reads if key in hyper and key != RATE}
        for key in required:
            if key not in hyper and key != RATE:
                raise UserError(
                    f"The optimizer {name} needs {key}: set it, or pass functools.partial({name}, {key}=...)."
                )
        if default is not None or RATE in hyper:  # else the factory goes without one, as optax.lbfgs() by line search
            given[RATE] = schedule if takes_schedule else schedule(jnp.int32(0))
        return factory(**given)

    def needs_of(takes_schedule: bool) -> tuple[str, ...]:
        def one(x: Scalar) -> optax.GradientTransformation:
            hyper: dict[str, Any] = dict.fromkeys(required, 1.0) | {RATE: x}
            return build(hyper, lambda count: x, takes_schedule)

        return _needs(name, one)

    takes = True
    try:
        needs = needs_of(takes)
    except UserError as error:
        takes = False
        try:
            needs = needs_of(takes)
        except UserError as of_number:  # of a traced number it says more than of a schedule
            branches = isinstance(of_number.__cause__, jax.errors.ConcretizationTypeError)
            raise (of_number if branches else error) from None

    def make(hyper: Mapping[str, Scalar], schedule: Any) -> optax.GradientTransformationExtraArgs:
        def made() -> optax.GradientTransformation:
            return build(hyper, schedule, takes)

        return guarded(name, call(f"The optimizer {name}", made))

    return Found(make, reads, required if rate is None else (), rate, takes, needs)


def _parameters(thing: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(thing).parameters
    except (TypeError, ValueError):  # it has no signature
        return {}


def _is_number(parameter: inspect.Parameter) -> bool:
    if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
        return False
    default = parameter.default
    text = parameter.name.endswith(("mask", "dtype", "_fn", "_numbers", "optimizer", "key"))
    return (default is parameter.empty or default is None or isinstance(default, float | int)) and not text


def _of_contract(function: Callable[..., Any], name: str) -> Found:
    """Trace a function (hyper, schedule) -> transformation, and note what it reads."""
    reads, required = reads_of(f"The optimizer {name}", lambda hyper, x: function(hyper, lambda count: x))
    needs = _needs(name, lambda x: function(dict.fromkeys(required, x), lambda count: x))

    def make(hyper: Mapping[str, Scalar], schedule: Any) -> optax.GradientTransformationExtraArgs:
        return guarded(name, call(f"The optimizer {name}", lambda: function(hyper, schedule)))

    others = tuple(key for key in required if key != RATE)
    return Found(make, tuple(dict.fromkeys([RATE, *reads])), others, None, True, needs)


def untraceable(thing: Any, name: str, parameter: str) -> str:
    """Say why a parameter of a factory cannot be a hyperparameter, which is traced; "" where it can."""
    fixed = {
        key: 0.5
        for key, p in inspect.signature(thing).parameters.items()
        if p.default is p.empty and key not in (RATE, parameter)
    }
    try:
        _needs(name, lambda x: thing(**fixed, **{RATE: x, parameter: x}))
    except UserError:
        return (
            f"the optimizer {name} uses {parameter} in Python (to branch, or as a whole number), where hyperparameters "
            f"are traced: fix it with functools.partial({name}, {parameter}=...)"
        )
    return ""


STRUCTURE = re.compile(r"tree|structure|prefix")  # of the message where masks or labels fit a certain model only
_EXTRA = ((), ("value",), ("value", "grad", "value_fn"), ("obj_fn",))  # obj_fn: Sophia's name of value_fn


def _needs(name: str, make: Callable[[Scalar], optax.GradientTransformation]) -> tuple[str, ...]:
    """Trace init and update on small arrays, with as little beside the gradients as it gets by with."""
    params = {"kernel": jnp.ones((2, 3), jnp.float32), "bias": jnp.ones(3, jnp.float32)}

    def value_fn(params: Any) -> Scalar:
        return sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(params))  # type: ignore[return-value]

    def run(names: tuple[str, ...], x: Scalar) -> Any:
        extra = {"value": value_fn(params), "grad": params, "value_fn": value_fn, "obj_fn": value_fn}
        optimizer = guarded(name, call(f"The optimizer {name}", lambda: make(x)))
        return optimizer.update(params, optimizer.init(params), params, **{key: extra[key] for key in names})

    failures: list[UserError] = []
    for names in _EXTRA:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                jax.eval_shape(functools.partial(run, names), jax.ShapeDtypeStruct((), jnp.float32))
            return names
        except UserError as error:
            failures.append(error)
    if STRUCTURE.search(str(failures[0])):
        return tuple(dict.fromkeys(extra for names in _EXTRA for extra in names))  # it is traced on the real weights
    if "'fast'" in str(failures[0]):
        raise UserError(f"The optimizer {name} is a lookahead: it needs pairs of fast and slow weights as parameters.")
    raise failures[0]


def guarded(name: str, optimizer: Any) -> optax.GradientTransformationExtraArgs:
    """Run a transformation under JAX's standard rules; UserError where it fails, or its state changes structure."""
    what = f"The optimizer {name}"
    if not (hasattr(optimizer, "init") and hasattr(optimizer, "update")):
        raise UserError(f"{what} made a {type(optimizer).__name__}, but an optax.GradientTransformation was expected.")
    optimizer = optax.with_extra_args_support(optimizer)

    def init(params: Any) -> Any:
        return jax.tree.map(_stored, call(what, optimizer.init, params=params))

    def update(grads: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        """Update as the factory's optimizer does, and keep the state's structure and types."""
        before = state
        with standard_rules():
            state = jax.tree.map(_restored, state, jax.eval_shape(optimizer.init, params))
            updates, state = call(
                what, lambda grads, state, params: optimizer.update(grads, state, params, **extra),
                gradients=grads, state=state, weights=params,
            )  # fmt: skip
            updates = jax.tree.map(lambda u, g: jnp.asarray(u, g.dtype), updates, grads)
        state = jax.tree.map(_stored, state)
        if not _same_structure(state, before):
            raise UserError(
                f"{what} changes the structure of its state in a step, which a compiled loop cannot follow."
            )
        return updates, jax.tree.map(lambda new, old: jnp.asarray(new, old.dtype), state, before)

    return optax.GradientTransformationExtraArgs(init, update)


def _same_structure(one: Any, other: Any) -> bool:
    return bool(jax.tree.structure(one) == jax.tree.structure(other))  # type: ignore[operator]


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(jnp.result_type(leaf), jax.dtypes.prng_key)


def _stored(leaf: Any) -> Array:
    """Return a leaf as an array of a type of its own; random keys as their data."""
    return jax.random.key_data(leaf) if _is_key(leaf) else jnp.asarray(leaf, jnp.result_type(leaf))


def _restored(leaf: Any, like: Any) -> Any:
    return jax.random.wrap_key_data(leaf) if jnp.issubdtype(like.dtype, jax.dtypes.prng_key) else leaf

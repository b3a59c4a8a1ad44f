"""Bound what a user's model can yield, whatever its weights and inputs: interval arithmetic on its jaxpr."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.experiment import ModelConfig
from nnjax.models.model import Model
from nnjax.models.user_models import examples_like, make_own, variables_shapes
from nnjax.nn.user_functions import Reads

INF = math.inf
Numbers = dict[Any, int]  # one for each value, equal for equal computations


class Bounds(NamedTuple):
    """The least and the largest element of a value, the value's number, and that of the value whose sums it holds."""

    low: float = -INF
    high: float = INF
    number: int = -1
    sum_of: int = -2


LAYOUT = {  # they keep all elements
    *("broadcast_in_dim", "reshape", "squeeze", "transpose", "expand_dims", "copy", "rev"),
    *("stop_gradient", "convert_element_type", "reduce_precision", "optimization_barrier"),
}
CHOICE = {"slice", "dynamic_slice", "gather", "reduce_max", "reduce_min"}  # each of their results is an element


def yields_probabilities(config: ModelConfig, shape: tuple[int, ...]) -> bool:
    """Whether all that a user's model yields lies in [0, 1], as after softmax or sigmoid; errors as `output_range`."""
    low, high = output_range(config, shape)
    return low >= 0 and high <= 1


def output_range(config: ModelConfig, shape: tuple[int, ...]) -> tuple[float, float]:
    """Bound what a user's model yields in evaluation for examples of a shape; UserError if it refuses them."""
    return _output_range(make_own(config, shape), shape)


@functools.lru_cache(maxsize=64)
def _output_range(model: Model, shape: tuple[int, ...]) -> tuple[float, float]:
    def apply(variables: Any, x: Any, value: Any) -> Any:
        return model.apply(variables, x, train=False, key=None, hyper=Reads(value))[0]

    value = jax.ShapeDtypeStruct((), jnp.float32)
    traced = jax.make_jaxpr(apply)(variables_shapes(model, shape), examples_like(2, shape), value)
    numbers: Numbers = {}
    given = [_numbered(Bounds(), numbers) for _ in traced.jaxpr.invars]
    found = _union(_run(traced.jaxpr, traced.consts, given, numbers))
    return found.low, found.high


def _run(jaxpr: Any, consts: Sequence[Any], given: Sequence[Bounds], numbers: Numbers) -> list[Bounds]:
    """Bound the results of a jaxpr by the bounds of its arguments."""
    constants = [_of_value(value, numbers) for value in consts]
    known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*constants, *given], strict=True))

    def bounds_of(variable: Any) -> Bounds:
        return _of_value(variable.val, numbers) if hasattr(variable, "val") else known[variable]

    for equation in jaxpr.eqns:
        found = _apply(equation, [bounds_of(variable) for variable in equation.invars], numbers)
        known.update(zip(equation.outvars, found, strict=True))
    return [bounds_of(variable) for variable in jaxpr.outvars]


def _of_value(value: Any, numbers: Numbers) -> Bounds:
    """Bound a constant."""
    dtype = getattr(value, "dtype", np.result_type(float))  # a key of random numbers has one of its own
    ordered = any(jnp.issubdtype(dtype, kind) for kind in (jnp.integer, jnp.floating, jnp.bool_))
    if not np.size(value) or not ordered or isinstance(value, complex):
        return _numbered(Bounds(), numbers)
    bounds = Bounds(float(np.min(value)), float(np.max(value)))
    return _numbered(bounds, numbers, float(value) if np.shape(value) == () else None)


def _numbered(bounds: Bounds, numbers: Numbers, key: Any = None) -> Bounds:
    """Give a value the number of what is computed alike, or without a key one of its own."""
    return bounds._replace(number=numbers.setdefault(object() if key is None else key, len(numbers)))


def _apply(equation: Any, given: list[Bounds], numbers: Numbers) -> list[Bounds]:
    """Bound the results of one operation; of one that is not known they may be anything."""
    name, params = equation.primitive.name, equation.params
    if name == "cond":
        branches = [_run(branch.jaxpr, branch.consts, given[1:], numbers) for branch in params["branches"]]
        return [_union(some) for some in zip(*branches, strict=True)]
    inner = next((value for value in params.values() if hasattr(getattr(value, "jaxpr", value), "eqns")), None)
    body = getattr(inner, "jaxpr", inner)
    if name == "scan":  # what it carries may be anything
        carried = _carried(equation, body)
        given = [_numbered(Bounds(), numbers) if i in carried else one for i, one in enumerate(given)]
    if body is not None and name != "while" and len(given) == len(body.invars):
        found = _run(body, getattr(inner, "consts", ()), given, numbers)
        named = params.get("name") == "log_softmax"
        return [one._replace(high=0.0) for one in found] if named else found
    if name in LAYOUT:
        return given if len(given) == len(equation.outvars) else given[:1]
    result, key = _of_operation(equation, given), (name, *(one.number for one in given), str(params))
    return [_numbered(result, numbers, (i, *key)) for i in range(len(equation.outvars))]


def _carried(scan: Any, body: Any) -> range:
    """Find which arguments a scan carries: it hands on what has no further axis, before rows and after constants."""
    handed = sum(out.aval.shape == inner.aval.shape for out, inner in zip(scan.outvars, body.outvars, strict=True))
    rows = sum(given.aval.shape != inner.aval.shape for given, inner in zip(scan.invars, body.invars, strict=True))
    return range(len(body.invars) - rows - handed, len(body.invars) - rows)


def _of_operation(equation: Any, given: list[Bounds]) -> Bounds:
    """Bound the result of one operation."""
    name = equation.primitive.name
    if name == "reduce_sum":
        count = math.prod(equation.invars[0].aval.shape) / max(1, math.prod(equation.outvars[0].aval.shape))
        return Bounds(*_product(given[0], Bounds(count, count)), sum_of=given[0].number)
    if name == "div" and given[1].sum_of == given[0].number and given[0].low >= 0:
        return Bounds(0, 1)
    if name in CHOICE:
        return Bounds(given[0].low, given[0].high)
    if name in ("concatenate", "stack", "select_n"):
        return _union(given[name == "select_n" :])
    if equation.outvars[0].aval.dtype == bool:
        return Bounds(0, 1)
    return Bounds(*OPERATIONS[name](*given)) if name in OPERATIONS else Bounds()


def _union(some: Sequence[Bounds]) -> Bounds:
    return Bounds(min(one.low for one in some), max(one.high for one in some))


def _corners(function: Callable[[float, float], float], a: Bounds, b: Bounds) -> tuple[float, float]:
    """Bound a function that is monotone in each argument by its values at the corners."""
    ends = [function(*pair) for pair in ((a.low, b.low), (a.low, b.high), (a.high, b.low), (a.high, b.high))]
    return (-INF, INF) if any(map(math.isnan, ends)) else (min(ends), max(ends))


def _product(a: Bounds, b: Bounds) -> tuple[float, float]:
    return _corners(lambda x, y: x * y, a, b)


def _quotient(a: Bounds, b: Bounds) -> tuple[float, float]:
    return _corners(lambda x, y: x / y, a, b) if b.low > 0 or b.high < 0 else (-INF, INF)


def _exp(a: Bounds) -> tuple[float, float]:
    return math.exp(min(a.low, 700)), math.exp(a.high) if a.high < 700 else INF


OPERATIONS: dict[str, Callable[..., tuple[float, float]]] = {
    "logistic": lambda a: (0, 1),
    "tanh": lambda a: (-1, 1),
    "exp": _exp,
    "neg": lambda a: (-a.high, -a.low),
    "add": lambda a, b: (a.low + b.low, a.high + b.high),
    "sub": lambda a, b: (a.low - b.high, a.high - b.low),
    "mul": _product,
    "div": _quotient,
    "max": lambda a, b: (max(a.low, b.low), max(a.high, b.high)),
    "min": lambda a, b: (min(a.low, b.low), min(a.high, b.high)),
    "clamp": lambda low, a, high: (max(a.low, low.low), min(a.high, high.high)),
}

"""What the checks share: comparing results, tracing twice, gradients by differences."""

import functools
import re
from collections.abc import Callable
from typing import Any, ParamSpec

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef
from nnjax.core.types import Key, Scalar
from nnjax.nn.user_functions import failed, standard_rules

TOLERANCE = 1e-5  # of a lane against the same computed alone
STEPS = (3e-2, 1e-2, 3e-3, 1e-3)  # of the differences; the best counts, because float32 rounds and functions have kinks
NEARBY = (0.1, 0.2, 0.4)  # distances of the further points where a gradient is tried
SLOPE = 0.05  # by which a gradient may miss the differences, relative to the larger of the two
ROUNDING = 2e-3  # below it, in units of the function's size, differences in float32 tell nothing
P = ParamSpec("P")


def ref_of(thing: Any) -> str:
    """Carry an object where a name may stand."""
    return thing if isinstance(thing, str) else ObjectRef(thing)


def in_sentences(what: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Let a check say in a sentence whatever a piece of the user's raises."""

    def decorate(check: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(check)
        def checked(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                check(*args, **kwargs)
            except UserError:
                raise
            except Exception as error:
                raise failed(what, error) from error

        return checked

    return decorate


def require(holds: Any, sentence: str) -> None:
    """Refuse what breaks a law."""
    if not holds:
        raise UserError(sentence)


def same_bits(one: Any, other: Any) -> bool:
    """Whether two trees of arrays are equal bit for bit (NaN equals NaN)."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs)


def difference(one: Any, other: Any) -> float:
    """Return the largest difference of two trees of arrays, relative to the numbers' size where that is above 1."""
    worst = 0.0
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
        known = np.isfinite(x) & np.isfinite(y)
        if not np.array_equal(x[~known], y[~known], equal_nan=True):
            return np.inf
        if known.any():
            worst = max(worst, float(np.max(np.abs(x[known] - y[known]) / np.maximum(1, np.abs(y[known])))))
    return worst


def traced(function: Callable[..., Any], *arguments: Any) -> tuple[str, list[Any]]:
    """Trace a function anew: its program as text, without addresses, and the constants that it closes over."""
    with standard_rules():
        closed = jax.make_jaxpr(lambda *given: function(*given))(*arguments)
    return re.sub(r"0x[0-9a-f]+", "", str(closed)), [np.asarray(c) for c in closed.consts if not _is_key(c)]


def require_pure(what: str, function: Callable[..., Any], *arguments: Any) -> str:
    """Trace a function twice, and return its program; UserError for leaked tracers and for Python state."""
    try:
        with jax.checking_leaks():
            first = traced(function, *arguments)
        second = traced(function, *arguments)
    except jax.errors.UnexpectedTracerError as error:
        raise UserError(_leak(what)) from error
    except Exception as error:
        if "leaked trace" in str(error).lower():
            raise UserError(_leak(what)) from error
        raise error if isinstance(error, UserError) else failed(what, error) from error
    require(
        first[0] == second[0] and same_shapes(first[1], second[1]) and same_bits(first[1], second[1]),
        f"{what} keeps Python state: called twice with the same arguments it computes two different things, but a "
        "program is traced once and then repeated: return what changes (a state) instead of storing it.",
    )
    return first[0]


def _leak(what: str) -> str:
    return (
        f"{what} leaks a tracer: it stores a value of one call, on itself or in a global, where a later call finds "
        "it: return it instead."
    )


def same_shapes(one: Any, other: Any) -> bool:
    """Whether two trees have the same structure, shapes and types."""

    def kinds(tree: Any) -> list[tuple[Any, ...]]:
        return [(jnp.shape(leaf), jnp.result_type(leaf)) for leaf in jax.tree.leaves(tree)]

    return bool(jax.tree.structure(one) == jax.tree.structure(other)) and kinds(one) == kinds(other)  # type: ignore[operator]


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(jnp.result_type(leaf), jax.dtypes.prng_key)


@jax.jit
def directions(key: Key, tree: Any) -> Any:
    """Draw a direction for each leaf, of signs, and of length 1."""
    leaves, structure = jax.tree.flatten(tree)
    drawn = [
        jax.random.rademacher(jax.random.fold_in(key, i), leaf.shape, leaf.dtype) / np.float32(max(leaf.size, 1) ** 0.5)
        for i, leaf in enumerate(leaves)
    ]
    return jax.tree.unflatten(structure, drawn)


def wrong_slope(moved: Callable[[Any], Any], slope: float, size: float) -> float | None:
    """Compare a derivative with differences: the nearest of them where all disagree, None where one agrees.

    Args:
      moved: step -> the function's value there.
      slope: the derivative at 0.
      size: of the function's values.
    """
    found = [(float(moved(h)) - float(moved(-h))) / (2 * h) for h in STEPS]
    nearest = min(found, key=lambda value: abs(value - slope))
    allowed = SLOPE * max(abs(nearest), abs(slope)) + ROUNDING * max(size, 1e-3)
    return None if abs(nearest - slope) <= allowed else nearest


def require_gradient(what: str, function: Callable[[Any], Scalar], point: Any, names: Callable[[int], str]) -> None:
    """Compare a gradient with differences, leaf by leaf, at points nearby until one agrees: kinks lie at few points.

    Args:
      what: whose it is, for the sentence.
      function: tree -> [], compiled.
      point: the tree, of float arrays.
      names: number of a leaf -> its name in the sentence.

    Raises:
      UserError: they differ at all points.
    """
    wrong = _wrong_slopes(function, point)
    for distance in NEARBY:
        if wrong:
            moves = directions(jax.random.key(12), point)
            elsewhere = jax.tree.map(
                lambda leaf, move, d=distance: leaf + np.float32(d) * move, *jax.device_get((point, moves))
            )
            still = _wrong_slopes(function, elsewhere)
            wrong = {i: both for i, both in wrong.items() if i in still}
    for i, (slope, found) in wrong.items():
        stopped = "" if slope else " (the gradient is stopped: is there a stop_gradient, a rounding or an argmax?)"
        raise UserError(
            f"{what} has a wrong gradient by {names(i)}: {slope:.4g} along a random direction, but finite differences "
            f"give {found:.4g}{stopped}."
        )


def _wrong_slopes(function: Callable[[Any], Scalar], point: Any) -> dict[int, tuple[float, float]]:
    """List the leaves by which gradient and differences disagree: number -> both."""
    value, grads = jax.value_and_grad(function)(point)
    structure, ways = jax.tree.structure(point), directions(jax.random.key(11), point)
    (leaves, gradients, ways), out = jax.device_get([jax.tree.leaves(tree) for tree in (point, grads, ways)]), {}
    for i, (gradient, way) in enumerate(zip(gradients, ways, strict=True)):

        def moved(step: float, i: int = i, way: np.ndarray = way) -> Scalar:
            changed = [leaf + np.float32(step) * way if j == i else leaf for j, leaf in enumerate(leaves)]
            return function(jax.tree.unflatten(structure, changed))

        slope = float(np.sum(gradient * way))
        found = wrong_slope(moved, slope, abs(float(value)))
        if found is not None:
            out[i] = (slope, found)
    return out

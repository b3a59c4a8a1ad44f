"""Call users' functions under JAX's default settings; errors say with which shapes they were called."""

import contextlib
import functools
import pathlib
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.messages import pass_again
from nnjax.core.types import Scalar

PACKAGE = pathlib.Path(__file__).parents[1]
LIBRARIES = ("equinox", "flax", "keras")
STYLES = re.compile("\x1b\\[[0-9;]*m")  # of terminals
ADDRESS = re.compile(r"0x[0-9a-f]+")
RANDOM = ("random_bits", "threefry2x32", "rng_bit_generator")


@contextlib.contextmanager
def standard_rules() -> Iterator[None]:
    """Let types and ranks promote as JAX does by default, whatever the caller's stricter settings are."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def by_standard_rules(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a user's function be called by `standard_rules`."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        with standard_rules():
            return function(*args, **kwargs)

    return called


def call(what: str, function: Callable[..., Any], **arguments: Any) -> Any:
    """Call a user's function with named arguments, passed by position; UserError says how it failed."""
    try:
        with standard_rules():
            return function(*arguments.values())
    except UserError:
        raise
    except jax.errors.UnexpectedTracerError as error:
        raise UserError(kept(what)) from error
    except Exception as error:
        raise failed(what, error, f" on {shapes(arguments)}" if arguments else "") from error


def failed(what: str, error: Exception, where: str = "") -> UserError:
    """Say in one sentence that something of the user's failed: with which error, and in which of the user's lines."""
    said = words_of(error) or line_of(error)
    cause = f"{type(error).__name__}: {said}".rstrip(".: ") + place_of(error)
    if isinstance(error, jax.errors.ConcretizationTypeError):
        cause += " (inside the program values are traced: use jnp.where or jax.lax.cond where Python would branch)"
    if isinstance(error, jax.errors.TracerArrayConversionError):
        cause += " (NumPy cannot compute inside the program: use jax.numpy)"
    return UserError(f"{what} failed{where}: {cause}.")


def words_of(error: BaseException) -> str:
    """Return the first line of an error's message; of Keras, which begins with the layer, the reason after it too."""
    lines = [line for line in STYLES.sub("", str(error)).splitlines() if line.strip()]
    return " ".join(lines[: 2 if lines and lines[0].startswith("Exception encountered") else 1]).strip()


def line_of(error: Exception) -> str:
    """Return the source line of an error without words, such as that of an assertion."""
    lines = [frame.line for frame in traceback.extract_tb(error.__traceback__)]
    return (lines or [""])[-1] or ""


def place_of(error: BaseException) -> str:
    """Say in which of the user's lines an error arose: " (in Net.__call__, net.py, line 12)"; "" for none of them."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    lines = [line for _, line in traceback.walk_tb(error.__traceback__)]
    for frame, line in zip(reversed(frames), reversed(lines), strict=True):
        file, code = pathlib.Path(frame.f_code.co_filename), frame.f_code
        if not {"site-packages", "dist-packages"} & set(file.parts) and PACKAGE not in file.parents:
            return f" (in {code.co_qualname.replace('.<locals>', '')}, {file.name}, line {line})"
    for frame in reversed(frames):  # a layer of a library, where nothing of the user's is called
        layer = type(frame.f_locals.get("self"))
        if frame.f_code.co_name in ("__call__", "call") and layer.__module__.split(".")[0] in LIBRARIES:
            return f" (in {layer.__name__} of {layer.__module__.split('.')[0]})"
    return ""


def kept(what: str) -> str:
    """Say that something keeps a value."""
    return (
        f"{what} keeps a value of one call for the next, which JAX does not see: compute it from its arguments alone."
    )


def trace_twice(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Trace a function of shapes, and find whether it computes the same in every call: the shapes of its results.

    Raises:
      UserError: it keeps a value of one call for the next, or computes something else.
    """
    try:
        (one, _), (two, found) = (
            jax.make_jaxpr(lambda *given: function(*given), return_shape=True)(*arguments) for _ in range(2)
        )
    except jax.errors.UnexpectedTracerError:
        raise UserError(kept(what)) from None
    if any(isinstance(value, jax.core.Tracer) for value in two.consts):
        raise UserError(kept(what))
    if ADDRESS.sub("", str(one)) != ADDRESS.sub("", str(two)):
        raise UserError(
            f"{what} computes something else in every call, by a value outside its arguments that JAX does not see: "
            "give such values up."
        )
    return found


def is_random(program: str) -> bool:
    """Whether a traced program, as text, draws random numbers."""
    return any(name in program for name in RANDOM)


def shapes(arguments: Mapping[str, Any]) -> str:
    """Write shapes and types: "y int32[8], z float32[8, 10]"."""
    return ", ".join(f"{name} {_shape(value)}" for name, value in arguments.items())


def _shape(value: Any) -> str:
    leaves = jax.tree.leaves(value)
    if len(leaves) != 1:
        return f"of {len(leaves)} arrays"
    return f"{jnp.result_type(leaves[0])}{list(jnp.shape(leaves[0]))}"


def without_object(what: str, path: str, field: str) -> Callable[..., Any]:
    """Stand in for an object that a run folder names and that was not imported: calling it says so."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UserError(
            f"The {what} {path} was not imported, because nothing that a run folder names is: {pass_again(field)}."
        )

    return refuse


class Reads(Mapping[str, Any]):
    """Stands in for hyperparameters, and notes which are asked for."""

    def __init__(self, value: Any):
        self.value, self.required, self.optional = value, dict[str, None](), dict[str, None]()

    def __getitem__(self, name: str) -> Any:
        self.required[name] = None
        return self.value

    def __contains__(self, name: object) -> bool:
        self.optional[str(name)] = None
        return False

    def get(self, name: str, default: Any = None) -> Any:
        """Return the default."""
        self.optional[name] = None
        return default

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def reads_of(what: str, function: Callable[[Mapping[str, Any], Any], Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the hyperparameters that a function of (hyper, number) reads when it is traced, and those it must have."""
    notes = Reads(None)

    def run(x: Scalar) -> Scalar:
        notes.value = x
        call(what, lambda: function(notes, x))
        return x

    jax.eval_shape(run, jax.ShapeDtypeStruct((), jnp.float32))
    return tuple({**notes.required, **notes.optional}), tuple(notes.required)

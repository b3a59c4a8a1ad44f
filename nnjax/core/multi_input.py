"""Examples of several arrays: laid side by side in one row [d], and restored from it.

Data, scalers and batches know rows [n, d] only. A model of the user's gets the dictionary, tuple or list of arrays that
was given, each [b, *shape], with whole numbers as int32 and truth values as bool.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.numeric import as_numbers

if TYPE_CHECKING:
    from jaxtyping import Bool, Num

EXACT = 2**24  # whole numbers up to here are exact in float32, in which rows are kept
WHOLE = ("int32", "bool")  # types that are neither scaled nor rounded
_SEQUENCE = re.compile(r"(\()\d+\)|(\[)\d+\]")


class Part(NamedTuple):
    """One array of the inputs."""

    # where it stands: dictionary keys, "(0)" in a tuple and "[0]" in a list, joined by "/"; "" of a single array
    path: str
    shape: tuple[int, ...]  # of one example
    dtype: str  # as the model gets it: "float32", "int32" or "bool"; or "uint8", which it gets as scaled float32

    @property
    def size(self) -> int:
        """Numbers of one example."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        return f"{self.path} {self.dtype}{list(self.shape)}".lstrip()


class Structure(tuple[int, ...]):
    """The shape (d,) of an example whose d numbers are several arrays; equal where these are."""

    parts: tuple[Part, ...]  # the arrays, in the order of their columns

    def __new__(cls, parts: Sequence[Part]) -> Structure:
        """Lay arrays out side by side."""
        self = super().__new__(cls, (sum(part.size for part in parts),))
        self.parts = tuple(parts)
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Structure) and self.parts == other.parts

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.parts)

    def __repr__(self) -> str:
        return "{" + ", ".join(map(str, self.parts)) + "}"

    def __reduce__(self) -> tuple[Any, ...]:
        return Structure, (self.parts,)

    def tree(self, leaves: Sequence[Any]) -> Any:
        """Build the dictionary, tuple or list of one thing for each array; of a single array the thing itself."""
        if [part.path for part in self.parts] == [""]:
            return leaves[0]
        return _nest([(part.path.split("/"), leaf) for part, leaf in zip(self.parts, leaves, strict=True)])

    def columns(self) -> Iterator[tuple[Part, slice]]:
        """Give each array with its columns of a row."""
        begin = 0
        for part in self.parts:
            yield part, slice(begin, begin + part.size)
            begin += part.size

    def measured(self) -> Bool[np.ndarray, " d"]:
        """Say of each column whether it is a measured number, not a whole number or a truth value."""
        return np.repeat([part.dtype not in WHOLE for part in self.parts], [part.size for part in self.parts])


def unflatten(x: Any, shape: tuple[int, ...]) -> Any:
    """Give examples, rows [b, d], their shape: [b, *shape], or of a `Structure` its arrays in their types.

    Examples that have it already stay as they are.
    """
    if not isinstance(shape, Structure):
        return x.reshape(x.shape[0], *shape)
    if not hasattr(x, "shape"):
        return x
    pieces = [(part, x[:, columns].reshape(x.shape[0], *part.shape)) for part, columns in shape.columns()]
    return shape.tree([piece.astype(part.dtype) if part.dtype in WHOLE else piece for part, piece in pieces])


def _nest(items: Sequence[tuple[list[str], Any]]) -> Any:
    groups: dict[str, list[tuple[list[str], Any]]] = {}
    for (first, *rest), leaf in items:
        groups.setdefault(first, []).append((rest, leaf))
    made = {step: some[0][1] if not some[0][0] else _nest(some) for step, some in groups.items()}
    kind = _SEQUENCE.fullmatch(next(iter(made)))
    if kind is None:
        return made
    return tuple(made.values()) if kind[1] else list(made.values())


def is_structure(x: Any, num_examples: int | None = None) -> bool:
    """Whether inputs are several arrays: a mapping, or a tuple (with as many examples as y, a list) of arrays.

    A list or tuple of rows, as many as there are examples, is one array as ever.
    """
    if isinstance(x, Mapping):
        return True
    if not isinstance(x, tuple | list) or not x or len(x) == num_examples:
        return False
    if any(isinstance(one, Mapping) for one in x):
        return True
    if not all(hasattr(one, "shape") and len(one.shape) for one in x):
        return False
    lengths = {one.shape[0] for one in x}
    return len(lengths) == 1 and (isinstance(x, tuple) or lengths == {num_examples})


def flatten(x: Any, what: str) -> tuple[Num[np.ndarray, "n d"], Structure]:
    """Lay several arrays [n, ...] side by side: rows [n, d], uint8 where all are, else float32, and what they are.

    Raises:
      UserError: names that cannot be kept, no arrays, unequal lengths, text, whole numbers that float32 would round.
    """
    leaves = [(path, _as_array(leaf, f"{what}[{path}]" if path else what)) for path, leaf in _walk(x, what)]
    if not leaves:
        raise UserError(f"{what} holds no arrays, but at least one was expected.")
    first, size = leaves[0][0], len(leaves[0][1])
    for path, leaf in leaves:
        if len(leaf) != size:
            raise UserError(
                f"{what}[{path}] has {len(leaf)} examples but {what}[{first}] {size}: as many were expected."
            )
    structure = Structure([Part(path, leaf.shape[1:], leaf.dtype.name) for path, leaf in leaves])
    kind = np.uint8 if all(part.dtype == "uint8" for part in structure.parts) else np.float32
    return np.concatenate([leaf.reshape(size, -1).astype(kind) for _, leaf in leaves], axis=1), structure


def flatten_as(x: Any, structure: Structure, what: str) -> Num[np.ndarray, "n d"]:
    """Lay arrays side by side that must be as known ones: rows [n, d]; UserError for others, and as of `flatten`."""
    rows, found = flatten(x, what)
    if [part.path for part in found.parts] != [part.path for part in structure.parts]:
        raise UserError(f"{what} is {found!r}, but {structure!r} was expected.")
    for own, known in zip(found.parts, structure.parts, strict=True):
        kinds = [dtype if dtype in ("uint8", "float32") else "whole" for dtype in (own.dtype, known.dtype)]
        if own.shape != known.shape or kinds[0] != kinds[1]:
            raise UserError(f"{what} has {own}, but {known} was expected.")
    return rows


def _walk(x: Any, what: str, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give the arrays of nested dictionaries, by sorted key, tuples and lists, each with its path."""
    prefix = f"{path}/" if path else ""
    if isinstance(x, Mapping):
        wrong = [key for key in x if not isinstance(key, str) or not key or set(key) & set("/()[]")]
        if wrong:
            raise UserError(f"{what} has the name {wrong[0]!r}, but text without any of / ( ) [ ] was expected.")
        for key in sorted(x):
            yield from _walk(x[key], what, f"{prefix}{key}")
    elif isinstance(x, tuple | list) and all(hasattr(one, "shape") or isinstance(one, Mapping | tuple) for one in x):
        for i, one in enumerate(x):
            yield from _walk(one, what, f"{prefix}({i})" if isinstance(x, tuple) else f"{prefix}[{i}]")
    else:
        yield path, x


def _as_array(leaf: Any, what: str) -> np.ndarray:
    """Read one array in a type that is kept: float32, uint8, int32 or bool."""
    array = as_numbers(leaf, what, "pad them, and give a mask beside them", words="numbers or truth values")
    if array.ndim == 0 or 0 in array.shape:
        raise UserError(
            f"{what} has the shape {array.shape}, but [examples, …] with at least one of each was expected."
        )
    if array.dtype.kind == "b" or array.dtype == np.uint8:
        return array
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return array.astype(np.float32)
    if max(abs(int(array.min())), abs(int(array.max()))) > EXACT:
        worst = max(int(array.max()), int(array.min()), key=abs)
        raise UserError(
            f"{what} has the whole number {worst:,}, but at most {EXACT:,} is kept exactly: number what it stands for "
            "from 0, or pass it as fractions (float32)."
        )
    return array.astype(np.int32)

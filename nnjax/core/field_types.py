"""Types of the fields of an experiment that take more than whoever reads them gets: objects, single patterns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nnjax.core.class_weight import ClassWeight
from nnjax.core.object_refs import ObjectRef

if TYPE_CHECKING:
    Read = TypeVar("Read")
    Taken = TypeVar("Taken")

    class Field(Generic[Read, Taken]):
        """A field that takes more than whoever reads it gets: objects are wrapped, what is open is filled in."""

        def __get__(self, instance: object, owner: Any) -> Read: ...
        def __set__(self, instance: object, value: Taken) -> None: ...

    Widths = Field[tuple[int, ...], Sequence[int] | None]
    Size = Field[int, int | None]
    Patterns = Field[tuple[str, ...] | None, str | Sequence[str] | None]
    Names = Field[tuple[str, ...], Sequence[str]]
    Weights = Field[ClassWeight | None, str | Mapping[Any, float] | Sequence[float] | None]
    Named = Field[str | ObjectRef, Any]
else:
    Widths = tuple[int, ...] | None
    Size = int | None
    Patterns = tuple[str, ...] | None
    Names = tuple[str, ...]
    Weights = ClassWeight | None
    Named = str | ObjectRef

"""Where cells of a table stand."""

from collections.abc import Callable
from typing import NamedTuple


class Place(NamedTuple):
    """Where cells stand, for messages, which it begins as a text: the table's name, the column, a row's ("line 7")."""

    table: str
    column: str
    where: Callable[[int], str]
    target: bool = False

    def __str__(self) -> str:
        """Begin a message."""
        return f"The column {self.column!r} of {self.table}"

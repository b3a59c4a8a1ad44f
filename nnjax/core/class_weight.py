"""Weights of classes as a field of an experiment: a text, "balanced" or JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.text import represent

BALANCED = "balanced"
FORMS = '"balanced", one number a class such as (1.0, 2.0), or numbers by class such as {"cat": 2.0}'


class ClassWeight(str):
    """Weights of classes: "balanced", or as JSON a list by class index, or a table by class name or index.

    It is made of that text, of the shorter "1,2" and "cat:2,dog:1", of a sequence or of a mapping.
    """

    __slots__ = ()

    def __new__(cls, given: Any) -> ClassWeight:
        """Bring weights into their one form; UserError if they are neither "balanced" nor finite numbers from 0."""
        if isinstance(given, ClassWeight):
            return given
        parsed = _parsed(given.strip()) if isinstance(given, str) else given
        if parsed == BALANCED and isinstance(parsed, str):
            return super().__new__(cls, BALANCED)
        try:
            if isinstance(parsed, Mapping):
                table = {str(name): float(weight) for name, weight in parsed.items()}
                text, numbers = json.dumps(table, ensure_ascii=False), list(table.values())
            else:
                numbers = [float(weight) for weight in parsed]
                text = json.dumps(numbers)
        except (TypeError, ValueError):
            raise UserError(f"class_weight is {represent(given)}, but {FORMS} was expected.") from None
        bad = [number for number in numbers if not (math.isfinite(number) and number >= 0)]
        if bad or not numbers:
            found = f"{bad[0]:g} in {represent(given)}" if bad else f"{represent(given)}"
            raise UserError(f"class_weight is {found}, but finite numbers from 0 were expected, or {BALANCED!r}.")
        return super().__new__(cls, text)

    @property
    def value(self) -> str | list[float] | dict[str, float]:
        """What the text says: "balanced", the weights by class index, or those by class name or index."""
        if self == BALANCED:
            return BALANCED
        found: list[float] | dict[str, float] = json.loads(str(self))
        return found


def _parsed(text: str) -> Any:
    if text == BALANCED:
        return text
    try:
        return json.loads(text)
    except ValueError:
        items = [item.strip() for item in text.strip("()[]{} ").split(",") if item.strip()]
    if items and all(":" in item for item in items):
        return {name.strip().strip("\"'"): weight for name, _, weight in (item.rpartition(":") for item in items)}
    return items

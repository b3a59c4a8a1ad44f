"""Code the cells of a column as inputs, by the rule that was inferred for it."""

from typing import Any

import numpy as np
from absl import logging

from nnjax.core.columns import Column, NumberRule
from nnjax.core.errors import UserError
from nnjax.data import dates, numerals, remedies
from nnjax.data.cells import Texts, Typed, make_cells, plain_numbers
from nnjax.data.place import Place

SHOWN = 10  # known categories in a message


def encode(column: Column, raw: Any, place: Place, na_values: tuple[str, ...] | None, unknown: str) -> np.ndarray:
    """Code cells as the inputs of a column: float64 [n, inputs without `missing_input`]; NaN where they are missing.
    Plain numbers may come as float64 [n].

    Raises:
      UserError: a cell does not follow the column's rule, or is an unknown category.
    """
    if isinstance(raw, np.ndarray) and raw.dtype == np.float64:
        return raw[:, None]
    plain = plain_numbers(raw) if column.kind == "number" and not na_values and column.rule == NumberRule() else None
    if plain is not None:
        return plain[:, None]
    found = make_cells(raw, place, na_values)
    if column.kind in ("category", "ordered"):
        return _code(column, found if isinstance(found, Texts) else found.as_texts(), place, unknown)
    if isinstance(found, Typed):
        if (found.kind == column.kind) or (found.kind, column.kind) == ("number", "number"):
            _refuse_infinite(found.values, place, na_values)
            return found.values[:, None]
        raise _unlike(column, place, 0, f"{found.kind}s")
    texts = found.distinct
    if column.kind == "number":
        values = numerals.parse(texts, column.rule)
        if column.rule.decimal == ".":
            plain_ones = [numerals.PLAIN.fullmatch(text) is not None for text in texts]
            values = np.array([float(t) if p else v for t, v, p in zip(texts, values, plain_ones, strict=True)])
    elif column.kind == "date":
        refuse_open_century(found, column.format, place)
        values = dates.parse(texts, column.format)
    elif column.kind == "time":
        values = dates.parse_times(texts, column.format)
    else:
        values = np.array([{"true": 1.0, "false": 0.0}.get(text.lower(), np.nan) for text in texts])
    for text, value, gone in zip(texts, values, found.missing, strict=True):
        if not gone and not np.isfinite(value):
            raise _unlike(column, place, found.first(text), repr(text))
    return found.spread(values)[:, None]


def refuse_open_century(found: Texts, format: str, place: Place) -> None:
    """Refuse years of two digits that may be of two centuries."""
    text = dates.open_century(found.distinct, format)
    if text is not None:
        raise UserError(
            f"{place} is dates ({format}), but {text!r} in {place.where(found.first(text))} may be of the 20th or the "
            f"21st century: write years of four digits (YYYY-MM-DD), or {remedies.leave_out(place)}."
        )


def _code(column: Column, found: Texts, place: Place, unknown: str) -> np.ndarray:
    known = {text: i for i, text in enumerate(column.categories)}
    width = len(known)
    padded, taken = _by_number(column.categories), []
    table = np.zeros((len(found.distinct), width if column.kind == "category" else 1))
    for i, cell in enumerate(found.distinct):
        text = cell if cell in known else cell.removesuffix(".0")  # which pandas writes of whole numbers beside gaps
        if text not in known and text in padded:
            taken.append(f"{cell} for {padded[text]}")
            text = padded[text]
        if found.missing[i] and text not in known:
            table[i] = np.nan
        elif text in known:
            table[i] = np.eye(width)[known[text]] if column.kind == "category" else known[text]
        elif unknown != "unknown" or column.kind == "ordered":
            raise _unlike(column, place, found.first(cell), repr(cell))
    if taken:
        listed = ", ".join(taken[:SHOWN]) + ", …" * (len(taken) > SHOWN)
        logging.warning("%s has numbers without the zeros of training, which are taken so: %s.", place, listed)
    return table[found.codes]


def _by_number(categories: tuple[str, ...]) -> dict[str, str]:
    """Find the categories such as 001 by their numbers without zeros, which is how other programs read them."""
    numbers = {str(int(text)): text for text in categories if text.isdecimal()}
    return numbers if len(numbers) == len(categories) else {}


def _unlike(column: Column, place: Place, row: int, found: str) -> UserError:
    if column.kind in ("category", "ordered", "boolean"):
        texts = column.categories or ("False", "True")
        known = ", ".join(texts[:SHOWN]) + (f" and {len(texts) - SHOWN} others" if len(texts) > SHOWN else "")
        rest = f"the network knows {known}"
        remedy = "" if column.kind != "category" else "; train with data.unknown=unknown to allow others"
    else:
        rest = {"number": f"numbers ({column.rule})", "date": f"dates ({column.format})", "time": "times"}[column.kind]
        rest, remedy = f"{rest} were expected", ", as in training"
    return UserError(f"{place} holds {found} in {place.where(row)}, but {rest}{remedy}.")


def _refuse_infinite(values: np.ndarray, place: Place, na_values: tuple[str, ...] | None) -> None:
    bad = np.isinf(values)
    if bad.any():
        texts = [str(value) for value in np.unique(values[bad])]
        raise UserError(
            f"{place} has {int(bad.sum())} infinite values, the first in {place.where(int(np.argmax(bad)))}: replace "
            f"them, or say that they are missing ({remedies.count_as_missing(texts, na_values)} data.missing=mean)."
        )

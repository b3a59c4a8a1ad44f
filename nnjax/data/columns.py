"""Infer what a column of a table holds: one rule for all of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.columns import Column, NumberRule
from nnjax.core.errors import UserError
from nnjax.data import cells as cells_module
from nnjax.data import dates, mixed_cells, numerals, remedies, similar_texts
from nnjax.data.cells import Cells, Texts, Typed, make_cells, plain_numbers
from nnjax.data.column_codes import refuse_open_century
from nnjax.data.missing_cells import Gaps
from nnjax.data.place import Place

MAX_MIXED = 20  # distinct texts of a column that mixes numbers and texts, and is taken for categories
EXACT = 2.0**53  # up to here float64 holds every whole number


class Inferred(NamedTuple):
    """What a column holds."""

    column: Column  # how its cells become inputs
    gaps: Gaps | None = None  # its missing cells; None for none
    ambiguous: str = ""  # a text that is one number by decimal commas, another by commas between thousands; "" for none
    said: tuple[str, ...] = ()  # what was guessed, a sentence each
    values: np.ndarray | None = None  # its numbers [n] float64, NaN for missing ones, where all are plain ones
    # that numbers are too long for float64: of no concern to labels, which are kept exactly
    merging: tuple[str, ...] = ()
    grouped: str = ""  # grouped, likely, proven: of its marks, as in `numerals.Inference`
    likely: bool = False
    proven: str = ""


class Rules(NamedTuple):
    """What the user says of columns: see `DataConfig`."""

    na_values: tuple[str, ...] | None = None
    decimal: str = "auto"
    ordinal: Mapping[str, tuple[str, ...]] = {}
    missing: str = "error"


def infer(raw: Any, place: Place, rules: Rules) -> Inferred:
    """Infer what a column holds; UserError names the first cell that follows no rule, or what may be meant."""
    name, order = place.column, rules.ordinal.get(place.column)
    plain = None if order or rules.na_values else _plain(raw, rules, place)
    if plain is not None:
        return plain
    found = make_cells(raw, place, rules.na_values)
    gaps = _gaps(found, place)
    stored = _stored_order(raw)
    if order or stored:
        return Inferred(_ordered(found, place, order or stored), gaps)
    if isinstance(found, Typed):
        whole = 0 if found.whole is None else len(np.unique(found.whole))
        format = dates.ISO if found.kind == "date" else ""
        span = getattr(getattr(raw, "dtype", None), "kind", "") == "m"
        said = (f"The column {name!r} is read as durations, in days.",) * span
        merging = _merging(whole, found.values, place)
        return Inferred(Column(name, found.kind, format=format), gaps, said=said, merging=merging)
    counts = found.counts()
    if not counts:
        return Inferred(Column(name), gaps)
    plain = _plain(np.array(list(counts), object), rules, place) if gaps and isinstance(raw, np.ndarray) else None
    if plain is not None and plain.values is not None:
        values = np.full(len(found.distinct), np.nan)
        values[~found.missing] = plain.values
        return plain._replace(gaps=gaps, values=found.spread(values))
    if hasattr(getattr(raw, "dtype", None), "categories"):
        return _categories(counts, place, typed=True)._replace(gaps=gaps)
    if {text.lower() for text in counts} <= {"true", "false"}:
        return Inferred(Column(name, "boolean"), gaps)
    inferred = (
        _numbers(found, counts, place, rules) or _dates(found, counts, place, rules) or _categories(counts, place)
    )
    return inferred._replace(gaps=gaps)


def _plain(raw: np.ndarray, rules: Rules, place: Place) -> Inferred | None:
    """Infer a column whose texts [n] are all numbers with decimal points; None for another."""
    values = None if rules.decimal == "comma" else plain_numbers(raw)
    pointed = values is not None and any("." in text for text in raw)
    if values is None or (rules.decimal != "point" and pointed and numerals.are_grouped(raw)):
        return None
    merging = _merging(len(set(raw)) if np.abs(values).max() > EXACT else 0, values, place)
    said = () if (values % 1).any() else _powers(raw, place.column)
    return Inferred(Column(place.column), said=said, values=values, merging=merging, proven="." * pointed)


def _merging(distinct: int, values: np.ndarray, place: Place) -> tuple[str, ...]:
    """Say that numbers are too long even for float64."""
    left = len(np.unique(values)) if distinct else 0
    if left >= distinct:
        return ()
    return (
        f"Of {distinct} numbers of {place.column!r} {left} are left in float64: {remedies.leave_out(place)} if they "
        "are names.",
    )


def _powers(raw: Iterable[str], name: str) -> tuple[str, ...]:
    """Say that texts such as 1E5, which may be names, are taken for powers of ten."""
    odd = numerals.POWER.search("\n".join(raw))
    if odd is None:
        return ()
    return (
        f"The column {name!r} is read as numbers: {odd[0]!r} is {float(odd[0]):g} "
        f"({remedies.drop(name)} if it is a name).",
    )


def _numbers(found: Texts, counts: Mapping[str, int], place: Place, rules: Rules) -> Inferred | None:
    if all(text.isdecimal() for text in counts) and any(len(text) > 1 and text[0] == "0" for text in counts):
        return None  # 00001 is a name
    infinite = {text: count for text, count in counts.items() if _is_infinite(text)}
    inference = numerals.infer({text: count for text, count in counts.items() if text not in infinite}, rules.decimal)
    if infinite and (inference.rule is not None or len(infinite) == len(counts)):
        raise UserError(
            f"{place} has {sum(infinite.values())} infinite values, the first in "
            f"{place.where(min(map(found.first, infinite)))}: "
            f"{remedies.correct(tuple(infinite), place, rules.na_values, rules.missing)}."
        )
    if inference.rule is None:
        return None
    if inference.stray:
        values = numerals.parse(list(counts), inference.rule)
        parts = inference.rule == NumberRule() and (values[np.isfinite(values)] % 1).any()
        few = len(counts) <= min(MAX_MIXED, len(found.codes) // 2)
        if few and not parts and all(counts[text] > 1 for text in inference.stray):  # 0, 1, 3+, but not .5, 1.5, *
            return None
        text = inference.stray[0]
        raise UserError(
            f"{place} is numbers ({inference.rule}), but {place.where(found.first(text))} has {text!r}: "
            f"{remedies.correct(inference.stray, place, rules.na_values, rules.missing)}."
        )
    values = numerals.parse(list(counts), inference.rule)
    merging = _merging(len(counts) if np.abs(values).max() > EXACT else 0, values, place)
    said = []
    marked = (text for text in counts if inference.rule.thousands in text) if inference.rule.thousands == "." else ()
    unlike = (text for text in counts if not numerals.PLAIN.fullmatch(text))
    odd = max((*unlike, *marked, *filter(None, [inference.grouped])), key=len, default=None)
    if odd is not None:
        value = numerals.parse([odd], inference.rule)[0]
        value = value if value == value else float(odd)
        said += [f"The column {place.column!r} is read as numbers ({inference.rule}): {odd!r} is {value:g}."]
    said += _powers(found.distinct, place.column)
    column = Column(place.column, rule=inference.rule)
    return Inferred(column, said=tuple(said), merging=merging)._replace(**inference.marks())


def _is_infinite(text: str) -> bool:
    if text.lower().lstrip("+-") in ("inf", "infinity"):
        return True
    return numerals.PLAIN.fullmatch(text) is not None and not np.isfinite(float(text))


def _dates(found: Texts, counts: Mapping[str, int], place: Place, rules: Rules) -> Inferred | None:
    times = dates.infer_time_unit(counts)
    if times is not None:
        unit, strays = times
        if strays:
            text = min(strays, key=found.first)
            raise UserError(
                f"{place} is times, but {place.where(found.first(text))} has {text!r}: "
                f"{remedies.correct(strays, place, rules.na_values, rules.missing)}."
            )
        text = next(iter(counts))
        value = f"{text!r} is {dates.parse_times([text], unit)[0]:g}"
        sentence = f"The column {place.column!r} is read as times, in {unit}: {value}."
        return Inferred(Column(place.column, "time", format=unit), said=(sentence,))
    inferred = dates.infer(counts)
    if inferred is None:
        return None
    text = next(iter(counts))
    if inferred.others:
        raise UserError(
            f"{place} is dates, but {text!r} may be {' or '.join((inferred.format, *inferred.others))}: write them "
            f"as YYYY-MM-DD, or {remedies.leave_out(place)}."
        )
    if inferred.stray:
        text = inferred.stray[0]
        raise UserError(
            f"{place} is dates ({inferred.format}), but {place.where(found.first(text))} has {text!r}: "
            f"{remedies.correct(inferred.stray, place, rules.na_values, rules.missing)}."
        )
    refuse_open_century(found, inferred.format, place)
    days = dates.parse([text], inferred.format)[0]
    what = f"dates ({inferred.format}), in days since 1970-01-01: {text!r} is {days:g}"
    sentence = f"The column {place.column!r} is read as {what}."
    return Inferred(Column(place.column, "date", format=inferred.format), said=(sentence,))


def _categories(counts: Mapping[str, int], place: Place, typed: bool = False) -> Inferred:
    name = place.column
    if not typed:
        mixed_cells.refuse(counts, place)
    texts, said = sorted(counts), similar_texts.said(counts, f"column {name!r}")
    numbers = [text for text in texts if numerals.is_number(text)]
    if numbers:
        what = f"numbers such as {texts[0]!r}" if len(numbers) == len(texts) else f"numbers beside {_other(texts)!r}"
        said = (*said, f"The column {name!r} has {what}: its {len(texts)} texts are taken as categories.")
    else:
        said = (*said, *mixed_cells.said(counts, name))
    return Inferred(Column(name, "category", categories=tuple(texts)), said=said)


def _other(texts: Sequence[str]) -> str:
    return next(text for text in texts if not numerals.is_number(text))


def _stored_order(raw: Any) -> tuple[str, ...]:
    """Read the order of an ordered categorical; () for other columns."""
    kind: Any = getattr(raw, "dtype", None)
    return tuple(map(cells_module.as_text, kind.categories)) if getattr(kind, "ordered", False) else ()


def _ordered(found: Cells, place: Place, order: Sequence[str]) -> Column:
    """Describe a column whose order is known."""
    texts = found if isinstance(found, Texts) else found.as_texts()
    strange = [text for text in texts.counts() if text not in order]
    if strange:
        raise UserError(
            f"{place} has {strange[0]!r} in {place.where(texts.first(strange[0]))}, which the order {'<'.join(order)} "
            "does not name: add it to data.ordinal."
        )
    return Column(place.column, "ordered", categories=tuple(order))


def _gaps(found: Cells, place: Place) -> Gaps | None:
    gone = found.gone
    if not gone.any():
        return None
    texts = [found.distinct[code] for code in found.codes[gone]] if isinstance(found, Texts) else [""]
    where = place.where(int(np.argmax(gone)))
    spelt = tuple(text for text, _ in Counter(texts).most_common())
    return Gaps(place.column, int(gone.sum()), len(gone), spelt, where)

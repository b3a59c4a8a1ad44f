"""The cells of one column: distinct texts with codes, or numbers, truth values and times that are typed already."""

import datetime
import decimal
import numbers
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.data import missing_cells, remedies
from nnjax.data.place import Place

DAY = np.timedelta64(1, "D")
PLAIN = frozenset("0123456789+-.eE\n")
NEEDLESS_ZERO = re.compile(r"(?:^|\n)0\d")


class Texts(NamedTuple):
    """A column of texts, without the blanks around them."""

    distinct: list[str]  # the texts that occur, in the order in which they do
    codes: np.ndarray  # [n], which of them each cell is
    missing: np.ndarray  # [distinct], which of them stand for missing cells

    def counts(self) -> dict[str, int]:
        """Count the cells of each text that is not missing."""
        counts = np.bincount(self.codes, minlength=len(self.distinct))
        return {
            text: int(count)
            for text, count, gone in zip(self.distinct, counts, self.missing, strict=True)
            if not gone and count
        }

    def first(self, text: str) -> int:
        """Find the row in which a text occurs first."""
        return int(np.argmax(self.codes == self.distinct.index(text)))

    @property
    def gone(self) -> np.ndarray:
        """Say which cells [n] are missing."""
        return self.missing[self.codes] if len(self.codes) else np.zeros(0, bool)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Give each cell [n] the value of its text; NaN where it is missing."""
        return np.where(self.missing, np.nan, values)[self.codes] if len(self.codes) else np.zeros(0)


class Typed(NamedTuple):
    """A column of numbers."""

    kind: str  # "number", "boolean" or "date"
    values: np.ndarray  # float64 [n], NaN where they are missing
    # the same as int64, where the column holds whole numbers and none is missing; else None
    whole: np.ndarray | None = None

    @property
    def gone(self) -> np.ndarray:
        """Say which cells [n] are missing."""
        return np.isnan(self.values)

    def as_texts(self) -> Texts:
        """Write the numbers as texts."""
        if self.kind == "boolean":
            texts = ["" if np.isnan(v) else str(bool(v)) for v in self.values]
        else:
            texts = ["" if np.isnan(v) else str(int(v)) if v.is_integer() else repr(float(v)) for v in self.values]
        return make_texts(np.array(texts, dtype=object), None)


Cells = Texts | Typed
CELL_TYPES = (str, bool, np.bool_, numbers.Real, datetime.date, datetime.time, decimal.Decimal)


def make_cells(raw: Any, place: Place, na_values: Sequence[str] | None) -> Cells:
    """Make cells of an array of texts or a column of a DataFrame; UserError for other types than it may hold."""
    if isinstance(raw, np.ndarray) and raw.dtype == object:
        return make_texts(raw, na_values)
    if _is_period(raw):
        raw = raw.dt.to_timestamp()
    kind = raw.dtype.kind if isinstance(raw.dtype, np.dtype) else getattr(raw.dtype, "kind", "O")
    if kind in "biuf":
        return _typed_numbers(raw, kind, na_values)
    if kind == "M":
        return Typed("date", days_of(raw))
    if kind == "m":
        spans = raw.to_numpy()
        return Typed("number", np.where(np.isnat(spans), np.nan, spans / DAY))
    if kind == "c":
        raise UserError(f"{place} has complex numbers: give two real columns, or {remedies.leave_out(place)}.")
    return make_texts(_to_texts(raw, place), na_values)


def _is_period(raw: Any) -> bool:
    """Whether a column has spans of a calendar, such as months, whose begin stands for them."""
    return str(getattr(raw, "dtype", "")).startswith("period[")


def days_of(raw: Any) -> np.ndarray:
    """Convert a column of times to days since 1970-01-01 (UTC), float64 [n], in its own unit: NaN where missing."""
    if hasattr(raw.dtype, "pyarrow_dtype"):
        found = raw.dtype.pyarrow_dtype
        tz, unit = getattr(found, "tz", None), getattr(found, "unit", "s" if str(found).startswith("date32") else "ms")
        raw = raw.astype(f"datetime64[{unit}, {tz}]" if tz else f"datetime64[{unit}]")
    times = (raw.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(raw.dtype, "tz", None) else raw).to_numpy()
    since = times - np.zeros((), times.dtype)  # in its own unit
    return np.where(np.isnat(times), np.nan, since / DAY)


def make_texts(raw: np.ndarray, na_values: Sequence[str] | None) -> Texts:
    """Make cells of texts [n]."""
    index: dict[str, int] = {}
    known = {cell: index.setdefault(cell.strip(), len(index)) for cell in dict.fromkeys(raw)}
    codes = np.fromiter(map(known.__getitem__, raw), np.int64, len(raw))
    distinct = list(index)
    return Texts(distinct, codes, missing_cells.find(distinct, na_values))


def plain_numbers(raw: Any) -> np.ndarray | None:
    """Convert texts [n] to float64 where all are numbers with decimal points and none begins with a needless 0."""
    if not (isinstance(raw, np.ndarray) and raw.dtype == object) or not len(raw):
        return None
    joined = "\n".join(raw)
    if not set(joined) <= PLAIN or NEEDLESS_ZERO.search(joined):
        return None
    try:
        values = raw.astype(np.float64)
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _typed_numbers(raw: Any, kind: str, na_values: Sequence[str] | None) -> Typed:
    gone = raw.isna().to_numpy() if hasattr(raw, "isna") else np.zeros(len(raw), bool)
    if kind in "iu" and not gone.any():
        whole = raw.to_numpy(np.uint64 if kind == "u" else np.int64)
        values = whole.astype(np.float64)
    else:
        whole, values = None, raw.to_numpy(np.float64, na_value=np.nan)
    known = {"true": 1.0, "false": 0.0} if kind == "b" else {}
    for text in na_values or ():
        try:
            found = values == (known.get(text.lower(), np.nan) if known else float(text))
        except ValueError:
            continue
        whole, values = (None if found.any() else whole), np.where(found, np.nan, values)
    return Typed("boolean" if kind == "b" else "number", values, whole)


def _to_texts(raw: Any, place: Place) -> np.ndarray:
    """Write the objects of a column as texts, missing ones as empty texts."""
    gone, cells = raw.isna().to_numpy(), raw.astype(object).to_numpy()
    categorical = hasattr(raw.dtype, "categories")
    for row, (cell, missing) in enumerate(zip(cells, gone, strict=True)):
        if not (missing or categorical or isinstance(cell, CELL_TYPES)):
            raise UserError(
                f"{place} has the type {raw.dtype} with a "
                f"{type(cell).__name__} in {place.where(row)}: numbers or texts were expected; "
                f"{remedies.leave_out(place)}."
            )
    texts = ["" if missing else as_text(cell) for cell, missing in zip(cells, gone, strict=True)]
    return np.array(texts, dtype=object)


def as_text(cell: Any) -> str:
    """Write an object as the text of a cell; 1.0 as 1."""
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    if isinstance(cell, float | np.floating) and float(cell).is_integer() and abs(float(cell)) < 2**53:
        return str(int(cell))
    return str(cell)

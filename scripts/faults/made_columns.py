"""Columns of made-up tables: their cells as a text and as a DataFrame has them, and the inputs that come of them.

What is right comes from NumPy and pandas: the numbers are drawn first and written afterwards.
"""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd


class Made(NamedTuple):
    """A column of n rows."""

    kind: str
    cells: list[str]  # of a text
    series: pd.Series  # of a DataFrame
    values: np.ndarray  # [n, inputs] float64, NaN where a cell is missing
    inputs: tuple[str, ...] = ("",)  # what is written behind the column's name
    categories: tuple[str, ...] = ()

    def with_gaps(self, gone: np.ndarray, text: str) -> "Made":
        """Make cells missing: rows [n] bool, spelt so."""
        cells = [text if away else cell for cell, away in zip(self.cells, gone, strict=True)]
        values = np.where(gone[:, None], np.nan, self.values)
        kind = {"b": "boolean", "i": "Int64"}.get(getattr(self.series.dtype, "kind", "O"), self.series.dtype)
        return self._replace(cells=cells, values=values, series=self.series.astype(kind).mask(gone))

    def take(self, rows: np.ndarray) -> "Made":
        """Keep some rows, by number."""
        cells = [self.cells[row] for row in rows]
        return self._replace(
            cells=cells, series=self.series.iloc[rows].reset_index(drop=True), values=self.values[rows]
        )


def _numbers(kind: str, values: np.ndarray, write: Callable[[float], str] = repr) -> Made:
    values = np.asarray(values, np.float64)
    return Made(kind, [write(value) for value in values.tolist()], pd.Series(values), values[:, None])


def plain(rng: np.random.Generator, n: int) -> Made:
    """Draw numbers with decimal points, of any size."""
    return _numbers("plain", rng.normal(size=n) * 10.0 ** rng.integers(-8, 10))


def whole(rng: np.random.Generator, n: int) -> Made:
    """Draw whole numbers: codes, counts, times in seconds, dates as numbers, identifiers."""
    low, high = [(0, 9), (-50, 50), (0, 10**6), (1_700_000_000, 1_700_000_900), (20240101, 20241231)][rng.integers(5)]
    values = rng.integers(low, high, n)
    types = ["int64", "Int64", "float64", "string", "object", "int64[pyarrow]"]
    written = pd.Series(values).astype(types[rng.integers(len(types))])
    return Made("whole", list(map(str, values)), written, values[:, None].astype(np.float64))


def comma(rng: np.random.Generator, n: int) -> Made:
    """Draw numbers with decimal commas."""
    return _numbers("comma", rng.normal(size=n).round(2) * 100 / 100, lambda v: f"{v:.2f}".replace(".", ","))


def thousands(rng: np.random.Generator, n: int) -> Made:
    """Draw numbers with marks between thousands, of four customs."""
    mark, point = [(",", "."), (".", ","), ("'", "."), (" ", ","), ("\u202f", ",")][rng.integers(5)]
    swap = {",": mark, ".": point}
    values = (rng.uniform(-9e6, 9e6, n) * 100).round() / 100
    return _numbers("thousands", values, lambda v: "".join(swap.get(char, char) for char in f"{v:,.2f}"))


def marked(rng: np.random.Generator, n: int) -> Made:
    """Draw numbers with a currency, a unit, per cent, brackets or Unicode's minus."""
    forms = ["${:.2f}", "{:.2f} €", "{:.1f}%", "{:.1f} %", "{:.1f} kg", "{:.1f}°C", "£{:.2f}", "CHF {:.2f}"]
    kind = rng.integers(len(forms) + 2)
    values = rng.uniform(0, 99, n).round(1) * (1 if kind < 3 else rng.choice([-1, 1], n))
    if kind == len(forms):
        return _numbers("brackets", values, lambda v: f"({-v:.1f})" if v < 0 else f"{v:.1f}")
    if kind > len(forms):
        return _numbers("minus", values, lambda v: f"{v:.1f}".replace("-", "\u2212"))
    return _numbers("marked", values, forms[kind].format)


def boolean(rng: np.random.Generator, n: int) -> Made:
    """Draw truth values."""
    values = rng.random(n) < 0.4
    values[:2] = True, False
    words = [("True", "False"), ("true", "false"), ("TRUE", "FALSE")][rng.integers(3)]
    types = ["bool", "boolean", "object", "bool[pyarrow]"]
    cells = [words[0] if value else words[1] for value in values]
    return Made("boolean", cells, pd.Series(values).astype(types[rng.integers(4)]), values[:, None].astype(float))


def dated(rng: np.random.Generator, n: int) -> Made:
    """Draw dates."""
    formats = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d %H:%M", "%b %d, %Y", "%d %B %Y", "%Y-%m-%dT%H:%M:%SZ")
    format = formats[rng.integers(len(formats))]
    step = "s" if "%S" in format else "min" if "%H" in format else "D"
    times = pd.Series(pd.Timestamp("2019-03-25") + pd.to_timedelta(rng.integers(0, 300 * 86400, n), unit="s")).dt.floor(
        step
    )
    days = (times - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
    written = times.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo") if rng.random() < 0.3 else times
    written = written.astype("datetime64[ms]") if written.dt.tz is None and rng.random() < 0.5 else written
    return Made(f"date {format}", times.dt.strftime(format).tolist(), written, days.to_numpy()[:, None])


def clock(rng: np.random.Generator, n: int) -> Made:
    """Draw times of day, in minutes, or in seconds."""
    seconds, exact = rng.integers(0, 86400, n), rng.random() < 0.5
    cells = [f"{s // 3600:02d}:{s // 60 % 60:02d}" + f":{s % 60:02d}" * exact for s in seconds]
    return Made("time", cells, pd.Series(cells), (seconds if exact else seconds // 60)[:, None].astype(float))


POOLS: Sequence[Sequence[str]] = (
    ("a", "b", "c"),
    ("low", "medium", "high"),
    ("New York, NY", 'the "big" one', "São Paulo"),
    ("001", "002", "017", "101"),
    ("Yes", "No"),
    ("m", "f"),
    ("1st", "2nd", "3rd"),
    ("A+", "A-", "B"),
    ("0-9", "10-19", "20-29", "30+"),
    ("#ff0000", "#00ff00"),
    ("=1+1", "@x", "-x"),
    ("Namibia", "Norway", "Nauru"),
    ("é", "è", "ß"),
    ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"),
    ("v1.0", "v1.1", "v2.0"),
    ("on hold", "sent", "  in transit"),
)


def category(rng: np.random.Generator, n: int) -> Made:
    """Draw texts, each of which becomes an input."""
    pool = np.array(POOLS[int(rng.integers(len(POOLS)))], dtype=np.dtype(object))
    codes = np.concatenate([np.arange(len(pool)), rng.integers(0, len(pool), n)])[:n]
    rng.shuffle(codes)
    return _texts("category", list(pool[codes]), rng)


def _texts(kind: str, cells: list[str], rng: np.random.Generator) -> Made:
    names = tuple(sorted({cell.strip() for cell in cells}))
    values = np.array([[cell.strip() == name for name in names] for cell in cells], np.float64)
    types = ["object", "string", "category", "string[pyarrow]"]
    written = pd.Series(cells, dtype=types[rng.integers(len(types))])
    return Made(kind, cells, written, values, tuple(f"={name}" for name in names), names)


def constant(rng: np.random.Generator, n: int) -> Made:
    """Give one number in each row."""
    return _numbers("constant", np.full(n, float(rng.integers(1, 99))), lambda v: f"{v:g}")


KINDS = (plain, plain, whole, whole, comma, thousands, marked, boolean, dated, clock, category, category, constant)


def names(rng: random.Random, number: int) -> list[str]:
    """Draw distinct names of columns, some of them odd."""
    pool = [
        *(
            "age",
            "Income ($)",
            "2019",
            "2020",
            "0",
            "1",
            "weight (kg)",
            "x y",
            "x, y",
            "größe",
            "it's",
            'the "n"',
            "a=b",
        ),
        *("Unnamed", "index", "id", "target", "y", "val_loss", "name;x", "p(a)", "class", "NA", "x.1"),
    ]
    return rng.sample(pool, number)

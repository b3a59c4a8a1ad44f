"""Dates and times in texts: one format for a whole column."""

import datetime
import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

DAY = 86_400.0  # seconds
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
ISO = "ISO 8601"
OPEN_FROM = (datetime.date(2030, 1, 1) - datetime.date(1970, 1, 1)).days
FORMATS = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d/%m/%y", "%m/%d/%y"),
    *("%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y-%m"),
    *("%Y/%m", "%m/%Y", "%m-%Y", "%b %Y", "%B %Y", "%b-%Y", "%B-%Y", "%a, %d %b %Y", "%A, %B %d, %Y"),
)
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[-+]\d\d:?\d\d)?)?")
_TIME = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?(?:\s*([AaPp])\.?[Mm]\.?)?")
_POINTED = re.compile(r"([01]\d|2[0-3])\.([0-5]\d)\.([0-5]\d)")  # 18.30.00, but no date of another form
_HOUR = re.compile(r"(1[0-2]|0?[1-9])\s*([AaPp])\.?[Mm]\.?")
_MONTHS = re.compile(r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec", re.IGNORECASE)
_LONG = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_NUMBERS = {name.lower(): i for names in (_LONG, [name[:3] for name in _LONG]) for i, name in enumerate(names, 1)}
_FIELDS = {  # of `strptime`, which reads a text a hundred times slower
    "d": r"(?P<d>\d\d?)",
    "m": r"(?P<m>\d\d?)",
    "y": r"(?P<y>\d\d)",
    "Y": r"(?P<Y>\d{4})",
    "b": rf"(?P<b>{'|'.join(name[:3] for name in _LONG)})",
    "B": rf"(?P<b>{'|'.join(_LONG)})",
    "a": rf"(?:{'|'.join(name[:3] for name in _DAYS)})",
    "A": rf"(?:{'|'.join(_DAYS)})",
    "H": r"(?P<H>\d\d?)",
    "I": r"(?P<I>1[0-2]|0?[1-9])",
    "M": r"(?P<M>\d\d?)",
    "S": r"(?P<S>\d\d?)",
    "p": r"(?P<p>[AP])M",
}


class Dates(NamedTuple):
    """The format of a column of dates; `others` are further ones that fit all of its texts and give other dates."""

    format: str
    others: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()


def infer(counts: Mapping[str, int]) -> Dates | None:
    """Find the format of dates that most texts follow; None if there is none."""
    texts = [text for text in counts if _is_dated(text)]
    if 2 * sum(counts[text] for text in texts) <= sum(counts.values()) or _are_seasons(texts):
        return None
    values = {name: parse(texts, name) for name in formats((texts[0], texts[-1]))}
    if not values:
        return None
    numbers = np.array([counts[text] for text in texts])
    found = {name: int(numbers[np.isfinite(days)].sum()) for name, days in values.items()}
    best = max(found, key=lambda name: found[name])
    fits = np.any([np.isfinite(days) for days in values.values()], axis=0)
    if 2 * numbers[fits].sum() <= sum(counts.values()):
        return None
    good = {text for text, days in zip(texts, values[best], strict=True) if days == days}
    stray = tuple(text for text in counts if text not in good)
    same = [name for name, number in found.items() if number == found[best] and name != best]
    others = tuple(name for name in same if _differ(values[name], values[best]))
    return Dates(best, others, stray)


def formats(texts: Sequence[str]) -> list[str]:
    """List the formats that one of some texts follows, in a fixed order."""
    dated = [date for date in FORMATS if any(_pattern(date).match(text.strip()) for text in texts)]
    names = (ISO, *(date + clock for date in dated for clock in CLOCKS))
    return [name for name in names if np.isfinite(parse(texts, name)).any()]


def _differ(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two formats read a text as different dates [n]."""
    return bool((np.isfinite(one) & np.isfinite(other) & (one != other)).any())


def _are_seasons(texts: Sequence[str]) -> bool:
    """Whether texts such as 2010-11 and 2011/12 are pairs of years rather than months."""
    found = [re.fullmatch(r"(\d{4})[-/](\d\d)", text.strip()) for text in texts]
    return len(found) > 1 and all(pair and (int(pair[1]) + 1) % 100 == int(pair[2]) for pair in found)


def _is_dated(text: str) -> bool:
    """Whether a text may be a date: two numbers with a mark between them, or a month's name beside two, or a year."""
    numbers = re.findall(r"\d+", text)
    if len(text) >= 40 or not numbers:
        return False
    named = bool(_MONTHS.search(text)) and (len(numbers) > 1 or len(numbers[0]) == 4)
    return named or re.search(r"\d[-/.:]\d", text) is not None


def parse(texts: Sequence[str], format: str) -> np.ndarray:
    """Parse dates [n] by a format: days since 1970-01-01 (UTC), float64 [n]; NaN where a text does not follow it."""
    return np.array([_days(text.strip(), format) for text in texts], np.float64)


def open_century(texts: Sequence[str], format: str) -> str | None:
    """Find a two-digit year from 30 to 68, 2030 to 2068 for POSIX and 1930 to 1968 for Excel; None for none."""
    if "%y" not in format:
        return None
    values = parse(texts, format)
    return next((text for text, value in zip(texts, values, strict=True) if value >= OPEN_FROM), None)


@functools.cache
def _pattern(format: str) -> re.Pattern[str]:
    """Compile a format of `strptime` to a pattern."""
    parts = re.split(r"%(\w)", format)
    marks = [r"\s+".join(map(re.escape, re.split(" ", mark))) for mark in parts[::2]]
    fields = [_FIELDS[name] for name in parts[1::2]]
    return re.compile("".join(map("".join, itertools.zip_longest(marks, fields, fillvalue=""))), re.IGNORECASE)


def _days(text: str, format: str) -> float:
    try:
        found = _iso(text) if format in (ISO, "") else _by_fields(text, format)
    except (ValueError, LookupError, re.error):  # no such date, or a format of a file that was changed
        return np.nan
    if found is None:
        return np.nan
    found = found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
    since = found - EPOCH
    return since.days + (since.seconds + since.microseconds / 1e6) / DAY


def _iso(text: str) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if _ISO.fullmatch(text) else None


def _by_fields(text: str, format: str) -> datetime.datetime | None:
    """Read a date as `strptime` does; ValueError where its numbers are those of no date."""
    match = _pattern(format).fullmatch(text)
    if match is None:
        return None
    found = match.groupdict()
    year = int(found["Y"]) if "Y" in found else int(found["y"]) + (2000 if int(found["y"]) < 69 else 1900)
    month = _NUMBERS[found["b"].lower()] if "b" in found else int(found["m"])
    hour = int(found["I"]) % 12 + 12 * (found["p"] in "Pp") if "I" in found else int(found.get("H", 0))
    return datetime.datetime(
        year, month, int(found.get("d", 1)), hour, int(found.get("M", 0)), int(found.get("S", 0)), tzinfo=datetime.UTC
    )


def infer_time_unit(counts: Mapping[str, int]) -> tuple[str, tuple[str, ...]] | None:
    """Find the unit of a column of times ("seconds" where one has them, else "minutes"), and which texts are none.

    Returns:
      The unit and these texts; None where most texts are no times.
    """
    pointed = [text for text in counts if _POINTED.fullmatch(text.strip())]
    no_dates = np.isnan(parse(pointed, "%d.%m.%y")).sum() if pointed else 0
    found = {text for text in counts if _is_time(text) and (2 * no_dates > len(pointed) or text not in pointed)}
    if 2 * sum(counts[text] for text in found) <= sum(counts.values()):
        return None
    precise = any(_POINTED.fullmatch(text.strip()) or text.count(":") > 1 for text in found)
    return "seconds" if precise else "minutes", tuple(set(counts) - found)


def _is_time(text: str) -> bool:
    return _seconds(text) == _seconds(text)


def parse_times(texts: Sequence[str], unit: str) -> np.ndarray:
    """Parse times such as 07:30, 07:30:15 or 7 PM [n] in minutes or seconds: float64 [n], NaN for other texts."""
    return np.array([_seconds(text) for text in texts], np.float64) / (60 if unit == "minutes" else 1)


def _seconds(text: str) -> float:
    text = text.strip()
    hour = _HOUR.fullmatch(text)
    if hour is not None:
        return 3600.0 * (int(hour[1]) % 12 + 12 * (hour[2] in "Pp"))
    match = _TIME.fullmatch(text) or _POINTED.fullmatch(text)
    if match is None:
        return np.nan
    half = match[4] if match.re is _TIME else None
    hours = int(match[1]) % 12 + 12 * (half in "Pp") if half else int(match[1])
    return 3600 * hours + 60 * int(match[2]) + float(match[3] or 0)

"""Dates and times in texts: one format for a whole column."""

import datetime
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
    found: dict[str, int] = {}
    for name in (ISO, *(date + clock for date in FORMATS for clock in CLOCKS)):
        if np.isfinite(parse(texts[:1], name)).any() or np.isfinite(parse(texts[-1:], name)).any():
            found[name] = sum(
                counts[text] for text, value in zip(texts, parse(texts, name), strict=True) if value == value
            )
    if not found:
        return None
    best = max(found, key=lambda name: found[name])
    any_format = np.any([np.isfinite(parse(texts, name)) for name in found], axis=0)
    if 2 * sum(counts[text] for text, fits in zip(texts, any_format, strict=True) if fits) <= sum(counts.values()):
        return None
    values = parse(list(counts), best)
    stray = tuple(text for text, value in zip(counts, values, strict=True) if value != value)
    same = [name for name, number in found.items() if number == found[best] and name != best]
    others = tuple(name for name in same if _differ(parse(texts, name), parse(texts, best)))
    return Dates(best, others, stray)


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


def _days(text: str, format: str) -> float:
    try:
        if format in (ISO, ""):
            if not _ISO.fullmatch(text):
                return np.nan
            found = datetime.datetime.fromisoformat(text)
        else:
            found = datetime.datetime.strptime(text, format)
    except ValueError:
        return np.nan
    found = found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
    since = found - EPOCH
    return since.days + (since.seconds + since.microseconds / 1e6) / DAY


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

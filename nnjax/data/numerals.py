"""Parse numbers in text: decimal commas, thousands marks, currencies, per cent, units, brackets, Unicode's minus.

One rule is inferred for a whole column (`infer`) and applied to its texts, and later to new rows (`parse`).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.columns import NumberRule

CODES = {
    *("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "CAD", "AUD", "SEK", "NOK", "DKK", "PLN", "US$", "R$"),
    *("Rs", "kr"),
}
SAME = {"\u2212": "-", "\u2013": "-", "\u2019": "'", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " "}
_TABLE = str.maketrans(SAME)
_AFFIXED = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+]?)\s*(?P<prefix>[^\d\s.,+\-()':/<>=]*)\s*(?P<sign2>[-+]?)\s*"
    r"(?P<core>[\d.,][\d.,' ]*?(?:[eE][-+]?\d+)?)\s*"
    r"(?P<suffix>\+|[^\d\s.,+\-()':/<>=#&_][^\s,<>=_]*(?: [^\W\d_]+)?)?\s*(?P<close>\))?"
)
_EXPONENT = r"(?:[eE][-+]?\d+)?"
PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)" + _EXPONENT)
POWER = re.compile(r"^\d+[eE]\d+$", re.MULTILINE)
LARGEST_UNIT = 12  # characters


LENGTHS_AND_WEIGHTS = (
    *("kg", "g", "mg", "lb", "lbs", "oz", "t", "km", "m", "cm", "mm", "mi", "ft", "in", "yd", "l", "ml"),
)
TIMES = (
    *("h", "hr", "hrs", "min", "mins", "s", "sec", "secs", "ms", "yrs", "yr"),
    *(word + s for word in ("second", "minute", "hour", "day", "week", "month", "year") for s in ("", "s")),
)
UNITS = frozenset(
    (*LENGTHS_AND_WEIGHTS, *TIMES, "%", "°C", "°F", "Hz", "kHz", "MHz", "GHz", "kB", "KB", "MB", "GB", "k", "M")
)
_BOUND = re.compile(r"[<>~≤≥]=?\s*[-+]?\d[\d.,]*|\d+\s*/\s*\d+")


class Inference(NamedTuple):
    """What the texts of a column say of its rule."""

    rule: NumberRule | None  # that most texts follow; None where most are no numbers
    stray: tuple[str, ...] = ()  # texts that do not follow it
    # a text that is one number by decimal commas and another by commas (or points) between thousands, where nothing in
    # the column tells which; "" for none
    ambiguous: str = ""
    grouped: str = ""  # a text such as 1.250, where each point may stand between thousands; "" where one does not
    # whether these points stand beside whole numbers of 100 to 999, which have none, or with a currency
    likely: bool = False
    proven: str = ""  # the decimal mark "." or ",", where the texts leave no doubt

    def marks(self) -> dict[str, Any]:
        """Return what is known of the decimal mark, by name."""
        return {name: getattr(self, name) for name in ("ambiguous", "grouped", "likely", "proven")}


class _Parts(NamedTuple):
    prefix: str
    core: str
    suffix: str
    brackets: bool


def normalize(text: str) -> str:
    """Strip blanks and quotation marks, and write Unicode's minus and blanks as those of ASCII."""
    text = text.translate(_TABLE).strip()
    if len(text) > 2 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    return text


def is_number(text: str) -> bool:
    """Whether a text is a plain number, with a decimal point or comma."""
    return PLAIN.fullmatch(normalize(text).replace(",", ".", 1)) is not None


def is_disguised(text: str) -> bool:
    """Whether a text is a number with a currency or a known unit: 5kg and $5, but not 3A."""
    found = _split(normalize(text))
    return found is not None and bool(
        found.prefix or found.suffix in UNITS or (found.suffix and _is_currency(found.suffix))
    )


def is_bound(text: str) -> bool:
    """Whether a text is a bound or a fraction, such as <5 or 1/2: a number only among numbers."""
    return _BOUND.fullmatch(normalize(text)) is not None


def infer(counts: Mapping[str, int], decimal: str = "auto") -> Inference:
    """Infer the rule of a column from the counts of its texts, none missing; `decimal` is point, comma or auto."""
    parts = {text: found for text in counts if (found := _split(normalize(text))) is not None}
    total = sum(counts.values())
    if sum(counts[text] for text in parts) * 2 < total or not parts:
        return Inference(None)
    affixes: Counter[tuple[str, str]] = Counter()
    for text, found in parts.items():
        affixes[found.prefix, found.suffix] += counts[text]
    (prefix, suffix), _ = affixes.most_common(1)[0]
    cores = Counter[str]()
    for text, found in parts.items():
        if (found.prefix, found.suffix) == (prefix, suffix):
            cores[found.core] += counts[text]
    mark, thousands, ambiguous = _marks(cores, decimal)
    rule = NumberRule(mark, thousands, prefix, suffix, any(found.brackets for found in parts.values()))
    texts = list(counts)
    good = np.isfinite(parse(texts, rule))
    stray = tuple(text for text, fits in zip(texts, good, strict=True) if not fits)
    if 2 * sum(counts[text] for text in stray) > total:
        return Inference(None)
    open_points = [core for core in cores if mark == "." and not thousands and "." in core]
    grouped = open_points[0] if decimal == "auto" and open_points and are_grouped(open_points) else ""
    likely = bool(grouped) and (_below_a_thousand(cores) or any(map(_is_currency, filter(None, (prefix, suffix)))))
    decides = mark == "," or thousands == "," or any("." in core for core in cores)
    proven = mark if decides and not ambiguous and not grouped else ""
    return Inference(rule, stray, ambiguous, grouped, likely, proven)


def are_grouped(texts: Iterable[str]) -> bool:
    """Whether all points in plain numbers may stand between thousands: 1.250 but neither 0.250 nor 1.5."""
    return all(_grouped(text.strip().lstrip("+-"), ".") for text in texts if "." in text)


def parse(texts: Sequence[str], rule: NumberRule) -> np.ndarray:
    """Parse texts [n] by a rule: float64 [n], NaN where a text does not follow it."""
    pattern = re.compile(_pattern(rule))
    return np.array([_value(pattern.fullmatch(normalize(text)), rule) for text in texts], np.float64)


def _value(match: "re.Match[str] | None", rule: NumberRule) -> float:
    if match is None:
        return np.nan
    core = match["core"].replace(rule.thousands, "") if rule.thousands else match["core"]
    value = float(core.replace(rule.decimal, "."))
    negative = ("-" in (match["sign"] or "", match["sign2"] or "")) != bool(rule.brackets and match["open"])
    return -value if negative else value


def _pattern(rule: NumberRule) -> str:
    whole = r"\d+"
    if rule.thousands:
        mark = re.escape(rule.thousands)
        groups = (
            rf"\d{{1,3}}(?:{mark}\d{{2,3}})*{mark}\d{{3}}" if rule.thousands == "," else rf"\d{{1,3}}(?:{mark}\d{{3}})+"
        )
        whole = rf"(?:{groups}|\d+)"
    mark = re.escape(rule.decimal)
    core = rf"(?P<core>(?:{whole}(?:{mark}\d*)?|{mark}\d+){_EXPONENT})"
    prefix = re.escape(rule.prefix)
    inner = rf"(?P<sign>[-+]?)\s*{prefix}\s*(?P<sign2>[-+]?)\s*{core}\s*{re.escape(rule.suffix)}"
    return rf"(?P<open>\()?\s*{inner}\s*(?(open)\))" if rule.brackets else inner


def _split(text: str) -> _Parts | None:
    match = _AFFIXED.fullmatch(text)
    if match is None or bool(match["open"]) != bool(match["close"]) or (match["sign"] and match["sign2"]):
        return None
    prefix, suffix = match["prefix"], match["suffix"] or ""
    if not any(char.isdigit() for char in match["core"]) or not (_is_currency(prefix) and _is_unit(suffix)):
        return None
    return _Parts(prefix, match["core"].strip(), suffix, bool(match["open"]))


def _is_currency(text: str) -> bool:
    return not text or text in CODES or all(unicodedata.category(char) == "Sc" for char in text)


def _is_unit(text: str) -> bool:
    """Whether a text may stand after a number; not 5² or 5½, whose signs are part of it."""
    raised = bool(text) and unicodedata.category(text[0]) == "No"
    return len(text) <= LARGEST_UNIT and not raised and not re.search(r"\d{2}|[±^]", text)


def _marks(cores: Mapping[str, int], decimal: str) -> tuple[str, str, str]:
    """Find the decimal mark, the thousands mark, and a text that leaves them open."""
    for blank in " '":
        if any(blank in core for core in cores):
            return ("," if any("," in core for core in cores) else "."), blank, ""
    commas, points = [core for core in cores if "," in core], [core for core in cores if "." in core]
    both = [core for core in commas if "." in core]
    if both:
        late = Counter("," if core.rindex(",") > core.rindex(".") else "." for core in both).most_common(1)[0][0]
        return late, "." if late == "," else ",", ""
    many = [mark for mark, some in ((",", commas), (".", points)) if any(core.count(mark) > 1 for core in some)]
    if many:
        [mark] = many
        return ("." if mark == "," else ","), mark, ""
    if decimal == "comma" and commas:
        return ",", "", ""
    if decimal == "point" and commas and all(_grouped(core, ",") for core in commas):
        return ".", ",", ""
    if decimal == "comma" and points and not commas and all(_grouped(core, ".") for core in points):
        return ",", ".", ""
    if not commas or sum(cores[core] for core in points) > sum(cores[core] for core in commas):
        return ".", "", ""
    if not all(_grouped(core, ",") for core in commas):
        return ",", "", ""
    if _below_a_thousand(cores):  # 1,000 follows 990: all from a thousand on have a comma, none below
        return ".", ",", ""
    return ".", ",", commas[0]


def _below_a_thousand(cores: Mapping[str, int]) -> bool:
    """Whether the largest whole number without a mark is from 100 to 999."""
    return 100 <= max((float(core) for core in cores if core.isdecimal()), default=0) < 1000


def _grouped(core: str, mark: str) -> bool:
    """Whether a mark in a number may stand between thousands: 1,005 but neither 0,005 nor 1,5."""
    return re.fullmatch(rf"[1-9]\d{{0,2}}{re.escape(mark)}\d{{3}}", core) is not None

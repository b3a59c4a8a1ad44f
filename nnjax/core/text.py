"""Format numbers, times and names as text."""

import datetime
import math
import re

SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


WORD, SENTENCE = 300, 3000  # characters of a word, and of a sentence, that are shown whole
MOST_NUMBERS = 20  # of an array that are shown


def printable(text: str) -> str:
    """Escape what would change a terminal (control characters, marks of direction), and shorten what is very long."""
    text = "".join(c if c.isprintable() or c in "\n " else ascii(c)[1:-1] for c in text)
    return _shortened(re.sub(rf"\S{{{WORD + 1},}}", lambda word: _shortened(word[0], WORD), text), SENTENCE)


def _shortened(text: str, length: int) -> str:
    half = length // 2
    return text if len(text) <= length else f"{text[:half]}…{text[-half:]}"


def represent(value: object) -> str:
    """Write any value for a sentence, in few characters; some, such as a whole number of 5,000 digits, have no repr."""
    try:
        shape = getattr(value, "shape", ())
        if isinstance(shape, tuple) and math.prod(shape) > MOST_NUMBERS:
            return f"{type(value).__name__} of shape {shape}"
        return _shortened(repr(value), WORD)
    except Exception:  # of anyone's class
        return f"a value of type {type(value).__name__}"


def duration(seconds: float) -> str:
    """Write seconds as 0:12 or 1:02:03; a dash for what is not known."""
    if not math.isfinite(seconds):
        return "–"
    return str(datetime.timedelta(seconds=max(0, round(seconds)))).removeprefix("0:").removeprefix("0")


def number(value: float) -> str:
    """Write a number with four significant digits; a dash where there is none."""
    return f"{value:.4g}" if math.isfinite(value) else "–"


def quantity(value: float, digits: int = 4) -> str:
    """Write a number with some significant digits, below 10⁹ without an exponent: 19,390; a dash for none."""
    text = f"{value:.{digits}g}" if math.isfinite(value) else "–"
    return f"{float(text):,.0f}" if "e+" in text and abs(value) < 1e9 else text


def show(value: object) -> str:
    """Write a configuration's value as a person would."""
    if isinstance(value, tuple):
        return (", " if any(isinstance(item, str) for item in value) else "-").join(map(str, value)) or "none"
    return f"{value:.5g}" if isinstance(value, float) else "none" if value is None else str(value)


def field_name(path: str) -> str:
    """Name a field by its last part, but "optimizer" for optimizer.name and so on."""
    first, _, last = path.rpartition(".")
    return first if last == "name" else last


def count(n: int, noun: str) -> str:
    """Write a number with its noun: "one network", "1,200 networks"."""
    return f"{spelled(n)} {noun}{'' if n == 1 else 's'}"


def spelled(n: int) -> str:
    """Write a small number as a word."""
    return SMALL[n] if n < len(SMALL) else f"{n:,}"

"""Columns whose texts begin with numbers but follow no one rule: quantities are refused, others reported."""

import re
from collections.abc import Mapping

from nnjax.core.errors import UserError
from nnjax.data import dates, numerals, remedies
from nnjax.data.place import Place

_BEGINS = re.compile(r"[-+]?(\d+(?:[.,]\d+)?)(?![.,\d])\s*(.*)")
_ODD = re.compile(  # behind a number: 5±1, 2^4, 5½, 5x10^3, 1_000; 5h 30m, 6' 2"
    r"±|\+/?-|\^|[⁰¹²³⁴-⁹½¼¾⅐-⅞]|[x×*·]\s*10|_\d{3}"
    r"|:\d\d[.,]\d|(?:days?|d|hours?|hrs?|h|min|m|ft|lbs?),?\s+[-+]?\d|'\s*\d+\s*(?:\"|'')?$"
)
_DATED = re.compile(
    r"(?:\d\d?[./-]\d\d?[./-](?:19|20)\d\d|(?:19|20)\d\d[./-]\d\d?[./-]\d\d?"
    r"|\d\d?\.?\s+[^\W\d_]{3,}\.?,?\s+(?:19|20)\d\d|(?:19|20)\d\d-?W\d\d?)(?!\d)"
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?"
    r"|mär(?:z)?|mai|okt(?:ober)?|dez(?:ember)?|janv(?:ier)?|févr(?:ier)?|mars|avr(?:il)?|juin|juil(?:let)?|août"
    r"|déc(?:embre)?|ene(?:ro)?|marzo|abr(?:il)?|ago(?:sto)?|dic(?:iembre)?|genn?(?:aio)?|mag(?:gio)?|giu(?:gno)?"
    r"|lug(?:lio)?|ott(?:obre)?)"
)
_WITH_MONTH = re.compile(rf"\d(?:st|nd|rd|th)?(?: of)?[\s./-]+{_MONTH}\b|\b{_MONTH}[\s./,-]+\d", re.IGNORECASE)
_MAGNITUDES = frozenset(("k", "K", "m", "M", "B", "T", "G", "bn", "Bn", "mn", "Mn", "Mio", "Mrd", "mil"))
_COMPASS = frozenset("NSEWO")


def refuse(counts: Mapping[str, int], place: Place) -> None:
    """Refuse numbers of several units or marks, bounds (<5) among numbers, and dates of a form that is not read.

    Raises:
      UserError: most cells are such.
    """
    dated = [text for text in counts if _DATED.match(text) or _WITH_MONTH.search(text)]
    if 2 * sum(counts[text] for text in dated) > sum(counts.values()):
        unread = [text for text in dated if not dates.formats([text])] or dated
        raise UserError(
            f"{place} seems to be dates, of a form that is not read ({unread[0]!r}) or of no such day: write them as "
            f"YYYY-MM-DD, give their order ({remedies.order(place.column)}), or {remedies.leave_out(place)}."
        )
    plain = [text for text in counts if numerals.is_number(text)]
    units = [text for text in counts if numerals.is_disguised(text)]
    bounds = [text for text in counts if numerals.is_bound(text)]
    odd = units or (bounds if plain else [])
    if odd and len(plain) + len(units) + len(bounds) == len(counts):
        raise _no_rule(next(text for text in [*plain, *units, *bounds] if text != odd[-1]), odd[-1], place)
    most = 2 * sum(counts[text] for text in counts if _begins(text)) > sum(counts.values())
    quantities = _quantities([text for text in counts if text not in plain])
    points, commas = ([text for text in plain if mark in text] for mark in ".,")
    if most and points and commas:
        raise _no_rule(points[0], commas[0], place)
    if most and quantities:
        last = quantities[-1]
        other = next((text for text in counts if _rest(text) != _rest(last)), None)
        raise _no_rule(other or next((text for text in counts if text != last), "1"), last, place)


def said(counts: Mapping[str, int], name: str) -> tuple[str, ...]:
    """Say that most texts begin with numbers."""
    begin = [text for text in counts if _begins(text) and not numerals.is_number(text)]
    if not begin or 2 * sum(counts[text] for text in counts if _begins(text)) <= sum(counts.values()):
        return ()
    return (
        f"The column {name!r} has texts that begin with numbers, such as {begin[0]!r}: its {len(counts)} texts are "
        f"taken as categories; an order, if they have one, is {remedies.order(name)}.",
    )


def _begins(text: str) -> bool:
    """Whether a text begins with a number, also behind a sign of currency."""
    return re.match(r"[-+]?[$€£¥]?\s*[.,]?\d", numerals.normalize(text)) is not None


def _rest(text: str) -> str:
    """Return what is left of a text without digits and their marks: $…K."""
    return re.sub(r"[-+]?\d[\d.,]*", "", numerals.normalize(text))


def _quantities(texts: list[str]) -> list[str]:
    """Find texts such as 51.5N, 5K, 5±1 or 2^4: fractions, magnitudes, points of the compass, tolerances, powers."""
    found = {text: match for text in texts if (match := _BEGINS.fullmatch(numerals.normalize(text))) is not None}
    rests = {match[2] for match in found.values()}
    if rests and (rests <= _MAGNITUDES or rests <= _COMPASS):
        return list(found)
    return [text for text, match in found.items() if _ODD.match(match[2]) or not match[1].isdecimal()]


def _no_rule(first: str, second: str, place: Place) -> UserError:
    return UserError(
        f"{place} is numbers, but no one rule fits {first!r} and {second!r}: "
        f"write them with one unit or none, give their order ({remedies.order(place.column)}), or "
        f"{remedies.leave_out(place)}."
    )

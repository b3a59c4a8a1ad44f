"""Texts that a reader would take for the same: they differ in case, in blanks, or in how Unicode writes them."""

import unicodedata
from collections.abc import Iterable, Sequence

SHOWN = 5  # groups of texts named in a sentence


def said(texts: Iterable[str], what: str) -> tuple[str, ...]:
    """Say which texts of a column or a target differ only so."""
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(_plain(text), []).append(text)
    pairs = [_listed(group) for group in groups.values() if len(group) > 1]
    if not pairs:
        return ()
    listed = "; ".join(pairs[:SHOWN])
    return (f"The {what} has texts that differ only in case or blanks, or in how Unicode writes them: {listed}.",)


def _plain(text: str) -> str:
    """Write a text without case, blanks, signs that are not seen, and differences of Unicode's forms."""
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join(char for char in text if not char.isspace() and unicodedata.category(char) != "Cf").casefold()


def _listed(group: Sequence[str]) -> str:
    alike = len({unicodedata.normalize("NFC", text) for text in group}) < len(group)
    return " and ".join(map(ascii if alike else repr, group))

"""Write the fields that sentences about tables advise, such that they may be copied: data.drop='weight (kg)'."""

import shlex
from collections.abc import Sequence

from nnjax.data.missing_cells import AS_USUAL
from nnjax.data.place import Place

FEW = 5  # texts that are named


def drop(*names: str) -> str:
    """Write the field that leaves columns out."""
    return f"data.drop={_quoted(','.join(names))}"


def leave_out(place: Place) -> str:
    """Advise to leave a column out, or to name another one where it is the target."""
    return (
        "name another target (data.target=COLUMN)" if place.target else f"leave the column out ({drop(place.column)})"
    )


def order(name: str) -> str:
    """Write the field that gives the texts of a column an order."""
    return f"data.ordinal={name}:…<…"


def by_time(name: str) -> str:
    """Write the field that tests on the latest rows by a column."""
    return f"data.split={_quoted(f'time:{name}')}"


def count_as_missing(texts: Sequence[str], na_values: Sequence[str] | None) -> str:
    """Write the field by which texts are missing cells beside those that are so already (None: the usual ones); ""
    where they are too many, or cannot be written there."""
    if len(texts) > FEW or any("," in text or text != text.strip("()[] ") for text in texts):
        return ""
    known = (AS_USUAL,) if na_values is None else tuple(na_values)
    return f"data.na_values={_quoted(','.join((*known, *texts)))}"


def correct(texts: Sequence[str], place: Place, na_values: Sequence[str] | None, missing: str) -> str:
    """Advise on cells that do not follow a column's rule: to correct them, to leave it out, or to count them as missing
    ones, which are left out or filled in where nothing else is said of these."""
    field = count_as_missing(texts, na_values)
    cells = "correct that cell" if len(texts) == 1 else f"correct it and {len(texts) - 1} other texts"
    if not field:
        return f"{cells}, or {leave_out(place)}"
    them, filled = "it is" if len(texts) == 1 else "they are", " data.missing=mean" * (missing == "error")
    return f"{cells}, {leave_out(place)}, or say that {them} missing ({field}{filled})"


def _quoted(text: str) -> str:
    """Quote a text for the shell where it has to be."""
    return text if text.replace(",", "").replace(":", "").replace("_", "").isalnum() else shlex.quote(text)

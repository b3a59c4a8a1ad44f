"""Decode the bytes of a text table."""

import codecs
import re
from pathlib import Path

from nnjax.core.errors import UserError

_CONTROLS = re.compile("[\x80-\x9f]")  # of ISO 8859, which no table has
_ENDS = re.compile(r"\r*\n|\r")  # of lines
_BOMS = {  # in the order in which they are looked for
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decode(data: bytes, path: Path, encoding: str | None) -> str:
    """Decode a text by its byte order mark, or else as UTF-8 or as asked for; UserError if it is none."""
    by_mark = next((name for mark, name in _BOMS.items() if data.startswith(mark)), None)
    name = by_mark or encoding or "utf-8"
    try:
        text = data.decode(name)
    except LookupError:
        raise UserError(
            f"data.encoding is {name!r}, which Python does not know: try utf-8, latin-1 or cp1252."
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not {'UTF-8' if name == 'utf-8' else name} text (byte {error.start}): name its encoding, such "
            "as data.encoding=latin-1 or cp1252, or save the table as CSV in UTF-8."
        ) from None
    if "\0" in text:
        raise UserError(f"{path} is not a text table (it has zero bytes): save the table as CSV in UTF-8.")
    if not text.strip():
        raise UserError(f"{path} is empty.")
    text = text.lstrip("\ufeff")  # of a byte order mark that was written twice
    return _ENDS.sub("\n", text) if re.search(r"\r(?!\n)", text) else text


def misread(data: bytes, text: str, path: Path, encoding: str | None) -> tuple[str, ...]:
    """Say that a text may be of another encoding than was asked for: UTF-8, or one of Windows."""
    if encoding is None or text.isascii():
        return ()
    odd = _CONTROLS.search(text)
    if odd is not None:
        return (f"{path} has the control character {odd[0]!r} by data.encoding={encoding}: it may be cp1252.",)
    try:
        other = data.decode("utf-8")
    except UnicodeDecodeError:
        return ()
    same = other.lstrip("\ufeff") == text
    return () if same else (f"{path} is read by data.encoding={encoding}, but is text of UTF-8 too: leave that out.",)

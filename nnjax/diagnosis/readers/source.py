"""What a reader is given, and what it gives: a file or folder, and the tables of its trials."""

from __future__ import annotations

import ast
import dataclasses
import functools
import json
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from nnjax.core.archives import DAMAGE
from nnjax.core.errors import UserError
from nnjax.diagnosis.columns import Table

NO_JSON = object()
MOST_BYTES = 512 << 20
WRAPPED = re.compile(r"(?:np\.|numpy\.|torch\.)?(?:float\d*|array|tensor)\(([^()]*?)(?:, (?:dtype|device)=[^()]*)?\)")


@dataclasses.dataclass(frozen=True)
class Source:
    """A file or folder; what is read of it is read once."""

    path: pathlib.Path  # its place
    name: str  # as the user wrote it

    @classmethod
    def of_text(cls, source: Source, text: str) -> Source:
        """Return a source whose text is a part of another's."""
        own = cls(source.path, source.name)
        own.__dict__.update(data=text.encode(), text=text)  # what is read once
        return own

    @functools.cached_property
    def data(self) -> bytes:
        """The file's bytes, none of a folder; UserError if it cannot be read, or is larger than any log."""
        if self.path.is_dir():
            return b""
        try:
            if (size := self.path.stat().st_size) > MOST_BYTES:
                raise UserError(
                    f"{self.name} has {size:,} bytes; a log of at most {MOST_BYTES >> 20} MiB was expected."
                )
            return self.path.read_bytes()
        except OSError as error:
            raise UserError(f"{self.name} cannot be read ({error.strerror or error}).") from None

    @functools.cached_property
    def text(self) -> str:
        """The file's text in whatever encoding; "" where it is none."""
        return decode(self.data) or ""

    @functools.cached_property
    def tree(self) -> Any:
        """The text as JSON, or as Python writes dictionaries and lists; `NO_JSON` where it is neither."""
        text = self.text.strip()
        if text[:1] not in ("{", "["):
            return NO_JSON
        try:
            return json.loads(text)
        except DAMAGE:
            return _python_literal(text)


def _python_literal(text: str) -> Any:
    """Read what print(history.history) writes, NumPy's numbers too; nothing is executed."""
    if not re.search(r"['\"]\s*:|^\[", text[:2000]) or (text.startswith('{"') and "\n{" in text):
        return NO_JSON
    plain = WRAPPED.sub(r"\1", text)
    plain = re.sub(r"(?<![\w.'\"])(-?)(nan|inf)(?![\w'\"])", lambda found: f"'{found[0]}'", plain)
    try:
        found = ast.literal_eval(plain)
    except DAMAGE:
        return NO_JSON
    return found if isinstance(found, dict | list) else NO_JSON


def decode(data: bytes) -> str | None:
    """Decode text: by its mark, as UTF-8, UTF-16 without a mark, GB 18030, or Windows' Latin; None of binary data."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\0" in data[:4096]:
        zeros = [data[i:4096:2].count(0) for i in (0, 1)]
        if max(zeros) < 0.4 * len(data[:4096]) / 2 or min(zeros) > 0.1 * max(zeros):
            return None
        text = data.decode("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le", "replace")
        return text if sum(c.isprintable() or c in "\r\n\t" for c in text[:1000]) > 0.9 * len(text[:1000]) else None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if sum(byte < 9 or (13 < byte < 27 and byte != 26) for byte in data[:4096]) > 0.02 * len(data[:4096]):
        return None
    pairs = [len(run) for run in re.findall(rb"[\x80-\xff]+", data)]
    if all(length > 1 for length in pairs):
        try:
            return data.decode("gb18030")
        except UnicodeDecodeError:
            pass
    return data.decode("cp1252", "replace")


@dataclasses.dataclass(frozen=True)
class Log:
    """What was read."""

    tables: Mapping[str, Table]  # {trial or session: {column: [t]}}; "" is the name of the only one
    points: str = ""  # what a place of the curves is, where it is no epoch: "every 20 steps"
    remarks: tuple[str, ...] = ()  # sentences on what was guessed, averaged or left out


@dataclasses.dataclass(frozen=True)
class Reader:
    """A format."""

    name: str  # as it is said of a file: "a CSV table"
    recognizes: Callable[[Source], bool]  # whether a source is of it, by content
    read: Callable[[Source], Log]  # of a source that is

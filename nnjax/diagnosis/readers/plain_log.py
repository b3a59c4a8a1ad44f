"""What a program printed or logged: lines with "name: number", of which each epoch has one or many."""

import re
from collections.abc import Sequence
from typing import Any

from nnjax.diagnosis import columns
from nnjax.diagnosis.readers import rows
from nnjax.diagnosis.readers.printed import epoch_of, iteration_of, lines_of, pairs, part_in
from nnjax.diagnosis.readers.source import Log, Reader, Source

_NOTICE = re.compile(
    r"\b(?:saved|saving|improv(?:ed|ing)|checkpoint|new best|best model|early stopping|restoring)\b", re.I
)
_SEEN = 400  # lines by which such a text is recognized


def recognizes(source: Source) -> bool:
    """Whether at least two lines hold a curve's name with a number."""
    return sum(bool(pairs(line)) for _, line in lines_of(source.text[:400_000])[:_SEEN]) > 1


def read(source: Source) -> Log:
    """Read the curves: a line belongs to the epoch that it, or the last one before it, names."""
    found = lines_of(source.text)
    read: list[dict[str, Any]] = []
    places: list[str] = []
    epoch: float | None = None
    part, headed = "", set[str]()
    for number, line in found:
        named = epoch_of(line)
        epoch = named if named is not None else epoch
        plain = set(pairs(line))
        if named is not None or plain & headed:
            part = ""  # the next epoch, or the same curve again
        own: dict[str, Any] = dict(pairs(line, part))
        if len(own) < 2 and _NOTICE.search(line):
            continue  # Saved best model (loss: 0.2407); validation loss decreased (inf --> 0.24). Saving model ...
        if not own:
            if line.rstrip().endswith((":", "...")):  # Test Error:
                heading = part_in(line.rstrip(" .:"))
                part, headed = "" if heading in columns.TRAIN else heading, set()
            continue
        headed |= plain
        if epoch is not None:
            own["epoch"] = epoch
        if (iteration := iteration_of(line)) is not None:
            own["iteration"] = iteration
        read.append(own)
        places.append(f"Line {number}")
    return rows.to_log(rows.Rows(_merged(read), places[: len(read)], source.name))


def _merged(read: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join the lines of an epoch (train, val) where none of them has its number."""
    if any("epoch" in row or "iteration" in row for row in read):
        return list(read)
    out: list[dict[str, Any]] = []
    for row in read:
        if out and not set(row) & set(out[-1]):
            out[-1] |= row
        else:
            out.append(dict(row))
    return out


READER = Reader("printed text", recognizes, read)

"""What Keras prints while it fits: "Epoch 3/40" and a progress bar, rewritten by carriage returns or backspaces."""

import itertools
import re
from typing import Any

from nnjax.diagnosis.readers import rows
from nnjax.diagnosis.readers.printed import lines_of
from nnjax.diagnosis.readers.source import Log, Reader, Source

_EPOCH = re.compile(r"^\s*Epoch (\d+)(?:/\d+)?\s*$")
_BAR = re.compile(r"^\s*(?:\d+/(?:\d+|Unknown)\s.*?(?:\[[=>.]*\]|━|─| - )|- \d+m?s\b)")
_ITEM = re.compile(r"(?:^|\s-\s|\s)\s*([\w./-]+): ([+-]?[\d.]+(?:e[+-]?\d+)?|[+-]?nan|[+-]?inf)(?=\s|$|\x08)", re.I)


def recognizes(source: Source) -> bool:
    """Whether an epoch's line is followed by a progress bar."""
    seen = [line for _, line in lines_of(source.text[:200_000])]
    return any(_EPOCH.match(a) and _BAR.match(b) for a, b in itertools.pairwise(seen))


def read(source: Source) -> Log:
    """Read the last numbers of each epoch: those of a bar on its way are running means."""
    read: list[dict[str, Any]] = []
    places: list[str] = []
    for number, line in lines_of(source.text):
        if match := _EPOCH.match(line):
            read.append({"epoch": int(match[1])})
            places.append(f"Line {number}")
        elif read:
            read[-1] |= dict(_ITEM.findall(line))
    return rows.to_log(rows.Rows(read, places, source.name))


READER = Reader("console text of Keras", recognizes, read)

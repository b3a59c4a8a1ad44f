"""Lists by name in text: train_losses = [0.9, 0.5, ...], as programs print them or people paste them."""

import re

from nnjax.diagnosis import columns
from nnjax.diagnosis.readers.cells import NoNumber, numbers
from nnjax.diagnosis.readers.json_tables import from_tree
from nnjax.diagnosis.readers.source import WRAPPED, Log, Reader, Source

_LIST = re.compile(r"\[([-+\deE.,\snainfNI]{5,})\]")
_NAME = re.compile(r"([A-Za-z][\w ./-]*?)['\"]?\s*[:=]?\s*(?:\w[\w.]*\()?$")
_LOOK_BACK = 60  # characters of a name
_FEWEST = 3  # numbers of a list


def recognizes(source: Source) -> bool:
    """Whether a list of numbers stands behind the name of a curve."""
    return bool(_lists(source.text[:2_000_000]))


def read(source: Source) -> Log:
    """Read the lists; of two by one name the last."""
    return from_tree(_lists(source.text), source.name)


def _lists(text: str) -> dict[str, list[float]]:
    """Find the lists with a name before them, whose name is that of a curve."""
    found = {}
    text = WRAPPED.sub(r"\1", text)
    for match in _LIST.finditer(text):
        before = _NAME.search(text[max(0, match.start() - _LOOK_BACK) : match.start()].rpartition("\n")[2])
        if before is None or not columns.name_of(name := before[1].strip()):
            continue
        cells = match[1].replace(",", " ").split()
        try:
            values = numbers(cells)
        except NoNumber:
            continue
        if len(values) >= _FEWEST:
            found[name] = values.tolist()
    return found


READER = Reader("lists in text", recognizes, read)

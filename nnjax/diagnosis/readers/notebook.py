"""Jupyter notebooks: what their cells printed, read as printed text."""

from collections.abc import Iterator, Mapping
from typing import Any

from nnjax.core.errors import UserError
from nnjax.diagnosis.readers import keras_console, plain_log, printed_lists
from nnjax.diagnosis.readers.source import Log, Reader, Source

READERS = (keras_console, printed_lists, plain_log)


def recognizes(source: Source) -> bool:
    """Whether it is a notebook."""
    return isinstance(source.tree, Mapping) and "nbformat" in source.tree and isinstance(source.tree.get("cells"), list)


def read(source: Source) -> Log:
    """Read what the cells printed, one after the other; UserError if they printed no curves."""
    printed = Source.of_text(source, "\n".join(_outputs(source.tree)))
    reader = next((reader for reader in READERS if reader.recognizes(printed)), None)
    if reader is None:
        raise UserError(f"The cells of {source.name} printed no curves that are known; write history.history as JSON.")
    return reader.read(printed)


def _outputs(tree: Mapping[str, Any]) -> Iterator[str]:
    for cell in tree["cells"]:
        for output in cell.get("outputs", []) if isinstance(cell, Mapping) else []:
            found = output.get("text") or output.get("data", {}).get("text/plain", "")
            yield "".join(found) if isinstance(found, list) else str(found)


READER = Reader("output of a notebook", recognizes, read)

"""JSON lines: an object a line, as Detectron2, MMEngine, Ray Tune and many a script write them."""

import json
from typing import Any

from nnjax.core.archives import DAMAGE
from nnjax.core.errors import UserError
from nnjax.diagnosis.readers import rows
from nnjax.diagnosis.readers.json_tables import flattened
from nnjax.diagnosis.readers.source import NO_JSON, Log, Reader, Source


def recognizes(source: Source) -> bool:
    """Whether the first two lines are objects of their own."""
    lines = [line for line in source.text[:100_000].splitlines() if line.strip()][:2]
    return len(lines) == 2 and source.tree is NO_JSON and all(isinstance(_parsed(line), dict) for line in lines)


def _parsed(line: str) -> Any:
    try:
        return json.loads(line.strip().rstrip(","))
    except DAMAGE:
        return None


def read(source: Source) -> Log:
    """Read the lines as rows; a last line that is cut off is left out. UserError if another is no object."""
    lines = [(i, line) for i, line in enumerate(source.text.splitlines(), 1) if line.strip()]
    found = [(i, _parsed(line)) for i, line in lines]
    if found and found[-1][1] is None:
        found.pop()
    if wrong := [i for i, value in found if not isinstance(value, dict)]:
        raise UserError(
            f"Line {wrong[0]} of {source.name} is not a JSON object, but lines before it are; one object a line was "
            "expected."
        )
    return rows.to_log(
        rows.Rows([flattened(value) for _, value in found], [f"Line {i}" for i, _ in found], source.name)
    )


READER = Reader("JSON lines", recognizes, read)

"""The text of a page: a TOML file beside the module that computes its numbers."""

import pathlib
import tomllib
from typing import Any


def read_text(module: str, file: str, /, **numbers: Any) -> dict[str, Any]:
    """Read a TOML file beside a module: white space becomes single, and `numbers` are filled in as by `format`."""

    def filled(value: Any) -> Any:
        """Fill in the placeholders of a text, or of all texts in a tree."""
        if isinstance(value, dict):
            return {name: filled(part) for name, part in value.items()}
        if isinstance(value, list):
            return [filled(part) for part in value]
        if not isinstance(value, str):
            return value
        text = " ".join(value.split())
        return text.format_map(numbers) if numbers else text

    return filled(tomllib.loads(pathlib.Path(module).with_name(file).read_text("utf-8")))

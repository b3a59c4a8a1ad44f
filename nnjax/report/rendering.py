"""Render pages from the templates beside this module. Imports no JAX, so that a log's page is written at once."""

import functools
import json
import pathlib
from collections.abc import Iterable
from typing import Any

import jinja2
from markupsafe import Markup

from nnjax.core.text import number
from nnjax.diagnosis.trials import named
from nnjax.diagnosis.verdicts import BADGES

TEMPLATES = pathlib.Path(__file__).parent / "templates"
# U+2028 and U+2029 are escaped by json already.
ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def template(source: str) -> Any:
    """Load a page's Jinja template, by the name of its file or as its text; what it is given is escaped."""
    return _environment().get_template(source) if source.endswith(".jinja") else _environment().from_string(source)


@functools.cache
def _environment() -> Any:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.globals["badges"] = BADGES
    environment.filters["named"] = named
    environment.filters["number"] = number
    environment.filters["script_json"] = lambda content: Markup(safe_json(content))
    return environment


def safe_json(content: Any) -> str:
    """Write JSON that can stand inside a script element: no character of it can end the element or begin a tag."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).translate(ESCAPES)


def join_scripts(names: Iterable[str]) -> Markup:
    """Join the page's scripts, each after those that it uses, without indents and comment lines."""
    lines = "\n".join((TEMPLATES / f"{name}.js").read_text("utf-8") for name in names).splitlines()
    kept = (line for line in map(str.strip, lines) if line and not line.startswith("//"))
    return Markup("\n".join(['"use strict";', *kept]))

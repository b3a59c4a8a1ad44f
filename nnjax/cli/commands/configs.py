"""List the configurations that come with nnjax, or print one to start from: `nnjax configs [NAME]`.

`nnjax configs mnist_mlp > mine.py` makes a file to change, which `nnjax train --config=mine.py --workdir=runs/mine`
trains.
"""

import ast

from nnjax.cli import config
from nnjax.core.errors import UserError


def define_flags() -> None:
    """Define no flags."""


def run(argv: list[str]) -> None:
    """Print the list, or a file."""
    if len(argv) > 2:
        raise UserError(f"One name was expected, but {', '.join(argv[1:])} were given: nnjax configs [NAME].")
    if len(argv) == 2:
        print(config.find(argv[1]).read_text("utf-8"), end="")
        return
    names = config.shipped()
    width = max(map(len, names))
    for name in names:
        docstring = ast.get_docstring(ast.parse(config.find(name).read_text("utf-8"))) or ""
        print(f"{name:{width}}  {docstring.splitlines()[0]}")

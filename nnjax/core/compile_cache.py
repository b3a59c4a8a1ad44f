"""Remove damaged entries from the cache of compiled programs, which JAX would warn of at every run."""

import pathlib
import re
import warnings
from collections.abc import Callable
from typing import Any


def remove_damaged(folder: pathlib.Path, log: Callable[[str], None]) -> None:
    """Remove, as soon as JAX warns of a damaged entry of a folder, those of that program; the first time is logged."""
    show = warnings.showwarning
    said: list[str] = []

    def look(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        """Remove the entry that a warning of JAX names; pass on all other warnings."""
        found = re.match(r"Error reading persistent compilation cache entry for '(.+?)'", str(message))
        if not found:
            return show(message, category, *where, **more)
        for path in folder.glob("*-cache"):
            if re.fullmatch(rf"{re.escape(found[1])}(-[0-9a-f]+)?-cache", path.name):
                path.unlink(missing_ok=True)
        if not said:
            said.append(found[1])
            log(f"The cache of compiled programs {folder} has damaged entries; they are removed and made again.")

    warnings.showwarning = look

"""Send sentences to Python users: what may be amiss as warnings, all else to the logger "nnjax"."""

import logging
import sys
import warnings
from collections.abc import Callable

LOGGER = logging.getLogger("nnjax")
OWN = ("nnjax", "contextlib")  # which wraps `sweep`


class NnjaxWarning(UserWarning):
    """What may be amiss with an experiment, its data or its run folder, and what to do about it."""


_show: Callable[[str], None] | None = None


def show_findings(show: Callable[[str], None]) -> None:
    """Hand findings to a function from now on, as commands do, which print them, instead of warning of them."""
    global _show
    _show = show


def remedy(python: str, shell: str) -> str:
    """Return what helps in Python, or what helps in a shell where a command of nnjax runs."""
    return python if _show is None else shell


def pass_again(field: str) -> str:
    """Say how a command, or the argument `field` of `nnjax.load`, comes by an object that a folder only names."""
    given = f"nnjax.load(…, {field}=…)"
    return remedy(
        f"pass it, {given}, or give trust=True where the folder is your own",
        "give --trust where the folder is your own and the object can be imported here (predict, export, embed), or "
        f'write a program that needs no object: in Python, {given}.export("net.jaxexport"), then nnjax predict '
        "net.jaxexport",
    )


def send(sentence: str) -> None:
    """Warn of a finding, which begins with its severity (`NnjaxWarning`); log all other sentences as information."""
    severity = sentence.split(":")[0].split(" ")[0]
    if severity not in ("error", "warning", "remark"):
        LOGGER.info(sentence)
    elif _show is not None:
        _show(sentence)
    else:
        warnings.warn(sentence, NnjaxWarning, stacklevel=_frames_of_nnjax() + 1)


def _frames_of_nnjax() -> int:
    """Count the frames up to the first that is the user's own, so that a warning names that line."""
    frame, depth = sys._getframe(1), 0
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).split(".")[0] in OWN:
        frame, depth = frame.f_back, depth + 1
    return depth

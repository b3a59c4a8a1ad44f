"""Send sentences to Python users: what may be amiss as warnings, all else to the logger "nnjax"."""

import logging
import sys
import warnings

LOGGER = logging.getLogger("nnjax")
OWN = ("nnjax", "contextlib")  # which wraps `sweep`


class NnjaxWarning(UserWarning):
    """What may be amiss with an experiment, its data or its run folder, and what to do about it."""


def send(sentence: str) -> None:
    """Warn of a finding, which begins with its severity (`NnjaxWarning`); log all other sentences as information."""
    severity = sentence.split(":")[0].split(" ")[0]
    if severity in ("error", "warning", "remark"):
        warnings.warn(sentence, NnjaxWarning, stacklevel=_frames_of_nnjax() + 1)
    else:
        LOGGER.info(sentence)


def _frames_of_nnjax() -> int:
    """Count the frames up to the first that is the user's own, so that a warning names that line."""
    frame, depth = sys._getframe(1), 0
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).split(".")[0] in OWN:
        frame, depth = frame.f_back, depth + 1
    return depth

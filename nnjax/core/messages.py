"""Send sentences to Python users: what may be amiss as warnings, all else to the logger "nnjax"."""

import logging
import sys
import warnings

LOGGER = logging.getLogger("nnjax")


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
    """Count the frames up to the user's own that called nnjax, so that a warning names the user's line."""
    frame, depth, found = sys._getframe(1).f_back, 1, 1
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).split(".")[0] in ("nnjax", "contextlib"):  # which wraps `sweep`
            found = depth + 1
        frame, depth = frame.f_back, depth + 1
    return found

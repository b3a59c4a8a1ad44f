"""What a logged learning rate tells: where its schedule has come down to 0."""

from collections.abc import Mapping

import numpy as np

from nnjax.diagnosis.columns import words
from nnjax.diagnosis.thresholds import FEWEST

NAMES = ({"lr"}, {"learning", "rate"}, {"lr", "adam"}, {"lr", "sgd"}, {"lr", "pg0"})  # of Keras, Lightning, YOLO
ENDED = 0.005  # of the highest rate, in the epoch that would follow
AGAIN = 0.5  # of the highest rate: whoever comes back from below has restarted, and will again


def rate_of(table: Mapping[str, np.ndarray]) -> str | None:
    """Return the column of the learning rate; None where there is none."""
    fillers = {"epoch", "train", "training", "optimizer", "group", "metrics"}
    return next((name for name in table if set(words(name)) - fillers in NAMES), None)


def has_ended(rate: np.ndarray) -> bool:
    """Whether a schedule [t] has come down to (nearly) 0 for good, or does so with one more step like its last.

    Of a line to 0 the last epoch still has a share 1 / t. A rate that has restarted does not end.
    """
    known = np.asarray(rate, float)[np.isfinite(rate)]
    if len(known) < FEWEST or known.max() <= 0:
        return False
    share = known / known.max()
    low = np.flatnonzero((share < AGAIN) & (np.arange(len(share)) > share.argmax()))
    if not len(low) or (share[low[0] :] > AGAIN).any():
        return False
    steps = np.diff(share[-4:])
    return bool(share[-1] < ENDED or ((steps < 0).all() and share[-1] + steps[-1] < ENDED))

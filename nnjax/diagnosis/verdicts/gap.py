"""Why validation lies below train: what belongs to regularisation, to the average over the epoch, and to the split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from nnjax.diagnosis.verdicts.case import Case


class Parts(NamedTuple):
    """A gap between train and validation loss in its parts.

    Attributes:
      cause: "regularisation", "averaging", "easier split", or "regularisation or easier split" where the train loss
        was not re-evaluated.
      shares: by part, as a share of the gap; they add up to 1.
      sentence, todo: in words.
    """

    cause: str
    shares: Mapping[str, float]
    sentence: str
    todo: str


WORDS = {
    "regularisation": (
        "mostly regularisation, which acts (dropout) or counts (penalties) in training only.",
        "Nothing is wrong: compare validation with the train loss in evaluation mode; if both are high, regularise "
        "less.",
    ),
    "averaging": (
        "mostly because the train loss is an average over the epoch, in which the network was improving.",
        "Nothing is wrong: compare validation with the train loss re-evaluated at the epoch's end.",
    ),
    "easier split": (
        "the validation examples are easier than the training examples, also in evaluation mode.",
        "Look at how the split was drawn: stratify, shuffle before splitting, or cross-validate.",
    ),
    "regularisation or easier split": (
        "more than the average over the epoch explains, so regularisation or an easier split.",
        "Re-evaluate the train loss in evaluation mode at the epoch's end: that tells which.",
    ),
}


def decompose(case: Case, i: int) -> Parts:
    """Split the gap of a trial over its last half.

    With T_e the running mean of epoch e, E_e the train loss and V_e the validation loss at its end, and T'_e the mean
    of E_(e-1) and E_e, which is what T_e would be in evaluation mode:
    T_e - V_e = (T_e - T'_e) regularisation + (T'_e - E_e) averaging + (E_e - V_e) easier split.
    Where E is not known, V stands in for it in T'_e - E_e, and the rest is one part.
    """
    d = case.measures.dense
    last = slice(max(1, d.num_epochs // 2), None)
    running, again, val = d.train_loss[i], d.train_loss_eval[i], d.val_loss[i]
    if not np.isfinite(running[0]):
        return _named({"easier split": 1.0})
    known = bool(np.isfinite(again[0]))
    ends = again if known else val
    before = np.concatenate([ends[:1], ends[:-1]])
    averaging = float(np.median((before - ends)[last])) / 2
    gap = float(np.median((running - val)[last]))
    if not known:
        return _named(_as_shares({_rest(case, i): gap - averaging, "averaging": averaging}))
    split = float(np.median((again - val)[last]))
    if case.regularized[i] == 0:  # then all that the running mean lies above is averaging, faster than a straight line
        return _named(_as_shares({"averaging": gap - split, "easier split": split}))
    return _named(
        _as_shares({"regularisation": gap - averaging - split, "averaging": averaging, "easier split": split})
    )


def _rest(case: Case, i: int) -> str:
    regularized = case.regularized[i]
    if np.isnan(regularized):
        return "regularisation or easier split"
    return "regularisation" if regularized else "easier split"


def _as_shares(parts: Mapping[str, float]) -> dict[str, float]:
    whole = sum(parts.values())
    return {name: part / whole if whole else 1 / len(parts) for name, part in parts.items()}


def _named(shares: Mapping[str, float]) -> Parts:
    cause = max(shares, key=lambda name: shares[name])
    return Parts(cause, shares, *WORDS[cause])

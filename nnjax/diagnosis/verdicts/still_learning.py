"""Verdict `still_learning`: the loss is still falling at the end (slides: "not flat? you are still learning!")."""

import numpy as np

from nnjax.diagnosis.conditions import still_falling
from nnjax.diagnosis.marks import Losses, Mark, result_loss
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.types import Verdict
from nnjax.diagnosis.verdict_rule import DONE, UNFINISHED, Badge, Description, VerdictRule, percent

AHEAD = 1.5  # times the epochs trained: how far the power law is drawn (`forecast.MORE`)
POINTS = 9  # of the line


def confidence(trials: TrialFeatures) -> np.ndarray:
    """The loss is still falling."""
    return np.where(still_falling(trials), np.clip(trials.main.ahead.sure, 0.5, 0.98), 0.0)


def describe(trials: TrialFeatures, i: int) -> Description:
    """Estimate what going on may gain."""
    ahead, t = trials.main.ahead, trials.num_epochs
    gain, (low, high) = float(ahead.gain[i]), ahead.interval(i)
    more, quarter = max(1, t // 2), max(3, round(t / 4))
    between = f" ({percent(-max(low, 0.0))} to {percent(-high)})" if high - low > 0.1 * gain else ""
    text = f"The loss is still falling: {more} more epochs would lower it by about {percent(-gain)}{between}."
    return Description(
        text,
        {"gain_ahead": gain, "gain_low": low, "gain_high": high},
        {"from": t - quarter + 1, "to": t},
        "Train longer.",
    )


def marks(verdict: Verdict, losses: Losses) -> list[Mark]:
    """Go on along the power law that the verdict has found: a loss that falls by `gain_ahead` until 1.5 t."""
    start, end, gain = verdict.epochs["from"], verdict.epochs["to"], verdict.evidence["gain_ahead"]
    last = result_loss(losses)[start - 1 : end]
    if not (last > 0).all():
        return []
    x = np.geomspace(start, AHEAD * end, POINTS)
    middle, level = np.log(np.arange(start, end + 1)).mean(), np.log(last).mean()
    y = np.exp(level - gain / np.log(AHEAD) * (np.log(x) - middle))
    return [Mark("trend", tuple(x), tuple(y), f"going on: −{percent(-gain)}")]


VERDICT = VerdictRule(
    code="still_learning",
    precedence=130,
    outcome=UNFINISHED,
    badge=Badge("↘", "#56b4e9", "the loss is still falling at the end"),
    confidence=confidence,
    describe=describe,
    marks=marks,
    silences=frozenset({DONE}),
    state="still learning",
)

"""Tell the causes of divergence apart: inputs or targets that are not scaled, a rate too high, a loss without bounds.

By what was measured at the weights before it diverged (`nnjax.train.engine.divergence_causes`), or was given.
"""

import math
from typing import NamedTuple

from nnjax.diagnosis.conditions import LOWER_RATE
from nnjax.diagnosis.trial_features import TrialFeatures

LARGE = 20.0  # root mean square of a column; new networks expect, and give, numbers of about 1


class Cause(NamedTuple):
    """Why a trial diverged."""

    text: str  # to follow a colon, without the period
    next: str  # what to try


def cause(trials: TrialFeatures, i: int) -> Cause | None:
    """Return the likeliest cause, the one that is easiest to mend first; None where nothing was measured, or is amiss.

    A learning rate that is known to be stable rules large inputs out, which matter by the curvature that they bring.
    """
    too_fast, stable = float(trials.learning_rate[i]) > float(trials.stable_rate[i]), _is_stable(trials, i)
    rate = f"; {_rate(trials, i)}" if too_fast else ""
    if trials.input_size[i] > LARGE and not stable:
        text = f"an input has a root mean square of {trials.input_size[i]:.3g}, where about 1 is usual{rate}"
        return Cause(text, "Scale the inputs (data.scaling=standard): higher rates are stable then.")
    if trials.target_size[i] > LARGE:
        text = f"the targets have a root mean square of {trials.target_size[i]:.3g}, where about 1 is usual{rate}"
        return Cause(text, "Scale the targets (data.target_scaling=standard).")
    if math.isfinite(trials.infinite_at[i]) and not too_fast:
        text = f"{_infinite(trials, i)}{f'; the rate is not the cause: {_rate(trials, i)}' if stable else ''}"
        return Cause(text, "Clip the argument of the logarithm, or compute the loss from logits (optax.losses does).")
    if too_fast:
        more = f"; besides, {_infinite(trials, i)}" if math.isfinite(trials.infinite_at[i]) else ""
        return Cause(f"{_rate(trials, i)}{more}", LOWER_RATE)
    return None


def evidence(trials: TrialFeatures, i: int) -> dict[str, float]:
    """Return the numbers that were measured."""
    names = ("learning_rate", "stable_rate", "curvature", "input_size", "target_size", "infinite_at")
    found = {name: float(getattr(trials, name)[i]) for name in names}
    measured = any(math.isfinite(value) for name, value in found.items() if name != "learning_rate")
    return {name: value for name, value in found.items() if measured and math.isfinite(value)}


def was_stable(trials: TrialFeatures, i: int) -> str:
    """Say that the rate was stable before; "" where that is not so, or not known."""
    return f" {_rate(trials, i).capitalize()}, before it diverged." if _is_stable(trials, i) else ""


def _is_stable(trials: TrialFeatures, i: int) -> bool:
    return float(trials.learning_rate[i]) <= float(trials.stable_rate[i])


def _rate(trials: TrialFeatures, i: int) -> str:
    """Compare the rate with the largest stable one."""
    rate, most, curvature = (float(x[i]) for x in (trials.learning_rate, trials.stable_rate, trials.curvature))
    numerator = f"{most * curvature:.3g}/λmax" if math.isfinite(curvature) else "the bound of the curvature"
    where = "above" if rate > most else "below"
    largest = f", λmax = {curvature:.3g}" if math.isfinite(curvature) else ""
    return f"the learning rate {rate:.3g} lies {where} {most:.3g}, the largest stable one ({numerator}{largest})"


def _infinite(trials: TrialFeatures, i: int) -> str:
    at = float(trials.infinite_at[i])
    kind = "as the log or the quotient of 0" if at in (0, 1) else "as where exp overflows, or the log of what it leaves"
    return f"the loss itself is not finite where an output is {at:g}, {kind}"

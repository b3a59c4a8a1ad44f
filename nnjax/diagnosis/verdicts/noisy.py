"""Verdict `noisy`: the loss wobbles from epoch to epoch more than it moves."""

import numpy as np

from nnjax.diagnosis import features as f
from nnjax.diagnosis.marks import band
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.verdict_rule import REMARK, Badge, Description, VerdictRule, graded, percent

FEWEST_UPS = 2  # steps up: one is no wobble, in however short a curve
BESIDE = 0.49  # the confidence where the noise is told, but is not the first thing to know
NOISY_UPS = 1 / 3  # share of the last half's steps that go up by so much; half of them is nothing but noise
NOTICED = 0.035  # noise that is told, if only beside how far training has come
NOISY = 0.03  # a step up of the validation loss: what Prechelt's patience and a person both stumble over


def confidence(trials: TrialFeatures) -> np.ndarray:
    """The loss wobbles from epoch to epoch more than it moves, although training goes well."""
    train, val, has_val = trials.train, trials.val, trials.has_val
    late = np.where(has_val[:, None], val.z, train.z)[:, trials.num_epochs // 2 :]
    ups = f.share_up(late, NOISY)
    wobbles = (ups > NOISY_UPS) & (ups * (late.shape[1] - 1) > FEWEST_UPS - 0.5)
    noise = np.where(has_val, val.noise, train.noise)
    noise = np.where((late == late[:, :1]).all(axis=1), 0.0, noise)  # a share of few examples that does not move
    return np.where(wobbles | (noise <= NOTICED), graded(wobbles, noise - NOISY, 0.1), BESIDE)


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name the size of the wobble, and whether the batches or the validation part are its cause."""
    train, val = trials.train.noise[i], trials.val.noise[i]
    level = float(np.fmax(val, train))
    few, batch = trials.num_validation[i], trials.batch_size[i]
    if trials.has_val[i] and not train > 0.7 * val:
        other = ", the train loss does not" if trials.has_train[i] else ""
        text = f"The validation loss wobbles by {percent(level)} from epoch to epoch{other}"
        cause = _few(trials, i) if few < 500 else "a small validation part or large steps"
        advice = (
            "Judge by a smoothed curve or the best of several seeds; use more validation examples or cross-validation."
        )
    else:
        text = f"The {'loss' if trials.has_val[i] else 'train loss'} wobbles by {percent(level)} from epoch to epoch"
        cause = f"batches of {batch:.0f} are small" if batch < 16 else "small batches or a rate at the upper end"
        advice = "Use larger batches, or lower the learning rate toward the end (cosine, step)."
    epochs = {"from": trials.num_epochs // 3 + 1, "to": trials.num_epochs}
    return Description(f"{text}: {cause}.", {"noise": level}, epochs, advice)


def _few(trials: TrialFeatures, i: int) -> str:
    """Say how much the validation part can tell: the standard error of a share of n examples, or of a mean of n."""
    n, accuracy = trials.num_validation[i], trials.curves.val_accuracy[i, -1]
    if np.isfinite(accuracy):
        error = np.sqrt(max(accuracy * (1 - accuracy), 1 / n) / n)
        return f"{n:.0f} validation examples are few (an accuracy of {accuracy:.0%} is known to ±{error:.1%})"
    return f"{n:.0f} validation examples are few (a mean of so many is known to {1 / np.sqrt(n):.0%} of its spread)"


VERDICT = VerdictRule(
    code="noisy",
    precedence=120,
    outcome=REMARK,
    badge=Badge("≈", "#f0e442", "it wobbles more than it moves"),
    confidence=confidence,
    describe=describe,
    marks=lambda verdict, losses: [band(verdict, "wobbles")],
    first_from=0.5,
)

"""From curves to verdicts: `diagnose`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnjax.core.types import Signals
from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.dense import Dense, checked, groups, per_trial
from nnjax.diagnosis.measures import measure
from nnjax.diagnosis.types import Anchors, Curves, Diagnosis, Verdict
from nnjax.diagnosis.verdicts import ORDER, RULES, SILENCES, SURE_FIRST, Case, make_case


def diagnose(
    curves: Curves, anchors: Anchors | Sequence[Anchors] | None = None, signals: Signals | None = None
) -> list[Diagnosis]:
    """Say what learning curves mean.

    Args:
      curves: of m trials, as many epochs as there are.
      anchors: what is known of the task, for all trials or for each.
      signals: what was measured inside the networks; names causes.

    Returns:
      [m]; the most important verdict first. `docs/diagnoses.md` has the rules one by one.

    Raises:
      UserError: no curve at all, shapes that differ, or another number of anchors than of trials.
    """
    with np.errstate(all="ignore"):  # what cannot be computed is NaN, of which no rule holds
        return _diagnose(curves, anchors, signals)


def _diagnose(curves: Curves, anchors: Anchors | Sequence[Anchors] | None, signals: Signals | None) -> list[Diagnosis]:
    out: dict[int, Diagnosis] = {}
    own = per_trial(anchors, len(next(iter(checked(curves).values()))))
    for dense in groups(curves):
        found = _short(dense) if dense.num_epochs < limit.FEWEST else _long(make_case(measure(dense), own, signals))
        out.update(zip(dense.trials.tolist(), found, strict=True))
    return [out[trial] for trial in sorted(out)]


def _short(dense: Dense) -> list[Diagnosis]:
    """Diagnose trials of too few epochs: they may have diverged, and nothing else can be said."""
    return [Diagnosis(_short_verdict(dense, i)) for i in range(len(dense.trials))]


def _short_verdict(dense: Dense, i: int) -> Verdict:
    when, t = dense.diverged_at[i], dense.num_epochs
    if np.isfinite(when):
        from nnjax.diagnosis.verdicts.broken import LOWER

        text = f"The loss stopped being a finite number in epoch {int(when)}: the steps were far too large."
        return Verdict("diverged", text, {}, {"diverged": int(when)}, 0.9, LOWER)
    return too_short(t)


def too_short(t: int) -> Verdict:
    """Say that t epochs are too few."""
    what = "There is no finite loss" if t == 0 else f"{t} epoch{'s' * (t != 1)} of losses are too few to say anything"
    return Verdict(
        "too_short_to_say", f"{what}.", {"epochs": t}, {}, 1.0, f"Train for at least {limit.FEWEST} epochs, better 20."
    )


def _long(case: Case) -> list[Diagnosis]:
    confidence = {code: RULES[code].confidence(case) for code in ORDER}
    return [
        _one(case, i, {code: float(values[i]) for code, values in confidence.items()})
        for i in range(len(case.measures.dense.trials))
    ]


def _one(case: Case, i: int, confidence: dict[str, float]) -> Diagnosis:
    kept: list[str] = []
    for code in ORDER:
        if confidence[code] > 0 and not any(code in SILENCES.get(before, ()) for before in kept):
            kept.append(code)
    if not kept:
        return Diagnosis(too_short(0) if not np.isfinite(case.measures.main.raw[i]).all() else _flat(case, i))
    kept.sort(key=lambda code: confidence[code] < SURE_FIRST.get(code, 0))
    first, *rest = [RULES[code].tell(case, i, round(confidence[code], 2)) for code in kept]
    return Diagnosis(first, tuple(rest))


def _flat(case: Case, i: int) -> Verdict:
    return RULES["converged"].tell(case, i, 0.3)

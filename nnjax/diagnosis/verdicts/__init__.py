"""The rules, one a verdict, and their precedence: `ORDER` is what to know first, `SILENCES` what it makes pointless."""

from __future__ import annotations

from nnjax.diagnosis.verdicts import broken, pace, validation
from nnjax.diagnosis.verdicts.case import Case, Rule, make_case

RULES: dict[str, Rule] = {rule.code: rule for rule in (*broken.RULES, *validation.RULES, *pace.RULES)}

# Nothing else matters where training is broken; then what spoils the result; then what to change; then how far it is.
ORDER = (
    "diverged",
    "rising",
    "stuck_at_start",
    "no_signal",
    "unstable",
    "overfitting",
    "spike",
    "plateau_then_drop",
    "too_slow",
    "val_below_train",
    "noisy",
    "still_learning",
    "stopped_too_late",
    "converged",
)

_PACE = frozenset({"too_slow", "still_learning", "stopped_too_late", "converged"})
SILENCES: dict[str, frozenset[str]] = {
    "diverged": frozenset(ORDER) - {"diverged"},
    "rising": _PACE | {"unstable", "overfitting", "noisy", "stuck_at_start", "no_signal"},
    "stuck_at_start": frozenset(ORDER) - {"diverged", "stuck_at_start"},
    "no_signal": _PACE | {"overfitting", "val_below_train"},
    "unstable": _PACE | {"noisy", "spike", "plateau_then_drop"},
    "overfitting": _PACE,
    "too_slow": frozenset({"still_learning", "stopped_too_late", "converged"}),
    "still_learning": frozenset({"stopped_too_late", "converged"}),
}

# What is less sure than this is told after how far training has come.
SURE_FIRST = {"val_below_train": 0.92}

__all__ = ["ORDER", "RULES", "SILENCES", "SURE_FIRST", "Case", "Rule", "make_case"]

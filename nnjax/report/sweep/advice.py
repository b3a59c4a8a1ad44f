"""Advice after a sweep, from its chosen trial, the edges of its space, and its most frequent verdicts."""

from collections.abc import Collection, Sequence

from nnjax.core.text import count
from nnjax.diagnosis import trials
from nnjax.diagnosis.verdict_rule import BROKEN, DONE, UNFINISHED
from nnjax.diagnosis.verdicts import VERDICTS
from nnjax.report.sweep.columns import narrowest
from nnjax.report.sweep.data import Sweep, failed
from nnjax.report.trial_verdicts import code_of
from nnjax.search.importance import edges
from nnjax.train.storage.records import FINISHED

OFTEN, MOST = 0.1, 0.5  # shares of the trials: worth a word where training is broken, and elsewhere


def advice(sweep: Sweep, key: str | None) -> list[str]:
    """Suggest what to try next, the most useful first, comparing by `key`; empty where no trial has a verdict."""
    warned = edges(sweep.run) if key else []
    codes = [code_of(sweep.run, trial) for trial in sweep.trials]
    return [*_best(sweep, bool(warned)), *warned, *_often(sweep, codes)]


def _best(sweep: Sweep, at_edge: bool) -> list[str]:
    """Advise by the verdict of the chosen trial."""
    trial = None if sweep.choice is None else sweep.choice.trial
    diagnosis = None if trial is None else sweep.run.diagnoses[trial]
    if diagnosis is None:
        return []
    first = diagnosis.primary
    who = f"The chosen trial ({trial})"
    rule = VERDICTS[first.code]
    if rule.outcome == UNFINISHED:
        return [f"{who} is {rule.state}: train for more epochs before trusting the comparison."]
    if rule.outcome == DONE:
        rest = "" if at_edge else " and is not at an edge of the space: refine around it, or run more seeds of it"
        return [f"{who} has converged{rest}."]
    return [first.next] if first.next else []  # whose sentence stands above it


def _often(sweep: Sweep, codes: Sequence[str]) -> list[str]:
    """Describe problems of many trials and where they lie; divergence is reported elsewhere."""
    whole = [code for trial, code in zip(sweep.trials, codes, strict=True) if _trained(sweep, trial)]
    out = []
    broken, unfinished = _codes_of(BROKEN), _codes_of(UNFINISHED)
    chosen = None if sweep.choice is None else sweep.choice.trial
    places = [i for i, code in enumerate(codes) if code in broken]
    if len(places) >= max(1, OFTEN * len(codes)) and set(places) - set(failed(sweep)):
        others, where = narrowest(sweep.axes, places)
        rest = ""
        if not others and not (chosen is not None and chosen in {sweep.trials[i] for i in places}):
            rest = f" All of them have {where}, and no other trial has: leave that out next time."
        out.append(f"{_some(codes, broken)} did not train ({_listed(codes, broken)}).{rest}")
    if _share(whole, unfinished) > MOST:
        out.append(f"{_some(whole, unfinished)} had not finished learning: more epochs, or higher learning rates.")
    frequent = [rule for code, rule in VERDICTS.items() if rule.frequent and _share(whole, [code]) > MOST]
    return out + [f"{_some(whole, [rule.code])} {rule.frequent}." for rule in frequent]


def _codes_of(outcome: str) -> list[str]:
    return [code for code, rule in VERDICTS.items() if rule.outcome == outcome]


def _trained(sweep: Sweep, trial: int) -> bool:
    """Whether a trial went through all of its epochs; one that was dropped has not finished learning by design."""
    return sweep.run.records[trial].status in FINISHED


def _share(known: Sequence[str], of: Collection[str]) -> float:
    return sum(code in of for code in known) / max(len(known), 1)


def _some(codes: Sequence[str], of: Collection[str]) -> str:
    n = sum(code in of for code in codes)
    return f"{n:,} of {count(len(codes), 'trial')}"


def _listed(codes: Sequence[str], of: Sequence[str]) -> str:
    return ", ".join(f"{codes.count(code):,} {trials.named(code)}" for code in of if code in codes)

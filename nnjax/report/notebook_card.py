"""What a notebook shows of a run: the best setting with its interval, the verdict, curves and a link to the report."""

import contextlib
import os

from nnjax.core import notebook_cards
from nnjax.core.errors import UserError
from nnjax.core.text import count, number
from nnjax.diagnosis.trials import named
from nnjax.diagnosis.verdicts import BADGES
from nnjax.runs import choice, replicates
from nnjax.runs.choice import Choice
from nnjax.runs.run import Run
from nnjax.runs.settings import estimate_over


def run_card(run: Run) -> str:
    """Write the card of a run, finished or as far as it came, as HTML; nothing is computed anew."""
    rows: dict[str, str] = {}
    found: list[Choice] = []
    with contextlib.suppress(UserError):  # of a metric whose direction is not known
        found = choice.choices(run)
    for one in found[:3]:
        rows |= {("best setting" if not rows else "and of others"): _best(run, one)}
    trial = found[0].trial if found else 0
    rows |= _tested(run, trial) | _verdict(run, trial)
    if run.members is not None:
        rows["ensemble"] = str(run.members)
    curves = {
        name: run.records[trial].curves[key]
        for name, key in (("validation loss", "val_loss"), ("training loss", "train_loss"))
        if key in run.records[trial].curves
    }
    head = f"{count(len(run.specs), 'trial')} of {count(len(run.all_settings), 'setting')}"
    ends = ", ".join(f"{n:,} {status}" for status, n in choice.ends(run).items())
    drawn = notebook_cards.curve(curves, f"Learning curves of trial {trial}")
    return notebook_cards.card(
        f"{run.title}: {head}" if run.title else f"Run: {head}", {"trials": ends, **rows}, drawn, _link(run)
    )


def _best(run: Run, one: Choice) -> str:
    """Name a chosen setting, its mean and the interval over its replicates."""
    text = f"{one.setting.label} (trial {one.trial}): {choice.words(one.metric)} {number(one.mean)}"
    values = next(v for setting, v in replicates.by_replicate(run, None) if setting.trials == one.setting.trials)
    found = estimate_over(one.setting, one.metric, list(values.values()))
    interval = f", 95 % interval {number(found.low)} to {number(found.high)}" if found.count > 1 else ""
    return f"{text}{interval}; the best of {count(one.rivals, 'setting')}" if one.rivals > 1 else f"{text}{interval}"


def _tested(run: Run, trial: int) -> dict[str, str]:
    values = run.records[trial].values
    start = "best_test_" if run.facts(trial).sizes[1] else "test_"
    parts = {name.removeprefix(start): value for name, value in values.items() if name.startswith(start)}
    told = {name: number(value) for name, value in parts.items()}
    if "loss" in told and list(told.values()).count(told["loss"]) > 1:  # by its own name too, up to rounding
        del told["loss"]
    found = [f"{name} {text}" for name, text in told.items()]
    return {"on the test part": ", ".join(found).replace("_", " ")} if found else {}


def _verdict(run: Run, trial: int) -> dict[str, str]:
    code = run.records[trial].verdict
    known = vars(run).get("diagnoses")
    if known is not None and known[trial] is not None:
        first = known[trial].primary
        return {"verdict": f"{named(first.code)}. {first.sentence} {first.next}".strip()}
    return {"verdict": f"{named(code)}: {BADGES[code].meaning}" if code in BADGES else named(code)} if code else {}


def _link(run: Run) -> str:
    """Link to the report in the run's folder, where it has been written."""
    report = None if run.path is None else run.path / "report.html"
    if report is None or not report.is_file():
        return ""
    with contextlib.suppress(ValueError):  # on another drive
        return notebook_cards.link(os.path.relpath(report).replace(os.sep, "/"), "report")
    return ""

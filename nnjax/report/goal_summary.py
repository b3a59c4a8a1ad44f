"""The first screen of a report: for each goal the question, the chosen setting, its scores and verdict, and a chart."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from nnjax.core.text import count, number, quantity, spelled
from nnjax.data.baselines import ACCURACY, MSE, Baselines
from nnjax.models.registry import traits_of
from nnjax.report.charts import summary_svg
from nnjax.report.charts.interval_svg import interval_svg
from nnjax.report.context import Key, ReportContext
from nnjax.report.sweep.advice import advice
from nnjax.report.sweep.data import Sweep
from nnjax.report.sweep.findings import metric_key, shares_of
from nnjax.report.text import cell, shortened
from nnjax.report.wording import data_words, setting_words, target_words
from nnjax.runs.choice import Choice, words
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting, estimate_over, test_scores, tested_at
from nnjax.runs.target_units import has_units, in_units, unit_of
from nnjax.train.storage.records import DIVERGED, FAILED, FINISHED
from nnjax.train.storage.selection import value_of

MAX_GOALS, MAX_NEXT = 3, 5
LEAST = 0.005  # share of the variation that is told
MAX_RIVALS, MAX_NAME, NAME_WIDTH = 8, 15, 150  # of the chart of settings: rows, letters of a name, room for it
DO = {"classification": "classify", "reconstruction": "copy", "regression": "predict"}
DOES = {"classification": "classifies", "reconstruction": "copies", "regression": "predicts"}
BASELINES = {
    "classification": {"least squares": "a linear fit", "majority class": "always the most common class"},
    "regression": {"least squares": "a linear fit", "mean of the targets": "always the mean"},
    "reconstruction": {"mean image": "always the mean image", "mean of each input": "always the mean of each input"},
}


class GoalSummary(NamedTuple):
    """What a run says of one goal."""

    question: str  # a sentence
    label: str  # label, trial: of the chosen setting and its chosen network; why there is none, and None
    trial: int | None
    rivals: int  # how many settings it was chosen from
    scores: tuple[tuple[str, str, str], ...] = ()  # (what, value, remark)
    baselines: tuple[tuple[str, str], ...] = ()  # (what, value), by the first score on the test part
    code: str = ""  # code, sentence: of the chosen network's verdict; "" where it has none
    sentence: str = ""
    next: tuple[str, ...] = ()  # sentences on what to try
    chart: Markup = Markup()  # an SVG, "" where there is nothing to draw; its text alternative is its title
    caption: str = ""  # of the chart


def goal_summaries(report: ReportContext) -> list[GoalSummary]:
    """Summarize each goal: which setting is chosen, or why none is."""
    out = []
    for key, some in list(report.groups.items())[:MAX_GOALS]:
        choice = report.decided.get(key)
        known = choice is not None and any(report.run.records[t].status in FINISHED for t in choice.setting.trials)
        out.append(_goal_summary(report, key, choice) if choice and known else _undecided(report, some))
    return out


def _undecided(report: ReportContext, some: Sequence[Setting]) -> GoalSummary:
    """Say why no setting is chosen, and what to do about it."""
    run, trials = report.run, [trial for setting in some for trial in setting.trials]
    counts, question = Counter(run.records[trial].status for trial in trials), _question(some[0], len(some))
    broken = {word: counts[status] for status, word in ((DIVERGED, "diverged"), (FAILED, "failed")) if counts[status]}
    if any(counts[status] for status in FINISHED):
        advice = "Hold out a validation part (data.validation=0.1 or more), by which a setting can be chosen."
        return GoalSummary(
            question, "No setting is chosen: there is no validation part.", None, len(some), next=(advice,)
        )
    if sum(broken.values()) < len(trials):
        advice = "Give the same command again: it continues where it stopped." if run.path is not None else ""
        ended = f"no trial of {len(trials):,} has" if len(trials) > 1 else "the trial has not"
        label = f"Not known yet: {ended} finished."
        return GoalSummary(question, label, None, len(some), next=(advice,) * bool(advice))
    ends = " and ".join(f"{spelled(n)} {word}" for word, n in broken.items())
    whole = {1: "the trial", 2: "both trials"}.get(len(trials), f"all {count(len(trials), 'trial')}")
    label = f"None: {ends if len(broken) > 1 else ' '.join([whole, *broken])}."
    first = next((found.primary for trial in trials if (found := run.diagnoses[trial])), None)
    code, sentence, advice = (first.code, first.sentence, first.next) if first else ("", "", "")
    return GoalSummary(question, label, None, len(some), code=code, sentence=sentence, next=(advice,) * bool(advice))


def _goal_summary(report: ReportContext, key: Key, choice: Choice) -> GoalSummary:
    """Summarize a goal by its chosen setting."""
    run, goal = report.run, key[1]
    sweep = report.sweep if report.sweep is not None and choice.trial in report.sweep.trials else None
    diagnosis = run.diagnoses[choice.trial]
    first = diagnosis.primary if diagnosis else None
    known = report.test_baselines.get(key)
    suggested = _beaten(run, known, goal, choice.setting)
    suggested += advice(sweep, metric_key(sweep)) if sweep else [first.next] if first and first.next else []
    return GoalSummary(
        _question(choice.setting, choice.rivals),
        setting_words(choice.setting, choice.rivals == 1),
        choice.trial,
        choice.rivals,
        tuple(one for one in (validation_score(run, choice), test_score(run, choice)) if one),
        _baselines(known, goal, choice.setting),
        first.code if first else "",
        first.sentence if first else "",
        tuple(suggested[:MAX_NEXT]),
        *_chart(report, sweep, choice),
    )


def _question(setting: Setting, rivals: int) -> str:
    what, target = data_words(setting.facts), target_words(setting)
    if rivals > 1:
        does = f"predicts {target}" if target else f"{DOES[setting.goal]} {what}"
        return f"Which of {rivals:,} settings {does} best?"
    return f"How well does this network {f'predict {target}' if target else f'{DO[setting.goal]} {what}'}?"


def validation_score(run: Run, choice: Choice) -> tuple[str, str, str] | None:
    """Score the chosen setting by what it was chosen by: the mean over its replicates with its interval."""
    setting = choice.setting
    if math.isnan(choice.mean):
        return None
    values = [value_of(run.specs[trial].experiment, run.records[trial], choice.metric) for trial in setting.trials]
    found, what = estimate_over(setting, choice.metric, values), words(choice.metric)
    if found.count < 2:
        return what, number(choice.mean), "of one trial; train several seeds to get an interval"
    interval = f"95 % interval {number(found.low)} to {number(found.high)}"
    return what, number(found.mean), f"mean of {count(found.count, 'trial')}; {interval}"


def test_score(run: Run, choice: Choice) -> tuple[str, str, str] | None:
    """Score the chosen setting on the test part; None where that was not evaluated."""
    setting = choice.setting
    classify = setting.goal == "classification"
    values = test_scores(run, setting, ACCURACY if classify else MSE)
    if not np.isfinite(values).any():
        return None
    spread = "; ± is the spread over its trials" if np.isfinite(values).sum() > 1 else ""
    remark = f"with {tested_at(setting)}{spread}"
    if classify:
        return "wrong on the test part", cell(1 - values, percent=True), remark
    if has_units(setting):
        text = cell(in_units(run, setting, MSE, values))
        return "root mean squared error on the test part", text, f"in the target's units, {remark}"
    scaled = setting.goal == "regression" and setting.experiment.data.target_scaling != "none"
    return "mean squared error on the test part", cell(values), f"{'of the scaled targets, ' * scaled}{remark}"


def _baselines(known: Baselines | None, goal: str, setting: Setting) -> tuple[tuple[str, str], ...]:
    """List the scores that need no network: (what, value), on the part and in the units of the network's test score."""
    if known is None:
        return ()
    out, unit = [], unit_of(setting.facts, goal)
    for name, what in _named_baselines(goal, setting).items():
        value = known.scores.get(name, {}).get(ACCURACY if goal == "classification" else MSE)
        if value is not None:
            error = value if math.isnan(unit) else unit * math.sqrt(value)
            out.append((what, f"{100 * (1 - value):.1f} %" if goal == "classification" else quantity(error)))
    return tuple(out)


def _named_baselines(goal: str, setting: Setting) -> dict[str, str]:
    """Name the baselines that are told, for people."""
    width = traits_of(setting.experiment.model).code_width(setting.experiment.model)
    return BASELINES[goal] | ({f"PCA-{width}": f"PCA with {width} numbers"} if width else {})


def _beaten(run: Run, known: Baselines | None, goal: str, setting: Setting) -> list[str]:
    """Say it where a baseline does better on the test part than the chosen setting, the mean of its trials."""
    metric, sign = (ACCURACY, -1) if goal == "classification" else (MSE, 1)
    values = test_scores(run, setting, metric)
    if known is None or not np.isfinite(values).any():
        return []
    scores = {what: known.scores.get(name, {}).get(metric) for name, what in _named_baselines(goal, setting).items()}
    better = {what: sign * v for what, v in scores.items() if v is not None and sign * v < sign * np.nanmean(values)}
    if not better:
        return []
    best = min(better, key=lambda what: better[what])
    return [
        f"{best[:1].upper()}{best[1:]} does better on the test part: prefer it, unless more data, epochs or seeds help."
    ]


def _beside_rivals(report: ReportContext, choice: Choice) -> tuple[Markup, str]:
    """Draw the score of each setting that the chosen one was compared with, the best ones."""
    run, rows = report.run, []
    some = next(own for own in report.groups.values() if choice.setting in own)
    for setting in some[:MAX_RIVALS]:
        values = [value_of(run.specs[i].experiment, run.records[i], choice.metric) for i in setting.trials]
        rows.append((shortened(setting.label, MAX_NAME), estimate_over(setting, choice.metric, values), values))
    drawn = interval_svg(rows, words(choice.metric), NAME_WIDTH)
    several = any(len(setting.trials) > 1 for setting in some[:MAX_RIVALS])
    text = "A dot is a trial, a stroke the mean, a band its 95 % interval" if several else "A dot is a trial"
    left = f"; {len(some) - MAX_RIVALS} more settings are in the table below" if len(some) > MAX_RIVALS else ""
    return Markup(drawn), f"The settings, the best first. {text}{left}."


def _chart(report: ReportContext, sweep: Sweep | None, choice: Choice) -> tuple[Markup, str]:
    """Draw why: the score against the hyperparameter that matters most, else the chosen setting's curves."""
    if sweep and sweep.metrics:
        shares = dict(shares_of(sweep, metric_key(sweep)))
        for axis in sorted(sweep.axes, key=lambda axis: -shares.get(axis.name, 0.0)):
            if drawn := summary_svg.against_axis(sweep, axis):
                told = len(sweep.axes) > 1 and shares.get(axis.name, 0.0) >= LEAST
                share = f" ({axis.label} explains {100 * shares[axis.name]:.0f} % of the variation)" if told else ""
                line = "the line is the best setting at each value or near it, with the range of its trials"
                return Markup(drawn), f"A dot is a trial; {line}{share}."
    if choice.rivals > 1 and not math.isnan(choice.mean):
        return _beside_rivals(report, choice)
    own = next((one for one in report.quantities if one.name == choice.setting.experiment.loss), None)
    drawn = summary_svg.curves(own, choice.setting.trials) if own else ""
    several = ": mean and range of its trials" if len(choice.setting.trials) > 1 else ""
    return Markup(drawn), f"The chosen network's learning curves{several}." if drawn else ""

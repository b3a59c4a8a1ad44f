"""The page that compares two runs: which is better and how surely, curves, what differs, verdicts."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from nnjax.core.errors import UserError
from nnjax.core.files import check_out
from nnjax.core.text import count, number
from nnjax.report.charts import array_images
from nnjax.report.charts.curves import Quantity, chart_data, packed, quantities
from nnjax.report.charts.curves_svg import curves_svg
from nnjax.report.charts.interval_svg import interval_svg
from nnjax.report.comparison.compared_runs import (
    ComparedRun,
    Outcome,
    compared_runs,
    decide,
    experiment_of,
    is_maximized,
)
from nnjax.report.comparison.differences import best_settings, cautions, differences
from nnjax.report.goal_summary import test_score
from nnjax.report.rendering import join_scripts, template
from nnjax.report.sections import curves
from nnjax.report.trial_verdicts import verdict_counts
from nnjax.report.verdict_details import verdicts
from nnjax.report.wording import data_words, target_words
from nnjax.runs.choice import words
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting

PAGE = "comparison.html"


def write_comparison(first: Run, second: Run, path: str | os.PathLike[str] | None = None) -> pathlib.Path:
    """Write one page that says which of two runs of the same task is better, and what differs.

    Args:
      first, second: finished, or as far as they came.
      path: a file that ends in .html; None for comparison.html in the first run's folder.

    Returns:
      The page's path.

    Raises:
      UserError: their data, goals or metrics differ, nothing can be chosen in one of them, or the path cannot be
        written.
    """
    from nnjax.report.page import write_page

    sides = compared_runs((first, second))
    target = _target(first, path)
    charts, svg = _curves(sides)
    write_page(target, render(sides, charts, svg), {})
    return target


def _target(first: Run, path: str | os.PathLike[str] | None) -> pathlib.Path:
    if path is not None:
        return pathlib.Path(check_out(path, ".html"))
    if first.path is None:
        raise UserError("The first run lives in memory: say where the page goes, such as report('comparison.html').")
    return first.path / PAGE


def render(sides: tuple[ComparedRun, ComparedRun], charts: dict[str, Any] | None, svg: bytes) -> str:
    """Write the page as text."""
    outcome = decide(*sides)
    label = words(sides[0].choice.metric)
    rows = [(side.letter, side.score, list(side.values.values())) for side in sides]
    different, alike = differences(*sides)
    return template("comparison.html.jinja").render(
        title=f"{sides[0].name} against {sides[1].name}",
        sides=sides,
        question=_question(sides[0].choice.setting),
        headline=headline(outcome),
        sentences=[evidence(sides, outcome), *_tests(sides)],
        chart=Markup(interval_svg(rows, label)),
        label=label,
        cautions=cautions(*sides),
        charts=charts and {"data": charts | {"evidence": []}, "evidence": [], "uri": array_images.data_uri(svg)},
        settings={"columns": ("", "A", "B"), "rows": best_settings(*sides)},
        differences={"columns": ("field", "A", "B"), "rows": different},
        alike=alike,
        verdicts=[_verdict(side) for side in sides],
        counts={"columns": ("verdict", "A", "B"), "rows": _counts(sides)},
        script=join_scripts([*curves.SECTION.scripts, "contents"] if charts else ["contents"]),
    )


def _question(setting: Setting) -> str:
    target = target_words(setting)
    return f"Which run {f'predicts {target} better' if target else f'does better on {data_words(setting.facts)}'}?"


def headline(outcome: Outcome) -> str:
    """Say in a few words which run is better."""
    if outcome.better is None:
        return "Both runs are equally good."
    if outcome.is_certain:
        return f"Run {outcome.better.letter} is better."
    return f"Run {outcome.better.letter} is ahead, but that may be chance."


def evidence(sides: tuple[ComparedRun, ComparedRun], outcome: Outcome) -> str:
    """Say by what a run is ahead, and how sure that is."""
    one, _other = sides
    label = words(one.choice.metric)
    best = "highest" if is_maximized(one) else "lowest"
    values = ", ".join(f"{side.letter} {number(side.score.mean)}" for side in sides)
    text = f"By the {label} of the best setting, of which the {best} is the best: {values}. "
    broken = [side.letter for side in sides if side.broken]
    if len(broken) == 1:
        text += f"A trial of {broken[0]}'s best setting diverged or failed, so by the rule it comes second. "
    return text + _interval(sides, outcome)


def _interval(sides: tuple[ComparedRun, ComparedRun], outcome: Outcome) -> str:
    """Say the interval of the difference, or why there is none."""
    found = outcome.difference
    if not found.low <= found.high:  # NaN
        few = " and ".join(side.letter for side in sides if side.score.count < 2)
        return f"There is one trial of {few} only, so there is no interval: train several seeds of each to judge."
    how = f"paired by {count(outcome.pairs, outcome.unit)}" if outcome.pairs else "of two unpaired means, by Welch"
    ahead, behind = sides if outcome.better is not sides[1] else sides[::-1]
    word, sign = ("higher", 1) if is_maximized(ahead) else ("lower", -1)
    sign *= 1 if ahead is sides[0] else -1
    mean, low, high = (_signed(value) for value in (sign * found.mean, *sorted((sign * found.low, sign * found.high))))
    interval = f"{ahead.letter}'s is {word} than {behind.letter}'s by {mean} (95 % interval {low} to {high}, {how})"
    if outcome.is_certain:
        return f"{interval}: the interval leaves out 0, so the difference is more than the chance of seeds."
    return f"{interval}: the interval holds 0, so the runs cannot be told apart; more seeds would narrow it."


def _signed(value: float) -> str:
    return f"{value:.3g}".replace("-", "−", 1) if value < 0 else f"{value:.3g}"


def _tests(sides: Sequence[ComparedRun]) -> list[str]:
    """Say what the chosen settings reach on the test part."""
    found = [(side.letter, test_score(side.run, side.choice)) for side in sides]
    known = [(letter, score) for letter, score in found if score is not None]
    if not known:
        return []
    what = known[0][1][0]
    text = ", ".join(f"{letter} {value}" for letter, (_, value, _) in known)
    return [f"{what[:1].upper()}{what[1:]}: {text} ({known[0][1][2]})."]


def _curves(sides: tuple[ComparedRun, ComparedRun]) -> tuple[dict[str, Any] | None, bytes]:
    """Collect the curves of both best settings: packed for the page's script, and drawn; None where there are none."""
    found = [_own_quantities(side, place) for place, side in enumerate(sides)]
    names = list(dict.fromkeys(name for own in found for name in own))
    names.sort(key=lambda name: sum(name in own for own in found) < len(found))  # those of both come first
    merged = [_merged(name, [own[name] for own in found if name in own]) for name in names]
    if not merged:
        return None, b""
    losses = {str(experiment_of(side).loss) for side in sides}
    shown = [one for one in merged if one.name in losses] + [one for one in merged if one.name not in losses]
    return packed(chart_data(merged)), curves_svg(shown[:2])


def _own_quantities(side: ComparedRun, place: int) -> dict[str, Quantity]:
    """Return the quantities of a side's best setting by name, its lines named and colored by the side."""
    setting = side.choice.setting
    named = dataclasses.replace(setting, label=f"{side.letter}: {setting.label}")
    return {
        one.name: Quantity(
            one.name, one.label, tuple(dataclasses.replace(line, setting=named, place=place) for line in one.lines)
        )
        for one in quantities(side.run, [setting])
    }


def _merged(name: str, some: Sequence[Quantity]) -> Quantity:
    return Quantity(name, some[0].label, tuple(line for one in some for line in one.lines))


def _verdict(side: ComparedRun) -> dict[str, Any] | None:
    """Describe the verdict on a side's chosen network; None where it has none."""
    found = side.run.diagnoses[side.choice.trial]
    return None if found is None else verdicts(found)


def _counts(sides: Sequence[ComparedRun]) -> list[tuple[str, str, str]]:
    """Count the verdicts of all trials of both runs."""
    found = [{code: n for code, n, _ in verdict_counts(side.run)} for side in sides]
    totals = [len(side.run.specs) for side in sides]
    codes = list(dict.fromkeys(code for own in found for code in own))
    texts = [[f"{own.get(code, 0):,} of {total:,}" for own, total in zip(found, totals, strict=True)] for code in codes]
    return [(code, one, other) for code, (one, other) in zip(codes, texts, strict=True)]

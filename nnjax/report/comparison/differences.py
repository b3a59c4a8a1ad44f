"""What differs between two runs: their experiments, their searches, and the size and time of their best networks."""

from collections.abc import Sequence

import numpy as np

from nnjax.core.fields import flatten
from nnjax.core.text import number, show
from nnjax.models.summary import summarize_model
from nnjax.report.comparison.compared_runs import ComparedRun
from nnjax.report.text import named
from nnjax.runs.choice import ends, words
from nnjax.runs.settings import mean_and_spread

REPLICATES = "seed", "data.fold", "data.fold_seed"
SPLITS = ("limit", "validation", "test", "stratify", "split_seed", "folds", "groups", "split", "missing")

Row = tuple[str, str, str]


def differences(one: ComparedRun, other: ComparedRun) -> tuple[list[Row], int]:
    """Compare the experiments field by field.

    Returns:
      (field, in the first, in the second) where they differ, and how many fields are set alike in both.
    """
    flats = [[flatten(spec.experiment) for spec in side.run.specs] for side in (one, other)]
    chosen = [flatten(side.choice.setting.experiment) for side in (one, other)]
    paths = list(dict.fromkeys(path for some in (*chosen, *(flat[0] for flat in flats)) for path in some))
    rows, alike = [], 0
    for path in paths:
        found = [list(dict.fromkeys(flat.get(path) for flat in some)) for some in flats]
        if set(found[0]) == set(found[1]) and (path in REPLICATES or chosen[0].get(path) == chosen[1].get(path)):
            alike += any(value not in (None, ()) for value in found[0])
            continue
        cells = [_cell(path, values, own.get(path)) for values, own in zip(found, chosen, strict=True)]
        rows.append((path, cells[0], cells[1]))
    return rows, alike


def _cell(path: str, values: Sequence[object], chosen: object) -> str:
    """Write a field's values in a run: the one, or the chosen one of several."""
    if len(values) == 1:
        return show(values[0])
    several = f"{len(values):,} values, {_ends(values)}"
    return several if path in REPLICATES else f"{show(chosen)} (chosen of {several})"


def _ends(values: Sequence[object]) -> str:
    known = sorted(value for value in values if isinstance(value, int | float))
    if len(known) == len(values):
        return f"{show(known[0])} to {show(known[-1])}"
    return ", ".join(map(show, values[:3])) + " …" * (len(values) > 3)


def best_settings(one: ComparedRun, other: ComparedRun) -> list[Row]:
    """List the two chosen settings: score, trials, size, time."""
    return [(what, *cells) for (what, cells) in zip(ROWS, zip(_column(one), _column(other), strict=True), strict=True)]


ROWS = (
    "setting",
    "chosen from",
    "trials",
    "trial shown",
    "its best epoch",
    "validation score",
    "parameters",
    "operations per example",
    "seconds per trial",
)


def _column(side: ComparedRun) -> list[str]:
    """Describe the best network of one of the runs, a text a row."""
    choice, run = side.choice, side.run
    setting, record = choice.setting, run.records[choice.trial]
    counted = summarize_model(setting.experiment, setting.facts.example_shape, run.num_outputs(choice.trial))
    seconds = mean_and_spread([run.records[i].seconds for i in setting.trials])[0]
    best = record.values.get("best_epoch", float("nan"))
    score = f"{words(choice.metric)} {number(side.score.mean)}"
    if side.score.count > 1:
        score += f" ({number(side.score.low)} to {number(side.score.high)})"
    return [
        setting.label,
        f"{choice.rivals:,} setting{'' if choice.rivals == 1 else 's'}",
        f"{len(setting.trials):,}",
        str(choice.trial),
        f"{best:.0f} of {record.epochs}" if np.isfinite(best) else "–",
        score,
        f"{counted.parameters:,}",
        counted.operations(),
        number(seconds),
    ]


def cautions(one: ComparedRun, other: ComparedRun) -> list[str]:
    """Say what a reader must know before trusting the difference."""
    return [*_other_parts(one, other), *_other_rule(one, other), *_searched(one, other), *_unfinished((one, other))]


def _other_parts(one: ComparedRun, other: ComparedRun) -> list[str]:
    own = [side.choice.setting for side in (one, other)]
    splits = [[getattr(setting.experiment.data, name) for name in SPLITS] for setting in own]
    sizes = [setting.facts.sizes for setting in own]
    if splits[0] == splits[1] and sizes[0] == sizes[1]:
        return []
    parts = [f"{n[0]:,} for training, {n[1]:,} for validation, {n[2]:,} for testing" for n in sizes]
    what = f" (A: {parts[0]}; B: {parts[1]})" if sizes[0] != sizes[1] else ""
    return [f"The two runs split the data differently{what}, so part of the difference may be the examples'."]


def _other_rule(one: ComparedRun, other: ComparedRun) -> list[str]:
    losses = [named(str(side.choice.setting.experiment.loss)) for side in (one, other)]
    select = one.choice.setting.experiment.select
    if losses[0] == losses[1] or one.choice.metric == select:
        return []
    return [
        f"The losses differ ({losses[0]} in A, {losses[1]} in B), so both best settings are chosen by the "
        f"{words(one.choice.metric)} here; a run's own report may choose another."
    ]


def _searched(one: ComparedRun, other: ComparedRun) -> list[str]:
    rivals = [side.choice.rivals for side in (one, other)]
    if max(rivals) == 1:
        return []
    of = [f"the best of {n:,}" if n > 1 else "the only one" for n in rivals]
    numbers = f"{one.letter}'s is {of[0]} and {other.letter}'s is {of[1]}"
    return [
        "The validation score of a chosen setting is a little too good, and more so the more settings there were: "
        f"{numbers}. The test scores took no part in choosing."
    ]


def _unfinished(sides: Sequence[ComparedRun]) -> list[str]:
    out = []
    for side in sides:
        left = [f"{n:,} {status}" for status, n in ends(side.run).items() if status in ("waiting", "running")]
        if left:
            out.append(f"Run {side.letter} has not ended ({', '.join(left)} of {len(side.run.specs):,} trials).")
    return out

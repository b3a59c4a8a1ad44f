"""The two runs of a comparison: their chosen settings by one rule, or why they cannot be compared."""

import math
from collections.abc import Callable
from typing import NamedTuple

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, Replicate, replicate_of
from nnjax.core.text import represent
from nnjax.report.text import named
from nnjax.runs.choice import Choice, choose, validation_metrics
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting, estimate_over
from nnjax.runs.statistics import Estimate, compare_paired, difference_of_means
from nnjax.train.storage.records import OVER
from nnjax.train.storage.selection import IN_PLACE, LOSS, comparable, direction, value_of

LETTERS = "A", "B"


class ComparedRun(NamedTuple):
    """One of two runs."""

    letter: str  # "A" or "B"
    name: str  # the run's title, or its folder
    run: Run  # the run
    choice: Choice  # its best setting, by the rule of both
    values: dict[Replicate, float]  # of the metric, by seed and fold, of the best setting's trials that have one
    score: Estimate  # their mean with its interval
    broken: bool  # whether a trial of the best setting diverged or failed


class Outcome(NamedTuple):
    """Which of two sides is ahead.

    Attributes:
      better: by the rule; None where their values are equal.
      difference: of the first's metric minus the second's.
      pairs: seeds or folds that were paired; 0 where the values were not.
      unit: of the pairs.
    """

    better: ComparedRun | None
    difference: Estimate
    pairs: int
    unit: str

    @property
    def is_certain(self) -> bool:
        """Whether the interval of the difference is there and leaves out 0."""
        return self.difference.low > 0 or self.difference.high < 0


def compared_runs(runs: tuple[Run, Run]) -> tuple[ComparedRun, ComparedRun]:
    """Choose the best setting of each of two runs by one rule; UserError if they cannot be compared."""
    first, second = runs
    if not isinstance(second, Run):
        raise UserError(f"A run to compare with was expected (nnjax.load(FOLDER)), but {represent(second)} was given.")
    if first is second or _same_folder(first, second):
        raise UserError("A run cannot be compared with itself; name another run.")
    own = [_choose(run, letter, None) for run, letter in zip(runs, LETTERS, strict=True)]
    _refuse_other_task(own)
    metric = _common_metric(runs, own)
    one, other = (_side(run, letter, _choose(run, letter, metric)) for run, letter in zip(runs, LETTERS, strict=True))
    return one, other


def _same_folder(first: Run, second: Run) -> bool:
    return bool(first.path and second.path and first.path.resolve() == second.path.resolve())


def _choose(run: Run, letter: str, metric: str | None) -> Choice:
    """Choose a setting; an error says in which of the runs."""
    try:
        return choose(run, metric)
    except UserError as error:
        raise UserError(f"Run {letter} ({name_of(run, letter)}) has no setting to compare: {error}") from None


def name_of(run: Run, letter: str) -> str:
    """Name a run: its title, its folder, or its letter."""
    return run.title.strip().removesuffix(".") or (run.path.resolve().name if run.path is not None else letter)


def _side(run: Run, letter: str, choice: Choice) -> ComparedRun:
    own = {i: run.specs[i].experiment for i in choice.setting.trials}
    values = {i: value_of(one, run.records[i], choice.metric) for i, one in own.items()}
    known = {replicate_of(own[i]): value for i, value in values.items() if math.isfinite(value)}
    broken = any(run.records[i].status in OVER and not math.isfinite(value) for i, value in values.items())
    score = estimate_over(choice.setting, choice.metric, list(known.values()))
    return ComparedRun(letter, name_of(run, letter), run, choice, known, score, broken)


def _refuse_other_task(own: list[Choice]) -> None:
    """Refuse runs whose scores are of different examples, answers or units."""
    one, other = (choice.setting for choice in own)
    checks: list[tuple[str, Callable[[Setting], object]]] = [
        ("goal", lambda s: s.goal),
        ("data", lambda s: s.facts.sha256 or s.facts.name),
        ("target", lambda s: (s.facts.targets, s.facts.classes)),
        ("scaling of what is compared", lambda s: comparable(s.experiment)[2:]),  # type: ignore[index]
    ]
    for what, of in checks:
        if of(one) != of(other):
            texts = [_describe(what, setting) for setting in (one, other)]
            raise UserError(
                f"The two runs differ in their {what} (A {texts[0]}, B {texts[1]}), so their scores cannot be "
                "compared; compare runs of the same task."
            )


def _describe(what: str, setting: Setting) -> str:
    facts, data = setting.facts, setting.experiment.data
    if what == "data":
        return f"{facts.name}, SHA-256 {facts.sha256[:8] or 'unknown'}"
    if what == "target":
        return ", ".join(facts.targets) or f"{len(facts.classes)} classes"
    return setting.goal if what == "goal" else f"{data.scaling} inputs, {data.target_scaling} targets"


def _common_metric(runs: tuple[Run, Run], own: list[Choice]) -> str:
    """Return the metric by which both are chosen; of different losses accuracy or mean squared error stands for them.

    Raises:
      UserError: the rules differ, or the losses do and nothing stands for them.
    """
    selects = [choice.setting.experiment.select for choice in own]
    if selects[0] != selects[1]:
        raise UserError(
            f"Run A chooses by its validation {named(selects[0])} and run B by its validation {named(selects[1])}, "
            "which cannot be compared; give both the same `select`."
        )
    metrics, losses = {choice.metric for choice in own}, [str(choice.setting.experiment.loss) for choice in own]
    if len(metrics) == 1 and (metrics != {LOSS} or losses[0] == losses[1]):
        return own[0].metric
    both = [name for name in IN_PLACE if all(name in validation_metrics(run) for run in runs)]
    if not both:
        raise UserError(
            f"Run A's loss is {named(losses[0])} and run B's is {named(losses[1])}, and no metric was recorded in both "
            "that could stand for them; train them with a common metric."
        )
    return both[0]


def decide(one: ComparedRun, other: ComparedRun) -> Outcome:
    """Say which side is ahead by the rule, and with what interval.

    Values are paired where both best settings have the same seeds and folds; else the means are compared.
    """
    folds = tuple(side.choice.setting.experiment.data.folds for side in (one, other))
    if one.values.keys() == other.values.keys() and folds[0] == folds[1] and len(one.values) > 1:
        compared = compare_paired(one.values, other.values, folds[0])
        difference, pairs, unit = compared.difference, compared.difference.count, compared.unit
    else:
        values = [list(side.values.values()) for side in (one, other)]
        difference, pairs, unit = difference_of_means(values[0], values[1], (folds[0], folds[1])), 0, ""
    return Outcome(_ahead(one, other), difference, pairs, unit)


def _ahead(one: ComparedRun, other: ComparedRun) -> ComparedRun | None:
    """Return the side that comes first by the rule: none of its trials diverged, the better mean."""
    if one.broken != other.broken:
        return other if one.broken else one
    if one.score.mean == other.score.mean:
        return None
    return one if (one.score.mean > other.score.mean) == is_maximized(one) else other


def is_maximized(side: ComparedRun) -> bool:
    """Whether the highest value of the metric is the best."""
    return side.choice.metric != LOSS and direction(side.choice.metric, experiment_of(side))


def experiment_of(side: ComparedRun) -> Experiment:
    """The experiment of a side's chosen setting."""
    return side.choice.setting.experiment

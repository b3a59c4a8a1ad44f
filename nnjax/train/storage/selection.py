"""The rule by which the best setting is chosen. It never sees the test part.

Settings are compared by a metric (`Experiment.select`) on the validation part at the weights of the best epoch,
averaged over seeds and folds. Those with a replicate that diverged or failed come after all others; equal ones are
sorted by their parameters, fewest first, then by index. Settings with other data, targets or goals are not compared;
where the losses differ and the metric is the loss, accuracy or mean squared error stands for it.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.messages import pass_again
from nnjax.core.object_refs import is_path
from nnjax.models.registry import traits_of
from nnjax.train.storage.records import OVER, Record, is_scored

LOSS = "loss"
BEST_VALIDATION = "best_val_{}"  # the name of a value at the best epoch's weights
IN_PLACE = ("accuracy", "mean_squared_error")  # of losses that differ: of a classifier, and of all others
ALL = "all"  # of `Experiment.evaluate_test`

Records = Sequence[Record]


class Candidate(NamedTuple):
    """A setting and its value."""

    trials: tuple[int, ...]  # ids of its replicates
    mean: float  # of the metric, over the replicates that finished; NaN where none has a finite one
    broken: bool  # whether one of them diverged or failed
    ended: bool  # whether all of them have


class Ranking(NamedTuple):
    """Settings that can be compared, the best first."""

    metric: str  # "loss", or a metric's name
    maximized: bool  # whether its highest value is the best
    candidates: tuple[Candidate, ...]  # those without a value come last, in their own order

    @property
    def best(self) -> Candidate | None:
        """The chosen one; None where no setting has a value."""
        return next((one for one in self.candidates if math.isfinite(one.mean)), None)

    @property
    def tested(self) -> tuple[int, ...]:
        """The trials whose test part is evaluated: the chosen setting's, or where there is only one setting its own."""
        chosen = self.candidates[0] if len(self.candidates) == 1 else self.best
        return () if chosen is None else chosen.trials

    def tied(self) -> list[Candidate]:
        """The chosen one and its equals, of whatever size."""
        best = self.best
        return [] if best is None else [one for one in self.candidates if self.order(one) == self.order(best)]

    def order(self, one: Candidate) -> tuple[bool, bool, float]:
        """What candidates are sorted by, but for their size and index."""
        if not math.isfinite(one.mean):
            return True, False, 0.0
        return False, one.broken, -one.mean if self.maximized else one.mean


def group_settings(specs: Sequence[TrialSpec]) -> list[tuple[int, ...]]:
    """Collect trials that differ in their seed or fold only, in the order in which they first appear."""
    members: dict[Hashable, list[int]] = {}
    for spec in specs:
        key = (spec.arm, spec.experiment.setting_key, spec.start_from is None)
        members.setdefault(key, []).append(spec.id)
    return [tuple(trials) for trials in members.values()]


def comparable(experiment: Experiment) -> Hashable:
    """What experiments have in common whose validation scores can be compared: data, goal, scale of the targets."""
    data, copies = experiment.data, traits_of(experiment.model).reconstructs
    return data.name, data.data_dir, data.target, copies, data.scaling if copies else data.target_scaling


def rank(
    specs: Sequence[TrialSpec],
    records: Records,
    num_parameters: Callable[[int], int] = lambda trial: 0,
    select: str | None = None,
    settings: Sequence[tuple[int, ...]] | None = None,
) -> list[Ranking]:
    """Rank the settings of a run by the rule; those that cannot be compared apart.

    Args:
      specs, records: of all trials, by id.
      num_parameters: of a trial's network; asked where settings are equal.
      select: a metric in the place of the experiments' own.
      settings: the trials of each, where they are known already (`group_settings`).
    """
    groups: dict[Hashable, list[tuple[int, ...]]] = {}
    for trials in group_settings(specs) if settings is None else settings:
        groups.setdefault(comparable(specs[trials[0]].experiment), []).append(trials)
    return [_ranking(specs, records, some, num_parameters, select) for some in groups.values()]


def _ranking(
    specs: Sequence[TrialSpec],
    records: Records,
    some: Sequence[tuple[int, ...]],
    num_parameters: Callable[[int], int],
    select: str | None,
) -> Ranking:
    """Rank settings that can be compared."""
    firsts = [specs[trials[0]].experiment for trials in some]
    metric = _metric(firsts, [records[i] for trials in some for i in trials], select or firsts[0].select)
    maximized = metric != LOSS and direction(metric, firsts[0])
    blank = Ranking(metric, maximized, ())
    found = [_candidate(specs, records, trials, metric) for trials in some]
    equal = {order for order, count in Counter(map(blank.order, found)).items() if count > 1}
    by_size = {one.trials: num_parameters(one.trials[0]) for one in found if blank.order(one) in equal - {_NONE}}
    found.sort(key=lambda one: (*blank.order(one), by_size.get(one.trials, 0)))
    return blank._replace(candidates=tuple(found))


_NONE = (True, False, 0.0)  # the order of a candidate without a value


def _metric(firsts: Sequence[Experiment], records: Records, select: str) -> str:
    if select != LOSS or len({experiment.loss for experiment in firsts}) == 1:
        return select
    return next((name for name in IN_PLACE if any(BEST_VALIDATION.format(name) in r.values for r in records)), LOSS)


def direction(metric: str, experiment: Experiment) -> bool:
    """Whether a metric's highest value is the best; UserError if it is a user's, and only named here."""
    from nnjax.nn.metrics import directions_of, is_maximized, known_metric

    own, directions = [one for one in experiment.metrics or () if is_path(one)], directions_of(experiment.metrics or ())
    if metric not in directions and known_metric(metric) is None and len(own) > len(directions):
        raise UserError(
            f"Settings are chosen by the metric {metric}, whose direction the run folder does not say: "
            f"{pass_again('metrics')}."
        )
    return is_maximized(metric, directions)


def _candidate(specs: Sequence[TrialSpec], records: Records, trials: tuple[int, ...], metric: str) -> Candidate:
    values = [value_of(specs[i].experiment, records[i], metric) for i in trials]
    known = [value for value in values if math.isfinite(value)]
    mean = math.fsum(known) / len(known) if known else math.nan
    over = [records[i].status in OVER for i in trials]
    broken = any(ended and not math.isfinite(value) for ended, value in zip(over, values, strict=True))
    return Candidate(trials, mean, broken, all(over))


def value_of(experiment: Experiment, record: Record, metric: str) -> float:
    """Return a trial's validation value at its best epoch, as trials.csv holds it; NaN unless it `is_scored`."""
    if not is_scored(record):
        return math.nan
    names = [metric] + [LOSS] * (metric == experiment.loss)
    found = [record.values[key] for key in map(BEST_VALIDATION.format, names) if key in record.values]
    return float(f"{found[0]:.9g}") if found else math.nan


def refuse_several_rules(specs: Sequence[TrialSpec]) -> None:
    """Refuse trials that would be chosen, or tested, by different rules."""
    for name in ("select", "evaluate_test"):
        found = list(dict.fromkeys(str(getattr(spec.experiment, name)) for spec in specs))
        if len(found) > 1:
            raise UserError(
                f"The trials have {name} {' and '.join(found)}, but one rule serves a whole run: take it out of the "
                "space."
            )

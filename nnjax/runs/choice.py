"""Choose the best setting of a run, and its best trial, by the rule of `nnjax.train.storage.selection`."""

import contextlib
import difflib
import functools
import math
from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple

from nnjax.core.errors import UserError
from nnjax.core.text import count, number
from nnjax.models.summary import summarize_model
from nnjax.nn.metrics import known_metric
from nnjax.runs.run_protocol import TrainedTrials
from nnjax.runs.settings import Setting, has_weights
from nnjax.train.engine.device_data import output_width
from nnjax.train.storage.selection import BEST_VALIDATION, LOSS, Ranking, rank, value_of


class Choice(NamedTuple):
    """The chosen setting of a run."""

    setting: Setting  # the setting
    trial: int  # its replicate with the best value, of those whose weights are there: the chosen network
    # by which it was chosen: "loss", or a metric's name; on the validation part, at the best epoch's weights
    metric: str
    mean: float  # of the metric over the replicates that finished
    rivals: int  # how many settings it was chosen from

    def __str__(self) -> str:
        """Say it in a line."""
        mean = " (mean of its trials)" if len(self.setting.trials) > 1 else ""
        of = f", the best of {self.rivals:,} settings" if self.rivals > 1 else ""
        return f"{self.setting.label} (trial {self.trial}): {words(self.metric)} {number(self.mean)}{mean}{of}"


def rank_settings(run: TrainedTrials, select: str | None = None) -> list[Ranking]:
    """Rank the settings of a run by the rule; see `Run.rankings`, and `choose` of `select`."""
    known = [setting.trials for setting in run.all_settings]
    return rank(run.specs, run.records, functools.partial(_num_parameters, run), select, known)


def _num_parameters(run: TrainedTrials, trial: int) -> int:
    experiment, facts = run.experiment(trial), run.facts(trial)
    return summarize_model(experiment, facts.example_shape, output_width(experiment.model, facts)).parameters


def choices(run: TrainedTrials, select: str | None = None) -> list[Choice]:
    """Choose a setting among each of those that can be compared; none where no setting has a value."""
    known = {setting.trials: setting for setting in run.all_settings}
    rankings = run.rankings if select is None else rank_settings(run, select)
    return [one for ranking in rankings if (one := _choice(run, ranking, known)) is not None]


def _choice(run: TrainedTrials, ranking: Ranking, known: Mapping[tuple[int, ...], Setting]) -> Choice | None:
    best = ranking.best
    if best is None:
        return None
    values = {i: value_of(run.specs[i].experiment, run.records[i], ranking.metric) for i in best.trials}
    finite = [i for i, value in values.items() if math.isfinite(value)]
    able = [i for i in finite if has_weights(run, i)] or finite
    trial = min(able, key=lambda i: (-values[i] if ranking.maximized else values[i], i))
    return Choice(known[best.trials], trial, ranking.metric, best.mean, len(ranking.candidates))


def choose(run: TrainedTrials, select: str | None = None) -> Choice:
    """Choose the best setting of a run.

    Args:
      run: finished, or as far as it came.
      select: "loss" or a metric's name, in the place of `Experiment.select`.

    Raises:
      UserError: there is no validation part, no trial has finished, the settings have several data or goals, or no
        trial recorded the metric.
    """
    select = None if select is None else validation_metric(run, select)
    found = choices(run, select)
    if len(found) == 1:
        return found[0]
    if found:
        names = "; ".join(choice.setting.label for choice in found[:4])
        raise UserError(
            f"The run has {len(found)} kinds of settings that cannot be compared, each with a best one ({names}): name "
            "a trial (trial=N)."
        )
    if not any(run.facts(spec.id).sizes[1] for spec in run.specs):
        raise UserError(
            "The run has no validation part, so nothing is chosen: name a trial (trial=N), or train with one "
            "(data.validation=0.1)."
        )
    what = select or run.specs[0].experiment.select
    raise UserError(f"No trial has finished with a finite {words(what)}: name a trial (trial=N).")


def validation_metric(run: TrainedTrials, name: str) -> str:
    """Return the short name of a metric on the validation part: "accuracy" of itself and of "val_accuracy".

    Raises:
      UserError: no trial recorded it; while none has recorded any every name passes.
    """
    short = str(name).removeprefix("best_").removeprefix("val_")
    known = validation_metrics(run)
    if known and short not in known:
        raise unknown_metric(name, known, known)
    return short


def validation_metrics(run: TrainedTrials) -> list[str]:
    """Name the metrics that some trial recorded on the validation part at its best epoch, without their part."""
    start = BEST_VALIDATION.format("")
    names = [name.removeprefix(start) for r in run.records for name in r.values if name.startswith(start)]
    losses = [str(spec.experiment.loss) for spec in run.specs] if LOSS in names else []
    return list(dict.fromkeys(names + losses))


def unknown_metric(name: str, known: Collection[str], shown: Collection[str]) -> UserError:
    """Say that no trial recorded a metric, with close names among the known ones, and those that are shown."""
    begin = [one for one in known if one.startswith(str(name).lower())]
    close = begin[:2] or difflib.get_close_matches(str(name).lower(), known, n=2)
    hint = f" (did you mean {' or '.join(close)}?)" if close else ""
    return UserError(f"No trial recorded a metric {name!r}{hint}; there are {', '.join(shown)}.")


def ends(run: TrainedTrials) -> Counter[str]:
    """Count the trials by how they ended."""
    return Counter(record.status for record in run.records)


def describe(run: TrainedTrials) -> str:
    """Say in a line how many trials and settings a run has, how they ended and which setting is chosen."""
    how = ", ".join(f"{number:,} {status}" for status, number in ends(run).items())
    text, chosen = f"{count(len(run.specs), 'trial')} ({how}) of {count(len(run.all_settings), 'setting')}", []
    with contextlib.suppress(UserError):  # of a metric whose direction is not known
        chosen = [f"chosen: {one}" for one in choices(run)]
    return f"<nnjax run: {'; '.join([text, *chosen])}>"


def words(metric: str) -> str:
    """Name what settings are chosen by, for people: "validation loss"."""
    found = None if metric == LOSS else known_metric(metric)
    return f"validation {found.words or found.name if found else metric}".replace("_", " ")

"""Settings of a run (trials that differ in seed or fold only), and their scores."""

from collections.abc import Sequence

import numpy as np

from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.fields import flatten
from nnjax.core.object_refs import short_name
from nnjax.core.text import field_name, show
from nnjax.core.types import DataFacts
from nnjax.models.registry import traits_of
from nnjax.nn.metrics import metric_of, range_of, usual_metrics
from nnjax.runs.run_protocol import Setting, TrainedTrials
from nnjax.runs.statistics import Estimate, estimate
from nnjax.train.engine.device_data import output_width
from nnjax.train.storage.records import DIVERGED, FINISHED, Record, is_scored
from nnjax.train.storage.selection import ALL, group_settings

PREFIX = {"test": "test_{}", "validation": "best_val_{}", "training": "train_{}_eval"}


def collect_settings(run: TrainedTrials) -> list[Setting]:
    """Collect the trials of a run into settings, in the order in which they first appear; see `Run.all_settings`."""
    members = [[run.specs[trial] for trial in trials] for trials in group_settings(run.specs)]
    firsts: dict[str, list[TrialSpec]] = {}
    for some in members:
        firsts.setdefault(some[0].arm, []).append(some[0])
    varying = {arm: _varying(own) for arm, own in firsts.items()}
    return [_setting(some, varying[some[0].arm], run.experiment(some[0].id), run.facts(some[0].id)) for some in members]


def _setting(specs: Sequence[TrialSpec], varying: Sequence[str], experiment: Experiment, facts: DataFacts) -> Setting:
    first = specs[0]
    own = flatten(first.experiment)
    parts = [first.arm] * bool(first.arm) + [f"{field_name(path)} {show(own[path])}" for path in varying]
    label = ", ".join(parts) or layers(first.experiment, facts)
    goal = traits_of(first.experiment.model).goal(facts.task)
    return Setting(label, first.arm, tuple(spec.id for spec in specs), goal, experiment, facts)


def _varying(firsts: Sequence[TrialSpec]) -> list[str]:
    """Name the fields in which the settings of one arm differ."""
    flats = [flatten(spec.experiment.setting_key) for spec in firsts]
    return [path for path in flats[0] if len({flat[path] for flat in flats}) > 1]


def layers(experiment: Experiment, facts: DataFacts) -> str:
    """Write the widths of all layers, such as 784-128-64-128-784, after the kind where they are not all dense."""
    model = experiment.model
    widths = "-".join(map(str, (facts.num_inputs, *model.widths, output_width(model, facts))))
    return widths if traits_of(model).is_dense else f"{short_name(model.kind)} {widths}"


def report_part(setting: Setting) -> str:
    """Name the part on which settings are compared: validation, else training; test where all trials are tested."""
    _, validation, test = setting.facts.sizes
    if test and setting.experiment.evaluate_test == ALL:
        return "test"
    return "validation" if validation else "training"


def test_scores(run: TrainedTrials, setting: Setting, metric: str) -> np.ndarray:
    """Collect a metric of a setting's trials on the test part, [trials], NaN where it was not evaluated.

    At the best epoch's weights, by which settings are chosen; without a validation part at the final ones.
    """
    pattern = "best_test_{}" if setting.facts.sizes[1] else "test_{}"
    return np.array([_look_up(run.specs[i].experiment, run.records[i], metric, pattern) for i in setting.trials])


def tested_at(setting: Setting) -> str:
    """Say with which weights `test_scores` are measured."""
    return weights_words("best" if setting.facts.sizes[1] else "final")


def scored_with(part: str) -> str:
    """Name the weights with which `scores` of a part are measured: "best" or "final"."""
    return "best" if part == "validation" else "final"


def weights_words(which: str) -> str:
    """Say which weights the "best" or "final" ones are."""
    return f"the weights of the {'best' if which == 'best' else 'last'} epoch"


def score(experiment: Experiment, record: Record, metric: str, part: str) -> float:
    """Look up a trial's metric on a part ("test", "validation", "training"); NaN where there is none.

    On the validation part at the best epoch's weights, else at the final ones. A trial that diverged has none: what was
    measured on it belongs to the weights before, often the initial ones.
    """
    return _look_up(experiment, record, metric, PREFIX[part])


def _look_up(experiment: Experiment, record: Record, metric: str, pattern: str) -> float:
    if record.status == DIVERGED:
        return float("nan")
    names = [pattern.format(metric)]
    if metric == experiment.loss:  # then it is there under the name of the loss only, unless training used its logits
        names.append(pattern.format("loss"))
        names += ["train_loss"] * (pattern == PREFIX["training"])
    return next((record.values[name] for name in names if name in record.values), float("nan"))


def scores(run: TrainedTrials, setting: Setting, metric: str, part: str | None = None) -> np.ndarray:
    """Collect a metric of a setting's trials, [trials], NaN where there is none; by default on the report's part."""
    part = part or report_part(setting)
    return np.array([score(run.specs[i].experiment, run.records[i], metric, part) for i in setting.trials])


def estimate_over(setting: Setting, metric: str, values: Sequence[float] | np.ndarray) -> Estimate:
    """Estimate the mean of a metric over a setting's seeds or folds; its interval ends where no value can be."""
    experiment = setting.experiment
    return estimate(values, experiment.data.folds, range_of(metric, experiment.loss, experiment.metrics or ()))


def mean_and_spread(values: Sequence[float] | np.ndarray) -> tuple[float, float, int]:
    """Return the mean, the sample standard deviation (NaN for one value) and the number of the finite values."""
    found = estimate(values)
    return found.mean, found.spread, found.count


def cost(run: TrainedTrials, setting: Setting, part: str | None = None) -> np.ndarray:
    """Return a score of which lower is better, [trials]: MSE, or the share of wrong answers."""
    first = usual_metrics(setting.goal)[0]
    values = scores(run, setting, first, part)
    return 1 - values if metric_of(first).maximized else values


def representative(run: TrainedTrials, setting: Setting) -> int | None:
    """Choose the trial that represents a setting: that of median cost; None if none has weights."""
    able = [i for i in setting.trials if has_weights(run, i)]
    costs = dict(zip(setting.trials, cost(run, setting), strict=True))
    finite = sorted((i for i in able if np.isfinite(costs[i])), key=lambda i: costs[i])
    return finite[(len(finite) - 1) // 2] if finite else (able[0] if able else None)


def has_weights(run: TrainedTrials, trial: int) -> bool:
    """Whether a trial was scored, so that its weights are numbers, and they were kept."""
    record = run.records[trial]
    kept = record.status in FINISHED and run.store.keep is None
    return kept or (is_scored(record) and run.store.has_weights(trial))

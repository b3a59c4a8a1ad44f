"""The metric of an adaptive search: which ones trials will have, and a trial's value and curve of it."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.types import Prepared
from nnjax.runs.trials_csv import cell
from nnjax.train.engine.device_data import make_shapes
from nnjax.train.engine.trial import metric_names
from nnjax.train.storage.records import FINISHED, Record


def require_metric(metric: str, specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> None:
    """Refuse a metric that some trial will not have, or by which they cannot be compared.

    Raises:
      UserError: it is such a one.
    """
    known = [final_metrics(spec.experiment, prepared[spec.experiment.data]) for spec in specs]
    common = [name for name in known[0] if all(name in names for names in known)]
    if metric not in common:
        raise UserError(f"The metric is {metric!r}, but one of {', '.join(common)} was expected.")
    if metric.endswith(("_loss", "loss_eval")) and len({spec.experiment.loss for spec in specs}) > 1:
        others = [name for name in common if name.startswith("val_") and name != "val_loss"]
        raise UserError(
            f"The loss is an axis of the space, so that {metric} is not one scale; choose another metric, such as "
            f"{' or '.join(others) or 'an accuracy'}."
        )


def final_metrics(experiment: Experiment, prepared: Prepared) -> list[str]:
    """Name the final metrics that a trial will have, the usual one first."""
    names = ("loss", *metric_names(experiment, make_shapes(experiment, prepared), final=True))
    parts = {"val": prepared.validation, "test": prepared.test}
    there = [part for part, index in parts.items() if len(index)]
    evaluated = [f"{best}{part}_{name}" for part in there for best in ("", "best_") for name in names]
    train = [f"train_{name}_eval" for name in names] if experiment.train_eval_size != 0 else []
    return [*evaluated, "train_loss", *train]


def value_of(record: Record, metric: str) -> float:
    """Give a metric of a finished trial as trials.csv has it, so that resuming changes nothing; else NaN."""
    value = record.values.get(metric, math.nan) if record.status in FINISHED else math.nan
    return float(cell(value))


def curve_of(records: Sequence[Record], metric: str) -> np.ndarray:
    """Average the curve that belongs to a metric over trials, [epochs that all of them have]; empty without one."""
    curves = [record.curves.get(metric.removeprefix("best_"), np.zeros(0)) for record in records]
    length = min(map(len, curves))
    return np.mean([curve[:length] for curve in curves], axis=0)

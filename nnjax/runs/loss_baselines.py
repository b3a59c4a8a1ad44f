"""What the best constant answer reaches on the data of a run: measured once, kept in data.json; without JAX."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nnjax.core.experiment import DataConfig, Experiment

Key = tuple[DataConfig, str, str]  # the data, the loss and the kind of model that it belongs to


class LossBaselines(NamedTuple):
    """On the validation part; None where there is none, or none worth the name.

    Attributes:
      mean_predictor: the loss of the best constant answer on the training part.
      chance_accuracy: the accuracy of the training part's most frequent class.
      floor: the least loss there can be.
    """

    mean_predictor: float | None = None
    chance_accuracy: float | None = None
    floor: float | None = None


Baselines = Mapping[Key, LossBaselines]


def key_of(experiment: Experiment) -> Key:
    """Name what a trial's baselines depend on."""
    return experiment.data, str.__str__(experiment.loss), str.__str__(experiment.model.kind)


def to_json(baselines: Baselines, configs: Sequence[DataConfig]) -> list[dict[str, Any]]:
    """Describe baselines, their data by the place among some."""
    return [
        {"data": configs.index(data), "loss": loss, "kind": kind, **found._asdict()}
        for (data, loss, kind), found in baselines.items()
        if data in configs
    ]


def from_json(trees: Sequence[Mapping[str, Any]], configs: Sequence[DataConfig]) -> dict[Key, LossBaselines]:
    """Read back what `to_json` says.

    Raises:
      LookupError, TypeError, ValueError: it is not as it was written.
    """
    return {(configs[tree["data"]], str(tree["loss"]), str(tree["kind"])): _from_tree(tree) for tree in trees}


def _from_tree(tree: Mapping[str, Any]) -> LossBaselines:
    return LossBaselines(*(None if tree[name] is None else float(tree[name]) for name in LossBaselines._fields))

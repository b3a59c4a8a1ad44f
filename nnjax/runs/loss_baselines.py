"""What the best constant output reaches on the data of a run: measured once, kept in data.json; without JAX."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nnjax.core.class_weight import BALANCED
from nnjax.core.experiment import DataConfig, Experiment
from nnjax.core.types import DataFacts
from nnjax.models.registry import traits_of

Key = tuple[DataConfig, str, str, str | None]  # the data, loss, kind of model and class weights it belongs to


class LossBaselines(NamedTuple):
    """On the validation part; None where there is none, or none worth the name.

    Attributes:
      mean_predictor: the loss of the best constant output on the training part, with its class weights.
      chance_accuracy: the accuracy of the training part's most frequent class; None with class weights.
      floor: the least loss there can be.
    """

    mean_predictor: float | None = None
    chance_accuracy: float | None = None
    floor: float | None = None


Baselines = Mapping[Key, LossBaselines]


def key_of(experiment: Experiment) -> Key:
    """Name what a trial's baselines depend on."""
    weights = None if experiment.class_weight is None else str.__str__(experiment.class_weight)
    return experiment.data, str.__str__(experiment.loss), str.__str__(experiment.model.kind), weights


def assumed(experiment: Experiment, facts: DataFacts) -> LossBaselines:
    """Return what is known without measuring, for older folders, which keep no baselines and know no other losses.

    Log C for C classes, which the loss of the best constant output is where they are equally frequent.
    """
    classifies = experiment.loss in ("categorical_crossentropy", "kl_divergence") and len(facts.classes) > 1
    uniform = experiment.class_weight in (None, BALANCED) and not traits_of(experiment.model).reconstructs
    return LossBaselines(math.log(len(facts.classes)) if classifies and uniform else None)


def to_json(baselines: Baselines, configs: Sequence[DataConfig]) -> list[dict[str, Any]]:
    """Describe baselines, their data by the place among some."""
    return [
        {"data": configs.index(data), "loss": loss, "kind": kind, "class_weight": weights, **found._asdict()}
        for (data, loss, kind, weights), found in baselines.items()
        if data in configs
    ]


def from_json(trees: Sequence[Mapping[str, Any]], configs: Sequence[DataConfig]) -> dict[Key, LossBaselines]:
    """Read back what `to_json` says; LookupError, TypeError or ValueError if it was changed."""
    return {_key_from(tree, configs): _from_tree(tree) for tree in trees}


def _key_from(tree: Mapping[str, Any], configs: Sequence[DataConfig]) -> Key:
    weights = tree.get("class_weight")  # not in older folders
    return configs[tree["data"]], str(tree["loss"]), str(tree["kind"]), None if weights is None else str(weights)


def _from_tree(tree: Mapping[str, Any]) -> LossBaselines:
    return LossBaselines(*(None if tree[name] is None else float(tree[name]) for name in LossBaselines._fields))

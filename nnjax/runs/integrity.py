"""Check that the files of a run folder are consistent, where somebody may have edited them by hand."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.types import DataFacts
from nnjax.train.storage.records import Stage


def check_facts(facts: DataFacts) -> None:
    """Refuse facts that contradict themselves by a ValueError."""
    counts = [facts.num_inputs, facts.num_targets, *facts.sizes, *facts.shape, *(facts.image_shape or ())]
    if not all(type(count) is int and 0 <= count < 2**48 for count in counts) or len(facts.sizes) != 3:
        raise ValueError(f"the numbers of inputs, targets or examples of {facts.name!r} are not whole numbers")
    texts = [facts.name, facts.source, facts.sha256, facts.task, *facts.classes, *facts.features, *facts.targets]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("the names of classes, inputs or targets are not texts")
    if facts.task not in ("classification", "regression", "none"):
        raise ValueError(f"the task is {facts.task!r}")
    scalers = (("x_scaler", facts.x_scaler, facts.num_inputs), ("y_scaler", facts.y_scaler, facts.num_targets))
    for what, scaler, width in scalers:
        for part in scaler:
            if (
                part.dtype.kind != "f"
                or part.ndim > 1
                or (part.ndim and len(part) != (facts.num_targets if width is None else width))
            ):
                raise ValueError(f"the {what} has the shape {part.shape} and type {part.dtype}")
            if not np.isfinite(part).all():
                raise ValueError(f"the {what} is not finite")
    if facts.image_shape is not None and len(facts.image_shape) != 2:
        raise ValueError(f"the image_shape is {facts.image_shape}")
    for what, found in (("shape", facts.shape), ("features", facts.features)):
        size = math.prod(facts.shape) if what == "shape" else len(facts.features)
        if found and size != facts.num_inputs:
            raise ValueError(f"the {what} do not go with {facts.num_inputs} inputs")


def check_data(specs: Sequence[TrialSpec], facts: Mapping[DataConfig, DataFacts]) -> None:
    """Refuse trials of whose data nothing is known by a ValueError: config.json and data.json differ."""
    for spec in specs:
        if spec.experiment.data not in facts:
            raise ValueError(f"it does not describe the data of trial {spec.id}, as config.json has them")


def check_parents(parents: Sequence[int | None]) -> None:
    """Refuse trials that start from one that does not come before them by a ValueError."""
    for trial, parent in enumerate(parents):
        if parent is not None and not (type(parent) is int and 0 <= parent < trial):
            raise ValueError(f"trial {trial} starts from {parent!r}, which is no trial before it")


def check_schedules(schedules: Sequence[Sequence[Stage]]) -> None:
    """Refuse by a ValueError stages out of order, and parents that are no trials or are replaced at that epoch."""
    replaced = {(trial, stage.epoch) for trial, stages in enumerate(schedules) for stage in stages if stage.epoch}
    for trial, stages in enumerate(schedules):
        epochs = [stage.epoch for stage in stages]
        if not stages or epochs[0] != 0 or sorted(set(epochs)) != epochs:
            raise ValueError(f"the stages of trial {trial} begin at the epochs {epochs}")
        for stage in stages:
            known = type(stage.parent) is int and 0 <= stage.parent < len(schedules)
            if stage.parent is not None and (not known or (stage.parent, stage.epoch) in replaced):
                raise ValueError(f"trial {trial} goes on from {stage.parent!r} at epoch {stage.epoch}")


def check_curves(curves: Mapping[str, np.ndarray], num_trials: int, axes: int = 2) -> None:
    """Refuse arrays that are not numbers [trial, epoch], or [trial, epoch, layer], by a ValueError."""
    for name, array in curves.items():
        if array.ndim != axes or array.dtype.kind not in "fiu" or len(array) < num_trials:
            raise ValueError(f"{name!r} has the shape {array.shape} and type {array.dtype}")


def check_plan(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plan of a group of trials; refuse one with which nothing can be trained.

    Raises:
      ValueError, LookupError, TypeError, AttributeError: it is such a one.
    """
    numbers = [tree.get(name) for name in ("devices", "batch_devices", "lanes")]
    numbers += [lanes for lanes, _ in tree.get("measured", [])]
    if any(number is not None and (type(number) is not int or number < 1) for number in numbers):
        raise ValueError(f"the devices or lanes of a plan are {numbers}")
    if any(type(tree.get(name, False)) is not bool for name in ("fixed", "merge")):
        raise ValueError(f"fixed or merge of a plan is {tree.get('fixed')!r} or {tree.get('merge')!r}")
    laid_out = tree.get("devices") is not None and tree.get("lanes") is not None
    if tree.get("order", "auto") not in ("shared", "own", *["auto"] * (not laid_out)):
        raise ValueError(f"the order of a plan is {tree.get('order')!r}")
    if any(not 0 < float(seconds) < math.inf for _, seconds in tree.get("measured", [])):
        raise ValueError("the measured seconds of a plan are no times")
    if tree.get("price"):
        kinds, together, apart = map(float, tree["price"])
        if not all(0 < value < math.inf for value in (kinds, together, apart)):
            raise ValueError(f"the price of a plan is {tree['price']}")
    return {**tree, "trials": [int(trial) for trial in tree.get("trials", [])]}

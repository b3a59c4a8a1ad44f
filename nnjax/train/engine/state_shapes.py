"""Shapes of a trial's state, and the numbers and names by which its program knows it."""

import dataclasses
import functools
from typing import cast

import jax
import numpy as np

from nnjax.core.experiment import DataConfig, Experiment
from nnjax.core.object_refs import ObjectRef
from nnjax.core.types import TrialState
from nnjax.train.engine.device_data import Shapes
from nnjax.train.engine.trial import Trial


def traced_values(experiment: Experiment, shapes: Shapes) -> dict[str, float]:
    """Return the numbers of a trial that enter its program: its hyperparameters, and its place in an envelope."""
    present = experiment.hyperparameters.present()
    return present if shapes.envelope is None else shapes.envelope.values(experiment)


def traced_names(experiment: Experiment, shapes: Shapes) -> tuple[str, ...]:
    """Name what `traced_values` gives of the trials of a group, of which this is the static part."""
    present = experiment.hyperparameters.present()
    return tuple(present) if shapes.envelope is None else shapes.envelope.names()


def blank_state(experiment: Experiment, shapes: Shapes) -> TrialState:
    """Return the shapes of one trial's state; traced once for all data sets of a shape."""
    if isinstance(experiment.model.kind, ObjectRef):  # which may have changed
        return _blank_state.__wrapped__(experiment, shapes)
    return _blank_state(dataclasses.replace(experiment.program_key, data=DataConfig()), shapes)


@functools.lru_cache(maxsize=64)
def _blank_state(experiment: Experiment, shapes: Shapes) -> TrialState:
    trial, names = Trial(experiment, shapes), traced_names(experiment, shapes)
    number = jax.ShapeDtypeStruct((), trial.dtype)
    seed = jax.ShapeDtypeStruct((), np.uint32)
    return cast(TrialState, jax.eval_shape(trial.init, dict.fromkeys(names, number), seed))

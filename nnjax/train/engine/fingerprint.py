"""Tell whether the user's pieces are still what they were: a hash of the program that they make of a step."""

from __future__ import annotations

import dataclasses
import hashlib
import re

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.experiment import Experiment
from nnjax.core.fields import PIECES, flatten
from nnjax.core.pieces import Piece
from nnjax.train.engine.device_data import Shapes
from nnjax.train.engine.trial import Trial, blank_state

ADDRESS = re.compile(r" at 0x[0-9a-f]+|0x[0-9a-f]{6,}")


def with_fingerprint(experiment: Experiment, shapes: Shapes) -> Shapes:
    """Add the fingerprint where there are pieces of the user's."""
    flat = flatten(experiment)
    own = [flat[path] for path in PIECES] + list(experiment.metrics or ())
    if not any(isinstance(one, Piece) for one in own):
        return shapes
    return dataclasses.replace(shapes, fingerprint=fingerprint(experiment, shapes))


def fingerprint(experiment: Experiment, shapes: Shapes) -> str:
    """Hash the jaxpr of a step, with the constants that it closes over."""
    trial, state = Trial(experiment, shapes), blank_state(experiment, shapes)
    number = jax.ShapeDtypeStruct((), trial.dtype)
    hyper = dict.fromkeys(experiment.hyperparameters.present(), number)
    total_steps = jax.ShapeDtypeStruct((), jnp.int32)
    traced = jax.make_jaxpr(trial.step)(hyper, state, trial.blank_batch(), total_steps)
    digest = hashlib.sha256(ADDRESS.sub("", str(traced.jaxpr)).encode())
    for constant in traced.consts:
        digest.update(np.asarray(constant).tobytes() if hasattr(constant, "__array__") else repr(constant).encode())
    return digest.hexdigest()[:16]

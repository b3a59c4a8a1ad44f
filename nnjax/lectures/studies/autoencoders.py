"""Autoencoders of several widths and seeds as one sweep, and their codes and copies of other examples."""

import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from nnjax.api import sweep
from nnjax.cli.study import Log
from nnjax.core.experiment import Experiment
from nnjax.spaces.space import Arm, Space
from nnjax.train.storage.records import FINISHED


class Trained(NamedTuple):
    """A trained autoencoder."""

    arm: str  # which network
    seed: int  # seed, learning_rate: of its trial
    learning_rate: float | None
    # encode, copy: codes [n, k] and copies [n, d] of raw inputs [n, d], the copies in scaled units
    encode: Callable[[np.ndarray], np.ndarray]
    copy: Callable[[np.ndarray], np.ndarray]


def train(
    base: Experiment,
    arms: Mapping[str, Mapping[str, Any]],
    axes: Mapping[str, Sequence[Any]],
    workdir: pathlib.Path,
    log: Log,
) -> Iterator[Trained]:
    """Train every arm (name -> changes) at every point of the axes (field -> values) in a run folder, as `sweep`."""
    space = Space(axes=dict(axes), arms={name: Arm(changes) for name, changes in arms.items()})
    run = sweep(base, space, workdir=workdir, title="Autoencoders of a study", log=log)
    for spec, record in zip(run.specs, run.records, strict=True):
        experiment = spec.experiment
        if record.status in FINISHED:
            encode, copy = partial(run.outputs, trial=spec.id, encode=True), partial(run.outputs, trial=spec.id)
            yield Trained(spec.arm, experiment.seed, experiment.hyperparameters.learning_rate, encode, copy)
        else:
            log(f"{spec.arm} with seed {experiment.seed} is {record.status} and is left out.")

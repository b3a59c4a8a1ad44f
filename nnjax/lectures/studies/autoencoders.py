"""Autoencoders of several widths and seeds as populations, and what they make of other examples."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.cli.study import Announce
from nnjax.core.experiment import Experiment
from nnjax.spaces.space import Arm, Space
from nnjax.train.storage.records import FINISHED


class Trained(NamedTuple):
    """A trained autoencoder.

    Attributes:
      arm: which network.
      seed, learning_rate: of its trial.
      encode, copy: codes [n, k] and copies [n, d] of raw inputs [n, d], the copies in scaled units.
    """

    arm: str
    seed: int
    learning_rate: float | None
    encode: Callable[[np.ndarray], np.ndarray]
    copy: Callable[[np.ndarray], np.ndarray]


def train(
    base: Experiment,
    arms: Mapping[str, Mapping[str, Any]],
    axes: Mapping[str, Sequence[Any]],
    workdir: pathlib.Path,
    announce: Announce,
) -> Iterator[Trained]:
    """Train every arm at every point of the axes; trials of one arm are one population.

    Args:
      base: the experiment that the arms change.
      arms: name -> changes.
      axes: field -> values, such as the seeds.
      workdir: the run folder; one that is there already is resumed, or read.
      announce: told what the sweep has to say.

    Raises:
      UserError: see `nnjax.sweep`.
    """
    from nnjax.api import sweep

    space = Space(axes=dict(axes), arms={name: Arm(changes) for name, changes in arms.items()})
    run = sweep(base, space, workdir=workdir, title="Autoencoders of a study", announce=announce)
    for spec, record in zip(run.specs, run.records, strict=True):
        if record.status not in FINISHED:
            announce(f"{spec.arm} with seed {spec.experiment.seed} is {record.status} and is left out.")
            continue

        def encode(x: np.ndarray, trial: int = spec.id) -> np.ndarray:
            return run.predict(x, trial, encode=True)

        def copy(x: np.ndarray, trial: int = spec.id) -> np.ndarray:
            return run.predict(x, trial)

        rate = spec.experiment.hyperparameters.learning_rate
        yield Trained(spec.arm, spec.experiment.seed, rate, encode, copy)

"""Train deep networks of several activations and measure what small changes of their inputs do to their outputs."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pandas as pd

from nnjax.api import sweep
from nnjax.cli.study import Log
from nnjax.core.experiment import Experiment
from nnjax.lectures.studies.small_changes import gains
from nnjax.lectures.studies.small_changes.page import write
from nnjax.spaces.space import Arm, Space

STEP = "step, the weights of tanh"


@dataclasses.dataclass(frozen=True)
class SmallChanges:
    """Deep networks under small changes of their inputs."""

    base: Experiment  # the network and its training; its data have a test part
    # of the hidden layers, with the initial weights that suit each: name -> changes. The step function, which cannot be
    # trained by gradients, is given the weights of tanh.
    activations: dict[str, dict[str, Any]]
    sizes: tuple[float, ...]  # lengths of the changes, as shares of the mean length of an input
    seeds: tuple[int, ...]  # of the networks
    limit: int  # test examples

    def run(self, workdir: pathlib.Path, log: Log) -> pathlib.Path:
        """Train, measure, and write results.csv, figure.png and study.html; returns the page's path."""
        return write(pd.DataFrame(self.results(workdir, log)), len(self.seeds), workdir)

    def results(self, workdir: pathlib.Path, log: Log) -> list[dict[str, Any]]:
        """One row an activation, seed, direction and size; the run folder is WORKDIR/networks."""
        arms = {name: Arm({"model.activation": name, **changes}) for name, changes in self.activations.items()}
        folder = workdir / "networks"
        trained = sweep(
            self.base, Space({"seed": self.seeds}, arms=arms), workdir=folder, title="Small changes", log=log
        )
        rows = []
        for spec in trained.specs:
            prepared = trained.data(spec.id)
            x = np.asarray(prepared.inputs(prepared.test[: self.limit]), np.float32)
            network = gains.network_of(trained.params(spec.id), spec.arm)
            rows += self._measure(spec.arm, spec.experiment.seed, network, x)
            if spec.arm == "tanh":
                rows += self._measure(STEP, spec.experiment.seed, network._replace(activation="step"), x)
        return rows

    def _measure(self, name: str, seed: int, network: gains.Network, x: np.ndarray) -> list[dict[str, Any]]:
        """Measure one network in three directions at every size."""
        length = float(np.linalg.norm(x, axis=1).mean())
        directions = {"random": gains.random_directions(x, seed), "toward another": gains.toward_others(x, seed)}
        if network.activation != "step":  # whose slope is 0 everywhere
            directions["worst"] = gains.worst_directions(network, x, seed)
        rows = []
        for direction, own in directions.items():
            for size in self.sizes:
                found, changed = gains.gains(network, x, own, size * length)
                ends = {"median": np.median(found), "high": np.quantile(found, 0.95), "most": found.max()}
                where = {"network": name, "seed": seed, "direction": direction, "size": size}
                rows.append({**where, **ends, "changed": changed.mean(), "bound": network.bound()})
        return rows

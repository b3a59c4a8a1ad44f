"""Test the claim that SNE, t-SNE and UMAP are "very sensitive to the choice of hyperparameter" (lecture slides)."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnjax.cli.study import Log
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.types import Dataset
from nnjax.data import prepare
from nnjax.embed.external_libraries import import_umap
from nnjax.embed.method_sweeps import MethodSweep, method_sweeps
from nnjax.embed.methods import Embedding, title_of
from nnjax.embed.points import choose_rows, labels_of
from nnjax.embed.quality import qualities
from nnjax.embed.study import Axes, study
from nnjax.lectures.studies.autoencoders import train
from nnjax.lectures.studies.sensitivity.page import write


@dataclasses.dataclass(frozen=True)
class Sensitivity:
    """A sweep over the settings of layouts, beside PCA and latent spaces."""

    # what is varied, of layouts and of PCA; UMAP is left out where umap-learn is not installed
    sweeps: tuple[Axes, ...]
    autoencoder: Experiment  # the experiment that the arms change; its test examples are what is embedded
    arms: Mapping[str, Mapping[str, Any]]  # name -> changes; trained once for each of `rates` and `seeds`
    rates: tuple[float, ...]  # rates, seeds: of the autoencoders
    seeds: tuple[int, ...]
    limit: int | None = None  # how many test examples are embedded; None for all
    k: int = 10  # neighbors of the quality measures

    def run(self, workdir: pathlib.Path, log: Log) -> pathlib.Path:
        """Embed, measure, and write results.csv, figures and study.html; returns the page's path."""
        return write(*self.measure(workdir, log), workdir)

    def measure(self, workdir: pathlib.Path, log: Log) -> tuple[Dataset, np.ndarray, list[MethodSweep]]:
        """Embed and measure: the data, the rows [n] embedded, and the sweeps.

        The autoencoders' run folder is WORKDIR/autoencoders.
        """
        prepared = prepare(self.autoencoder.data)
        dataset = prepared.dataset
        if not len(prepared.test):
            raise UserError("The autoencoder's data have no test part to embed: set data.test to a share or a count.")
        rows = choose_rows(dataset, prepared.test, self.limit)
        made: list[tuple[Embedding, Mapping[str, float]]] = []
        for axes in self._able(log):
            log(f"{', '.join(map(title_of, axes.methods))} of {len(rows):,} examples")
            one = study(dataset, rows, axes, scale=self.autoencoder.data.scaling, k=self.k)
            made += zip(one.embeddings, one.qualities, strict=True)
        varied_in = {"learning_rate": self.rates, "seed": self.seeds}
        folder = workdir / "autoencoders"
        latent = [
            Embedding(
                one.arm,
                np.asarray(one.encode(dataset.x[rows]), np.float64),
                {"learning_rate": one.learning_rate, "seed": one.seed},
                {},
            )
            for one in train(self.autoencoder, self.arms, varied_in, folder, log)
        ]
        log("measuring the latent spaces")
        x = np.asarray(prepared.x_scaler(dataset.x[rows].astype(np.float32)))
        made += zip(latent, qualities(x, [one.y for one in latent], labels_of(dataset, rows), self.k), strict=True)
        return dataset, rows, method_sweeps(made)

    def _able(self, log: Log) -> list[Axes]:
        """List the sweeps whose packages are installed."""
        if not any("umap" in axes.methods for axes in self.sweeps):
            return list(self.sweeps)
        try:
            import_umap()
        except UserError as error:
            log(f"remark: {error} It is left out of this study.")
            return [axes for axes in self.sweeps if "umap" not in axes.methods]
        return list(self.sweeps)

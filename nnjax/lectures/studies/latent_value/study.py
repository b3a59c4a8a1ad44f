"""Compare codes of autoencoders with those of PCA, ICA, LDA and k-means, at equal width."""

import dataclasses
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from nnjax.cli.study import Log
from nnjax.core.experiment import Experiment
from nnjax.core.types import Prepared
from nnjax.data import prepare
from nnjax.data.series import KINDS
from nnjax.distances import DTW
from nnjax.distances.views import Split, split_of
from nnjax.embed.codes import Code, InputNeighbors, baselines, compose, measure
from nnjax.embed.linear import fit
from nnjax.lectures.studies.autoencoders import train
from nnjax.lectures.studies.latent_value.page import write

DRAWN = ("ica", "kmeans")
NAMES = {"pca": "PCA", "ica": "ICA", "lda": "LDA", "kmeans": "k-means"}


@dataclasses.dataclass(frozen=True)
class LatentValue:
    """Representations of several sets, of equal widths, fitted on training examples and measured on test examples."""

    sets: Mapping[str, Experiment]  # autoencoders by the name of the set; their data have classes and a test part
    around: tuple[int, ...]  # layers before the code, and mirrored after it
    arms: Mapping[str, Mapping[str, Any]]  # name -> changes, the kinds of autoencoders
    widths: tuple[int, ...]  # of the codes
    seeds: tuple[int, ...]  # of all that draws

    def run(self, workdir: pathlib.Path, log: Log) -> pathlib.Path:
        """Fit, measure, and write results.csv, figure.png and study.html; returns the page's path.

        Raises:
          UserError: data without classes or without a test part, or as the reductions say.
        """
        frame = pd.DataFrame(self.results(workdir, log))
        return write(frame, list(self.arms), len(self.seeds), workdir)

    def results(self, workdir: pathlib.Path, log: Log) -> list[dict[str, Any]]:
        """One row a set, method, width and seed with the measures; run folders go to WORKDIR/autoencoders_SET."""
        rows = []
        for name, base in self.sets.items():
            prepared = prepare(base.data)
            some = split_of(prepared)
            truth = InputNeighbors.of(some, DTW() if base.data.name.split(":")[0] in KINDS else None)
            rows += [{"set": name, **row} for row in baselines(some, truth)]
            folder = workdir / f"autoencoders_{name.replace(' ', '_')}"
            codes = [*self._reductions(some, log), *self._latents(base, prepared, folder, log)]
            log(f"{name}: measuring {len(codes)} representations")
            for code, found in zip(codes, measure(codes, some, truth), strict=True):
                rows.append({"set": name, "method": code.method, "width": code.width, "seed": code.seed, **found})
        return rows

    def _reductions(self, some: Split, log: Log) -> Iterator[Code]:
        """Codes by scikit-learn; ICA is made of the principal components, as its whitening would."""
        widths = [width for width in self.widths if width < min(some.x.shape)]
        whole = fit(some.x, "pca", max(widths))
        ceiling = len(np.unique(some.labels)) - 1
        for method in NAMES:
            log(f"fitting {NAMES[method]}")
            chosen = sorted({width for width in widths if width < ceiling} | {ceiling}) if method == "lda" else widths
            for width in chosen:
                for seed in self.seeds if method in DRAWN else (None,):
                    points = whole.encode(some.x) if method == "ica" else some.x
                    found = fit(points, method, width, labels=some.labels, seed=seed or 0)
                    found = compose(whole, found) if method == "ica" else found
                    train_codes, test_codes = found.encode(some.x), found.encode(some.queries)
                    yield Code(NAMES[method], width, seed, train_codes, test_codes, found.decode(test_codes))

    def _latents(self, base: Experiment, prepared: Prepared, folder: pathlib.Path, log: Log) -> Iterator[Code]:
        """Codes of the autoencoders, one population a width and arm."""
        arms = {
            f"{name}|{width}": {"widths": (*self.around, width, *reversed(self.around)), **changes}
            for name, changes in self.arms.items()
            for width in self.widths
        }
        raw = [prepared.dataset.x[part] for part in (prepared.train, prepared.test)]
        for one in train(base, arms, {"seed": self.seeds}, folder, log):
            name, width = one.arm.split("|")
            train_codes, test_codes = one.encode(raw[0]), one.encode(raw[1])
            yield Code(name, int(width), one.seed, train_codes, test_codes, one.copy(raw[1]))

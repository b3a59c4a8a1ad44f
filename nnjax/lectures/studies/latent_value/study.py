"""Compare codes of autoencoders with those of PCA, ICA, LDA and k-means, at equal width."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nnjax.cli.study import Log
from nnjax.core.experiment import Experiment
from nnjax.core.types import Prepared
from nnjax.data import prepare
from nnjax.data.series import KINDS
from nnjax.distances import DTW
from nnjax.distances.views import Split, split_of
from nnjax.embed.codes import InputNeighbors, accuracies, majority, measure
from nnjax.embed.linear import Reduction, fit
from nnjax.lectures.studies.autoencoders import train
from nnjax.lectures.studies.latent_value.page import write

DRAWN = ("ica", "kmeans")
NAMES = {"pca": "PCA", "ica": "ICA", "lda": "LDA", "kmeans": "k-means"}
INPUTS = "all inputs"


class Code(NamedTuple):
    """A representation: its method, width and seed (None where nothing is drawn), and the codes of the examples.

    `train_codes` [n, k] and `test_codes` [q, k] are of the training and of the test examples, `copies` [q, d] the test
    examples made from them, scaled.
    """

    method: str
    width: int
    seed: int | None
    train_codes: np.ndarray
    test_codes: np.ndarray
    copies: np.ndarray


@dataclasses.dataclass(frozen=True)
class LatentValue:
    """Representations of several sets, of equal widths, fitted on training examples and measured on test examples.

    Attributes:
      sets: autoencoders by the name of the set; their data have classes and a test part.
      around: layers before the code, and mirrored after it.
      arms: name -> changes, the kinds of autoencoders.
      widths: of the codes.
      seeds: of all that draws.
    """

    sets: Mapping[str, Experiment]
    around: tuple[int, ...]
    arms: Mapping[str, Mapping[str, Any]]
    widths: tuple[int, ...]
    seeds: tuple[int, ...]

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
                    found = after(whole, found) if method == "ica" else found
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


def after(first: Reduction, second: Reduction) -> Reduction:
    """Compose two reductions, the second of the codes of the first."""
    return Reduction(
        lambda x: second.encode(first.encode(x)), lambda codes: first.decode(second.decode(codes)), second.facts
    )


def baselines(some: Split, truth: InputNeighbors) -> list[dict[str, Any]]:
    """Measure the examples themselves: under the Euclidean distance, and under DTW where they are series."""
    width = some.x.shape[1]
    found = [{"method": INPUTS, "width": width, "seed": None, **accuracies(some.x, some.queries, truth.near, some)}]
    if truth.dtw is not None:
        right = majority(truth.dtw, some.labels) == some.truth
        found.append({"method": f"{INPUTS}, DTW", "width": width, "seed": None, "knn_accuracy": float(right.mean())})
    return found

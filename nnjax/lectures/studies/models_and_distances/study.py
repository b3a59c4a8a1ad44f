"""Compare models and distances on several sets ("do not confuse the distance with the model", lecture slides)."""

import dataclasses
import pathlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from nnjax.api import sweep
from nnjax.cli.study import Log
from nnjax.core.csv_text import to_csv
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment
from nnjax.core.files import write_atomically
from nnjax.data import prepare
from nnjax.distances import scores
from nnjax.distances.scores import MODEL, Score
from nnjax.distances.views import split_of
from nnjax.lectures.studies.models_and_distances.page import draw, page
from nnjax.report import study_page

NETWORK = "multilayer perceptron"
TABLE = "results.csv"


@dataclasses.dataclass(frozen=True)
class ModelsAndDistances:
    """Models, neighbors and clusters on the same splits of several sets."""

    # labeled data by the name that the page gives them; of each, `split_seed` is replaced
    sets: Mapping[str, DataConfig]
    network: Experiment  # the multilayer perceptron; its data are replaced
    seeds: tuple[int, ...]  # of the splits, and of the models that draw

    def __post_init__(self) -> None:
        """Refuse an empty study."""
        if not self.sets or len(self.seeds) < 2:
            raise UserError(
                f"{len(self.sets)} sets and {len(self.seeds)} seeds were given, but at least one set and two seeds"
                " were expected."
            )

    def run(self, workdir: pathlib.Path, log: Log) -> pathlib.Path:
        """Write results.csv, figure.png and study.html into a folder, and give the page's path."""
        results = self.results(log)
        write_atomically(workdir / TABLE, to_csv(results))
        return study_page.write(page(results), {"figure.png": draw(results)}, workdir)

    def results(self, log: Log) -> pd.DataFrame:
        """One row a set, split and method: data, view, train, test, seed and the fields of `Score`."""
        rows = []
        for name, config in self.sets.items():
            for seed, answers in zip(self.seeds, self._networks(config), strict=True):
                some = split_of(prepare(dataclasses.replace(config, split_seed=seed)))
                found = [
                    *scores.score_models(some, seed),
                    Score(MODEL, NETWORK, scores.accuracy(answers, some.truth)),
                    *scores.score_distances(some),
                    scores.score_k_means(some, seed),
                    scores.score_density(some),
                ]
                sizes = {"train": len(some.labels), "test": len(some.truth)}
                rows += [{"data": name, "view": some.kind, **sizes, "seed": seed, **one._asdict()} for one in found]
                log(f"{name}, split {seed}: {_best(found)}")
        return pd.DataFrame(rows)

    def _networks(self, config: DataConfig) -> list[np.ndarray]:
        """Train one population, a network a split: the classes that each one gives to its test part."""
        axes = {"data.split_seed": self.seeds}
        run = sweep(dataclasses.replace(self.network, data=config), axes, progress=False)
        answers = []
        for trial in range(len(run.specs)):
            prepared = run.data(trial)
            answers.append(run.outputs(prepared.dataset.x[prepared.test], trial).argmax(axis=1))
        return answers


def _best(scores: list[Score]) -> str:
    kinds = dict.fromkeys(score.kind for score in scores)
    best = [max((s for s in scores if s.kind == kind), key=lambda s: s.accuracy) for kind in kinds]
    return ", ".join(f"{score.method} {score.accuracy:.3f}" for score in best)

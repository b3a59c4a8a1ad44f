"""Networks beside trees and other models on small tables: nested selection, test parts that nobody has seen.

    python -m scripts.table_peers [--splits=5] [--sets=iris,digits,...] [--settings=24] [--epochs=60]

Per data set and split: nnjax's best single network and its greedy ensemble (one sweep, chosen on a validation part of a
quarter), and scikit-learn's models, each searched by three folds of the same training part and refitted on all of it.
Costs on the test part (30 %): log loss of classes, RMSE of numbers. Sets and splits are those of
`scripts.ensemble_gain`.
"""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from absl import app, flags
from scipy.stats import wilcoxon
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from scripts.ensemble_gain import SETS, cost, costs

FLAGS = flags.FLAGS
NNJAX = ("nnjax, best single", "nnjax, ensemble")
Grid = dict[str, list[Any]]
MLP: Grid = {
    "hidden_layer_sizes": [(32,), (64, 32)],
    "learning_rate_init": np.geomspace(1e-3, 3e-2, 12).tolist(),
    "alpha": np.geomspace(1e-5, 1e-1, 12).tolist(),
}
C: list[Any] = [0.01, 0.1, 1.0, 10.0, 100.0]
TREES: Grid = {"max_features": ["sqrt", 0.5, 1.0], "min_samples_leaf": [1, 3]}
BOOSTING: Grid = {"learning_rate": [0.03, 0.1], "max_leaf_nodes": [7, 31], "max_iter": [100, 300]}
NEIGHBORS: Grid = {"n_neighbors": [1, 3, 5, 10, 20], "weights": ["uniform", "distance"]}
SVM: Grid = {"C": C, "gamma": ["scale", 0.01, 0.1]}


def peers(classify: bool) -> Iterator[tuple[str, Any, Grid]]:
    """Name scikit-learn's models with the grids that they are searched over; the nets have nnjax's epochs and space."""
    options = {"max_iter": FLAGS.epochs, "batch_size": 32, "random_state": 0}
    if classify:
        yield "scikit-learn's MLP", MLPClassifier(**options), MLP
        yield "logistic regression", LogisticRegression(max_iter=3000), {"C": C}
        yield "random forest", RandomForestClassifier(300, random_state=0), TREES
        yield "gradient boosting", HistGradientBoostingClassifier(random_state=0), BOOSTING
        yield "nearest neighbors", KNeighborsClassifier(), NEIGHBORS
        yield "SVM", SVC(probability=True, random_state=0), SVM
    else:
        yield "scikit-learn's MLP", MLPRegressor(**options), MLP
        yield "ridge regression", Ridge(), {"alpha": C}
        yield "random forest", RandomForestRegressor(300, random_state=0), TREES
        yield "gradient boosting", HistGradientBoostingRegressor(random_state=0), BOOSTING
        yield "nearest neighbors", KNeighborsRegressor(), NEIGHBORS
        yield "SVM", SVR(), SVM


class InUnits:
    """A regressor whose targets are standardized, as nnjax's are."""

    def __init__(self, model: Any, y: np.ndarray):
        self.model, self.mean, self.scale = model, y.mean(), y.std()

    def fit(self, x: np.ndarray, y: np.ndarray) -> "InUnits":
        """Fit it to standardized targets."""
        self.model.fit(x, (y - self.mean) / self.scale)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Predict in the targets' units."""
        return np.asarray(self.model.predict(x)) * self.scale + self.mean


def peer_cost(model: Any, grid: Grid, name: str, split: int, classify: bool) -> float:
    """Search one model on the training part of a split, and return its cost on the test part."""
    x, y = SETS[name]()
    parts = train_test_split(np.float32(x), y, test_size=0.3, random_state=split, stratify=y if classify else None)
    x_train, x_test, y_train, y_test = parts
    pipeline, step = make_pipeline(StandardScaler(), model), type(model).__name__.lower()
    space = {f"{step}__{field}": values for field, values in grid.items()}
    scoring = "neg_log_loss" if classify else "neg_mean_squared_error"
    if grid is MLP:
        search = RandomizedSearchCV(pipeline, space, n_iter=FLAGS.settings, cv=3, scoring=scoring, random_state=split)
    else:
        search = GridSearchCV(pipeline, space, cv=3, scoring=scoring)
    predictor = search if classify else InUnits(search, y_train)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # epochs end before the nets converge, as nnjax's do
        return cost(predictor.fit(x_train, y_train), x_test, y_test, classify)


def rows(name: str) -> dict[str, list[float]]:
    """Return the costs of all models on a data set, one a split."""
    classify = SETS[name]()[1].dtype.kind == "i"
    found: dict[str, list[float]] = {}
    for split in range(FLAGS.splits):
        for contender, value in zip(NNJAX, costs(name, split, FLAGS.settings, FLAGS.epochs), strict=True):
            found.setdefault(contender, []).append(value)
        for contender, model, grid in peers(classify):
            key = "linear model" if contender.endswith("regression") else contender
            found.setdefault(key, []).append(peer_cost(model, grid, name, split, classify))
    return found


def main(argv: list[str]) -> None:
    """Print a row a data set, and a paired test of each model against the ensemble over all sets and splits."""
    ratios: dict[str, list[float]] = {}
    for name in FLAGS.sets or SETS:
        found = rows(name)
        if not ratios:
            print(f"{'data':14}" + "".join(f"{contender:>21}" for contender in found))
        print(f"{name:14}" + "".join(f"{np.mean(values):21.4g}" for values in found.values()), flush=True)
        for contender, values in found.items():
            ratios.setdefault(contender, []).extend(np.log(np.divide(values, found[NNJAX[1]])))
    print(f"\n{'cost beside the ensemble':26}{'ratio':>8}{'better':>10}{'Wilcoxon p':>12}")
    for contender, values in ratios.items():
        if contender != NNJAX[1]:
            better = f"{sum(value < 0 for value in values)}/{len(values)}"
            p = wilcoxon(values).pvalue
            print(f"{contender:26}{np.exp(np.median(values)):8.3f}{better:>10}{p:12.2g}")


if __name__ == "__main__":
    flags.DEFINE_integer("splits", 5, "random splits into training and test parts")
    flags.DEFINE_integer("settings", 24, "of each sweep, and of scikit-learn's random search of its MLP")
    flags.DEFINE_integer("epochs", 60, "of each network")
    flags.DEFINE_list("sets", None, f"of {', '.join(SETS)}; None for all")
    app.run(main)

"""How good the estimators are on the tables that scikit-learn and mlxtend ship: python -m scripts.estimator_quality.

Each estimator is scored on the same 10 splits (a fifth is test; standardized inputs, default parameters, random_state
the split's number): means, and how nnjax's MLPClassifier (MLPRegressor) differs from scikit-learn's, paired, with a
95 % interval (Nadeau & Bengio 2003 for splits that share examples). Writes a table to standard output.
"""

import warnings
from typing import Any

import numpy as np
from absl import app, flags

SPLITS = flags.DEFINE_integer("splits", 10, "random splits", lower_bound=2)
TABLES = flags.DEFINE_list(
    "tables", ["iris", "wine", "breast_cancer", "digits", "diabetes", "boston", "autompg"], "which"
)
TEST = 0.2


def load(name: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Load a table: x [n, d], y [n], and whether y are classes."""
    from mlxtend import data
    from sklearn import datasets

    if name in ("boston", "autompg"):
        x, y = {"boston": data.boston_housing_data, "autompg": data.autompg_data}[name]()
        x = x[:, np.isfinite(x).any(axis=0)]  # autompg has a column of names, which are no numbers
        whole = np.isfinite(x).all(axis=1)
        return x[whole], y[whole], False
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return x, y, name != "diabetes"


def contenders(classifies: bool) -> dict[str, Any]:
    """Return estimators by name; the first two are compared."""
    from sklearn import ensemble, linear_model, neural_network, svm

    from nnjax import estimators

    if classifies:
        return {
            "nnjax MLP": estimators.MLPClassifier(),
            "scikit-learn MLP": neural_network.MLPClassifier(),
            "logistic": linear_model.LogisticRegression(max_iter=1000),
            "SVM": svm.SVC(),
            "forest": ensemble.RandomForestClassifier(),
            "boosting": ensemble.HistGradientBoostingClassifier(),
        }
    return {
        "nnjax MLP": estimators.MLPRegressor(),
        "scikit-learn MLP": neural_network.MLPRegressor(),
        "ridge": linear_model.Ridge(),
        "SVM": svm.SVR(),
        "forest": ensemble.RandomForestRegressor(),
        "boosting": ensemble.HistGradientBoostingRegressor(),
    }


def scores(name: str, splits: int) -> dict[str, np.ndarray]:
    """Score each estimator on each split: accuracy, or R² [splits]."""
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y, classifies = load(name)
    found: dict[str, list[float]] = {}
    for seed in range(splits):
        parts = train_test_split(x, y, test_size=TEST, random_state=seed, stratify=y if classifies else None)
        for label, estimator in contenders(classifies).items():
            if "random_state" in estimator.get_params():
                estimator.set_params(random_state=seed)
            net = make_pipeline(StandardScaler(), estimator).fit(parts[0], parts[2])
            found.setdefault(label, []).append(net.score(parts[1], parts[3]))
    return {label: np.array(each) for label, each in found.items()}


def main(argv: list[str]) -> None:
    """Print one row a table."""
    from nnjax.runs.statistics import compare_paired

    warnings.simplefilter("ignore")
    for name in TABLES.value:
        found = scores(name, SPLITS.value)
        first, second = list(found)[:2]
        ours, theirs = (dict(enumerate(found[label].tolist())) for label in (first, second))
        difference = compare_paired(ours, theirs, folds=round(1 / TEST)).difference
        means = ", ".join(f"{label} {each.mean():.3f}" for label, each in found.items())
        interval = f"{difference.low:+.3f} to {difference.high:+.3f}"
        print(f"{name}: {means}; MLP's difference {difference.mean:+.3f} ({interval})", flush=True)


if __name__ == "__main__":
    app.run(main)

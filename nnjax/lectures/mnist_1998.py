"""LeCun's table of classifiers on MNIST, and those two of them that are not networks, by scikit-learn.

Source: LeCun, Bottou, Bengio & Haffner 1998, section III.C and figure 9.
"""

from collections.abc import Sequence

import numpy as np
from rich.table import Table

from nnjax.cli.comparison import Row
from nnjax.core.types import Prepared

NEAREST, QUADRATIC = "3 nearest neighbors", "40 components, quadratic"
ERRORS = {  # test errors in % as published; networks by the names of their arms in configs/mnist_1998.py
    "linear": 12.0,
    "300": 4.7,
    "1000": 4.5,
    "300-100": 3.05,
    "500-150": 2.95,
    "LeNet-5": 0.95,
    NEAREST: 5.0,
    QUADRATIC: 3.3,
}
COMPONENTS, NEIGHBORS = 40, 3


def reference_errors(prepared: Prepared) -> dict[str, float]:
    """Measure the errors in % on the test part of the two that are not networks, fitted on the training part.

    Nearest neighbors by Euclidean distance; least squares on all products of 40 principal components (a quadratic
    classifier, "a linear classifier with 821 inputs"). Takes about a minute on 60,000 images.
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import RidgeClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    data = prepared.dataset
    assert data.y is not None
    x, y = np.asarray(prepared.x_scaler(data.x[:].astype(np.float32)), np.float32), data.y
    train, test = prepared.train, prepared.test
    products = make_pipeline(
        PCA(COMPONENTS, random_state=0), StandardScaler(), PolynomialFeatures(2), RidgeClassifier(alpha=1.0)
    )
    models = {NEAREST: KNeighborsClassifier(NEIGHBORS, algorithm="brute"), QUADRATIC: products}
    return {
        name: 100 * float(np.mean(m.fit(x[train], y[train]).predict(x[test]) != y[test])) for name, m in models.items()
    }


def compare_with_1998(rows: Sequence[Row], references: dict[str, float]) -> list[tuple[str, float, float]]:
    """List (classifier, test error here, that of 1998; in %): those of the table that there are, in its order."""
    found = {row.label: 100 * (1 - row.means["test_accuracy"]) for row in rows if "test_accuracy" in row.means}
    found |= references
    return [(name, found[name], error) for name, error in ERRORS.items() if name in found]


def to_table(lines: Sequence[tuple[str, float, float]]) -> Table:
    """Format the list as a table for a terminal."""
    table = Table(title="Test error, %")
    table.add_column("classifier")
    for name in ("here", "LeCun et al. 1998"):
        table.add_column(name, justify="right")
    for name, ours, theirs in lines:
        table.add_row(name, f"{ours:.2f}", f"{theirs:g}")
    return table

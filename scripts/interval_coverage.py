"""Measure how often conformal intervals hold the truth, and how wide they are, over data sets and random splits.

python -m scripts.interval_coverage [--splits=20] [--level=0.9] [--epochs=30] [--folds=10] [--methods=...] [--sets=...]

Split conformal calibrates on three tenths of the examples, CV+ on all of them by folds, jackknife+ on the first 60 by
as many folds. Coverage and the mean width (in standard deviations of the target) are means over the splits.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from absl import app, flags
from sklearn import datasets
from sklearn.model_selection import train_test_split

import nnjax

FLAGS = flags.FLAGS
Arrays = tuple[np.ndarray, np.ndarray]


def linear() -> Arrays:
    """Return a line with normal noise of standard deviation 1: the narrowest .9 interval is 3.29 wide."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    return x, x @ np.array([1.0, -2.0, 0.5]) + rng.normal(size=400)


SETS: dict[str, Callable[[], Arrays]] = {
    "linear": linear,
    "diabetes": lambda: datasets.load_diabetes(return_X_y=True),
    "friedman 1": lambda: datasets.make_friedman1(400, noise=1.0, random_state=0),
    "friedman 2": lambda: datasets.make_friedman2(400, noise=50.0, random_state=0),
    "friedman 3": lambda: datasets.make_friedman3(400, noise=0.1, random_state=0),
}
METHODS = ("split", "CV+", "jackknife+")


def intervals(method: str, x: np.ndarray, y: np.ndarray, new: np.ndarray) -> Any:
    """Train one setting for fixed epochs and predict new examples with intervals."""
    folds = {"split": None, "CV+": FLAGS.folds, "jackknife+": 60}[method]
    x, y = (x[:60], y[:60]) if method == "jackknife+" else (x, y)
    config = nnjax.DataConfig(validation=0.3, test=0, folds=folds, scaling="standard", target_scaling="standard")
    model = nnjax.ModelConfig("mlp", (32,))
    experiment = nnjax.Experiment(data=config, model=model, epochs=FLAGS.epochs, batch_size=32)
    space = {"data.fold": range(folds)} if folds else {}
    run = nnjax.sweep(experiment, space, data=(x, y), progress=False)
    return run.predict(new, interval=FLAGS.level)


def measure(name: str, method: str) -> tuple[float, float]:
    """Return mean coverage and mean width over the splits."""
    x, y = (np.float32(part) for part in SETS[name]())
    found = []
    for split in range(FLAGS.splits):
        x_train, x_new, y_train, y_new = train_test_split(x, y, test_size=0.3, random_state=split)
        one = intervals(method, x_train, y_train, x_new)
        inside = (one.low <= y_new) & (y_new <= one.high)
        found.append((inside.mean(), (one.high - one.low).mean() / y.std()))
    coverage, width = np.mean(found, axis=0)
    return float(coverage), float(width)


def main(argv: list[str]) -> None:
    """Print a row a data set and method."""
    for name in FLAGS.sets or SETS:
        for method in FLAGS.methods:
            coverage, width = measure(name, method)
            print(f"{name:12} {method:11} coverage {100 * coverage:5.1f} %  width {width:.3f}", flush=True)


if __name__ == "__main__":
    flags.DEFINE_integer("splits", 20, "random splits into training and new examples")
    flags.DEFINE_float("level", 0.9, "of the intervals")
    flags.DEFINE_integer("epochs", 30, "of each trial")
    flags.DEFINE_integer("folds", 10, "of CV+")
    flags.DEFINE_list("methods", list(METHODS), "of them")
    flags.DEFINE_list("sets", None, f"of {', '.join(SETS)}; None for all")
    app.run(main)

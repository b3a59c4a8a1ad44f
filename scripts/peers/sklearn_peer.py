"""scikit-learn in `scripts/bench.py`: MLPClassifier, trials spread over two processes by joblib.

With partial_fit and a validation at every epoch; in a search with one `fit`, scored at its end, which is quicker.

python -m scripts.peers.sklearn_peer tiny joblib --trials=256 --epochs=50 --out=FILE
"""

import time
import warnings

import joblib
import numpy as np
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from scripts.peers.command import curves_of, read_arguments, write_results


def train(task, rate, decay, seed):
    """One classifier: rows (train loss, validation loss, accuracy), one an epoch."""
    hidden, (x, y), (vx, vy) = task.widths[1:-1], task.train, task.validation
    model = MLPClassifier(
        hidden, batch_size=task.batch_size, learning_rate_init=rate, alpha=decay, random_state=int(seed), max_iter=1
    )
    classes, rows = np.arange(task.widths[-1]), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(task.epochs):
            model.partial_fit(x, y, classes=classes)
            p = model.predict_proba(vx)
            rows.append((model.loss_, log_loss(vy, p, labels=classes), (p.argmax(1) == vy).mean()))
    return rows


SOLVERS: dict[str, dict] = {  # Adam with alpha as an L2 penalty stands for AdamW: scikit-learn has no decoupled decay
    "adamw": {"solver": "adam"},
    "momentum": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False},
}


def fit(task):
    """One setting of a search, for all its epochs: (train loss, validation loss, accuracy)."""
    (x, y), (vx, vy) = task.train, task.validation
    sizes = {"batch_size": task.batch_size, "max_iter": task.epochs, "n_iter_no_change": task.epochs + 1, "tol": 0.0}
    rates = {"learning_rate_init": task.rates[0], "alpha": task.decays[0], "random_state": int(task.seeds[0])}
    model = MLPClassifier(task.widths[1:-1], task.activation, **SOLVERS[task.optimizer], **sizes, **rates)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(x, y)
        except ValueError:  # it refuses to go on with weights that are not finite
            return (np.nan,) * 3
        p = model.predict_proba(vx)
    return model.loss_, log_loss(vy, p, labels=model.classes_), (p.argmax(1) == vy).mean()


def search(task, curves):
    """All settings of a search in two processes; curves have their last epoch only."""
    begin = time.perf_counter()
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(fit)(one) for one in task.settings)
    for trial, row in enumerate(found):
        curves.add(trial, task.epochs - 1, *row)
    return time.perf_counter() - begin


def run(task, curves):
    """All trials in two processes."""
    begin = time.perf_counter()
    jobs = zip(task.rates, task.decays, task.seeds, strict=True)
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(train)(task, *job) for job in jobs)
    for trial, rows in enumerate(found):
        for epoch, row in enumerate(rows):
            curves.add(trial, epoch, *row)
    return time.perf_counter() - begin


VARIANTS = {"joblib": run, "search": search}

if __name__ == "__main__":
    arguments, task = read_arguments(VARIANTS)
    curves = curves_of(task)
    write_results(arguments, task, curves, VARIANTS[arguments.variant](task, curves))

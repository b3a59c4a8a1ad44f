"""scikit-learn in `scripts/bench.py`: MLPClassifier with partial_fit, trials spread over processes by joblib.

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


def run(task, curves):
    """All trials in two processes."""
    begin = time.perf_counter()
    jobs = zip(task.rates, task.decays, task.seeds, strict=True)
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(train)(task, *job) for job in jobs)
    for trial, rows in enumerate(found):
        for epoch, row in enumerate(rows):
            curves.add(trial, epoch, *row)
    return time.perf_counter() - begin


VARIANTS = {"joblib": run}

if __name__ == "__main__":
    arguments, task = read_arguments(VARIANTS)
    curves = curves_of(task)
    write_results(arguments, task, curves, VARIANTS[arguments.variant](task, curves))

"""Optuna around scikit-learn in `scripts/bench.py`: batches of settings from its TPE, trained in two processes.

Asked for and told in batches, as nnjax does. Each setting is trained for all its epochs (`scripts.peers.sklearn_peer`).

python -m scripts.peers.optuna_peer adaptive joblib --trials=64 --epochs=20 --data=NPZ --out=FILE
"""

import time

import joblib
import numpy as np
import optuna

from scripts.peers.command import Curves, read_arguments, write_results
from scripts.peers.search import BATCHED, Search, task_of
from scripts.peers.sklearn_peer import fit

WIDTHS = ["16", "32", "64", "32,16", "64,32", "64,64,32"]  # as in search_space.py; a choice of Optuna's is one value


def ask(study):
    """One setting of the space of search_space.py."""
    trial = study.ask()
    return trial, {
        "widths": tuple(map(int, trial.suggest_categorical("widths", WIDTHS).split(","))),
        "activation": trial.suggest_categorical("activation", ["relu", "tanh"]),
        "batch_size": trial.suggest_categorical("batch_size", [32, 64]),
        "optimizer": trial.suggest_categorical("optimizer", ["adamw", "momentum"]),
        "rate": trial.suggest_float("rate", 1e-3, 1e-1, log=True),
        "decay": trial.suggest_float("decay", 1e-6, 1e-2, log=True),
    }


def search(digits, trials, epochs):
    """Ask, train and tell: the settings that were trained, their curves, and the seconds."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study, begin = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0)), time.perf_counter()
    tasks: list = []
    curves = Curves(trials, epochs)
    with joblib.Parallel(n_jobs=2) as parallel:
        while len(tasks) < trials:
            asked = [ask(study) for _ in range(min(BATCHED, trials - len(tasks)))]
            batch = [task_of(setting, digits, epochs) for _, setting in asked]
            for (trial, _), row in zip(asked, parallel(joblib.delayed(fit)(one) for one in batch), strict=True):
                curves.add(trial.number, epochs - 1, *row)
                bad = not np.isfinite(row[1])
                study.tell(trial, None if bad else row[1], optuna.trial.TrialState.FAIL if bad else None)
            tasks += batch
    return Search(tuple(tasks)), curves, time.perf_counter() - begin


if __name__ == "__main__":
    arguments, digits = read_arguments(["joblib"])
    write_results(arguments, *search(digits, arguments.trials, arguments.epochs))

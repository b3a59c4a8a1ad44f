"""Search by scikit-learn and by nnjax's estimators: whole processes, equal settings, folds and epochs.

`python -m scripts.peers.estimator_search WHO DATA SPACE` is one contender: nnjax or sklearn; digits or breast_cancer;
rates (60 settings of one architecture), mixed (60 of six), or fit (one network, no search).
"""

import functools
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time
from typing import Any

EPOCHS, FOLDS = 50, 5
CASES = [(data, space) for data in ("digits", "breast_cancer") for space in ("rates", "mixed", "fit")]
RATES = {"learning_rate_init": [1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2, 3e-2, 5e-2]}
SPACES: dict[str, dict[str, list[Any]]] = {
    "rates": {**RATES, "alpha": [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0]},
    "mixed": {**RATES, "hidden_layer_sizes": [(50,), (100,), (50, 50)], "activation": ["relu", "tanh"]},
}


def contest(out: pathlib.Path, repeats: int) -> dict[str, dict[str, float]]:
    """Measure, print and write estimators.json: {case: seconds and CPU seconds of each contender, ratios, best scores}.

    CPU seconds say something on a machine that others use too.
    """
    found = {}
    for data, space in CASES:
        seconds: dict[str, list[float]] = {"sklearn": [], "cold": [], "warm": []}
        cpu: dict[str, list[float]] = {who: [] for who in seconds}
        scores: dict[str, float] = {}
        for _ in range(repeats):
            for who in seconds:
                cache = out / "programs"
                if who == "cold":
                    shutil.rmtree(cache, ignore_errors=True)
                began, used = time.perf_counter(), children_seconds()
                scores[who] = run_alone("sklearn" if who == "sklearn" else "nnjax", data, space, cache)
                seconds[who].append(time.perf_counter() - began)
                cpu[who].append(children_seconds() - used)
        middle = {who: round(statistics.median(each), 2) for who, each in seconds.items()}
        middle |= {f"{who}_cpu": round(statistics.median(each), 2) for who, each in cpu.items()}
        ratios = {f"{who}_times": round(middle["sklearn"] / middle[who], 2) for who in ("cold", "warm")}
        found[f"{data}, {space}"] = {**middle, **ratios, **{f"{who}_score": round(s, 4) for who, s in scores.items()}}
        print(f"estimators, {data}, {space}: {found[f'{data}, {space}']}", flush=True)
    (out / "estimators.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return found


def children_seconds() -> float:
    """Count the CPU seconds of all processes that this one has started and that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def run_alone(who: str, data: str, space: str, cache: pathlib.Path) -> float:
    """Let a contender run in a process of its own; give its best score."""
    command = [sys.executable, "-m", "scripts.peers.estimator_search", who, data, space]
    env = {**os.environ, "NNJAX_CACHE": str(cache)}
    text = subprocess.run(command, env=env, check=True, capture_output=True, encoding="utf-8").stdout
    return float(text.split()[-1])


def search(who: str, data: str, space: str) -> float:
    """Run one contender; give its best score over the folds, or of one network its score on the training data."""
    from sklearn import datasets

    x, y = getattr(datasets, f"load_{data}")(return_X_y=True)
    x = (x - x.mean(0)) / (x.std(0) + 1e-9)
    network, searching, options = _contender(who)
    net = network(max_iter=EPOCHS, random_state=0, **options)
    if space == "fit":
        return float(net.fit(x, y).score(x, y))
    return float(searching(net, SPACES[space], cv=FOLDS, refit=False).fit(x, y).cv_results_["mean_test_score"].max())


def _contender(who: str) -> tuple[Any, Any, dict[str, Any]]:
    """Return the class of a contender's networks, its search, and what lets all epochs train."""
    if who == "nnjax":
        from nnjax import estimators

        return estimators.MLPClassifier, estimators.PopulationSearchCV, {"tol": None}
    from sklearn import model_selection, neural_network

    searching = functools.partial(model_selection.GridSearchCV, n_jobs=2)
    return neural_network.MLPClassifier, searching, {"n_iter_no_change": 10 * EPOCHS}


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"  # of the processes that scikit-learn starts
    print(search(*sys.argv[1:4]))

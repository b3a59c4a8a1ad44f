"""One package in the contest of `scripts/peers/dtw.py`: all pairs of random walks, squared costs.

python -m scripts.peers.dtw_peer {nnjax,aeon,dtaidistance,tslearn} --series=500 --window=12 --out=FILE

Writes FILE.npy, the upper triangle of squared DTW distances [n(n−1)/2], and FILE.json with the seconds of the first
call ("first", compiling included) and the median of more calls, for a second or once ("again"). A window of −1 is none.
"""

import argparse
import json
import statistics
import time

import numpy as np

LENGTH = 128


def series(count):
    """Random walks of variance 1: [count, 128] float64."""
    x = np.random.default_rng(0).standard_normal((count, LENGTH)).cumsum(axis=1)
    return (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)


def nnjax(window):
    """One XLA device a core, float32."""
    from nnjax.cli.main import start_jax

    start_jax()
    from nnjax.distances import DTW, pairwise

    return lambda x: pairwise(x, metric=DTW(window, root=False))


def aeon(window):
    """Numba on two threads; its window is a share of the length."""
    from aeon.distances import dtw_pairwise_distance

    share = None if window is None else (window + 0.5) / LENGTH
    return lambda x: dtw_pairwise_distance(x, window=share, n_jobs=2)


def dtaidistance(window):
    """C with OpenMP; its window is one more."""
    from dtaidistance import dtw

    width = None if window is None else window + 1
    return lambda x: np.square(dtw.distance_matrix_fast(x, window=width, parallel=True, compact=True))


def tslearn(window):
    """Numba in two processes."""
    from tslearn.metrics import cdist_dtw

    band = {} if window is None else {"global_constraint": "sakoe_chiba", "sakoe_chiba_radius": window}
    return lambda x: np.square(cdist_dtw(x[:, :, None], n_jobs=2, **band))


PACKAGES = {"nnjax": nnjax, "aeon": aeon, "dtaidistance": dtaidistance, "tslearn": tslearn}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("package", choices=PACKAGES)
    parser.add_argument("--series", type=int, required=True)
    parser.add_argument("--window", type=int, required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    compute = PACKAGES[arguments.package](None if arguments.window < 0 else arguments.window)
    x = series(arguments.series)
    seconds: list[float] = []
    while len(seconds) < 2 or sum(seconds[1:]) < 1:
        begin = time.perf_counter()
        found = np.asarray(compute(x))
        seconds.append(time.perf_counter() - begin)
    np.save(f"{arguments.out}.npy", found[np.triu_indices(len(x), 1)] if found.ndim == 2 else found)
    with open(f"{arguments.out}.json", "w", encoding="utf-8") as file:
        json.dump({"first": seconds[0], "again": statistics.median(seconds[1:])}, file)

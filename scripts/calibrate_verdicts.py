"""Fit how often each first verdict is right: `python -m scripts.calibrate_verdicts` (nnjax/diagnosis/calibration.py).

A logistic regression of "accepted" on the verdict's code and the log-odds of its rule's confidence, with a ridge that
draws the codes to one another, over our own tuning curves and the strangers', which count as much together. Prints the
table, and the calibration error of each kind of curves when the other half of both has made the table.
"""

import pathlib
import zlib
from unittest import mock

import numpy as np
from absl import flags

from nnjax.cli.main import run
from nnjax.core.errors import UserError
from nnjax.diagnosis.verdicts import CODES

FOLDER = flags.DEFINE_string("folder", "tests/diagnosis", "where curves.npz and strangers.npz are")
RIDGE = 10.0  # on the intercepts of the codes, in units of curves


def main(argv: list[str]) -> None:
    """Fit, and print the table."""
    folder = pathlib.Path(FOLDER.value)
    if len(argv) != 1 or not (folder / "curves.npz").is_file():
        raise UserError(f"{folder}/curves.npz does not exist: name the folder of the labeled curves, --folder=FOLDER.")
    from scripts.curves import scoring, store

    own = [one for one in store.load(folder / "curves.npz") if one.part == "tuning"]
    with mock.patch("nnjax.diagnosis.diagnose.calibrated", lambda code, confidence: confidence):
        scores = scoring.score(own + store.load(folder / "strangers.npz"))
    stranger = np.array([score.one.part == "strangers" for score in scores])
    half = np.array([zlib.crc32(score.one.source.encode()) % 2 for score in scores])
    x = design(scores)
    right = np.array([score.accepted for score in scores], float)
    weight = np.where(stranger, (~stranger).sum() / stranger.sum(), 1.0)
    held_out = np.empty(len(x))
    for k in (0, 1):
        held_out[half == k] = probability(x[half == k], fit(x[half != k], right[half != k], weight[half != k]))
    for name, rows in (("own", ~stranger), ("strangers", stranger)):
        print(f"{name}: calibration error {error(held_out[rows], right[rows]):.3f}")
    found = fit(x, right, weight)
    print(f"SLOPE = {found[1]:.3f}")
    print("ODDS = {" + ", ".join(f'"{c}": {found[0] + a:.2f}' for c, a in zip(CODES, found[2:], strict=True)) + "}")


def design(scores: list) -> np.ndarray:
    """Return a row a curve: 1, the log-odds of the rule's confidence, and which code."""
    sure = np.clip([score.found.primary.confidence for score in scores], 0.02, 0.98)
    codes = np.array([score.found.primary.code for score in scores])
    return np.column_stack([np.ones(len(sure)), np.log(sure / (1 - sure)), codes[:, None] == np.array(CODES)])


def fit(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Fit the regression by Newton's method."""
    beta, penalty = np.zeros(x.shape[1]), np.diag([1e-9, 1e-9, *[RIDGE] * (x.shape[1] - 2)])
    for _ in range(30):
        p = probability(x, beta)
        gradient = x.T @ (weight * (y - p)) - penalty @ beta
        beta = beta + np.linalg.solve((x * (weight * p * (1 - p))[:, None]).T @ x + penalty, gradient)
    return beta


def probability(x: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Return how often it is right."""
    return 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))


def error(sure: np.ndarray, right: np.ndarray) -> float:
    """Give the expected calibration error over ten bins."""
    bins = np.minimum((sure * 10).astype(int), 9)
    return float(sum(abs((sure - right)[bins == i].sum()) for i in range(10)) / len(sure))


if __name__ == "__main__":
    run(main)

"""Fit how often each first verdict is right: `python -m scripts.calibrate_verdicts` (diagnosis/verdict_confidence.py).

A logistic regression of "accepted" on the verdict's code and the log-odds of its rule's confidence, with a ridge that
draws the codes to one another, over our own tuning curves and three sets of runs of other tools, which count as much
each. Prints the table, and the calibration error of each of the four when the other three have made the table.
"""

import pathlib
from unittest import mock

import numpy as np
from absl import flags

from nnjax.cli.main import run
from nnjax.core.errors import UserError
from nnjax.diagnosis.verdicts import CODES

FOLDER = flags.DEFINE_string("folder", "tests/diagnosis", "where curves.npz, strangers.npz, … are")
RIDGE = 30.0  # on the intercepts of the codes, in units of curves
SETS = ("tuning", "strangers", "newcomers", "visitors")
FIRST_LOOK = 0.5  # log-odds by which curves that the rules have never been changed after are accepted less often


def main(argv: list[str]) -> None:
    """Fit, and print the table."""
    folder = pathlib.Path(FOLDER.value)
    if len(argv) != 1 or not (folder / "curves.npz").is_file():
        raise UserError(f"{folder}/curves.npz does not exist: name the folder of the labeled curves, --folder=FOLDER.")
    from scripts.curves import scoring, store

    known = [one for name in ("curves", *SETS[1:]) for one in store.load(folder / f"{name}.npz") if one.part in SETS]
    with mock.patch("nnjax.diagnosis.diagnose.calibrated", lambda code, confidence: confidence):
        scores = scoring.score(known)
    part = np.array([score.one.part for score in scores])
    x, right = design(scores), np.array([score.accepted for score in scores], float)
    weight = np.array([len(part) / len(SETS) / (part == name).sum() for name in part])
    for name in SETS:
        own, beta = part == name, fit(x[part != name], right[part != name], weight[part != name])
        print(f"{name}: calibration error {error(probability(x[own], beta), right[own]):.3f}")
    found = fit(x, right, weight)
    found[0] -= FIRST_LOOK
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

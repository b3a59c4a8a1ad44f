"""Calibration of predicted probabilities: reliability by bin, and the expected calibration error."""

from __future__ import annotations

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Bool, Float, Int

Reliability = tuple[Float[np.ndarray, " bins"], Float[np.ndarray, " bins"], Int[np.ndarray, " bins"]]


def reliability(probabilities: Float[Array, " n"], occurred: Bool[Array, " n"], num_bins: int = 10) -> Reliability:
    """Bin predicted probabilities, and compare them with the outcomes (a reliability diagram; Murphy & Winkler 1977).

    Args:
      probabilities: predicted [n], within [0, 1].
      occurred: [n], whether the event occurred.
      num_bins: of equal width.

    Returns:
      By bin that is not empty: mean prediction, share that occurred, number of predictions.

    Raises:
      UserError: shapes that differ, predictions outside [0, 1].
    """
    predicted, outcome = np.asarray(probabilities, float), np.asarray(occurred, bool)
    if predicted.ndim != 1 or predicted.shape != outcome.shape:
        raise UserError(
            f"Predictions {predicted.shape} and outcomes {outcome.shape} were found; [n] each was expected."
        )
    if not ((predicted >= 0) & (predicted <= 1)).all():
        raise UserError("Predictions within [0, 1] were expected; clip them, or give probabilities.")
    bins = np.minimum((predicted * num_bins).astype(int), num_bins - 1)
    counts, sums, occurrences = (
        np.bincount(bins, weights=values, minlength=num_bins) for values in (np.ones(len(bins)), predicted, outcome)
    )
    full = counts > 0
    return sums[full] / counts[full], occurrences[full] / counts[full], counts[full].astype(int)


def calibration_error(probabilities: Float[Array, " n"], occurred: Bool[Array, " n"], num_bins: int = 10) -> float:
    """Expected calibration error: the mean gap of prediction and outcome over the bins, weighted by their counts."""
    predicted_mean, share, counts = reliability(probabilities, occurred, num_bins)
    return float(np.average(np.abs(predicted_mean - share), weights=counts))

"""Calibration of a network's probabilities: reliability by bin, the expected calibration error, temperature scaling."""

from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Bool, Float, Int

TINY, HOTTEST = 1e-12, 20.0
Reliability = tuple[Float[np.ndarray, " bins"], Float[np.ndarray, " bins"], Int[np.ndarray, " bins"]]


class Temperature(NamedTuple):
    """The temperature of a classifier, and its calibration before and after."""

    value: float  # by which log probabilities are divided; above 1 where the network was too sure
    # part, examples: on which both are measured: "test", or where there is none "validation", which has set the value
    part: str
    examples: int
    error: float  # error, error_after: expected calibration error (15 bins) of the likeliest class
    error_after: float
    loss: float  # loss, loss_after: log loss
    loss_after: float

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"temperature {self.value:.3g}: calibration error {self.error:.3f} before, {self.error_after:.3f} after, "
            f"log loss {self.loss:.4g} and {self.loss_after:.4g} ({self.examples:,} {self.part} examples)"
        )


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


def temper(probabilities: Float[np.ndarray, "n c"], temperature: float) -> Float[np.ndarray, "n c"]:
    """Return the softmax of the logarithms of probabilities over a temperature (Guo et al. 2017); above 1 less sure.

    Raises:
      UserError: the temperature is no number above 0.
    """
    if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not temperature > 0:
        raise UserError(f"The temperature is {temperature!r}, but a number above 0 was expected.")
    logits = np.log(np.maximum(np.asarray(probabilities, float), TINY)) / temperature
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def log_loss(probabilities: Float[np.ndarray, "n c"], labels: Int[np.ndarray, " n"]) -> float:
    """Return the mean of -log p of the true classes."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], TINY)).mean())


def fit_temperature(probabilities: Float[np.ndarray, "n c"], labels: Int[np.ndarray, " n"]) -> float:
    """Find the temperature of the lowest log loss, within [1/20, 20]."""
    from scipy.optimize import minimize_scalar

    def cost(log_temperature: float) -> float:
        return log_loss(temper(probabilities, float(np.exp(log_temperature))), labels)

    edge = float(np.log(HOTTEST))
    return float(np.exp(minimize_scalar(cost, bounds=(-edge, edge), method="bounded").x))


def confidence_error(
    probabilities: Float[np.ndarray, "n c"], labels: Int[np.ndarray, " n"], num_bins: int = 15
) -> float:
    """Return the expected calibration error of the likeliest class (Guo et al. 2017, equation 3)."""
    return calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels, num_bins)

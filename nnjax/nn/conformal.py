"""The mathematics of conformal prediction, on arrays: intervals and sets that hold the truth with a given probability.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018), CV+ and jackknife+ (Barber, Candès, Ramdas & Tibshirani
2021), and adaptive prediction sets for classes (Romano, Sesia & Candès 2020). All need examples that are exchangeable
with the new ones and that had no part in what is predicted. Split conformal covers at least the level; CV+ and
jackknife+ at least 2 level - 1, and the level in practice.
"""

import math

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Bool, Float, Int


def rank(count: int, level: float) -> int:
    """Return which of `count` ascending scores bounds that of a new example with probability `level`, from 1.

    Raises:
      UserError: too few scores; the interval would be infinite.
    """
    found = math.ceil(round((count + 1) * level, 9))  # 0.9 * 10 is above 9 in floats
    if found > count:
        least = math.ceil(round(level / (1 - level), 9))
        raise UserError(
            f"An interval of {level:g} needs at least {least} calibration examples, but there are {count}: lower the "
            "level, or calibrate on more."
        )
    return found


def split_radius(residuals: Float[np.ndarray, "n k"], level: float) -> Float[np.ndarray, " k"]:
    """Return half the width of each target's interval, from absolute residuals; UserError for too few of them."""
    radius: np.ndarray = np.sort(residuals, axis=0)[rank(len(residuals), level) - 1]
    return radius


def cv_plus(
    centers: Float[np.ndarray, "f b k"], residuals: Float[np.ndarray, "n k"], fold: Int[np.ndarray, " n"], level: float
) -> tuple[Float[np.ndarray, "b k"], Float[np.ndarray, "b k"]]:
    """Return the ends of CV+ intervals (Barber et al. 2021, equation 3.2); jackknife+ where each fold is one example.

    Args:
      centers: predictions of new examples by the network of each fold.
      residuals: absolute ones of each example, by the network that has not seen it.
      fold: of each example.
      level: in (0, 1).

    Raises:
      UserError: too few examples.
    """
    place = rank(len(residuals), level) - 1
    high = np.sort(centers[fold] + residuals[:, None], axis=0)[place]
    low = -np.sort(residuals[:, None] - centers[fold], axis=0)[place]
    return low, high


def class_scores(p: Float[np.ndarray, "... n c"], u: Float[np.ndarray, " n"]) -> Float[np.ndarray, "... n c"]:
    """Return for every class the probability of those that are likelier, and u times its own.

    Args:
      p: probabilities, which add up to 1; of equal ones the first counts as the likelier.
      u: of each example, uniform in [0, 1].
    """
    order = np.argsort(-p, axis=-1, kind="stable")
    ranked = np.take_along_axis(p, order, axis=-1)
    scores = np.empty(p.shape, float)
    np.put_along_axis(scores, order, np.cumsum(ranked, axis=-1) - ranked + u[:, None] * ranked, axis=-1)
    return scores


def split_sets(scores: Float[np.ndarray, " n"], new: Float[np.ndarray, "b c"], level: float) -> Bool[np.ndarray, "b c"]:
    """Return which classes belong to the set of each new example: bool.

    Args:
      scores: of the calibration examples' true classes, see `class_scores`.
      new: of every class of the new examples.
      level: in (0, 1).

    Raises:
      UserError: too few examples.
    """
    inside: np.ndarray = new <= np.sort(scores)[rank(len(scores), level) - 1]
    return inside


def cv_plus_sets(
    scores: Float[np.ndarray, " n"], fold: Int[np.ndarray, " n"], new: Float[np.ndarray, "f b c"], level: float
) -> Bool[np.ndarray, "b c"]:
    """Return the same by CV+ (Romano et al. 2020, equation 12).

    Args:
      scores: of each example's true class, by the network that has not seen it.
      fold: of each example.
      new: of every class of the new examples, by the network of each fold.
      level: in (0, 1).

    Raises:
      UserError: too few examples.
    """
    rank(len(scores), level)
    below = np.zeros(new.shape[1:], int)
    for place, own in enumerate(new):
        below += np.searchsorted(np.sort(scores[fold == place]), own, side="left")
    return below < level * (len(scores) + 1)

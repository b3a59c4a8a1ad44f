"""Space-filling designs: points of the unit cube, drawn independently or as scrambled sequences."""

import numpy as np

from nnjax.core.errors import UserError


def random(num: int, dimensions: int, seed: int) -> np.ndarray:
    """Draw independent points, [num, dimensions] in [0, 1)."""
    return np.random.default_rng(seed).random((num, dimensions))


def sobol(num: int, dimensions: int, seed: int) -> np.ndarray:
    """Draw the first points of a scrambled Sobol sequence (Owen 1998), [num, dimensions] in [0, 1).

    Raises:
      UserError: more dimensions than SciPy has Sobol directions for.
    """
    from scipy.stats import qmc

    if dimensions > qmc.Sobol.MAXDIM:
        raise UserError(f"Mode sobol takes at most {qmc.Sobol.MAXDIM} axes, but there are {dimensions}; use random.")
    sequence = qmc.Sobol(dimensions, rng=np.random.default_rng(seed))
    return sequence.random_base2((num - 1).bit_length())[:num]


def halton(num: int, dimensions: int, seed: int) -> np.ndarray:
    """Draw the first points of a scrambled Halton sequence (Halton 1960), [num, dimensions] in [0, 1)."""
    from scipy.stats import qmc

    return qmc.Halton(dimensions, rng=np.random.default_rng(seed)).random(num)


DESIGNS = {"random": random, "sobol": sobol, "halton": halton}

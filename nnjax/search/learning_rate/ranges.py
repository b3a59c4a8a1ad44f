"""Ranges of learning rates: around the usual one of an optimizer, or between two ends."""

import math

from nnjax.core.errors import UserError
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.spaces.ranges import Range

DECADES = 4  # to either side of the usual rate
NUM_RATES = 64
PHASE_DECADES, PHASE_RATES = 3, 12  # of a grid of rates and batch sizes
FINEST = 8  # rates to a decade; a narrow range has fewer than 64


def phase_range(optimizer: str, low: float | None = None, high: float | None = None) -> Range:
    """Give the twelve rates of a phase diagram, in three decades to either side of the usual one; as `rate_range`."""
    return rate_range(optimizer, low, high, PHASE_RATES, PHASE_DECADES)


def rate_range(
    optimizer: str,
    low: float | None = None,
    high: float | None = None,
    num: int = NUM_RATES,
    decades: int = DECADES,
) -> Range:
    """Give the rates to search: four decades to either side of the usual one, unless an end is given.

    Raises:
      UserError: an unknown optimizer, an end that is no positive number, or a range that is empty.
    """
    if optimizer not in OPTIMIZERS:
        raise UserError(f"There is no optimizer {optimizer!r}; choose some of {', '.join(OPTIMIZERS)}.")
    usual = OPTIMIZERS[optimizer].usual_rate
    ends = {"low": usual / 10**decades if low is None else low, "high": usual * 10**decades if high is None else high}
    for name, end in ends.items():
        if not (math.isfinite(end) and end > 0):
            raise UserError(f"The {name} end of the rates is {end:g}, but a finite number above 0 was expected.")
    if ends["low"] >= ends["high"]:
        raise UserError(
            f"The rates go from {ends['low']:g} to {ends['high']:g}, but the smaller end comes first: exchange them."
        )
    most = math.floor(FINEST * math.log10(ends["high"] / ends["low"]) + 1e-9) + 1
    if most < 3:
        raise UserError(
            f"The rates from {ends['low']:g} to {ends['high']:g} differ too little: take ends that are at least a "
            "factor of 2 apart."
        )
    return Range(ends["low"], ends["high"], min(num, most), log=True)

"""Checks of points and options before anything is computed; each raises `UserError` with one sentence."""

import difflib
import math
from collections.abc import Collection, Sequence

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.messages import remedy
from nnjax.core.numeric import as_numbers

LEAST_POINTS = 4
MOST_EXACT = {  # points, by support
    "all": 10_000,  # their affinities are 400 MB for each perplexity
    "neighbors": 20_000,  # all pairs of so many, a thousand times, take two minutes of a core
}


def points(x: np.ndarray) -> np.ndarray:
    """Return x as numbers [n, d]; UserError for other shapes, under 4 rows, no finite numbers, or all rows equal."""
    x = as_numbers(x, "The data")
    if x.ndim != 2 or x.shape[1] < 1:
        raise UserError(f"The data have shape {x.shape}, but rows of numbers (n, d) were expected: reshape them.")
    if len(x) < LEAST_POINTS:
        raise UserError(f"There are {len(x)} rows, but at least {LEAST_POINTS} are needed: give more.")
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if len(bad):
        raise UserError(
            f"{len(bad)} of {len(x)} rows hold NaN or infinity (the first is row {bad[0]}), but finite numbers were "
            "expected: leave these rows out or fill them."
        )
    if not varying(x).any():
        raise UserError(f"All {len(x)} rows are identical, so every column is constant: give data that vary.")
    return x


def varying(x: np.ndarray) -> np.ndarray:
    """Which columns [d] of x [n, d] are not constant."""
    return np.asarray((x != x[:1]).any(axis=0))


def dimensions(x: np.ndarray, wanted: int) -> None:
    """Refuse no axes, or more than there are columns that vary, or rows."""
    most = min(int(varying(x).sum()), len(x) - 1)
    if not 1 <= wanted <= most:
        constant = x.shape[1] - int(varying(x).sum())
        why = f" ({constant} of {x.shape[1]} columns are constant)" if constant else ""
        raise UserError(f"{wanted} dimensions were asked for, but 1 to {most} are possible{why}: change dimensions.")


def perplexities(x: np.ndarray, wanted: Sequence[float]) -> None:
    """Refuse perplexities below 1, from n / 3 on, or no larger than the copies that some point has of itself."""
    for value in wanted:
        if not 1 <= value < len(x) / 3:
            raise UserError(
                f"The perplexity is {value:g}, but for {len(x)} points a number from 1 to below {len(x) / 3:.6g} (a "
                "third of them) was expected: choose one of that range."
            )
    _, copies = np.unique(x, axis=0, return_counts=True)
    if copies.max() > min(wanted) + 1:
        raise UserError(
            f"{copies.max()} rows are identical, more than a perplexity of {min(wanted):g} allows: raise it, or remove "
            "duplicates."
        )


def neighbors(num_points: int, k: int) -> None:
    """Refuse numbers of neighbors for which trustworthiness is not defined: below 1, or from n / 2 on."""
    if not 1 <= k < num_points / 2:
        raise UserError(
            f"Trustworthiness of k = {k} neighbors was asked for, but k from 1 to below n / 2 = {num_points / 2:g} "
            "was expected: choose a smaller k, or give more points."
        )


def exact_size(num_points: int, support: str) -> None:
    """Refuse so many points that their affinities would be too large, or all pairs take too long."""
    if num_points > MOST_EXACT[support]:
        sparse = remedy("support='neighbors', ", "--support=neighbors, ")
        sparse = sparse if num_points <= MOST_EXACT["neighbors"] else ""
        others = remedy("engine='sklearn' or engine='opentsne'", "--engine=sklearn or --engine=opentsne")
        raise UserError(
            f"{num_points:,} points are too many for affinities of {support} (the limit is {MOST_EXACT[support]:,}): "
            f"choose {sparse}{others}, which approximate, or fewer points{remedy('', ' with --limit')}."
        )


def positive(name: str, value: float | None) -> None:
    """Refuse a number that is not finite and above 0; None is none."""
    if value is not None and not (math.isfinite(value) and value > 0):
        raise UserError(f"{name} is {value:g}, but a finite number above 0 was expected: set it so.")


def choice(what: str, found: str, names: Collection[str]) -> None:
    """Refuse an unknown name, with those of a like spelling."""
    if found not in names:
        close = difflib.get_close_matches(found.lower().replace("-", ""), names, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise UserError(f"The {what} {found!r} is unknown: {hint}choose one of {', '.join(names)}.")

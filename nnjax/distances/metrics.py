"""Distances by name."""

import dataclasses
import difflib
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

from nnjax.core.errors import UserError
from nnjax.distances.bounds import LBKeogh, LBKim
from nnjax.distances.elastic import DTW, EDR, ERP, LCSS, SoftDTW
from nnjax.distances.metric_record import Metric
from nnjax.distances.vectors import Jaccard, Minkowski

METRICS: dict[str, Callable[..., Any]] = {
    "euclidean": functools.partial(Minkowski, 2),
    "manhattan": functools.partial(Minkowski, 1),
    "chebyshev": functools.partial(Minkowski, math.inf),
    "minkowski": Minkowski,
    "jaccard": Jaccard,
    "dtw": DTW,
    "soft_dtw": SoftDTW,
    "lcss": LCSS,
    "edr": EDR,
    "erp": ERP,
    "lb_kim": LBKim,
    "lb_keogh": LBKeogh,
}


def resolve(metric: str | Metric, options: Mapping[str, Any]) -> Metric:
    """A distance by name with its options, or one that is configured already.

    Raises:
      UserError: an unknown name or option (the close ones are named), or options for one that is configured already.
    """
    if not isinstance(metric, str):
        if options:
            raise UserError(
                f"{metric} is configured already, but {', '.join(options)} was given too: set it when creating "
                "the metric."
            )
        return metric
    if metric not in METRICS:
        close = difflib.get_close_matches(metric.lower(), METRICS, n=3, cutoff=0.5)
        meant = f"did you mean {' or '.join(close)}? " if close else ""
        raise UserError(f"There is no distance {metric!r}: {meant}The names are {', '.join(METRICS)}.")
    make = METRICS[metric]
    known = [field.name for field in dataclasses.fields(make)] if dataclasses.is_dataclass(make) else []
    unknown = [name for name in options if name not in known]
    if unknown:
        has = f"its options are {', '.join(known)}" if known else "it has no options"
        raise UserError(f"The distance {metric} has no option {unknown[0]!r}: {has}.")
    return make(**options)

"""Compare one-nearest-neighbor errors on generated sets with those that the UCR archive publishes.

The archive holds one draw of each generator; here every seed is a draw of the same sizes, so published errors are
expected within the spread over seeds. Source: Dau et al. 2018, "The UCR time series archive", its summary table.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.data import series
from nnjax.distances.elastic import DTW, EDR, ERP, LCSS
from nnjax.distances.metric_record import Metric
from nnjax.distances.neighbors import choose_window, error
from nnjax.distances.pairs import pairwise
from nnjax.distances.vectors import Minkowski


class Published(NamedTuple):
    """Published results of a set."""

    errors: dict[str, float]  # by measure: Euclidean, DTW with the learned window, DTW without one
    window: int  # the learned window, per cent of the length


PUBLISHED = {
    "cbf": Published({"Euclidean": 0.1478, "DTW, window": 0.0044, "DTW": 0.0033}, 11),
    "synthetic_control": Published({"Euclidean": 0.12, "DTW, window": 0.0167, "DTW": 0.0067}, 6),
    "two_patterns": Published({"Euclidean": 0.0932, "DTW, window": 0.0015, "DTW": 0.0}, 4),
}
LEARNED_FROM = range(21)  # windows to learn from, per cent of the length


class Score(NamedTuple):
    """One measure on one set."""

    name: str  # of the set
    measure: str  # for people
    errors: np.ndarray  # [seeds] shares of wrong answers on the test part
    published: float | None  # the archive's; None where it gives none
    windows: tuple[int, ...] = ()  # [seeds] in points, of the measure with a window; else empty


def measures(window: int) -> dict[str, Metric]:
    """Make the measures to compare: squared costs with a root; ε a quarter of the standard deviation, which is 1."""
    return {
        "Euclidean": Minkowski(2),
        "DTW, window": DTW(window),
        "DTW": DTW(),
        "LCSS": LCSS(0.25),
        "EDR": EDR(0.25),
        "ERP": ERP(0.0),
    }


def scores(
    name: str,
    seeds: Iterable[int],
    learn: bool = True,
    share: float = 1.0,
    log: Callable[[str], None] = lambda sentence: None,
) -> list[Score]:
    """Draw a set for every seed, and classify its test part by the nearest example of its training part.

    Args:
      name: a key of `PUBLISHED`.
      seeds: of the draws.
      learn: whether the window is learned anew by leave-one-out from 0 to 20 per cent; else it is the archive's.
      share: of the archive's sizes.
      log: called with a sentence after each seed.

    Raises:
      UserError: an unknown set.
    """
    if name not in PUBLISHED:
        raise UserError(f"There are no published errors of {name!r}: choose from {', '.join(PUBLISHED)}.")
    kind, published = series.KINDS[name], PUBLISHED[name]
    sizes = [max(len(kind.classes), round(share * size)) for size in (kind.train, kind.test)]
    found: dict[str, list[float]] = {}
    windows = []
    for seed in seeds:
        (train, labels), (test, truth) = (series.sample(name, size, 2 * seed + i) for i, size in enumerate(sizes))
        length = train.shape[1]
        percents = LEARNED_FROM if learn else [published.window]
        choices = sorted({percent * length // 100 for percent in percents})
        windows.append(choose_window(train, labels, choices) if len(choices) > 1 else choices[0])
        for measure, metric in measures(windows[-1]).items():
            found.setdefault(measure, []).append(error(pairwise(test, train, metric), labels, truth))
        log(f"{name}, seed {seed}: " + ", ".join(f"{measure} {errors[-1]:.4f}" for measure, errors in found.items()))
    return [
        Score(name, measure, np.array(e), published.errors.get(measure), tuple(windows) if "window" in measure else ())
        for measure, e in found.items()
    ]


def lines(rows: Iterable[Score]) -> list[str]:
    """Write a Markdown table: mean, standard deviation and range over seeds beside the published error."""
    out = ["| set | measure | error | least–most | UCR |", "|---|---|---|---|---|"]
    for row in rows:
        spread = f" ± {row.errors.std(ddof=1):.4f}" if len(row.errors) > 1 else ""
        window = f" ({min(row.windows)}–{max(row.windows)} points)" if row.windows else ""
        published = "–" if row.published is None else f"{row.published:.4f}"
        extent = f"{row.errors.min():.4f}–{row.errors.max():.4f}"
        out.append(f"| {row.name} | {row.measure}{window} | {row.errors.mean():.4f}{spread} | {extent} | {published} |")
    return out

"""Distances of vectors and time series (lecture slides, section 0): by name, for all pairs, and for nearest neighbors.

from nnjax.distances import pairwise
pairwise(series, metric="dtw", window=0.1)  # [n, n]
"""

from nnjax.distances.bounds import LBKeogh, LBKim
from nnjax.distances.elastic import DTW, EDR, ERP, LCSS, SoftDTW
from nnjax.distances.metric_record import Metric
from nnjax.distances.metrics import METRICS
from nnjax.distances.neighbors import choose_window, classify, error, leave_one_out_error
from nnjax.distances.pairs import distance, pairwise
from nnjax.distances.vectors import Jaccard, Minkowski, jaccard_of_sets

__all__ = ["DTW", "EDR", "ERP", "LCSS", "METRICS", "Jaccard", "LBKeogh", "LBKim", "Metric", "Minkowski", "SoftDTW"]
__all__ += ["choose_window", "classify", "distance", "error", "jaccard_of_sets", "leave_one_out_error", "pairwise"]

"""How examples look to each distance."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from nnjax.core.experiment import DataConfig
from nnjax.data import prepare
from nnjax.distances import DTW, pairwise
from nnjax.distances.views import IMAGE, SERIES, TABLE, distances, split_of

SETS = {
    IMAGE: DataConfig("digits", limit=12, test=9, validation=0),
    TABLE: DataConfig("wine", limit=12, test=9, validation=0, scaling="standard"),
    SERIES: DataConfig("synthetic_control:30", test=12, validation=0, scaling="none"),
}


@pytest.mark.parametrize("kind", SETS)
def test_kinds_and_splits(kind):
    some = split_of(prepare(SETS[kind]))
    assert some.kind == kind
    assert (len(some.x), len(some.queries)) == (len(some.labels), len(some.truth))
    assert some.labels.max() < some.num_classes
    assert some.x.dtype == np.float32


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize(("name", "theirs"), [("Euclidean", "euclidean"), ("Manhattan", "cityblock")])
def test_vectors_are_as_in_scipy(kind, name, theirs):
    some = split_of(prepare(SETS[kind]))
    among, to = distances(some, name)
    np.testing.assert_allclose(among, cdist(some.x, some.x, theirs), rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(to, cdist(some.queries, some.x, theirs), rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("kind", SETS)
def test_jaccard_compares_what_is_above_the_threshold(kind):
    some = split_of(prepare(SETS[kind]))
    threshold = {IMAGE: 0.5, TABLE: np.median(some.x, axis=0), SERIES: 0}[kind]
    _, to = distances(some, "Jaccard")
    np.testing.assert_allclose(to, cdist(some.queries > threshold, some.x > threshold, "jaccard"), rtol=1e-6)


def test_dtw_takes_an_image_as_the_series_of_its_rows():
    some = split_of(prepare(SETS[IMAGE]))
    _, to = distances(some, "DTW")
    rows = pairwise(some.queries.reshape(-1, 8, 8), some.x.reshape(-1, 8, 8), DTW(0.1))
    np.testing.assert_array_equal(to, rows)


def test_dtw_takes_a_series_as_it_is_and_no_table():
    some = split_of(prepare(SETS[SERIES]))
    np.testing.assert_array_equal(distances(some, "DTW")[1], pairwise(some.queries, some.x, DTW(0.1)))
    assert distances(split_of(prepare(SETS[TABLE])), "DTW") is None

"""How examples look to each distance."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from nnjax.core.experiment import DataConfig
from nnjax.distances import DTW, pairwise
from nnjax.lectures.studies.views import IMAGE, SERIES, TABLE, distances, examples

SETS = {
    IMAGE: DataConfig("digits", limit=12, test=9, validation=0),
    TABLE: DataConfig("wine", limit=12, test=9, validation=0, scaling="standard"),
    SERIES: DataConfig("synthetic_control:30", test=12, validation=0, scaling="none"),
}


@pytest.mark.parametrize("kind", SETS)
def test_kinds_and_splits(kind):
    some = examples(SETS[kind])
    assert some.kind == kind
    assert (len(some.x), len(some.q)) == (len(some.y), len(some.truth))
    assert some.y.max() < some.num_classes
    assert some.x.dtype == np.float32


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize(("name", "theirs"), [("Euclidean", "euclidean"), ("Manhattan", "cityblock")])
def test_vectors_are_as_in_scipy(kind, name, theirs):
    some = examples(SETS[kind])
    among, to = distances(some, name)
    np.testing.assert_allclose(among, cdist(some.x, some.x, theirs), rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(to, cdist(some.q, some.x, theirs), rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("kind", SETS)
def test_jaccard_compares_what_is_above_the_threshold(kind):
    some = examples(SETS[kind])
    threshold = {IMAGE: 0.5, TABLE: np.median(some.x, axis=0), SERIES: 0}[kind]
    _, to = distances(some, "Jaccard")
    np.testing.assert_allclose(to, cdist(some.q > threshold, some.x > threshold, "jaccard"), rtol=1e-6)


def test_dtw_takes_an_image_as_the_series_of_its_rows():
    some = examples(SETS[IMAGE])
    _, to = distances(some, "DTW")
    rows = pairwise(some.q.reshape(-1, 8, 8), some.x.reshape(-1, 8, 8), DTW(0.1))
    np.testing.assert_array_equal(to, rows)


def test_dtw_takes_a_series_as_it_is_and_no_table():
    some = examples(SETS[SERIES])
    np.testing.assert_array_equal(distances(some, "DTW")[1], pairwise(some.q, some.x, DTW(0.1)))
    assert distances(examples(SETS[TABLE]), "DTW") is None

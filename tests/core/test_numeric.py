"""What is no array of numbers is refused in one sentence, wherever it is passed."""

import numpy as np
import pytest

import nnjax
from nnjax.core.numeric import as_numbers
from nnjax.data import from_arrays
from nnjax.distances.checking import vectors
from nnjax.embed import embed

RAGGED, X = [[1.0, 2.0], [3.0]], np.eye(2)


@pytest.mark.parametrize("x", [[1, 2], [[True]], np.zeros(3, np.uint8), [[1.5]], []])
def test_numbers_and_truth_values_keep_their_type(x):
    found = as_numbers(x, "x")
    assert found.dtype == np.asarray(x).dtype
    np.testing.assert_array_equal(found, x)


@pytest.mark.parametrize("read", [lambda x: as_numbers(x, "x"), lambda x: vectors(x, "x"), lambda x: embed(x, "pca")])
@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (RAGGED, "rows of different lengths"),
        ([["a"]], "the type <U1, but numbers were expected"),
        ([[1j]], "complex128"),
    ],
)
def test_what_is_no_array_of_numbers(read, x, sentence):
    with pytest.raises(nnjax.UserError, match=sentence):
        read(x)


@pytest.mark.parametrize("weights", [RAGGED, ["a", "b"]])
def test_weights_that_are_no_numbers(weights):
    with pytest.raises(nnjax.UserError, match="sample_weight of "):
        from_arrays(X, np.array([0, 1]), sample_weight=weights)


def test_texts_are_labels_where_they_may_be():
    assert as_numbers(np.array(["a", "b"], object), "y", kinds="buifUS").dtype == np.dtype("<U1")
    with pytest.raises(
        nnjax.UserError, match=r"y has 1 \(of the type int\)|y has 'a' \(of the type str\) in example 0"
    ):
        as_numbers(np.array(["a", 1], object), "y", kinds="buifUS")

import math

import numpy as np
import pytest

from nnjax.distances import concentration


def test_concentration_by_hand():
    """Nearest 1 and 2, farthest 3 and 4: contrasts 2 and 1."""
    found = concentration.concentration(np.array([[1.0, 2, 3], [2, 3, 4]]))
    assert found.contrast == pytest.approx(1.5)
    assert found.spread == pytest.approx(np.std([1, 2, 3, 2, 3, 4]) / 2.5)
    assert concentration.concentration(np.array([[0.0, 1]])).contrast == math.inf


@pytest.mark.slow
def test_every_distance_concentrates():
    """Squared Euclidean distances of d independent uniforms have mean d/6 and variance 7d/180, so the spread of their
    roots tends to √(7/180 · 36) / (2√d) = √(7/20)/√d; all contrasts fall."""
    found = concentration.of_noise((8, 64), examples=200, queries=50)
    assert set(found) == {*concentration.VECTORS, *concentration.SERIES}
    for small, large in found.values():
        assert large.contrast < small.contrast
        assert large.spread < 0.5 * small.spread
    assert found["Euclidean"][1].spread == pytest.approx(np.sqrt(7 / 20 / 64), rel=0.1)


def test_what_a_representation_is_worth():
    """The original recalls itself; two of its ten noisy coordinates that hold the classes have more contrast."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    x = rng.standard_normal((200, 10))
    x[:, 0] += 6 * y
    known, query = x[:150], x[150:]
    parts = {"all": (known, query), "PCA 2": concentration.pca(known, query, 2), "noise": (known[:, 5:], query[:, 5:])}
    whole, two, noise = concentration.worths(parts, y[:150], y[150:])
    assert (whole.recall, whole.width, two.width) == (1, 10, 2)
    assert two.contrast > whole.contrast
    assert two.accuracy > 0.95 > 0.7 > noise.accuracy

"""The machines of the history: a pass of each rule by hand in NumPy, example by example."""

import numpy as np
import pytest
from estimator_data import irises
from sklearn.base import clone

from nnjax.estimators import Adaline, Madaline, Perceptron

OPTIONS = {"max_iter": 2, "tol": None, "shuffle": False}


def _two_classes():
    x, y = irises()
    return (x - x.mean(0))[y > 0], y[y > 0] - 1


def _passes(x, d, rule, weights=None, epochs=2):
    w = np.zeros(x.shape[1] + 1)
    weights = np.ones(len(x)) if weights is None else weights / weights.mean()
    for _ in range(epochs):
        for row, wanted, weight in zip(np.column_stack([x, np.ones(len(x))]), d, weights, strict=True):
            w = w + weight * rule(w, row, wanted)
    return w


@pytest.mark.parametrize("weighted", [False, True])
def test_a_perceptron_learns_from_mistakes_alone(weighted):
    """Rosenblatt's rule, η = 0.5: w ← w + η d x where d w·x ≤ 0."""
    x, y = _two_classes()
    weights = np.linspace(0.5, 2, len(x)) if weighted else None
    w = _passes(x, 2 * y - 1, lambda w, row, d: 0.5 * d * row * (d * (w @ row) <= 0), weights)
    net = Perceptron(eta0=0.5, **OPTIONS)
    net.fit(x, y, weights)
    np.testing.assert_allclose(np.append(net.coef_, net.intercept_), w, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(net.predict(x), (x @ w[:-1] + w[-1] > 0).astype(int))


def test_an_adaline_takes_a_share_off_each_error():
    """α-LMS (Widrow & Hoff 1960): w ← w + α ε x / ‖x‖², the bias's 1 among x."""
    x, y = _two_classes()
    w = _passes(x, 2 * y - 1, lambda w, row, d: 0.2 * (d - w @ row) * row / (row @ row))
    net = Adaline(alpha=0.2, **OPTIONS).fit(x, y)
    np.testing.assert_allclose(np.append(net.coef_, net.intercept_), w, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_a_madaline_disturbs_as_few_units_as_it_must():
    """One example, alone: of the units that err, those nearest to 0, as many as the majority lacks, take α off."""
    x, y = np.array([[1.0, -2.0], [1.0, -2.0]]), np.array([0, 1])
    start = Madaline(5, alpha=1.0, random_state=1, max_iter=1, shuffle=False, tol=None, warm_start=True)
    start.fit(x, y)  # draws the weights
    before, bias = start.coef_.copy(), start.intercept_.copy()
    after = clone(start)
    after.__dict__.update(start.__dict__)
    after.fit(x, y)
    for label in y:  # the two examples, one after the other
        d, z = 2 * label - 1, before @ x[0] + bias
        wrong = np.flatnonzero(np.where(z >= 0, 1, -1) != d)
        chosen = wrong[np.argsort(np.abs(z[wrong]))[: max(len(wrong) - 2, 0)]]
        step = (d - z[chosen]) / (1 + x[0] @ x[0])
        before[chosen] += step[:, None] * x[0]
        bias[chosen] += step
    np.testing.assert_allclose(after.coef_, before, atol=1e-5)
    np.testing.assert_allclose(after.intercept_, bias, atol=1e-5)


@pytest.mark.slow
def test_several_classes_and_what_a_plane_cannot():
    x, y = irises()
    assert Adaline(max_iter=50).fit(x - x.mean(0), y).score(x - x.mean(0), y) > 0.75  # the middle class is between
    corners = np.tile([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], (10, 1))
    xor = np.tile([0, 1, 1, 0], 10)
    assert Madaline(15, alpha=0.3, random_state=0, n_iter_no_change=50).fit(corners, xor).score(corners, xor) > 0.7
    with pytest.raises(ValueError, match="n_units is 4, but a majority needs an odd number"):
        Madaline(4).fit(x, y)

"""The machines of the history: a pass of each rule by hand in NumPy, example by example."""

import warnings

import numpy as np
import pytest
from estimator_data import irises
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

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


@pytest.mark.parametrize(
    ("table", "on", "bound"),
    [([0, 0, 0, 1], 1, 51), ([1, 1, 1, 0], 1, 51), ([0, 1, 1, 1], 1, 27), ([0, 0, 0, 1], -1, 9)],
    ids=["AND", "NAND", "OR", "AND of ±1"],
)
def test_a_perceptron_ends_without_mistakes(table, on, bound):
    """Novikoff 1962: at most R² ‖u‖² mistakes, by u = (2, 2, −3), (2, 2, −1) and (1, 1, −1), whose margins are 1."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) if on == 1 else np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    for seed in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            net = Perceptron(random_state=seed).fit(x, table)
        assert net.score(x, table) == 1
        assert net.loss_curve_[-1] == 0
        assert min(net.loss_curve_[:-1]) > 0
        assert round(4 * sum(net.loss_curve_)) <= bound


def test_what_no_line_divides_is_said():
    x = [[0, 0], [0, 1], [1, 0], [1, 1]]
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached before convergence"):
        assert Perceptron(max_iter=30).fit(x, [0, 1, 1, 0]).n_iter_ == 30


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
    for seed in range(3):
        assert Madaline(random_state=seed).fit(corners, xor).score(corners, xor) == 1
    with pytest.raises(ValueError, match="n_units is 4, but a majority needs an odd number"):
        Madaline(4).fit(x, y)

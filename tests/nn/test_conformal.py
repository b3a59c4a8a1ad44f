"""Conformal intervals and sets: by hand, by the definitions in loops, and coverage where the truth is known."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold

from nnjax.core.errors import UserError
from nnjax.nn import conformal


def test_ranks_and_radii_by_hand():
    """Of nine residuals the ninth bounds a new one with probability .9, the eighth with .8 and with .75."""
    residuals = np.arange(9.0, 0, -1)[:, None]
    assert [float(conformal.split_radius(residuals, level)[0]) for level in (0.9, 0.8, 0.75, 0.5)] == [9, 8, 8, 5]
    assert conformal.rank(99, 0.95) == 95
    with pytest.raises(UserError, match=r"of 0\.9 needs at least 9 calibration examples, but there are 8"):
        conformal.split_radius(residuals[1:], 0.9)


def test_cv_plus_by_its_definition():
    """Barber et al. 2021, equation 3.2: order statistics over all examples, for each new one and target."""
    rng = np.random.default_rng(0)
    centers, residuals, fold = rng.normal(size=(3, 5, 2)), rng.exponential(size=(20, 2)), np.arange(20) % 3
    low, high = conformal.cv_plus(centers, residuals, fold, 0.8)
    for j in range(5):
        for t in range(2):
            down = sorted(centers[fold[i], j, t] - residuals[i, t] for i in range(20))
            up = sorted(centers[fold[i], j, t] + residuals[i, t] for i in range(20))
            assert low[j, t] == pytest.approx(down[4 - 1])  # floor(.2 · 21)
            assert high[j, t] == pytest.approx(up[17 - 1])  # ceil(.8 · 21)


def test_as_mapie_1_6():
    """Recorded from MAPIE 1.6.0: CrossConformalRegressor(Ridge(.1), level .9, method="plus", cv=KFold(5))."""
    x, y = load_diabetes(return_X_y=True)
    centers, residuals, fold = [], np.empty(300), np.empty(300, int)
    for place, (rest, own) in enumerate(KFold(5).split(x[:300])):
        model = Ridge(0.1).fit(x[rest], y[rest])
        fold[own], residuals[own] = place, abs(model.predict(x[own]) - y[own])
        centers.append(model.predict(x[300:303]))
    low, high = conformal.cv_plus(np.stack(centers)[:, :, None], residuals[:, None], fold, 0.9)
    np.testing.assert_allclose(low[:, 0], [122.30064267, 36.27837634, 107.17838267], rtol=1e-6)
    np.testing.assert_allclose(high[:, 0], [305.70676299, 219.68449666, 291.02169133], rtol=1e-6)


def test_jackknife_plus_covers_means_of_normal_numbers():
    """The network of an example is the mean of all others; 2,000 repetitions of 19 examples, each with a new one."""
    y = np.random.default_rng(1).normal(size=(2000, 20))
    covered = 0
    for row in y:
        known, new = row[:-1], row[-1]
        others = (known.sum() - known) / (len(known) - 1)
        low, high = conformal.cv_plus(others[:, None, None], abs(known - others)[:, None], np.arange(19), 0.9)
        covered += low[0, 0] <= new <= high[0, 0]
    assert 0.88 < covered / 2000 < 0.94


def test_scores_of_classes_by_hand():
    p = np.array([[0.3, 0.5, 0.2], [0.4, 0.4, 0.2]])
    np.testing.assert_allclose(conformal.class_scores(p, np.array([0.5, 1.0])), [[0.65, 0.25, 0.9], [0.4, 0.8, 1.0]])


def test_sets_cover_exactly_where_the_probabilities_are_true():
    """Then scores of the true class are uniform, so that the bound is the level and the sets cover so often."""
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(4), size=40_000)
    y = (p.cumsum(1) > rng.uniform(size=(40_000, 1))).argmax(1)
    scores = conformal.class_scores(p, rng.uniform(size=40_000))
    own = scores[np.arange(40_000), y]
    np.testing.assert_allclose(np.quantile(own, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.01)
    sets = conformal.split_sets(own[:20_000], scores[20_000:], 0.9)
    assert sets[np.arange(20_000), y[20_000:]].mean() == pytest.approx(0.9, abs=0.01)


def test_cv_plus_sets_by_their_definition():
    """Romano et al. 2020, equation 12."""
    rng = np.random.default_rng(3)
    scores, fold, new = rng.uniform(size=30), np.arange(30) % 3, rng.uniform(size=(3, 6, 4))
    found = conformal.cv_plus_sets(scores, fold, new, 0.8)
    for j in range(6):
        for label in range(4):
            below = sum(scores[i] < new[fold[i], j, label] for i in range(30))
            assert found[j, label] == (below < 0.8 * 31)

"""Searches that train as one population against scikit-learn's own, which fit the same estimators one by one."""

import warnings

import numpy as np
import pytest
from estimator_data import irises
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import check_scoring, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from nnjax.core.messages import NnjaxWarning
from nnjax.estimators import (
    MLPClassifier,
    PopulationHalvingSearchCV,
    PopulationRandomizedSearchCV,
    PopulationSearchCV,
    training,
)
from nnjax.estimators.population_search import range_of_scores
from nnjax.runs.statistics import estimate

CV = StratifiedKFold(3, shuffle=True, random_state=1)
NET = MLPClassifier((8,), max_iter=12, tol=None, random_state=3)
PIPE = Pipeline([("scale", StandardScaler()), ("net", NET)])
GRID = {"net__learning_rate_init": [1e-3, 1e-1], "net__alpha": [1e-4, 0.1]}


def _scores(found):
    return {k: v for k, v in found.items() if ("test_" in k or "train_" in k) and "time" not in k}


def test_it_equals_scikit_learn_s_search():
    """Preprocessing is fitted for each fold; splits, scorers and results are scikit-learn's."""
    x, y = irises()
    options = {"cv": CV, "scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss", "return_train_score": True}
    ours, theirs = (search(PIPE, GRID, **options).fit(x, y) for search in (PopulationSearchCV, GridSearchCV))
    assert list(ours.cv_results_) == list(theirs.cv_results_)
    for name, values in _scores(theirs.cv_results_).items():
        np.testing.assert_allclose(ours.cv_results_[name], values, atol=1e-5, err_msg=name)
    assert ours.best_params_ == theirs.best_params_
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), atol=1e-6)


def test_all_of_a_search_is_one_population(monkeypatch):
    """Seeds, settings and folds; the estimator fitted alone gives what the search has scored."""
    x, y = irises()
    sizes = []
    own = training.train
    monkeypatch.setattr("nnjax.estimators.population_search.train", lambda jobs: sizes.append(len(jobs)) or own(jobs))
    found = PopulationSearchCV(PIPE, GRID, cv=CV, n_seeds=2, refit=False).fit(x, y)
    assert sizes == [24]
    assert found.n_splits_ == 6
    (train, test), table = list(CV.split(x, y))[1], found.cv_results_
    for seed in (0, 1):
        alone = clone(PIPE).set_params(**table["params"][3], net__random_state=3 + seed).fit(x[train], y[train])
        assert table[f"split{1 + 3 * seed}_test_score"][3] == alone.score(x[test], y[test])
    bounds = estimate([table[f"split{i}_test_score"][0] for i in range(6)], 3, (0.0, 1.0))
    assert (table["low_test_score"][0], table["high_test_score"][0]) == (bounds.low, bounds.high)


def test_intervals_end_where_no_score_can_be():
    """As scikit-learn's pages of the metrics say."""
    inf = np.inf
    known = {"accuracy": (0, 1), "f1_macro": (0, 1), "roc_auc_ovr": (0, 1), "r2": (-inf, 1), "neg_log_loss": (-inf, 0)}
    known |= {"neg_root_mean_squared_error": (-inf, 0), "adjusted_rand_score": (-inf, inf), None: (0, 1)}
    assert {name: range_of_scores(check_scoring(PIPE, name), PIPE) for name in known} == known
    assert range_of_scores(make_scorer(lambda y, p: 2.0), PIPE) == (-inf, inf)
    assert range_of_scores(lambda estimator, x, y: 2.0, PIPE) == (-inf, inf)


@pytest.mark.slow
def test_architectures_lists_groups_and_random_searches():
    x, y = irises()
    groups = np.arange(120) // 10
    space = [{"net__hidden_layer_sizes": [(4,), (8,)]}, {"net__activation": ["tanh"], "net__dropout": [0.1]}]
    options = {"cv": GroupKFold(3), "scoring": "neg_log_loss"}
    ours, theirs = (
        search(PIPE, space, **options).fit(x, y, groups=groups) for search in (PopulationSearchCV, GridSearchCV)
    )
    np.testing.assert_allclose(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], atol=1e-5)
    drawn = PopulationRandomizedSearchCV(PIPE, GRID, n_iter=2, random_state=0, cv=CV).fit(x, y)
    assert len(drawn.cv_results_["params"]) == 2


def test_halving_goes_on_with_the_best():
    x, y = irises()
    found = PopulationHalvingSearchCV(
        PIPE, GRID, cv=CV, resource="net__max_iter", max_resources=12, min_resources=4, factor=3
    ).fit(x, y)
    assert list(found.cv_results_["n_resources"]) == [4] * 4 + [12] * 2
    assert found.best_params_["net__learning_rate_init"] == 0.1


@pytest.mark.slow
def test_a_setting_that_diverges_gets_the_error_score():
    x, y = irises()
    space = {"learning_rate_init": [1e-2, 1e20]}
    net = clone(NET).set_params(solver="sgd")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = PopulationSearchCV(net, space, cv=CV).fit(x, y)
    assert any("3 fits failed out of a total of 6" in str(one.message) for one in said)
    assert np.isnan(found.cv_results_["mean_test_score"][1])
    with pytest.raises(ValueError, match="Solver produced non-finite"):
        PopulationSearchCV(net, {"learning_rate_init": [1e20]}, cv=CV, error_score="raise").fit(x, y)


def test_what_no_network_is_falls_back():
    x, y = irises()
    with pytest.warns(NnjaxWarning, match="varies no network of nnjax"):
        found = PopulationSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=CV).fit(x, y)
    assert found.best_score_ > 0.8
    with pytest.raises(ValueError, match="Invalid parameter 'depth' for estimator MLPClassifier"):
        PopulationSearchCV(NET, {"depth": [1]}, cv=CV).fit(x, y)


@pytest.mark.slow
def test_settings_without_a_network_are_fitted_by_scikit_learn():
    x, y = irises()
    steps = {"net": [NET, LogisticRegression()]}
    with pytest.warns(NnjaxWarning, match="1 of 2 settings have no network"):
        found = PopulationSearchCV(PIPE, steps, cv=CV).fit(x, y)
    assert (found.cv_results_["mean_test_score"] > 0.3).all()

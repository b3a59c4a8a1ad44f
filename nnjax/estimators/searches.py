"""Searches with scikit-learn's interface whose settings × folds × seeds train as one population."""

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (lets the next import find it)
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.utils._param_validation import Interval

from nnjax.estimators.population_search import PopulationSearch

SEEDS: dict[str, Any] = {"n_seeds": [Interval(Integral, 1, None, closed="left")]}


class PopulationSearchCV(PopulationSearch, GridSearchCV):
    """`GridSearchCV` whose networks train as one population.

    Parameters and attributes are those of `sklearn.model_selection.GridSearchCV`, but:

    Args:
      n_jobs: accepted, and of no use where networks train together: they use all cores.
      n_seeds: how often each setting and fold is trained: with `random_state` s of the network, and s + 1, s + 2, …
        (drawn where it is None). `cv_results_` has a split for each fold of each seed, the folds of the first seed
        first, and low_test_NAME and high_test_NAME, the 95 % interval of the mean (`nnjax.runs.statistics.estimate`).

    Networks of different architectures share programs where that pays. Preprocessing steps of a `Pipeline` are fitted
    for every fold; folds whose inputs differ are groups of the population. Of an estimator with several networks the
    first trains ahead. Without any network scikit-learn's own search is used, with a warning.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {**GridSearchCV._parameter_constraints, **SEEDS}

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
        n_seeds: int = 1,
    ):
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.n_seeds = n_seeds


class PopulationRandomizedSearchCV(PopulationSearch, RandomizedSearchCV):
    """`RandomizedSearchCV` whose networks train as one population; see `PopulationSearchCV`."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {**RandomizedSearchCV._parameter_constraints, **SEEDS}

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        n_seeds: int = 1,
    ):
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.n_seeds = n_seeds


class PopulationHalvingSearchCV(PopulationSearch, HalvingGridSearchCV):
    """`HalvingGridSearchCV` whose networks train as one population, round by round; see `PopulationSearchCV`.

    With resource="max_iter" the rounds differ in their epochs; as in scikit-learn, each trains from the beginning.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {**HalvingGridSearchCV._parameter_constraints, **SEEDS}

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        factor: float = 3,
        resource: str = "n_samples",
        max_resources: int | str = "auto",
        min_resources: int | str = "exhaust",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: Any = True,
        error_score: Any = np.nan,
        return_train_score: bool = True,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        n_seeds: int = 1,
    ):
        super().__init__(
            estimator,
            param_grid,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.n_seeds = n_seeds

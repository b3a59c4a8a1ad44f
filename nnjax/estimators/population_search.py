"""What scikit-learn's searches need to train their settings × folds × seeds as one population."""

import functools
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params, indexable

from nnjax.core.messages import NnjaxWarning
from nnjax.estimators.base import NetworkEstimator
from nnjax.estimators.training import Collecting, Noted, Taking, Trained, in_mode, train
from nnjax.runs.statistics import estimate

Split = tuple[np.ndarray, np.ndarray]
SHARES = ("accuracy", "average_precision", "balanced_accuracy", "f1", "jaccard", "precision", "recall", "roc_auc")
EXPLAINED = ("d2_absolute_error", "explained_variance", "r2")  # at most 1


class Splits:
    """Splits that were drawn before, as a splitter."""

    def __init__(self, splits: Sequence[Split]):
        self.splits = list(splits)

    def split(self, X: Any, y: Any = None, **params: Any) -> Iterator[Split]:
        """Give them."""
        return iter(self.splits)


class PopulationSearch:
    """Lets a search of scikit-learn find its networks trained: all settings, folds and seeds of a round together.

    Before each round the estimators of all settings are fitted as far as their networks, whose jobs are noted and
    trained as one population; then scikit-learn's own search runs, in which each network takes what was trained for it.
    So splits, preprocessing, scorers, error scores and results are scikit-learn's.
    """

    estimator: Any
    verbose: int
    n_seeds: int
    n_splits_: int
    _checked_cv_orig: Any
    _get_routed_params_for_fit: Callable[..., Any]
    _get_scorers: Callable[[], Any]

    def fit(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Run the search; arguments and errors as of scikit-learn's.

        Returns:
          self.
        """
        if isinstance(self.estimator, type) or not hasattr(self.estimator, "fit"):
            return super().fit(X, y, **params)  # type: ignore[misc]  # scikit-learn says that it is no estimator
        if not self._has_network():
            warnings.warn(
                "The search varies no network of nnjax, so that nothing can train together: scikit-learn's own search "
                "is used.",
                NnjaxWarning,
                stacklevel=2,
            )
            return super().fit(X, y, **params)  # type: ignore[misc]
        self._given: Any = (*indexable(X, y), params)
        self._seconds: list[float] = []  # of training, by setting and split
        try:
            with joblib.parallel_config("sequential"):
                return super().fit(X, y, **params)  # type: ignore[misc]
        finally:
            del self._given, self._seconds

    def _has_network(self) -> bool:
        """Whether the estimator, a part of it, or a value that is searched, is a network."""
        space = getattr(self, "param_grid", getattr(self, "param_distributions", {}))
        some: list[Any] = [self.estimator]
        some += self.estimator.get_params().values() if hasattr(self.estimator, "get_params") else []
        for one in [space] if isinstance(space, Mapping) else space:
            for values in one.values():
                some += values if isinstance(values, list | tuple) else []
        return any(isinstance(one, NetworkEstimator) for one in some)

    def _run_search(self, evaluate_candidates: Callable[..., Any], callback_ctx: Any = None) -> None:
        options = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        if hasattr(self, "_given"):
            self.n_splits_ *= self.n_seeds
        super()._run_search(functools.partial(self._evaluate, evaluate_candidates), **options)  # type: ignore[misc]

    def _evaluate(
        self,
        evaluate_candidates: Callable[..., Any],
        candidate_params: Any,
        cv: Any = None,
        more_results: Any = None,
        **options: Any,
    ) -> Any:
        """Train the networks of some settings together, and let scikit-learn evaluate the settings."""
        if not hasattr(self, "_given"):
            return evaluate_candidates(candidate_params, cv, more_results, **options)
        X, y, params = self._given
        routed = self._get_routed_params_for_fit(_check_method_params(X, params=params))
        candidates = list(candidate_params)
        splits = list((cv or self._checked_cv_orig).split(X, y, **routed.splitter.split))
        splits *= self.n_seeds
        mode = self._trained_ahead(candidates, splits, X, y, routed.estimator.fit)
        with in_mode(mode):
            return evaluate_candidates(candidates, Splits(splits), more_results, **options)

    def _trained_ahead(
        self, candidates: Sequence[Mapping[str, Any]], splits: Sequence[Split], X: Any, y: Any, fit_params: Any
    ) -> Taking:
        """Note the jobs of all settings and splits, and train them."""
        collecting, folds, alone, owners = Collecting(), len(splits) // self.n_seeds, 0, []
        base = clone(self.estimator)
        for candidate in candidates:
            for number, (rows, _) in enumerate(splits):
                collecting.replicate = number // folds
                noted = self._note(collecting, base, candidate, (X, y, fit_params), rows)
                owners.append(len(collecting.jobs) - 1 if noted else None)
                if noted is False:
                    alone += 1
                    owners += [None] * (len(splits) - number - 1)
                    break
        if alone:
            warnings.warn(
                f"{alone} of {len(candidates)} settings have no network of nnjax: scikit-learn fits them one by one.",
                NnjaxWarning,
                stacklevel=2,
            )
        jobs = [job._replace(verbose=job.verbose or self.verbose > 0) for job in collecting.jobs]
        trained: list[Trained] = train(jobs) if jobs else []
        self._seconds += [0.0 if owner is None else trained[owner].seconds for owner in owners]
        return Taking(jobs, trained)

    def _note(
        self, collecting: Collecting, base: Any, candidate: Mapping[str, Any], given: tuple[Any, Any, Any], rows: Any
    ) -> bool | None:
        """Fit an estimator as far as its network; whether there was one, None where it failed before."""
        X, y, fit_params = given
        try:
            own = clone(base).set_params(**clone(candidate, safe=False))
            x_train, y_train = _safe_split(own, X, y, rows)
            params = _check_method_params(X, params=fit_params, indices=rows)
            with in_mode(collecting), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they come again when it is fitted
                own.fit(x_train, **params) if y_train is None else own.fit(x_train, y_train, **params)
        except Noted:
            return True
        except Exception:  # so does this, and scikit-learn judges it
            return None
        return False

    def _format_results(self, candidate_params: Any, n_splits: int, out: Any, more_results: Any = None) -> Any:
        """Add the seconds of training, and for several seeds the intervals of the means, to scikit-learn's results."""
        seconds = getattr(self, "_seconds", None)
        if seconds is not None:
            out = [one | {"fit_time": one["fit_time"] + more} for one, more in zip(out, seconds, strict=True)]
        found = super()._format_results(candidate_params, n_splits, out, more_results)  # type: ignore[misc]
        if seconds is not None and self.n_seeds > 1:
            folds, scorers = n_splits // self.n_seeds, self._get_scorers()[0]
            scorers = getattr(scorers, "_scorers", {"score": scorers})
            for name in [key.removeprefix("mean_test_") for key in found if key.startswith("mean_test_")]:
                scores = np.column_stack([found[f"split{i}_test_{name}"] for i in range(n_splits)])
                within = range_of_scores(scorers.get(name), self.estimator)
                bounds = [estimate(row, folds if folds > 1 else None, within) for row in scores]
                found[f"low_test_{name}"] = np.array([bound.low for bound in bounds])
                found[f"high_test_{name}"] = np.array([bound.high for bound in bounds])
        return found


def range_of_scores(scorer: Any, estimator: Any) -> tuple[float, float]:
    """Return the lowest and the highest score of a scorer, by scikit-learn's metrics; infinite where not known."""
    function = getattr(scorer, "_score_func", None)
    name = getattr(function, "__name__", "").removesuffix("_score")
    if type(scorer).__name__ == "_PassthroughScorer":  # the estimator's own
        name = "accuracy" if is_classifier(estimator) else "r2" if is_regressor(estimator) else ""
    elif not str(getattr(function, "__module__", "")).startswith("sklearn.metrics"):
        return -math.inf, math.inf
    elif scorer._sign < 0:
        return -math.inf, 0.0
    return 0.0 if name in SHARES else -math.inf, 1.0 if name in SHARES + EXPLAINED else math.inf

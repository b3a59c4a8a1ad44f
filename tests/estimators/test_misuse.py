"""Misuse of estimators and searches: the errors and warnings are those of scikit-learn's, to the letter."""

import os
import pickle
import signal
import types
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn.model_selection
import sklearn.neural_network
from sklearn.model_selection import GroupKFold, KFold

from nnjax import estimators

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y, T = (X[:, 0] > 0).astype(int), X @ [1.0, 2.0, 3.0, 4.0]
FRAME = pd.DataFrame(X, columns=list("abcd"))
P = {"alpha": [1e-3, 1e-1]}


def library(classifier, regressor, grid, random):
    """Make estimators that hardly train, and searches over them."""
    given = {"max_iter": 2, "hidden_layer_sizes": (3,), "random_state": 0}
    return types.SimpleNamespace(
        C=lambda **k: classifier(**given | k), R=lambda **k: regressor(**given | k), G=grid, S=random, kind=classifier
    )


OURS = library(
    estimators.MLPClassifier,
    estimators.MLPRegressor,
    estimators.PopulationSearchCV,
    estimators.PopulationRandomizedSearchCV,
)
THEIRS = library(
    sklearn.neural_network.MLPClassifier,
    sklearn.neural_network.MLPRegressor,
    sklearn.model_selection.GridSearchCV,
    sklearn.model_selection.RandomizedSearchCV,
)

UNTRAINED = {
    "texts as inputs": lambda L: L.C().fit(np.full((60, 1), "a"), Y),
    "no targets": lambda L: L.C().fit(X, None),
    "missing targets": lambda L: L.R().fit(X, np.where(T > 2, np.nan, T)),
    "missing labels": lambda L: L.C().fit(X, np.where(T > 2, np.nan, Y)),
    "images": lambda L: L.C().fit(X.reshape(60, 2, 2), Y),
    "other lengths": lambda L: L.C().fit(X, Y[:5]),
    "no rows": lambda L: L.C().fit(X[:0], Y[:0]),
    "no columns": lambda L: L.C().fit(X[:, :0], Y),
    "complex numbers": lambda L: L.C().fit(X + 1j, Y),
    "numbers and texts as columns": lambda L: L.C().fit(FRAME.rename(columns={"b": 1}), Y),
    "numbers and texts as labels": lambda L: L.C().fit(X, np.array(["a", 1] * 30, object)),
    "not fitted": lambda L: L.C().predict(X),
    "a negative penalty": lambda L: L.C(alpha=-1).fit(X, Y),
    "a layer of no unit": lambda L: L.C(hidden_layer_sizes=(0,)).fit(X, Y),
    "no epoch": lambda L: L.C(max_iter=0).fit(X, Y),
    "a generator": lambda L: L.C(random_state=-1).fit(X, Y),
    "too few weights": lambda L: L.C().fit(X, Y, sample_weight=np.ones(5)),
    "missing weights": lambda L: L.C().fit(X, Y, sample_weight=np.full(60, np.nan)),
    "no weight": lambda L: L.C().fit(X, Y, sample_weight=np.zeros(60)),
    "no value": lambda L: L.G(L.C(), {"alpha": []}).fit(X, Y),
    "a number for values": lambda L: L.G(L.C(), {"alpha": 1e-3}).fit(X, Y),
    "a text for values": lambda L: L.G(L.C(), {"activation": "relu"}).fit(X, Y),
    "several scores, none to refit": lambda L: L.G(L.C(), P, scoring=["accuracy", "f1"], cv=2).fit(X, Y),
    "an unknown refit": lambda L: L.G(L.C(), P, scoring=["accuracy", "f1"], refit="recall", cv=2).fit(X, Y),
    "an unknown score": lambda L: L.G(L.C(), P, scoring="acuracy", cv=2).fit(X, Y),
    "a search not fitted": lambda L: L.G(L.C(), P).predict(X),
    "one fold": lambda L: L.G(L.C(), P, cv=1).fit(X, Y),
    "more folds than examples": lambda L: L.G(L.C(), P, cv=50).fit(X, Y),
    "a text for folds": lambda L: L.G(L.C(), P, cv="five").fit(X, Y),
    "no groups": lambda L: L.G(L.C(), P, cv=GroupKFold(3)).fit(X, Y),
    "an impossible setting": lambda L: L.G(L.C(), {"alpha": [-1]}, error_score="raise", cv=KFold(2)).fit(X, Y),
    "impossible settings alone": lambda L: L.G(L.C(), {"alpha": [-1]}, cv=2).fit(X, Y),
    "no estimator": lambda L: L.G(None, P).fit(X, Y),
    "a class": lambda L: L.G(L.kind, P).fit(X, Y),
    "too few that validate": lambda L: L.C(early_stopping=True).fit(X[:10], np.arange(10) % 3),
    "no draw": lambda L: L.S(L.C(), P, n_iter=0).fit(X, Y),
}
TRAINED = {
    "other columns": lambda L, m: m.predict(FRAME[list("abdc")]),
    "no names": lambda L, m: m.predict(X),
    "fewer columns": lambda L, m: m.predict(X[:, :2]),
    "more classes": lambda L, m: m.set_params(warm_start=True).fit(FRAME, np.arange(60) % 3),
    "one column less": lambda L, m: m.set_params(warm_start=True).fit(FRAME[list("abc")], Y),
    "too few labels": lambda L, m: m.score(FRAME, Y[:3]),
}


def outcome(function, *arguments):
    """Say what a call raises and warns of, with scikit-learn's names of the searches."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            error = function(*arguments) and None
        except Exception as found:
            error = type(found), str(found).replace("PopulationRandomized", "Randomized").replace("Population", "Grid")
        others = [w for w in caught if w.category.__name__ != "ConvergenceWarning"]
    return error, {(w.category, str(w.message)) for w in others}


@pytest.mark.parametrize("name", UNTRAINED)
def test_errors_before_training(name):
    ours, theirs = (outcome(UNTRAINED[name], library) for library in (OURS, THEIRS))
    assert theirs[0] is not None
    assert ours == theirs


@pytest.fixture(scope="module")
def trained():
    """A classifier of each, pickled, fitted on a frame."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [pickle.dumps(library.C().fit(FRAME, Y)) for library in (OURS, THEIRS)]


@pytest.mark.parametrize("name", TRAINED)
def test_errors_of_what_was_trained(name, trained):
    ours, theirs = (
        outcome(lambda L, m: np.size(TRAINED[name](L, m)), library, pickle.loads(content))
        for library, content in zip((OURS, THEIRS), trained, strict=True)
    )
    assert theirs != (None, set())
    assert ours == theirs


def test_widths_are_integers():
    """scikit-learn raises a TypeError that names no parameter."""
    with pytest.raises(ValueError, match=r"hidden_layer_sizes must be integers, got \[8.5\]"):
        OURS.C(hidden_layer_sizes=(8.5,)).fit(X, Y)


def test_numbers_beyond_float32_are_located_without_more_warnings():
    error, said = outcome(lambda: OURS.C().fit(X * np.where(np.arange(4) == 2, 1e40, 1), Y))
    assert "column 2, row 0" in error[1]
    assert not said


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:os.fork")
def test_a_fork_of_a_process_with_jax_is_refused(trained):
    """As joblib's backend "multiprocessing" makes it: it would wait for ever."""
    model = pickle.loads(trained[0])
    model.predict(FRAME)
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(60)
        errors = [outcome(model.predict, FRAME)[0], outcome(OURS.C().fit, X, Y)[0]]
        os.write(writes, "\n".join(str(error) for error in errors).encode())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    os.close(writes)
    with os.fdopen(reads) as said:
        assert said.read().count("This process is a fork of one in which JAX was running") == 2

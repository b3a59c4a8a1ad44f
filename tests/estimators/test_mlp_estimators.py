"""The multilayer perceptrons: a step equals scikit-learn's, and what scikit-learn's users expect of an estimator."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from estimator_data import irises
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.model_selection import cross_val_score
from sklearn.neural_network import MLPClassifier as Reference
from sklearn.neural_network import MLPRegressor as RegressionReference
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nnjax.estimators import Autoencoder, MLPClassifier, MLPRegressor
from nnjax.estimators.inputs import room

SMALL = {"hidden_layer_sizes": (8,), "max_iter": 15, "tol": None, "random_state": 0}


def _stepped(ours, theirs, x, y, steps):
    """Weights of both after so many full-batch steps from equal ones."""
    start = clone(ours).set_params(max_iter=1, learning_rate_init=1e-30).fit(x, y)
    theirs.partial_fit(x, y, **({"classes": np.unique(y)} if isinstance(theirs, Reference) else {}))
    for own, other in zip(start.coefs_ + start.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        other[:] = own
    theirs._optimizer.velocities = [np.zeros_like(one) for one in theirs._optimizer.velocities]
    for _ in range(steps):
        theirs.partial_fit(x, y)
    ours = start.set_params(**ours.get_params()).set_params(warm_start=True, max_iter=steps).fit(x, y)
    return ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_


@pytest.mark.parametrize("nesterov", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_steps_of_a_classifier_are_those_of_scikit_learn(nesterov):
    """Rate, momentum and alpha mean the same: scikit-learn's own three steps from the same weights."""
    x, y = irises()
    options = {"hidden_layer_sizes": (8,), "solver": "sgd", "batch_size": 120, "alpha": 0.5, "learning_rate_init": 0.1}
    options |= {"momentum": 0.9, "nesterovs_momentum": nesterov, "random_state": 0}
    ours, theirs = _stepped(MLPClassifier(**options, tol=None), Reference(**options), x - x.mean(0), y, 3)
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_steps_of_a_regressor_are_those_of_scikit_learn():
    """Its loss is half the square: rate and alpha mean the same, although our curve has no half."""
    x, _ = irises()
    options = {"hidden_layer_sizes": (8,), "solver": "sgd", "batch_size": 120, "alpha": 0.5, "learning_rate_init": 0.1}
    options |= {"random_state": 0}
    own = MLPRegressor(**options, tol=None, target_scaling="none")
    ours, theirs = _stepped(own, RegressionReference(**options), x[:, :3] - 3, x[:, 3], 3)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_labels_frames_and_attributes(tmp_path):
    x, y = irises()
    names, frame = np.array(["setosa", "versicolor", "virginica"])[y], pd.DataFrame(x, columns=list("abcd"))
    net = make_pipeline(StandardScaler().set_output(transform="pandas"), MLPClassifier(**SMALL, learning_rate_init=0.1))
    net.fit(frame, names)
    mlp = net[-1]
    assert net.score(frame, names) > 0.9
    assert list(mlp.classes_) == ["setosa", "versicolor", "virginica"]
    assert (mlp.n_features_in_, list(mlp.feature_names_in_)) == (4, list("abcd"))
    assert len(mlp.loss_curve_) == mlp.n_iter_ == 15
    assert mlp.loss_curve_[-1] == mlp.loss_ < mlp.loss_curve_[0]
    assert (mlp.n_layers_, mlp.n_outputs_, mlp.out_activation_) == (3, 3, "softmax")
    assert [kernel.shape for kernel in mlp.coefs_] == [(4, 8), (8, 3)]
    assert isinstance(mlp.verdict_, str)
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict_proba(frame), net.predict_proba(frame))
    np.testing.assert_array_equal(clone(net).fit(frame, names).predict_proba(frame), net.predict_proba(frame))
    # By hand, from the weights: relu, then softmax.
    z = np.maximum(StandardScaler().fit_transform(x) @ mlp.coefs_[0] + mlp.intercepts_[0], 0) @ mlp.coefs_[1]
    p = np.exp(z + mlp.intercepts_[1])
    np.testing.assert_allclose(net.predict_proba(frame), p / p.sum(1, keepdims=True), atol=1e-5)


def test_the_tools_of_scikit_learn_take_it():
    x, y = irises()
    net = MLPClassifier(**SMALL, learning_rate_init=0.1)
    columns = make_pipeline(ColumnTransformer([("scale", StandardScaler(), [0, 1, 2, 3])]), net)
    assert cross_val_score(columns, x, y, cv=3).mean() > 0.85
    assert CalibratedClassifierCV(columns, cv=3).fit(x, y).score(x, y) > 0.85
    importances = permutation_importance(columns.fit(x, y), x, y, n_repeats=2, random_state=0).importances_mean
    assert importances[2:].max() > importances[:2].max()  # the petals tell irises apart


def test_weights_and_classes_weigh():
    """Weight 0 is as removed, and a class of much weight is answered always."""
    x, y = irises()
    weights = np.where(np.arange(120) < 80, 1.0, 0.0)
    net = MLPClassifier(**SMALL)
    with_zeros, without = net.fit(x, y, weights).predict_proba(x), clone(net).fit(x[:80], y[:80]).predict_proba(x)
    np.testing.assert_allclose(with_zeros, without, atol=1e-6)
    heavy = MLPClassifier(**SMALL, class_weight={0: 1.0, 1: 1000.0, 2: 1.0}, learning_rate_init=0.1).fit(x, y)
    assert (heavy.predict(x) == 1).mean() > 0.8


@pytest.mark.slow
def test_weights_are_as_repeated_examples():
    """scikit-learn's check_sample_weight_equivalence asks for 1e-7; in float32 the two sums differ at 1e-6."""
    rng = np.random.default_rng(0)
    x, y = irises()
    counts = rng.integers(1, 3, 60)
    net = MLPClassifier(**SMALL, alpha=0.1)
    weighted = net.fit(x[:60], y[:60], counts)
    p = weighted.predict_proba(x)
    repeated = clone(net).fit(x[:60].repeat(counts, axis=0), y[:60].repeat(counts))
    np.testing.assert_allclose(p, repeated.predict_proba(x), atol=1e-5)


def test_early_stopping_and_warm_start():
    x, y = irises()
    net = MLPClassifier(
        (8,), max_iter=200, early_stopping=True, n_iter_no_change=3, learning_rate_init=0.1, random_state=0
    )
    net.fit(x, y)
    assert len(net.validation_curve_) == len(net.validation_scores_) == net.n_iter_ < 200
    lowest = np.minimum.accumulate(net.validation_curve_)
    assert lowest[-5] - lowest[-1] < 3e-4  # the last epochs brought nothing
    assert net.best_validation_score_ == max(net.validation_scores_)
    going_on = MLPClassifier(**SMALL, warm_start=True).fit(x, y).fit(x, y)
    assert going_on.n_iter_ == 30
    assert len(going_on.loss_curve_) == 30
    assert going_on.loss_curve_[15] < going_on.loss_curve_[0]
    with pytest.raises(ValueError, match="warm_start can only be used"):
        going_on.set_params(hidden_layer_sizes=(9,)).fit(x, y)
    with pytest.warns(ConvergenceWarning, match="Maximum iterations \\(2\\) reached"):
        MLPClassifier((8,), max_iter=2).fit(x, y)


@pytest.mark.slow
def test_several_targets():
    x, _ = irises()
    net = MLPRegressor((8,), max_iter=150, tol=None, random_state=0, learning_rate_init=0.03)
    found = net.fit(x[:, :2], 1000 * x[:, 2:]).predict(x[:, :2])
    assert found.shape == (120, 2)
    assert net.score(x[:, :2], 1000 * x[:, 2:]) > 0.8
    assert net.out_activation_ == "identity"


@pytest.mark.slow
def test_an_autoencoder_encodes_and_decodes():
    x = StandardScaler().fit_transform(irises()[0])
    net = Autoencoder((2,), activation="identity", max_iter=400, tol=None, random_state=0, learning_rate_init=0.05)
    codes = net.fit(x).transform(x)
    copies = net.inverse_transform(codes)
    assert codes.shape == (120, 2)
    assert list(net.get_feature_names_out()) == ["autoencoder0", "autoencoder1"]
    assert net.score(x) == pytest.approx(-np.mean((copies - x) ** 2), rel=1e-5)
    # Linear with 2 codes: no better than the 2 first principal components (Baldi & Hornik 1989), and nearly as good.
    least = (np.linalg.svd(x - x.mean(0), compute_uv=False)[2:] ** 2).sum() / x.size
    assert least * 0.999 < -net.score(x) < 1.1 * least


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"solver": "lbfgs"}, "The 'solver' parameter of MLPClassifier must be"),
        ({"hidden_layer_sizes": (8, 0)}, "hidden_layer_sizes must be > 0, got"),
        ({"max_iter": 0}, "The 'max_iter' parameter of MLPClassifier must be an int in the range"),
    ],
)
def test_impossible_parameters(changes, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**changes).fit(*irises())


def test_values_that_a_loss_cannot_have():
    x, y = irises()
    with pytest.raises(ValueError, match=r"Some value.s. of y are out of the valid range"):
        MLPRegressor(loss="mean_squared_logarithmic_error").fit(x, y - 1.0)
    with pytest.raises(ValueError, match=r"Some value.s. of X are out of the valid range"):
        Autoencoder(loss="binary_crossentropy").fit(x)
    with pytest.raises(ValueError, match=r"needs outputs in .0, 1., got output_activation='linear'"):
        Autoencoder(loss="binary_crossentropy", output_activation="identity").fit(x / 10)
    with pytest.raises(ValueError, match="The 'loss' parameter of MLPRegressor must be"):
        MLPRegressor(loss="categorical_crossentropy").fit(x, y)


def test_errors_as_scikit_learn_words_them():
    x, y = irises()
    with pytest.raises(NotFittedError, match="not fitted yet"):
        MLPClassifier().predict(x)
    with pytest.raises(ValueError, match="contains only one class: 1"):
        MLPClassifier().fit(x, np.ones(120, int))
    frame = pd.DataFrame(x, columns=["a", "b", "c", "d"])
    frame.loc[7, "c"] = np.nan
    with pytest.raises(ValueError, match=r"Input X contains NaN(.|\n)*column 'c', row 7"):
        MLPClassifier().fit(frame, y)
    with pytest.raises(ValueError, match="Invalid parameter 'width' for estimator MLPClassifier"):
        MLPClassifier().set_params(width=3)
    assert not hasattr(MLPClassifier(), "partial_fit")
    with pytest.raises(AttributeError, match="has no partial_fit: set warm_start=True"):
        MLPClassifier().partial_fit(x, y)
    net = MLPClassifier(**SMALL, early_stopping=True).fit(x, np.r_[3, y[1:]])  # one class of one example
    with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4 features"):
        net.predict(x[:, :3])
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        MLPClassifier(**SMALL, solver="sgd", learning_rate_init=1e20).fit(x, y)


@pytest.mark.parametrize(("n", "size"), [(0, 0), (1, 64), (64, 64), (65, 128), (512, 512), (513, 576), (1437, 1536)])
def test_room(n, size):
    assert room(n) == size


@pytest.mark.slow
def test_importing_nnjax_imports_no_scikit_learn():
    code = "import sys, nnjax; assert 'sklearn' not in sys.modules; nnjax.sweep; assert 'sklearn' not in sys.modules; "
    code += "nnjax.estimators.MLPClassifier; assert 'sklearn' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)

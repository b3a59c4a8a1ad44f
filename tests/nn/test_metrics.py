"""Metrics worked by hand, and against scikit-learn."""

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import accuracy_score
from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix

from nnjax.core.errors import UserError
from nnjax.nn.losses import LOSSES
from nnjax.nn.metric_statistics import accuracy
from nnjax.nn.metrics import METRICS, confusion_matrix, is_maximized, usual_metrics


def test_accuracy_of_rows():
    y = jnp.eye(3)[jnp.asarray([0, 1, 2, 2])]
    p = jnp.asarray([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [-2.0, -3.0, -1.0], [0.4, 0.2, 0.4]])
    np.testing.assert_array_equal(accuracy(y, p), [1, 0, 1, 0])  # a tie goes to the first
    assert accuracy(y, p).dtype == p.dtype


def test_accuracy_of_one_column():
    y, p = jnp.asarray([[0.0], [1.0], [1.0], [0.0]]), jnp.asarray([[0.5], [0.51], [0.5], [0.9]])
    np.testing.assert_array_equal(accuracy(y, p), [1, 1, 0, 0])


@pytest.mark.parametrize("width", [1, 3])
def test_nan_is_never_right(width):
    y = jnp.zeros((2, width)).at[1, 0].set(1)
    np.testing.assert_array_equal(accuracy(y, jnp.full_like(y, jnp.nan)), [0, 0])


def test_accuracy_equals_scikit_learn():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(5, size=200), rng.normal(size=(200, 5)).astype("float32")
    ours = accuracy(jnp.eye(5)[labels], jnp.asarray(scores)).mean()
    assert float(ours) == pytest.approx(accuracy_score(labels, scores.argmax(axis=1)), abs=1e-6)


def test_accuracy_refuses_broadcasting():
    with pytest.raises(UserError, match=r"\(4,\).*\(4, 1\)"):
        accuracy(jnp.ones(4), jnp.ones((4, 1)))


def test_every_loss_is_a_metric_and_every_metric_has_a_direction():
    assert set(LOSSES) < set(METRICS)
    assert all(metric.maximized is not None for metric in METRICS.values())


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("classification", ("accuracy",)),
        ("regression", ("mean_squared_error", "mean_absolute_error")),
        ("reconstruction", ("mean_squared_error", "binary_crossentropy")),
        ("none", ("mean_squared_error", "binary_crossentropy")),
    ],
)
def test_usual_metrics(goal, expected):
    assert usual_metrics(goal) == expected
    assert set(expected) <= set(METRICS)


@pytest.mark.parametrize(
    ("score", "maximized"),
    [
        ("accuracy", True),
        ("val_accuracy", True),
        ("train_accuracy_eval", True),
        ("best_test_accuracy", True),
        ("inaccuracy", False),
        ("val_loss", False),
        ("val_r2", True),
        ("val_f1_3", True),
        ("test_balanced_accuracy", True),
        ("val_root_mean_squared_error", False),
        ("val_expected_calibration_error", False),
        ("test_mean_squared_error", False),
    ],
)
def test_scores_of_accuracies_alone_are_maximized(score, maximized):
    assert is_maximized(score) == maximized


def test_confusion_matrix_equals_scikit_learn():
    rng = np.random.default_rng(1)
    labels, predictions = rng.integers(4, size=(2, 100))  # class 4 never occurs
    truth = sklearn_confusion_matrix(labels, predictions, labels=range(5))
    np.testing.assert_array_equal(confusion_matrix(labels, predictions, 5), truth)


def test_confusion_matrix_by_hand():
    np.testing.assert_array_equal(confusion_matrix(np.array([0, 0, 1]), np.array([1, 0, 1]), 2), [[1, 1], [0, 1]])


@pytest.mark.parametrize(
    ("labels", "predictions", "words"),
    [([0, 1], [0], r"\(2,\).*\(1,\)"), ([0, 5], [0, 1], "0 to 5.*0 to 1"), ([0, 1], [-1, 1], "-1 to 1")],
)
def test_confusion_matrix_refuses(labels, predictions, words):
    with pytest.raises(UserError, match=words):
        confusion_matrix(np.array(labels), np.array(predictions), 2)

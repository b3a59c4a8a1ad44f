"""Metrics as sums of statistics: against scikit-learn, in batches and with weights, at large means; the user's own."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.special import softmax
from sklearn import metrics as sklearn

from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef
from nnjax.nn.calibration import calibration_error
from nnjax.nn.metrics import (
    METRICS,
    Metric,
    direction_of,
    directions_of,
    is_maximized,
    metric_of,
    range_of,
    trace_metric,
    weighted_sum,
)

SEEDS = range(20)


def problem(seed, classes=4, n=203):
    """Labels and probabilities that know something of them; the last class is never there in odd problems."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes - seed % 2, size=n)
    logits = rng.normal(size=(n, classes)) * 3 ** rng.uniform(-1, 2) + rng.uniform(0, 3) * np.eye(classes)[labels]
    return labels, softmax(logits, axis=1).astype(np.float32)


@functools.cache
def compiled(name):
    """The weighted sums of a batch's statistics, and the value of the sums."""
    metric = metric_of(name)
    return jax.jit(lambda y, p, w: weighted_sum(metric(y, p), w)), jax.jit(metric.of_sums)


def value(name, y, p, size=50):
    """Read in batches, the last one filled up, as the trainer does, with a shift where the record wants one."""
    (of_batch, of_sums), y, p = compiled(name), np.asarray(y, np.float32), np.asarray(p, np.float32)
    shift, filled = y[:1] if metric_of(name).shifts else 0, -len(y) % size
    y, p = (np.pad(rows - shift, ((0, filled), (0, 0))) for rows in (y, p))
    w = np.arange(len(y)) < len(y) - filled
    parts = [slice(start, start + size) for start in range(0, len(y), size)]
    return float(of_sums(sum(np.asarray(of_batch(y[part], p[part], w[part])) for part in parts), np.float32(w.sum())))


BY_CLASS = {
    "f1": functools.partial(sklearn.f1_score, average="macro", zero_division=0),
    "recall": functools.partial(sklearn.recall_score, average="macro", zero_division=0),
    "precision": functools.partial(sklearn.precision_score, average="macro", zero_division=0),
    "balanced_accuracy": sklearn.balanced_accuracy_score,
    "f1_2": lambda y, p: sklearn.f1_score(y, p, average=None, labels=range(4), zero_division=0)[2],
    "recall_0": lambda y, p: sklearn.recall_score(y, p, average=None, labels=range(4), zero_division=0)[0],
    "precision_3": lambda y, p: sklearn.precision_score(y, p, average=None, labels=range(4), zero_division=0)[3],
}


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("name", BY_CLASS)
def test_counts_by_class_equal_scikit_learn(name):
    for seed in SEEDS:
        labels, p = problem(seed)
        assert value(name, np.eye(4)[labels], p) == pytest.approx(BY_CLASS[name](labels, p.argmax(1)), abs=1e-6)


def test_one_output_is_two_classes():
    labels, p = problem(0, classes=2)
    for name in ("f1", "recall_1", "balanced_accuracy", "roc_auc", "expected_calibration_error"):
        one, two = value(name, labels[:, None], p[:, 1:]), value(name, np.eye(2)[labels], p)
        assert one == pytest.approx(two, abs=1e-6), name
    f1 = sklearn.f1_score(labels, p[:, 1] > 0.5)
    assert value("f1_1", labels[:, None], p[:, 1:]) == pytest.approx(f1, abs=1e-6)


@pytest.mark.parametrize("scores", ["probabilities", "numbers"])
def test_roc_auc_is_near_scikit_learn(scores):
    for seed in SEEDS:
        labels, p = problem(2 * seed, classes=2)
        if scores == "numbers":  # outputs of a linear layer, about 0 and 1
            p = 0.5 * labels[:, None] + np.random.default_rng(seed).normal(size=(len(labels), 2))
        p = p[:, 1:]
        assert value("roc_auc", labels[:, None], p) == pytest.approx(sklearn.roc_auc_score(labels, p), abs=0.005)


def test_roc_auc_of_scores_that_are_nearly_0():
    """Rare events: all probabilities below .001."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=500)
    p = 10 ** rng.uniform(-6, -3, size=(500, 1)) * (1 + labels[:, None])
    assert value("roc_auc", labels[:, None], p) == pytest.approx(sklearn.roc_auc_score(labels, p), abs=0.005)


def test_roc_auc_is_for_two_classes():
    with pytest.raises(UserError, match="roc_auc compares two classes, but there are 4"):
        value("roc_auc", np.eye(4), np.eye(4))


def test_a_class_that_is_not_there_is_refused():
    with pytest.raises(UserError, match="class 7 was asked for, but the classes are 0 to 3"):
        value("f1_7", np.eye(4), np.eye(4))


def test_the_calibration_error_equals_the_reliability_diagrams():
    for seed in SEEDS:
        labels, p = problem(seed)
        truth = calibration_error(p.max(1), p.argmax(1) == labels, num_bins=15)
        assert value("expected_calibration_error", np.eye(4)[labels], p) == pytest.approx(truth, abs=2e-6)


@pytest.mark.parametrize("mean", [0.0, 1e6])
def test_regression_equals_scikit_learn_also_at_large_means(mean):
    r2 = jax.jit(METRICS["r2"].of_examples)
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        y = (rng.normal(size=(203, 2)) * [1, 30] + mean).astype("float32")
        p = (y + rng.normal(size=y.shape) * [0.5, 40]).astype("float32")
        y64, p64 = y.astype("float64"), p.astype("float64")
        assert value("r2", y, p) == pytest.approx(sklearn.r2_score(y64, p64), rel=1e-4, abs=1e-4)
        assert float(r2(y, p)) == pytest.approx(sklearn.r2_score(y64, p64), rel=1e-4, abs=1e-4)
        rmse = sklearn.mean_squared_error(y64, p64) ** 0.5  # over all numbers, not a mean of the targets' roots
        assert value("root_mean_squared_error", y, p) == pytest.approx(rmse, rel=1e-5)


def test_r2_of_a_constant_target():
    y = np.full((5, 1), 0.1)
    assert value("r2", y, y) == sklearn.r2_score(y, y) == 1
    assert value("r2", y, y + 1) == sklearn.r2_score(y, y + 1) == 0


@pytest.mark.parametrize("name", [name for name in METRICS if not name.startswith("rbf")])
def test_weights(name):
    """Weight 0 is the example left out, also where its outputs are NaN; weight 2 is the example twice."""
    labels, p = problem(0, classes=2)
    y, w = np.eye(2, dtype=np.float32)[labels], np.repeat(np.float32([0, 1, 2]), [40, 60, 103])
    metric, bad = METRICS[name], np.where(w[:, None] > 0, p, np.nan)
    weighted = jax.jit(lambda y, p: metric.of_sums(weighted_sum(metric(y, p), w), jnp.sum(w)))(y, bad)
    rows = np.concatenate([np.arange(40, 203), np.arange(100, 203)])
    plain = jax.jit(lambda y, p: metric.of_sums(jnp.sum(metric(y, p), axis=0), jnp.float32(len(rows))))
    np.testing.assert_allclose(weighted, plain(y[rows], p[rows]), rtol=1e-5)


def top_two(y, p):
    return jnp.any(jax.lax.top_k(p, 2)[1] == y[:, None], axis=1)


def test_a_metric_of_the_users():
    labels, p = problem(0)
    metric = metric_of(ObjectRef(Metric(top_two, maximized=True)))
    assert (metric.name, metric.head, metric.maximized) == ("top_two", "top_two", True)
    found = metric.of_examples(jnp.asarray(labels, jnp.int32), p)
    assert float(found) == pytest.approx(sklearn.top_k_accuracy_score(labels, p, k=2), abs=1e-6)
    mine = directions_of(
        (
            ObjectRef(Metric(top_two, maximized=True)),
            ObjectRef(Metric(top_two, maximized=False, label="my_accuracy")),
            "f1",
        )
    )
    assert mine == {"top_two": True, "my_accuracy": False}
    assert is_maximized("val_top_two", mine)
    assert not is_maximized("val_my_accuracy", mine)  # though it ends as accuracy does
    assert not is_maximized("val_top_two")
    assert (direction_of("val_top_two"), direction_of("val_loss"), direction_of("test_f1_3")) == (None, None, True)


def test_the_ranges_of_scores():
    """Shares lie in [0, 1], errors at 0 and above, R² at 1 and below; what is a user's where they say so."""
    inf = np.inf
    known = {"best_val_accuracy": (0, 1), "test_f1_3": (0, 1), "roc_auc": (0, 1), "train_r2_eval": (-inf, 1)}
    known |= {"root_mean_squared_error": (0, inf), "val_huber": (0, inf), "best_val_loss": (0, inf)}
    known["seconds"] = -inf, inf
    assert {score: range_of(score, "kl_divergence") for score in known} == known
    assert range_of("loss", ObjectRef(optax.losses.squared_error)) == (0, inf)
    assert range_of("loss", ObjectRef(lambda y, z: z[:, 0])) == (-inf, inf)
    own = (ObjectRef(Metric(top_two, maximized=True, range=(0.0, 1.0))), ObjectRef(Metric(top_two, False, label="gap")))
    assert (range_of("val_top_two", "huber", own), range_of("val_gap", "huber", own)) == ((0, 1), (-inf, inf))


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (top_two, r"The metric top_two has no direction: write nnjax.Metric\(top_two, maximized=True\), or False"),
        (Metric(top_two), r"top_two has no direction"),
        (Metric(lambda y, p: p[:, 0], maximized=True), r"needs a name for its curve"),
        (
            Metric(lambda y, p: jnp.mean(p), maximized=True, label="m"),
            r"m returned float32\[\] .* float32\[8, 4\].*leave",
        ),
        (Metric(lambda y, p: p, maximized=True, label="m"), r"m returned float32\[8, 4\]"),
        (Metric(lambda y, p: p @ p, maximized=True, label="m"), r"m failed on y int32\[8\], p float32\[8, 4\]"),
        (Metric(lambda y, p: p, maximized=True, value=lambda s, n: s, label="m"), r"m has values of shape \[4\]"),
    ],
)
def test_refused(thing, words):
    with pytest.raises(UserError, match=words):
        trace_metric(ObjectRef(thing), jax.ShapeDtypeStruct((8,), jnp.int32), jax.ShapeDtypeStruct((8, 4), jnp.float32))


def test_a_path_that_was_not_imported_has_a_name_only():
    metric = metric_of("somewhere.metrics:mine")
    assert (metric.name, metric.complement) == ("mine", "")
    with pytest.raises(UserError, match=r"was not imported.*metrics=..."):
        metric(jnp.zeros(3), jnp.zeros((3, 1)))

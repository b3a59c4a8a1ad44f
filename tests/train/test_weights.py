"""Weights of examples and of classes: against Keras, scikit-learn, a gradient by hand, and the examples removed."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sklearn_metrics
from sklearn.utils.class_weight import compute_class_weight

import nnjax
from nnjax.core.class_weight import ClassWeight
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.fields import from_dict, replace, to_dict
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.types import Prepared
from nnjax.data import npy, prepare_loaded
from nnjax.data.baselines import measure_baselines
from nnjax.data.class_weights import class_weights
from nnjax.models.adapters.compiled import as_experiment
from nnjax.models.adapters.keras import to_keras
from nnjax.models.user_models import model_of
from nnjax.nn.user_functions import standard_rules

RNG = np.random.default_rng(5)
N = 90
X = RNG.normal(size=(N, 4)).astype(np.float32)
LABELS = (X[:, 0] + 0.8 * RNG.normal(size=N) > 0.4).astype(np.int32) + (X[:, 1] > 1)
NAMES = np.array(["ant", "bee", "cat"])[LABELS]
NUMBERS = (X @ np.array([1.0, -2.0, 0.5, 0.0]) + RNG.normal(size=N)).astype(np.float32)
W = RNG.choice([0.25, 1.0, 3.0], N)
PARTS = DataConfig(validation=20, test=25, scaling="unit")
CLASSIFIER = Experiment(
    data=PARTS, model=ModelConfig(widths=(5,)), optimizer=OptimizerConfig("adam"), epochs=3, batch_size=16
)
LINE = Experiment(
    data=DataConfig(validation=0, test=0, scaling="none"),
    model=ModelConfig(widths=(), output_activation="linear"),
    optimizer=OptimizerConfig("sgd"),
    hyperparameters=Hyperparameters(learning_rate=0.1),
    loss="mean_squared_error",
    epochs=1,
    batch_size=N,
)


def curves_of(run):
    return {name: np.asarray(curve) for name, curve in run.records[0].curves.items()}


def require_same(a, b):
    jax.tree.map(np.testing.assert_array_equal, curves_of(a), curves_of(b))
    jax.tree.map(np.testing.assert_array_equal, a.params(0), b.params(0))


def test_a_step_by_hand():
    """w - η 2 Σ wᵢ (xᵢ·w + b - yᵢ) xᵢ / Σ wᵢ, in float64."""
    begun = nnjax.sweep(replace(LINE, {"learning_rate": 0.0}), data=(X, NUMBERS, W))
    run = nnjax.sweep(LINE, data=(X, NUMBERS, W))
    (before,), (after,) = (list(some.params(0).values()) for some in (begun, run))
    error = X @ before["kernel"].astype(np.float64)[:, 0] + before["bias"] - NUMBERS
    kernel = before["kernel"][:, 0] - 0.2 * (W * error) @ X / W.sum()
    np.testing.assert_allclose(after["kernel"][:, 0], kernel, rtol=1e-5)
    np.testing.assert_allclose(after["bias"], before["bias"] - 0.2 * (W * error).sum() / W.sum(), rtol=1e-5)
    np.testing.assert_allclose(run.records[0].curves["train_loss"], [(W * error**2).sum() / W.sum()], rtol=1e-5)


@pytest.mark.parametrize(
    "own",
    [
        {"validation_start": 60, "test_start": 70},
        *(pytest.param(one, marks=pytest.mark.slow) for one in ({"test_start": 70}, {})),
    ],
)
def test_weight_zero_equals_the_example_removed(own):
    zero = RNG.choice([0.0, 1.0], N, p=(0.3, 0.7))
    keep = zero > 0
    starts = {name: int(keep[:start].sum()) for name, start in own.items()}
    given = {"validation": "given"} if "validation_start" in own else {"validation": 0.2}
    experiment = replace(CLASSIFIER, {"data.test": None, **{f"data.{k}": v for k, v in given.items()}})
    broken, names = np.where(keep[:, None], X, np.nan), np.where(keep, NAMES, "unknown")
    weighted = nnjax.from_arrays(broken, names, sample_weight=zero, **own)
    removed = nnjax.from_arrays(X[keep], NAMES[keep], **starts)
    assert (weighted.sha256, weighted.classes, weighted.weights) == (removed.sha256, removed.classes, None)
    require_same(nnjax.sweep(experiment, data=weighted), nnjax.sweep(experiment, data=removed))
    both = nnjax.sweep(experiment, data=nnjax.from_arrays(broken, names, sample_weight=W * zero, **own))
    without = nnjax.from_arrays(X[keep], NAMES[keep], sample_weight=W[keep], **starts)
    require_same(both, nnjax.sweep(experiment, data=without))


def test_a_weight_of_two_equals_the_example_twice():
    twice = RNG.choice([1, 2], N)
    experiment = replace(LINE, {"epochs": 4, "batch_size": N})
    weighted = nnjax.sweep(experiment, data=(X, NUMBERS, twice))
    repeated = nnjax.sweep(
        replace(experiment, {"batch_size": int(twice.sum())}), data=(X.repeat(twice, 0), NUMBERS.repeat(twice))
    )
    for name in ("train_loss", "train_loss_eval"):
        np.testing.assert_allclose(curves_of(weighted)[name], curves_of(repeated)[name], rtol=1e-5)


def scored(run):
    """The test part's inputs, targets and weights, and the run's outputs."""
    rows = run.data().test
    return rows, run.outputs(X[rows], 0), W[rows]


def test_metrics_of_classes_are_scikit_learns():
    metrics = ("accuracy", "f1", "balanced_accuracy", "recall_1")
    run = nnjax.sweep(dataclasses.replace(CLASSIFIER, metrics=metrics), data=(X, NAMES, W))
    rows, outputs, w = scored(run)
    probabilities = outputs.astype(float) / outputs.sum(axis=1, keepdims=True, dtype=float)
    y, found, values = LABELS[rows], outputs.argmax(1), run.records[0].values
    truths = {
        "accuracy": sklearn_metrics.accuracy_score(y, found, sample_weight=w),
        "f1": sklearn_metrics.f1_score(y, found, average="macro", sample_weight=w),
        "balanced_accuracy": sklearn_metrics.balanced_accuracy_score(y, found, sample_weight=w),
        "recall_1": sklearn_metrics.recall_score(y, found, labels=[1], average="macro", sample_weight=w),
        "loss": sklearn_metrics.log_loss(y, probabilities, sample_weight=w, labels=[0, 1, 2]),
    }
    assert truths["accuracy"] != sklearn_metrics.accuracy_score(y, found)
    for name, truth in truths.items():
        np.testing.assert_allclose(values[f"test_{name}"], truth, rtol=1e-5, err_msg=name)


def test_the_area_under_the_curve_is_scikit_learns():
    run = nnjax.sweep(dataclasses.replace(CLASSIFIER, metrics=("roc_auc",)), data=(X, LABELS > 0, W))
    rows, outputs, w = scored(run)
    truth = sklearn_metrics.roc_auc_score(LABELS[rows] > 0, outputs[:, -1], sample_weight=w)
    assert run.records[0].values["test_roc_auc"] == pytest.approx(truth, abs=0.005)
    assert abs(truth - sklearn_metrics.roc_auc_score(LABELS[rows] > 0, outputs[:, -1])) > 0.01


@pytest.mark.slow
def test_metrics_of_numbers_are_scikit_learns():
    metrics = ("r2", "root_mean_squared_error")
    experiment = dataclasses.replace(LINE, data=PARTS, batch_size=16, metrics=metrics, epochs=3)
    run = nnjax.sweep(experiment, data=(X, NUMBERS, W))
    rows, outputs, w = scored(run)
    values = run.records[0].values
    truth = sklearn_metrics.r2_score(NUMBERS[rows], outputs[:, 0], sample_weight=w)
    np.testing.assert_allclose(values["test_r2"], truth, rtol=1e-4)
    mse = sklearn_metrics.mean_squared_error(NUMBERS[rows], outputs[:, 0], sample_weight=w)
    np.testing.assert_allclose(values["test_root_mean_squared_error"], mse**0.5, rtol=1e-5)


@pytest.mark.parametrize("classes", [pytest.param(False, marks=pytest.mark.slow), True])
def test_training_is_keras_fit(classes):
    """Keras 3, with the reduction that divides by the weights' sum; its class weights do not weigh the validation."""
    import keras

    w = None if classes else W  # Keras takes one of the two
    by_index = {0: 0.5, 1: 1.0, 2: 4.0} if classes else None
    with standard_rules():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, "tanh"), keras.layers.Dense(3, "softmax")])
    experiment = Experiment(
        data=DataConfig(validation=20, test=0, scaling="none"),
        model=model,
        optimizer=OptimizerConfig("sgd"),
        hyperparameters=Hyperparameters(learning_rate=0.2),
        class_weight={"ant": 0.5, "cat": 4.0} if classes else None,
        shuffle=False,
        epochs=3,
        batch_size=16,
    )
    run = nnjax.sweep(experiment, data=nnjax.from_arrays(X, NAMES, sample_weight=w))
    train, val = run.data().train, run.data().validation
    with standard_rules():
        own = to_keras(model, model_of(experiment.model.kind).draw(0))
        loss = keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")
        own.compile(keras.optimizers.SGD(0.2), loss, weighted_metrics=["accuracy"])
        own.fit(
            X[train],
            LABELS[train],
            sample_weight=None if w is None else w[train],
            class_weight=by_index,
            batch_size=16,
            epochs=3,
            shuffle=False,
            verbose=0,
        )
        val_loss, accuracy = own.evaluate(
            X[val], LABELS[val], sample_weight=None if w is None else w[val], batch_size=20, verbose=0
        )
        for ours, theirs in zip(run.keras_model(0).weights, own.weights, strict=True):
            np.testing.assert_allclose(np.array(ours.value), np.array(theirs.value), rtol=1e-4, atol=1e-6)
    assert run.records[0].values["val_loss"] == pytest.approx(val_loss, rel=1e-5)
    assert run.records[0].values["val_accuracy"] == pytest.approx(accuracy, rel=1e-5)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_weighted_metrics_of_keras_are_metrics():
    import keras

    with standard_rules():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    assert as_experiment(model).metrics == ("accuracy",)


def test_balanced_weights_are_scikit_learns():
    prepared = prepare_loaded(nnjax.from_arrays(X, NAMES), PARTS)
    y = LABELS[prepared.train]
    truth = compute_class_weight("balanced", classes=np.arange(3), y=y)
    np.testing.assert_allclose(class_weights(ClassWeight("balanced"), prepared), truth, rtol=1e-6)
    weighted = dataclasses.replace(prepared, dataset=nnjax.from_arrays(X, NAMES, sample_weight=W))
    truth = compute_class_weight("balanced", classes=np.arange(3), y=y, sample_weight=W[prepared.train])
    np.testing.assert_allclose(class_weights(ClassWeight("balanced"), weighted), truth, rtol=1e-6)


@pytest.mark.slow
def test_class_weights_are_weights_of_the_training_examples():
    """The same weights as numbers, by name, by index, and as weights of the examples of a training part alone."""
    data = nnjax.from_arrays(X, NAMES)
    forms = [(2.0, 1.0, 3.0), {"ant": 2, "cat": 3}, {0: 2.0, 2: 3.0}, "2,1,3", "ant:2,cat:3", [2, 1, 3]]
    found = {ClassWeight(form): nnjax.sweep(replace(CLASSIFIER, {"class_weight": form}), data=data) for form in forms}
    first = next(iter(found.values()))
    for run in found.values():
        require_same(run, first)
    weights = np.array([2.0, 1.0, 3.0])[LABELS]
    by_example = nnjax.sweep(CLASSIFIER, data=(X, NAMES, weights))
    a, b = curves_of(first), curves_of(by_example)
    np.testing.assert_allclose(a["train_loss"], b["train_loss"], rtol=1e-5)
    assert not np.allclose(a["val_loss"], b["val_loss"], rtol=1e-3)  # classes do not count in evaluations, examples do


def test_a_batch_of_weight_zero_changes_nothing():
    """Sorted by class, in batches of one class: those of weight 0 leave the weights as they are under plain descent."""
    order = np.argsort(LABELS > 0, kind="stable")
    first = int((LABELS == 0).sum()) // 8 * 8
    rows = np.concatenate([order[:first], order[-16:]])
    x, y = X[rows], LABELS[rows] > 0
    experiment = dataclasses.replace(
        CLASSIFIER,
        data=DataConfig(validation=0, test=0),
        optimizer=OptimizerConfig("sgd"),
        hyperparameters=Hyperparameters(learning_rate=0.5),
        batch_size=8,
        shuffle=False,
        class_weight={"False": 0.0},
    )
    run = nnjax.sweep(experiment, data=(x, y))
    only = nnjax.from_arrays(x[y], np.ones(16, int), classes=("no", "yes"))
    alone = nnjax.sweep(dataclasses.replace(experiment, class_weight=None, allow_mismatch=True), data=only)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), run.params(0), alone.params(0))
    np.testing.assert_allclose(curves_of(run)["train_loss"], curves_of(alone)["train_loss"], rtol=1e-5)
    assert np.isfinite(run.records[0].values["train_loss"])


def test_one_program_serves_all_class_weights():
    said = []
    data = nnjax.from_arrays(X, NAMES)
    axes = {"class_weight": ["balanced", (1, 2, 3), {"cat": 2.0}]}
    run = nnjax.sweep(CLASSIFIER, axes, data=data, log=said.append, plan=nnjax.Plan(devices=1, lanes=1))
    assert any("1 program" in text for text in said), said
    alone = nnjax.sweep(replace(CLASSIFIER, {"class_weight": {"cat": 2.0}}), data=data)
    np.testing.assert_array_equal(run.records[2].curves["val_loss"], alone.records[0].curves["val_loss"])


@pytest.mark.parametrize("data", [(X, NAMES, W), pytest.param((X, NUMBERS, W), marks=pytest.mark.slow)])
def test_a_batch_over_two_devices_has_the_same_mean(data):
    experiment = CLASSIFIER if data[1] is NAMES else dataclasses.replace(LINE, data=PARTS, epochs=3, batch_size=16)
    one, two = (nnjax.sweep(experiment, data=data, plan=nnjax.Plan(devices=n, batch_devices=n)) for n in (1, 2))
    for name, curve in curves_of(one).items():
        np.testing.assert_allclose(curves_of(two)[name], curve, rtol=1e-5, err_msg=name)


@pytest.mark.slow
def test_windows_carry_the_weights(tmp_path):
    data = nnjax.from_arrays(X, NAMES, sample_weight=W)
    one = nnjax.sweep(CLASSIFIER, data=data)
    window = nnjax.sweep(replace(CLASSIFIER, {"data.window": 64}), data=data)
    require_same(one, window)
    npy.write(data, tmp_path / "data")
    streamed = nnjax.sweep(replace(CLASSIFIER, {"data.name": f"npy:{tmp_path / 'data'}", "data.window": 64}))
    require_same(one, streamed)
    several, again = (
        nnjax.sweep(replace(CLASSIFIER, {"data.window": 16, "class_weight": (1, 2, 1)}), data=some)
        for some in (data, nnjax.from_arrays(X, NAMES, sample_weight=10 * W))
    )
    np.testing.assert_allclose(curves_of(several)["val_loss"], curves_of(again)["val_loss"], rtol=1e-5)


def test_an_objective_gets_the_weights():
    def weights_seen(apply, variables, batch, *, key, hyper):
        z, state = apply(variables, batch.x, key=key, hyper=hyper)
        return batch.w + 0 * z[:, 0], state, {}

    experiment = dataclasses.replace(LINE, loss=weights_seen, batch_size=N)
    run = nnjax.sweep(experiment, data=(X, NUMBERS, W))
    np.testing.assert_allclose(curves_of(run)["train_loss"], [(W * W).sum() / W.sum()], rtol=1e-5)


@pytest.mark.slow
def test_the_weights_of_a_data_frame_are_no_input():
    frame = pd.DataFrame(X, columns=list("abcd")).assign(kind=NAMES, importance=W)
    run = nnjax.sweep(CLASSIFIER, data=frame, target="kind", weight="importance")
    assert run.facts().features == tuple("abcd")
    require_same(run, nnjax.sweep(CLASSIFIER, data=(X, NAMES, W)))
    text = frame.assign(importance=np.where(W > 1, W, 0), color=np.where(W > 1, "red", "blue"))
    run = nnjax.sweep(
        dataclasses.replace(CLASSIFIER, batch_size=8, data=DataConfig()), data=text, target="kind", weight="importance"
    )
    assert run.data().dataset.recipe.columns[-1].categories == ("red",)


@pytest.mark.parametrize("weights", [None, W])
def test_the_report_says_that_scores_are_weighted(weights, tmp_path):
    run = nnjax.sweep(CLASSIFIER, data=nnjax.from_arrays(X, NAMES, sample_weight=weights), workdir=tmp_path / "run")
    page = nnjax.load(tmp_path / "run").report(tmp_path / "page.html").read_text("utf-8")
    assert ("are weighted by the examples" in page) == run.facts().weighted == (weights is not None)


def test_baselines_are_weighted():
    prepared = prepare_loaded(nnjax.from_arrays(X, NAMES, sample_weight=W), PARTS)
    y, w, rows = LABELS[prepared.train], W[prepared.train], prepared.test
    most = np.bincount(y, w).argmax()
    found = measure_baselines(prepared).scores["majority class"]["accuracy"]
    assert found == pytest.approx(np.average(LABELS[rows] == most, weights=W[rows]))
    numbers = prepare_loaded(nnjax.from_arrays(X, NUMBERS, sample_weight=W), PARTS)
    mean = np.average(NUMBERS[numbers.train], weights=W[numbers.train])
    truth = np.average((NUMBERS[numbers.test] - mean) ** 2, weights=W[numbers.test])
    assert measure_baselines(numbers).scores["mean of the targets"]["mean_squared_error"] == pytest.approx(
        truth, rel=1e-5
    )


def test_an_experiment_with_class_weights_goes_to_json_and_back():
    for given in ("balanced", (1.0, 2.0), {"a, b: c": 2.0}):
        experiment = Experiment(class_weight=given)
        assert hash(experiment) == hash(Experiment(class_weight=given))
        again = from_dict(json.loads(json.dumps(to_dict(experiment))))
        assert again == experiment
        assert isinstance(again.class_weight, ClassWeight)
    assert Experiment(class_weight={"a, b: c": 2.0}).class_weight.value == {"a, b: c": 2.0}
    assert replace(Experiment(class_weight="balanced"), {"class_weight": "none"}).class_weight is None


def test_resuming_with_other_weights_is_refused(tmp_path):
    nnjax.sweep(CLASSIFIER, data=(X, NAMES, W), workdir=tmp_path / "run")
    assert nnjax.load(tmp_path / "run", data=(X, NAMES, W)).data().dataset.weights is not None
    with pytest.raises(nnjax.UserError, match="SHA-256 differs"):
        nnjax.load(tmp_path / "run", data=(X, NAMES))
    with pytest.raises(nnjax.UserError, match=r"data have changed|SHA-256|other data"):
        nnjax.sweep(CLASSIFIER, data=(X, NAMES, W + 1), workdir=tmp_path / "run")
    balanced = dataclasses.replace(CLASSIFIER, class_weight="balanced")
    with pytest.raises(nnjax.UserError, match="class_weight: None → "):
        nnjax.sweep(balanced, data=(X, NAMES, W), workdir=tmp_path / "run")


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (-W, r"sample_weight of arrays is -.* in example 0 .*finite numbers from 0"),
        (np.where(np.arange(N) == 7, np.nan, W), "is nan in example 7"),
        (W[:-1], r"has the shape \(89,\), but one weight for each of 90"),
        (np.zeros(N), "is 0 for all examples"),
        (W.astype(str), "has the type <U"),
        (W * 1e-30, "goes from .* bring them near 1"),
        (1.0, r"has the shape \(\)"),
    ],
)
def test_mistaken_weights_are_sentences(weights, words):
    with pytest.raises(nnjax.UserError, match=words):
        nnjax.sweep(CLASSIFIER, data=(X, NAMES, weights))


def test_a_whole_part_of_weight_zero_is_a_sentence():
    with pytest.raises(nnjax.UserError, match="is 0 for the whole test set: leave that set out"):
        nnjax.from_arrays(X, NAMES, sample_weight=np.arange(N) < 70, test_start=70)
    with pytest.raises(nnjax.UserError, match="0 for all examples that are to train"):
        nnjax.from_arrays(X, NAMES, sample_weight=np.arange(N) >= 70, test_start=70)


@pytest.mark.parametrize(
    ("given", "y", "words"),
    [
        ({"dog": 2.0}, NAMES, "names the class 'dog', which arrays does not have; its classes are ant, bee, cat"),
        ({"bea": 2.0}, NAMES, "did you mean bee"),
        ((1.0, 2.0), NAMES, r"has 2 numbers, but arrays has 3 classes \(ant, bee, cat\)"),
        ("balanced", NUMBERS, "class_weight is set, but arrays has no classes"),
        ((0.0, 0.0, 0.0), NAMES, "so that no training example of arrays counts"),
        ((1.0, -1.0, 1.0), NAMES, "-1 in .*finite numbers from 0"),
        ("balance", NAMES, "class_weight is 'balance', but \"balanced\", one number a class"),
        (2.0, NAMES, "class_weight is 2.0, but"),
    ],
)
def test_mistaken_class_weights_are_sentences(given, y, words):
    base = CLASSIFIER if y is NAMES else dataclasses.replace(LINE, data=PARTS, batch_size=16)
    with pytest.raises(nnjax.UserError, match=words):
        nnjax.sweep(dataclasses.replace(base, class_weight=given), data=(X, y))


def test_an_autoencoder_has_no_classes_to_weigh():
    experiment = dataclasses.replace(
        LINE, model=ModelConfig("autoencoder", (2,), output_activation="linear"), class_weight="balanced"
    )
    with pytest.raises(nnjax.UserError, match="learns to give its input, not classes"):
        nnjax.sweep(experiment, data=(X, NAMES))
    assert isinstance(prepare_loaded(nnjax.from_arrays(X), PARTS), Prepared)
    assert jnp.isfinite(
        nnjax.sweep(replace(experiment, {"class_weight": "none"}), data=(X, NAMES, W)).records[0].values["train_loss"]
    )

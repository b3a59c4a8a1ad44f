"""The pre-flight check: every rule has an experiment that sets it off, and the deck's sensible ones set none off."""

import dataclasses
import re

import numpy as np
import optax
import pytest
from populations import resolve

from nnjax.checks.fit import check_fit, summarize_targets
from nnjax.checks.rules import RULES
from nnjax.checks.rules.rule_input import RuleInput
from nnjax.core.experiment import DataConfig, Experiment
from nnjax.core.fields import replace
from nnjax.core.object_refs import ObjectRef
from nnjax.data import from_arrays, prepare_loaded
from nnjax.models.registry import traits_of
from nnjax.nn.logit_losses import focal_loss
from nnjax.train.engine.device_data import output_width

RNG = np.random.default_rng(0)
N = 200
X = RNG.normal(size=(N, 4)).astype("float32")
IMAGES = (RNG.uniform(size=(N, 12)) ** 3 * 256).astype("uint8")
BLACK_AND_WHITE = RNG.integers(2, size=(N, 12)).astype("uint8") * 255
SHARES = RNG.dirichlet(np.ones(3), size=N).astype("float32")
DATA = {
    "images": from_arrays(IMAGES),
    "black and white": from_arrays(BLACK_AND_WHITE),
    "signed": from_arrays(X),
    "unscaled": from_arrays(X * 1000),
    "two classes": from_arrays(X, np.arange(N) % 2),
    "ten classes": from_arrays(X, np.arange(N) % 10),
    "one class": from_arrays(X, np.zeros(N, int), classes=("a", "b")),
    "rare class": from_arrays(X, (np.arange(N) % 40 == 0).astype(int)),
    "number": from_arrays(X, X[:, :1] + 0.5, task="regression"),
    "prices": from_arrays(X, 3e5 + 1e5 * X[:, :1], task="regression"),
    "positive": from_arrays(X, np.abs(X[:, :2]) + 0.1, task="regression"),
    "shares": from_arrays(X, SHARES, task="regression"),
    "unseen class": from_arrays(X, np.where(np.arange(N) < N - 20, np.arange(N) % 3, 3), test_start=N - 20),
    "constant": from_arrays(X, np.full((N, 1), 0.3), task="regression"),
    "labels as numbers": from_arrays(X, (np.arange(N) % 10).astype("float32")[:, None], task="regression"),
    "one-hot": from_arrays(X, np.eye(3)[np.arange(N) % 3], task="regression"),
}
RBF = {"kind": "lenet5", "loss": "rbf_map", "output_activation": "linear"}
AUTOENCODER = {"kind": "autoencoder", "widths": (8, 3, 8), "optimizer.name": "adadelta", "preset": "keras2"}
REGRESSION = {"loss": "mean_squared_error", "output_activation": "linear"}


def judge(data, changes):
    """Findings as {code: severity}."""
    experiment = resolve(replace(Experiment(data=DataConfig(validation=20, test=20)), changes), DATA[data])
    summary = summarize_targets(prepare_loaded(DATA[data], experiment.data), traits_of(experiment.model).reconstructs)
    findings = check_fit(experiment, summary)
    for finding in findings:
        for text in (finding.sentence, finding.remedy):
            assert text.endswith("."), finding
            assert "\n" not in text
    return {finding.code: finding.severity for finding in findings}


SENSIBLE = [
    ("images", AUTOENCODER | REGRESSION, {}),
    ("images", AUTOENCODER | {"loss": "mean_squared_error", "output_activation": "sigmoid"}, {}),
    (
        "images",
        AUTOENCODER | {"loss": "binary_crossentropy", "output_activation": "sigmoid"},
        {"binary-floor": "remark"},  # a fact to know, not a fault
    ),
    ("black and white", AUTOENCODER | {"loss": "binary_crossentropy", "output_activation": "sigmoid"}, {}),
    ("signed", AUTOENCODER | REGRESSION, {}),
    ("ten classes", {"loss": "categorical_crossentropy", "output_activation": "softmax"}, {}),
    ("ten classes", {"loss": "categorical_crossentropy", "label_smoothing": 0.1, "dropout": 0.5}, {}),
    ("ten classes", {"loss": "kl_divergence", "output_activation": "softmax"}, {}),
    ("two classes", {"loss": "binary_crossentropy", "output_activation": "sigmoid"}, {}),
    ("two classes", {"loss": "categorical_crossentropy", "output_activation": "softmax"}, {}),
    ("number", REGRESSION, {}),
    ("number", {"loss": "huber", "output_activation": "linear"}, {}),
    ("number", {"loss": "mean_absolute_error", "output_activation": "linear"}, {}),
    ("number", REGRESSION | {"output_activation": "sigmoid", "target_scaling": "minmax"}, {}),
    ("prices", REGRESSION | {"target_scaling": "standard"}, {}),
    ("positive", {"loss": "mean_squared_logarithmic_error", "output_activation": "softplus"}, {}),
    ("positive", {"loss": "mean_squared_error", "output_activation": "relu"}, {}),
    ("shares", {"loss": "categorical_crossentropy", "output_activation": "softmax"}, {}),
    ("labels as numbers", REGRESSION, {}),
    ("ten classes", RBF, {}),
    ("ten classes", RBF | {"loss": "rbf_mse"}, {}),
    ("ten classes", {"kind": "lenet5", "output_activation": "softmax"}, {}),  # eq. 9 without the rubbish class
]


@pytest.mark.parametrize(("data", "changes", "expected"), SENSIBLE)
def test_sensible_experiments_raise_no_alarm(data, changes, expected):
    assert judge(data, changes) == expected


MISTAKES = [
    # the deck's table, where it is wrong
    ("ten classes", {"loss": "kl_divergence", "output_activation": "sigmoid"}, {"kl-output": "error"}),
    (
        "ten classes",
        {"loss": "categorical_crossentropy", "output_activation": "sigmoid"},
        {"crossentropy-scale": "warning"},
    ),
    ("ten classes", {"output_activation": "linear"}, {"crossentropy-output": "error"}),
    ("ten classes", {"output_activation": "relu"}, {"crossentropy-output": "error"}),
    ("ten classes", {"loss": "kl_divergence", "output_activation": "linear"}, {"kl-output": "error"}),
    ("ten classes", {"loss": "binary_crossentropy", "output_activation": "softmax"}, {"binary-softmax": "warning"}),
    ("ten classes", {"loss": "binary_crossentropy", "output_activation": "sigmoid"}, {"exclusive-classes": "remark"}),
    ("two classes", {"loss": "binary_crossentropy", "output_activation": "linear"}, {"binary-output": "error"}),
    ("two classes", {"loss": "binary_crossentropy", "output_activation": "tanh"}, {"binary-output": "error"}),
    ("two classes", {"loss": "categorical_crossentropy", "output_activation": "sigmoid"}, {"one-output": "error"}),
    ("number", REGRESSION | {"output_activation": "softmax"}, {"one-output": "error", "targets-unreachable": "error"}),
    ("ten classes", {"loss": "mean_squared_error", "output_activation": "softmax"}, {"loss-for-classes": "remark"}),
    ("ten classes", {"loss": "mean_squared_error", "output_activation": "linear"}, {"loss-for-classes": "warning"}),
    ("ten classes", {"loss": "mean_absolute_error"}, {"loss-for-classes": "warning"}),
    ("two classes", {"loss": "binary_crossentropy", "output_activation": "step"}, {"step-output": "error"}),
    ("ten classes", {"loss": "rbf_mse"}, {"rbf-loss": "error"}),
    ("ten classes", RBF | {"kind": "lenet5_modern"}, {"rbf-loss": "error"}),
    ("ten classes", RBF | {"output_activation": "softmax"}, {"rbf-output": "error"}),
    ("ten classes", RBF | {"loss": "mean_squared_error"}, {"rbf-output": "error"}),
    # targets
    ("signed", AUTOENCODER | REGRESSION | {"output_activation": "sigmoid"}, {"targets-unreachable": "error"}),
    ("signed", AUTOENCODER | REGRESSION | {"output_activation": "relu"}, {"targets-unreachable": "error"}),
    ("number", REGRESSION | {"output_activation": "tanh"}, {"targets-unreachable": "error"}),
    (
        "signed",
        AUTOENCODER | {"loss": "binary_crossentropy", "output_activation": "sigmoid"},
        {"targets-no-probabilities": "error"},
    ),
    ("images", AUTOENCODER | REGRESSION | {"output_activation": "softmax"}, {"softmax-rows": "error"}),
    (
        "number",
        {"loss": "mean_squared_logarithmic_error", "output_activation": "linear"},
        {"log-of-negative-targets": "error"},
    ),
    (
        "positive",
        {"loss": "mean_squared_logarithmic_error", "output_activation": "linear"},
        {"log-of-negative-outputs": "remark"},
    ),
    ("number", REGRESSION | {"label_smoothing": 0.1}, {"label-smoothing": "error"}),
    ("images", AUTOENCODER | REGRESSION | {"label_smoothing": 0.1}, {"label-smoothing": "error"}),
    ("images", {}, {"targets-missing": "error", "binary-floor": "remark"}),
    ("one class", {"loss": "binary_crossentropy", "output_activation": "sigmoid"}, {"one-class": "error"}),
    ("constant", REGRESSION, {"constant-targets": "warning"}),
    (
        "rare class",
        {"loss": "binary_crossentropy", "output_activation": "sigmoid"},
        {"imbalance": "remark", "unscored-classes": "warning"},
    ),
    ("unseen class", {}, {"absent-classes": "warning", "unscored-classes": "remark"}),
    ("prices", REGRESSION, {"large-targets": "warning"}),
    (
        "labels as numbers",
        {"output_activation": "softmax"},
        {"one-output": "error", "targets-no-probabilities": "error"},
    ),
    ("one-hot", {"output_activation": "softmax"}, {"classes-as-numbers": "remark"}),
    # training
    ("images", AUTOENCODER | REGRESSION | {"preset": "keras3"}, {"adadelta-rate": "warning"}),
    ("images", AUTOENCODER | REGRESSION | {"learning_rate": 0.001}, {"adadelta-rate": "warning"}),
    ("ten classes", {"optimizer.name": ObjectRef(optax.adam(1e-3))}, {"called": "remark"}),
    ("ten classes", {"loss": ObjectRef(optax.softmax_cross_entropy)}, {"called": "remark"}),
    (
        "ten classes",
        {"loss": ObjectRef(focal_loss), "label_smoothing": 0.1},
        {"label-smoothing": "error"},
    ),
    ("ten classes", {"learning_rate": 0.2}, {"large-rate": "warning"}),
    ("ten classes", {"optimizer.name": "sgd", "learning_rate": 1e10}, {"large-rate": "warning"}),
    ("unscaled", AUTOENCODER | REGRESSION, {"large-inputs": "warning"}),
    ("ten classes", {"model.activation": "linear"}, {"linear-layers": "warning"}),
    ("images", AUTOENCODER | REGRESSION | {"model.activation": "linear"}, {"linear-layers": "remark"}),
    ("ten classes", {"kernel_init": "zeros"}, {"equal-neurons": "warning"}),
    ("ten classes", {"init_scale": 0.0}, {"equal-neurons": "warning"}),
]


@pytest.mark.parametrize(("data", "changes", "expected"), MISTAKES)
def test_mistakes_are_found(data, changes, expected):
    assert judge(data, changes) == expected


def test_every_rule_is_set_off_by_a_mistake():
    silent = set(RULES)
    for data, changes, _ in SENSIBLE + MISTAKES:
        experiment = resolve(replace(Experiment(data=DataConfig(validation=20, test=20)), changes), DATA[data])
        summary = summarize_targets(
            prepare_loaded(DATA[data], experiment.data), traits_of(experiment.model).reconstructs
        )
        silent -= {rule for rule in silent if rule(RuleInput(experiment, summary)) is not None}
    assert silent == set()


def test_a_sweep_over_rates_repeats_no_finding():
    prepared = prepare_loaded(DATA["ten classes"], DataConfig())
    summary = summarize_targets(prepared, False)
    rates = (0.2, 0.5, 1e10)
    experiments = [resolve(replace(Experiment(), {"learning_rate": rate})) for rate in rates]
    assert len({tuple(check_fit(experiment, summary)) for experiment in experiments}) == 1


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "linear"])
@pytest.mark.parametrize("kind", ["mlp", "autoencoder"])
@pytest.mark.parametrize("data", ["images", "two classes", "ten classes", "positive"])
def test_the_width_is_the_trainers(data, kind, output):
    experiment = resolve(replace(Experiment(), {"kind": kind, "output_activation": output}), DATA[data])
    prepared = prepare_loaded(DATA[data], experiment.data)
    case = RuleInput(experiment, summarize_targets(prepared, traits_of(experiment.model).reconstructs))
    assert case.width == output_width(experiment.model, prepared.facts())


def test_the_summary_sees_scaled_targets_of_the_training_part():
    y = np.arange(10, dtype="float32")[:, None] * 2 + 1
    dataset = from_arrays(np.zeros((10, 1)), np.where(np.arange(10)[:, None] < 8, y, 999), test_start=8)
    config = DataConfig(validation=0, test=2, target_scaling="minmax")
    summary = summarize_targets(prepare_loaded(dataset, config), False)
    assert (summary.task, summary.num_outputs, summary.num_classes) == ("regression", 1, 0)
    assert (summary.minimum, summary.maximum) == pytest.approx((0, 1))
    assert summary.class_counts == ()


def test_the_entropy_is_that_of_the_formula():
    p = np.array([[0.0, 1.0], [0.5, 0.25]], "float32")
    prepared = prepare_loaded(from_arrays(p, task="none"), DataConfig(validation=0, test=0))
    quarter = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert summarize_targets(prepared, True).entropy == pytest.approx((np.log(2) + quarter) / 4, rel=1e-6)


def test_class_counts_and_input_size():
    x = np.array([[3.0, 0], [4.0, 0], [0.0, 0]], "float32")
    prepared = prepare_loaded(from_arrays(x, np.array([0, 2, 2]), classes="abc"), DataConfig(validation=0, test=0))
    summary = summarize_targets(prepared, False)
    assert summary.class_counts == (1, 0, 2)
    assert summary.input_size == pytest.approx(np.sqrt(25 / 3))


@pytest.mark.parametrize(
    ("rows", "severity", "words"),
    [
        (([0, 1, 2, 3, 4, 5], [6, 7, 8], [9, 10, 11]), None, ""),
        (([0, 1, 2, 3, 4, 5], [6, 7, 8], [9, 11]), "remark", "The test part has no example of 1 of 3 classes .*'b'"),
        (([0, 1, 2, 3, 4, 5], [6, 9], [8, 11]), "warning", "The validation part has no .* 2 of 3 .*'b'.* and the test"),
        (([0, 1, 2, 3, 4, 5], [], [8]), "warning", "The test part has no example of 2 of 3 classes .*'a'"),
        (([0, 1, 3, 4], [6, 7], []), None, ""),  # class c is in no part
    ],
)
def test_classes_that_are_not_scored_are_said(rows, severity, words):
    """Of 12 examples the classes are a, b, c, a, b, c, …"""
    dataset = from_arrays(np.arange(12.0), np.arange(12) % 3, classes="abc")
    train, validation, test = (np.array(part, np.int32) for part in rows)
    prepared = dataclasses.replace(prepare_loaded(dataset, DataConfig()), train=train, validation=validation, test=test)
    found = check_fit(resolve(Experiment(), dataset), summarize_targets(prepared, False))
    own = [finding for finding in found if finding.code == "unscored-classes"]
    assert [finding.severity for finding in own] == ([severity] if severity else [])
    assert all(re.search(words, finding.sentence) for finding in own)


def test_targets_outside_the_unit_interval_have_no_entropy():
    summary = summarize_targets(prepare_loaded(DATA["signed"], DataConfig()), True)
    assert np.isnan(summary.entropy)
    assert not summary.rows_sum_to_one
    low = from_arrays(np.full((4, 2), 0.5) - [[0, 1]], task="none")  # only the minimum is outside
    assert np.isnan(summarize_targets(prepare_loaded(low, DataConfig(validation=0, test=0)), True).entropy)

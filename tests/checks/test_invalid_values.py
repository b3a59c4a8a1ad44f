"""Impossible experiments are refused with found, expected and what to do; possible ones pass."""

import dataclasses

import jax
import optax
import pytest
from populations import resolve

from nnjax.checks.invalid_values import RANGES, validate
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, OptimizerConfig
from nnjax.core.fields import replace
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.nn.schedules import SCHEDULES

LENET5 = {"kind": "lenet5", "widths": (6, 16, 120, 84), "model.activation": "squash", "kernel_init": "lecun_1998"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kernel_init": "log:1:0"}, r"kernel_init is 'log:1:0', which is unknown: choose one of glorot_uniform"),
        ({"evaluate_test": "a:b"}, "choose one of chosen, all"),
        ({"data.scaling": "a:b"}, r"data\.scaling is 'a:b', which is unknown"),
        ({"batch_size": 0}, r"batch_size is 0, but .* at least 1"),
        ({"eval_batch_size": 0}, "eval_batch_size is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": -3}, "epochs is -3"),
        ({"train_eval_size": -1}, "train_eval_size is -1"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**32}, "seed is 4294967296"),
        ({"limit": 0}, r"data\.limit is 0"),
        ({"learning_rate": -0.1}, r"learning_rate is -0\.1, but .* at least 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"learning_rate": float("inf")}, "learning_rate is inf"),
        ({"dropout": 1.0}, r"dropout is 1\.0, but .* below 1"),
        ({"dropout": -0.1}, r"dropout is -0\.1"),
        ({"b1": 1.0}, r"b1 is 1\.0"),
        ({"label_smoothing": 1.5}, r"label_smoothing is 1\.5"),
        ({"clip_norm": 0.0}, r"clip_norm is 0\.0, but .* above 0"),
        ({"epsilon": 0.0}, r"epsilon is 0\.0"),
        ({"weight_decay": -1e-4}, "weight_decay is -0.0001"),
        ({"optimizer.name": "momentum", "momentum": 1.0}, r"momentum is 1\.0"),
        ({"optimizer.name": "rmsprop", "rho": -1}, r"rho is -1\.0"),
        ({"schedule": "warmup", "warmup": 1.0}, r"warmup is 1\.0"),
        ({"schedule": "step", "decay_factor": 0.0}, r"decay_factor is 0\.0"),
        ({"schedule": "exponential", "final_factor": 0.0}, "never reaches 0.*cosine"),
        ({"loss": "binary_crossentropi"}, "did you mean binary_crossentropy"),
        ({"loss": "mse"}, "did you mean mean_squared_error.*huber"),
        ({"optimizer.name": "adm"}, r"did you mean adamw? or adam"),
        ({"preset": "keras"}, "did you mean keras3"),
        ({"schedule": "one_cycle"}, "did you mean onecycle"),
        ({"model.activation": "rely"}, "did you mean relu"),
        ({"model.activation": "os:system"}, r"model.activation is 'os:system', which is unknown: choose one of linear"),
        ({"output_activation": "best:0"}, r"output_activation is 'best:0', which is unknown"),
        ({"output_activation": "logistic"}, r"output_activation is 'logistic'.*sigmoid"),
        ({"kind": "auto_encoder"}, "did you mean autoencoder"),
        ({"kernel_init": "glorot"}, "did you mean glorot_"),
        ({"bias_init": "ones"}, "bias_init is 'ones', which is unknown: choose one of zeros, glorot_uniform"),
        ({**LENET5, "bias_init": "glorot_uniform"}, "only mlp and autoencoder read it"),
        ({"data.scaling": "min-max"}, "did you mean minmax"),
        ({"dtype": "float16"}, "did you mean"),
        ({"metrics": ("acc",)}, "metrics is 'acc'.*accuracy"),
        ({"widths": (10, 0)}, r"widths is \(10, 0\)"),
        ({"kind": "autoencoder", "widths": ()}, "hidden layer for its code"),
        ({"kind": "lenet"}, "did you mean lenet5"),
        (
            {**LENET5, "widths": (300, 100)},
            r"widths is \(300, 100\), but lenet5 is .* \(6, 16, 120, 84\).*lenet5_modern",
        ),
        ({**LENET5, "model.activation": "relu"}, "activation is 'relu', but lenet5 is the published .* 'squash'"),
        ({**LENET5, "kernel_init": "glorot_uniform"}, "kernel_init is 'glorot_uniform'.*'lecun_1998'"),
        ({"kind": "lenet5_modern", "widths": (6,)}, "begins with the feature maps of C1 and of C3"),
        ({"kind": "conv_autoencoder", "widths": (16, 8)}, "three numbers of feature maps"),
        ({"model.activation": "step"}, "gradient is 0 everywhere.*sigmoid"),
        ({"optimizer.name": "sgd", "rho": 0.9}, "rho=0.9 is set.*sgd.*adadelta or rmsprop"),
        ({"warmup": 0.1}, r"warmup=0.1 is set.*constant.*onecycle"),
        ({"optimizer.name": "adamw", "preset": "keras2"}, "'adamw'.*'keras2'.*keras3"),
        ({"preset": "zeiler"}, "'adam'.*'zeiler'"),
        ({"dtype": "float64"}, "32-bit.*JAX_ENABLE_X64"),
    ],
)
def test_impossible_values(changes, words):
    with pytest.raises(UserError, match=words) as caught:
        validate(replace(Experiment(), changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"learning_rate": 1e10},  # shows what divergence looks like
        {"learning_rate": 0.0},
        {"train_eval_size": 0},
        {"train_eval_size": None},
        {"widths": ()},  # logistic regression
        {"schedule": "exponential", "final_factor": 1e6},  # a learning-rate range test
        {"optimizer.name": "adadelta", "preset": "zeiler", "rho": 0.0},
        {"metrics": ("accuracy", "huber")},
        LENET5,
        {"kind": "lenet5_modern", "widths": (6, 16)},
        {"kind": "conv_autoencoder", "widths": (16, 8, 8)},
        {"model.activation": "step", "widths": ()},  # there is no hidden layer
    ],
)
def test_possible_values(changes):
    validate(replace(Experiment(), changes))


def test_float64_needs_64_bit_mode_only():
    with jax.enable_x64(True):
        validate(replace(Experiment(), {"dtype": "float64"}))


def test_every_resolved_combination_passes():
    """Defaults are in range, and `resolve` adds nothing that is not read."""
    for name, optimizer in OPTIMIZERS.items():
        for preset in optimizer.presets:
            for schedule in SCHEDULES:
                changes = {"optimizer.name": name, "preset": preset, "schedule": schedule}
                validate(resolve(replace(Experiment(), changes)))


def test_every_hyperparameter_has_a_range_and_a_reader():
    names = {field.name for field in dataclasses.fields(Hyperparameters)} - {"others"}
    assert {f"hyperparameters.{name}" for name in names} <= set(RANGES)
    for name in names:
        read_by = [
            {"optimizer.name": optimizer, "schedule": schedule, name: 1 if name == "patience" else 0.5}
            for optimizer in OPTIMIZERS
            for schedule in SCHEDULES
        ]
        assert any(_passes(changes) for changes in read_by), name


def _passes(changes):
    try:
        validate(replace(Experiment(), changes))
    except UserError:
        return False
    return True


def own(hyper, schedule):
    return optax.sgd(schedule, hyper["momentum"])


@pytest.mark.parametrize(
    ("optimizer", "hyper", "words"),
    [
        (OptimizerConfig("lion"), {}, "learning_rate is not set, but lion needs it and has no default"),
        (OptimizerConfig(optax.lion), {"learning_rate": 0.1, "rho": 0.5}, "rho=0.5 is set, but neither .* lion nor"),
        (OptimizerConfig(own), {"learning_rate": 0.1}, "momentum is not set, but own needs it"),
        (OptimizerConfig(optax.sgd(0.1)), {"learning_rate": 0.1}, "learning_rate is set, but nothing reads it"),
        (OptimizerConfig(optax.sgd(0.1), schedule="cosine"), {}, "optimizer.schedule is set, but nothing reads it"),
        (OptimizerConfig("sm3", schedule="cosine"), {"learning_rate": 0.1}, "sm3 takes a constant learning rate only"),
        (
            OptimizerConfig("adam", schedule=optax.constant_schedule(0.1)),
            {"learning_rate": 0.1},
            "gives the rate itself",
        ),
        (OptimizerConfig("lionn"), {"learning_rate": 0.1}, "'lionn', which is unknown: did you mean Optax's lion"),
    ],
)
def test_what_own_optimizers_read(optimizer, hyper, words):
    with pytest.raises(UserError, match=words):
        validate(Experiment(optimizer=optimizer, hyperparameters=Hyperparameters(**hyper)))


def test_own_objects_are_valid():
    hyper = Hyperparameters(learning_rate=0.1, b1=0.8)
    validate(Experiment(optimizer=OptimizerConfig(optax.lion), hyperparameters=hyper))
    validate(resolve(Experiment(optimizer=OptimizerConfig("adam", schedule=optax.constant_schedule(0.1)))))
    with pytest.raises(UserError, match="The metric own has no direction"):
        validate(Experiment(metrics=(own,)))


@pytest.mark.parametrize("name", ["f1_died", "recall_yes", "precision_-1"])
def test_a_metric_of_one_class_goes_by_its_index(name):
    kind = name.partition("_")[0]
    with pytest.raises(UserError, match=f"'{name}', but a metric of one class has .* {kind}_0, {kind}_1 and so on"):
        validate(Experiment(metrics=("accuracy", name)))
    validate(Experiment(metrics=("accuracy", f"{kind}_1")))

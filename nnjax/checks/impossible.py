"""Values that no experiment can have, refused before anything is loaded: unknown names, impossible numbers, idle ones.

What is possible but unwise, or wrong only for the data at hand, is `checks.examine`'s business.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.fields import flatten
from nnjax.data.scaling import KINDS
from nnjax.models import lenet_tables
from nnjax.models.registry import MODELS
from nnjax.nn.activations import ACTIVATIONS
from nnjax.nn.augmentation import NONE, shift_of
from nnjax.nn.initializers import KERNEL_INITS
from nnjax.nn.losses import LOSSES
from nnjax.nn.metrics import METRICS
from nnjax.nn.optimizers import OPTIMIZERS, PRESETS, SCHEDULES, defaults

CHOICES: dict[str, Collection[str]] = {
    "data.scaling": KINDS,
    "data.target_scaling": ("none", "standard", "minmax"),
    "model.kind": MODELS,
    "model.activation": ACTIVATIONS,
    "model.output_activation": ACTIVATIONS,
    "model.kernel_init": KERNEL_INITS,
    "model.dtype": ("float32", "bfloat16", "float64"),
    "optimizer.name": OPTIMIZERS,
    "optimizer.preset": PRESETS,
    "optimizer.schedule": SCHEDULES,
    "loss": LOSSES,
}


_SHORT = {  # what users of Keras and PyTorch type
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "cce": "categorical_crossentropy",
    "kld": "kl_divergence",
    "kl": "kl_divergence",
    "keras": "keras3",
    "pytorch": "torch",
}


class Interval(NamedTuple):
    """Numbers from low to high; an end belongs to it where its flag says so."""

    low: float
    high: float
    with_low: bool
    with_high: bool
    whole: bool = False

    def __contains__(self, value: object) -> bool:
        """Whether a finite number lies in it."""
        if not isinstance(value, int | float) or not math.isfinite(value):
            return False
        above = value >= self.low if self.with_low else value > self.low
        return above and (value <= self.high if self.with_high else value < self.high)

    def __str__(self) -> str:
        """Say it in words, for a sentence."""
        low = f"at least {self.low:g}" if self.with_low else f"above {self.low:g}"
        if math.isinf(self.high):
            return f"a {'whole' if self.whole else 'finite'} number, {low},"
        high = f"at most {self.high:g}" if self.with_high else f"below {self.high:,.12g}"
        return f"a {'whole ' * self.whole}number {low} and {high}"


NOT_NEGATIVE = Interval(0, math.inf, True, False)
POSITIVE = Interval(0, math.inf, False, False)
FROM_ZERO = Interval(0, math.inf, True, False, whole=True)
FROM_ONE = Interval(1, math.inf, True, False, whole=True)
SHARE = Interval(0, 1, True, False)
FACTOR = Interval(0, 1, False, True)

RANGES: dict[str, Interval] = {
    "epochs": FROM_ONE,
    "batch_size": FROM_ONE,
    "eval_batch_size": FROM_ONE,
    "train_eval_size": FROM_ZERO,
    "seed": Interval(0, 2**32, True, False, whole=True),
    "data.limit": FROM_ONE,
    "data.window": FROM_ONE,
    "hyperparameters.learning_rate": NOT_NEGATIVE,  # 1e10 is allowed: it shows what divergence looks like
    "hyperparameters.momentum": SHARE,
    "hyperparameters.b1": SHARE,
    "hyperparameters.b2": SHARE,
    "hyperparameters.rho": SHARE,
    "hyperparameters.epsilon": POSITIVE,
    "hyperparameters.weight_decay": NOT_NEGATIVE,
    "hyperparameters.l1": NOT_NEGATIVE,
    "hyperparameters.l2": NOT_NEGATIVE,
    "hyperparameters.clip_norm": POSITIVE,
    "hyperparameters.dropout": SHARE,
    "hyperparameters.label_smoothing": SHARE,
    "hyperparameters.init_scale": NOT_NEGATIVE,
    "hyperparameters.warmup": SHARE,
    "hyperparameters.final_factor": NOT_NEGATIVE,  # above 1 the rate rises: a learning-rate range test
    "hyperparameters.decay_factor": FACTOR,
    "hyperparameters.decay_every": FACTOR,
    "hyperparameters.patience": FROM_ONE,
}

# Read whatever the optimizer and the schedule are.
_ALWAYS_READ = {"learning_rate", "weight_decay", "l1", "l2", "clip_norm", "dropout", "label_smoothing", "init_scale"}
_ALWAYS_READ |= {"patience"}


def validate(experiment: Experiment) -> None:
    """Refuse an experiment that no data could make possible, with hyperparameters resolved or not.

    A hyperparameter that the chosen optimizer and schedule do not read is refused too: a sweep over it would compare
    equal trials without saying so.

    Raises:
      UserError: the first impossible value: found, expected, what to do.
    """
    values = flatten(experiment)
    for path, names in CHOICES.items():
        _require_choice(path, values[path], names)
    for name in experiment.metrics or ():
        _require_choice("metrics", name, METRICS)
    for path, interval in RANGES.items():
        if values[path] is not None and values[path] not in interval:
            raise UserError(f"{path} is {values[path]!r}, but {interval} was expected: set it so.")
    _require_shape(experiment)
    _require_pixels(experiment)
    defaults(experiment.optimizer.name, experiment.optimizer.preset)
    _require_gradient(experiment)
    _require_readers(experiment)
    _require_schedule_end(experiment)
    _require_x64(values)


def _require_choice(path: str, found: str, names: Collection[str]) -> None:
    if found not in names:
        close = difflib.get_close_matches(_SHORT.get(found.lower(), found), names, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise UserError(f"{path} is {found!r}, which is unknown: {hint}choose one of {', '.join(names)}.")


def _require_shape(experiment: Experiment) -> None:
    model = experiment.model
    if any(width < 1 for width in model.widths):
        raise UserError(f"model.widths is {model.widths}, but a layer has at least 1 neuron: leave out empty layers.")
    if model.kind == "autoencoder" and not model.widths:
        raise UserError("model.widths is empty, but an autoencoder needs a hidden layer for its code: give widths.")

    if model.kind == "lenet5_modern" and len(model.widths) < 2:
        raise UserError(
            f"model.widths is {model.widths}, but lenet5_modern begins with the feature maps of C1 and of C3: give "
            f"{lenet_tables.WIDTHS}, say."
        )
    if model.kind == "conv_autoencoder" and len(model.widths) != 3:
        raise UserError(
            f"model.widths is {model.widths}, but a conv_autoencoder has three numbers of feature maps: give "
            "(16, 8, 8), say."
        )
    if model.kind == "lenet5":
        _require_published(experiment)


def _require_pixels(experiment: Experiment) -> None:
    """Refuse to move pixels of which each is scaled in its own way."""
    data = experiment.data
    shift_of(data.augment)
    if data.augment != NONE and data.scaling not in ("unit", "none"):
        raise UserError(
            f"data.augment={data.augment} moves pixels, but data.scaling={data.scaling} scales each in its own way: "
            "set data.scaling=unit."
        )


def _require_published(experiment: Experiment) -> None:
    """Refuse to change what LeNet-5 was published with."""
    expected = {
        "widths": lenet_tables.WIDTHS,
        "activation": lenet_tables.ACTIVATION,
        "kernel_init": lenet_tables.KERNEL_INIT,
    }
    for name, value in expected.items():
        found = getattr(experiment.model, name)
        if found != value:
            raise UserError(
                f"model.{name} is {found!r}, but lenet5 is the published network, with {value!r}: set model.{name} "
                "so, or model.kind=lenet5_modern, which takes any."
            )


def _require_gradient(experiment: Experiment) -> None:
    if experiment.model.activation == "step" and experiment.model.widths:
        raise UserError(
            "model.activation is 'step', whose gradient is 0 everywhere, so no hidden layer could learn: "
            "choose sigmoid (the step made smooth), tanh or relu."
        )


def _readers(name: str) -> list[str]:
    tables: tuple[Mapping[str, Any], ...] = (OPTIMIZERS, SCHEDULES)
    return [owner for table in tables for owner, read in table.items() if name in read]


def _require_readers(experiment: Experiment) -> None:
    config = experiment.optimizer
    read = _ALWAYS_READ | set(OPTIMIZERS[config.name]) | set(SCHEDULES[config.schedule])
    for name, value in experiment.hyperparameters.present().items():
        if name not in read:
            raise UserError(
                f"{name}={value:g} is set, but neither the optimizer {config.name} nor the schedule {config.schedule} "
                f"reads it: leave it out, or choose {' or '.join(_readers(name))}."
            )


def _require_schedule_end(experiment: Experiment) -> None:
    if experiment.optimizer.schedule == "exponential" and experiment.hyperparameters.final_factor == 0:
        raise UserError(
            "hyperparameters.final_factor is 0, but an exponential decay never reaches 0: "
            "give it a positive number such as 0.01, or choose the schedule cosine."
        )


def _require_x64(values: Mapping[str, Any]) -> None:
    if values["model.dtype"] == "float64" and jnp.result_type(float) != jnp.float64:
        raise UserError("model.dtype is 'float64', but JAX is in 32-bit mode: set JAX_ENABLE_X64=1 or choose float32.")

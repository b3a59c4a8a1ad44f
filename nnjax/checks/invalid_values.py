"""Refuse values that no experiment can have: unknown names, impossible numbers, hyperparameters that nothing reads.

What is possible but unwise, or wrong only for the data at hand, is for `checks.fit`.
"""

import dataclasses
import difflib
import math
import re
from collections.abc import Callable, Collection
from typing import NamedTuple

import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.experiment import AUTO, Experiment, ModelConfig
from nnjax.core.fields import flatten
from nnjax.core.object_refs import ObjectRef, is_path
from nnjax.data import config_values
from nnjax.data.scaling import KINDS
from nnjax.data.time_splits import named_column
from nnjax.models.registry import MODELS, traits_of, with_defaults
from nnjax.nn.activations import ACTIVATIONS, activation_of
from nnjax.nn.augmentation import NONE, shift_of
from nnjax.nn.gradient_clipping import CLIPS
from nnjax.nn.initializers import BIAS_INITS, KERNEL_INITS
from nnjax.nn.losses import LOSSES, loss_of
from nnjax.nn.metrics import METRICS, metric_of
from nnjax.nn.optimizers import OPTIMIZERS, PRESETS, Optimizer, defaults, optimizer_of, untraceable
from nnjax.nn.schedules import SCHEDULES, ScheduleRule, schedule_of
from nnjax.nn.user_optimizers import optax_maker, optax_names

CHOICES: dict[str, Collection[str]] = {
    **{f"data.{name}": known for name, known in config_values.CHOICES.items()},
    "data.scaling": KINDS,
    "data.target_scaling": (AUTO, "none", "standard", "minmax"),
    "model.kind": MODELS,
    **dict.fromkeys(("model.activation", "model.output_activation"), (AUTO, *ACTIVATIONS)),
    "model.kernel_init": (AUTO, *KERNEL_INITS),
    "model.bias_init": BIAS_INITS,
    "model.dtype": ("float32", "bfloat16", "float64"),
    "optimizer.preset": PRESETS,
    "evaluate_test": ("chosen", "all"),
}
RECORDS: dict[str, tuple[Callable[[str], object], Collection[str]]] = {  # a name of these, or an object of the user's
    "optimizer.name": (optimizer_of, OPTIMIZERS),
    "optimizer.schedule": (schedule_of, SCHEDULES),
    "loss": (loss_of, LOSSES),
}


class Interval(NamedTuple):
    """Numbers from low to high; an end belongs to it where its flag says so."""

    low: float
    high: float
    with_low: bool
    with_high: bool
    whole: bool = False

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int | float) or not math.isfinite(value):
            return False
        above = value >= self.low if self.with_low else value > self.low
        return above and (value <= self.high if self.with_high else value < self.high)

    def __str__(self) -> str:
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

_HYPERPARAMETERS = {
    NOT_NEGATIVE: ("learning_rate", "weight_decay", "l1", "l2", "init_scale", "final_factor", "min_delta"),
    POSITIVE: ("epsilon", *CLIPS),
    SHARE: ("momentum", "b1", "b2", "rho", "dropout", "label_smoothing", "warmup", "ema_decay"),
    FACTOR: ("decay_factor", "decay_every"),
    FROM_ONE: ("patience",),
}  # a rate of 1e10 shows what divergence looks like; above a final_factor of 1 the rate rises, as in a range test
RANGES: dict[str, Interval] = {
    **dict.fromkeys(("epochs", "batch_size", "eval_batch_size", "data.limit", "data.window"), FROM_ONE),
    "train_eval_size": FROM_ZERO,
    "seed": Interval(0, 2**32, True, False, whole=True),
    **{f"hyperparameters.{name}": interval for interval, names in _HYPERPARAMETERS.items() for name in names},
}

_ALWAYS_READ = {"learning_rate", "weight_decay", "l1", "l2", "dropout", "label_smoothing", "init_scale"}
_ALWAYS_READ |= {"patience", "min_delta", "ema_decay", *CLIPS}  # whatever the optimizer and the schedule are


def validate(experiment: Experiment) -> None:
    """Refuse an experiment that no data could make possible, with hyperparameters resolved or not.

    A hyperparameter that the chosen optimizer and schedule do not read is refused too: a sweep over it would compare
    equal trials without saying so.

    Raises:
      UserError: the first impossible value: found, expected, what to do.
    """
    values = flatten(experiment)
    validate_names(experiment)
    if experiment.select not in ("loss", *(metric_of(name).name for name in experiment.metrics or ())):
        _require_record("select", experiment.select, metric_of, ["loss", *METRICS])
    for path, interval in RANGES.items():
        if values[path] is not None and values[path] not in interval:
            raise UserError(f"{path} is {values[path]!r}, but {interval} was expected: set it so.")
    _require_read(experiment.model)
    model = with_defaults(experiment.model)
    _require_shape(model)
    _require_pixels(experiment)
    defaults(experiment.optimizer.name, experiment.optimizer.preset)
    _require_gradient(model)
    _require_readers(experiment)
    _require_schedule_end(experiment)
    if values["model.dtype"] == "float64" and jnp.result_type(float) != jnp.float64:
        raise UserError("model.dtype is 'float64', but JAX is in 32-bit mode: set JAX_ENABLE_X64=1 or choose float32.")


def validate_names(experiment: Experiment) -> None:
    """Refuse names that are unknown; import paths of what has not been imported are passed over."""
    values = flatten(experiment)
    for path, names in CHOICES.items():
        _require_choice(path, values[path], names)
    named_column(values["data.split"])
    for path, (record_of, names) in RECORDS.items():
        _require_record(path, values[path], record_of, names)
    for name in experiment.metrics or ():
        _require_record("metrics", name, metric_of, METRICS)


def _require_record(path: str, found: str, record_of: Callable[[str], object], names: Collection[str]) -> None:
    """Refuse an unknown name; an object that is none of its kind says so itself."""
    if (found == AUTO and not path.startswith("optimizer")) or (is_path(found) and not isinstance(found, ObjectRef)):
        return
    try:
        record_of(found)
    except KeyError:
        optax = optax_names() if path == "optimizer.name" else []
        if path == "optimizer.name" and (advice := optax_maker(found)):
            raise UserError(f"optimizer.name is {found!r}, but {advice}") from None
        close = difflib.get_close_matches(found, optax, n=2, cutoff=0.7)
        if close and not difflib.get_close_matches(found, names, n=1, cutoff=0.7):
            raise UserError(
                f"{path} is {found!r}, which is unknown: did you mean Optax's {' or '.join(close)}?"
            ) from None
        if parts := re.match("(f1|precision|recall)_", found):
            raise UserError(
                f"{path} is {found!r}, but a metric of one class has the class's index in its name: {parts[0]}0, "
                f"{parts[0]}1 and so on, in the order of the data's classes (run.facts().classes)."
            ) from None
        _require_choice(path, found, names)


def _require_choice(path: str, found: str, names: Collection[str]) -> None:
    importable = path in ("model.kind", *RECORDS) and is_path(found)
    if found not in names and not isinstance(found, ObjectRef) and not importable:
        meant = next((loss.name for loss in LOSSES.values() if found.lower().startswith(loss.short.lower())), found)
        close = difflib.get_close_matches(meant, names, n=2, cutoff=0.5)  # what users type: mse, bce, kld, pytorch
        listed = [name for name in names if name != AUTO]
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise UserError(f"{path} is {found!r}, which is unknown: {hint}choose one of {', '.join(listed)}.")


def _require_read(model: ModelConfig) -> None:
    """Refuse what a user's model does not read: a sweep over it would compare equal trials without saying so."""
    if model.bias_init != "zeros" and not traits_of(model).is_dense:
        raise UserError(
            f"model.bias_init is {model.bias_init!r}, but only mlp and autoencoder read it: leave it out for "
            f"{getattr(model.kind, 'label', model.kind)}."
        )
    unread = with_defaults(dataclasses.replace(model, widths=None, activation=AUTO, kernel_init=AUTO))
    for name in ("widths", "activation", "kernel_init") if traits_of(model).own else ():
        if (found := getattr(model, name)) not in (None, AUTO, getattr(unread, name)):
            raise UserError(
                f"model.{name} is {found!r}, but the model {getattr(model.kind, 'label', model.kind)} is your own and "
                "does not read it: leave it out, and compare models by an axis model.kind of several."
            )


def _require_shape(model: ModelConfig) -> None:
    if model.trainable == ():
        raise UserError("model.trainable is empty, so that nothing would be trained: leave it out, or name weights.")
    if any(width < 1 for width in model.widths):
        raise UserError(f"model.widths is {model.widths}, but a layer has at least 1 neuron: leave out empty layers.")
    if error := traits_of(model).error_of(model):
        raise UserError(error)


def _require_pixels(experiment: Experiment) -> None:
    data = experiment.data
    shift_of(data.augment)
    if data.augment != NONE and data.scaling not in (AUTO, "unit", "none"):
        raise UserError(
            f"data.augment={data.augment} moves pixels, but data.scaling={data.scaling} scales each in its own way: "
            "set data.scaling=unit."
        )


def _require_gradient(model: ModelConfig) -> None:
    if model.widths and not activation_of(model.activation).has_gradient:
        raise UserError(
            f"model.activation is {model.activation!r}, whose gradient is 0 everywhere, so no hidden layer could "
            "learn: choose sigmoid (the step made smooth), tanh or relu."
        )


def _require_readers(experiment: Experiment) -> None:
    """Refuse hyperparameters that neither the optimizer, the schedule nor anything else reads."""
    config, present = experiment.optimizer, experiment.hyperparameters.present()
    optimizer, schedule = optimizer_of(config.name), schedule_of(config.schedule)
    _require_rate_readers(optimizer, schedule, present)
    readers = {name: record.reads for name, record in OPTIMIZERS.items()}
    readers |= {name: record.reads for name, record in SCHEDULES.items()}
    read = {*_ALWAYS_READ, *optimizer.reads, *schedule.reads}
    own = dict(experiment.hyperparameters.others)
    asked_later = is_path(experiment.model.kind) or is_path(experiment.loss)  # `verify.data_checks`
    for name, value in present.items():
        if name not in read and not (name in own and asked_later):
            others = " or ".join(who for who, own in readers.items() if name in own)
            close = " or ".join(difflib.get_close_matches(name, sorted(read), n=2))
            advice = f", or choose {others}." if others else f"; did you mean {close}?" if close else "."
            raise UserError(
                f"{name}={value:g} is set, but neither the optimizer {optimizer.name} nor the schedule {schedule.name} "
                f"reads it: leave it out{advice}"
            )
        if reason := untraceable(config.name, name):
            raise UserError(f"{name}={value:g} is set, but {reason}.")
    known = {*present, *defaults(config.name, config.preset)}
    if optimizer.reads_rate and schedule.name != "constant" and "learning_rate" not in known and not schedule.absolute:
        raise UserError(f"learning_rate is not set, but the schedule {schedule.name} needs it: set it.")
    for record in (optimizer, schedule):
        for name in set(record.required) - set(present):
            raise UserError(f"{name} is not set, but {record.name} needs it and has no default for it: set it.")


def _require_rate_readers(optimizer: Optimizer, schedule: ScheduleRule, present: Collection[str]) -> None:
    """Refuse a learning rate, or a schedule of it, that nothing reads."""
    if not optimizer.reads_rate:
        given = [name for name in ("learning_rate", "weight_decay") if name in present]
        given += ["optimizer.schedule"] * (schedule.name != "constant")
        if given:
            raise UserError(f"{given[0]} is set, but nothing reads it: {optimizer.remark}")
    if schedule.absolute and "learning_rate" in present:
        raise UserError(
            f"learning_rate is set, but the schedule {schedule.name} gives the rate itself: leave it out, or name a "
            'schedule that goes by it, OptimizerConfig(schedule="cosine") in an nnjax.Experiment (or a function '
            "(hyper, step, total) -> rate over its peak)."
        )
    if not optimizer.takes_schedule and schedule.name != "constant":
        raise UserError(
            f"The optimizer {optimizer.name} takes a constant learning rate only, but the schedule is {schedule.name}: "
            "set optimizer.schedule=constant."
        )


def _require_schedule_end(experiment: Experiment) -> None:
    name = experiment.optimizer.schedule
    if schedule_of(name).needs_positive_end and experiment.hyperparameters.final_factor == 0:
        raise UserError(
            f"hyperparameters.final_factor is 0, but an {name} decay never reaches 0: "
            "give it a positive number such as 0.01, or choose the schedule cosine."
        )

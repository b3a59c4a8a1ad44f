"""What an experiment is, how it is changed by name, and how it becomes JSON and comes back.

An `Experiment` is frozen and hashable. Everything in it is static except the numbers in `Hyperparameters`, `epochs`
and `seed`, which enter the compiled program as arrays (see `program_key`).
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from nnjax.types import UserError


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which examples, how they are split and scaled.

    Attributes:
      name: a source by name ("mnist5k", "digits", "mnist", "tfds:NAME", "idx:DIR", "csv:FILE", "npz:FILE", "xor", ...).
      data_dir: where to look first for files; None for the standard places.
      target: the target column of a table (name or index), or several separated by commas; None for the source's
        default.
      limit: use only this many training-pool examples (drawn with split_seed); None for all.
      validation: a fraction (float in (0, 1)) or a count (int) of the examples that are not test;
        0 for none; "test" validates on the test part, as the deck does.
      test: a fraction or a count; None takes the source's own test set, or a fifth where it has none; 0 for none.
      stratify: keep the shares of the classes equal in all parts.
      split_seed: draws the split; it belongs to the data, not to a trial.
      scaling: of the inputs, "unit" (uint8 / 255; other types unchanged), "standard", "minmax" or "none".
      target_scaling: of regression targets, "none", "standard" or "minmax"; losses are then in scaled units.
    """

    name: str = "mnist5k"
    data_dir: str | None = None
    target: str | None = None
    limit: int | None = None
    validation: float | int | str = 0.1
    test: float | int | None = None
    stratify: bool = True
    split_seed: int = 0
    scaling: str = "unit"
    target_scaling: str = "none"


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The architecture. The widths of the input and of the output come from the data.

    Attributes:
      kind: "mlp" or "autoencoder".
      widths: the hidden widths; of an autoencoder all layers between the input and its copy, the narrowest being the
        code.
      activation: of the hidden layers.
      output_activation: of the last layer.
      kernel_init: "glorot_uniform", "he_normal", "lecun_normal", ... ; biases start at zero.
      dtype: of the computation, "float32" or "bfloat16"; parameters are float32 always.
    """

    kind: str = "mlp"
    widths: tuple[int, ...] = (300, 100)
    activation: str = "relu"
    output_activation: str = "softmax"
    kernel_init: str = "glorot_uniform"
    dtype: str = "float32"


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """The update rule.

    Attributes:
      name: "sgd", "momentum", "nesterov", "adam", "adamw", "adadelta", "rmsprop" or "adagrad".
      preset: whose form and defaults: "optax", "keras2", "keras3", "torch" or (Adadelta only) "zeiler".
      schedule: of the learning rate: "constant", "cosine", "warmup", "warmup_cosine", "exponential", "step" or
        "onecycle".
    """

    name: str = "adam"
    preset: str = "optax"
    schedule: str = "constant"


@dataclasses.dataclass(frozen=True)
class Hyperparameters:
    """Numbers that are traced: changing a value never compiles again. None = not there, and costs nothing.

    Which are there is static. Those that the optimizer needs and that are None get its preset's default.

    Attributes:
      learning_rate: the peak rate where there is a schedule.
      momentum, b1, b2, rho, epsilon: the optimizer's own (b1, b2: Adam's decay rates; rho: Adadelta's and RMSprop's).
      weight_decay: decoupled, times the learning rate, on all parameters.
      l1, l2: penalties on the kernels, added to the training loss: l1 sum|w| + l2 sum w^2 (no half, as in Keras).
      clip_norm: the gradient is scaled down to this global norm.
      dropout: share of each hidden layer's outputs set to zero in training.
      label_smoothing: share of a class target spread evenly over all classes in training.
      init_scale: factor on the initial kernels.
      warmup: share of all steps in which the rate rises from 0 to its peak.
      final_factor: the rate at the end over its peak (cosine, exponential, onecycle).
      decay_factor, decay_every: the step schedule multiplies the rate by decay_factor every decay_every of all steps.
    """

    learning_rate: float | None = None
    momentum: float | None = None
    b1: float | None = None
    b2: float | None = None
    rho: float | None = None
    epsilon: float | None = None
    weight_decay: float | None = None
    l1: float | None = None
    l2: float | None = None
    clip_norm: float | None = None
    dropout: float | None = None
    label_smoothing: float | None = None
    init_scale: float | None = None
    warmup: float | None = None
    final_factor: float | None = None
    decay_factor: float | None = None
    decay_every: float | None = None

    def present(self) -> dict[str, float]:
        """The hyperparameters that are there, by name, in the order above."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}


@dataclasses.dataclass(frozen=True)
class Experiment:
    """All that shapes a trial.

    Attributes:
      loss: by its Keras name ("mean_squared_error", "binary_crossentropy", ...).
      metrics: further per-example metrics to report beside the loss; None for those usual for the model and the data.
      epochs: passes over the training examples (traced).
      batch_size: examples a step; the last, smaller batch of an epoch is masked, never dropped.
      eval_batch_size: examples a step of an evaluation; changes memory and speed, never what is counted.
      shuffle: a new order every epoch; False keeps the order of the data.
      train_eval_size: training examples re-evaluated at every epoch's end (a fixed subset); None for all, 0 for none.
      seed: of initialisation, order and dropout (traced).
      allow_mismatch: train even though the pre-flight checks found an error.
    """

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    hyperparameters: Hyperparameters = Hyperparameters()
    loss: str = "categorical_crossentropy"
    metrics: tuple[str, ...] | None = None
    epochs: int = 20
    batch_size: int = 128
    eval_batch_size: int = 500
    shuffle: bool = True
    train_eval_size: int | None = 10_000
    seed: int = 0
    allow_mismatch: bool = False


def program_key(experiment: Experiment) -> Experiment:
    """The static part of an experiment: trials with equal keys share one compiled program.

    Values of traced fields are replaced by placeholders; which hyperparameters exist is kept.
    """
    mask = dict.fromkeys(experiment.hyperparameters.present(), 0.0)
    return dataclasses.replace(experiment, hyperparameters=Hyperparameters(**mask), epochs=0, seed=0)


@functools.cache
def field_types(cls: type) -> dict[str, Any]:
    """The annotated type of every field of a configuration class, by dotted path."""
    out: dict[str, Any] = {}
    for name, hint in typing.get_type_hints(cls).items():
        if dataclasses.is_dataclass(hint):
            out.update({f"{name}.{path}": sub for path, sub in field_types(typing.cast(type, hint)).items()})
        else:
            out[name] = hint
    return out


def resolve_path(name: str, cls: type = Experiment) -> str:
    """The full dotted path of a field given whole ("model.widths") or by its last part ("widths").

    Raises:
      UserError: the field is unknown (the close ones are named) or several fields end so.
    """
    paths = field_types(cls)
    if name in paths:
        return name
    found = [path for path in paths if path.split(".")[-1] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"The field {name!r} is ambiguous: write one of {', '.join(found)}.")
    raise UserError(f"Unknown field {name!r}; {_suggest(name, paths)}")


def _suggest(name: str, paths: Iterable[str]) -> str:
    """Name the paths whose last part, or its initials ("lr"), is spelt like that of a name; all if none is."""
    spelt: dict[str, list[str]] = {}
    for path in paths:
        leaf = path.split(".")[-1]
        initials = "".join(word[:1] for word in leaf.split("_")) if "_" in leaf else leaf
        for spelling in {leaf, initials}:
            spelt.setdefault(spelling, []).append(path)
    *parts, leaf = name.lower().split(".")
    close = [path for match in difflib.get_close_matches(leaf, spelt, n=1, cutoff=0.65) for path in spelt[match]]
    close.sort(key=lambda path: path.split(".")[:-1] != parts)  # first those of the part that was named
    return f"did you mean {' or '.join(close[:3])}?" if close else f"the fields are {', '.join(paths)}."


def replace(experiment: Experiment, changes: Mapping[str, Any]) -> Experiment:
    """The experiment with some fields changed; keys as in `resolve_path`, values typed or as text.

    Example: `replace(e, {"learning_rate": 0.1, "model.widths": (64, 32), "loss": "mean_squared_error"})`.

    Raises:
      UserError: an unknown field, or a value of the wrong type.
    """
    hints = field_types(Experiment)
    for name, value in changes.items():
        path = resolve_path(name)
        experiment = _set(experiment, path.split("."), coerce(value, hints[path], path))
    return experiment


def _set(node: Any, parts: list[str], value: Any) -> Any:
    if len(parts) > 1:
        value = _set(getattr(node, parts[0]), parts[1:], value)
    return dataclasses.replace(node, **{parts[0]: value})


def conform(experiment: Experiment) -> Experiment:
    """The experiment with every value as its field's annotated type, and so hashable: lists become tuples.

    Raises:
      UserError: a value, or a whole part, of the wrong type.
    """
    for field in dataclasses.fields(Experiment):
        part, found = type(field.default), getattr(experiment, field.name)
        if dataclasses.is_dataclass(field.default) and not isinstance(found, part):
            raise UserError(
                f"{field.name} is {found!r}, but a {part.__name__} was expected: write {part.__name__}(...)."
            )
    return replace(experiment, flatten(experiment))


def coerce(value: Any, hint: Any, path: str) -> Any:
    """The value as the annotated type: text is parsed, whole floats become ints, lists become tuples.

    Raises:
      UserError: found against expected.
    """
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and types.NoneType in options:
        return None
    if type(value) in options and not isinstance(value, str):
        return value
    for option in sorted(options, key=_parse_order):
        if option is types.NoneType and str in options and value != "None":
            continue  # "none" may be a name
        try:
            return _coerce_one(value, option)
        except (ValueError, TypeError, OverflowError):
            continue
    expected = " or ".join(_type_name(option) for option in options)
    raise UserError(f"{path} is {value!r}, but {expected} was expected.")


def _parse_order(option: Any) -> int:
    """Text is tried as None, then bool, int, float, tuple, and only then as text."""
    order = [types.NoneType, bool, int, float]
    return order.index(option) if option in order else (9 if option is str else 5)


def _coerce_one(value: Any, option: Any) -> Any:
    text = value.strip() if isinstance(value, str) else None
    if option is types.NoneType:
        if value is None or text in ("None", "none", "null"):
            return None
    elif option is bool:
        if isinstance(value, bool):
            return value
        if text is not None and text.lower() in ("true", "false"):
            return text.lower() == "true"
    elif option is int:
        return _to_int(value)
    elif option is float:
        if not isinstance(value, bool):
            return float(value)
    elif option is str:
        if isinstance(value, str):
            return value
    else:
        item = typing.get_args(option)[0]
        items = [part for part in text.strip("()[] ").split(",") if part.strip()] if text is not None else value
        if not isinstance(items, Mapping):
            return tuple(_coerce_one(part, item) for part in items)
    raise ValueError


def _to_int(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError
    if isinstance(value, str):
        return int(value)
    if int(value) != value:
        raise ValueError
    return int(value)


def _type_name(option: Any) -> str:
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false", types.NoneType: "none"}
    if option in names:
        return names[option]
    return "a list of " + {int: "whole numbers", float: "numbers", str: "names"}[typing.get_args(option)[0]]


def to_dict(experiment: Experiment) -> dict[str, Any]:
    """The experiment as nested dictionaries that JSON can hold."""
    return dataclasses.asdict(experiment)


def flatten(experiment: Experiment) -> dict[str, Any]:
    """The experiment as one dictionary from dotted path to value."""
    out = {}
    for path in field_types(Experiment):
        node: Any = experiment
        for part in path.split("."):
            node = getattr(node, part)
        out[path] = node
    return out


def from_dict(tree: Mapping[str, Any]) -> Experiment:
    """The experiment that `to_dict` wrote.

    Raises:
      UserError: a field that this version does not know, or a value of the wrong type.
    """
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat.update({f"{name}.{leaf}": sub for leaf, sub in value.items()})
        else:
            flat[name] = value
    return replace(Experiment(), flat)


@dataclasses.dataclass(frozen=True)
class TrialSpec:
    """One trial of a population.

    Attributes:
      id: its number, from 0; the row in trials.csv and in curves.npz.
      experiment: complete, with this trial's hyperparameters and seed.
      arm: the name of its arm in a comparison of named arms; "" elsewhere.
      start_from: the trial whose final weights it starts from; None for a fresh draw.
    """

    id: int
    experiment: Experiment
    arm: str = ""
    start_from: int | None = None

"""Make an experiment of a model alone; of a compiled Keras model with its loss, optimizer and metrics."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.experiment import AUTO, Experiment, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.models.adapters import output_activation_of
from nnjax.nn.adam_variants import amsgrad
from nnjax.nn.losses import loss_of

FIELDS = {"loss": "loss", "optimizer": "optimizer", "metric": "metrics"}
AS_THEY_ARE = {"scaling": "none", "target_scaling": "none"}  # Keras gets inputs and targets so
MEANS = ("sum_over_batch_size", "mean", "mean_with_sample_weight")  # equal without weights of examples
LOSSES = {
    "MeanSquaredError": "mean_squared_error",
    "MeanAbsoluteError": "mean_absolute_error",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error",
    "Huber": "huber",
    "BinaryCrossentropy": "binary_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "SparseCategoricalCrossentropy": "categorical_crossentropy",
    "KLDivergence": "kl_divergence",
}
METRICS = {
    "BinaryAccuracy": "accuracy",
    "CategoricalAccuracy": "accuracy",
    "SparseCategoricalAccuracy": "accuracy",
    "MeanSquaredError": "mean_squared_error",
    "MeanAbsoluteError": "mean_absolute_error",
    "RootMeanSquaredError": "root_mean_squared_error",
    "AUC": "roc_auc",
}
# {Keras's optimizer: (ours, {its attribute: our hyperparameter})}
OPTIMIZERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "SGD": ("sgd", {}),
    "Adam": ("adam", {"beta_1": "b1", "beta_2": "b2", "epsilon": "epsilon"}),
    "AdamW": ("adamw", {"beta_1": "b1", "beta_2": "b2", "epsilon": "epsilon", "weight_decay": "weight_decay"}),
    "Adadelta": ("adadelta", {"rho": "rho", "epsilon": "epsilon"}),
    "RMSprop": ("rmsprop", {"rho": "rho", "epsilon": "epsilon"}),
    "Adagrad": ("adagrad", {"epsilon": "epsilon"}),
}
ADVICE = {"LossScaleOptimizer": " (which float16 needs: mixed_bfloat16 does without)"}
INSTEAD = {"use_ema": " (nnjax averages weights in its own way, by nnjax.Hyperparameters(ema_decay=…))"}
CLIPS = {"clipnorm": "clip_norm_each", "global_clipnorm": "clip_norm", "clipvalue": "clip_value"}


def as_experiment(model: Any) -> Experiment:
    """Make an experiment of a model: a name, an object, or a Keras model with what its `compile` said.

    A model alone leaves loss, output and scaling open; a compiled one gets its inputs and targets as they are. What
    only changes how Keras runs a program (run_eagerly, jit_compile, steps_per_execution) is ignored.

    Args:
      model: see `nnjax.sweep`.

    Raises:
      UserError: `compile` asked for what nnjax does not do, by name.
    """
    return with_compiled(Experiment(model=model))[0]


def with_compiled(experiment: Experiment) -> tuple[Experiment, str]:
    """Fill in what an experiment leaves open by what its Keras model's `compile` said; and say so in a sentence.

    The loss, the optimizer with its numbers (those of the experiment go first), its schedule, and the metrics.

    Raises:
      UserError: `compile` asked for what nnjax does not do, by name, where the experiment says nothing else.
    """
    model: Any = getattr(experiment.model.kind, "object", None)
    if not getattr(model, "compiled", False) or not hasattr(model, "get_compile_config"):
        return experiment, ""
    from nnjax.models.adapters.keras import refuse_unfit

    refuse_unfit(model)
    found, words = experiment, list[str]()
    for take in (_with_optimizer, _with_loss, _with_metrics):
        found, word = take(found, model)
        words += [word] if word else []
    if not words:
        return experiment, ""
    data = found.data
    scaling: dict[str, Any] = {name: value for name, value in AS_THEY_ARE.items() if getattr(data, name) == AUTO}
    found = dataclasses.replace(found, data=dataclasses.replace(data, **scaling))
    return found, f"The Keras model's compile gives what the experiment leaves open: {', '.join(words)}."


def _with_loss(experiment: Experiment, model: Any) -> tuple[Experiment, str]:
    """Take over the loss that a Keras model was compiled with, and say so."""
    if experiment.loss != AUTO:
        return experiment, ""
    if (model.get_compile_config() or {}).get("loss_weights") is not None:
        raise UserError("The Keras model was compiled with loss_weights, which nnjax does not have: leave it out.")
    loss, from_logits, smoothing = _loss(model.loss, model)
    after = _activation_after(model, loss, from_logits)
    config, hyper = experiment.model, experiment.hyperparameters
    if after is not None and config.output_activation == AUTO:
        config = dataclasses.replace(config, output_activation=after)
    if smoothing and hyper.label_smoothing is None:
        hyper = dataclasses.replace(hyper, label_smoothing=smoothing)
    said = f"loss {loss}" + (f" with label_smoothing {smoothing:g} in training" if smoothing else "")
    return dataclasses.replace(experiment, loss=loss, model=config, hyperparameters=hyper), said


def _with_optimizer(experiment: Experiment, model: Any) -> tuple[Experiment, str]:
    usual, config = OptimizerConfig(), experiment.optimizer
    if (config.name, config.preset) != (usual.name, usual.preset):
        return experiment, ""
    found, numbers = _optimizer(model.optimizer)
    if config.schedule != usual.schedule:
        found = dataclasses.replace(found, schedule=config.schedule)
    values: dict[str, Any] = numbers.present() | experiment.hyperparameters.present()
    changed: dict[str, Any] = {"optimizer": found, "hyperparameters": Hyperparameters(**values)}
    return dataclasses.replace(experiment, **changed), f"optimizer {found.name}"


def _with_metrics(experiment: Experiment, model: Any) -> tuple[Experiment, str]:
    if experiment.metrics is not None:
        return experiment, ""
    said = model.get_compile_config() or {}
    asked = _flat([said.get("metrics"), said.get("weighted_metrics")])  # all are weighted here
    metrics = tuple(dict.fromkeys(_metric(one, model) for one in asked)) or None
    return dataclasses.replace(experiment, metrics=metrics), "" if metrics is None else f"metrics {', '.join(metrics)}"


def _known(table: Mapping[str, str], what: str, name: str) -> str:
    """Look a name of Keras up, as a class (MeanSquaredError) or as a function (mean_squared_error)."""
    found = {key.lower(): ours for key, ours in table.items()}.get(name.replace("_", "").lower())
    if found is None:
        raise UserError(
            f"The Keras model was compiled with the {what} {name}{ADVICE.get(name, '')}, which nnjax does not know: "
            f"name another, or one of your own, in nnjax.Experiment(model=model, {FIELDS[what]}=…); all else stays as "
            "compiled."
        )
    return found


def _flat(given: Any) -> list[Any]:
    """List what may be one thing, a list of them, or a mapping from outputs to them."""
    if given is None:
        return []
    if isinstance(given, Mapping) and "class_name" not in given:
        given = list(given.values())
    return [one for some in given for one in _flat(some)] if isinstance(given, list | tuple) else [given]


def _settings(made: Any) -> dict[str, Any]:
    """Return all options of a loss, metric or optimizer; a loss's own configuration leaves out some (Huber's delta)."""
    if not hasattr(made, "get_config"):
        return {}
    dtype = {"dtype": made.dtype} if hasattr(made, "reduction") else {}
    return {**made.get_config(), **(getattr(made, "_fn_kwargs", None) or {}), **dtype}


def _refuse_options(what: str, made: Any, allowed: Collection[str]) -> None:
    """Refuse every option that is not as Keras sets it by default, but for those that are allowed."""
    usual = _settings(type(made)()) if hasattr(made, "get_config") else {}
    for name, value in _settings(made).items():
        if name not in (*allowed, "name") and (name not in usual or usual[name] != value):
            raise UserError(
                f"The Keras model's {what} {type(made).__name__} has {name}={value!r}, which nnjax does not take over: "
                f"leave it out{INSTEAD.get(name, '')}, or say the {what} in nnjax.Experiment(model=model, "
                f"{FIELDS[what]}=…); all else stays as compiled."
            )


def _name(made: Any) -> str:
    named = made if hasattr(made, "__name__") and not hasattr(made, "get_config") else type(made)
    return str(named.__name__)


def _loss(given: Any, model: Any) -> tuple[str, bool, float]:
    """Name a loss of Keras in our words, and say whether it takes logits, and its label_smoothing."""
    import keras

    some = _flat(given)
    if len(some) != 1:
        found = f"{len(some)} losses" if some else "no loss"
        raise UserError(f"The Keras model was compiled with {found}, but one, of its one output, was expected.")
    made = keras.losses.get(some[0])
    ours = _known(LOSSES, "loss", _name(made))
    settings = _settings(made)
    taken = ["from_logits", *(["reduction"] if settings.get("reduction") in MEANS else [])]
    if ours == "categorical_crossentropy" or getattr(model, "output_shape", (0,))[-1] == 1:
        taken.append("label_smoothing")  # toward 1/k, in Keras's binary cross-entropy toward 1/2
    _refuse_options("loss", made, taken)
    return ours, bool(settings.get("from_logits")), float(settings.get("label_smoothing") or 0)


def _activation_after(model: Any, loss: str, from_logits: bool) -> str | None:
    """Name the activation that turns what a model yields into what its loss compares; None where the model has it.

    Raises:
      UserError: a loss of probabilities for a model that does not end in softmax or sigmoid, or one of logits for one
        that does.
    """
    ends = output_activation_of(model)
    if from_logits:
        if ends in ("softmax", "sigmoid"):
            raise UserError(
                f"The Keras model ends in {ends}, but its loss was compiled with from_logits=True: leave one of the "
                "two out."
            )
        return "sigmoid" if loss == "binary_crossentropy" else "softmax"
    if ends is None and loss_of(loss).of_probabilities:
        known = bool(getattr(model, "outputs", None))
        what = "ends in no activation" if known else "is a class of its own, whose end is not known"
        raise UserError(
            f"The Keras model {what}, but its loss {loss} takes probabilities: let it yield logits, and compile it "
            "with the loss's from_logits=True."
        )
    return None


def _optimizer(given: Any) -> tuple[OptimizerConfig, Hyperparameters]:
    """Name an optimizer of Keras in our words, with its numbers."""
    import keras

    name, schedule = type(given).__name__, given._learning_rate
    ours = _known({key: value for key, (value, _) in OPTIMIZERS.items()}, "optimizer", name)
    scheduled: bool = isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
    if callable(schedule) and not scheduled:
        raise UserError(
            f"The Keras model's optimizer {name} has a function as its learning rate, but a number or a "
            "LearningRateSchedule was expected: give it one of these."
        )
    settings = given.get_config()
    taken = [*OPTIMIZERS[name][1], *CLIPS, "learning_rate", "weight_decay", "amsgrad"]
    taken += ["momentum", "nesterov"] if name == "SGD" else []
    taken += [] if settings.get("use_ema") else ["ema_momentum", "ema_overwrite_frequency"]
    _refuse_options("optimizer", given, taken)
    excluded = getattr(given, "_exclude_from_weight_decay", None) or getattr(
        given, "_exclude_from_weight_decay_pattern", None
    )
    if excluded and settings.get("weight_decay"):
        raise UserError(
            f"The Keras model's optimizer {name} has exclude_from_weight_decay, but nnjax decays all weights: leave it "
            "out, or pass an optimizer of your own, such as optax.adamw with a mask."
        )
    values = {own: settings[theirs] for theirs, own in OPTIMIZERS[name][1].items() if settings.get(theirs) is not None}
    if not scheduled:
        values["learning_rate"] = float(settings["learning_rate"])
    values |= {own: settings[theirs] for theirs, own in CLIPS.items() if settings.get(theirs)}
    if settings.get("weight_decay"):
        values["weight_decay"] = settings["weight_decay"]
    if settings.get("momentum"):
        ours, values["momentum"] = "nesterov" if settings.get("nesterov") else "momentum", settings["momentum"]
    rate = schedule if scheduled else "constant"
    if settings.get("amsgrad"):
        return OptimizerConfig(amsgrad, schedule=rate), Hyperparameters(**values)
    return OptimizerConfig(ours, "keras3", rate), Hyperparameters(**values)


def _metric(given: Any, model: Any) -> str:
    """Name a metric of Keras in our words."""
    import keras

    if isinstance(given, str) and given.lower() in ("accuracy", "acc"):
        return "accuracy"
    try:
        made = keras.metrics.get(given)
    except (TypeError, ValueError):  # one of the user's, which Keras has written down by name
        named = given.get("config") if isinstance(given, Mapping) else given
        made = named if isinstance(named, str) else given["class_name"]
    name = made if isinstance(made, str) else _name(made)
    found = _known(METRICS, "metric", name)
    _refuse_options("metric", made, ("num_thresholds",))  # nnjax's area has more
    if name.lower().startswith("binary") and getattr(model, "output_shape", (1,))[-1] != 1:
        raise UserError(
            f"The Keras model's metric {name} counts each of {model.output_shape[-1]} outputs by itself, which nnjax "
            "does not have: compile it with 'accuracy', the share of examples whose largest output is right."
        )
    return found

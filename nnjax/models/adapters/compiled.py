"""Make an experiment of a model alone; of a compiled Keras model with its loss, optimizer and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, Hyperparameters, ModelConfig, OptimizerConfig

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
    "Accuracy": "accuracy",
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


def as_experiment(model: Any) -> Experiment:
    """Make an experiment of a model: a name, an object, or a Keras model with what its `compile` said.

    Raises:
      UserError: `compile` asked for what nnjax does not do, by name.
    """
    if not hasattr(model, "compile_config") or getattr(model, "optimizer", None) is None:
        return Experiment(model=model)
    said = model.get_compile_config() or {}
    if said.get("loss_weights") is not None or said.get("weighted_metrics"):
        raise UserError(
            "The Keras model was compiled with loss_weights or weighted_metrics, which nnjax has not: leave them out."
        )
    loss, logits = _loss(model.loss)
    optimizer, hyperparameters = _optimizer(model.optimizer)
    output = (
        None
        if logits is None
        else ("linear" if not logits else "sigmoid" if loss == "binary_crossentropy" else "softmax")
    )
    config = ModelConfig(model) if output is None else ModelConfig(model, output_activation=output)
    metrics = tuple(dict.fromkeys(_metric(one) for one in said.get("metrics") or ())) or None
    return Experiment(model=config, loss=loss, optimizer=optimizer, hyperparameters=hyperparameters, metrics=metrics)


def _loss(found: Any) -> tuple[str, bool | None]:
    """Name a loss of Keras in our words, and whether it takes logits (None where that makes no difference)."""
    import keras

    made = keras.losses.get(found)
    name = made.__name__ if not hasattr(made, "get_config") else type(made).__name__
    settings = made.get_config() if hasattr(made, "get_config") else {}
    known = {**LOSSES, **{key.lower(): value for key, value in LOSSES.items()}}
    ours = known.get(name) or known.get(name.replace("_", "").lower())
    if ours is None:
        raise UserError(
            f"The Keras model was compiled with the loss {name}, which nnjax has not: pass nnjax.Experiment(model, loss=…)."
        )
    for setting, usual in (("label_smoothing", 0.0), ("delta", 1.0)):
        if settings.get(setting, usual) != usual:
            raise UserError(
                f"The Keras model's loss {name} has {setting}={settings[setting]}: set it in nnjax.Experiment."
            )
    return ours, True if settings.get("from_logits") else None


def _unknown(what: str, name: str) -> str:
    return (
        f"The Keras model was compiled with the {what} {name}, which nnjax does not know: pass an "
        f"nnjax.Experiment(model=model, …) that names another, or one of your own."
    )


def _optimizer(found: Any) -> tuple[OptimizerConfig, Hyperparameters]:
    """Name an optimizer of Keras in our words, with its numbers."""
    name, settings = type(found).__name__, found.get_config()
    if name not in OPTIMIZERS:
        raise UserError(
            f"The Keras model was compiled with the optimizer {name}: pass nnjax.Experiment(model, optimizer=…)."
        )
    ours, numbers = OPTIMIZERS[name]
    for setting in ("clipvalue", "clipnorm", "use_ema", "gradient_accumulation_steps", "amsgrad", "centered"):
        if settings.get(setting):
            raise UserError(
                f"The Keras model's optimizer has {setting}={settings[setting]}, which nnjax has not: leave it out."
            )
    if not isinstance(settings["learning_rate"], float | int):
        raise UserError(
            "The Keras model's optimizer has a learning-rate schedule: set OptimizerConfig(schedule=…) instead."
        )
    values = {ours_: settings[theirs] for theirs, ours_ in numbers.items() if settings.get(theirs) is not None}
    values["learning_rate"] = float(settings["learning_rate"])
    if settings.get("global_clipnorm"):
        values["clip_norm"] = settings["global_clipnorm"]
    if name != "AdamW" and settings.get("weight_decay"):
        values["weight_decay"] = settings["weight_decay"]
    if name in ("SGD", "RMSprop") and settings.get("momentum"):
        if name == "RMSprop":
            raise UserError("The Keras model's RMSprop has a momentum, which nnjax does not have: leave it out.")
        ours, values["momentum"] = "nesterov" if settings.get("nesterov") else "momentum", settings["momentum"]
    return OptimizerConfig(ours, "keras3"), Hyperparameters(**values)


def _metric(found: Any) -> str:
    import keras

    if isinstance(found, str) and found in ("accuracy", "acc"):
        return "accuracy"
    made = keras.metrics.get(found)
    name = type(made).__name__ if hasattr(made, "get_config") else getattr(made, "__name__", str(made))
    known = {**METRICS, **{key.lower(): value for key, value in METRICS.items()}}
    ours = known.get(name) or known.get(name.replace("_", "").lower())
    if ours is None:
        raise UserError(_unknown("metric", name))
    return ours

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


def as_experiment(model: Any, task: str = "classification") -> Experiment:
    """Make an experiment of a model: a name, an object, or a Keras model with what its `compile` said.

    A model alone learns classes by categorical cross-entropy and numbers by the mean squared error.

    Args:
      model: see `nnjax.sweep`.
      task: of the data: "classification", "regression" or "none".

    Raises:
      UserError: `compile` asked for what nnjax does not do, by name.
    """
    if not getattr(model, "compiled", False) or not hasattr(model, "get_compile_config"):
        return (
            Experiment(model=model)
            if task == "classification"
            else Experiment(model=model, loss=LOSSES["MeanSquaredError"])
        )
    said = model.get_compile_config() or {}
    if said.get("loss_weights"):
        raise UserError("The Keras model was compiled with loss_weights, which nnjax does not have: leave it out.")
    loss, from_logits = _loss(model.loss)
    optimizer, hyperparameters = _optimizer(model.optimizer)
    after = {"binary_crossentropy": "sigmoid"}.get(loss, "softmax")
    config = ModelConfig(model, output_activation=after) if from_logits else ModelConfig(model)
    asked = [*(said.get("metrics") or ()), *(said.get("weighted_metrics") or ())]  # all are weighted here
    metrics = tuple(dict.fromkeys(map(_metric, asked))) or None
    return Experiment(model=config, loss=loss, optimizer=optimizer, hyperparameters=hyperparameters, metrics=metrics)


def _known(table: Mapping[str, str], what: str, name: str) -> str:
    """Look a name of Keras up, as a class (MeanSquaredError) or as a function (mean_squared_error)."""
    found = {key.lower(): ours for key, ours in table.items()}.get(name.replace("_", "").lower())
    if found is None:
        raise UserError(
            f"The Keras model was compiled with the {what} {name}, which nnjax does not know: pass an "
            "nnjax.Experiment(model=model, …) that names another, or one of your own."
        )
    return found


def _loss(given: Any) -> tuple[str, bool]:
    """Name a loss of Keras in our words, and say whether it takes logits."""
    import keras

    made = keras.losses.get(given)
    settings = made.get_config() if hasattr(made, "get_config") else {}
    name = type(made).__name__ if settings else made.__name__
    ours = _known(LOSSES, "loss", name)
    for setting, usual in (("label_smoothing", 0.0), ("delta", 1.0)):
        if settings.get(setting, usual) != usual:
            found = f"{setting}={settings[setting]}"
            raise UserError(f"The Keras model's loss {name} has {found}, which nnjax does not take over: leave it out.")
    return ours, bool(settings.get("from_logits"))


def _optimizer(given: Any) -> tuple[OptimizerConfig, Hyperparameters]:
    """Name an optimizer of Keras in our words, with its numbers."""
    name, settings = type(given).__name__, given.get_config()
    ours = _known({key: value for key, (value, _) in OPTIMIZERS.items()}, "optimizer", name)
    refused = ["clipvalue", "clipnorm", "use_ema", "gradient_accumulation_steps", "amsgrad", "centered"]
    refused += ["momentum"] * (name == "RMSprop")
    for setting in refused:
        if settings.get(setting):
            found = f"{setting}={settings[setting]}"
            raise UserError(f"The Keras model's optimizer has {found}, which nnjax does not have: leave it out.")
    if not isinstance(settings["learning_rate"], float | int):
        raise UserError(
            "The Keras model's optimizer has a schedule of its own: give it a number, and set "
            "nnjax.OptimizerConfig(schedule=…) in an nnjax.Experiment instead."
        )
    values = {own: settings[theirs] for theirs, own in OPTIMIZERS[name][1].items() if settings.get(theirs) is not None}
    values["learning_rate"] = float(settings["learning_rate"])
    if settings.get("global_clipnorm"):
        values["clip_norm"] = settings["global_clipnorm"]
    if settings.get("weight_decay"):
        values["weight_decay"] = settings["weight_decay"]
    if settings.get("momentum"):
        ours, values["momentum"] = "nesterov" if settings.get("nesterov") else "momentum", settings["momentum"]
    return OptimizerConfig(ours, "keras3"), Hyperparameters(**values)


def _metric(given: Any) -> str:
    """Name a metric of Keras in our words."""
    import keras

    if given in ("accuracy", "acc"):
        return "accuracy"
    made = keras.metrics.get(given)
    return _known(METRICS, "metric", type(made).__name__ if hasattr(made, "get_config") else made.__name__)

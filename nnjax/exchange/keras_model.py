"""Make a `keras.Sequential` of a dense network that nnjax trained: raw inputs, the scaling inside."""

from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import ModelConfig
from nnjax.core.extras import require
from nnjax.core.types import Scaler
from nnjax.exchange.ensemble.lanes import is_wide
from nnjax.exchange.network import Network, goal_of
from nnjax.models.registry import traits_of

KERAS_NAMES = ("linear", "sigmoid", "tanh", "relu", "elu", "softplus", "softmax")  # that mean the same in Keras


def to_keras(network: Network) -> Any:
    """Build the model: Rescaling, the Dense layers with their weights, and of a regression Rescaling to its units.

    Raises:
      UserError: Keras is not installed; layers other than dense ones; inputs or targets that are scaled in float64.
    """
    config = network.architecture
    if not isinstance(config, ModelConfig) or not traits_of(config).is_dense:
        kind = getattr(config, "kind", "no dense network")
        raise UserError(f"The model is {kind}, but an mlp, autoencoder or keras.Model was expected; see run.export.")
    if is_wide(network):
        raise UserError("The inputs or targets are scaled in float64, which Keras does not do: see run.export.")
    keras = require("keras", "nnjax[keras]", "run.keras_model")
    layers = [network.params[f"layer_{i}"] for i in range(len(network.params))]
    names = [str(config.activation)] * (len(layers) - 1) + [str(config.output_activation)]
    facts = network.facts
    model = keras.Sequential([keras.Input((facts.num_inputs,)), _rescaling(keras, facts.x_scaler)])
    for layer, name in zip(layers, names, strict=True):
        model.add(keras.layers.Dense(layer["kernel"].shape[1], activation=_activation(keras, name)))
        model.layers[-1].set_weights([np.asarray(layer["kernel"]), np.asarray(layer["bias"])])
    if goal_of(config, facts) == "regression":
        scale = np.where(facts.y_scaler.scale == 0, 1, facts.y_scaler.scale)
        model.add(_rescaling(keras, Scaler(-facts.y_scaler.mean * scale, 1 / scale)))
    return model


def _rescaling(keras: Any, scaler: Scaler) -> Any:
    """Return (x - mean) * scale as a layer."""
    scale, offset = (np.asarray(part, np.float32) for part in (scaler.scale, -scaler.mean * scaler.scale))
    return keras.layers.Rescaling(scale.tolist(), offset.tolist())


def _activation(keras: Any, name: str) -> Any:
    """Return Keras's activation of a name of ours."""
    if name in KERAS_NAMES:
        return name
    if name == "leaky_relu":
        return keras.layers.LeakyReLU(negative_slope=0.1)
    raise UserError(f"Keras has no activation {name} as nnjax defines it; those that it has: {', '.join(KERAS_NAMES)}.")

"""A trained network with its architecture, scalers and names: from raw inputs to outputs."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import ModelConfig
from nnjax.core.types import Array, DataFacts, Params, Scaler
from nnjax.models.imported import Stack
from nnjax.models.registry import make_model, traits_of
from nnjax.nn.activations import ACTIVATIONS
from nnjax.train.engine.device_data import output_width
from nnjax.train.storage import named_arrays

Architecture = ModelConfig | Stack


class Network(NamedTuple):
    """A trained network.

    Attributes:
      architecture: one that nnjax trains, or a chain of layers from elsewhere.
      facts: of the data it was trained on: names, scalers, task.
      params: its weights, float32.
    """

    architecture: Architecture
    facts: DataFacts
    params: Params


def num_outputs(architecture: Architecture, facts: DataFacts) -> int:
    """Compute k, the width of the output."""
    if isinstance(architecture, Stack):
        return math.prod(architecture.output_shape())
    return output_width(architecture, facts)


def blank_params(architecture: Architecture, facts: DataFacts) -> Params:
    """Return the shapes of its weights.

    Raises:
      UserError: the architecture contradicts itself, or the data's width.
    """
    if not isinstance(architecture, Stack):
        model = make_model(architecture, facts.num_inputs, output_width(architecture, facts))
        return jax.eval_shape(model.init, jax.random.key(0))
    width = math.prod(architecture.input_shape)
    if width != facts.num_inputs:
        raise UserError(f"The network reads {width} numbers, but the facts say num_inputs {facts.num_inputs}.")
    return {
        layer: {name: jax.ShapeDtypeStruct(shape, jnp.float32) for name, shape in arrays.items()}
        for layer, arrays in architecture.weights().items()
    }


def assemble(architecture: Architecture, facts: DataFacts, arrays: Mapping[str, np.ndarray]) -> Network:
    """Make a network of named arrays ("layer_0/kernel").

    Raises:
      UserError: an array is missing or of another shape, or as `blank_params`.
    """
    return Network(architecture, facts, named_arrays.unflatten(blank_params(architecture, facts), arrays))


def outputs(network: Network) -> Callable[[Array], Array]:
    """Return the function from raw inputs, float32 [b, d] as they lie in the data, to outputs [b, k].

    The data's scaling is part of it; outputs of a regression are in the target's own units.
    """
    architecture, facts, params = network
    if isinstance(architecture, Stack):
        apply: Callable[[Params, Array], Array] = architecture.apply
    else:
        apply = make_model(architecture, facts.num_inputs, num_outputs(architecture, facts)).apply
    regression = _goal(architecture, facts) == "regression"
    before, after = _rows(facts.x_scaler), _rows(facts.y_scaler)

    def function(x: Array) -> Array:
        y = apply(params, before(x))
        return after.inverse(y) if regression else y

    return function


def codes(network: Network) -> Callable[[Array], Array]:
    """Return the function from raw inputs [b, d] to latent codes [b, code width].

    Raises:
      UserError: it is a chain of layers from elsewhere, of which nobody said where its code is.
    """
    architecture, facts, params = network
    if isinstance(architecture, Stack):
        raise UserError("A chain of layers from elsewhere has no code that is named as such; leave out --encode.")
    model = make_model(architecture, facts.num_inputs, num_outputs(architecture, facts))
    before = _rows(facts.x_scaler)
    return lambda x: model.encode(params, before(x))


def _rows(scaler: Scaler) -> Scaler:
    """Return a scaler as rows [1, 1] or [1, d], so that nothing is broadcast between ranks."""
    return Scaler(*(np.atleast_2d(np.asarray(part, np.float32)) for part in scaler))


def _goal(architecture: Architecture, facts: DataFacts) -> str:
    return facts.task if isinstance(architecture, Stack) else traits_of(architecture).goal(facts.task)


def columns(found: np.ndarray, architecture: Architecture, facts: DataFacts) -> dict[str, np.ndarray]:
    """Name the arrays of a prediction: output [n, k]; of a classifier class [n] and its probability or distance.

    Published LeNet-5 has squared distances to the digits' bitmaps: its class is the nearest, its output the negatives.
    """
    if _goal(architecture, facts) != "classification":
        return {"output": found}
    names: Any = np.array(facts.classes)
    if (
        not isinstance(architecture, Stack)
        and traits_of(architecture).output == "distances"
        and ACTIVATIONS[architecture.output_activation].linear
    ):
        return {"class": names[found.argmax(axis=1)], "distance": -found.max(axis=1), "output": found}
    binary = found.shape[1] == 1
    index = (found[:, 0] > 0.5).astype(int) if binary else found.argmax(axis=1)
    certainty = np.where(index == 1, found[:, 0], 1 - found[:, 0]) if binary else found.max(axis=1)
    return {"class": names[index], "probability": certainty, "output": found}

"""A trained network with its architecture, scalers and names: from raw inputs to outputs."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import ModelConfig
from nnjax.core.messages import remedy
from nnjax.core.multi_input import unflatten
from nnjax.core.types import Array, DataFacts, Params, Scaler
from nnjax.models.imported import Stack
from nnjax.models.model import Variables
from nnjax.models.registry import make_model, traits_of
from nnjax.models.user_models import variables_shapes
from nnjax.nn.activations import activation_of
from nnjax.train.engine.device_data import output_width
from nnjax.train.storage import named_arrays

Architecture = ModelConfig | Stack


class Network(NamedTuple):
    """A trained network.

    Attributes:
      architecture: one that nnjax trains, or a chain of layers from elsewhere.
      facts: of the data it was trained on: names, scalers, task.
      params: its weights, float32.
      state: what else it computes with (batch statistics); {} for most.
      hyper: the hyperparameters that it was trained with, which a user's model may read.
    """

    architecture: Architecture
    facts: DataFacts
    params: Params
    state: Any = {}  # noqa: RUF012 (never changed)
    hyper: Mapping[str, float] = {}

    @property
    def variables(self) -> Variables:
        """Weights and state."""
        return Variables(self.params, self.state)


def num_outputs(architecture: Architecture, facts: DataFacts) -> int:
    """Compute k, the width of the output."""
    if isinstance(architecture, Stack):
        return math.prod(architecture.output_shape())
    return output_width(architecture, facts)


def blank_params(architecture: Architecture, facts: DataFacts) -> Params:
    """Return the shapes of its weights; UserError if the architecture contradicts itself or the data."""
    if not isinstance(architecture, Stack):
        return blank_variables(architecture, facts).params
    width = math.prod(architecture.input_shape)
    if width != facts.num_inputs:
        raise UserError(f"The network reads {width} numbers, but the facts say num_inputs {facts.num_inputs}.")
    return {
        layer: {name: jax.ShapeDtypeStruct(shape, jnp.float32) for name, shape in arrays.items()}
        for layer, arrays in architecture.weights().items()
    }


def blank_variables(config: ModelConfig, facts: DataFacts) -> Variables:
    """Return the shapes of the variables of a model that nnjax trains."""
    model = make_model(config, facts.example_shape, output_width(config, facts))
    return variables_shapes(model, facts.example_shape)


def assemble(architecture: Architecture, facts: DataFacts, arrays: Mapping[str, np.ndarray]) -> Network:
    """Make a network of arrays by name ("layer_0/kernel"); UserError if one is missing or of another shape."""
    return Network(architecture, facts, named_arrays.unflatten(blank_params(architecture, facts), arrays))


def outputs(network: Network, compiled: bool = False) -> Callable[[Array], Array]:
    """Return the function from raw inputs [b, d], as they lie in the data, to outputs [b, k].

    The data's scaling is part of it; outputs of a regression are in the target's own units. With scalers of float64 it
    scales on the host; without, it can be traced.
    """
    function = jax.jit(traced_outputs(network)) if compiled else traced_outputs(network)
    return on_host(function, network.facts, goal_of(network.architecture, network.facts) == "regression")


def compiled_outputs(network: Network) -> Callable[[Variables], Callable[[Array], Array]]:
    """Return what gives `outputs` for any variables of a network's architecture, compiled once for all of them."""

    @jax.jit
    def function(variables: Variables, x: Array) -> Array:
        own = network._replace(params=variables.params, state=variables.state)
        return traced_outputs(own)(x.astype(jnp.float32))  # pixels come as whole numbers

    regression = goal_of(network.architecture, network.facts) == "regression"
    return lambda variables: on_host(functools.partial(function, variables), network.facts, regression)


def on_host(function: Callable[[Array], Array], facts: DataFacts, regression: bool) -> Callable[[Array], Array]:
    """Scale inputs before a traced function, and outputs after it, by the scalers that are of float64."""
    wide_y = regression and facts.y_scaler.wide
    if not facts.x_scaler.wide and not wide_y:
        return function

    def whole(x: Array) -> Array:
        raw = np.asarray(x, np.float64)
        z = function(np.asarray(facts.x_scaler(raw) if facts.x_scaler.wide else raw, np.float32))
        return facts.y_scaler.inverse(np.asarray(z, np.float64)) if wide_y else z

    return whole


def traced_outputs(network: Network) -> Callable[[Array], Array]:
    """Return `outputs` as a function of float32 [b, d] that can be traced.

    Its inputs are scaled already, and its outputs are still scaled, where the scaler is of float64.
    """
    architecture, facts = network.architecture, network.facts
    variables = jax.tree.map(jnp.asarray, network.variables)  # NumPy's cannot be indexed by traced numbers
    regression = goal_of(architecture, facts) == "regression"
    before, after = _rows(facts.x_scaler), _rows(facts.y_scaler)
    if isinstance(architecture, Stack):
        stack: Stack = architecture

        def apply(x: Array) -> Array:
            return stack.apply(variables.params, x)

    else:
        model = make_model(architecture, facts.example_shape, num_outputs(architecture, facts))
        output, own = activation_of(architecture.output_activation), traits_of(architecture).own

        def apply(x: Array) -> Array:
            examples = unflatten(x, facts.example_shape) if own else x
            z = model.apply(variables, examples, train=False, key=None, hyper=network.hyper)[0]
            return output(z.reshape(x.shape[0], -1) if own else z)

    def function(x: Array) -> Array:
        y = apply(before(x))
        return after.inverse(y) if regression else y

    return function


def codes(network: Network, compiled: bool = False) -> Callable[[Array], Array]:
    """Return the function from inputs [b, d] to codes [b, width]; UserError where nobody said which layer that is."""
    architecture, facts = network.architecture, network.facts
    variables = jax.tree.map(jnp.asarray, network.variables)  # NumPy's cannot be indexed by traced numbers
    asked = remedy("encode=True", "--encode")
    if isinstance(architecture, Stack):
        raise UserError(f"A chain of layers from elsewhere has no code that is named as such; leave out {asked}.")
    model = make_model(architecture, facts.example_shape, num_outputs(architecture, facts))
    before, encode, own = _rows(facts.x_scaler), model.encode, traits_of(architecture).own
    if encode is None:
        raise UserError(f"The model has no function `encode`, which gives latent codes: leave out {asked}, or add one.")

    def function(x: Array) -> Array:
        scaled = before(x)
        code = encode(variables, unflatten(scaled, facts.example_shape) if own else scaled)
        return code.reshape(len(x), -1)

    return on_host(jax.jit(function) if compiled else function, facts, False)


def _rows(scaler: Scaler) -> Scaler:
    """Return a scaler as rows [1, 1] or [1, d], so that nothing is broadcast between ranks; nothing of a wide one."""
    if scaler.wide:
        return Scaler(np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32))
    return Scaler(*(np.atleast_2d(np.asarray(part, np.float32)) for part in scaler))


def goal_of(architecture: Architecture, facts: DataFacts) -> str:
    """Name what a network is for: "classification", "regression" or "reconstruction"."""
    return facts.task if isinstance(architecture, Stack) else traits_of(architecture).goal(facts.task)

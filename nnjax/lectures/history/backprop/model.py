"""Backpropagation (Rumelhart, Hinton & Williams 1986, Nature 323:533), by hand, for any multilayer perceptron.

The three steps of the lecture slides: "feed data forward through network", "calculate cost metric", "for each layer,
calculate effect of small changes on next layer". Layers are f(xW + b): w "sets the sensitivity", b "up-down weights",
f "turns on-off".
"""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Key
from nnjax.lectures.history.learning_rule import Rule
from nnjax.nn.finite_differences import finite_differences


class Activation(NamedTuple):
    """An activation function and its slope."""

    function: Callable[[Array], Array]  # z -> y
    slope: Callable[[Array], Array]  # dy/dz, from the output y
    low: float = -np.inf  # between these lie its outputs, and so must targets
    high: float = np.inf


ACTIVATIONS = {
    "sigmoid": Activation(jax.nn.sigmoid, lambda y: y * (1 - y), 0.0, 1.0),
    "tanh": Activation(jnp.tanh, lambda y: 1 - y**2, -1.0, 1.0),
    "relu": Activation(jax.nn.relu, lambda y: (y > 0).astype(y.dtype), 0.0),
    "linear": Activation(lambda z: z, jnp.ones_like),
}
COSTS = ("squares", "cross_entropy")


class Layer(NamedTuple):
    """The weights [d, k] of a layer and its biases [k] (None: it has none); or their gradient."""

    weights: Array
    bias: Any


Net = tuple[Layer, ...]


@dataclasses.dataclass(frozen=True)
class MLP:
    """The architecture and cost of a multilayer perceptron.

    Attributes:
      widths: inputs, hidden layers, outputs.
      hidden, output: activations, keys of `ACTIVATIONS`.
      cost: "squares", E = ½ Σ (y - d)² (the paper's equation 3), or "cross_entropy" for sigmoid outputs; both are sums
        over examples and outputs.

    Raises:
      UserError: fewer than two widths, a width below 1, an unknown name, or cross-entropy without sigmoid outputs.
    """

    widths: tuple[int, ...]
    hidden: str = "sigmoid"
    output: str = "sigmoid"
    cost: str = "squares"

    def __post_init__(self) -> None:
        """Check it."""
        if len(self.widths) < 2 or min(self.widths) < 1:
            raise UserError(
                f"The widths {self.widths} make no network: give inputs, hidden layers and outputs, each ≥ 1."
            )
        for field, known in (("hidden", ACTIVATIONS), ("output", ACTIVATIONS), ("cost", COSTS)):
            name, kind = getattr(self, field), "cost" if known is COSTS else "activation"
            if name not in known:
                raise UserError(f"There is no {kind} {name!r}; backpropagation here knows {', '.join(known)}.")
        if self.cost == "cross_entropy" and self.output != "sigmoid":
            raise UserError(f"Cross-entropy needs sigmoid outputs, but they are {self.output}.")

    @property
    def activations(self) -> tuple[Activation, ...]:
        """Of each layer."""
        names = (self.hidden,) * (len(self.widths) - 2) + (self.output,)
        return tuple(ACTIVATIONS[name] for name in names)


def num_weights(mlp: MLP) -> int:
    """Count weights and biases."""
    return sum((d + 1) * k for d, k in itertools.pairwise(mlp.widths))


def shaped(mlp: MLP, numbers: Array) -> Net:
    """Shape numbers [num_weights] into layers."""
    net, begin = [], 0
    for d, k in itertools.pairwise(mlp.widths):
        end = begin + d * k
        net.append(Layer(numbers[begin:end].reshape(d, k), numbers[end : end + k]))
        begin = end + k
    return tuple(net)


def uniform(mlp: MLP, key: Key, scale: float | Array) -> Net:
    """Draw weights and biases between -scale and scale."""
    return shaped(mlp, scale * jax.random.uniform(key, (num_weights(mlp),), minval=-1.0, maxval=1.0))


def feed_forward(mlp: MLP, net: Net, x: Array) -> tuple[Array, ...]:
    """Make a unit of n inputs; without `inhibitory` none has a veto. UserError for connections other than 0, 1, …"""
    _check_inputs(mlp, x)
    found, wanted = [layer.weights.shape for layer in net], list(itertools.pairwise(mlp.widths))
    if found != wanted:
        raise UserError(f"Weights of shapes {found} do not make widths {mlp.widths}, which need {wanted}.")
    outputs = [x]
    for layer, activation in zip(net, mlp.activations, strict=True):
        z = outputs[-1] @ layer.weights
        outputs.append(activation.function(z if layer.bias is None else z + layer.bias[None]))
    return tuple(outputs)


def cost(mlp: MLP, net: Net, x: Array, targets: Array) -> Array:
    """Calculate the cost of examples, a sum: x [n, d], targets [n, k] -> []."""
    return _cost(mlp, feed_forward(mlp, net, x)[-1], targets)


def gradient(mlp: MLP, net: Net, x: Array, targets: Array) -> Net:
    """Calculate ∂E/∂w and ∂E/∂b of each layer (equations 4 to 7): x [n, d], targets [n, k] -> shaped as `net`.

    Raises:
      UserError: shapes that do not fit.
    """
    return _backward(mlp, net, feed_forward(mlp, net, x), targets)


def _backward(mlp: MLP, net: Net, outputs: tuple[Array, ...], targets: Array) -> Net:
    """The backward pass, after the forward pass: outputs as `feed_forward` gives them."""
    y, (*_, last) = outputs[-1], mlp.activations
    _check_targets(y, targets)
    delta = y - targets if mlp.cost == "cross_entropy" else (y - targets) * last.slope(y)  # ∂E/∂z of the last layer
    found = []
    for place in reversed(range(len(net))):
        layer, below = net[place], outputs[place]
        found.append(Layer(below.T @ delta, None if layer.bias is None else delta.sum(axis=0)))
        if place:
            delta = (delta @ layer.weights.T) * mlp.activations[place - 1].slope(below)
    return tuple(reversed(found))


def _cost(mlp: MLP, y: Array, targets: Array) -> Array:
    _check_targets(y, targets)
    if mlp.cost == "squares":
        return 0.5 * ((y - targets) ** 2).sum()
    return -(jax.scipy.special.xlogy(targets, y) + jax.scipy.special.xlog1py(1 - targets, -y)).sum()


class Momentum(NamedTuple):
    """The state of descent with momentum: weights, and their last change Δw."""

    net: Net
    change: Net


class Sweep(NamedTuple):
    """Information of a sweep, before it changes the weights: cost [], outputs [n, k]."""

    cost: Array
    outputs: Array


def momentum(mlp: MLP, rate: float | Array, alpha: float | Array, decay: float | Array = 0.0) -> Rule:
    """Gradient descent with momentum, Δw(t) = -ε ∂E/∂w + α Δw(t-1) (equation 9): ε is the rate.

    A presentation is (x [n, d], targets [n, k]), all examples or one; `init` takes weights, a step gives a `Sweep`.
    `decay` is the share of itself by which each weight, but no bias, shrinks at each step.
    """

    def step(state: Momentum, presentation: tuple[Array, Array]) -> tuple[Momentum, Sweep]:
        """Take one step on a batch."""
        x, targets = presentation
        outputs = feed_forward(mlp, state.net, x)
        found = _backward(mlp, state.net, outputs, targets)
        change = jax.tree.map(lambda g, last: alpha * last - rate * g, found, state.change)
        shrunk = tuple(Layer((1 - decay) * layer.weights, layer.bias) for layer in state.net)
        net = jax.tree.map(jnp.add, shrunk, change)
        return Momentum(net, change), Sweep(_cost(mlp, outputs[-1], targets), outputs[-1])

    return Rule(init=lambda net: Momentum(net, jax.tree.map(jnp.zeros_like, net)), step=step)


def gradient_errors(mlp: MLP, net: Net, x: Array, targets: Array, found: Net) -> list[float]:
    """Check a gradient by finite differences: by layer, its largest error over the layer's largest true gradient.

    A right gradient has about 1e-9 here, a wrong one about 1.
    """
    with jax.enable_x64(True):
        x, targets = (jnp.asarray(array, jnp.float64) for array in (x, targets))
        true = finite_differences(lambda weights: cost(mlp, weights, x, targets), net)
    errors = []
    for layer, there in zip(true, found, strict=True):
        flat, other = (np.concatenate([np.ravel(a) for a in jax.tree.leaves(part)]) for part in (layer, there))
        errors.append(float(np.abs(flat - other).max() / np.abs(flat).max()))
    return errors


def check_examples(mlp: MLP, x: Array, targets: Array) -> None:
    """Refuse examples whose shapes do not fit, or whose targets the output's activation never reaches."""
    low, high = mlp.activations[-1].low, mlp.activations[-1].high
    x, targets = np.asarray(x), np.asarray(targets)
    _check_inputs(mlp, x)
    if targets.shape != (len(x), mlp.widths[-1]):
        raise UserError(f"The targets must be {[len(x), mlp.widths[-1]]}, but are {list(targets.shape)}.")
    if not (np.isfinite(x).all() and np.isfinite(targets).all()):
        raise UserError("The examples hold what is not a number: take such rows out.")
    if targets.min() < low or targets.max() > high:
        raise UserError(
            f"The targets span {targets.min():g} to {targets.max():g}, but {mlp.output} outputs lie between {low:g} "
            f"and {high:g}: scale the targets, or take linear outputs."
        )


def _check_inputs(mlp: MLP, x: Array) -> None:
    if x.ndim != 2 or x.shape[1] != mlp.widths[0]:
        raise UserError(f"The inputs must be [n, {mlp.widths[0]}], but are {list(x.shape)}.")


def _check_targets(y: Array, targets: Array) -> None:
    if targets.shape != y.shape:
        raise UserError(f"The targets must be {list(y.shape)} as the outputs are, but are {list(targets.shape)}.")

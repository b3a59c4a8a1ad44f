"""What a layer does: linear layers collapse into one; activations and small changes; ReLU networks as lines.

The lecture slides (sections 3 and 5): a layer is f(xW + b); "small changes in the parameters leads to small changes
in the output for the right activation functions"; neural networks "approximate complex functions with series of linear
functions".
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Key
from nnjax.lectures.history.backprop.model import ACTIVATIONS, MLP, Layer, Momentum, Net, feed_forward, momentum


def collapse(net: Net) -> Layer:
    """Make one affine map of linear layers: (xW₁ + b₁)W₂ + b₂ = x(W₁W₂) + (b₁W₂ + b₂), and so on.

    Raises:
      UserError: no layers, or shapes that do not follow each other.
    """
    if not net:
        raise UserError("No layers were given: a network has one or more.")
    weights, bias = net[0].weights, _bias(net[0])
    for layer in net[1:]:
        if weights.shape[1] != layer.weights.shape[0]:
            raise UserError(f"A layer of {layer.weights.shape[0]} inputs cannot follow {weights.shape[1]} outputs.")
        weights, bias = weights @ layer.weights, bias @ layer.weights + _bias(layer)
    return Layer(weights, bias)


def _bias(layer: Layer) -> Array:
    return np.zeros(layer.weights.shape[1], layer.weights.dtype) if layer.bias is None else layer.bias


RESPONSES = {"step": lambda z: (z >= 0).astype(z.dtype), **{n: a.function for n, a in ACTIVATIONS.items()}}


def response(name: str, changes: Array) -> Array:
    """Compute the output of a small network while one of its weights changes: changes [t] -> [t].

    Two inputs (1, .5), three hidden units with the activation, a linear output; the weight is the first input's to the
    first hidden unit, and the unit's sum passes 0 where it has changed by .1.

    Raises:
      UserError: an unknown activation.
    """
    if name not in RESPONSES:
        raise UserError(f"There is no activation {name!r}; the responses are of {', '.join(RESPONSES)}.")
    weights = np.array([[-0.6, 0.8, -0.7], [1.0, -0.5, 0.9]], np.float64)  # the first unit's sum is -.6 + .5 = -.1
    sums = np.array([1.0, 0.5]) @ weights + np.outer(changes, [1.0, 0.0, 0.0])
    with jax.enable_x64(True):
        return np.asarray(RESPONSES[name](jnp.asarray(sums))) @ np.array([0.7, 0.4, -0.3])


def largest_change(name: str, step: float) -> float:
    """Compute the most that the output of `response` moves when the weight moves by `step`, within ±1."""
    return float(np.abs(np.diff(response(name, np.arange(-1.0, 1.0 + step / 2, step)))).max())


def kinks(net: Net, low: float, high: float) -> np.ndarray:
    """Find where a ReLU network of one input bends, exactly: sorted x [k] between low and high, float64.

    Between two kinks of the layers below every unit's sum is a line, so that its zero is found by arithmetic. Zeros at
    which the slope of the output does not change are left out (Montúfar et al. 2014 count the same pieces).

    Raises:
      UserError: more than one input, or an empty interval.
    """
    if net[0].weights.shape[0] != 1:
        raise UserError(f"Kinks lie on a line: the network needs 1 input, but has {net[0].weights.shape[0]}.")
    if not low < high:
        raise UserError(f"The interval from {low:g} to {high:g} is empty.")
    layers = _exact(net)
    points = np.array([low, high], float)
    for depth in range(1, len(layers)):
        sums = _sums(layers[:depth], points)
        left, right = sums[:-1], sums[1:]
        crossing = left * right < 0
        share = np.divide(left, left - right, out=np.zeros_like(left), where=crossing)
        zeros = points[:-1, None] + share * np.diff(points)[:, None]
        points = np.unique(np.concatenate([points, zeros[crossing]]))
        points = points[np.append(True, np.diff(points) > 1e-12 * (high - low))]  # only rounding tells the others apart
    y = _sums(layers, points)
    slopes = np.diff(y, axis=0) / np.diff(points)[:, None]
    bends = np.abs(np.diff(slopes, axis=0)).max(axis=1) > 1e-9 * max(np.abs(slopes).max(), 1e-300)
    return points[1:-1][bends]


def _exact(net: Net) -> list[Layer]:
    return [Layer(np.asarray(layer.weights, float), np.asarray(_bias(layer), float)) for layer in net]


def _sums(layers: list[Layer], points: np.ndarray) -> np.ndarray:
    """Sums of the last of some layers, before ReLU: [points, width]."""
    values = points[:, None]
    for place, layer in enumerate(layers):
        values = (np.maximum(values, 0.0) if place else values) @ layer.weights + layer.bias
    return values


def evaluate(net: Net, x: np.ndarray) -> np.ndarray:
    """Evaluate a ReLU network of one input and one linear output in float64: x [n] -> [n]."""
    return _sums(_exact(net), np.asarray(x, float))[:, 0]


def sawtooth(depth: int) -> Net:
    """`depth` layers of two units that fold [0, 1] in half each time: 2^depth pieces (Telgarsky 2016).

    Raises:
      UserError: a depth below 1.
    """
    if depth < 1:
        raise UserError(f"A sawtooth of {depth} layers has no teeth: give 1 or more.")
    ones, bias, fold = np.ones((1, 2)), np.array([0.0, -0.5]), np.array([[2.0], [-4.0]])
    between = Layer(fold @ ones, bias)
    return Layer(ones, bias), *[between] * (depth - 1), Layer(fold, np.zeros(1))


LOW, HIGH, POINTS = -np.pi, np.pi, 256  # sin is learned over one period
RATE, ALPHA = 0.05, 0.95


def interpolating(width: int) -> Net:
    """The ReLU network, without training, that joins points of sin at equal distances: `width` lines.

    The hidden unit i is max(x - xᵢ, 0), its weight to the output the change of slope at xᵢ.

    Raises:
      UserError: a width below 1.
    """
    if width < 1:
        raise UserError(f"A network of {width} hidden units joins no points: give 1 or more.")
    knots = np.linspace(LOW, HIGH, width + 1)
    slopes = np.diff(np.sin(knots)) / np.diff(knots)
    changes = np.diff(slopes, prepend=0.0)
    first = Layer(np.ones((1, width)), -knots[:-1])
    return first, Layer(changes[:, None], np.sin(knots[:1]))


class Fits(NamedTuple):
    """Networks trained on sin, of m widths by r seeds."""

    nets: Net  # arrays [m, r, ...] for the largest width; units beyond a net's own width have and keep weights of 0
    errors: np.ndarray  # root mean square over the points, [m, r]
    pieces: np.ndarray  # linear pieces over the period, [m, r]


def fit_sine(widths: tuple[int, ...], seeds: int, sweeps: int = 3000) -> Fits:
    """Train ReLU networks 1-width-1 on sin over one period by descent with momentum, all in one program.

    Raises:
      UserError: no seeds, or a width below 1.
    """
    if seeds < 1 or not widths or min(widths) < 1:
        raise UserError(f"Widths {widths} with {seeds} seeds make no networks: give 1 or more of each.")
    keys = jax.random.split(jax.random.key(0), seeds)
    nets, errors = _fit(max(widths), sweeps, np.array(widths), keys)
    nets = jax.tree.map(np.asarray, nets)
    pieces = np.zeros((len(widths), seeds), int)
    for place in np.ndindex(pieces.shape):
        pieces[place] = len(kinks(jax.tree.map(lambda array, at=place: array[at], nets), LOW, HIGH)) + 1
    return Fits(nets, np.asarray(errors), pieces)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _fit(largest: int, sweeps: int, widths: Array, keys: Array) -> tuple[Net, Array]:
    """Train ReLU networks of several widths on a sine, and measure their errors."""
    mlp = MLP((1, largest, 1), hidden="relu", output="linear")
    x = jnp.linspace(LOW, HIGH, POINTS, dtype=np.float32)[:, None]
    y = jnp.sin(x)

    def one(width: Array, key: Key) -> tuple[Net, Array]:
        """Train one net, and measure its error."""
        highest = RATE / (POINTS * jnp.sqrt(width.astype(np.float32)))

        def step(state: Momentum, share: Array) -> tuple[Momentum, None]:
            return momentum(mlp, highest * share, ALPHA).step(state, (x, y))[0], None

        start = momentum(mlp, highest, ALPHA).init(_start(largest, width, key))
        falling = jnp.linspace(1.0, 0.0, sweeps, dtype=np.float32)
        net = jax.lax.scan(step, start, falling)[0].net
        return net, jnp.sqrt(((feed_forward(mlp, net, x)[-1] - y) ** 2).mean())

    return jax.vmap(lambda width: jax.vmap(lambda key: one(width, key))(keys))(widths)


def _start(largest: int, width: Array, key: Key) -> Net:
    """Draw a net whose units bend at random places of the period; those beyond the width are 0."""
    place, sign, out = jax.random.split(key, 3)
    used = (jnp.arange(largest) < width).astype(np.float32)
    slopes = used * jax.random.rademacher(sign, (largest,), np.float32)
    bends = jax.random.uniform(place, (largest,), minval=LOW, maxval=HIGH)
    weights = used * jax.random.normal(out, (largest,)) / jnp.sqrt(width.astype(np.float32))
    return Layer(slopes[None], -slopes * bends), Layer(weights[:, None], jnp.zeros(1))

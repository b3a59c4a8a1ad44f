"""The problems of 1986 (Rumelhart, Hinton & Williams; Nature 323:533, PDP vol. 1 ch. 8), learned by hundreds of nets.

Sigmoids, whole sweeps, descent with momentum on the sum over the patterns. "Solved": every output is within .5 of its
target.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.data.toys import truth_table
from nnjax.lectures.history.backprop.model import MLP, Momentum, Net, check_examples, momentum, uniform
from nnjax.lectures.history.learning_rule import Rule

FAMILIES = {"1:2:4": (1.0, 2.0, 4.0), "1:1.52:2.02": (1.0, 1.52, 2.02)}  # weights of symmetry, smallest first


class Problem(NamedTuple):
    """A problem and its settings of training."""

    mlp: MLP
    x: np.ndarray  # [n, d]
    targets: np.ndarray  # [n, k]
    rate: float  # ε
    alpha: float = 0.9  # α
    scale: float = 0.5  # weights and biases begin between -scale and scale
    sweeps: int = 3000  # after which a net is given up


class TrainedNets(NamedTuple):
    """The results of m nets."""

    net: Net  # their weights after all sweeps, each array [m, ...]
    costs: np.ndarray  # [m, t] before each sweep
    solved: np.ndarray  # [m] changes of the weights until every output was first within .5; NaN for never
    chosen: np.ndarray  # [m] the same until the largest output was the right one; of no meaning with one output


def parity(bits: int, hidden: int) -> Problem:
    """Make the problem whether an odd number of bits is 1; of two bits, XOR."""
    x = truth_table(bits)
    return Problem(MLP((bits, hidden, 1)), x, x.sum(axis=1, keepdims=True) % 2, rate=0.5)


def symmetry(coding: tuple[float, float] = (0.0, 1.0)) -> Problem:
    """Make the problem whether six bits are their own mirror image; `coding` gives the inputs for 0 and 1."""
    x = truth_table(6)
    targets = (x == x[:, ::-1]).all(axis=1, keepdims=True).astype(np.float32)
    low, high = coding
    return Problem(MLP((6, 2, 1)), low + (high - low) * x, targets, 0.1, scale=0.3, sweeps=4000)


def encoder(scale: float = 0.1) -> Problem:
    """Make the problem of the first autoencoder: one of eight inputs through a narrow layer."""
    x = np.eye(8, dtype=np.float32)
    return Problem(MLP((8, 3, 8)), x, x, 0.1, scale=scale)


def learn(problem: Problem, seeds: int, rate: float | None = None) -> TrainedNets:
    """Train m = `seeds` nets from their own weights, in one compiled program.

    A `rate` takes the place of the problem's, without another compilation.

    Raises:
      UserError: no seeds, or examples that the network cannot learn.
    """
    if seeds < 1:
        raise UserError(f"{seeds} seeds train no net: give 1 or more.")
    check_examples(problem.mlp, problem.x, problem.targets)
    keys = jax.random.split(jax.random.key(0), seeds)
    starts = _draw(problem.mlp, keys, np.float32(problem.scale))
    numbers = (np.float32(problem.rate if rate is None else rate), np.float32(problem.alpha))
    found = _learn(problem.mlp, problem.sweeps, starts, problem.x, problem.targets, *numbers)
    return TrainedNets(*jax.tree.map(np.asarray, found))


@functools.partial(jax.jit, static_argnums=0)
def _draw(mlp: MLP, keys: Array, scale: Array) -> Net:
    return jax.vmap(lambda key: uniform(mlp, key, scale))(keys)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _learn(
    mlp: MLP, sweeps: int, starts: Net, x: Array, targets: Array, rate: Array, alpha: Array
) -> tuple[Net, Array, Array, Array]:
    """Train one net, and note each sweep's cost and whether it is solved."""
    rule: Rule = momentum(mlp, rate, alpha)

    def step(state: Momentum, _: None) -> tuple[Momentum, tuple[Array, Array, Array]]:
        state, sweep = rule.step(state, (x, targets))
        near = (jnp.abs(sweep.outputs - targets) < 0.5).all()
        right = (sweep.outputs.argmax(axis=1) == targets.argmax(axis=1)).all()
        return state, (sweep.cost, near, right)

    def one(net: Net) -> tuple[Net, Array, Array, Array]:
        state, (costs, near, right) = jax.lax.scan(step, rule.init(net), length=sweeps)
        return state.net, costs, _first(near), _first(right)

    return jax.vmap(one)(starts)


def _first(reached: Array) -> Array:
    """The first place of a true value: [t] -> [], NaN for none."""
    return jnp.where(reached.any(), reached.argmax().astype(jnp.float32), jnp.nan)


class Mirror(NamedTuple):
    """Measures of the mirror symmetry of hidden units."""

    asymmetry: float  # the largest |w_i + w_(7-i)| over the largest |w|: 0 for equal and opposite weights
    ratios: np.ndarray  # |w| from the smallest to the largest over the smallest, mean of both units: [3]
    family: str  # the key of `FAMILIES` that is nearest in the ratios' logarithms


def mirror(weights: Array) -> Mirror:
    """Measure the mirror symmetry of hidden weights [6, 2]."""
    w = np.asarray(weights, float)
    if w.shape != (6, 2):
        raise UserError(f"The hidden weights of a symmetry net are [6, 2], but these are {list(w.shape)}.")
    sizes = np.sort(np.abs(w - w[::-1])[:3] / 2, axis=0)
    ratios = (sizes / sizes[0]).mean(axis=1)
    family = min(FAMILIES, key=lambda name: float(np.abs(np.log(ratios / FAMILIES[name])).sum()))
    return Mirror(float(np.abs(w + w[::-1]).max() / np.abs(w).max()), ratios, family)


def mirrors(learned: TrainedNets) -> list[Mirror]:
    """Measure all symmetry nets that solved the problem."""
    return [mirror(learned.net[0].weights[place]) for place in np.flatnonzero(np.isfinite(learned.solved))]


def codes(learned: TrainedNets) -> np.ndarray:
    """Compute the codes of all encoders that solved the problem, their hidden outputs, [m, width, code]."""
    first = learned.net[0]
    nets = np.flatnonzero(np.isfinite(learned.solved))
    sums = first.weights[nets] + first.bias[nets][:, None]  # an input has one 1, so that it picks a row of the weights
    return 1 / (1 + np.exp(-sums.astype(float)))

"""MADALINE 1962 (Widrow & Hoff): many ADALINEs, and the principle of minimal disturbance.

Madaline I has a layer of adaptive threshold units before a fixed gate (rule MRI); Madaline II adapts all layers by
trial inversions (MRII, Winter & Widrow 1988); Madaline III has sigmoid units, whose gradient is found by nudging each
sum (MRIII, Andes, Widrow, Lehr & Wan 1990). Inputs [d] end with a 1 for the bias; answers and targets are ±1.
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Key
from nnjax.lectures.history.learning_rule import Examples, Rule, present, with_bias

GATES = ("and", "or", "maj")


class Network(NamedTuple):
    """The two layers of Madaline II and III: hidden [k, d] and output [m, k + 1] weights, biases last."""

    hidden: Array
    output: Array


def threshold(sums: Array) -> Array:
    """Answer +1 where a sum is 0 or more, else −1."""
    return jnp.where(sums >= 0, 1.0, -1.0)


def answer(gate: str, weights: Array, x: Array) -> Array:
    """Compute the answer of Madaline I: weights [k, d], x [..., d] -> ±1 [...]."""
    positive = (threshold(x @ weights.T) > 0).sum(axis=-1)
    return jnp.where(positive >= quorum(gate, weights.shape[0], 1.0), 1.0, -1.0)


def quorum(gate: str, num_units: int, target: float | Array) -> Array:
    """Count the units that must answer the target for the gate to; UserError for unknown gates, majorities of even."""
    if gate not in GATES:
        raise UserError(f"There is no fixed gate {gate!r}; the gates are {', '.join(GATES)}.")
    if num_units < 1 or (gate == "maj" and num_units % 2 == 0):
        wanted = "an odd number" if gate == "maj" else "one or more"
        raise UserError(f"A gate {gate!r} of {num_units} units was found, but {wanted} was expected.")
    if gate == "maj":
        return jnp.asarray((num_units + 1) // 2)
    needs_all = jnp.asarray(target) > 0 if gate == "and" else jnp.asarray(target) < 0
    return jnp.where(needs_all, num_units, 1)


def madaline_one(gate: str, num_units: int, reach: float | Array = 1.0) -> Rule:
    """Rule MRI: where the answer is wrong, adapt as few units as would make it right, those of least |s| (1962).

    A unit is adapted in the direction of α-LMS, until its sum is `reach` times the target: 1 is α-LMS with α = 1, a
    small number barely flips it. For OR this adapts one unit where all say −1 and none should, and every unit that
    says +1 where none should; for AND the same with the signs exchanged; for MAJ as many as the majority lacks.

    `init(key, num_inputs, scale=0.1)` draws normal weights [k, d]; a step gives whether the answer was right [].

    Raises:
      UserError: see `quorum`; a reach that is not positive.
    """
    quorum(gate, num_units, 1.0)
    if not isinstance(reach, jax.core.Tracer) and not reach > 0:
        raise UserError(f"reach = {reach} does not flip a unit; a positive number was expected, such as 1.")

    def step(weights: Array, pattern: Examples) -> tuple[Array, Array]:
        """Present one example, and change the units that disturb least."""
        if weights.shape[:1] != (num_units,):
            raise UserError(f"Weights of shape {weights.shape} were found, but {num_units} units were expected.")
        sums = _sums(weights, pattern.x)
        wrong = threshold(sums) != pattern.targets
        lacking = quorum(gate, num_units, pattern.targets) - (num_units - wrong.sum())
        adapted = wrong & (_ranks(jnp.where(wrong, jnp.abs(sums), jnp.inf)) < lacking)
        return _moved(weights, pattern.x, adapted, reach * pattern.targets), lacking <= 0

    def init(key: Key, num_inputs: int, scale: float = 0.1) -> Array:
        return scale * jax.random.normal(key, (num_units, num_inputs))

    return Rule(init, step)


def madaline_two(num_hidden: int, num_outputs: int = 1, largest_trial: int = 3) -> Rule:
    """Rule MRII: try inverting hidden units, and keep an inversion that lowers the number of wrong outputs (1988).

    Trials go by the number of units inverted together (1, 2, 3), then by their |s|, least first; the units of the
    first that helps are adapted by α-LMS with α = 1 to their new signs. This is repeated as long as an output is
    wrong and a trial helps; outputs that are still wrong are then adapted themselves.

    `init(key, num_inputs, scale=0.1)` draws a normal `Network`; a step gives whether all outputs were right [].
    Targets are [m].

    Raises:
      UserError: no units, or trials of fewer than one.
    """
    found = f"{num_hidden} hidden units, {num_outputs} outputs and trials of {largest_trial} units were found"
    if min(num_hidden, num_outputs, largest_trial) < 1:
        raise UserError(f"{found}; one or more of each was expected.")
    sets = [s for size in range(1, largest_trial + 1) for s in itertools.combinations(range(num_hidden), size)]
    trials = np.array([[unit in chosen for unit in range(num_hidden)] for chosen in sets])  # the fewest units first

    def step(network: Network, pattern: Examples) -> tuple[Network, Array]:
        """Present one example, and change the units that disturb least."""
        right = (decide(network, pattern.x) == pattern.targets).all()
        hidden = network.hidden
        for _ in range(num_outputs):  # each trial that helps leaves one wrong output less, at least
            hidden = _after_trials(Network(hidden, network.output), pattern, trials)
        signs = with_bias(threshold(_sums(hidden, pattern.x)))
        wrong = threshold(_sums(network.output, signs)) != pattern.targets
        return Network(hidden, _moved(network.output, signs, wrong, pattern.targets)), right

    return Rule(_two_layers(num_hidden, num_outputs), step)


def madaline_three(num_hidden: int, num_outputs: int = 1, mu: float | Array = 0.1, nudge: float = 1e-3) -> Rule:
    """Rule MRIII: w ← w − μ ΔE/Δs x, for each unit, ΔE being what a nudge Δs of its sum does to E = Σ(t − y)² (1990).

    As Δs goes to 0 it is backpropagation. The units are y = tanh(s).

    `init(key, num_inputs, scale=0.5)` draws a normal `Network`; a step gives E [] before it. Targets are [m].

    Raises:
      UserError: no units, μ or Δs not positive.
    """
    if min(num_hidden, num_outputs) < 1:
        raise UserError(f"{num_hidden} hidden units and {num_outputs} outputs were found; one or more was expected.")
    if not isinstance(mu, jax.core.Tracer) and not mu > 0:
        raise UserError(f"mu = {mu} is not a positive number; take 0.1.")
    if not nudge > 0:
        raise UserError(f"nudge = {nudge} is not a positive number; take 1e-3.")

    def step(network: Network, pattern: Examples) -> tuple[Network, Array]:
        slopes = nudged_gradient(network, pattern, nudge)
        moved = jax.tree.map(lambda weights, slope: weights - mu * slope, network, slopes)
        return moved, squared_error(network, pattern)

    return Rule(_two_layers(num_hidden, num_outputs, scale=0.5), step)


def nudged_gradient(network: Network, pattern: Examples, nudge: float) -> Network:
    """Estimate the gradient of `squared_error` by nudging one sum after the other, by forward differences."""
    num_hidden, num_outputs = network.hidden.shape[0], network.output.shape[0]
    before = squared_error(network, pattern)

    def slope(to_hidden: Array, to_output: Array) -> Array:
        return (squared_error(network, pattern, to_hidden, to_output) - before) / nudge

    at_hidden = jax.vmap(lambda one: slope(one, jnp.zeros(num_outputs)))(nudge * jnp.eye(num_hidden))
    at_output = jax.vmap(lambda one: slope(jnp.zeros(num_hidden), one))(nudge * jnp.eye(num_outputs))
    hidden = with_bias(jnp.tanh(_sums(network.hidden, pattern.x)))
    return Network(jnp.outer(at_hidden, jnp.asarray(pattern.x)), jnp.outer(at_output, jnp.asarray(hidden)))


def squared_error(network: Network, pattern: Examples, to_hidden: Any = 0.0, to_output: Any = 0.0) -> Array:
    """E = Σ(t − y)² of a pattern with targets [m], with something added to the sums of either layer: []."""
    hidden = with_bias(jnp.tanh(_sums(network.hidden, pattern.x) + to_hidden))
    output = jnp.tanh(_sums(network.output, hidden) + to_output)
    return ((pattern.targets - output) ** 2).sum()


def decide(network: Network, x: Array) -> Array:
    """Compute the answer of Madaline II: x [..., d] -> ±1 [..., m]."""
    return threshold(with_bias(threshold(x @ network.hidden.T)) @ network.output.T)


def respond(network: Network, x: Array) -> Array:
    """Compute the outputs of Madaline III, y = tanh(s) in both layers: x [..., d] -> [..., m]."""
    return jnp.tanh(with_bias(jnp.tanh(x @ network.hidden.T)) @ network.output.T)


def solved_after(
    rule: Rule, answers: Callable[[Any, Array], Array], state: Any, presentations: Examples, data: Examples
) -> Array:
    """Count presentations [t, ...] until all patterns are answered right: [], t + 1 if that does not happen.

    `answers` is (state, x [n, d]) -> ±1, of the shape of data.targets.
    """

    def step(state: Any, pattern: Examples) -> tuple[Any, Array]:
        new, _ = rule.step(state, pattern)
        return new, (answers(new, data.x) == data.targets).all()

    _, solved = present(Rule(rule.init, step), state, presentations)
    solved = jnp.append((answers(state, data.x) == data.targets).all(), solved)
    return jnp.where(solved.any(), solved.argmax(), len(solved))


def _sums(weights: Array, x: Array) -> Array:
    """Sums [k] of a layer [k, d], for one x [d]."""
    if weights.shape[-1:] != x.shape:
        raise UserError(f"Units of shape {weights.shape} do not fit a pattern of shape {x.shape}: [k, d] and [d].")
    return weights @ x


def _ranks(values: Array) -> Array:
    """The place of each value [k] in ascending order from 0 on, of equal ones in theirs; quicker here than a sort."""
    one, other = values[:, None], values[None, :]
    earlier = np.tri(len(values), k=-1, dtype=bool)
    return ((other < one) | ((other == one) & earlier)).sum(axis=1)


def _moved(weights: Array, x: Array, adapted: Array, sums: Array) -> Array:
    """Move the adapted units [k] in the direction of x until their sums are those given."""
    change = jnp.where(adapted, sums - _sums(weights, x), 0.0)
    return weights + jnp.outer(change, jnp.asarray(x)) / (x**2).sum()


def _after_trials(network: Network, pattern: Examples, trials: np.ndarray) -> Array:
    """Invert the first units on trial (bool [trials, k]) that leave fewer outputs wrong, if any do: weights [k, d]."""
    sums = _sums(network.hidden, pattern.x)
    signs = threshold(sums)

    def wrong(signs: Array) -> Array:
        return (threshold(_sums(network.output, with_bias(signs))) != pattern.targets).sum()

    helps = jax.vmap(wrong)(jnp.where(trials, -signs[None], signs[None])) < wrong(signs)
    sizes = jnp.where(helps, trials.sum(axis=1), len(signs) + 1)
    distance = jnp.where(trials, jnp.abs(sums)[None], 0.0).sum(axis=1)
    first = jnp.where(sizes == sizes.min(), distance, jnp.inf).argmin()
    return _moved(network.hidden, pattern.x, jnp.asarray(trials)[first] & helps.any(), -signs)


def _two_layers(num_hidden: int, num_outputs: int, scale: float = 0.1) -> Any:
    def init(key: Key, num_inputs: int, scale: float = scale) -> Network:
        at_hidden, at_output = jax.random.split(key)
        return Network(
            scale * jax.random.normal(at_hidden, (num_hidden, num_inputs)),
            scale * jax.random.normal(at_output, (num_outputs, num_hidden + 1)),
        )

    return init

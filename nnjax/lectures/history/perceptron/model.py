"""The perceptron of Rosenblatt 1958: weights that are learned, from mistakes alone.

    on a wrong presentation  w ← w + α (d − y)/2 x,   d, y ∈ {−1, +1}

The bias is one more input that is always 1 (`rule.with_bias`). A sum of exactly 0 counts as wrong.
F. Rosenblatt 1958, The perceptron: a probabilistic model for information storage and organization in the brain,
Psychological Review 65:386-408. A. B. J. Novikoff 1962, On convergence proofs on perceptrons. S. I. Gallant 1990,
Perceptron-based learning algorithms, IEEE Transactions on Neural Networks 1:179-191 (the pocket).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.lectures.history import truth_tables
from nnjax.lectures.history.learning_rule import Examples, Rule, examples, present

SMALLEST_MARGIN = 1e-6  # as a share of the largest input; below it no plane is said to separate


class StepInfo(NamedTuple):
    """Information of a step."""

    wrong: Array  # bool []; whether the answer was wrong (a tie is)
    weights: Array  # float [d]; those that answered


def of_table(table: truth_tables.Table) -> Examples:
    """Make examples of a truth table [2^n] with a bias, and targets −1 for 0: x [2^n, n + 1]."""
    outputs = truth_tables.checked(table)
    inputs = truth_tables.rows(outputs.size.bit_length() - 1)
    return examples(np.column_stack([inputs, np.ones(len(inputs))]), 2 * outputs - 1)


def perceptron(rate: float | Array = 1.0) -> Rule:
    """Make the rule: `init(d)` gives float32 weights of 0, `step(weights, one of Examples)` weights and `StepInfo`."""

    def step(weights: Array, example: Examples) -> tuple[Array, StepInfo]:
        wrong = example.targets * (weights @ example.x) <= 0
        changed = weights + rate * example.targets * example.x  # (d − y)/2 = d where y ≠ d
        return jnp.where(wrong, changed, weights), StepInfo(wrong, weights)

    return Rule(init=lambda num_inputs: jnp.zeros(num_inputs, jnp.float32), step=step)


def num_right(weights: Array, data: Examples) -> Array:
    """Count the examples that weights [d] classify correctly: int32 []."""
    return jnp.sum(data.targets * (data.x @ weights) > 0, dtype=jnp.int32)


class LearningResult(NamedTuple):
    """The end of learning."""

    weights: Array  # float [d]
    mistakes: Array  # int32 []; wrong presentations
    epochs: Array  # int32 []; passes over the examples, the last one without a mistake included
    separated: Array  # bool []; whether the last pass was without a mistake
    repeats: Array  # bool []; whether a pass with mistakes ended where an earlier one had: in a fixed order, for ever


@jax.jit
def learn(data: Examples, cap: int | Array = 1000, rate: float | Array = 1.0) -> LearningResult:
    """Present examples (x [n, d], targets [n]) in order until a pass is clean, the weights repeat, or at `cap` epochs.

    It is pure: under vmap it learns many sets together. From weights of 0 the rate changes no mistake, it scales the
    weights: so they are kept in units of the rate, where whole inputs make whole numbers and rounding decides no tie.
    """
    rule = perceptron()
    start = rule.init(data.x.shape[-1])
    none, no = jnp.int32(0), jnp.bool_(False)

    def going(carry: tuple[LearningResult, Array]) -> Array:
        now, _ = carry
        return ~now.separated & ~now.repeats & (now.epochs < cap)

    def epoch(carry: tuple[LearningResult, Array]) -> tuple[LearningResult, Array]:
        now, anchor = carry
        weights, info = present(rule, now.weights, data)
        wrong, done = jnp.sum(info.wrong, dtype=jnp.int32), now.epochs + 1
        after = LearningResult(weights, now.mistakes + wrong, done, wrong == 0, (wrong > 0) & (weights == anchor).all())
        return after, jnp.where(done & (done - 1) == 0, weights, anchor)  # Brent 1980: an anchor at powers of 2

    learned = jax.lax.while_loop(going, epoch, (LearningResult(start, none, none, no, no), start))[0]
    return learned._replace(weights=rate * learned.weights)


def describe(learned: LearningResult) -> str:
    """Describe the end of learning in words."""
    counts = ((int(learned.mistakes), "mistake"), (int(learned.epochs), "epoch"))
    mistakes, epochs = (f"{count:,} {word}{'s' if count != 1 else ''}" for count, word in counts)
    if learned.separated:
        return f"separated after {mistakes}, {epochs}"
    if learned.repeats:
        return f"never stops: after {epochs} and {mistakes} the weights repeat"
    return f"not separated in {epochs}, {mistakes}"


def separate(x: Array, targets: Array, cap: int = 1000, rate: float = 1.0) -> LearningResult:
    """Learn examples that a plane separates: x [n, d], targets [n] of {−1, +1}, at most `cap` epochs at the rate α.

    Raises:
      UserError: see `examples`; a cap or a rate that is not positive; examples that were not separated.
    """
    if cap < 1 or rate <= 0:
        raise UserError(f"The cap and the rate must be positive, but they are {cap} and {rate}.")
    learned = learn(examples(x, targets), cap, rate)
    if not learned.separated:
        hope = "no plane separates these examples: take" if learned.repeats else "raise the cap, or take"
        raise UserError(f"The perceptron ended with “{describe(learned)}”; {hope} `pocket`.")
    return learned


def margin(x: Array, targets: Array) -> float:
    """Compute the margin γ: the largest distance of the nearest example from a plane w·x = 0 that separates.

    The smallest w with d w·x ≥ 1 for all examples has the length 1/γ; it is found exactly as a non-negative least
    squares problem (Lawson & Hanson 1974, ch. 23, least distance programming).

    Raises:
      UserError: the examples are not as `examples` wants them, or no plane through 0 separates them.
    """
    from scipy import optimize

    data = examples(x, targets)
    signed = data.targets[:, None] * data.x.astype(np.float64)
    signed /= (scale := float(np.linalg.norm(signed, axis=1).max()) or 1.0)
    stacked = np.vstack([signed.T, np.ones(len(signed))])
    _, residual = optimize.nnls(stacked, np.append(np.zeros(signed.shape[1]), 1.0))
    share = residual / np.sqrt(max(1 - residual**2, 1e-30))  # the residual² is γ²/(1 + γ²)
    if share < SMALLEST_MARGIN:
        raise UserError(f"No plane separates these {len(signed)} examples, so they have no margin; take `pocket`.")
    return float(share * scale)


def novikoff(x: Array, targets: Array) -> float:
    """Compute the bound on the mistakes, (R/γ)², R the length of the longest input (Novikoff 1962); see `margin`."""
    return float((np.linalg.norm(np.asarray(x, np.float64), axis=1).max() / margin(x, targets)) ** 2)


class Pocket(NamedTuple):
    """The state of the pocket algorithm."""

    weights: Array  # float [d]; the perceptron's own
    run: Array  # int32 []; right answers in a row since they last changed
    kept: Array  # float [d]; the weights in the pocket
    kept_run: Array  # int32 []; their run


def pocket(data: Examples) -> Rule:
    """The pocket algorithm with ratchet (Gallant 1990): keep the weights that were right longest in a row.

    With the ratchet they must also answer more of all examples rightly than those in the pocket. Presentations are
    drawn at random (`drawn`). `init(d)` gives the state, `step(state, Examples of one)` the state and the number of
    examples of `data` (x [n, d], targets [n]) that the pocket answers rightly, int32 [].
    """
    inner = perceptron()

    def step(state: Pocket, example: Examples) -> tuple[Pocket, Array]:
        weights, info = inner.step(state.weights, example)
        run = jnp.where(info.wrong, 0, state.run + 1)
        better = (run > state.kept_run) & (num_right(weights, data) > num_right(state.kept, data))
        kept = jnp.where(better, weights, state.kept)
        return Pocket(weights, run, kept, jnp.where(better, run, state.kept_run)), num_right(kept, data)

    def init(num_inputs: int) -> Pocket:
        return Pocket(inner.init(num_inputs), jnp.int32(0), inner.init(num_inputs), jnp.int32(0))

    return Rule(init, step)

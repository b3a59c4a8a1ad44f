"""Train a model in lanes as the trainer does, and compare with lanes elsewhere and with training alone."""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.experiment import Experiment, ModelConfig, OptimizerConfig
from nnjax.core.multi_input import Structure
from nnjax.core.object_refs import ObjectRef
from nnjax.core.types import Array, Scalar, TrialState
from nnjax.models.model import Variables
from nnjax.nn.losses import output_of
from nnjax.testing import laws
from nnjax.train.engine import training_step
from nnjax.train.engine.batches import Batch
from nnjax.train.engine.device_data import Shapes
from nnjax.train.engine.trial import Trial

LANES, NUM_STEPS, RATE = 4, 3, 0.01


def _square(y: Array, z: Array) -> Array:
    return jnp.mean(jnp.square(z.reshape(len(z), -1) - y.reshape(len(y), -1)), axis=-1)


def _size(y: Array, z: Array) -> Array:
    return jnp.mean(jnp.square(z.reshape(len(z), -1)), axis=-1)


def _crossentropy(y: Array, z: Array) -> Array:
    z = z.reshape(len(z), -1)
    if z.shape[1] == 1:
        return jax.nn.softplus(z[:, 0]) - z[:, 0] * y.astype(z.dtype)
    hot = jax.nn.one_hot(y, z.shape[1], dtype=z.dtype)
    return -jnp.sum(hot * jax.nn.log_softmax(z), axis=-1)


def make_trial(ref: ObjectRef, size: int, shape: tuple[int, ...], y: Array | None, loss: Any) -> Trial:
    """Make the trial of a model with a loss: cross-entropy for classes or the mean square where it is None."""
    classes = y is not None and jnp.issubdtype(y.dtype, jnp.integer)
    usual = _crossentropy if classes else _size if y is None else _square
    name = laws.ref_of(usual if loss is None else loss)
    experiment = Experiment(
        model=ModelConfig(ref, output_activation=output_of(name)),
        loss=name,
        optimizer=OptimizerConfig("sgd"),
        batch_size=size,
    )
    goal = "classification" if classes else "regression"
    width = 1 + int(y.max()) if classes and y is not None else 1 if y is None else int(np.prod(y.shape[1:]))
    return Trial(experiment, Shapes(shape, width, goal, has_validation=False, has_train_eval=False))


def require_lanes(
    ref: ObjectRef,
    variables: Variables,
    x: Array,
    shape: tuple[int, ...],
    y: Array | None,
    loss: Any,
    hyper: Mapping[str, Scalar],
) -> None:
    """Train a few steps in four lanes, on rows x [b, d] of examples of a shape.

    Raises:
      UserError: a lane differs from the same one alone by more than 1e-5, gets other bits in another lane or beside
        other neighbors, or another compilation was needed.
    """
    trial = make_trial(ref, len(x), shape, y, loss)

    def train(hyper: dict[str, Scalar], seed: Array, variables: Variables, batch: Batch) -> TrialState:
        def step(_: Array, state: TrialState) -> TrialState:
            return training_step.step(trial, hyper, state, batch, jnp.int32(NUM_STEPS))

        return jax.lax.fori_loop(0, NUM_STEPS, step, trial.start(hyper, seed, variables))

    @functools.partial(jax.jit, static_argnums=(0, 1, 2))
    def rows(change: float, rates: tuple[float, ...], seeds: tuple[int, ...]) -> tuple[Any, ...]:
        many = {name: jnp.full(LANES, value) for name, value in hyper.items()}
        batches = [_batch(trial, x, y, 1.0 if seed == 0 else change) for seed in seeds]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *batches)
        drawn = jax.tree.map(lambda leaf: jnp.stack([leaf] * LANES), variables)
        return many | {"learning_rate": RATE * jnp.array(rates)}, jnp.array(seeds, jnp.uint32), drawn, stacked

    one = rows(1.0, (1, 0.5, 2, 0), (0, 1, 2, 3))
    together: Any = jax.jit(jax.vmap(train))
    first, moved = jax.device_get((together(*one), together(*rows(-3.0, (0.1, 2, 1, 0.3), (8, 7, 0, 9)))))
    a, b = (jax.tree.map(lambda leaf, row=row: leaf[row], some) for some, row in ((first, 0), (moved, 2)))
    laws.require(
        laws.same_bits(a, b),
        f"A trial gives other bits in another lane beside other trials, by {laws.difference(a, b):.2g}: a value leaks "
        "between lanes.",
    )
    laws.require(
        together._cache_size() == 1, "Other values of the hyperparameters compile the model again: a number is static."
    )
    alone = jax.jit(train)(*jax.tree.map(lambda leaf: leaf[0], jax.device_get(one)))
    gap = laws.difference((a.params, a.model_state, a.loss_sum), (alone.params, alone.model_state, alone.loss_sum))
    laws.require(
        gap <= laws.TOLERANCE,
        f"After {NUM_STEPS} steps a trial in lanes differs by {gap:.2g} from the same alone, but at most 1e-5 was "
        "expected: does the model use axes of its own choosing, or is it numerically unstable?",
    )


def _batch(trial: Trial, x: Array, y: Array | None, change: float) -> Batch:
    """Make a batch of all examples; `change` makes other ones of them."""
    targets = jnp.zeros((len(x), 1)) if y is None else y.reshape(len(x), -1)
    raw = None
    if trial.shapes.goal == "classification" and y is not None:
        raw, targets = y, jax.nn.one_hot(y, trial.shapes.num_outputs)
    shape = trial.shapes.shape
    factor = np.where(shape.measured(), change, 1)[None] if isinstance(shape, Structure) else change
    return Batch(x * np.asarray(factor, np.float32), targets.astype(jnp.float32), jnp.ones(len(x)), raw)

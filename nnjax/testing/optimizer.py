"""The laws of an optimizer."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nnjax.core.types import Params, Scalar
from nnjax.nn.optimizers import Optimizer, make_optimizer, optimizer_of
from nnjax.testing import laws

RATES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)  # of the lanes, over the rate that is given or usual
NUM_STEPS = 1000
FACTOR = 0.05  # the quadratic must fall below this share in the best of the lanes


@laws.in_sentences("The optimizer")
def check_optimizer(optimizer: Any, hyper: Mapping[str, float] | None = None, *, preset: str = "optax") -> None:
    """Check an optimizer on a quadratic of nine weights, from rates a hundredth to a thousand times its own.

    The laws: its hyperparameters may be traced; the learning rate has an effect; in another lane the same bits; in
    lanes as alone, to 1e-5; no Python state; it converges at one of the rates.

    Args:
      optimizer: as in `nnjax.Experiment`: a factory, a function of (hyper, schedule), a transformation, or a name.
      hyper: the hyperparameters that it reads, where they are not its defaults.
      preset: as in `nnjax.OptimizerConfig`.

    Raises:
      UserError: a law is broken: which, and the numbers.
    """
    name = laws.ref_of(optimizer)
    record = optimizer_of(name)
    what = f"The optimizer {record.name}"
    values = {"learning_rate": record.usual_rate, **record.presets.get(preset, {}), **(hyper or {})}
    missing = [one for one in record.required if one not in values]
    laws.require(
        not missing, f"{what} needs {' and '.join(missing)}: give hyper={{{', '.join(f'{m!r}: …' for m in missing)}}}."
    )
    rates = np.array([values["learning_rate"] * factor for factor in RATES], np.float32)
    lanes = {key: np.full(len(RATES), value, np.float32) for key, value in values.items()} | {"learning_rate": rates}

    def train(hyper: Mapping[str, Scalar], steps: Scalar) -> tuple[Params, Scalar]:
        return _train(record, name, preset, hyper, steps)

    one = {key: row[0] for key, row in lanes.items()}
    laws.require_pure(what, train, one, jnp.int32(1))
    together, alone = jax.jit(jax.vmap(train, in_axes=(0, None))), jax.jit(train)
    few = together(lanes, jnp.int32(5))
    _require_same_lanes(what, few, together({key: row[::-1] for key, row in lanes.items()}, jnp.int32(5)))
    slow, quick = (jax.tree.map(lambda leaf, row=row: leaf[row], few) for row in (0, 2))
    gap = laws.difference(alone(one, jnp.int32(5)), slow)
    laws.require(gap <= laws.TOLERANCE, f"{what} in lanes differs by {gap:.2g} from the same alone; 1e-5 was expected.")
    laws.require(
        not record.reads_rate or not laws.same_bits(slow, quick),
        f"{what} gives the same weights at learning rates {rates[0]:g} and {rates[2]:g}: it does not use the rate.",
    )
    start, losses = float(_quadratic(_start())), np.asarray(together(lanes, jnp.int32(NUM_STEPS))[1])
    best = float(np.min(np.where(np.isfinite(losses), losses, np.inf)))
    laws.require(
        best < FACTOR * start,
        f"{what} does not converge: in {NUM_STEPS} steps on a quadratic the loss went from {start:.4g} to {best:.4g} "
        f"at the best of the learning rates {rates[0]:g} to {rates[-1]:g}, but at most {FACTOR * start:.4g} was "
        "expected: are its updates of the wrong sign? (They are added to the weights.)",
    )


def _start() -> Params:
    return {"kernel": jnp.array([[1.0, -2.0, 0.5], [-1.0, 1.5, 2.0]]), "bias": jnp.array([1.0, -1.0, 0.5])}


def _quadratic(params: Params) -> Scalar:
    """Return Σ c w² / 2 with curvatures c from 0.5 to 2."""
    flat = jnp.concatenate([params["kernel"].ravel(), params["bias"]])
    return jnp.sum(jnp.linspace(0.5, 2.0, flat.size, dtype=flat.dtype) * jnp.square(flat)) / 2


def _train(
    record: Optimizer, name: str, preset: str, hyper: Mapping[str, Scalar], steps: Scalar
) -> tuple[Params, Scalar]:
    """Take some steps on the quadratic: the weights to evaluate at, and the loss there."""
    hyper = {key: jnp.asarray(value, jnp.float32) for key, value in hyper.items()}
    given = {key: value for key, value in hyper.items() if record.reads_rate or key != "learning_rate"}
    rate = jnp.asarray(hyper["learning_rate"], jnp.float32)
    optimizer = make_optimizer(name, preset, given, lambda count: rate)

    def value_fn(params: Params, *_: Any, **__: Any) -> Scalar:
        return _quadratic(params)

    def step(_: Scalar, carry: tuple[Params, Any]) -> tuple[Params, Any]:
        params, state = carry
        value, grads = jax.value_and_grad(_quadratic)(params)
        extra = {"value": value, "grad": grads, "value_fn": value_fn, "obj_fn": value_fn}
        updates, state = optimizer.update(grads, state, params, **{key: extra[key] for key in record.needs})
        return optax.apply_updates(params, updates), state

    params, state = jax.lax.fori_loop(0, steps, step, (_start(), optimizer.init(_start())))
    params = record.eval_params(state, params)
    return params, _quadratic(params)


def _require_same_lanes(what: str, one: Any, reversed_: Any) -> None:
    laws.require(
        laws.same_bits(one, jax.tree.map(lambda leaf: leaf[::-1], reversed_)),
        f"{what} gives other bits in another lane: a value leaks between lanes.",
    )

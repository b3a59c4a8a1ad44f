"""Optimizers that are not ours: a table of all of Optax's and the laws; factories, contracts, refusals; averages."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest

from nnjax.core.errors import UserError
from nnjax.nn.averaging import eval_params
from nnjax.nn.optimizers import make_optimizer, optimizer_of
from nnjax.nn.own_optimizers import optax_names
from nnjax.nn.schedules import make_schedule

STEPS = {"dog": 200, "simplified_ademamix": 400}  # those that start with tiny steps
RATES = {  # where .05 is not a rate that works on this quadratic
    "adadelta": 30.0, "adagrad": 0.5, "fromage": 0.3, "lars": 20.0, "rprop": 0.01, "sm3": 0.5, "cocob": 1.0,
    "dadapt_adamw": 1.0, "dog": 1.0, "dowg": 1.0, "prodigy": 1.0, "momo": 1.0, "momo_adam": 0.1,
    "optimistic_gradient_descent": 0.02, "schedule_free_sgd": 0.3, "schedule_free_adamw": 0.1, "signum": 0.05,
    "galore": 0.1, "yogi": 0.1, "lbfgs": 1.0, "adafactor": 0.05, "novograd": 0.1, "sophia": 0.1, "radam": 0.2,
    "simplified_ademamix": 0.001,
}  # fmt: skip
REFUSED = {
    "dpsgd": "needs per-example gradients|batch|leading|vmap|failed",
    "schedule_free": "failed|needs base_optimizer",
}
SUPPORTED = [name for name in optax_names() if name not in REFUSED]
PARAMS = {"kernel": jnp.asarray([[1.0, -2.0], [0.5, 3.0]], jnp.float32), "bias": jnp.asarray([0.5, -0.5], jnp.float32)}


def loss(params):
    return sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(params))


def descend(name, hyper, steps, schedule="constant"):
    optimizer = make_optimizer(name, "optax", hyper, make_schedule(schedule, hyper, steps))

    def body(_, carry):
        params, state = carry
        value, grads = jax.value_and_grad(loss)(params)
        extra = {"value": value, "grad": grads, "value_fn": loss, "obj_fn": loss}
        needs = optimizer_of(name).needs
        updates, state = optimizer.update(grads, state, params, **{key: extra[key] for key in needs})
        return optax.apply_updates(params, updates), state

    params, state = jax.lax.fori_loop(0, steps, body, (PARAMS, optimizer.init(PARAMS)))
    return params, state, eval_params(state, params)


def test_the_table_is_of_all_optimizers_of_optax():
    assert len(SUPPORTED) >= 45
    assert {"lion", "lamb", "muon", "prodigy", "schedule_free_adamw", "lbfgs", "sophia"} <= set(SUPPORTED)


@pytest.mark.filterwarnings("ignore:Specifying a key", "ignore:.optimistic_adam. is deprecated")
@pytest.mark.parametrize("name", SUPPORTED)
def test_laws(name):
    """It learns in lanes of traced rates; a lane is a solo run; other rates compile nothing; types stay."""
    name = f"optax.{'contrib.' * (not hasattr(optax, name))}{name}"
    compilations = 0

    def run(rate, steps):
        nonlocal compilations
        compilations += 1
        return descend(name, {"learning_rate": rate}, steps)

    last = name.rpartition(".")[2]
    steps, rates = STEPS.get(last, 60), RATES.get(last, 0.05) * jnp.asarray([1.0, 0.7], jnp.float32)
    lanes = jax.jit(jax.vmap(run, in_axes=(0, None)))
    params, state, averaged = lanes(rates, jnp.int32(steps))
    again = lanes(0.9 * rates, jnp.int32(7))
    assert compilations == 1
    assert not np.array_equal(again[0]["kernel"], params["kernel"])
    single = jax.jit(run)(rates[1], jnp.int32(steps))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[1], b, rtol=1e-3, atol=1e-4), averaged, single[2])
    assert jax.vmap(loss)(averaged).max() < 0.6 * loss(PARAMS)
    assert {leaf.dtype.name for leaf in jax.tree.leaves(params)} == {"float32"}
    assert {leaf.dtype.name for leaf in jax.tree.leaves(state)} <= {"float32", "int32", "uint32", "bool"}


@pytest.mark.parametrize("name", REFUSED)
def test_those_that_cannot_be_used_say_why(name):
    with pytest.raises(UserError, match=REFUSED[name]):
        optimizer_of(name)

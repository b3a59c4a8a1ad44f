"""Schedules of traced values against Optax's of Python numbers, PyTorch's OneCycleLR, and their definitions."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef
from nnjax.nn.schedules import SCHEDULES, make_schedule, schedule_of

T = 40
STEPS = np.arange(T + 3)  # also past the horizon


def rates(name, total=T, steps=STEPS, dtype=np.float32, **hyper):
    values = {"learning_rate": 0.2, **SCHEDULES[name].defaults} | hyper
    return _rates(name, {key: np.asarray(value, dtype) for key, value in values.items()}, np.int32(total), steps)


@functools.partial(jax.jit, static_argnums=0)
def _rates(name, hyper, total, steps):
    return jax.vmap(make_schedule(name, hyper, total))(steps)


@pytest.mark.parametrize(
    ("name", "hyper", "truth"),
    [
        ("constant", {}, optax.constant_schedule(0.2)),
        ("cosine", {"final_factor": 0.1}, optax.cosine_decay_schedule(0.2, T, alpha=0.1)),
        ("cosine", {}, optax.cosine_decay_schedule(0.2, T)),
        ("warmup", {"warmup": 0.25}, optax.warmup_constant_schedule(0.0, 0.2, 10)),
        (
            "warmup_cosine",
            {"warmup": 0.25, "final_factor": 0.1},
            optax.warmup_cosine_decay_schedule(0.0, 0.2, 10, T, end_value=0.02),
        ),
        ("exponential", {"final_factor": 0.01}, optax.exponential_decay(0.2, T, 0.01)),
        (
            "step",
            {"decay_factor": 0.5, "decay_every": 0.3},
            optax.piecewise_constant_schedule(0.2, {12: 0.5, 24: 0.5, 36: 0.5}),
        ),
        (
            "onecycle",
            {"warmup": 0.25, "final_factor": 4e-6},
            optax.cosine_onecycle_schedule(T, 0.2, 0.25, 25.0, 1e4),
        ),
    ],
)
def test_equals_optax(name, hyper, truth):
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        expected = jax.jit(jax.vmap(truth))(STEPS)
    np.testing.assert_allclose(rates(name, **hyper), expected, rtol=2e-5, atol=1e-8)


def test_onecycle_equals_torch_a_step_later():
    """torch 2.13.0: OneCycleLR(SGD([w], lr=.1), max_lr=.1, total_steps=11, pct_start=4/11, cycle_momentum=False)."""
    torch = [0.004, 0.028, 0.076, 0.1, 0.09504846320135, 0.08117456539498, 0.06112620219363, 0.03887419780637]
    torch += [0.01882583460502, 0.00495193679865, 4e-07]
    with jax.enable_x64(True):
        ours = rates("onecycle", 10, np.arange(11), np.float64, learning_rate=0.1, warmup=0.3, final_factor=4e-6)
        np.testing.assert_allclose(ours, torch, rtol=1e-10)


def test_values_by_hand():
    assert rates("warmup", 10, np.arange(4), warmup=0.2, learning_rate=1.0).tolist() == [0, 0.5, 1, 1]
    assert rates("warmup", 10, np.arange(2), warmup=0.0, learning_rate=1.0).tolist() == [1, 1]
    assert rates("cosine", 2, np.arange(3), learning_rate=1.0).tolist() == pytest.approx([1, 0.5, 0], abs=1e-7)
    assert rates("step", 4, np.arange(4), learning_rate=1.0).tolist() == [1, 0.5, 0.25, 0.125]


@pytest.mark.parametrize("every", [0.1, 0.2, 0.25, 1 / 3, 0.7])
@pytest.mark.parametrize("total", [10, 30, 12_000, 1_000_000])
def test_steps_fall_where_they_should(total, every):
    """At the step nearest to i · every · T, the earlier of two, although every · T is rounded to float32."""
    drops = [math.ceil(i * every * total - 0.5) for i in range(1, round(1 / every))]
    around = sorted({drop + side for drop in drops for side in (-1, 0)})
    expected = [0.5 ** sum(drop <= step for drop in drops) for step in around]
    found = rates("step", total, np.asarray(around), learning_rate=1.0, decay_every=every)
    assert found.tolist() == expected


@pytest.mark.parametrize("name", SCHEDULES)
def test_laws(name):
    """The peak is the learning rate and is reached; one compilation for all values; dtype kept; one step works."""
    compilations = 0

    @jax.jit
    def program(hyper, total, step):
        nonlocal compilations
        compilations += 1
        return make_schedule(name, hyper, total)(step)

    for factor, total in ((1.0, 10), (0.5, 1000)):
        hyper = {"learning_rate": 0.2 * factor, **SCHEDULES[name].defaults}
        program({key: jnp.float32(value) for key, value in hyper.items()}, jnp.int32(total), jnp.int32(3))
    assert compilations == 1
    curve = rates(name, 100, np.arange(100))
    assert float(curve.max()) == pytest.approx(0.2, rel=1e-6)
    assert float(curve.min()) >= 0
    assert curve.dtype == jnp.float32
    assert jnp.isfinite(rates(name, 1, np.arange(2))).all()
    with jax.enable_x64(True):
        assert rates(name, dtype=np.float64).dtype == jnp.float64


def run_own(function, hyper, steps=4, total=4):
    hyper = {key: jnp.float32(value) for key, value in hyper.items()}
    return jax.jit(jax.vmap(make_schedule(ObjectRef(function), hyper, jnp.int32(total))))(jnp.arange(steps))


def test_a_schedule_of_the_users_is_a_share_of_the_peak():
    def root(hyper, t, total):
        return (1 - t / total) ** hyper["power"] * hyper.get("scale", 1)

    record = schedule_of(ObjectRef(root))
    assert (record.reads, record.required, record.absolute) == (("power", "scale"), ("power",), False)
    np.testing.assert_allclose(run_own(root, {"learning_rate": 2.0, "power": 0.5}), 2 * np.sqrt([1, 0.75, 0.5, 0.25]))


def test_a_schedule_of_optax_is_the_rate_itself():
    own = optax.linear_schedule(0.4, 0.0, 4)
    assert schedule_of(ObjectRef(own)).absolute
    np.testing.assert_allclose(run_own(own, {}), [0.4, 0.3, 0.2, 0.1], rtol=1e-6)


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (lambda a, b: 1.0, r"a function \(hyper, step, total\) -> rate over its peak"),
        (0.1, "a function"),
        (lambda step: jnp.ones(3), r"gave shape \[3\], but one number was expected"),
        (lambda hyper, t, total: 1.0 if t < 3 else 0.1, r"TracerBool.*use jnp.where"),
    ],
)
def test_no_schedule(thing, words):
    with pytest.raises(UserError, match=words):
        schedule_of(ObjectRef(thing))

"""Optimizers: DECK.md's first steps, Keras 3, Optax's own, PyTorch's recorded values, steps worked by hand, laws."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from trajectories import GRADIENTS, START, trajectory

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.nn.optimizers import OPTIMIZERS, defaults, make_optimizer, resolve
from nnjax.nn.schedules import make_schedule

FORMS = [(name, preset) for name, optimizer in OPTIMIZERS.items() for preset in optimizer.presets]
# One preset for each different formula: the others differ in numbers only.
FORMULAS = [(name, "optax") for name in OPTIMIZERS]
FORMULAS += [(name, "keras3") for name in ("momentum", "nesterov", "adam")] + [
    ("rmsprop", "torch"),
    ("adagrad", "torch"),
]


def gradients_and_rates(seed=0, steps=25, d=6):
    rng = np.random.default_rng(seed)
    sizes = 10.0 ** rng.uniform(-6, 1, size=d)
    return rng.normal(size=(steps, d)) * sizes, 0.1 * 0.8 ** np.arange(steps), rng.normal(size=d)


@pytest.mark.parametrize(
    ("name", "preset", "gradient", "first_step"),
    [  # DECK.md section 4
        ("adadelta", "keras2", 1e-3, -8.16497e-4),
        ("adadelta", "keras3", 1e-3, -8.16497e-7),
        ("adadelta", "torch", 1e-3, -9.53463e-4),
        ("adadelta", "optax", 1e-3, -9.53463e-4),
        ("adadelta", "zeiler", 1e-3, -9.75900e-4),
        # DECK.md's -9.96841e-4 is Keras in float32, where 1 - b2 is rounded in one place of two; the formula gives:
        ("adam", "keras2", 1e-3, -1e-3 * 1e-3 / (1e-3 + 1e-7 / 1e-3**0.5)),
        ("adam", "keras3", 1e-3, -1e-3 * 1e-3 / (1e-3 + 1e-7 / 1e-3**0.5)),
        ("adam", "keras3", 1e-6, -2.4025e-4),
        ("adam", "optax", 1e-6, -1e-3 * 1e-6 / (1e-6 + 1e-8)),  # the correction undoes 1 - b1 and 1 - b2
        ("adam", "torch", 1e-6, -1e-3 * 1e-6 / (1e-6 + 1e-8)),
        ("sgd", "keras3", 1e-3, -1e-5),
    ],
)
def test_golden_first_steps(name, preset, gradient, first_step):
    (step,) = trajectory(name, preset, [[gradient]], [0.0])[0]
    assert step == pytest.approx(first_step, rel=2e-5 if first_step == -2.4025e-4 else 1e-6)
    hyper = {key: jnp.float32(value) for key, value in defaults(name, preset).items()}
    optimizer = make_optimizer(name, preset, hyper, lambda count: hyper["learning_rate"])
    update, _ = optimizer.update(jnp.float32(gradient), optimizer.init(jnp.float32(0)), jnp.float32(0))
    assert float(update) == pytest.approx(first_step, rel=3e-5)  # in float32 too


@pytest.mark.parametrize(
    ("name", "preset", "updates"),
    [  # two steps at gradient 2 by hand; root of v, ε inside it or outside, first accumulator
        ("rmsprop", "keras2", [1e-3 * 2 / (0.4**0.5 + 1e-7), 1e-3 * 2 / (0.76**0.5 + 1e-7)]),
        ("rmsprop", "keras3", [1e-3 * 2 / (0.4 + 1e-7) ** 0.5, 1e-3 * 2 / (0.76 + 1e-7) ** 0.5]),
        ("rmsprop", "optax", [1e-3 * 2 / (0.4 + 1e-8) ** 0.5, 1e-3 * 2 / (0.76 + 1e-8) ** 0.5]),
        ("rmsprop", "torch", [1e-2 * 2 / (0.04**0.5 + 1e-8), 1e-2 * 2 / (0.0796**0.5 + 1e-8)]),
        ("adagrad", "keras2", [1e-2 * 2 / (4**0.5 + 1e-7), 1e-2 * 2 / (8**0.5 + 1e-7)]),
        ("adagrad", "keras3", [1e-3 * 2 / (4.1 + 1e-7) ** 0.5, 1e-3 * 2 / (8.1 + 1e-7) ** 0.5]),
        ("adagrad", "optax", [1e-2 * 2 / (4.1 + 1e-7) ** 0.5, 1e-2 * 2 / (8.1 + 1e-7) ** 0.5]),
        ("adagrad", "torch", [1e-2 * 2 / (4**0.5 + 1e-10), 1e-2 * 2 / (8**0.5 + 1e-10)]),
        ("momentum", "optax", [1e-2 * 2, 1e-2 * (2 + 0.9 * 2)]),
        ("nesterov", "keras3", [1e-2 * (2 + 0.9 * 2), 1e-2 * (2 + 0.9 * 3.8)]),
    ],
)
def test_two_steps_by_hand(name, preset, updates):
    steps = trajectory(name, preset, [[2.0], [2.0]], [0.0])[:, 0]
    np.testing.assert_allclose(np.diff(steps, prepend=0), -np.asarray(updates), rtol=1e-12)


def test_momentum_of_a_falling_rate():
    """Keras keeps the rate inside the velocity, the others multiply by it last: worked by hand at rates 1, then .1."""
    inside = trajectory("momentum", "keras3", [[1.0], [0.0]], [0.0], rates=[1.0, 0.1])[:, 0]
    outside = trajectory("momentum", "torch", [[1.0], [0.0]], [0.0], rates=[1.0, 0.1])[:, 0]
    np.testing.assert_allclose(inside, [-1, -1.9], rtol=1e-12)
    np.testing.assert_allclose(outside, [-1, -1.09], rtol=1e-12)


@pytest.mark.parametrize("name", [name for name, preset in FORMS if preset == "keras3"])
def test_equals_keras(name):
    """25 steps with gradients over seven orders of magnitude and a falling rate, in float64."""
    import keras

    gradients, rates, start = gradients_and_rates()
    made = {"momentum": "SGD", "nesterov": "SGD", "adamw": "AdamW", "rmsprop": "RMSprop", "sgd": "SGD"}
    more = {"momentum": 0.9, "nesterov": name == "nesterov"} if name in ("momentum", "nesterov") else {}
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            optimizer = getattr(keras.optimizers, made.get(name, name.capitalize()))(**more)
            variable = keras.Variable(start, dtype="float64")
            optimizer.build([variable])
            place = [own.name for own in optimizer.variables].index("learning_rate")
            update, truth = jax.jit(optimizer.stateless_apply), []
            weights, state = [variable.value], [own.value for own in optimizer.variables]
            for gradient, rate in zip(gradients, rates, strict=True):
                state[place] = jnp.asarray(rate, state[place].dtype)
                weights, state = update(state, [gradient], weights)
                truth.append(np.asarray(weights[0]))
    finally:
        keras.config.set_floatx(before)
    np.testing.assert_allclose(trajectory(name, "keras3", gradients, start, rates), truth, rtol=1e-9, atol=1e-12)


def test_adam_equals_keras_in_float32_as_well_as_float32_allows():
    step = trajectory("adam", "keras3", [[1e-3]], [0.0])[0, 0]
    assert step == pytest.approx(-9.96841e-4, rel=1e-5)  # DECK.md section 4


def test_defaults_are_those_of_keras():
    import keras

    attributes = {"b1": "beta_1", "b2": "beta_2"}
    for name, cls in {
        "sgd": "SGD",
        "adam": "Adam",
        "adamw": "AdamW",
        "adadelta": "Adadelta",
        "rmsprop": "RMSprop",
    }.items():
        optimizer = getattr(keras.optimizers, cls)()
        for key, value in defaults(name, "keras3").items():
            found = getattr(optimizer, attributes.get(key, key))
            assert float(getattr(found, "value", found)) == pytest.approx(value, rel=1e-6), (name, key)


OPTAX = {
    "sgd": optax.sgd,
    "momentum": lambda rate: optax.sgd(rate, momentum=0.9),
    "nesterov": lambda rate: optax.sgd(rate, momentum=0.9, nesterov=True),
    "adam": optax.adam,
    "adamw": optax.adamw,
    "adadelta": optax.adadelta,
    "rmsprop": optax.rmsprop,
    "adagrad": optax.adagrad,
}


@pytest.mark.parametrize("name", OPTAX)
def test_equals_optax(name):
    gradients, rates, start = gradients_and_rates(seed=1)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        optimizer = OPTAX[name](lambda count: jnp.asarray(rates)[count])
        w = jnp.asarray(start)
        update, state, truth = jax.jit(optimizer.update), optimizer.init(w), []
        for gradient in gradients:
            updates, state = update(jnp.asarray(gradient), state, w)
            w = w + updates
            truth.append(np.asarray(w))
    np.testing.assert_allclose(trajectory(name, "optax", gradients, start, rates), truth, rtol=1e-10, atol=1e-12)


# torch 2.13.0, float64, the weights after GRADIENTS from START (tests/peers/test_torch.py computes them live):
#   w = torch.tensor(START, dtype=torch.float64, requires_grad=True); o = torch.optim.Adam([w])
#   for g in GRADIENTS: w.grad = torch.tensor(g, dtype=torch.float64); o.step()
TORCH = {
    "sgd": [0.9995, -0.9994, 0.500000899],
    "momentum": [0.9983795, -0.996682, 0.500000089],
    "nesterov": [0.99804155, -0.9964138, 0.5000009791],
    "adam": [0.99763643900314, -0.99859666327573, 0.49883016204534],
    "adamw": [0.99759648777071, -0.99855669981603, 0.49881020402065],
    "adadelta": [0.99656487385929, -0.99983319171472, 0.5006551801068],
    "rmsprop": [0.89899291170119, -0.96249181017375, 0.47949429762769],
    "adagrad": [0.98990720110293, -0.99621829413739, 0.4979358368719],
}


@pytest.mark.parametrize("name", [name for name, preset in FORMS if preset == "torch"])
def test_equals_torch(name):
    np.testing.assert_allclose(trajectory(name, "torch")[-1], TORCH[name], rtol=0, atol=2e-14)


@pytest.mark.parametrize("name", ["adadelta", "adam"])
def test_presets_keep_their_form_when_hyperparameters_are_given(name):
    """Keras's Adam is not Optax's with another ε, whatever its value."""
    forms = [trajectory(name, preset, epsilon=1e-3, rho=0.9, learning_rate=0.1)[-1] for preset in ("keras3", "optax")]
    assert np.allclose(*forms, rtol=1e-12) == (name == "adadelta")


@pytest.mark.parametrize(("name", "preset"), FORMULAS)
def test_weight_decay_is_decoupled(name, preset):
    """Without a gradient w shrinks by the factor 1 - rate · weight_decay, and nothing else happens."""
    still = np.zeros((4, 3))
    weights = trajectory(name, preset, still, rates=[0.5] * 4, weight_decay=0.1, clip_norm=100.0)
    np.testing.assert_allclose(weights, np.outer((1 - 0.05) ** np.arange(1, 5), START), rtol=1e-12)


@pytest.mark.parametrize(("name", "preset"), FORMULAS)
def test_clipping_comes_first(name, preset):
    """Clipping to half the norm halves the gradient; a norm that is not reached changes no bit."""
    same = np.tile(GRADIENTS[0], (4, 1))
    clipped = trajectory(name, preset, same, weight_decay=0.0, clip_norm=np.linalg.norm(GRADIENTS[0]) / 2)
    halved = trajectory(name, preset, same / 2, weight_decay=0.0, clip_norm=100.0)
    np.testing.assert_allclose(clipped, halved, rtol=1e-12)
    np.testing.assert_array_equal(halved, trajectory(name, preset, same / 2, weight_decay=0.0, clip_norm=1000.0))


def test_clipping_uses_the_norm_of_all_parameters_together():
    hyper = {"learning_rate": jnp.float32(1), "clip_norm": jnp.float32(1)}
    optimizer = make_optimizer("sgd", "optax", hyper, lambda count: hyper["learning_rate"])
    grads = {"a": jnp.float32(3), "b": jnp.float32(4)}
    updates, _ = optimizer.update(grads, optimizer.init(grads), grads)
    assert updates == {"a": pytest.approx(-0.6), "b": pytest.approx(-0.8)}


def make_params(dtype=jnp.float32):
    return {"layer": {"kernel": jnp.asarray([[1.0, -2.0], [0.5, 3.0]], dtype), "bias": jnp.asarray([0.1, 0.0], dtype)}}


def descend(name, preset, hyper, steps):
    """Minimize the sum of squares of the parameters inside one program; returns parameters and state."""
    params = make_params(hyper["learning_rate"].dtype)
    optimizer = make_optimizer(name, preset, hyper, make_schedule("constant", hyper, steps))

    def body(_, carry):
        params, state = carry
        updates, state = optimizer.update(jax.tree.map(lambda w: 2 * w, params), state, params)
        return optax.apply_updates(params, updates), state

    return jax.lax.fori_loop(0, steps, body, (params, optimizer.init(params)))


def traced(name, preset, dtype=jnp.float32, **more):
    values = defaults(name, preset) | {"clip_norm": 5.0, "weight_decay": 0.01} | more
    return {key: jnp.asarray(value, dtype) for key, value in values.items()}


@pytest.mark.parametrize(("name", "preset"), FORMULAS)
def test_laws(name, preset):
    """It learns; one compilation for all values; a state of arrays in the parameters' dtype; vmap changes nothing."""
    compilations = 0

    def run(hyper, steps):
        nonlocal compilations
        compilations += 1
        return descend(name, preset, hyper, steps)

    program, alone = jax.jit(jax.vmap(run, in_axes=(0, None))), jax.jit(run)
    rate = {"adadelta": 30.0, "adagrad": 0.5}.get(name, 0.05)
    settings = [traced(name, preset, learning_rate=rate * factor, epsilon=1e-6 * factor) for factor in (1, 2)]
    lanes = jax.tree.map(lambda *leaves: jnp.stack(leaves), *settings)
    params, state = program(lanes, jnp.int32(40))
    program(jax.tree.map(lambda leaf: leaf * 0.9, lanes), jnp.int32(7))
    assert compilations == 1

    for lane, hyper in enumerate(settings):
        mine, single = jax.tree.map(lambda leaf, lane=lane: leaf[lane], params), alone(hyper, jnp.int32(40))[0]
        assert optax.tree.norm(mine) < 0.5 * optax.tree.norm(make_params())
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), mine, single)
    assert compilations == 2
    for leaf in jax.tree.leaves(state):
        assert leaf.dtype == (jnp.int32 if leaf.shape == (2,) else jnp.float32)  # [m] are the counts of steps
        assert leaf.shape != (2,) or (leaf == 40).all()


@pytest.mark.parametrize(("name", "preset"), FORMULAS)
def test_float64_stays_float64(name, preset):
    with jax.enable_x64(True):
        hyper = traced(name, preset, jnp.float64)
        shapes = jax.eval_shape(lambda h: descend(name, preset, h, 3), hyper)
        assert {leaf.dtype.name for leaf in jax.tree.leaves(shapes)} <= {"float64", "int32"}


def test_every_optimizer_reads_what_its_defaults_name():
    for name, preset in FORMS:
        assert set(defaults(name, preset)) == {"learning_rate", *OPTIMIZERS[name].reads}, (name, preset)
    assert {name for name, _ in FORMS} == set(OPTIMIZERS)


@pytest.mark.parametrize(("name", "preset"), [("adamw", "keras2"), ("adam", "zeiler"), ("adam", "nobody")])
def test_a_preset_without_the_optimizer_is_refused(name, preset):
    with pytest.raises(UserError, match=f"{name}.*{preset}.*optax, .*keras3, torch"):
        defaults(name, preset)


def test_an_unknown_optimizer_is_refused():
    with pytest.raises(UserError, match=r"'tiger'.*no preset has it"):
        defaults("tiger", "optax")


def test_resolve_fills_in_what_is_read_and_keeps_what_is_set():
    experiment = Experiment(
        optimizer=OptimizerConfig("adadelta", "keras2", "warmup_cosine"),
        hyperparameters=Hyperparameters(rho=0.8, dropout=0.2),
    )
    resolved = resolve(experiment)
    assert resolved.hyperparameters.present() == {
        "learning_rate": 1.0,
        "rho": 0.8,
        "epsilon": 1e-7,
        "dropout": 0.2,
        "warmup": 0.1,
        "final_factor": 0.0,
    }
    assert resolve(resolved) == resolved
    assert dataclasses.replace(resolved, hyperparameters=experiment.hyperparameters) == experiment


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_weights_of_half_precision_have_a_state_in_float32(dtype):
    """Updates are those of the same gradients in float32 (tested above), rounded; squares of 1e-6 are not lost."""
    grads = {"w": jnp.asarray([1e-6, -0.5, 2.0], dtype)}
    params = {"w": jnp.asarray([1.0, -2.0, 0.5], dtype)}

    def steps(name, preset, grads, params):
        hyper = {key: jnp.float32(value) for key, value in defaults(name, preset).items()} | {
            "weight_decay": jnp.float32(0.1)
        }
        optimizer = make_optimizer(name, preset, hyper, make_schedule("constant", hyper, 3))
        state = optimizer.init(params)
        for _ in range(2):
            updates, new = optimizer.update(grads, state, params)
            assert jax.tree.map(jnp.result_type, new) == jax.tree.map(jnp.result_type, state)
            state = new
        return updates["w"]

    for name, optimizer in OPTIMIZERS.items():
        preset = next(iter(optimizer.presets))
        found = steps(name, preset, grads, params)
        wide = jax.tree.map(lambda a: a.astype(jnp.float32), (grads, params))
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, steps(name, preset, *wide).astype(dtype), err_msg=name)

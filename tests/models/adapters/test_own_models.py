"""Models of other libraries, each with BatchNorm and Dropout: the laws of a lane, and the libraries' own loops."""

import pathlib
import random
import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn
from flax import nnx
from own_functions import BLOBS, RATE, X, Y, experiment
from own_models import KINDS, EquinoxNet, LinenNet, NnxNet, keras_net

import nnjax
from nnjax.api import Stopped
from nnjax.models.adapters import adapt
from nnjax.models.adapters.keras import to_keras
from nnjax.nn.user_functions import by_standard_rules

SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("nnx", "equinox", "keras", "functions")]
ONE = nnjax.Plan(devices=1, lanes=1)
START = np.arange(0, 203, 32)


def cross_entropy(z, y):
    return optax.losses.softmax_cross_entropy_with_integer_labels(z, y).mean()


def descend(params, grads):
    return jax.tree.map(lambda p, g: p - RATE * g, params, grads)


def batches():
    return [(jnp.asarray(X[i : i + 32]), jnp.asarray(Y[i : i + 32])) for i in START]


def leaves(variables):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(variables)]


def assert_near(found, truth, tolerance=1e-5):
    for a, b in zip(leaves(found), leaves(truth), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", ["linen", *SLOW])
def test_lanes_equal_solo_runs_and_seeds_differ(kind):
    own = experiment(KINDS[kind](0.3))
    many = nnjax.sweep(own, {"seed": range(8)}, data=BLOBS, plan=nnjax.Plan(devices=1, lanes=8))
    for trial in (0, 5):
        alone = nnjax.sweep(own, {"seed": [trial]}, data=BLOBS, plan=ONE)
        assert_near(many.variables(trial), alone.variables(0))
    again = nnjax.sweep(own, {"seed": range(7, -1, -1)}, data=BLOBS, plan=nnjax.Plan(devices=1, lanes=8))
    for a, b in zip(leaves(many.variables(6)), leaves(again.variables(1)), strict=True):  # another lane: the same bits
        np.testing.assert_array_equal(a, b)
    assert len({float(record.curves["train_loss"][0]) for record in many.records}) == 8


@pytest.mark.parametrize("kind", ["linen", *SLOW])
def test_evaluation_changes_no_state_and_takes_no_key(kind):
    model = adapt(KINDS[kind](0.5))
    model = model._replace(apply=by_standard_rules(model.apply))
    x = jnp.asarray(X[:6])
    draw = model.draw or jax.jit(lambda seed: model.init(jax.random.key(seed), x[:1], {}))
    variables = draw(3)

    def traced_anew(key=None):
        train = key is not None
        return jax.jit(lambda v, key: model.apply(v, x, train=train, key=key, hyper={}))(variables, key)

    (one, state), (two, _) = traced_anew(), traced_anew()
    np.testing.assert_array_equal(one, two)
    for a, b in zip(leaves(state), leaves(variables.state), strict=True):
        np.testing.assert_array_equal(a, b)
    trained, changed = traced_anew(jax.random.key(1))
    assert np.abs(np.asarray(trained) - np.asarray(one)).max() > 1e-3
    assert jax.tree.structure(changed) == jax.tree.structure(variables.state)
    assert any(np.any(a != b) for a, b in zip(leaves(changed), leaves(variables.state), strict=True))


def start_of(kind, model):
    """The variables that seed 0 draws, as the trial draws them."""
    adapted = adapt(model)
    if adapted.draw is not None:
        return adapted.draw(0)
    draw = jax.jit(lambda: adapted.init(jax.random.fold_in(jax.random.key(jnp.uint32(0)), 0), jnp.zeros((1, 4)), {}))
    return draw()


def test_linen_ends_as_its_own_loop_does():
    net = LinenNet(0.0)
    run = nnjax.sweep(experiment(net, epochs=2), data=BLOBS)
    params, state = start_of("linen", net)

    def loss(params, state, x, y):
        z, new = net.apply({"params": params, **state}, x, train=True, mutable=["batch_stats"])
        return cross_entropy(z, y), new

    @jax.jit
    def step(params, state, x, y):
        (_, state), grads = jax.value_and_grad(loss, has_aux=True)(params, state, x, y)
        return descend(params, grads), state

    for x, y in 2 * batches():
        params, state = step(params, state, x, y)
    assert_near(run.variables(0), (params, state))


@pytest.mark.slow
def test_nnx_ends_as_its_own_loop_does():
    run = nnjax.sweep(experiment(KINDS["nnx"](0.0), epochs=2), data=BLOBS)
    start = start_of("nnx", KINDS["nnx"](0.0))
    net = NnxNet(nnx.Rngs(0), 0.0)
    for part, values in ((nnx.Param, start.params), (nnx.BatchStat, start.state)):
        state = nnx.state(net, part)
        nnx.replace_by_pure_dict(state, values)
        nnx.update(net, state)
    net.train()

    @nnx.jit
    def step(net, x, y):
        grads = nnx.grad(lambda net: cross_entropy(net(x), y))(net)
        nnx.update(net, descend(nnx.state(net, nnx.Param), grads))

    for x, y in 2 * batches():
        step(net, x, y)
    found = [nnx.to_pure_dict(nnx.state(net, part)) for part in (nnx.Param, nnx.BatchStat)]
    assert_near(run.variables(0), tuple(found))


@pytest.mark.slow
def test_equinox_ends_as_its_own_loop_does():
    run = nnjax.sweep(experiment(KINDS["equinox"](0.0), epochs=2), data=BLOBS)
    key = jax.random.fold_in(jax.random.key(jnp.uint32(0)), 0)
    net, state = eqx.nn.make_with_state(EquinoxNet)(key, 0.0)

    def loss(net, state, x, y):
        z, state = jax.vmap(net, axis_name="batch", in_axes=(0, None), out_axes=(0, None))(x, state)
        return cross_entropy(z, y), state

    for x, y in 2 * batches():
        (_, state), grads = eqx.filter_jit(eqx.filter_value_and_grad(loss, has_aux=True))(net, state, x, y)
        net = eqx.apply_updates(net, jax.tree.map(lambda g: -RATE * g, grads))
    found = run.variables(0)
    assert_near(sorted(leaves(found.params), key=repr), sorted(leaves(eqx.filter(net, eqx.is_inexact_array)), key=repr))
    assert_near([leaf for name, leaf in sorted(found.state.items()) if name.startswith("nn.State")], state)


@pytest.mark.slow
@pytest.mark.parametrize("last", [None, "softmax"])
def test_keras_ends_as_train_on_batch_does(last):
    import keras

    net = keras_net(0.0, kernel_regularizer=keras.regularizers.L2(0.05))
    if last:
        net = keras.Model(net.inputs, keras.layers.Softmax()(net.outputs[0]))
    run = nnjax.sweep(experiment(net, epochs=2), data=BLOBS)
    plain = to_keras(net, start_of("keras", net))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=not last)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        plain.compile(optimizer=keras.optimizers.SGD(RATE), loss=loss)
        for i in 2 * [*START]:
            plain.train_on_batch(X[i : i + 32], Y[i : i + 32])
    back = to_keras(net, run.variables(0))
    for a, b in zip(back.weights, plain.weights, strict=True):
        np.testing.assert_allclose(a.value, b.value, atol=2e-5)
    outputs = np.asarray(back(X))
    truth = run.outputs(X)
    np.testing.assert_allclose(outputs if last else jax.nn.softmax(outputs), truth, atol=1e-5)


def test_keras_draws_leave_the_global_random_state():
    import keras

    model = adapt(keras_net())
    keras.utils.set_random_seed(4)
    truth = random.random(), np.random.random(), np.asarray(keras.random.normal((2,)))  # noqa: NPY002
    keras.utils.set_random_seed(4)
    model.draw(1)
    found = random.random(), np.random.random(), np.asarray(keras.random.normal((2,)))  # noqa: NPY002
    assert found[:2] == truth[:2]
    np.testing.assert_array_equal(found[2], truth[2])


def test_frozen_keras_layers_keep_the_weights_that_they_have():
    net = keras_net()
    net.layers[1].trainable = False
    given = [np.asarray(v.value) for v in net.layers[1].weights]
    run = nnjax.sweep(experiment(net), {"seed": range(2)}, data=BLOBS)
    for trial in range(2):
        back = to_keras(net, run.variables(trial))
        for a, b in zip(back.layers[1].weights, given, strict=True):
            np.testing.assert_array_equal(a.value, b)


def test_the_example_of_the_page_trains():
    page = pathlib.Path(__file__).parents[3] / "docs" / "extending" / "model.md"
    code, _padded = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    names = {}
    exec(compile(code, page.name, "exec"), names)
    model = adapt(names["experiment"].model.kind.object)
    variables = model.init(jax.random.key(0), jnp.zeros((1, 4)), {})
    assert model.apply(variables, jnp.zeros((2, 4)), train=False, key=None, hyper={})[0].shape == (2, 10)


@pytest.mark.parametrize("kind", ["linen", *SLOW])
def test_a_stopped_run_goes_on_with_the_same_bits(kind, tmp_path):
    own = experiment(KINDS[kind](0.3), epochs=4)
    stops = iter([False, True])
    whole = nnjax.sweep(own, {"seed": range(2)}, data=BLOBS, workdir=tmp_path / "whole", plan=ONE)
    asked = []

    def should_stop():
        asked.append(1)
        return next(stops, True)

    with pytest.raises(Stopped):
        nnjax.sweep(own, {"seed": range(2)}, data=BLOBS, workdir=tmp_path / "part", plan=ONE, should_stop=should_stop)
    again = nnjax.sweep(own, {"seed": range(2)}, data=BLOBS, workdir=tmp_path / "part", plan=ONE)
    for trial in range(2):
        for a, b in zip(leaves(again.variables(trial)), leaves(whole.variables(trial)), strict=True):
            np.testing.assert_array_equal(a, b)


def test_bfloat16_computation_keeps_float32_weights():
    run = nnjax.sweep(experiment(nnjax.ModelConfig(LinenNet(0.0), dtype="bfloat16"), epochs=5), data=BLOBS)
    full = nnjax.sweep(experiment(LinenNet(0.0), epochs=5), data=BLOBS)
    assert {leaf.dtype for leaf in leaves(run.variables(0))} == {np.dtype("float32")}
    one, two = (found.records[0].curves["train_loss"][-1] for found in (run, full))
    assert one == pytest.approx(two, rel=0.05)
    assert one != two


class Auto(nn.Module):
    def setup(self):
        self.narrow, self.wide = nn.Dense(2), nn.Dense(4)

    def encode(self, x):
        return nn.tanh(self.narrow(x))

    def decode(self, code):
        return self.wide(code)

    def __call__(self, x):
        return self.decode(self.encode(x))


def test_codes_of_an_autoencoder():
    own = experiment(
        nnjax.ModelConfig(Auto(), output_activation="linear", reconstruct=True), loss="mean_squared_error", epochs=3
    )
    run = nnjax.sweep(own, data=BLOBS)
    codes = run.outputs(X[:5], encode=True)
    params = run.variables(0).params
    np.testing.assert_allclose(codes, Auto().apply({"params": params}, X[:5], method="encode"), atol=1e-6)
    np.testing.assert_allclose(run.outputs(X[:5]), Auto().apply({"params": params}, X[:5]), atol=1e-6)


class MovingAverage(eqx.Module):
    """BatchNorm in Equinox's first mode, whose state holds a constant after the first step."""

    first: eqx.nn.Linear
    norm: eqx.nn.BatchNorm
    last: eqx.nn.Linear

    def __init__(self, key):
        one, two = jax.random.split(key)
        self.first, self.last = eqx.nn.Linear(4, 8, key=one), eqx.nn.Linear(8, 3, key=two)
        self.norm = eqx.nn.BatchNorm(8, axis_name="batch", mode="ema", momentum=0.9)

    def __call__(self, x, state):
        x, state = self.norm(self.first(x), state)
        return self.last(jax.nn.relu(x)), state


@pytest.mark.slow
def test_a_state_that_is_set_to_a_constant_trains_as_its_own_loop_does():
    run = nnjax.sweep(experiment(MovingAverage, epochs=1), {"seed": range(2)}, data=BLOBS)
    net, state = eqx.nn.make_with_state(MovingAverage)(jax.random.fold_in(jax.random.key(jnp.uint32(1)), 0))

    @eqx.filter_jit
    @eqx.filter_value_and_grad(has_aux=True)
    def loss(net, state, x, y):
        z, state = jax.vmap(net, axis_name="batch", in_axes=(0, None), out_axes=(0, None))(x, state)
        return cross_entropy(z, y), state

    for x, y in batches():
        (_, state), grads = loss(net, state, x, y)
        net = eqx.apply_updates(net, jax.tree.map(lambda g: -RATE * g, grads))
    found = run.variables(1)
    assert_near(sorted(leaves(found.params), key=repr), sorted(leaves(eqx.filter(net, eqx.is_inexact_array)), key=repr))
    assert_near([leaf for name, leaf in sorted(found.state.items()) if name.startswith("nn.State")], state)


class KeyedNet(eqx.Module):
    """Its key stands before its state, and it takes both in evaluation too."""

    first: eqx.nn.Linear
    norm: eqx.nn.BatchNorm
    drop: eqx.nn.Dropout
    last: eqx.nn.Linear

    def __init__(self, key):
        one, two = jax.random.split(key)
        self.first, self.last = eqx.nn.Linear(4, 8, key=one), eqx.nn.Linear(8, 3, key=two)
        self.norm, self.drop = eqx.nn.BatchNorm(8, axis_name="batch", mode="batch"), eqx.nn.Dropout(0.5)

    def __call__(self, x, key, state):
        _, key = jax.random.split(key)
        x, state = self.norm(self.first(x), state)
        return self.last(self.drop(jax.nn.relu(x), key=key)), state


class LateStreams(nnx.Module):
    """Its dropout is given its streams when it is called."""

    def __init__(self, rngs):
        self.first, self.drop, self.last = nnx.Linear(4, 8, rngs=rngs), nnx.Dropout(0.5), nnx.Linear(8, 3, rngs=rngs)

    def __call__(self, x, rngs):
        return self.last(self.drop(nnx.relu(self.first(x)), rngs=rngs))


@pytest.mark.parametrize("net", [KeyedNet, eqx.nn.make_with_state(KeyedNet), LateStreams], ids=["key", "made", "rngs"])
def test_modules_that_take_their_randomness_by_name(net):
    model = adapt(net)
    model = model._replace(apply=by_standard_rules(model.apply))
    variables = jax.jit(lambda: model.init(jax.random.key(0), jnp.zeros((1, 4)), {}))()

    def traced_anew(train, key=None):
        return np.asarray(
            jax.jit(lambda x, key: model.apply(variables, x, train=train, key=key, hyper={})[0])(X[:8], key)
        )

    np.testing.assert_array_equal(traced_anew(False), traced_anew(False))  # nothing is dropped
    lively = [traced_anew(True, jax.random.key(s)) for s in (1, 1, 2)]
    np.testing.assert_array_equal(lively[0], lively[1])
    assert np.abs(lively[0] - lively[2]).max() > 1e-3


class EquinoxAuto(eqx.Module):
    narrow: eqx.nn.Linear
    wide: eqx.nn.Linear

    def __init__(self, key):
        one, two = jax.random.split(key)
        self.narrow, self.wide = eqx.nn.Linear(4, 2, key=one), eqx.nn.Linear(2, 4, key=two)

    def encode(self, x):
        return jnp.tanh(self.narrow(x))

    def decode(self, code):
        return self.wide(code)

    def __call__(self, x):
        return self.decode(self.encode(x))


def init_auto(key, x):
    return {"narrow": jax.random.normal(key, (4, 2)), "wide": jnp.ones((2, 4))}


def encode_auto(params, x):
    return jnp.tanh(x @ params["narrow"])


def decode_auto(params, code):
    return code @ params["wide"]


def apply_auto(params, x):
    return decode_auto(params, encode_auto(params, x))


@pytest.mark.parametrize(
    "model",
    [pytest.param(EquinoxAuto, marks=pytest.mark.slow), (init_auto, apply_auto, encode_auto, decode_auto)],
    ids=["eqx", "pair"],
)
def test_codes_and_latent_figures(model, tmp_path):
    """What comes out is the decoder's of the code; the report draws the codes."""
    config = nnjax.ModelConfig(model, output_activation="linear", reconstruct=True)
    run = nnjax.sweep(experiment(config, loss="mean_squared_error", epochs=3), data=BLOBS)
    codes = run.outputs(X[:5], encode=True)
    assert codes.shape == (5, 2)
    adapted = adapt(model)
    np.testing.assert_allclose(adapted.decode(run.variables(0), codes), run.predict(X[:5]), atol=1e-6)
    params = run.variables(0).params
    if model is EquinoxAuto:
        truth = np.tanh(X[:5] @ params["narrow/weight"].T + params["narrow/bias"])
    else:
        truth = np.tanh(X[:5] @ params["narrow"])
    np.testing.assert_allclose(codes, truth, atol=1e-6)
    assert "The latent space" in run.report(tmp_path / "report.html").read_text("utf-8")

"""Substitutes of a CPU against XLA's own operations, and models of four libraries against themselves."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from flax import nnx
from jax import lax

from nnjax.core.experiment import ModelConfig
from nnjax.core.object_refs import ObjectRef
from nnjax.models import cpu_substitutes
from nnjax.models.adapters import adapt
from nnjax.models.cpu_substitutes import native_operations, with_substitutes
from nnjax.models.model import Variables
from nnjax.models.operation_counts import trace
from nnjax.models.user_models import model_of
from nnjax.nn.user_functions import by_standard_rules
from nnjax.train.engine.fingerprint import model_fingerprint

RNG = np.random.default_rng(0)
LAST, FIRST = ("NHWC", "HWIO", "NHWC"), ("NCHW", "OIHW", "NCHW")
CASES = (  # (kernel [sides, inputs of a group, maps], groups, layout, strides, padding, further settings)
    ((3, 3, 4, 6), 1, FIRST, (2, 1), "VALID", {}),
    ((2, 3, 4, 5), 1, ("CHWN", "IHWO", "HWCN"), (2, 2), ((2, 0), (-1, 3)), {"rhs_dilation": (1, 2)}),
    ((3, 3, 4, 3), 1, LAST, (1, 1), ((1, 2), (2, 1)), {"lhs_dilation": (2, 2)}),  # a transposed convolution
    ((3, 3, 1, 8), 4, LAST, (1, 1), "SAME", {}),  # depthwise
    ((3, 2, 2, 6), 2, FIRST, (1, 2), "SAME", {"rhs_dilation": (2, 1)}),
    ((3, 4, 5), 1, ("NWC", "WIO", "NWC"), (2,), "SAME", {}),
    ((4, 2, 6), 2, ("NCW", "OIW", "NCW"), (1,), ((3, 0),), {"rhs_dilation": (2,)}),
)


def names(function, *args):
    return str(jax.make_jaxpr(function)(*args))


def assert_near(found, truth, tolerance=1e-5):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(truth), strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def normal(*shape):
    return jnp.asarray(RNG.normal(size=shape), jnp.float32)


def with_gradients(functions, data):
    """Give values and gradients of functions, each of two lanes that share no argument."""

    def one(function, args):
        y, back = jax.vjp(function, *args)
        return y, back(jnp.cos(y))

    return [jax.vmap(lambda *args, f=f: one(f, args))(*args) for f, args in zip(functions, data, strict=True)]


def convolution(groups, layout, strides, padding, more):
    return lambda x, kernel: lax.conv_general_dilated(
        x, kernel, strides, padding, dimension_numbers=layout, feature_group_count=groups, **more
    )


def test_convolutions_have_the_values_and_gradients_of_xla():
    functions, data = [], []
    for kernel, groups, layout, *settings in CASES:
        dims = len(kernel) - 2
        sides, names_x, names_k = (7, 6)[:dims], "N" + "HW"[-dims:] + "C", "HW"[-dims:] + "IO"
        x, k = normal(2, 3, *sides, 4), 0.3 * normal(2, *kernel)
        x = x.transpose(0, *(names_x.index(axis) + 1 for axis in layout[0]))
        k = k.transpose(0, *(names_k.index(axis) + 1 for axis in layout[1]))
        functions.append(convolution(groups, layout, *settings))
        data.append((x, k))

    @jax.jit
    def both(data):
        return with_gradients(map(with_substitutes, functions), data), with_gradients(functions, data)

    assert "conv_general" not in names(lambda data: with_gradients(map(with_substitutes, functions), data), data)
    assert_near(*both(data))


def test_pooling_has_the_values_and_gradients_of_xla_among_equal_ones():
    x = jnp.asarray(RNG.integers(0, 3, (2, 3, 7, 6, 2)), jnp.float32)  # many equal values
    settings = [((1, 2, 2, 1), (1, 2, 2, 1), "VALID"), ((1, 3, 2, 1), (1, 2, 1, 1), "SAME")]
    functions = [lambda x, s=s: lax.reduce_window(x, -jnp.inf, lax.max, *s) for s in settings]
    data = [(x,)] * 2

    @jax.jit
    def both(data):
        return with_gradients(map(with_substitutes, functions), data), with_gradients(functions, data)

    assert "select_and_scatter" not in names(lambda d: with_gradients(map(with_substitutes, functions), d), data)
    assert_near(*both(data), tolerance=1e-6)
    broken = np.array(x[0])
    broken[0, 1, 1] = np.nan
    np.testing.assert_array_equal(*(jax.jit(f)(broken) for f in (with_substitutes(functions[0]), functions[0])))


@pytest.mark.parametrize("kernel", [(3, 3, 4, 5), (3, 3, 1, 4), (3, 3, 2, 4)])
def test_types_are_kept(kernel):
    x, k = normal(2, 6, 6, 4).astype(jnp.bfloat16), (0.3 * normal(*kernel)).astype(jnp.bfloat16)
    for more in ({}, {"preferred_element_type": jnp.float32}):
        function = convolution(4 // kernel[2], LAST, (1, 1), "SAME", more)
        found, truth = jax.jit(lambda x, k, f=function: (with_substitutes(f)(x, k), f(x, k)))(x, k)
        assert found.dtype == truth.dtype
        np.testing.assert_allclose(found.astype(jnp.float32), truth.astype(jnp.float32), rtol=0.02, atol=0.02)


def test_what_has_no_faster_form_stays():
    ints, floats = jnp.ones((2, 6, 6, 4), jnp.int32), jnp.ones((2, 40, 40, 4))
    plain = convolution(1, LAST, (1, 1), "SAME", {})
    assert "conv_general" in names(with_substitutes(plain), ints, ints[0, :3, :3, :, None])
    assert "conv_general" in names(with_substitutes(plain), floats, jnp.ones((20, 20, 4, 1)))  # 400 places
    grouped = convolution(1, LAST, (1, 1), "SAME", {"batch_group_count": 2})
    assert "conv_general" in names(with_substitutes(grouped), floats, jnp.ones((3, 3, 4, 2)))
    with native_operations():
        assert "conv_general" in names(with_substitutes(plain), floats, jnp.ones((3, 3, 4, 2)))


def test_operations_are_found_inside_others():
    x, k = normal(2, 6, 6, 4), 0.3 * normal(3, 3, 4, 4)
    plain = convolution(1, LAST, (1, 1), "SAME", {})

    def deep(x, k):
        x = jax.checkpoint(jax.jit(plain))(x, k)
        x, _ = lax.scan(lambda x, _: (plain(x, k), None), x, length=2)
        return lax.cond(x.sum() > 0, lambda x: plain(x, k), lambda x: plain(x, 2 * k), x)

    assert "conv_general" not in names(with_substitutes(deep), x, k)
    both = [jax.value_and_grad(lambda k, f=f: f(x, k).sum()) for f in (with_substitutes(deep), deep)]
    assert_near(*jax.jit(lambda k: [f(k) for f in both])(k), 1e-4)


class LinenConv(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.relu(nn.BatchNorm(use_running_average=not train)(nn.Conv(3, (3, 3))(x)))
        return nn.Dense(3)(nn.max_pool(nn.ConvTranspose(2, (2, 2))(x), (2, 2), (2, 2)).reshape(len(x), -1))


class NnxConv(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.Conv(1, 4, (3, 3), rngs=rngs)
        self.second = nnx.Conv(4, 4, (3, 3), feature_group_count=4, rngs=rngs)
        self.last = nnx.Linear(36, 3, rngs=rngs)

    def __call__(self, x):
        x = nnx.avg_pool(nnx.relu(self.second(self.first(x))), (2, 2), (2, 2))
        return self.last(x.reshape(len(x), -1))


class EquinoxConv(eqx.Module):
    first: eqx.nn.Conv2d
    norm: eqx.nn.BatchNorm
    pool: eqx.nn.MaxPool2d
    last: eqx.nn.Linear

    def __init__(self, key):
        one, two = jax.random.split(key)
        self.first, self.last = eqx.nn.Conv2d(1, 3, 3, key=one), eqx.nn.Linear(12, 3, key=two)
        self.norm, self.pool = eqx.nn.BatchNorm(3, axis_name="batch", mode="batch"), eqx.nn.MaxPool2d(2, 2)

    def __call__(self, x, state):
        x, state = self.norm(self.first(x.transpose(2, 0, 1)), state)
        return self.last(self.pool(jax.nn.relu(x)).reshape(-1)), state


def keras_conv():
    layers = keras.layers
    inside = [layers.SeparableConv2D(4, 3, padding="same"), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(3)]
    return keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(3, 3, activation="relu", padding="same"), *inside])


NETS = {"linen": LinenConv(), "nnx": NnxConv, "equinox": EquinoxConv, "keras": keras_conv()}


@pytest.mark.parametrize(
    "kind", ["linen", "keras", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("nnx", "equinox"))]
)
def test_models_compute_what_their_libraries_compute_alone_and_in_lanes(kind):
    own, native, x = model_of(ObjectRef(NETS[kind])), by_standard_rules(adapt(NETS[kind]).apply), normal(5, 6, 6, 1)

    def drawn(seed):
        if own.draw is not None:
            return jax.tree.map(jnp.asarray, Variables(*own.draw(seed)))
        return init(jax.random.key(seed))

    init = jax.jit(lambda key: own.init(key, x[:1], {}))

    def step(apply, variables):
        def loss(params):
            z, state = apply(variables._replace(params=params), x, train=True, key=jax.random.key(1), hyper={})
            return jnp.square(z).mean(), (z, state)

        return jax.value_and_grad(loss, has_aux=True)(variables.params)

    lanes = [drawn(seed) for seed in range(2)]
    together = jax.tree.map(lambda *arrays: jnp.stack(arrays), *lanes)
    assert "conv_general" not in names(lambda v: step(own.apply, v), lanes[0])
    many, solo, truth = jax.jit(
        lambda: (jax.vmap(lambda v: step(own.apply, v))(together), step(own.apply, lanes[1]), step(native, lanes[1]))
    )()
    assert_near(jax.tree.map(lambda leaf: leaf[1], many), solo)
    assert_near(solo, truth)


def test_operations_and_fingerprints_are_those_of_the_model_as_it_was_written(monkeypatch):
    config, model = ModelConfig(NETS["nnx"]), model_of(ObjectRef(NETS["nnx"]))
    variables = jax.jit(lambda x: model.init(jax.random.key(0), x, {}))(normal(1, 6, 6, 1))
    counted = trace(lambda v, x: model.apply(v, x, train=False, key=None, hyper={})[0], variables, normal(5, 6, 6, 1))
    assert counted.flops == 5 * 2 * (36 * 9 * 4 + 36 * 9 * 4 + 36 * 3)  # two convolutions 6 x 6 of 3 x 3, dense 36 -> 3
    here = model_fingerprint(config, (6, 6, 1))
    monkeypatch.setattr(cpu_substitutes.jax, "default_backend", lambda: "gpu")
    model_fingerprint.cache_clear()
    assert model_fingerprint(config, (6, 6, 1)) == here

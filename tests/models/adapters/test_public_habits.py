"""Habits of published models, each in a small module: axes of devices, scanned layers, grids, masks, modes, pairs."""

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef
from nnjax.models.model import Variables
from nnjax.models.user_models import model_of, output_shape

RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 4)).astype(np.float32)
KEY = jax.random.key(3)


class Normed(nn.Module):
    """As the ResNet of Flax's ImageNet example, for `jax.pmap`."""

    axis: str | None

    @nn.compact
    def __call__(self, x, train=True):
        x = nn.BatchNorm(use_running_average=not train, axis_name=self.axis)(nn.Dense(5)(x))
        return nn.Dense(3)(nn.Dropout(0.5, deterministic=not train)(x))


class NormedNnx(nnx.Module):
    def __init__(self, rngs, axis):
        self.first = nnx.Linear(4, 5, rngs=rngs)
        self.norm, self.drop = nnx.BatchNorm(5, axis_name=axis, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.drop(self.norm(self.first(x)))


@pytest.mark.parametrize("make", [Normed, lambda axis: lambda rngs: NormedNnx(rngs, axis)], ids=["linen", "nnx"])
def test_one_device_has_the_statistics_of_its_batch(make):
    one, plain = (model_of(ObjectRef(make(axis))) for axis in ("devices", None))
    variables = plain.init(KEY, X[:1], {})
    for train in (True, False):
        more = {"train": train, "key": KEY if train else None, "hyper": {}}
        found, truth = (jax.jit(lambda v, x, m=m: m.apply(v, x, **more))(variables, X) for m in (one, plain))  # noqa: B023
        jax.tree.map(np.testing.assert_array_equal, found, truth)
    jax.tree.map(np.testing.assert_array_equal, one.init(KEY, X[:1], {}), variables)


class Scanned(nnx.Module):
    """Yields what is left of ones by the dropout of each of its layers."""

    def __init__(self, rngs):
        @nnx.split_rngs(splits=3)
        @nnx.vmap(axis_size=3)
        def layer(rngs):
            return nnx.Dropout(0.5, rngs=rngs)

        self.layers, self.last = layer(rngs), nnx.Linear(4, 1, rngs=rngs)

    def __call__(self, x):
        @nnx.scan
        def scanned(x, drop):
            return x, drop(jnp.ones_like(x))

        x, masks = scanned(x, self.layers)
        return jnp.concatenate([self.last(x), *masks], axis=1)


def test_layers_that_are_scanned_drop_each_their_own():
    model = model_of(ObjectRef(Scanned))
    variables = model.init(KEY, X[:1], {})
    x = np.tile(X, (50, 1))
    masks = [model.apply(variables, x, train=True, key=jax.random.key(s), hyper={})[0][:, 1:] for s in (0, 0, 1)]
    np.testing.assert_array_equal(masks[0], masks[1])
    parts = [*np.split(np.asarray(masks[0]), 3, axis=1), np.asarray(masks[2])[:, :4]]
    for number, part in enumerate(parts):
        assert set(np.unique(part)) == {0, 2}
        assert part.mean() == pytest.approx(1, abs=0.15)  # 1,600 draws: six standard errors
        assert all((part != other).mean() > 0.3 for other in parts[:number])
    calm = model.apply(variables, X, train=False, key=None, hyper={})[0]
    assert (np.asarray(calm)[:, 1:] == 1).all()


class Grid:
    """Of no library."""

    def __init__(self, points):
        self.points = points


class Kernels(nnx.Module):
    """As layers of Kolmogorov-Arnold networks: functions about the points of a grid."""

    def __init__(self, rngs, drawn=False):
        self.grid = Grid(jax.random.normal(rngs.params(), (5,)) if drawn else jnp.linspace(-1, 1, 5))
        self.last = nnx.Linear(20, 3, rngs=rngs)

    def __call__(self, x):
        near = jnp.exp(-((x[..., None] - self.grid.points) ** 2))
        return self.last(near.reshape(len(x), -1))


def test_a_grid_of_no_library_is_kept():
    model = model_of(ObjectRef(Kernels))
    variables = model.init(KEY, X[:1], {})
    near = np.exp(-((X[..., None] - np.linspace(-1, 1, 5)) ** 2)).reshape(len(X), -1)
    kernel, bias = (np.asarray(variables.params["last"][name]) for name in ("kernel", "bias"))
    truth = near @ kernel + bias
    found = jax.jit(lambda v, x: model.apply(v, x, train=True, key=KEY, hyper={})[0])(variables, X)
    np.testing.assert_allclose(found, truth, rtol=1e-5, atol=1e-6)


def drawn_grid(rngs):
    return Kernels(rngs, drawn=True)


def test_a_grid_that_is_drawn_is_refused():
    with pytest.raises(UserError, match=r"draws its grid\.points from rngs and keeps it in a plain object"):
        output_shape(nnjax.ModelConfig(ObjectRef(drawn_grid), output_activation="linear"), (4,))


class UsualKey(eqx.Module):
    """Its call has a key of its own for where none is given."""

    last: eqx.nn.Linear
    drop: eqx.nn.Dropout

    def __init__(self, key):
        self.last, self.drop = eqx.nn.Linear(4, 3, key=key), eqx.nn.Dropout(0.5)

    def __call__(self, x, key=jax.random.PRNGKey(42), inference=None):
        one, _ = jax.random.split(key)
        return self.drop(self.last(x), key=one, inference=inference)


def test_a_key_with_a_default():
    model = model_of(ObjectRef(UsualKey))
    variables = model.init(KEY, X[:1], {})
    weight, bias = (np.asarray(variables.params[f"last/{name}"]) for name in ("weight", "bias"))
    calm = model.apply(variables, X, train=False, key=None, hyper={})[0]
    np.testing.assert_allclose(calm, X @ weight.T + bias, rtol=1e-5, atol=1e-6)
    one, other = (model.apply(variables, X, train=True, key=jax.random.key(s), hyper={})[0] for s in (0, 1))
    assert (np.asarray(one) != np.asarray(other)).any()


def of_its_own_seed(rngs):
    return nnx.Linear(4, 3, rngs=nnx.Rngs(0))


@pytest.mark.parametrize(("model", "warned"), [(of_its_own_seed, True), (Kernels, False)])
def test_seeds_that_change_no_weights_are_said(model, warned):
    said = []
    still = nnjax.Experiment(model=model, epochs=1, batch_size=8, optimizer="sgd")
    run = nnjax.sweep(still, {"seed": range(2)}, data=(np.tile(X, (4, 1)), np.arange(32) % 3), log=said.append)
    assert any("draws the same weights for every seed" in line for line in said) == warned
    assert len(run.records) == 2


class Merged(nn.Module):
    """A field and a parameter of one name, of which `nn.merge_param` takes one, as in jax-models and scvi-tools."""

    deterministic: bool | None = None

    @nn.compact
    def __call__(self, x, deterministic=None):
        deterministic = nn.merge_param("deterministic", self.deterministic, deterministic)
        return nn.Dropout(0.5)(nn.Dense(3)(x), deterministic)


@pytest.mark.parametrize("module", [Merged(), Merged(deterministic=True)])
def test_a_mode_that_a_field_and_a_parameter_may_say(module):
    model = model_of(ObjectRef(module))
    variables = model.init(KEY, X[:1], {})
    calm = model.apply(variables, X, train=False, key=None, hyper={})[0]
    np.testing.assert_array_equal(calm, Merged().apply({"params": variables.params}, X, True))
    noisy = model.apply(variables, X, train=True, key=KEY, hyper={})[0]
    assert 0.2 < np.mean(np.asarray(noisy) == 0) < 0.8


class Masked(nnx.Module):
    """Keeps a mask of truth values in an `nnx.Param`, as GPTs of NNX do with that of attention."""

    def __init__(self, rngs):
        self.dense = nnx.Linear(4, 3, rngs=rngs)
        self.mask = nnx.Param(jnp.array([True, False, True]))

    def __call__(self, x):
        return jnp.where(self.mask[...], self.dense(x), -1.0)


def test_truth_values_in_an_nnx_param_are_state():
    model = model_of(ObjectRef(Masked))
    params, state = model.init(KEY, X[:1], {})
    assert list(params) == ["dense"]
    assert state["mask"].tolist() == [True, False, True]
    z = model.apply(Variables(params, state), X, train=True, key=KEY, hyper={})[0]
    kernel, bias = (np.asarray(params["dense"][name]) for name in ("kernel", "bias"))
    np.testing.assert_allclose(z, np.where([1, 0, 1], X @ kernel + bias, -1.0), rtol=1e-5, atol=1e-6)


class StateUnused(eqx.Module):
    last: eqx.nn.Linear

    def __init__(self, key):
        self.last = eqx.nn.Linear(4, 3, key=key)

    def __call__(self, x, *, state=None, key=None):
        return self.last(x)


def test_a_parameter_state_without_a_state():
    model = model_of(ObjectRef(StateUnused))
    variables = model.init(KEY, X[:1], {})
    z, state = model.apply(variables, X, train=True, key=KEY, hyper={})
    weight, bias = (np.asarray(variables.params[f"last/{name}"]) for name in ("weight", "bias"))
    np.testing.assert_allclose(z, X @ weight.T + bias, rtol=1e-5, atol=1e-6)
    assert state == {}


def apart_init(rng, x, is_training):
    """As `haiku.transform_with_state` makes it."""
    return {"w": jax.random.normal(rng, (x.shape[1], 3))}, {"mean": jnp.zeros(x.shape[1])}


def apart_apply(params, state, rng, x, is_training):
    mean = x.mean(axis=0) if is_training else state["mean"]
    noise = jax.random.normal(rng, (1, 3)) if is_training else 0.0
    return (x - mean[None]) @ params["w"] + noise, {"mean": mean}


def shapes_init(rng, input_shape):
    """As `jax.example_libraries.stax` makes it."""
    return (-1, 3), [(jax.random.normal(rng, (input_shape[-1], 3)),), ()]


PAIRS = {
    "parts": (apart_init, apart_apply),
    "rng first": (lambda key, x: apart_init(key, x, True)[0], lambda params, rng, x: x @ params["w"]),
    "shapes": (shapes_init, lambda params, inputs, **kwargs: inputs @ params[0][0]),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_of_functions_as_they_are_written(name):
    model, w = model_of(ObjectRef(PAIRS[name])), np.asarray(jax.random.normal(KEY, (4, 3)))
    variables = model.init(KEY, X[:1], {})
    z, state = model.apply(variables, X, train=True, key=jax.random.key(1), hyper={})
    calm, still = model.apply(Variables(variables.params, state), X, train=False, key=None, hyper={})
    parts = name == "parts"
    noise = np.asarray(jax.random.normal(jax.random.key(1), (1, 3))) if parts else 0.0
    mean = X.mean(axis=0) if parts else 0.0
    np.testing.assert_allclose(z, (X - mean) @ w + noise, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(calm, (X - mean) @ w, rtol=1e-4, atol=1e-5)
    jax.tree.map(np.testing.assert_array_equal, still, state)

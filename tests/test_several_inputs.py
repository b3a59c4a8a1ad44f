"""Inputs of several arrays, with models of four libraries: a masked mean against NumPy, and Keras against itself."""

import dataclasses

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import nnjax
from nnjax import testing
from nnjax.api import Stopped
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.object_refs import ObjectRef
from nnjax.exchange.files import load as load_file
from nnjax.models.adapters.keras import to_keras
from nnjax.models.user_models import model_of
from nnjax.nn.objectives import mean_square
from nnjax.nn.user_functions import standard_rules

RNG = np.random.default_rng(3)
N, T, WORDS, WIDTH = 80, 7, 30, 4
IDS = RNG.integers(0, WORDS, (N, T))
MASK = np.arange(T) < RNG.integers(1, T + 1, (N, 1))
Y = (np.where(MASK, IDS, 0).sum(axis=1) > 45).astype(int)
X = {"tokens": IDS, "mask": MASK}
BASE = Experiment(
    data=DataConfig(validation=15, test=15),
    optimizer=OptimizerConfig("sgd"),
    hyperparameters=Hyperparameters(learning_rate=0.3),
    epochs=3,
    batch_size=16,
    shuffle=False,
)


def masked_mean(vectors, mask):
    count = jnp.maximum(jnp.sum(mask, axis=-1, keepdims=True), 1)
    return jnp.sum(jnp.where(mask[..., None], vectors, 0), axis=-2) / count.astype(vectors.dtype)


class Linen(nn.Module):
    @nn.compact
    def __call__(self, x):
        assert x["tokens"].dtype == jnp.int32
        assert x["mask"].dtype == bool
        return nn.Dense(2)(masked_mean(nn.Embed(WORDS, WIDTH)(x["tokens"]), x["mask"]))


class Nnx(nnx.Module):
    def __init__(self, rngs):
        self.embed, self.dense = nnx.Embed(WORDS, WIDTH, rngs=rngs), nnx.Linear(WIDTH, 2, rngs=rngs)

    def __call__(self, x):
        return self.dense(masked_mean(self.embed(x["tokens"]), x["mask"]))


class Equinox(eqx.Module):
    embed: eqx.nn.Embedding
    dense: eqx.nn.Linear

    def __init__(self, key):
        one, two = jax.random.split(key)
        self.embed, self.dense = eqx.nn.Embedding(WORDS, WIDTH, key=one), eqx.nn.Linear(WIDTH, 2, key=two)

    def __call__(self, x):
        return self.dense(masked_mean(jax.vmap(self.embed)(x["tokens"]), x["mask"]))


def init(key, x):
    assert x["tokens"].shape == (1, T)
    one, two = jax.random.split(key)
    return {
        "embed": jax.random.normal(one, (WORDS, WIDTH)),
        "kernel": jax.random.normal(two, (WIDTH, 2)),
        "bias": jnp.zeros(2),
    }


def apply(params, x):
    return masked_mean(params["embed"][x["tokens"]], x["mask"]) @ params["kernel"] + params["bias"]


MODELS = {"linen": Linen(), "nnx": Nnx, "equinox": Equinox, "functions": (init, apply)}


def by_shape(params):
    """The embedding, kernel and bias of any of the models."""
    leaves = {leaf.shape: np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(params)}
    kernel = leaves.get((WIDTH, 2))
    return leaves[WORDS, WIDTH], leaves[2, WIDTH].T if kernel is None else kernel, leaves[(2,)]


def by_numpy(params, ids, mask):
    embed, kernel, bias = by_shape(params)
    vectors = np.stack([embed[row[there]].mean(axis=0) for row, there in zip(ids, mask, strict=True)])
    z = vectors @ kernel + bias
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in ("nnx", "equinox") else ()) for name in MODELS]
)
def test_a_masked_mean_is_that_of_numpy(name):
    run = nnjax.sweep(dataclasses.replace(BASE, model=MODELS[name]), data=(X, Y))
    np.testing.assert_allclose(run.outputs(X, 0), by_numpy(run.params(0), IDS, MASK), rtol=1e-5, atol=1e-6)
    rows = run.data().test
    p = by_numpy(run.params(0), IDS[rows], MASK[rows])
    loss = -np.log(p[np.arange(len(rows)), Y[rows]]).mean()
    assert run.records[0].values["test_loss"] == pytest.approx(loss, rel=1e-5)
    curve = run.records[0].curves["train_loss"]
    assert curve[-1] < curve[0]


def test_training_is_a_plain_loop():
    """Flax and Optax by hand, in order, on the dictionary itself."""
    run = nnjax.sweep(dataclasses.replace(BASE, model=Linen()), data=(X, Y))
    train = run.data().train
    key = jax.random.fold_in(jax.random.key(jnp.uint32(0)), 0)
    first = {"tokens": jnp.asarray(IDS[:1], jnp.int32), "mask": jnp.asarray(MASK[:1])}
    params = jax.jit(Linen().init)({"params": key, "dropout": jax.random.fold_in(key, 1)}, first)["params"]

    def loss(params, tokens, mask, y):
        z = Linen().apply({"params": params}, {"tokens": tokens, "mask": mask})
        return optax.softmax_cross_entropy_with_integer_labels(z, y).mean()

    @jax.jit
    def step(params, *batch):
        return jax.tree.map(lambda w, g: w - 0.3 * g, params, jax.grad(loss)(params, *batch))

    with standard_rules():
        for _ in range(3):
            for start in range(0, len(train), 16):
                rows = train[start : start + 16]
                params = step(params, IDS[rows].astype(np.int32), MASK[rows], Y[rows])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), run.params(0), params)


@pytest.mark.parametrize("scaling", ["unit", "standard", "minmax", "none"])
def test_only_measured_numbers_are_scaled(scaling):
    values, pixels = RNG.normal(3, 5, (N, 2)), RNG.integers(0, 256, (N, 2, 2)).astype(np.uint8)
    data = nnjax.from_arrays({"ids": IDS, "values": values, "pixels": pixels, "mask": MASK}, Y)
    seen = []

    def init(key, x):
        return {"w": jnp.zeros(2)}

    def apply(params, x):
        seen.append({name: (array.dtype.name, array.shape[1:]) for name, array in x.items()})
        sizes = [
            jnp.sum(x[n].astype(jnp.float32).reshape(x[n].shape[0], -1), axis=1)
            for n in ("ids", "values", "mask", "pixels")
        ]
        return jnp.stack(sizes, axis=1)[:, :2] + 0 * params["w"] + 0 * jnp.stack(sizes, axis=1)[:, 2:]

    experiment = dataclasses.replace(BASE, model=ModelConfig((init, apply), output_activation="linear"), loss=pick)
    run = nnjax.sweep(dataclasses.replace(experiment, data=dataclasses.replace(BASE.data, scaling=scaling)), data=data)
    assert seen[0] == {
        "ids": ("int32", (T,)),
        "mask": ("bool", (T,)),
        "pixels": ("float32", (2, 2)),
        "values": ("float32", (2,)),
    }
    train = run.data().train
    float32 = values.astype(np.float32)
    scaled = {
        "unit": values,
        "none": values,
        "standard": (values - float32[train].mean(0)) / float32[train].std(0),
        "minmax": (values - float32[train].min(0)) / np.ptp(float32[train], axis=0),
    }[scaling]
    found = run.outputs({"ids": IDS, "values": values, "pixels": pixels, "mask": MASK}, 0)
    np.testing.assert_array_equal(found[:, 0], IDS.sum(axis=1))
    np.testing.assert_allclose(found[:, 1], scaled.sum(axis=1), rtol=1e-4, atol=1e-4)
    scale = run.facts().x_scaler.scale
    if scaling == "unit":
        np.testing.assert_allclose(scale, [1] * (2 * T) + [1 / 255] * 4 + [1, 1])


def pick(y, z):
    return z[:, 0] * 0


@pytest.mark.parametrize("penalty", [None, "l2"])
def test_whether_a_keras_model_of_two_inputs_penalizes_weights_is_known(penalty):
    import keras

    with standard_rules():
        some = [keras.Input((3,), name="a"), keras.Input((2,), name="b")]
        joined = keras.layers.Concatenate()(some)
        model = keras.Model(some, keras.layers.Dense(2, kernel_regularizer=penalty)(joined))
    assert (model_of(ObjectRef(model)).losses is not None) == (penalty is not None)


def test_a_keras_model_of_two_inputs_trains_as_keras_does():
    import keras

    with standard_rules():
        tokens, other = keras.Input((T,), dtype="int32", name="tokens"), keras.Input((3,), name="other")
        pooled = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(WORDS, WIDTH)(tokens))
        joined = keras.layers.Concatenate()([pooled, keras.layers.Dense(3, "tanh")(other)])
        model = keras.Model({"tokens": tokens, "other": other}, keras.layers.Dense(2, "softmax")(joined))
    x = {"tokens": IDS.astype(np.int32), "other": RNG.normal(size=(N, 3)).astype(np.float32)}
    run = nnjax.sweep(dataclasses.replace(BASE, model=model), data=(x, Y))
    train = run.data().train
    with standard_rules():
        own = to_keras(model, model_of(run.specs[0].experiment.model.kind).draw(0))
        own.compile(keras.optimizers.SGD(0.3), "sparse_categorical_crossentropy")
        some = {name: array[train] for name, array in x.items()}
        own.fit(some, Y[train].astype(np.int32), batch_size=16, epochs=3, shuffle=False, verbose=0)
        for ours, theirs in zip(run.keras_model(0).weights, own.weights, strict=True):
            np.testing.assert_allclose(np.array(ours.value), np.array(theirs.value), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(run.outputs(x, 0), np.asarray(own(x)), rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_a_run_resumes_loads_and_exports(tmp_path):
    data = nnjax.from_arrays(X, Y)
    experiment = dataclasses.replace(BASE, model=Linen(), shuffle=True, epochs=6)
    whole = nnjax.sweep(experiment, {"seed": range(2)}, data=data)
    steps = iter(range(100))
    with pytest.raises(Stopped):
        nnjax.sweep(
            experiment, {"seed": range(2)}, data=data, workdir=tmp_path / "run", should_stop=lambda: next(steps) == 2
        )
    run = nnjax.sweep(experiment, {"seed": range(2)}, data=data, workdir=tmp_path / "run")
    jax.tree.map(np.testing.assert_array_equal, run.params(1), whole.params(1))
    opened = nnjax.load(tmp_path / "run", model=Linen(), data=(X, Y))
    assert opened.facts().parts == data.parts
    np.testing.assert_array_equal(opened.outputs(X, 1), run.outputs(X, 1))
    np.testing.assert_array_equal(opened.outputs(data.x, 1), run.outputs(X, 1))
    with pytest.raises(nnjax.UserError, match="SHA-256 differs"):
        nnjax.load(tmp_path / "run", data=({"tokens": IDS, "mask": MASK.astype(int)}, Y))
    opened.export(tmp_path / "net.jaxexport", 1)
    np.testing.assert_allclose(
        load_file(tmp_path / "net.jaxexport").outputs(X), run.outputs(X, 1), rtol=1e-5, atol=1e-6
    )
    assert run.report(tmp_path / "page.html").exists()


@pytest.mark.slow
def test_lanes_and_an_objective_get_the_arrays():
    def smooth(apply, variables, batch, *, key, hyper):
        z, state = apply(variables, batch.x, key=key, hyper=hyper)
        length = jnp.sum(batch.x["mask"], axis=1).astype(z.dtype)
        return optax.softmax_cross_entropy_with_integer_labels(z, batch.y) + 0 * length, state, {"length": length}

    experiment = dataclasses.replace(BASE, model=Linen(), loss=smooth, shuffle=True)
    together = nnjax.sweep(experiment, {"seed": range(4)}, data=(X, Y))
    alone = nnjax.sweep(dataclasses.replace(experiment, seed=2), data=(X, Y))
    for name in ("train_loss", "val_loss"):
        np.testing.assert_allclose(alone.records[0].curves[name], together.records[2].curves[name], rtol=1e-5)


def test_own_sets_have_the_same_arrays():
    few = {name: array[:20] for name, array in X.items()}
    data = nnjax.from_arrays(X, Y, x_val=few, y_val=Y[:20], sample_weight=Y + 1.0)
    run = nnjax.sweep(dataclasses.replace(BASE, model=Linen(), data=DataConfig()), data=data)
    p = by_numpy(run.params(0), IDS[:20], MASK[:20])
    assert run.records[0].values["val_loss"] == pytest.approx(-np.log(p[np.arange(20), Y[:20]]).mean(), rel=1e-5)
    with pytest.raises(nnjax.UserError, match=r"x_val is {tokens int32.7.}, but {mask bool"):
        nnjax.from_arrays(X, Y, x_val={"tokens": IDS[:20]}, y_val=Y[:20])


@pytest.mark.slow
def test_the_laws_hold_for_a_model_of_several_arrays():
    testing.check_model(Linen(), {"tokens": IDS[:12], "mask": MASK[:12]}, Y[:12])

    class Leaking(nn.Module):
        @nn.compact
        def __call__(self, x):
            z = nn.Dense(2)(masked_mean(nn.Embed(WORDS, WIDTH)(x["tokens"]), x["mask"]))
            return z - z.mean(axis=0, keepdims=True)

    with pytest.raises(nnjax.UserError, match="value leaks between examples"):
        testing.check_model(Leaking(), {"tokens": IDS[:12], "mask": MASK[:12]}, Y[:12])


@pytest.mark.parametrize("kind", ["mlp", "autoencoder"])
def test_a_model_of_ours_says_what_takes_several_arrays(kind):
    experiment = dataclasses.replace(BASE, model=ModelConfig(kind, (4,)))
    with pytest.raises(nnjax.UserError, match=rf"has the inputs .*tokens int32.7.*but {kind} reads one array"):
        nnjax.sweep(experiment, data=(X, Y))


def test_an_autoencoder_of_a_tuple_learns_its_inputs():
    a, b = RNG.normal(size=(N, 3)).astype(np.float32), RNG.normal(size=(N, 2)).astype(np.float32)

    class Copy(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(5)(nn.Dense(4)(jnp.concatenate(x, axis=1)))

    model = ModelConfig(Copy(), reconstruct=True, output_activation="linear")
    experiment = dataclasses.replace(BASE, model=model, loss="mean_squared_error")
    run = nnjax.sweep(experiment, data=nnjax.from_arrays((a, b)))
    both, rows = np.concatenate([a, b], axis=1), run.data().test
    expected = mean_square(jnp.asarray(both[rows]), jnp.asarray(run.outputs((a[rows], b[rows]), 0))).mean()
    assert run.records[0].values["test_loss"] == pytest.approx(float(expected), rel=1e-5)


class Embedder(nn.Module):
    """Reads token ids as they are, as people write it."""

    @nn.compact
    def __call__(self, x, train=False):
        return nn.Dense(2)(nn.Embed(WORDS, WIDTH)(x).mean(axis=1))


def test_an_array_of_token_ids_reaches_a_model_as_it_is(tmp_path):
    data = nnjax.from_arrays(IDS, Y, integers=True)
    experiment = dataclasses.replace(BASE, model=ModelConfig(Embedder()))
    run = nnjax.sweep(experiment, {"seed": range(2)}, data=data, workdir=tmp_path / "run")
    variables = run.variables(1)
    truth = jax.jit(lambda x: jax.nn.softmax(Embedder().apply({"params": variables.params}, x)))(IDS[:9])
    again = nnjax.load(tmp_path / "run", model=Embedder(), data=data)
    for some in (run, again):
        np.testing.assert_allclose(some.outputs(IDS[:9], trial=1), truth, rtol=1e-5)
    with pytest.raises(nnjax.UserError, match=r"must be an integer .*from_arrays\(x, y, integers=True\)"):
        nnjax.sweep(experiment, data=(IDS, Y))
    with pytest.raises(nnjax.UserError, match="type float64, but with integers=True an array of whole numbers"):
        nnjax.from_arrays(IDS + 0.5, Y, integers=True)
    with pytest.raises(nnjax.UserError, match=r"but mlp reads one array of measured numbers"):
        nnjax.sweep(dataclasses.replace(BASE, model=ModelConfig()), data=data)

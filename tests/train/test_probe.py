"""Signals from inside: by hand, against jax.grad and Flax's own capture, and that they change no result."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from networks import functions_of
from populations import CLASSIFIER, StopAfter, blobs, population, specs_of

import nnjax
from nnjax.core.fields import replace
from nnjax.core.files import write_atomically
from nnjax.core.layer_statistics import LayerStatistics
from nnjax.data import from_arrays, prepare_loaded
from nnjax.models.convolution_layers import Convolution
from nnjax.models.layer_outputs import capture_layer_outputs
from nnjax.models.model import Variables
from nnjax.models.summary import trained_layers
from nnjax.runs import layer_statistics
from nnjax.train.engine import device_data, probe
from nnjax.train.engine.device_data import make_device_data, make_shapes
from nnjax.train.engine.trial import Trial
from nnjax.train.host.population import Stopped
from nnjax.train.layout.plan import Plan
from nnjax.train.storage import npz
from nnjax.train.storage.records import Record

WATCHED = replace(CLASSIFIER, {"signals": True})


def of(activation, z, w):
    trial = Trial(WATCHED, make_shapes(WATCHED, prepare_loaded(blobs(), WATCHED.data)))
    found = jax.jit(lambda *args: probe.of_units(trial, activation, *args))(np.float32(z), np.float32(w))
    return {name: float(value) for name, value in found.items()}


def test_the_names_are_those_of_the_contract():
    assert tuple(field.name for field in dataclasses.fields(LayerStatistics))[1:] == probe.LAYER_STATISTICS


def test_units_by_hand():
    """Three examples, the third padding: unit 1 is dead, unit 2 fires for padding only, unit 3 varies by 4: (0, 4)."""
    found = of("relu", [[-1, -1, 0], [-2, -3, 4], [-1, 5, 9]], [1, 1, 0])
    assert found["dead_share"] == pytest.approx(2 / 3)
    assert found["activation_variance"] == pytest.approx(4 / 3)
    assert np.isnan(found["saturated_share"])


@pytest.mark.parametrize(("activation", "high"), [("sigmoid", 4.0), ("tanh", 2.0), ("squash", 3.0)])
def test_saturation_is_the_last_fiftieth_of_the_range_at_either_end(activation, high):
    """sigmoid(4) = .982, tanh(2) = .964, tanh(2 · 3 / 3) = .964 of the range; a tenth less is none of them."""
    found = of(activation, [[high, -high, 0.9 * high, 0.0]], [1])
    assert found["saturated_share"] == 0.5
    assert np.isnan(found["dead_share"])


def test_a_map_of_a_convolution_is_one_unit():
    maps = np.full((2, 3, 3, 2), -1.0)
    maps[1, 2, 2, 0] = 1.0
    assert of("relu", maps, [1, 1])["dead_share"] == 0.5


def test_a_step_by_hand():
    # w = 2, b = 1, x = 3, y = 5: z = 7, dloss/dz = 4, gradient (12, 4), norm √160. SGD of rate .1: update √1.6 of √5.
    dataset = from_arrays(np.array([[3.0]], np.float32), np.array([[5.0]], np.float32))
    changes = {"validation": 0, "test": 0, "batch_size": 1, "learning_rate": 0.1, "optimizer.name": "sgd"}
    linear = {"widths": (), "output_activation": "linear", "loss": "mean_squared_error", "stratify": False}
    experiment = replace(WATCHED, changes | linear)
    prepared = prepare_loaded(dataset, experiment.data)
    trial, hyper = Trial(experiment, make_shapes(experiment, prepared)), {"learning_rate": jnp.float32(0.1)}
    params = {"layer_0": {"kernel": jnp.array([[2.0]]), "bias": jnp.array([1.0])}}

    def measured(data):
        state = trial.start(hyper, jnp.uint32(0), Variables(params))
        return probe.measure(trial, hyper, state, probe.batch_of(trial, data), jnp.int32(1))

    found = jax.jit(measured)(make_device_data(experiment, prepared))
    np.testing.assert_allclose(found["gradient_norm"], [160**0.5], rtol=1e-6)
    np.testing.assert_allclose(found["update_ratio"], [(1.6 / 5) ** 0.5], rtol=1e-6)


DENSE = [
    {"widths": (8, 6), "activation": "relu", "dropout": 0.5, "l2": 0.01},
    {"model.kind": "autoencoder", "widths": (5, 2, 5), "activation": "sigmoid"},
]
F = {"relu": lambda z: jnp.maximum(z, 0), "tanh": jnp.tanh, "sigmoid": lambda z: 1 / (1 + jnp.exp(-z))}


def forward(experiment, params, x):
    """All layers' outputs by the formula; the last one before its activation."""
    outputs = []
    for i, layer in enumerate(params):
        x = x @ layer["kernel"] + layer["bias"][None]
        x = F[experiment.model.activation](x) if i < len(params) - 1 else x
        outputs.append(x)
    return outputs


@pytest.mark.parametrize("changes", [DENSE[0], pytest.param(DENSE[1], marks=pytest.mark.slow)])
def test_the_last_epoch_against_the_formulas(changes, monkeypatch):
    """At the weights with which the trial ends, on all its training examples: gradients by jax.grad of the formula."""
    monkeypatch.setattr(probe, "SHARE", 1)
    monkeypatch.setattr(device_data, "PROBE_SHARE", 1)
    linear = {"output_activation": "linear", "loss": "mean_squared_error"}
    experiment = replace(WATCHED, changes | (linear if "model.kind" in changes else {}) | {"batch_size": 9})
    run = population(specs_of(experiment))
    [record] = run.run()
    rows = run.layouts.groups[0].data.train.index[:40]
    x, y, weights = blobs().x[rows], np.eye(3, dtype="float32")[blobs().y[rows]], run.store.load_weights(0)
    depth = len(experiment.model.widths) + 1
    params = [{part: weights[f"final/layer_{i}/{part}"] for part in ("kernel", "bias")} for i in range(depth)]

    def loss(params):
        z = forward(experiment, params, x)[-1]
        if "model.kind" in changes:
            return jnp.mean((z - x) ** 2)
        penalty = changes.get("l2", 0) * sum(jnp.sum(layer["kernel"] ** 2) for layer in params)
        return -jnp.mean(jnp.sum(y * jnp.log(jax.nn.softmax(z)), axis=1)) + penalty

    grads = jax.device_get(jax.jit(jax.grad(loss))(params))
    norms = [np.sqrt(sum(np.sum(np.square(leaf)) for leaf in layer.values())) for layer in grads]
    np.testing.assert_allclose(record.signals["gradient_norm"][-1], norms, rtol=2e-4)
    hidden = [np.asarray(h, float) for h in jax.jit(lambda params: forward(experiment, params, x)[:-1])(params)]
    variances = [h.var(axis=0).mean() for h in hidden]
    np.testing.assert_allclose(record.signals["activation_variance"][-1, :-1], variances, rtol=2e-4)
    if experiment.model.activation == "relu":
        dead = [(h == 0).all(axis=0).mean() for h in hidden]
        np.testing.assert_allclose(record.signals["dead_share"][-1, :-1], dead, rtol=1e-6)
    assert record.signals["gradient_norm"].shape == (4, depth)


def test_small_data_are_looked_at_seldom():
    """32 of 40 examples are a fortieth of the arithmetic in every 32nd epoch."""
    [record] = population(specs_of(replace(WATCHED, {"epochs": 34}))).run()
    known = np.isfinite(record.signals["gradient_norm"]).all(axis=1)
    assert (np.flatnonzero(known) + 1).tolist() == [1, 33]


@pytest.mark.parametrize(
    ("n", "batch_size", "looked_at", "every"),
    [
        (4, 4, 4, 40),  # one step an epoch
        (640, 16, 32, 2),  # a twentieth of the examples
        (1293, 16, 32, 1),
        (1293, 128, 32, 4),  # 11 steps an epoch
        (4500, 256, 112, 3),  # 18
        (60_000, 128, 256, 1),
    ],
)
def test_looking_takes_a_fortieth_of_the_steps_and_of_the_examples(n, batch_size, looked_at, every):
    assert device_data.num_probe_examples(n) == looked_at
    count = jnp.int32(n)
    epochs = [epoch for epoch in range(1, 82) if bool(probe.due(looked_at, count, batch_size, jnp.int32(epoch)))]
    assert epochs == list(range(1, 82, every))


@pytest.mark.parametrize(
    ("changes", "order"), [pytest.param(DENSE[0], "shared", marks=pytest.mark.slow), ({"activation": "tanh"}, "own")]
)
def test_they_change_no_result(changes, order):
    """Curves and weights are the same bit for bit, with and without."""
    rates, plan = {"learning_rate": (0.01, 0.1, 0.3)}, Plan(devices=1, lanes=4, order=order)
    runs = [
        population(specs_of(replace(CLASSIFIER, changes | {"signals": on}), rates), plan=plan) for on in (False, True)
    ]
    plain, watched = (run.run() for run in runs)
    for i in range(3):
        for name, curve in plain[i].curves.items():
            np.testing.assert_array_equal(watched[i].curves[name], curve)
        ours, theirs = (run.store.load_weights(i) for run in runs)
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
        assert not plain[i].signals
        assert len(watched[i].signals["update_ratio"]) == 4


@pytest.mark.slow
def test_a_batch_split_over_two_devices_gives_the_same_signals():
    specs = specs_of(replace(WATCHED, {"batch_size": 7, "activation": "sigmoid", "epochs": 1}))
    whole, split = (population(specs, plan=plan).run()[0].signals for plan in (Plan(1, 1, 1), Plan(2, 2, 1)))
    for name, values in whole.items():
        np.testing.assert_allclose(split[name], values, rtol=1e-4, err_msg=name)


KINDS = {
    "lenet5": {"widths": (6, 16, 120, 84), "activation": "tanh", "output_activation": "linear", "loss": "rbf_mse"},
    "lenet5_modern": {"widths": (2, 3, 8), "activation": "relu"},
    "conv_autoencoder": {"widths": (3, 2, 2), "output_activation": "sigmoid", "loss": "binary_crossentropy"},
}

SHAPES = {
    "lenet5": {"C1": (2, 28, 28, 6), "S2": (2, 14, 14, 6), "C3": (2, 10, 10, 16), "S4": (2, 5, 5, 16)}
    | {"C5": (2, 120), "F6": (2, 84)},
    "lenet5_modern": {"C1": (2, 28, 28, 2), "C3": (2, 10, 10, 3), "dense_0": (2, 8), "output": (2, 10)},
    "conv_autoencoder": {"layer_0": (2, 28, 28, 3), "layer_1": (2, 14, 14, 2), "layer_2": (2, 7, 7, 2)}
    | {"layer_3": (2, 4, 4, 2), "layer_4": (2, 8, 8, 2), "layer_5": (2, 14, 14, 3), "layer_6": (2, 28, 28, 1)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_convolutional_networks_against_flax(kind):
    """Every layer with weights is caught, in the order in which it computes, and the last one is the output's."""
    config = replace(CLASSIFIER, {"model.kind": kind, **KINDS[kind]}).model
    model = functions_of(config, 784, 784 if kind == "conv_autoencoder" else 10)
    layers = trained_layers(config)
    shapes = {}

    def apply(params, x):
        with capture_layer_outputs(layers) as outputs:
            z = model.logits.__wrapped__(params, x)
        shapes.update({name: value.shape for name, value in outputs.items()})
        return z, outputs

    params = jax.eval_shape(model.init, jax.random.key(0))
    assert set(layers) == set(params)
    jax.eval_shape(apply, params, jax.ShapeDtypeStruct((2, 784), jnp.float32))
    assert list(shapes) == list(layers)
    assert shapes == SHAPES[kind]


def test_an_image_that_tiles_exceed_is_caught_without_what_lies_beyond():
    """7 x 7 pixels in tiles of 2 x 2: ones under a kernel of ones make 4 in the corners, 6 at the edges, 9 inside."""
    layer = Convolution(1, 3, nn.initializers.ones, jnp.float32)
    x = jnp.ones((1, 7, 7, 2))
    params = {"layer": {"kernel": jnp.ones((3, 3, 1, 1)), "bias": jnp.zeros(1)}}

    class Net(nn.Module):
        def setup(self):
            self.layer = layer.clone()

        def __call__(self, x):
            return self.layer(x, margin=1)

    with capture_layer_outputs(["layer"]) as outputs:
        Net().apply({"params": params}, x)
    along = np.array([2, 3, 3, 3, 3, 3, 2])
    np.testing.assert_array_equal(outputs["layer"], np.tile(np.outer(along, along)[None, :, :, None], (2, 1, 1, 1)))


def test_hidden_and_output_activations_by_layer():
    config = replace(CLASSIFIER, {"model.kind": "lenet5", **KINDS["lenet5"]}).model
    assert set(trained_layers(config).values()) == {"tanh"}  # its output has no weights of its own
    assert list(trained_layers(CLASSIFIER.model).items()) == [("layer_0", "relu"), ("layer_1", "softmax")]


@pytest.mark.parametrize("stop", [1, 3])
def test_a_run_that_goes_on_has_the_same_signals(tmp_path, monkeypatch, stop):
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 5)
    monkeypatch.setattr(probe, "SHARE", 1)
    experiment = replace(WATCHED, {"batch_size": 10, "hyperparameters.learning_rate": 0.02})

    def train(folder, should_stop=lambda: False):
        return nnjax.sweep(experiment, {"seed": (0, 1)}, workdir=folder, data=blobs(), should_stop=should_stop)

    whole = train(tmp_path / "whole").signals()
    with pytest.raises(Stopped):
        train(tmp_path / "parts", StopAfter(stop))
    train(tmp_path / "parts")
    again = nnjax.load(tmp_path / "parts").signals()
    assert again.layers == whole.layers == ("layer_0", "layer_1")
    for name in probe.LAYER_STATISTICS:
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
        assert getattr(again, name).shape == (2, 4, 2)
    assert np.isfinite(again.gradient_norm).all()


@pytest.mark.slow
def test_looking_may_begin_when_a_run_goes_on(tmp_path, monkeypatch):
    """Runs of before there were signals go on: the epochs until then are not known."""
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 5)
    monkeypatch.setattr(probe, "SHARE", 1)
    plain = replace(CLASSIFIER, {"batch_size": 10, "epochs": 6})
    with pytest.raises(Stopped):
        nnjax.sweep(plain, workdir=tmp_path, data=blobs(), should_stop=StopAfter(3))
    run = nnjax.sweep(replace(plain, {"signals": True}), workdir=tmp_path, data=blobs())
    known = np.isfinite(run.signals().gradient_norm[0]).all(axis=1)
    assert known.tolist() == sorted(known.tolist())
    assert 0 < known.sum() < 6
    assert run.records[0].epochs == 6


def test_networks_of_different_depth_share_the_arrays(tmp_path):
    """Made-up signals of two networks in three epochs, of which the first has taken two."""
    specs = specs_of(WATCHED, {"widths": ((), (4, 4))})
    values = [np.arange(2.0).reshape(2, 1), 10 + np.arange(9.0).reshape(3, 3)]
    records = [Record("done", len(v), signals=dict.fromkeys(probe.LAYER_STATISTICS, v)) for v in values]
    found = layer_statistics.stack(specs, records)
    assert found.layers == ("layer_0", "layer_1", "layer_2")
    nan = np.nan
    np.testing.assert_array_equal(found.update_ratio[0], [[0, nan, nan], [1, nan, nan], [nan] * 3])
    np.testing.assert_array_equal(found.update_ratio[1], values[1])
    path = tmp_path / "signals.npz"
    write_atomically(path, npz.to_bytes(layer_statistics.to_arrays(found)))
    with np.load(path, allow_pickle=False) as file:
        assert set(file.files) == {"layers", *probe.LAYER_STATISTICS}
    again = [Record("done", len(v)) for v in values]
    layer_statistics.fill(npz.read(path)[0], specs, again)
    for record, v in zip(again, values, strict=True):
        np.testing.assert_array_equal(record.signals["dead_share"], v)


def test_no_file_where_nobody_looked(tmp_path):
    assert nnjax.sweep(CLASSIFIER, workdir=tmp_path, data=blobs()).signals() is None
    assert not (tmp_path / "signals.npz").exists()


def test_a_damaged_file_is_one_sentence(tmp_path):
    nnjax.sweep(WATCHED, workdir=tmp_path, data=blobs())
    content = (tmp_path / "signals.npz").read_bytes()
    (tmp_path / "signals.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(nnjax.UserError, match=r"signals\.npz is damaged"):
        nnjax.load(tmp_path)


@pytest.mark.slow
def test_a_layer_of_zeros_has_no_update_ratio():
    [record] = population(specs_of(replace(WATCHED, {"kernel_init": "zeros", "widths": (8, 8)}))).run()
    assert np.isnan(record.signals["update_ratio"][0, 1])  # relu of zeros: nothing reaches the middle layer
    assert record.signals["gradient_norm"][0, 1] == 0
    assert record.signals["update_ratio"][0, 2] > 0

"""Models, losses, metrics, optimizers and data of the user's, from `nnjax.sweep` to the run folder and back."""

import dataclasses
import functools
import inspect
import json
import shutil

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
import pytest

import nnjax
from nnjax.core import messages
from nnjax.core.object_refs import ObjectRef, import_object, path_of
from nnjax.exchange.prediction_tables import open_network
from nnjax.models.adapters.compiled import as_experiment
from nnjax.models.model import Variables
from nnjax.nn import objectives
from nnjax.nn.user_functions import standard_rules
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Space

RNG = np.random.default_rng(0)
X = RNG.normal(size=(103, 4, 4, 1)).astype(np.float32)
Y = (X.mean(axis=(1, 2, 3)) > 0).astype(int)
ROWS = X.reshape(len(X), -1)


@pytest.fixture(scope="module")
def data():
    return nnjax.from_arrays(X, Y, name="mine")


class Net(nn.Module):
    width: int = 6

    @nn.compact
    def __call__(self, x, train=False):
        x = nn.BatchNorm(use_running_average=not train)(nn.Dense(self.width)(x.reshape(len(x), -1)))
        return nn.Dense(2)(nn.relu(x))


def focal(y, z):
    log_p = jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1)[:, 0]
    return -((1 - jnp.exp(log_p)) ** 2) * log_p


def hit(y, p):
    return (p.argmax(-1) == y).astype(jnp.float32)


MINE = nnjax.Experiment(
    model=Net(), loss=focal, metrics=[nnjax.Metric(hit, maximized=True)], optimizer=optax.lion, epochs=3, batch_size=32
)
AXES = {"learning_rate": [1e-3, 1e-2], "seed": range(2)}


@pytest.fixture(scope="module")
def folder(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("doors") / "run"
    return path, nnjax.sweep(MINE, AXES, data=data, workdir=path)


def test_everything_of_ones_own_trains_together(folder):
    run = folder[1]
    assert set(run.table().status) == {"done"}
    assert {"val_hit", "val_accuracy"} <= set(run.table().columns)
    np.testing.assert_allclose(run.table().val_hit, run.table().val_accuracy)  # worked out in two ways


@pytest.mark.slow
def test_the_batch_statistics_are_those_of_a_plain_flax_loop(data):
    """In order, with a last batch of its true size: 82 examples in batches of 32 are 32, 32 and 18."""
    experiment = nnjax.Experiment(
        model=Net(),
        optimizer="sgd",
        hyperparameters=nnjax.Hyperparameters(learning_rate=0.1),
        data=nnjax.DataConfig(validation=0.0, test=21),
        epochs=2,
        batch_size=32,
        shuffle=False,
    )
    run = nnjax.sweep(experiment, data=data)
    train = run.data().train
    assert len(train) == 82
    x, y = X[train], Y[train]
    key = jax.random.fold_in(jax.random.key(jnp.uint32(0)), 0)
    drawn = Net().init({"params": key, "dropout": jax.random.fold_in(key, 1)}, X[:1])
    params, state = drawn["params"], {"batch_stats": drawn["batch_stats"]}

    def loss(params, state, x, y):
        z, new = Net().apply({"params": params, **state}, x, train=True, mutable=["batch_stats"])
        return optax.softmax_cross_entropy_with_integer_labels(z, y).mean(), new

    for _ in range(2):
        for start in range(0, 82, 32):
            grads, new = jax.grad(loss, has_aux=True)(params, state, x[start : start + 32], y[start : start + 32])
            params, state = jax.tree.map(lambda w, g: w - 0.1 * g, params, grads), dict(new)
    found = run.variables()
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), found.params, params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), found.state, state)


def test_a_model_is_not_traced_for_every_trial(data):
    """Between segments the plan asks for the operations of each trial; that once traced the model every time."""
    calls = []

    def init(key, x):
        calls.append("init")
        return {"w": jnp.zeros((16, 2))}

    def apply(params, x):
        calls.append("apply")
        return x.reshape(len(x), -1) @ params["w"]

    counts = []
    for trials in (4, 12):
        calls.clear()
        experiment = nnjax.Experiment(model=(init, apply), epochs=3, batch_size=32)
        plan = nnjax.Plan(devices=1, lanes=4)
        nnjax.sweep(experiment, {"learning_rate": [0.001 * (i + 1) for i in range(trials)]}, data=data, plan=plan)
        counts.append(len(calls))
    assert counts[1] <= counts[0]


@pytest.mark.slow
def test_a_lane_equals_the_trial_alone(data):
    """By plain descent: the sign of a gradient that is 0 but for rounding, which Lion takes, is anyone's."""
    experiment = dataclasses.replace(MINE, optimizer=nnjax.OptimizerConfig("sgd"))
    together = nnjax.sweep(experiment, AXES, data=data)
    alone = nnjax.sweep(dataclasses.replace(experiment, seed=1), {"learning_rate": [1e-2]}, data=data)
    row = together.table().query("seed == 1 and learning_rate == 0.01").trial.item()
    for name in ("train_loss", "val_loss"):
        np.testing.assert_allclose(alone.records[0].curves[name][0], together.records[row].curves[name][0], rtol=1e-5)


def test_a_run_folder_opens_without_the_objects(folder):
    path, run = folder
    opened = nnjax.load(path)
    pd.testing.assert_frame_equal(opened.table(), run.table(), check_dtype=False)
    assert opened.specs[0].experiment.loss == "test_doors:focal"
    with pytest.raises(nnjax.UserError, match=r"not imported from a run folder: pass it, nnjax\.load\(…, model=…\)"):
        opened.outputs(ROWS[:2])
    assert opened.report(path / "again.html").exists()


def test_a_run_folder_predicts_with_the_objects(folder, data):
    path, run = folder
    opened = nnjax.load(path, model=Net(), loss=focal, data=data)
    np.testing.assert_array_equal(opened.outputs(ROWS[:5], 1), run.outputs(ROWS[:5], 1))
    assert opened.data().dataset.sha256 == data.sha256
    other = nnjax.from_arrays(X + 1, Y)
    with pytest.raises(nnjax.UserError, match="are not those of the run, 'mine': their SHA-256 differs"):
        nnjax.load(path, data=other)


def test_another_experiment_is_refused_in_the_words_of_python(folder, data):
    with pytest.raises(nnjax.UserError, match=r"epochs: 3 → 4\); repeat the call .* or name a new workdir\."):
        nnjax.sweep(dataclasses.replace(MINE, epochs=4), AXES, data=data, workdir=folder[0])


def test_data_that_were_passed_are_called_arrays(folder, data, tmp_path):
    """Also in a folder of earlier versions, which named the source that was not loaded; it can be resumed."""
    path, run = folder
    assert json.loads((path / "config.json").read_text("utf-8"))["experiment"]["data"]["name"] == "arrays"
    older = tmp_path / "older"
    shutil.copytree(path, older)
    for name in ("config.json", "data.json"):
        (older / name).write_text(
            (path / name).read_text("utf-8").replace('"name": "arrays"', '"name": "mnist5k"'), "utf-8"
        )
    assert nnjax.load(older).specs[0].experiment.data == run.specs[0].experiment.data
    assert nnjax.load(older, data=data).data().dataset.sha256 == data.sha256
    with pytest.raises(nnjax.UserError, match="'mine' were passed as arrays and are not saved"):
        nnjax.load(older).data()
    assert nnjax.sweep(MINE, AXES, data=data, workdir=older).table().equals(run.table())
    with pytest.raises(nnjax.UserError, match="The data 'arrays' have changed since"):
        nnjax.sweep(MINE, AXES, data=(X + 1, Y), workdir=older)


def test_the_source_is_in_the_folder(folder):
    sources = json.loads((folder[0] / "sources.json").read_text("utf-8"))
    assert sources["test_doors:focal"] == inspect.getsource(focal)
    assert sources["test_doors:Net(...)"] == inspect.getsource(Net)
    assert sources["nnjax.nn.metrics:Metric(hit)"] == inspect.getsource(hit)
    assert not any("lion" in path for path in sources)  # Optax's


def test_trust_imports_what_can_be_imported(folder):
    with pytest.raises(nnjax.UserError, match=r"test_doors:Net\(\.\.\.\) cannot be imported"):
        nnjax.load(folder[0], trust=True)
    trusted = nnjax.load(folder[0], model=Net(), optimizer=optax.lion, metrics=[hit], trust=True)
    assert trusted.specs[0].experiment.loss.object is focal


def test_a_finished_run_has_nothing_left_to_do(folder, data):
    before = (folder[0] / "trials.csv").read_bytes()
    nnjax.sweep(MINE, AXES, data=data, workdir=folder[0])
    assert (folder[0] / "trials.csv").read_bytes() == before


def test_resuming_with_another_loss_of_the_same_name_is_refused(data, tmp_path):
    def cost(y, z):
        return optax.softmax_cross_entropy_with_integer_labels(z, y) * scale

    scale = 1.0
    experiment = dataclasses.replace(MINE, loss=cost, optimizer=nnjax.OptimizerConfig("sgd"))
    nnjax.sweep(experiment, data=data, workdir=tmp_path / "run")
    scale = 2.0
    with pytest.raises(nnjax.UserError, match=r"has changed since this run began: .* Name a new workdir"):
        nnjax.sweep(experiment, data=data, workdir=tmp_path / "run")


def test_a_changed_global_compiles_anew(data):
    """As in a notebook, whose cell is run again with another number: nothing of the old program is used."""
    factor = 1.0

    def cost(y, z):
        return optax.softmax_cross_entropy_with_integer_labels(z, y) * factor

    experiment = dataclasses.replace(MINE, loss=cost, epochs=1, optimizer=nnjax.OptimizerConfig("sgd"))
    first = nnjax.sweep(experiment, data=data).records[0].curves["val_loss"]
    factor = 3.0
    second = nnjax.sweep(experiment, data=data).records[0].curves["val_loss"]
    assert 2 < second[0] / first[0] < 4


def test_a_pair_and_a_data_frame_are_data():
    frame = pd.DataFrame(ROWS, columns=[f"c{i}" for i in range(16)]).assign(label=np.where(Y, "yes", "no"))
    data = nnjax.DataConfig(scaling="none")  # a frame's columns would be standardized
    experiment = nnjax.Experiment(data, nnjax.ModelConfig(widths=(8,)), epochs=2, batch_size=32)
    by_frame = nnjax.sweep(experiment, data=frame, target="label")
    by_pair = nnjax.sweep(experiment, data=(ROWS, Y))
    assert by_frame.facts().classes == ("no", "yes")
    np.testing.assert_array_equal(by_frame.records[0].curves["val_loss"], by_pair.records[0].curves["val_loss"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"data": (X, Y, Y, Y)}, r"The data are 4 things, but \(x, y\) or \(x, y, sample_weight\) was"),
        ({"data": "digits"}, "The data are of the type str"),
        ({"data": (X, Y), "target": "a"}, "but the data are no DataFrame"),
    ],
)
def test_what_is_no_data_is_one_sentence(given, words):
    with pytest.raises(nnjax.UserError, match=words):
        nnjax.sweep(nnjax.Experiment(), **given)


class Warm(nn.Module):
    """Reads a hyperparameter of its own, in training and in evaluation."""

    @nn.compact
    def __call__(self, x, hyper):
        return nn.Dense(2)(x.reshape(len(x), -1)) * hyper["temperature"]


def test_hyperparameters_of_ones_own_are_axes(data, tmp_path):
    experiment = nnjax.Experiment(model=Warm(), epochs=1, batch_size=32)
    run = nnjax.sweep(experiment, {"hyperparameters.temperature": [0.1, 10.0]}, data=data, workdir=tmp_path / "run")
    assert list(run.table().temperature) == [0.1, 10.0]
    assert run.records[0].curves["val_loss"] != run.records[1].curves["val_loss"]
    again = nnjax.load(tmp_path / "run")
    assert list(again.table().temperature) == [0.1, 10.0]
    assert "temperature" not in again.records[0].values
    logits = np.log(run.outputs(ROWS[:3], 1))
    plain = ROWS[:3] @ run.params(1)["Dense_0"]["kernel"] + run.params(1)["Dense_0"]["bias"]
    np.testing.assert_allclose(logits[:, 0] - logits[:, 1], 10 * (plain[:, 0] - plain[:, 1]), rtol=1e-3, atol=1e-4)
    with pytest.raises(nnjax.UserError, match=r"temprature is set, but neither .* reads it; did you mean temperature"):
        nnjax.sweep(experiment, {"hyperparameters.temprature": [1.0], "hyperparameters.temperature": [1.0]}, data=data)


@pytest.mark.slow
def test_the_average_of_the_weights_is_what_is_evaluated(data):
    experiment = nnjax.Experiment(model=nnjax.ModelConfig(widths=(4,)), epochs=2, batch_size=32, optimizer="sgd")
    axes = {"hyperparameters.ema_decay": [0.0, 0.95], "learning_rate": [0.5]}
    run = nnjax.sweep(experiment, axes, data=data)
    plain = nnjax.sweep(experiment, {"learning_rate": [0.5]}, data=data)
    np.testing.assert_allclose(run.records[0].curves["val_loss"], plain.records[0].curves["val_loss"], rtol=1e-6)
    assert run.records[1].curves["val_loss"][0] != run.records[0].curves["val_loss"][0]
    np.testing.assert_allclose(run.records[1].curves["val_loss"][-1], run.records[1].values["val_loss"], rtol=1e-6)


class Code(nn.Module):
    def setup(self):
        self.inner, self.outer = nn.Dense(3), nn.Dense(16)

    def encode(self, x):
        return self.inner(x.reshape(len(x), -1))

    def decode(self, code):
        return self.outer(code).reshape(-1, 4, 4, 1)

    def __call__(self, x):
        return self.decode(self.encode(x))


@pytest.mark.parametrize("loss", ["mean_squared_error", objectives.denoising(0.0)], ids=["loss", "objective"])
def test_an_autoencoder_of_ones_own(data, loss):
    """A denoising objective without noise is the squared error."""
    experiment = nnjax.Experiment(model=nnjax.ModelConfig(Code(), reconstruct=True), loss=loss, epochs=2, batch_size=32)
    run = nnjax.sweep(experiment, data=data)
    codes, outputs = run.outputs(ROWS[:4], encode=True), run.outputs(ROWS[:4])
    assert codes.shape == (4, 3)
    dense = run.params()["outer"]
    np.testing.assert_allclose(codes @ dense["kernel"] + dense["bias"], outputs, rtol=1e-4, atol=1e-5)
    rows = run.data().validation
    error = np.mean(np.square(run.outputs(ROWS[rows]) - ROWS[rows]))
    np.testing.assert_allclose(run.records[0].values["val_loss"], error, rtol=1e-4)


def test_outputs_that_do_not_fit_are_refused_by_shape(data):
    def init(key, x):
        return {"w": jnp.zeros((16, 5))}

    def apply(params, x):
        return x.reshape(len(x), -1) @ params["w"]

    with pytest.raises(nnjax.UserError, match=r"yields \[5\] for an example of the shape \[4, 4, 1\], but 2 numbers"):
        nnjax.sweep(nnjax.Experiment(model=(init, apply), batch_size=32), data=data)


@pytest.mark.parametrize("form", ["pair of arrays", "state", "contract"])
def test_forms_of_a_pair_of_functions(data, form):
    """Every weight trains, also where the parameters are a tuple of two; the contract's own form needs no state."""
    rng = np.random.default_rng(1)
    w, b = jnp.asarray(rng.normal(size=(16, 2)) * 0.1, jnp.float32), jnp.zeros(2)

    def dense(params, x):
        return x.reshape(len(x), -1) @ params[0] + params[1]

    forms = {
        "pair of arrays": (lambda key, x: (w, b), dense),
        "state": (
            lambda key, x: ((w, b), {"steps": jnp.int32(0)}),
            lambda both, x: (dense(both[0], x), {"steps": both[1]["steps"] + 1}),
        ),
        "contract": (
            lambda key, x, hyper: Variables((w, b)),
            lambda variables, x, *, train, key, hyper: (dense(variables.params, x), variables.state),
        ),
    }
    run = nnjax.sweep(nnjax.Experiment(model=forms[form], epochs=2, batch_size=32), data=data)
    found = run.variables()
    assert np.abs(found.params[1]).min() > 0
    if form == "state":
        assert found.state["steps"] == 6  # 74 examples in batches of 32, twice; evaluations do not count


def test_a_path_is_imported_where_the_user_gives_it(data, tmp_path, monkeypatch):
    (tmp_path / "mymodels.py").write_text(
        "import jax.numpy as jnp\n"
        "def init(key, x):\n    return {'w': jnp.zeros((16, 2))}\n"
        "def apply(params, x):\n    return x.reshape(len(x), -1) @ params['w']\n"
        "net = (init, apply)\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "run"
    run = nnjax.sweep(nnjax.Experiment(model="mymodels:net", epochs=1, batch_size=32), data=data, workdir=path)
    assert str(run.specs[0].experiment.model.kind) == "mymodels:net"
    np.testing.assert_array_equal(open_network(str(path), trust=True).outputs(ROWS[:3]), run.outputs(ROWS[:3]))
    with pytest.raises(nnjax.UserError, match=r"pass it, nnjax\.load\(…, model=…\), or give trust=True"):
        open_network(str(path)).outputs(ROWS[:3])
    monkeypatch.setattr(messages, "_show", print)  # as in a command
    with pytest.raises(nnjax.UserError, match=r"give --trust .*\.export\(.net\.jaxexport.\), then nnjax predict"):
        open_network(str(path)).outputs(ROWS[:3])
    for path, words in {
        "nowhere:net": "there is no module nowhere",
        "mymodels:nett": r"has no 'nett'; did you mean net\?",
    }.items():
        with pytest.raises(nnjax.UserError, match=words):
            import_object(path)


def test_refs_are_equal_where_their_objects_are():
    assert ObjectRef(Net()) == ObjectRef(Net())
    assert ObjectRef(Net()) != ObjectRef(Net(width=7))
    assert ObjectRef(focal) != "test_doors:focal"
    assert hash(ObjectRef(focal)) == hash(ObjectRef(focal))
    assert path_of(focal) == "test_doors:focal"
    assert path_of(Net()) == "test_doors:Net(...)"
    assert path_of(Net(width=7)) == "test_doors:Net(width=7)"
    assert ObjectRef(Net(width=7)).label == "Net"
    assert ObjectRef(lambda y, z: z).label == "<lambda>"


def sequential(keras, last=None):
    """The slides' network."""
    layers = [keras.layers.Dense(10, activation="relu"), keras.layers.Dense(10, activation="relu")]
    return keras.Sequential(
        [keras.Input((16,)), *layers, keras.layers.Dense(1 if last is None else 2, activation=last)]
    )


def outputs_of(model):
    """Keras's layers promote ranks."""
    with standard_rules():
        return model.predict(ROWS[:5], verbose=0)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras 3.15's, of NumPy 2
def test_the_slides_sequential_is_swept_as_it_is(monkeypatch, folder):
    """Compiled or not; a trained lane goes back as a Keras model with equal outputs."""
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras")
    model, y = sequential(keras), X.sum(axis=(1, 2, 3))
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    data = nnjax.from_arrays(ROWS, y)
    experiment = dataclasses.replace(as_experiment(model), epochs=2, batch_size=32)
    assert (experiment.loss, experiment.optimizer.preset) == ("mean_squared_error", "keras3")
    assert experiment.hyperparameters.learning_rate == pytest.approx(1e-3)
    run = nnjax.sweep(experiment, {"learning_rate": [1e-3, 1e-2], "seed": range(2)}, data=data)
    assert run.table().val_loss.nunique() == 4
    assert "val_mean_absolute_error" in run.table()
    np.testing.assert_allclose(outputs_of(run.keras_model(3)), run.outputs(ROWS[:5], 3), rtol=1e-5, atol=1e-6)
    model.compile(optimizer=keras.optimizers.Adam(gradient_accumulation_steps=2), loss="mse")
    with pytest.raises(nnjax.UserError, match=r"has gradient_accumulation_steps=2, which nnjax does not take over"):
        nnjax.sweep(model, data=data)
    ends_in_softmax = dataclasses.replace(
        MINE, model=sequential(keras, "softmax"), loss="categorical_crossentropy", metrics=None, epochs=1
    )
    run = nnjax.sweep(ends_in_softmax, {"learning_rate": [1e-3]}, data=(ROWS, Y))
    np.testing.assert_allclose(outputs_of(run.keras_model()), run.outputs(ROWS[:5]), rtol=1e-5, atol=1e-6)
    with pytest.raises(nnjax.UserError, match=r"but only a trial of a keras\.Model"):
        folder[1].keras_model()


@pytest.mark.slow
def test_own_models_in_an_axis_stay_two_settings_in_the_folder_too(tmp_path):
    axes = {"model.kind": [Net(4), Net(5)], "seed": [0, 1]}
    x = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    base = nnjax.Experiment(epochs=1, batch_size=32)
    run = nnjax.sweep(base, axes, data=(x, (x[:, 0] > 0).astype(np.int32)), workdir=tmp_path / "run")
    names = {"kind test_doors:Net(width=4)", "kind test_doors:Net(width=5)"}
    for found in (run, nnjax.load(tmp_path / "run")):
        assert set(found.settings().setting) == names
        assert found.settings()["count"].tolist() == [2, 2]
        found.compare(*sorted(names), "loss")


@pytest.mark.slow
def test_objects_of_one_text_stay_two_settings_in_the_folder_too(tmp_path):
    def scaled(y, z, by):
        return by * jnp.mean((z - jax.nn.one_hot(y, z.shape[-1])) ** 2, axis=-1)

    losses = [functools.partial(scaled, by=1.0), functools.partial(scaled, by=3.0)]
    x = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    base = nnjax.Experiment(model=nnjax.ModelConfig(widths=(4,)), epochs=1, batch_size=32)
    run = nnjax.sweep(base, {"loss": losses}, data=(x, (x[:, 0] > 0).astype(np.int32)), workdir=tmp_path / "run")
    for found in (run, nnjax.load(tmp_path / "run")):
        assert sorted(found.settings().setting.str.endswith("#2")) == [False, True]
    kept = Space({"loss": losses * 2})
    assert len({str(spec.experiment.loss) for spec in expand(base, kept)}) == 2

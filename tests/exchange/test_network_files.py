"""Networks as safetensors and as programs: the outputs of the run that they came from, on raw inputs."""

import json
import subprocess
import sys

import jax
import numpy as np
import pytest
import safetensors
from exported import MAKERS, expected, inputs, run_of
from flax.traverse_util import unflatten_dict
from jax import export
from own_functions import BLOBS, X
from own_models import LinenNet
from safetensors.numpy import load_file

import nnjax
from nnjax.core.errors import UserError
from nnjax.exchange import description, files, program
from nnjax.exchange.start_weights import read_weights

ALIKE = ("lenet5", "conv_autoencoder", "binary")  # whose layers the others have too
UNSCALED = nnjax.DataConfig(scaling="none")

WITHOUT_NNJAX = """
import sys
sys.modules["nnjax"] = None
try:
    import nnjax
except ImportError:
    pass
else:
    sys.exit("nnjax is there")
import numpy as np
from jax import export
network = export.deserialize(bytearray(open(sys.argv[1], "rb").read()))
assert network.platforms == ("cpu", "cuda", "tpu")
with np.load(sys.argv[2]) as file:
    np.savez(sys.argv[3], **{name: network.call(file[name].astype(np.float32)) for name in file.files})
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A program's outputs in a process that cannot import nnjax: (path, [x, …]) -> [outputs, …]."""
    folder = tmp_path_factory.mktemp("elsewhere")

    def call(path, batches):
        np.savez(folder / "in.npz", *batches)
        words = [sys.executable, "-I", "-c", WITHOUT_NNJAX, path, folder / "in.npz", folder / "out.npz"]
        done = subprocess.run(list(map(str, words)), capture_output=True, encoding="utf-8", cwd=folder, timeout=300)
        assert done.returncode == 0, done.stderr
        with np.load(folder / "out.npz") as file:
            return [file[name] for name in file.files]

    return call


@pytest.mark.parametrize("name", ["regression", pytest.param("lenet5_modern", marks=pytest.mark.slow)])
def test_a_program_runs_without_nnjax_on_raw_inputs_in_any_batch(name, tmp_path, elsewhere):
    """Raw uint8 images, and a table whose inputs and targets were standardized: the scaling is inside."""
    run = run_of(name)
    run.export(tmp_path / "network.jaxexport")
    x = np.concatenate([inputs(name, 40)] * 4)[:128]
    found = elsewhere(tmp_path / "network.jaxexport", [x[:1], x[:7], x])
    for outputs, n in zip(found, (1, 7, 128), strict=True):
        np.testing.assert_allclose(outputs, run.outputs(x[:n]), rtol=1e-5, atol=1e-6)
    assert np.ptp(found[2], axis=0).max() > 1e-3


@pytest.mark.parametrize("suffix", [".safetensors", ".jaxexport"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in ALIKE else ()) for name in MAKERS]
)
def test_what_left_comes_back(name, suffix, tmp_path):
    run, path = run_of(name), tmp_path / f"network{suffix}"
    run.export(path)
    found, x = files.load(path), np.float32(inputs(name))
    np.testing.assert_allclose(found.outputs(x), expected(name)[0], rtol=1e-5, atol=1e-5)
    facts = run.facts()
    assert (found.facts.classes, found.facts.task) == (facts.classes, facts.task)
    np.testing.assert_array_equal(found.facts.x_scaler.scale, facts.x_scaler.scale)
    if suffix == ".safetensors":
        np.testing.assert_allclose(found.codes()(x), expected(name)[1], rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_weights_of_an_own_model_are_a_linen_tree_again(tmp_path):
    path = str(tmp_path / "net.safetensors")
    model = LinenNet()
    run = nnjax.sweep(nnjax.Experiment(model=model, epochs=1, batch_size=32, data=UNSCALED), data=BLOBS)
    run.export(path)
    tree = unflatten_dict(load_file(path), sep="/")
    state = tree.pop("state")
    z = model.apply({"params": tree, **state}, X, train=False)
    np.testing.assert_allclose(jax.nn.softmax(z), run.outputs(X), rtol=1e-5, atol=1e-6)
    held = read_weights(path)
    np.testing.assert_array_equal(
        held["final_state/batch_stats/BatchNorm_0/mean"], run.variables(0).state["batch_stats"]["BatchNorm_0"]["mean"]
    )
    with pytest.raises(UserError, match=r"holds the weights of own_models:LinenNet.*start_weights=path"):
        files.load(path)


def test_weights_are_readable_by_safetensors_alone_and_the_architecture_by_json(tmp_path):
    run = run_of("regression")
    run.export(tmp_path / "net.safetensors")
    params = run.params()
    with safetensors.safe_open(tmp_path / "net.safetensors", "numpy") as file:
        assert sorted(file.keys()) == ["layer_0/bias", "layer_0/kernel", "layer_1/bias", "layer_1/kernel"]
        np.testing.assert_array_equal(file.get_tensor("layer_1/kernel"), params["layer_1"]["kernel"])
    told = json.loads((tmp_path / "net.safetensors.json").read_text("utf-8"))
    assert told["architecture"]["model"]["widths"] == [4]
    np.testing.assert_allclose(told["facts"]["x_scaler"]["mean"], run.facts().x_scaler.mean)
    assert "raw" in told["inputs"]


def test_a_program_is_lowered_for_three_platforms_and_any_batch(tmp_path):
    run_of("mlp").export(tmp_path / "net.jaxexport")
    loaded = export.deserialize(bytearray((tmp_path / "net.jaxexport").read_bytes()))
    assert loaded.platforms == ("cpu", "cuda", "tpu")
    [shape] = [aval.shape for aval in loaded.in_avals]
    assert not isinstance(shape[0], int)
    assert shape[1] == 64
    assert b".py" not in (tmp_path / "net.jaxexport").read_bytes()  # nothing of this machine's folders


def test_best_weights_may_leave_too(tmp_path):
    run = run_of("mlp")
    arrays = run.store.load_weights(0)
    doubled = {name: 2 * a if name.startswith("best/") else a for name, a in arrays.items()}
    run.store.save_weights({0: doubled})
    run.export(tmp_path / "best.safetensors", which="best")
    run.store.save_weights({0: arrays})
    kernel = files.load(tmp_path / "best.safetensors").network.params["layer_0"]["kernel"]
    np.testing.assert_array_equal(kernel, doubled["best/layer_0/kernel"])


HAND = {
    "format": 1,
    "architecture": {
        "input_shape": [3],
        "layers": [{"type": "Dense", "units": 2}, {"type": "Activation", "name": "tanh"}],
    },
    "facts": {"num_inputs": 3},
}


def test_a_description_written_by_hand_serves_weights_from_elsewhere(tmp_path):
    from safetensors.numpy import save_file

    kernel, bias = np.float64([[1, -1], [0.5, 0], [0, 2]]), np.float64([0.1, -0.2])
    save_file({"layer_0/kernel": kernel, "layer_0/bias": bias}, tmp_path / "mine.safetensors")
    (tmp_path / "mine.safetensors.json").write_text(json.dumps(HAND), "utf-8")
    x = np.float32([[1, 2, 3], [0, -1, 0.5]])
    found = files.load(tmp_path / "mine.safetensors").outputs(x)
    np.testing.assert_allclose(found, np.tanh(x @ kernel + bias), rtol=1e-6)


REFUSED = {
    "format": (2, "its format is 2, but 1 was expected"),
    "architecture.layers": ([{"type": "Lambda"}], "it has a layer 'Lambda', which is not one of Dense, Conv2D"),
    "architecture.input_shape": ([4], "The network reads 4 numbers, but the facts say num_inputs 3"),
    "architecture": ({"model": {"kind": "__import__"}}, "kind"),
    "facts.num_inputs": (-1, "not possible whole numbers"),
    "facts.task": ("world", "its task is unknown"),
    "facts.x_scaler": ({"mean": [1, 2], "scale": 1}, "x_scaler has other than 3 finite numbers"),
    "facts.classes": ({"a": 1}, "its classes are not a list"),
    "facts.__class__": ("x", "'__class__', which is unknown"),
    "sha256": ("0" * 64, "SHA-256 differs"),
}


@pytest.mark.parametrize("path", REFUSED)
def test_descriptions_that_are_refused(path, tmp_path):
    from safetensors.numpy import save_file

    value, words = REFUSED[path]
    tree = json.loads(json.dumps(HAND))
    *parents, last = path.split(".")
    node = tree[parents[0]] if parents else tree
    node[last] = value
    save_file({"layer_0/kernel": np.ones((3, 2)), "layer_0/bias": np.ones(2)}, tmp_path / "mine.safetensors")
    (tmp_path / "mine.safetensors.json").write_text(json.dumps(tree), "utf-8")
    with pytest.raises(UserError, match=words):
        files.load(tmp_path / "mine.safetensors")


def program_of(function):
    """A program of any function of [3, 64], serialized."""
    shape = jax.ShapeDtypeStruct((3, 64), np.float32)
    return bytes(export.export(jax.jit(function))(shape).serialize())


def endless(x):
    return jax.lax.while_loop(lambda x: True, lambda x: x + 1, x)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (endless, "'while'"),
        (lambda x: jax.lax.sort(x) * (x @ np.ones((64, 64), np.float32)), None),
        (lambda x: x.sum(axis=1), r"is not a program from float32 \[b, 64\] to float32 \[b, 64\]"),
        (lambda x: (x, x), "is not a program from"),
        (lambda x: jax.numpy.ones((10**5, 10**5), np.float32)[:1, :64] + x, "values of 10,000,000,000 numbers"),
        (lambda x: jax.numpy.linalg.qr(x.T)[0].T, "'custom_call'"),
    ],
)
def test_programs_of_strangers_may_compute_and_nothing_else(function, words):
    data = program_of(function)
    if words is None:
        assert program.from_bytes(data, 64, 64, "f")(np.ones((3, 64), np.float32)).shape == (3, 64)
    else:
        with pytest.raises(UserError, match=words):
            program.from_bytes(data, 64, 64, "f")


def test_a_program_without_its_description_is_refused(tmp_path):
    run_of("mlp").export(tmp_path / "net.jaxexport")
    path = description.path_of(tmp_path / "net.jaxexport")
    tree = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**tree, "sha256": None}), "utf-8")
    with pytest.raises(UserError, match=r"has no sha256 of net\.jaxexport; export the network again"):
        files.load(tmp_path / "net.jaxexport")
    path.unlink()
    with pytest.raises(UserError, match=r"has no net.jaxexport.json beside it"):
        files.load(tmp_path / "net.jaxexport")


def test_a_program_has_no_codes(tmp_path):
    run_of("autoencoder").export(tmp_path / "net.jaxexport")
    with pytest.raises(UserError, match="A program or an ensemble gives outputs only"):
        files.load(tmp_path / "net.jaxexport").codes()


@pytest.mark.parametrize("path", ["net.pt", "net.pkl", "net.bin"])
def test_other_kinds_of_files_are_named(path, tmp_path):
    (tmp_path / path).write_bytes(b"x")
    with pytest.raises(UserError, match=r"a run folder or .safetensors, .jaxexport, .keras, .h5 was expected"):
        files.load(tmp_path / path)

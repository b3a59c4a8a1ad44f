"""Untrusted files, cut and changed at random: refused in a sentence, or read with equal results; no traceback."""

import functools
import io
import json
import pathlib
import shutil
import tempfile
import zipfile

import h5py
import numpy as np
import pytest
from exported import run_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras_models import inputs, made, truth, written
from populations import CLASSIFIER, blobs

import nnjax
from nnjax import api
from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.exchange import files, keras_file
from nnjax.train.storage import npz

QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
DAMAGES = st.lists(
    st.tuples(st.integers(0, 10**9), st.one_of(st.none(), st.integers(1, 255))), min_size=1, max_size=3
)  # (where, flipped bits), or for None the file ends there


def damaged(content, damages):
    """Flip bits of the content, or cut it, at places counted from its beginning again."""
    content = bytearray(content)
    for place, bits in damages:
        if bits is None:
            del content[place % len(content) :]
        elif content:
            content[place % len(content)] ^= bits
        if not content:
            break
    return bytes(content)


@functools.cache
def contents(kind):
    """The files of a network: {name: bytes}, the first of which is opened."""
    if kind == "net.keras":
        return {kind: written(made("mlp"))}
    if kind == "net.weights.h5":
        return {kind: written(made("mlp"), kind), f"{kind}.json": made("mlp").to_json().encode()}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, kind)
        run_of("mlp").export(path)
        return {kind: path.read_bytes(), f"{kind}.json": pathlib.Path(f"{path}.json").read_bytes()}


def written_to(folder, parts):
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    return folder / next(iter(parts))


def outputs(path):
    """What a network makes of the same five inputs."""
    found = files.load(path)
    return np.asarray(found.outputs(np.linspace(0, 16, 5 * found.facts.num_inputs, dtype=np.float32).reshape(5, -1)))


@functools.cache
def undamaged(kind):
    """The outputs of the whole files."""
    with tempfile.TemporaryDirectory() as folder:
        return outputs(written_to(pathlib.Path(folder), contents(kind)))


@QUICK
@given(damages=DAMAGES)
@pytest.mark.parametrize(
    "kind", ["net.safetensors", pytest.param("net.jaxexport", marks=pytest.mark.slow), "net.keras"]
)
def test_damage_is_noticed(kind, damages, tmp_path):
    """Weights and programs by the SHA-256 beside them, Keras's archive by its CRC-32s."""
    parts = contents(kind)
    path = written_to(tmp_path, {**parts, kind: damaged(parts[kind], damages)})
    try:
        found = outputs(path)
    except UserError:
        return
    np.testing.assert_array_equal(found, undamaged(kind))


@QUICK
@given(damages=DAMAGES)
@pytest.mark.parametrize(
    "kind", ["net.safetensors", pytest.param("net.jaxexport", marks=pytest.mark.slow), "net.weights.h5"]
)
def test_damage_of_the_description_is_refused_or_harmless(kind, damages, tmp_path):
    """A changed name of a class, say, still describes a network of the same shape."""
    parts, beside = contents(kind), f"{kind}.json"
    path = written_to(tmp_path, {**parts, beside: damaged(parts[beside], damages)})
    try:
        found = files.load(path)
    except UserError:
        return
    shape = found.outputs(np.zeros((5, found.facts.num_inputs), np.float32)).shape
    assert len(shape) == 2
    assert shape[0] == 5


@QUICK
@given(damages=DAMAGES)
def test_hdf5_has_no_checksum_but_its_structure_is_read_with_care(damages, tmp_path):
    """Numbers that were changed cannot be told from others; the network has its shape, or is refused."""
    parts = contents("net.weights.h5")
    path = written_to(tmp_path, {**parts, "net.weights.h5": damaged(parts["net.weights.h5"], damages)})
    try:
        assert outputs(path).shape == (5, 5)
    except UserError:
        return


@QUICK
@given(damages=DAMAGES)
def test_safetensors_and_programs_whose_checksum_was_forged(damages, tmp_path):
    parts = contents("net.safetensors")
    tree = json.loads(parts["net.safetensors.json"])
    forged = json.dumps({**tree, "sha256": None}).encode()
    content = damaged(parts["net.safetensors"], damages)
    path = written_to(tmp_path, {"net.safetensors": content, "net.safetensors.json": forged})
    try:
        assert outputs(path).shape == (5, 10)
    except UserError:
        return


@QUICK
@given(damages=DAMAGES)
def test_checkpoints(damages, tmp_path):
    arrays = run_of("mlp").store.load_weights(0)
    (tmp_path / "weights.npz").write_bytes(damaged(npz.to_bytes(arrays, {"a": 1}), damages))
    try:
        found, note = npz.read(tmp_path / "weights.npz")
    except UserError:
        return
    assert note in ({"a": 1}, {})  # a member whose name was damaged is missing, under its own name
    for name in set(found) & set(arrays):
        np.testing.assert_array_equal(found[name], arrays[name])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run folder of two trials."""
    path = tmp_path_factory.mktemp("runs") / "run"
    api.sweep(replace(CLASSIFIER, {"epochs": 1}), {"learning_rate": (0.01, 0.02)}, data=blobs(), workdir=path)
    return path


@settings(QUICK, max_examples=150)
@given(damages=DAMAGES, number=st.integers(0, 100))
def test_run_folders(damages, number, folder, tmp_path):
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    name = paths[number % len(paths)]
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    (copy / name).write_bytes(damaged((folder / name).read_bytes(), damages))
    try:
        run = nnjax.load(copy)
        found = run.outputs(blobs().x, run.best_trial())
    except UserError:
        return
    assert found.shape == (60, 3)


@pytest.mark.parametrize("name", ["config.json", "data.json", "environment.json"])
def test_json_that_is_nested_too_deeply(name, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / name).write_text("[" * 100_000, "utf-8")
    with pytest.raises(UserError, match=rf"{name} is damaged \(RecursionError"):
        nnjax.load(tmp_path / "copy")


def h5(build):
    """The bytes of an HDF5 file like that of `mlp`, its first array replaced by what `build` makes."""
    buffer = io.BytesIO(written(made("mlp"), "net.weights.h5"))
    with h5py.File(buffer, "r+") as file:
        group = file["layers/dense/vars"]
        del group["0"]
        build(group)
    return buffer.getvalue()


def external_link(group):
    group["0"] = h5py.ExternalLink("/etc/hostname", "/x")


def external_storage(group):
    group.create_dataset("0", (9, 7), "f4", external=[("/etc/passwd", 0, 252)])


def sparse(group):
    group.create_dataset("0", (9, 7), "f4", chunks=(9, 7))


def packed(group):
    group.create_dataset("0", data=np.zeros((9, 7), "f4"), compression="gzip")


def soft(group):
    group["0"] = h5py.SoftLink("/layers/dense_1/vars/0")


def objects(group):
    group.create_dataset("0", data=np.full((9, 7), b"x", "S4"))


def virtual(group):
    layout = h5py.VirtualLayout((9, 7), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (9, 7))
    group.create_virtual_dataset("0", layout)


def wrong_shape(group):
    group.create_dataset("0", data=np.zeros((7, 9), "f4"))


@pytest.mark.parametrize(
    "build",
    [external_link, external_storage, sparse, packed, soft, objects, virtual, wrong_shape],
    ids=lambda f: f.__name__,
)
def test_only_plain_arrays_of_the_file_itself_are_read(build, tmp_path):
    (tmp_path / "net.weights.h5").write_bytes(h5(build))
    (tmp_path / "net.json").write_text(made("mlp").to_json(), "utf-8")
    with pytest.raises(UserError, match=r"cannot be used: Its (array|weights)"):
        keras_file.read(tmp_path / "net.weights.h5")


def archive(change=lambda tree: tree, weights=None, **options):
    """A .keras file of `mlp` with its description changed."""
    with zipfile.ZipFile(io.BytesIO(written(made("mlp")))) as old:
        tree, content = json.loads(old.read("config.json")), old.read("model.weights.h5")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as new:
        new.writestr("config.json", json.dumps(change(tree)))
        new.writestr("model.weights.h5", content if weights is None else weights)
        new.writestr("../../escaped", "x")
    return buffer.getvalue()


def layer(tree, index=1):
    return tree["config"]["layers"][index]


def lambda_layer(tree):
    layer(tree).update({"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__", "config": {}}}})
    return tree


def foreign(tree):
    layer(tree).update({"module": "os", "class_name": "system", "registered_name": "os>system"})
    return tree


def foreign_activation(tree):
    layer(tree)["config"]["activation"] = {"module": "builtins", "class_name": "function", "config": "mine"}
    return tree


def half(tree):
    layer(tree)["config"]["dtype"] = "mixed_float16"
    return tree


def huge(tree):
    layer(tree)["config"]["units"] = 10**12
    return tree


def no_sides(tree):
    layer(tree, 0)["config"]["batch_shape"] = [None, None]
    return tree


def nested(tree):
    for _ in range(12):
        tree = {**tree, "config": {"name": "x", "layers": [tree]}}
    return tree


CONFIGS = {
    lambda_layer: "a layer 'Lambda', which is not read; those that are: Activation",
    foreign: "a layer 'system' of 'os', which is not Keras's own; nothing of a file is executed",
    foreign_activation: "an activation 'mine'; those of Keras that are read: linear",
    half: "computes in 'mixed_float16', but float32 was expected",
    huge: "more than 100,000,000",
    no_sides: "fixed sides were expected",
    nested: "models within models, more than 10 deep",
}


@pytest.mark.parametrize("change", CONFIGS, ids=lambda f: f.__name__)
def test_models_that_are_refused(change, tmp_path):
    (tmp_path / "net.keras").write_bytes(archive(change))
    with pytest.raises(UserError, match=CONFIGS[change]):
        keras_file.read(tmp_path / "net.keras")


def test_nothing_is_unpacked_to_disk_and_extra_members_are_ignored(tmp_path):
    (tmp_path / "inner").mkdir()
    path = tmp_path / "inner" / "net.keras"
    path.write_bytes(archive())
    model = made("mlp")
    x = inputs(model)
    np.testing.assert_allclose(files.load(path).outputs(x), truth(model, x), rtol=1e-5, atol=1e-5)
    assert [p.name for p in tmp_path.rglob("*")] == ["inner", "net.keras"]


def test_branches_and_layers_used_twice_are_refused(tmp_path):
    import keras

    start = keras.Input((4,))
    x = keras.layers.Dense(4, name="twice")
    for end, words in (
        (x(x(start)), "'twice' is used more than once"),
        (keras.layers.Add(name="sum")([start, x(start)]), "'sum' is .* on more than one input"),
    ):
        (tmp_path / "net.keras").write_bytes(written(keras.Model(start, end)))
        with pytest.raises(UserError, match=words):
            keras_file.read(tmp_path / "net.keras")


def bomb():
    return archive(weights=bytes(50_000_000), compression=zipfile.ZIP_DEFLATED)


def deep_json():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("config.json", "[" * 200_000)
        file.writestr("model.weights.h5", "")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bomb, "would unpack to 50,00"),
        (deep_json, "RecursionError"),
        (lambda: b"", "not a file of Keras 3, or is damaged"),
        (lambda: b"\x80\x04K\x01.", "not a file of Keras 3, or is damaged"),
        (lambda: archive(lambda tree: []), "not a file of Keras 3, or is damaged"),
        (lambda: archive(weights=b"no HDF5"), "not a file of Keras 3, or is damaged"),
    ],
)
def test_archives_that_are_refused(content, words, tmp_path):
    (tmp_path / "net.keras").write_bytes(content())
    with pytest.raises(UserError, match=words):
        keras_file.read(tmp_path / "net.keras")


def npy(shape, data=b"", descr="<f4"):
    """An NPY file's bytes with any header."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (npy((10**13,)), "has not the size that its shape"),
        (npy((2,), b"12345678", "|O"), "pickled objects, which are never loaded"),
        (npy((-2,), b"12345678"), "damaged"),
        (npy((2,), bytes(4)), "has not the size that its shape"),
        (b"\x80\x04K\x01.", "damaged"),
    ],
)
def test_arrays_that_are_refused(member, words, tmp_path):
    with zipfile.ZipFile(tmp_path / "weights.npz", "w") as file:
        file.writestr("final/layer_0/kernel.npy", member)
    with pytest.raises(UserError, match=words):
        npz.read(tmp_path / "weights.npz")


def test_a_checkpoint_is_no_bomb(tmp_path):
    np.savez_compressed(tmp_path / "weights.npz", a=np.zeros(10**7, np.float32))
    with pytest.raises(UserError, match=r"bytes would unpack to 40,000,"):
        npz.read(tmp_path / "weights.npz")

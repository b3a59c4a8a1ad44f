"""Reads what TFDS really wrote: small builders are prepared in the array_record format, without TensorFlow."""

import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from nnjax.core.errors import UserError
from nnjax.data import load

F = tfds.features
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (14, 4, 5), dtype=np.uint8)
TABLE = [
    {
        "point": RNG.normal(size=2).astype(np.float32),
        "size": np.float32(i * 0.5),
        "kind": ["a", "b"][i % 2],
        "text": f"text {i % 3}",
        "slope": np.float32(i * 2.0),
        "bag": np.arange(i % 3, dtype=np.int64),
    }
    for i in range(9)
]


def prepare(name, folder, features, splits, supervised_keys=None, configs=(), file_format="array_record"):
    """Write a data set as its author would; the class is not registered, so that reading needs only the files."""
    with tfds.core.registered.skip_registration():

        class Small(tfds.core.GeneratorBasedBuilder):
            VERSION = tfds.core.Version("3.0.1")
            BUILDER_CONFIGS = tuple(tfds.core.BuilderConfig(name=config) for config in configs)

            def _info(self):
                info = {"features": F.FeaturesDict(features), "supervised_keys": supervised_keys}
                return tfds.core.DatasetInfo(builder=self, description="made for a test", **info)

            def _split_generators(self, manager):
                return {split: list(enumerate(examples)) for split, examples in splits.items()}

            def _generate_examples(self):
                raise NotImplementedError

    Small.name = name
    tfds.disable_progress_bar()
    for config in configs or [None]:
        Small(data_dir=str(folder), file_format=file_format, config=config).download_and_prepare()


def images(rows):
    """Images as Pillow objects: TFDS writes these as PNG without TensorFlow."""
    return [{"image": Image.fromarray(IMAGES[i]), "label": i % 3} for i in rows]


IMAGE_FEATURES = {"image": F.Image(shape=(4, 5, 1)), "label": F.ClassLabel(names=["cat", "dog", "eel"])}
TABLE_FEATURES = {
    "point": F.Tensor(shape=(2,), dtype=np.float32),
    "size": F.Scalar(np.float32),
    "kind": F.ClassLabel(names=["a", "b"]),
    "text": F.Text(),
    "slope": F.Scalar(np.float32),
    "bag": F.Sequence(np.int64),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfds")
    pairs, pixels = ("image", "label"), {"train": images(range(10)), "test": images(range(10, 14))}
    prepare("nnjax_images", folder, IMAGE_FEATURES, pixels, pairs)
    prepare("mnist", folder, IMAGE_FEATURES, pixels, pairs)
    prepare("nnjax_configs", folder, IMAGE_FEATURES, {"train": images(range(4))}, pairs, ("first", "second"))
    thirds = {"train": TABLE[:4], "validation": TABLE[4:7], "test": TABLE[7:], "extra": TABLE[:1]}
    prepare("nnjax_table", folder, TABLE_FEATURES, thirds)
    nested = {"inputs": {"u": F.Scalar(np.float32), "v": F.ClassLabel(names=["x", "y"])}, "out": F.Scalar(np.int64)}
    rows = [{"inputs": {"u": i / 2, "v": i % 2}, "out": i % 2 + 5} for i in range(6)]
    prepare("nnjax_nested", folder, nested, {"train": rows}, ("inputs", "out"))
    prepare("nnjax_copy", folder, IMAGE_FEATURES, {"train": images(range(3))}, ("image", "image"))
    prepare("nnjax_other", folder, IMAGE_FEATURES, {"left": images(range(3))}, pairs)
    return str(folder)


def sorted_rows(array):
    """TFDS shuffles what it writes."""
    return sorted(map(tuple, np.asarray(array).tolist()))


def test_images_and_labels(prepared):
    data = load("tfds:nnjax_images", prepared)
    assert (data.x.shape, data.x.dtype, data.image_shape, data.test_start) == ((14, 20), np.uint8, (4, 5), 10)
    assert (data.task, data.classes, data.name) == ("classification", ("cat", "dog", "eel"), "tfds:nnjax_images")
    assert sorted_rows(data.x[:10]) == sorted_rows(IMAGES[:10].reshape(10, 20))
    labels = {IMAGES[i].tobytes(): i % 3 for i in range(14)}
    assert [labels[row.tobytes()] for row in data.x] == data.y.tolist()
    assert data.source.endswith("nnjax_images/3.0.1")
    assert "tensorflow" not in sys.modules


def test_the_parquet_format_reads_the_same(prepared, tmp_path):
    splits = {"train": images(range(10)), "test": images(range(10, 14))}
    prepare("nnjax_images", tmp_path, IMAGE_FEATURES, splits, ("image", "label"), file_format="parquet")
    assert load("tfds:nnjax_images", str(tmp_path)).sha256 == load("tfds:nnjax_images", prepared).sha256


def test_the_standard_places(prepared, home, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", prepared)
    assert len(load("tfds:nnjax_images").x) == 14
    monkeypatch.delenv("TFDS_DATA_DIR")
    (home / "tensorflow_datasets").symlink_to(prepared)
    assert len(load("tfds:nnjax_images:3.0.1").x) == 14


def test_mnist_falls_back_on_what_tfds_prepared(prepared, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", prepared)
    data = load("mnist")
    assert (data.name, data.image_shape, data.test_start) == ("mnist", (4, 5), 10)


def test_configs_and_versions(prepared):
    first, second = (load(f"tfds:nnjax_configs/{config}:3.0.1", prepared) for config in ("first", "second"))
    assert first.source != second.source
    with pytest.raises(UserError, match="cannot read 'nnjax_configs/third'"):
        load("tfds:nnjax_configs/third", prepared)
    with pytest.raises(UserError, match=r"cannot read 'nnjax_images:9.9.9'"):
        load("tfds:nnjax_images:9.9.9", prepared)


def test_a_chosen_target_and_the_pooled_validation_split(prepared, tmp_path):
    features = {key: TABLE_FEATURES[key] for key in ("point", "size", "kind", "slope")}
    rows = [{key: row[key] for key in features} for row in TABLE]
    splits = {"train": rows[:4], "validation": rows[4:7], "test": rows[7:]}
    prepare("nnjax_numbers", tmp_path, features, splits)
    data = load("tfds:nnjax_numbers", str(tmp_path), target="slope")
    assert (data.task, data.test_start, data.x.dtype) == ("regression", 7, np.float32)
    assert data.features == ("kind", "point[0]", "point[1]", "size")
    assert {c.name: c.categories for c in data.recipe.columns if c.categories} == {"kind": ("a", "b")}
    expected = [(float(r["kind"] == "b"), *r["point"].tolist(), float(r["size"]), float(r["slope"])) for r in TABLE]
    assert sorted_rows(np.hstack([data.x, data.y])) == sorted(expected)
    kinds = load("tfds:nnjax_numbers", str(tmp_path), target="kind")
    assert (kinds.classes, kinds.x.shape) == (("a", "b"), (9, 4))
    assert load("tfds:nnjax_numbers", str(tmp_path), target="none").x.shape == (9, 5)


def test_nested_features_and_whole_number_targets(prepared):
    data = load("tfds:nnjax_nested", prepared)
    assert (data.features, data.classes) == (("inputs/u", "inputs/v"), ("5", "6"))
    assert {c.name: c.categories for c in data.recipe.columns if c.categories} == {"inputs/v": ("x", "y")}
    np.testing.assert_array_equal(data.x[:, 1], data.y)


def test_a_data_set_that_is_its_own_target_has_no_labels(prepared):
    assert load("tfds:nnjax_copy", prepared).task == "none"


@pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        ("nothing_like_it", None, "has not prepared 'nothing_like_it' in .*array_record"),
        ("../nnjax_images", None, "has not prepared|cannot read"),
        ("bad name!", None, "has not prepared"),
        ("nnjax_table", None, "does not say which feature is its target: choose target from bag, kind, point"),
        ("nnjax_table", "color", "no single feature 'color' .* choose one of bag"),
        ("nnjax_table", "slope", "examples of different sizes"),
        ("nnjax_other", None, "has the splits left, but train was expected"),
    ],
)
def test_what_cannot_be_read_gets_one_sentence(prepared, name, target, message):
    with pytest.raises(UserError, match=message) as error:
        load(f"tfds:{name}", prepared, target)
    assert "\n" not in str(error.value)


def test_text_is_no_input_but_may_be_the_target(tmp_path):
    features = {key: TABLE_FEATURES[key] for key in ("size", "text")}
    prepare("nnjax_text", tmp_path, features, {"train": [{key: row[key] for key in features} for row in TABLE]})
    with pytest.raises(UserError, match="'text' of 'nnjax_text' is text"):
        load("tfds:nnjax_text", str(tmp_path), target="size")
    assert load("tfds:nnjax_text", str(tmp_path), target="text").classes == ("text 0", "text 1", "text 2")


def test_damaged_files(tmp_path):
    prepare("nnjax_images", tmp_path, IMAGE_FEATURES, {"train": images(range(3))}, ("image", "label"))
    record = next(tmp_path.rglob("*.array_record*"))
    record.write_bytes(record.read_bytes()[:100])
    with pytest.raises(UserError, match="cannot read 'nnjax_images'"):
        load("tfds:nnjax_images", str(tmp_path))


@pytest.mark.parametrize("name", ["nnjax_images", "nnjax_nested"])
def test_records_that_stay_in_their_files_are_the_same(prepared, name):
    held, kept = load(f"tfds:{name}", prepared), load(f"tfds:{name}", prepared, stream=True)
    for fact in ("sha256", "classes", "features", "image_shape", "test_start", "recipe"):
        assert getattr(kept, fact) == getattr(held, fact)
    rows = np.array([5, 0, len(held.x) - 1])
    np.testing.assert_array_equal(kept.x[rows], held.x[rows])
    np.testing.assert_array_equal(kept.y, held.y)
    assert not isinstance(kept.x, np.ndarray)

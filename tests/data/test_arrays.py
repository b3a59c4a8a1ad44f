import hashlib

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.data import from_arrays

X = np.arange(12.0).reshape(6, 2)


def test_whole_numbers_are_classes_and_other_numbers_are_regression():
    labels = from_arrays(X, [3, 8, 3, 8, 8, 3])
    assert labels.task == "classification"
    assert labels.classes == ("3", "8")
    assert labels.y.dtype == np.int32
    np.testing.assert_array_equal(labels.y, [0, 1, 0, 1, 1, 0])
    numbers = from_arrays(X, np.linspace(0, 1, 6))
    assert numbers.task == "regression"
    assert numbers.y.shape == (6, 1)
    assert numbers.y.dtype == np.float32
    assert from_arrays(X).task == "none"
    assert from_arrays(X, [1, 2, 3, 1, 2, 3], task="none").y is None


def test_text_and_boolean_labels_keep_their_names_in_sorted_order():
    assert from_arrays(X, ["no", "yes", "no", "no", "yes", "no"]).classes == ("no", "yes")
    assert from_arrays(X, np.array(["b", "a"] * 3, dtype=object)).classes == ("a", "b")
    assert from_arrays(X, np.array([b"b", b"a"] * 3)).classes == ("a", "b")
    assert from_arrays(X, np.array([True, False] * 3)).classes == ("False", "True")


def test_a_perceptrons_minus_one_and_one_become_indices():
    data = from_arrays(X, [-1, 1, 1, -1, 1, -1])
    assert data.classes == ("-1", "1")
    np.testing.assert_array_equal(data.y, [0, 1, 1, 0, 1, 0])


def test_the_task_can_be_said():
    assert from_arrays(X, [1, 2, 3, 4, 5, 6], task="regression").targets == ("y",)
    assert from_arrays(X, [0.0, 1, 0, 1, 0, 1], task="classification").classes == ("0", "1")
    two = from_arrays(X, np.ones((6, 2)))
    assert (two.task, two.targets) == ("regression", ("y1", "y2"))


def test_images_are_flattened_and_keep_uint8():
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    data = from_arrays(images)
    assert data.x.shape == (2, 12)
    assert data.x.dtype == np.uint8
    assert data.image_shape == (3, 4)
    assert data.features == ()
    assert from_arrays(images[..., None]).image_shape == (3, 4)
    color = from_arrays(np.zeros((2, 3, 4, 3), np.uint8))
    assert color.x.shape == (2, 36)
    assert color.image_shape is None
    assert from_arrays(images.astype(float)).x.dtype == np.float32


def test_one_input_and_made_up_names():
    data = from_arrays(np.arange(5.0), np.arange(5.0))
    assert data.x.shape == (5, 1)
    assert data.features == ("x1",)


def test_sha256_is_that_of_dtypes_shapes_and_bytes():
    x, y = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32), np.array([0, 1], np.int32)
    by_hand = hashlib.sha256(b"<f4(2, 2)" + x.tobytes() + b"<i4(2,)" + y.tobytes()).hexdigest()
    assert from_arrays(x, y).sha256 == by_hand
    assert from_arrays(x[::-1], y).sha256 != by_hand
    assert from_arrays(x, y[::-1]).sha256 != by_hand
    assert from_arrays(x.reshape(1, 4)).sha256 != from_arrays(x).sha256
    assert from_arrays(np.asfortranarray(x), y).sha256 == by_hand


@pytest.mark.parametrize(
    ("x", "y", "further", "message"),
    [
        ([[1, 2], [3]], None, {}, "rows of different lengths"),
        ([["a"], ["b"]], None, {}, "numbers were expected"),
        (np.array([[{}], [1]], dtype=object), None, {}, r"has \{\} \(of the type dict\) in example 0"),
        (np.zeros((0, 2)), None, {}, r"shape \(0, 2\)"),
        (np.zeros((2, 0)), None, {}, r"shape \(2, 0\)"),
        (np.float64(3), None, {}, r"shape \(\)"),
        ([[1, 2], [3, np.nan], [np.inf, 4]], None, {}, r"2 values .* first \(nan\) in example 1 .* column 'x2'"),
        ([[1.0, 1e39]], None, {}, r"1 value that is beyond 1e\+37, .* \(1e\+39\) in example 0"),
        (X, np.zeros(5), {}, "6 examples in x but 5 in y"),
        (X, 3, {}, "6 examples in x but 1 in y"),
        (X, [1.0, 2, 3, 4, 5, np.nan], {}, r"y of toy has 1 value .* example 5"),
        (X, np.ones((6, 2, 2)), {}, r"shape \(6, 2, 2\)"),
        (X, np.ones((6, 2)), {"targets": ("a",)}, "2 columns but 1 column names"),
        (X, None, {"features": ("a", "b", "c")}, "2 columns but 3 column names"),
        (X, None, {"image_shape": (3, 3)}, "not images of 3×3"),
        (X, None, {"test_start": 6}, "begins at example 6, but 1 to 5"),
        (X, None, {"task": "regression"}, "needs one"),
        (X, [0, 1] * 3, {"task": "clustering"}, "'clustering' of toy is unknown"),
        (X, np.eye(6, 2), {"task": "classification"}, "argmax"),
        (X, [0.5, 1, 2, 0.5, 1, 2], {"task": "classification"}, "fractions or NaN"),
        (X, list("ababab"), {"task": "regression"}, "text"),
        (
            X,
            [0, 1, 2, 0, 1, 3],
            {"classes": ("a", "b", "c")},
            r"has 1 label out of range, the first \(3\) in example 5",
        ),
        (X, [0, 1, 2, 0, 1, 255], {}, r"toy has labels 0 to 2, but also 255, .* example 5"),
        (X, np.array([1, 2, 3, 3, 200, 99], np.uint8), {}, r"toy has labels 1 to 3, but also 99, 200, .* example 4"),
        (X, [0, 1, 2, 0, 1, -1], {"classes": ("a", "b", "c")}, r"first \(-1\).*0 to 2 were expected"),
        (X, list("ababab"), {"classes": ("a", "b")}, "indices into the 2 class names"),
        (X, list("abcdef"), {}, "6 classes in 6 examples"),
        (np.zeros((2400, 1)), np.arange(2400) // 2, {}, "1200 classes in 2400 examples; at most 1000"),
    ],
)
def test_bad_arrays_get_one_sentence(x, y, further, message):
    with pytest.raises(UserError, match=message):
        from_arrays(x, y, "toy", **further)


@pytest.mark.parametrize(
    "labels", [[-1, 0, 1], [3, 8], [-2, -1, 0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 5], [0, 1000], [1, 2, 4, 8]]
)
def test_labels_that_are_not_counted_from_zero_are_classes_too(labels):
    values = np.array(labels, np.int64 if min(labels) < 0 or max(labels) > 255 else np.uint8)
    data = from_arrays(np.zeros((2 * len(values), 1)), np.repeat(values, 2))
    assert len(data.classes) == len(np.unique(values))

import dataclasses
import os

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from nnjax.core.experiment import DataConfig
from nnjax.core.types import Prepared, Scaler
from nnjax.data import from_arrays, prepare, prepare_loaded
from nnjax.data.baselines import ACCURACY, BCE, MAE, MSE, entropy, measure_baselines, measured_part
from nnjax.nn.loss_functions import binary_crossentropy

REAL = os.environ.get("NNJAX_DATA")
IDENTITY = Scaler(np.float32(0), np.float32(1))


def prepared_of(dataset, train, test, validation=(), x_scaler=IDENTITY):
    parts = (np.asarray(part, np.int32) for part in (train, validation, test))
    return Prepared(dataset, *parts, x_scaler, IDENTITY)


def digits(**options):
    x, y = load_digits(return_X_y=True)
    dataset = from_arrays(x.astype(np.uint8), y.astype(np.int32), "digits", image_shape=(8, 8), full_scale=16.0)
    return prepare_loaded(dataset, DataConfig(validation=0, test=400, **options))


def test_two_pixels_by_hand():
    # training images (0, .5) and (1, .5): mean image (.5, .5), global mean .5; the test image is (1, .25)
    dataset = from_arrays(np.array([[0, 0.5], [1, 0.5], [1, 0.25]], np.float32), image_shape=(1, 2))
    found = measure_baselines(prepared_of(dataset, [0, 1], [2]))
    assert (found.goal, found.part, found.num_examples) == ("reconstruction", "test", 1)
    assert found.scores["black"][MSE] == pytest.approx((1 + 0.0625) / 2)
    assert found.scores["mean image"][MSE] == pytest.approx((0.25 + 0.0625) / 2)
    assert found.scores["global mean"][MSE] == pytest.approx((0.25 + 0.0625) / 2)
    assert found.scores["mean image"][BCE] == pytest.approx(np.log(2))
    floor = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / 2  # the pixel that is 1 has no entropy
    assert found.scores["entropy floor"] == {BCE: pytest.approx(floor)}
    assert [name for name in found.scores if name.startswith("PCA")] == []  # k must be below n and d


def test_entropy_in_closed_form():
    assert entropy(np.array([0.0, 1.0])) == 0
    assert entropy(np.full((3, 4), 0.5)) == pytest.approx(np.log(2))
    assert entropy(np.array([0.5, 0.0])) == pytest.approx(np.log(2) / 2)


def test_pca_against_scikit_learn():
    data = digits()
    found = measure_baselines(data, "reconstruction", (2, 16, 64, 0))
    train, test = (np.asarray(data.dataset.x[part] / 16, np.float64) for part in (data.train, data.test))
    for k in (2, 16):
        pca = PCA(k, svd_solver="full").fit(train)
        copy = pca.inverse_transform(pca.transform(test))
        assert found.scores[f"PCA-{k}"][MSE] == pytest.approx(np.mean((test - copy) ** 2), rel=1e-6)
        clipped = np.mean((test - np.clip(copy, 0, 1)) ** 2)
        assert found.scores[f"PCA-{k} clipped"][MSE] == pytest.approx(clipped, rel=1e-6)
    assert {"PCA-64", "PCA-0"}.isdisjoint(found.scores)  # d is 64


def test_crossentropy_of_the_mean_image_is_the_loss_of_predicting_it():
    data = digits()
    train, test = (np.asarray(data.dataset.x[part] / 16, np.float32) for part in (data.train, data.test))
    mean = np.broadcast_to(train.mean(axis=0), test.shape)
    expected = float(np.mean(binary_crossentropy(test, mean)))
    assert measure_baselines(data, "reconstruction").scores["mean image"][BCE] == pytest.approx(expected, rel=1e-5)


def test_pixels_that_round_above_one_are_still_probabilities():
    x = np.array([[0, 255], [255, 255], [128, 0]], np.uint8)
    scaler = Scaler(np.float32(0), np.float32(1 / 255))  # float32(1 / 255) * 255 is 1.00000001
    found = measure_baselines(prepared_of(from_arrays(x, image_shape=(1, 2)), [0, 1], [2], x_scaler=scaler))
    assert "entropy floor" in found.scores


def test_standardized_inputs_have_no_crossentropy_and_no_clipping():
    found = measure_baselines(digits(scaling="standard"), "reconstruction")
    assert all(list(score) == [MSE] for score in found.scores.values())
    assert not any("clipped" in name or name == "entropy floor" for name in found.scores)


def test_tables_have_a_mean_of_each_input_and_no_black():
    rng = np.random.default_rng(0)
    found = measure_baselines(
        prepared_of(from_arrays(rng.normal(size=(9, 3)).astype(np.float32)), range(6), range(6, 9))
    )
    assert set(found.scores) == {"global mean", "mean of each input", "PCA-2"}


def test_majority_and_chance_by_hand():
    x = np.zeros((10, 2), np.float32)
    y = np.array([0, 0, 0, 1, 1, 2, 0, 0, 1, 2], np.int32)
    found = measure_baselines(prepared_of(from_arrays(x, y), range(6), range(6, 10)))
    assert found.goal == "classification"
    assert found.scores["chance"][ACCURACY] == pytest.approx(1 / 3)
    assert found.scores["majority class"][ACCURACY] == 0.5


def test_least_squares_classifier_against_scikit_learn():
    x, y = load_iris(return_X_y=True)
    x = np.column_stack([x, np.ones(len(x))])  # a column that does not vary must not matter
    train, test = np.arange(0, 150, 2), np.arange(1, 150, 2)
    found = measure_baselines(prepared_of(from_arrays(x, y.astype(np.int32)), train, test))
    model = LinearRegression().fit(x[train], np.eye(3)[y[train]])
    expected = np.mean(model.predict(x[test]).argmax(axis=1) == y[test])
    assert found.scores["least squares"][ACCURACY] == expected


def test_regression_against_scikit_learn_with_columns_of_very_different_size():
    rng = np.random.default_rng(0)
    size = np.array([1e-4, 1, 1e3, 1e6])
    x = (rng.normal(size=(60, 4)) * size).astype(np.float32)
    y = (x @ np.array([[2e4, 0], [1, 1], [0, 1e-3], [1e-6, 0]]) + rng.normal(size=(60, 2))).astype(np.float32)
    train, test = np.arange(40), np.arange(40, 60)
    found = measure_baselines(prepared_of(from_arrays(x, y), train, test))
    even = x / size  # scikit-learn gives up the smallest column otherwise (MSE 3.4 instead of .97)
    error = LinearRegression().fit(even[train], y[train]).predict(even[test]) - y[test]
    assert found.scores["least squares"][MSE] == pytest.approx(np.mean(error**2), rel=1e-5)
    assert found.scores["least squares"][MAE] == pytest.approx(np.mean(np.abs(error)), rel=1e-5)
    constant = y[test] - y[train].mean(axis=0)
    assert found.scores["mean of the targets"][MSE] == pytest.approx(np.mean(constant**2), rel=1e-6)


def test_regression_scores_are_in_the_scaled_units_of_the_loss():
    y = np.array([10.0, 30.0, 40.0], np.float32)
    dataset = from_arrays(np.zeros((3, 1), np.float32), y)
    scaled = dataclasses.replace(prepared_of(dataset, [0, 1], [2]), y_scaler=Scaler(np.float32(20), np.float32(0.1)))
    # the mean of 10 and 30 is 0 after scaling, 40 is 2
    assert measure_baselines(scaled).scores["mean of the targets"] == {MSE: pytest.approx(4.0), MAE: pytest.approx(2.0)}


@pytest.mark.parametrize(
    ("test", "validation", "part"), [([3], [2], "test"), ([], [2], "validation"), ([], [], "training")]
)
def test_part_that_is_measured(test, validation, part):
    data = prepared_of(from_arrays(np.eye(4, dtype=np.float32)), [0, 1], test, validation)
    assert measured_part(data)[0] == part
    assert measure_baselines(data).part == part


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(REAL is None, reason="NNJAX_DATA does not name a folder with the real files")
def test_full_mnist_against_the_figures_of_the_deck():
    """Fitted on 60,000, measured on 10,000 digits: computed twice for the specification, DECK.md section 1."""
    data = prepare(DataConfig("mnist", data_dir=REAL, validation=0))
    found = measure_baselines(data, "reconstruction").scores
    expected = {
        "black": 0.113958,
        "global mean": 0.096401,
        "mean image": 0.067470,
        "PCA-2": 0.055669,
        "PCA-16": 0.026860,
        "PCA-32": 0.016828,
        "PCA-64": 0.0090468,
        "PCA-128": 0.0042053,
        "PCA-2 clipped": 0.055474,
        "PCA-16 clipped": 0.025380,
        "PCA-32 clipped": 0.015207,
        "PCA-64 clipped": 0.0077513,
        "PCA-128 clipped": 0.0034020,
    }
    assert {name: found[name][MSE] for name in expected} == pytest.approx(expected, abs=6e-7)
    assert found["mean image"][BCE] == pytest.approx(0.262506, abs=1e-6)
    assert found["entropy floor"][BCE] == pytest.approx(0.0580797, abs=1e-7)
    labels = measure_baselines(data).scores
    assert labels["majority class"][ACCURACY] == pytest.approx(0.1135)  # 1,135 ones among the 10,000
    assert 0.85 < labels["least squares"][ACCURACY] < 0.87

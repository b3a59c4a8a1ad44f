"""A validation and a test set of one's own: they validate and test, and never train unless it is said."""

import numpy as np
import pandas as pd
import pytest

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig
from nnjax.data import from_arrays, prepare_loaded

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)).astype(np.float32)
Y = np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)]
X_VAL, X_TEST = (RNG.normal(size=(n, 3)).astype(np.float32) for n in (20, 30))
Y_VAL, Y_TEST = (np.where(x[:, 0] > 0, "yes", "no") for x in (X_VAL, X_TEST))
OWN = {"x_val": X_VAL, "y_val": Y_VAL, "x_test": X_TEST, "y_test": Y_TEST}


def rows(prepared, part):
    return prepared.dataset.x[getattr(prepared, part)]


def test_own_sets_are_used_without_being_asked_for():
    prepared = prepare_loaded(from_arrays(X, Y, **OWN), DataConfig())
    for part, x in (("train", X), ("validation", X_VAL), ("test", X_TEST)):
        np.testing.assert_array_equal(rows(prepared, part), x)
    assert prepared.dataset.classes == ("no", "yes")


@pytest.mark.parametrize(
    ("own", "sizes"),
    [
        ({"x_val": X_VAL, "y_val": Y_VAL}, (60, 20, 0)),
        ({"x_test": X_TEST, "y_test": Y_TEST}, (54, 6, 30)),
        ({}, (43, 5, 12)),
    ],
)
def test_what_is_not_given_is_drawn_from_what_trains(own, sizes):
    """A tenth validates, and a fifth tests where there is neither set; all trains beside a validation set."""
    assert prepare_loaded(from_arrays(X, Y, **own), DataConfig()).facts().sizes == sizes


@pytest.mark.slow
def test_the_scores_are_those_of_the_own_sets():
    run = nnjax.sweep(
        Experiment(model=ModelConfig(widths=(4,)), epochs=3, batch_size=20, metrics=("accuracy",)),
        data=from_arrays(X, Y, **OWN),
    )
    for part, x, y in (("val", X_VAL, Y_VAL), ("test", X_TEST, Y_TEST)):
        right = (np.array(["no", "yes"])[run.outputs(x, 0).argmax(1)] == y).mean()
        assert run.records[0].values[f"{part}_accuracy"] == pytest.approx(right)


@pytest.mark.parametrize("asked", [{"validation": 0.2}, {"validation": 0}, {"validation": "test"}, {"folds": 4}])
def test_another_validation_part_wins_and_that_is_said(asked, caplog):
    with caplog.at_level("WARNING"):
        prepared = prepare_loaded(from_arrays(X, Y, **OWN), DataConfig(**asked))
    ((name, value),) = asked.items()
    assert (
        f"data.{name} is {value!r}, so that the 20 examples of the data's own validation set are among" in caplog.text
    )
    assert len(np.intersect1d(prepared.test, prepared.train)) == 0
    assert len(prepared.test) == 30


def test_own_sets_of_numbers_images_and_weights():
    images = (X[:, :, None] * np.ones(3)).astype(np.uint8)
    data = from_arrays(images, X[:, 0], x_val=images[:5], y_val=X[:5, 0], sample_weight_val=[0, 1, 1, 1, 2])
    assert (data.x.shape, data.x.dtype, data.shape, data.validation_start) == ((64, 9), np.uint8, (3, 3), 60)
    np.testing.assert_array_equal(data.weights, [1] * 63 + [2])
    assert from_arrays(X, x_val=X_VAL).validation_start == 60


def test_named_classes_may_be_absent_from_what_trains():
    data = from_arrays(X, np.zeros(60, int), x_val=X_VAL, y_val=np.ones(20, int), classes=("a", "b"))
    assert data.classes == ("a", "b")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"x_val": X_VAL}, "has y but no y_val: give both"),
        ({"y_val": Y_VAL}, "y_val or its weights, but no x_val"),
        ({"x_val": X_VAL[:, :2], "y_val": Y_VAL}, r"x of arrays has the shape \(60, 3\) but x_val \(20, 2\)"),
        ({"x_test": X_TEST.astype(np.uint8), "y_test": Y_TEST}, "x of arrays has the type float32 but x_test uint8"),
        ({"x_val": X_VAL, "y_val": Y_VAL == "yes"}, "y of arrays has the type <U3 but y_val bool"),
        ({"x_val": X_VAL, "y_val": Y_VAL[:7]}, "20 examples in x_val but 7 in y_val"),
        ({"x_val": X_VAL[:0], "y_val": Y_VAL[:0]}, "x_val of arrays has no examples"),
        ({"x_val": X_VAL, "y_val": np.full(20, "maybe")}, "y_val of arrays has the label maybe, which y does not have"),
        ({"x_val": X_VAL, "y_val": Y_VAL, "test_start": 50}, "x holds sets of its own already"),
        ({"x_val": X_VAL, "y_val": Y_VAL, "sample_weight_val": [1.0]}, "sample_weight_val of arrays has the shape"),
        ({"x_val": np.full((20, 3), np.nan), "y_val": Y_VAL}, "NaN or infinite"),
    ],
)
def test_mistakes_are_sentences(given, words):
    with pytest.raises(UserError, match=words):
        from_arrays(X, Y, **given)


def test_data_frames_are_joined_by_their_columns():
    """Also where the columns of another set stand in another order; new rows are read by name too."""
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    other = pd.DataFrame(X_VAL, columns=["a", "b", "c"])[["c", "a", "b"]]
    data = from_arrays(frame, pd.Series(Y), x_val=other, y_val=pd.Series(Y_VAL))
    assert (data.features, data.tabular) == (("a", "b", "c"), True)
    np.testing.assert_array_equal(data.x[60:], X_VAL)
    run = nnjax.sweep(Experiment(model=ModelConfig(widths=(4,)), epochs=2, batch_size=20), data=data)
    np.testing.assert_allclose(run.predict_proba(other), run.predict_proba(X_VAL), rtol=1e-6)
    with pytest.raises(UserError, match="x of arrays has a column 'a' but x_val has none"):
        from_arrays(frame, Y, x_val=other.drop(columns="a"), y_val=Y_VAL)
    with pytest.raises(UserError, match="x_val of arrays has a column 'd' but x has none"):
        from_arrays(frame, Y, x_val=other.assign(d=1), y_val=Y_VAL)


def test_pairs_as_keras_loads_them_are_a_sentence():
    with pytest.raises(UserError, match=r"The data are pairs, .* write nnjax.from_arrays\(x, y, x_val="):
        nnjax.sweep(Experiment(), data=((X, Y), (X_TEST, Y_TEST)))
    with pytest.raises(UserError, match=r"The data are 4 things, .* write nnjax.from_arrays"):
        nnjax.sweep(Experiment(), data=(X, Y, X_TEST, Y_TEST))

"""DataFrames with own validation and test rows; the truth: the rows that were given, coded by pandas."""

import numpy as np
import pandas as pd
import pytest

import nnjax
from nnjax.core.experiment import DataConfig
from nnjax.data import prepare_loaded
from nnjax.data.in_memory import as_dataset

RNG = np.random.default_rng(0)


def frame(n, cities=("a", "b")):
    found = pd.DataFrame({"u": RNG.normal(size=n), "city": RNG.choice(cities, n), "w": RNG.integers(1, 4, n)})
    return found.assign(y=np.where(found.u > 0, "yes", "no"))


TRAIN, VAL, TEST = frame(80), frame(20), frame(30)


def prepared(config=DataConfig(), **frames):
    given = nnjax.from_frames(TRAIN, **{"val": VAL, "test": TEST, "target": "y"} | frames)
    return prepare_loaded(as_dataset(given, config=config), config)


def test_parts_are_the_frames_as_they_were_given():
    found = prepared(weight="w")
    for rows, truth in ((found.train, TRAIN), (found.validation, VAL), (found.test, TEST)):
        np.testing.assert_allclose(found.dataset.x[rows][:, 0], truth.u, rtol=1e-6)
        coded = pd.get_dummies(truth.city).to_numpy(float)
        np.testing.assert_array_equal(found.dataset.x[rows][:, 1:], coded)
        np.testing.assert_array_equal(found.dataset.y[rows], truth.y == "yes")
        np.testing.assert_array_equal(found.dataset.weights[rows], truth.w)
    assert found.dataset.features == ("u", "city=a", "city=b")


def test_columns_may_be_in_another_order_and_weights_of_zero_are_gone():
    found = prepared(val=VAL[["y", "w", "city", "u"]], test=TEST.assign(w=[0, 1] * 15), weight="w")
    np.testing.assert_allclose(found.dataset.x[found.validation][:, 0], VAL.u, rtol=1e-6)
    np.testing.assert_allclose(found.dataset.x[found.test][:, 0], TEST.u[1::2], rtol=1e-6)
    alone = prepared(test=None)
    assert (len(alone.train), len(alone.validation), len(alone.test)) == (80, 20, 0)
    drawn = prepared(val=None)
    assert (len(drawn.train), len(drawn.validation), len(drawn.test)) == (72, 8, 30)


def test_rows_with_gaps_are_left_out_of_their_part():
    found = prepared(DataConfig(missing="drop"), val=VAL.assign(u=[np.nan, *VAL.u[1:]]))
    assert (len(found.train), len(found.validation), len(found.test)) == (80, 19, 30)


def test_a_category_that_is_never_trained_is_said():
    found = prepared(test=frame(30, ("a", "b", "c")))
    assert "No training row of DataFrame has 'city' as c, but validation or test rows do" in " ".join(found.said)
    assert "No training row" not in " ".join(prepared().said)


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ({"val": VAL.drop(columns="u")}, r"train has the column 'u', which val has not"),
        ({"val": VAL.assign(more=1)}, r"val has the column 'more', which train has not"),
        ({"val": np.ones(3)}, r"val is of the type ndarray, but a DataFrame was expected"),
        ({"test": TEST[:0]}, r"test has no rows"),
        ({"val": VAL.assign(y="maybe")}, r"y_val of DataFrame has the label maybe, which y does not have"),
        ({"val": VAL.assign(u=np.nan)}, r"'u' has 20 missing of 130 \(empty; the first in row 0 of val\)"),
    ],
)
def test_what_does_not_fit_is_refused(frames, words):
    with pytest.raises(nnjax.UserError, match=words):
        prepared(**frames)


def test_a_part_without_whole_rows_is_refused():
    with pytest.raises(nnjax.UserError, match="No row of val of DataFrame is left without missing cells"):
        prepared(DataConfig(missing="drop"), val=VAL.assign(u=np.nan))


def test_a_tuple_of_frames_is_told_the_way():
    with pytest.raises(nnjax.UserError, match=r"2 DataFrames of the same columns.*nnjax\.from_frames\(train, val=…"):
        as_dataset((TRAIN, VAL))


def test_a_run_and_its_folder(tmp_path):
    experiment = nnjax.Experiment(model=nnjax.ModelConfig(widths=(4,)), epochs=2, batch_size=16)
    given = nnjax.from_frames(TRAIN, val=VAL, test=TEST, target="y")
    run = nnjax.sweep(experiment, data=given, workdir=tmp_path / "run")
    share = np.mean(run.predict(TEST) == TEST.y)
    assert run.records[0].values["test_accuracy"] == pytest.approx(share, abs=1e-6)
    assert len(nnjax.load(tmp_path / "run", data=given).data().test) == 30

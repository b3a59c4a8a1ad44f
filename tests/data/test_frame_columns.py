"""Columns of DataFrames are read as the same columns of a file: right values by hand, and by pandas."""

import dataclasses
import logging

import numpy as np
import pandas as pd
import pytest

from nnjax.checks import defaults
from nnjax.checks.fit import check_fit, summarize_targets
from nnjax.core.columns import Column
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment
from nnjax.data import column_codes, new_rows, prepare, prepare_loaded
from nnjax.data.in_memory import as_dataset
from nnjax.data.place import Place

Y = [0, 1] * 30


def framed(frame, target="y", **options):
    config = DataConfig(**({"validation": 0, "test": 0} | options))
    return prepare_loaded(as_dataset(frame, target, None, config), config)


def of_file(frame, path, target="y", **options):
    frame.to_csv(path, index=False)
    return prepare(DataConfig(f"csv:{path}", target=target, **({"validation": 0, "test": 0} | options)))


class TestCategories:
    def test_whole_numbers_are_one_input_each(self):
        prepared = framed(pd.DataFrame({"m": pd.Series([1, 2, 12] * 20, dtype="category"), "y": Y}))
        assert prepared.dataset.features == ("m=1", "m=12", "m=2")
        np.testing.assert_array_equal(prepared.dataset.x[:3], [[1, 0, 0], [0, 0, 1], [0, 1, 0]])

    def test_an_order_of_floats(self, tmp_path):
        frame = pd.DataFrame({"m": pd.Categorical([1.0, 2.5, 7.0] * 20, ordered=True), "y": Y})
        prepared = framed(frame)
        np.testing.assert_array_equal(prepared.dataset.x[:3], [[0], [1], [2]])
        (tmp_path / "new.csv").write_text("m\n2.5\n1\n7.0\n", "utf-8")
        np.testing.assert_array_equal(new_rows.read(prepared.dataset.recipe, tmp_path / "new.csv"), [[1], [0], [2]])

    def test_intervals_of_pandas_cut(self):
        """0, 5, 10 cut into (-1, 3], (3, 7] and (7, 10] are places 0, 1, 2."""
        cut = pd.cut(np.tile([0, 5, 10], 20), [-1, 3, 7, 10])
        prepared = framed(pd.DataFrame({"m": cut, "y": Y}))
        np.testing.assert_array_equal(prepared.dataset.x[:3], [[0], [1], [2]])
        new = new_rows.from_frame(prepared.facts(), pd.DataFrame({"m": pd.cut(np.array([9, 1]), [-1, 3, 7, 10])}))
        np.testing.assert_array_equal(new, [[2], [0]])


def test_a_target_of_0_and_1_with_gaps_is_classes_in_both(tmp_path):
    frame = pd.DataFrame({"a": np.arange(60) ** 2, "y": [0, 1, np.nan] * 20})
    for prepared in (framed(frame, missing="mean"), of_file(frame, tmp_path / "t.csv", missing="mean")):
        assert (prepared.dataset.task, prepared.dataset.classes) == ("classification", ("0", "1"))
        np.testing.assert_array_equal(prepared.dataset.y, [0, 1] * 20)


@pytest.mark.parametrize("text", ["none", "-", "unknown"])
def test_what_a_missing_target_looks_like_is_said(tmp_path, text):
    """A class of that name disappears: its spelling, its place and the way to keep it are in the sentence."""
    frame = pd.DataFrame({"a": [*range(59), np.nan], "y": [text, "p", "q"] * 20})
    for prepared in (framed(frame, missing="mean"), of_file(frame, tmp_path / "t.csv", missing="mean")):
        [said] = [sentence for sentence in prepared.said if "left out" in sentence]
        assert said.startswith("20 of 60 rows with missing cells are left out: 'y' has 20 missing of 60 ('" + text)
        assert "data.na_values=" in said
        [filled] = [sentence for sentence in prepared.said if "filled in" in sentence]
        assert ("'a' 1 of 40" in filled, "'y'" in filled) == (True, False)
    assert framed(frame, missing="mean", na_values=("nan",)).dataset.classes == tuple(sorted(("p", "q", text)))


def test_dates_of_a_frame_are_predicted_from_texts(tmp_path):
    """2024-01-03 is day 19725; an older folder has no format."""
    prepared = framed(pd.DataFrame({"d": pd.date_range("2024-01-01", periods=60), "y": Y}))
    (tmp_path / "new.csv").write_text("d\n2024-01-03\n2024-01-03 12:00\n", "utf-8")
    new = new_rows.read(prepared.dataset.recipe, tmp_path / "new.csv")
    np.testing.assert_array_equal(new, [[19725], [19725.5]])
    texts = np.array(["2024-01-03"], object)
    older = column_codes.encode(Column("d", "date"), texts, Place("t", "d", str), None, "error")
    np.testing.assert_array_equal(older, [[19725]])


@pytest.mark.parametrize(("na_values", "missing"), [(("0",), 0), (("1", "0.0"), 0), (("False",), 30), (("true",), 30)])
def test_numbers_that_are_missing_are_no_truth_values(tmp_path, na_values, missing):
    frame = pd.DataFrame({"b": [True, False] * 30, "a": np.arange(60) ** 2 + 0.5, "y": [0.5, 1.5, 2.5] * 20})
    options = {"na_values": na_values, "missing": "indicator", "task": "regression"}
    prepared = framed(frame, **options)
    assert int(prepared.dataset.x[:, list(prepared.dataset.features).index("a") - 1].sum()) == 30
    assert ("b is missing" in prepared.dataset.features) == bool(missing)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("missing", "zero", "choose one of error, drop, mean"),
        ("unknown", "ignore", "choose one of error, unknown"),
        ("decimal", ",", "choose one of auto, point, comma"),
        ("split", "temporal", r"random, time or time:COLUMN was expected"),
        ("task", "class", "did you mean classification"),
        ("header", "on", "choose one of auto, yes, no"),
        ("folds", "five", "data.folds"),
    ],
)
def test_values_that_are_none_are_refused_in_python_too(tmp_path, field, value, words):
    frame = pd.DataFrame({"a": np.arange(60) ** 2, "y": Y})
    for read in (lambda **o: framed(frame, **o), lambda **o: of_file(frame, tmp_path / "t.csv", **o)):
        with pytest.raises(UserError, match=words):
            read(**{field: value})


def test_a_column_that_is_kept_and_dropped():
    frame = pd.DataFrame({"a": np.arange(60) ** 2, "b": np.arange(60) % 7, "y": Y})
    with pytest.raises(UserError, match=r"data\.columns and data\.drop both name the column 'b': take it out of one"):
        framed(frame, columns=("a", "b"), drop=("b",))


def test_a_text_stands_for_a_tuple_of_one(tmp_path):
    frame = pd.DataFrame({"Name": list("ab") * 30, "a": np.arange(60) ** 2, "y": Y})
    for prepared in (framed(frame, drop="Name"), of_file(frame, tmp_path / "t.csv", drop="Name")):
        assert prepared.dataset.features == ("a",)
    assert framed(frame, columns="Name").dataset.features == ("Name=a", "Name=b")


def test_classes_are_called_by_name_in_sentences(caplog):
    """Of class "dog" there is one example, which cannot be on both sides; without it the class is absent."""
    frame = pd.DataFrame({"a": np.arange(60) ** 2, "y": ["cat"] * 30 + ["cow"] * 29 + ["dog"]})
    with caplog.at_level(logging.WARNING, logger="absl"):
        framed(frame, test=0.2)
    assert "Class 'dog' has only one of the 60 examples" in caplog.text
    prepared = framed(frame)
    prepared = dataclasses.replace(prepared, train=prepared.train[:59])
    found = check_fit(defaults.resolve(Experiment(), prepared.dataset), summarize_targets(prepared, False))
    assert any("1 of 3 classes have no training example (such as 'dog')" in finding.sentence for finding in found)


def test_a_constant_target_is_not_called_0():
    """It is 1.5, and 0 only where it is scaled."""
    prepared = framed(pd.DataFrame({"a": np.arange(60) ** 2, "y": [1.5] * 60}), target_scaling="standard")
    found = check_fit(defaults.resolve(Experiment(), prepared.dataset), summarize_targets(prepared, False))
    [sentence] = [finding.sentence for finding in found if finding.code == "constant-targets"]
    assert sentence == "All targets of the training part are equal: there is nothing to learn."

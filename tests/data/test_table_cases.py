"""Tables as people have them, and the right outcome: header, precision, numbers, missing cells, predictions.

Right values are worked by hand, or come from pandas, NumPy and scikit-learn.
"""

import numpy as np
import pandas as pd
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import new_rows, prepare, prepare_loaded
from nnjax.data.in_memory import as_dataset


@pytest.fixture
def table(tmp_path):
    """A function that loads text, bytes or a DataFrame as a CSV file, prepared."""

    def prepared(content, target=None, name="table.csv", **options):
        path = tmp_path / name
        if isinstance(content, pd.DataFrame):
            content = content.to_csv(index=False)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        options = {"validation": 0, "test": 0} | options
        return prepare(DataConfig(f"csv:{path}", target=target, **options))

    return prepared


def rows_of(prepared, tmp_path, text, name="new.csv"):
    """Code new rows as the network of some data reads them."""
    (tmp_path / name).write_text(text, "utf-8")
    return new_rows.read(prepared.dataset.recipe, tmp_path / name)


def lines(*columns, header=None, separator=","):
    body = [separator.join(map(str, cells)) for cells in zip(*columns, strict=True)]
    return "\n".join(([header] if header else []) + body) + "\n"


RNG = np.random.default_rng(0)
Y = [f"{0.5 + i:g}" for i in range(60)]


class TestHeader:
    FRAME = pd.DataFrame(RNG.normal(size=(60, 3)))

    def test_names_0_1_2_are_a_header(self, table):
        data = table(self.FRAME).dataset
        assert len(data.x) == 60
        assert (data.features, data.targets) == (("0", "1"), ("2",))
        np.testing.assert_allclose(data.x, self.FRAME.iloc[:, :2], rtol=1e-6)

    def test_beside_a_label(self, table, tmp_path):
        prepared = table(self.FRAME.assign(label=["u", "v"] * 30), "label")
        assert (len(prepared.dataset.x), prepared.dataset.classes) == (60, ("u", "v"))
        new = rows_of(prepared, tmp_path, self.FRAME.head(2).to_csv(index=False))
        np.testing.assert_allclose(new, self.FRAME.head(2), rtol=1e-6)

    def test_with_the_index_saved_along(self, table):
        data = table(self.FRAME.to_csv()).dataset
        assert (len(data.x), data.features) == (60, ("0", "1"))

    def test_years(self, table):
        text = lines(["Rome", "Oslo", "Bern"] * 20, RNG.normal(size=60), Y, header="city,2019,2020")
        assert len(table(text).dataset.x) == 60
        text = lines(RNG.normal(size=60), RNG.normal(size=60), Y, header="2018,2019,2020")
        assert len(table(text).dataset.x) == 60

    def test_texts_without_a_header(self, table):
        text = lines(["a", "b", "c"] * 20, ["x", "y"] * 30, ["p", "q", "q"] * 20)
        assert len(table(text).dataset.x) == 60
        with_header = lines(["a", "b", "c"] * 20, ["x", "y"] * 30, ["p", "q", "q"] * 20, header="one,two,three")
        assert table(with_header).dataset.features[0] == "one=a"
        unclear = lines([f"name{i}" for i in range(60)], ["x", "y"] * 30, ["p"] + ["q", "r"] * 29 + ["q"])
        with pytest.raises(UserError, match=r"data\.header=yes or data\.header=no"):
            table(unclear)

    @pytest.mark.parametrize("cell", ["?", "NA", "NULL", "", "-", "n/a"])
    def test_a_missing_cell_in_the_first_row(self, table, cell):
        text = f"{cell},2\n" + lines(range(1, 40), np.arange(1, 40) % 3)
        with pytest.raises(UserError, match=r"'column0' has 1 missing of 40"):
            table(text)
        assert len(table(text, missing="mean").dataset.x) == 40

    def test_a_bound_in_the_first_row(self, table):
        with pytest.raises(UserError, match=r"'column0' .* line 1 has '<5'"):
            table("<5,2\n" + lines(range(1, 40), np.arange(1, 40) % 3))

    def test_asked_for(self, table):
        assert len(table("1,2\n3,4.5\n5,6.5\n", header="yes").dataset.x) == 2
        assert len(table("a,b\nc,d\na,d\nc,b\n", header="no").dataset.x) == 4
        assert any("with a header" in sentence for sentence in table("a,b\n1,2.5\n2,3.5\n").said)

    def test_data_that_only_begin_with_small_numbers(self, table):
        assert len(table("0,0,0\n0,1,1\n1,0,1\n1,1,0\n").dataset.x) == 4
        assert len(table("0,1\n1,0\n0,0\n1,1\n0,1\n").dataset.x) == 5


class TestPrecision:
    def test_times_in_seconds_train_as_if_they_began_at_0(self, table):
        i = np.arange(300)
        scale = {"scaling": "standard", "target_scaling": "standard", "task": "regression"}
        seconds = table(pd.DataFrame({"t": 1_700_000_000 + i, "y": i + 0.5}), **scale)
        plain = table(pd.DataFrame({"t": i, "y": i + 0.5}), **scale)
        assert len(np.unique(seconds.inputs(seconds.train))) == 300
        np.testing.assert_allclose(seconds.inputs(seconds.train), plain.inputs(plain.train), atol=1e-6)

    def test_targets(self, table):
        i = np.arange(300)
        y = 1_700_000_000 + i + 0.5
        prepared = table(pd.DataFrame({"t": i, "y": y}), scaling="standard", target_scaling="standard")
        scaled = np.asarray(prepared.y_scaler(prepared.dataset.y), np.float32)
        assert len(np.unique(scaled)) == 300
        np.testing.assert_allclose(prepared.y_scaler.inverse(scaled.astype(np.float64))[:, 0], y, atol=1e-3)

    def test_targets_that_merge_are_said(self, table):
        prepared = table(pd.DataFrame({"t": RNG.normal(size=300), "y": 1.7e9 + np.arange(300.0)}), task="regression")
        assert any("Distinct targets 'y' merge" in sentence for sentence in prepared.said)

    @pytest.mark.parametrize("base", [2**53, 2**62, -(2**63), 10**30])
    def test_labels_are_exact(self, table, base):
        data = table(lines(RNG.normal(size=60), [base + i % 3 for i in range(60)], header="x,y")).dataset
        assert data.task == "classification"
        assert data.classes == tuple(str(base + i) for i in range(3))
        np.testing.assert_array_equal(data.y, np.arange(60) % 3)

    def test_labels_of_a_frame_are_exact(self):
        frame = pd.DataFrame({"x": RNG.normal(size=60), "y": [2**62 + i % 3 for i in range(60)]})
        assert as_dataset(frame, "y").classes == tuple(str(2**62 + i) for i in range(3))

    @pytest.mark.parametrize(
        "values",
        [
            [int(day.strftime("%Y%m%d")) for day in pd.date_range("2023-01-01", periods=336)],
            [900_000_000 + 7 * i for i in range(300)],
            [48.1 + i * 1e-7 for i in range(300)],
        ],
    )
    def test_nothing_merges_unsaid(self, table, values):
        frame = pd.DataFrame({"v": values, "y": RNG.normal(size=len(values))})
        scaled = table(frame, scaling="standard")
        assert len(np.unique(scaled.inputs(scaled.train))) == len(values)
        unscaled = table(frame, scaling="none")
        assert any("'v' merge in float32" in sentence for sentence in unscaled.said)


class TestNumbers:
    @pytest.mark.parametrize(
        ("cells", "values", "rule"),
        [
            (["9,8", "7,25", "10"], [9.8, 7.25, 10], "decimal commas"),
            (["1.234,5", "12,25", "7"], [1234.5, 12.25, 7], "decimal commas, points between thousands"),
            (["1,234.5", "12.25", "7"], [1234.5, 12.25, 7], "commas between thousands"),
            (["1,234,567", "12", "7,000"], [1234567, 12, 7000], "commas between thousands"),
            (["900", "990", "1,000"], [900, 990, 1000], "commas between thousands"),
            (["1 005", "999", "12 005"], [1005, 999, 12005], "blanks between thousands"),
            (["1\u00a0005,5", "999,25", "12"], [1005.5, 999.25, 12], "decimal commas, blanks between thousands"),
            (["1'005", "999", "1'012'005.5"], [1005, 999, 1012005.5], "apostrophes between thousands"),
            (["$1.50", "$20", "$1,000.25"], [1.5, 20, 1000.25], r"'\$' before each number"),
            (["1,50 €", "2,75 €", "-3,5 €"], [1.5, 2.75, -3.5], "decimal commas, '€' after each number"),
            (["5 %", "7.5 %", "80%"], [5, 7.5, 80], "per cent"),
            (["5kg", "7.5 kg", "80kg"], [5, 7.5, 80], "'kg' after each number"),
            (["(5)", "7", "(2.5)"], [-5, 7, -2.5], "brackets for negative numbers"),
            (["\u22125", "7", "\u22122.5"], [-5, 7, -2.5], "decimal points"),
            (["'5'", "'7'", "'2.5'"], [5, 7, 2.5], "decimal points"),
            (["00:15", "01:00", "12:30"], [15, 60, 750], "times, in minutes"),
            (["0:00:15", "1:00", "12:30:01"], [15, 3600, 45001], "times, in seconds"),
            (["1:30 PM", "12:00 AM", "12:15 PM"], [810, 0, 735], "times, in minutes"),
            (["2024-01-02", "1970-01-01", "1970-01-03"], [19724, 0, 2], "days since 1970-01-01"),
            (["02.01.2024", "01.01.1970", "31.01.1970"], [19724, 0, 30], "days since 1970-01-01"),
            (["1/31/1970", "01/01/1970", "1/2/1970"], [30, 0, 1], "days since 1970-01-01"),
            (["1970-01-01 12:00", "1970-01-02 00:00", "1970-01-03 06:00"], [0.5, 1, 2.25], "days since"),
        ],
    )
    def test_one_rule_for_the_column_said(self, table, tmp_path, cells, values, rule):
        prepared = table(lines([f'"{c}"' for c in cells] * 20, Y, header="v,y"), scaling="none")
        np.testing.assert_allclose(prepared.dataset.x[:, 0], values * 20)
        assert sum("'v' is read as" in sentence for sentence in prepared.said) == 1
        import re

        assert any(re.search(rule, sentence) for sentence in prepared.said), prepared.said
        for cell, value in zip(cells, values, strict=True):  # a single new row is read by the same rule
            np.testing.assert_allclose(rows_of(prepared, tmp_path, f'v\n"{cell}"\n'), [[value]])

    @pytest.mark.parametrize("separator", [";", "\t", "|"])
    def test_decimal_commas_by_any_separator(self, table, separator):
        text = lines(
            ["1,5", "2,25", "3"] * 20, ["0,25", "1,25", "7,5"] * 20, header=f"v{separator}y", separator=separator
        )
        data = table(text).dataset
        np.testing.assert_allclose(data.x[:3, 0], [1.5, 2.25, 3])
        assert data.task == "regression"
        np.testing.assert_allclose(data.y[:3, 0], [0.25, 1.25, 7.5])

    def test_what_is_open_is_asked_or_settled_by_another_column(self, table):
        open_cells = ['"1,005"', '"2,010"', '"7"'] * 20
        with pytest.raises(
            UserError, match=r"'v' .*'1,005'.* 1005 .* 1\.005 .*data\.decimal=point or data\.decimal=comma"
        ):
            table(lines(open_cells, Y, header="v,y"))
        assert table(lines(open_cells, Y, header="v,y"), decimal="comma").dataset.x[0, 0] == np.float32(1.005)
        assert table(lines(open_cells, Y, header="v,y"), decimal="point").dataset.x[0, 0] == 1005
        text = lines(["1,005", "2,010", "7"] * 20, ["0,25", "1,25", "7,5"] * 20, header="v;y", separator=";")
        assert table(text).dataset.x[0, 0] == np.float32(1.005)

    def test_a_stray_mark_is_named_with_its_line(self, table):
        text = lines(["1.5", "2.5", "3.25"] * 20, ["7.5"] * 59 + ["1,5"], header="v;y", separator=";")
        with pytest.raises(UserError, match=r"'y' .* numbers \(decimal points\), but line 61 has '1,5'"):
            table(text)

    @pytest.mark.parametrize("cells", [["low", "medium", "high"], ["5-9", "10-14", "15-19"]])
    def test_texts_are_one_hot_or_in_the_order_that_is_given(self, table, tmp_path, cells):
        text = lines(cells * 20, Y, header="v,y")
        one_hot = table(text)
        assert one_hot.dataset.features == tuple(f"v={cell}" for cell in sorted(cells))
        np.testing.assert_array_equal(one_hot.dataset.x.sum(axis=1), np.ones(60))
        ordered = table(text, ordinal=("v:" + "<".join(cells),), scaling="none")
        np.testing.assert_array_equal(ordered.dataset.x[:, 0], [0, 1, 2] * 20)
        np.testing.assert_array_equal(rows_of(ordered, tmp_path, f"v\n{cells[2]}\n{cells[0]}\n"), [[2], [0]])

    def test_stored_order_of_a_categorical(self, tmp_path):
        kind = pd.CategoricalDtype(["low", "medium", "high"], ordered=True)
        frame = pd.DataFrame({"v": pd.Series(["high", "low", "medium"] * 20, dtype=kind), "y": np.arange(60) / 7})
        frame.to_parquet(tmp_path / "t.parquet")
        for data in (as_dataset(frame), prepare(DataConfig(f"csv:{tmp_path / 't.parquet'}")).dataset):
            assert data.features == ("v",)
            np.testing.assert_array_equal(data.x[:3, 0], [2, 0, 1])

    @pytest.mark.parametrize(
        "cells",
        [["5%", "7", "8%"], ["5kg", "7lb", "8kg"], ["1.5k", "200", "3M"], ["<5", "7", "8"], ["1", "1/2", "3/4"]],
    )
    def test_numbers_of_several_units_are_no_categories(self, table, cells):
        with pytest.raises(UserError, match=r"'v' .* no one rule fits .*data\.ordinal=v:.*data\.drop=v"):
            table(lines(cells * 20, Y, header="v,y"))

    @pytest.mark.parametrize("cells", [["0", "1", "3+"], ["<=50K", ">50K", ">1M"], ["1", "2", "3A"], ["2-", "2+", "2"]])
    def test_texts_with_digits_that_are_categories(self, table, cells):
        assert len(table(lines(cells * 20, Y, header="v,y")).dataset.features) == 3

    def test_points_between_thousands_where_the_file_has_decimal_commas(self, table):
        text = lines(["1.005", "2.010", "3.500"] * 20, ["1,5", "2,5", "3,25"] * 20, header="v;y", separator=";")
        np.testing.assert_array_equal(table(text).dataset.x[:3, 0], [1005, 2010, 3500])

    def test_numbers_that_are_too_long_or_too_large(self, table):
        prepared = table(lines([10**25 + i for i in range(60)], Y, header="v,y"))
        assert any("Of 60 numbers of 'v' 1 are left in float64" in sentence for sentence in prepared.said)
        with pytest.raises(UserError, match=r"'v' .* has 20 infinite values, the first in line 2"):
            table(lines(["1e400", "1", "2"] * 20, Y, header="v,y"))

    def test_dates_that_are_open(self, table):
        with pytest.raises(UserError, match=r"'v' .* may be %d/%m/%Y or %m/%d/%Y"):
            table(lines(["01/02/2024", "03/04/2024", "05/06/2024"] * 20, Y, header="v,y"))

    def test_as_a_target(self, table):
        for cells in (["$1.50", "$2.50", "$3"], ["0,25", "1,25", "2,5"], ["5 kg", "7.5 kg", "6 kg"]):
            data = table(lines(range(60), [f'"{c}"' for c in cells] * 20, header="v,y")).dataset
            assert data.task == "regression"


class TestMissing:
    GAPS = lines(
        ["?", "1", "2"] * 20, ["NA", "3", "4", "5", "6"] * 12, ["-", "", "7", "8", "9", "1"] * 10, Y, header="a,b,c,y"
    )

    def test_one_message(self, table):
        with pytest.raises(UserError) as error:
            table(self.GAPS)
        for part in (
            "'a' has 20 missing of 60 ('?'",
            "'b' has 12 missing of 60 ('NA'",
            "'c' has 20 missing of 60 ('-', empty",
        ):
            assert part in str(error.value)
        assert "data.missing=drop" in str(error.value)
        assert "data.missing=mean" in str(error.value)

    @pytest.mark.parametrize(("policy", "value"), [("mean", 1.5), ("median", 1.5), ("most_frequent", 1)])
    def test_filled_in_by_the_training_part(self, table, tmp_path, policy, value):
        prepared = table(self.GAPS, missing=policy, scaling="none")
        np.testing.assert_allclose(prepared.dataset.x[:3, 0], [value, 1, 2])
        np.testing.assert_allclose(rows_of(prepared, tmp_path, "a,b,c\nnull,3,7\n")[0, 0], value)

    def test_fitted_on_the_training_part_of_each_fold(self, table):
        from sklearn.impute import SimpleImputer

        values = np.where(RNG.uniform(size=60) < 0.3, np.nan, RNG.normal(size=60))
        frame = pd.DataFrame({"v": values, "y": Y})
        for fold in range(3):
            prepared = table(frame, missing="mean", scaling="none", folds=3, fold=fold)
            imputer = SimpleImputer().fit(values[prepared.train, None])
            np.testing.assert_allclose(prepared.dataset.x, imputer.transform(values[:, None]), rtol=1e-6)

    def test_indicator_and_drop(self, table):
        prepared = table(self.GAPS, missing="indicator", scaling="none")
        assert prepared.dataset.features[:2] == ("a", "a is missing")
        np.testing.assert_array_equal(prepared.dataset.x[:3, 1], [1, 0, 0])
        dropped = table(self.GAPS, missing="drop")
        expected = pd.read_csv(pd.io.common.StringIO(self.GAPS), na_values=["?", "-"]).dropna()
        assert len(dropped.dataset.x) == len(expected)
        np.testing.assert_allclose(dropped.dataset.x, expected[["a", "b", "c"]].astype(float))

    def test_na_is_namibia(self, table):
        text = lines(["NA", "DE", "FR"] * 20, ["EU", "NA", "AS"] * 20, header="country,y")
        with pytest.raises(UserError, match=r"'country' has 20 missing of 60 \('NA'.*'y' has 20 .*data\.na_values"):
            table(text)
        data = table(text, na_values=()).dataset
        assert (data.features, data.classes) == (("country=DE", "country=FR", "country=NA"), ("AS", "EU", "NA"))

    def test_minus_999(self, table):
        values = [*RNG.uniform(2, 30, size=57).round(1), -999, -999, -999]
        text = lines(values, Y, header="v,y")
        assert any("-999 in 3 rows" in sentence for sentence in table(text).said)
        filled = table(text, na_values=("-999",), missing="mean", scaling="none")
        np.testing.assert_allclose(filled.dataset.x[-1, 0], np.mean(values[:57]), rtol=1e-6)

    def test_mostly_missing_is_refused_with_the_count(self, table):
        cells = np.where(np.arange(90) % 3 < 2, "?", np.arange(90).astype(str))
        text = lines(cells, RNG.normal(size=90), header="v,y")
        with pytest.raises(UserError, match=r"'v' has 60 missing of 90 .*data\.drop=v"):
            table(text)

    def test_plus_and_minus_are_labels(self, table):
        assert table(lines(RNG.normal(size=60), ["+", "-"] * 30, header="x,y")).dataset.classes == ("+", "-")


class TestColumns:
    def test_an_identifier_is_remarked(self, table):
        frame = pd.DataFrame({"id": np.arange(90), "x": RNG.normal(size=90), "y": np.repeat(["a", "b", "c"], 30)})
        assert any("'id' rises from row to row" in sentence for sentence in table(frame).said)
        frame["id"] = RNG.permutation(90)
        assert any("'id' has another whole number" in sentence for sentence in table(frame).said)
        assert not any("'x' rises" in sentence or "'x' has" in sentence for sentence in table(frame).said)
        assert table(frame, drop=("id",)).dataset.features == ("x",)
        assert table(frame, columns=("x",)).dataset.features == ("x",)

    def test_constant_in_training_is_left_out(self, table, tmp_path):
        x = np.full(90, 3.0)
        frame = pd.DataFrame({"c": x, "x": RNG.normal(size=90), "y": RNG.normal(size=90)})
        test = table(frame, test=0.2).test
        frame.loc[test[0], "c"] = 1e6
        for scaling in ("standard", "minmax", "none"):
            prepared = table(frame, test=0.2, scaling=scaling)
            assert any("left out: 'c'" in sentence for sentence in prepared.said)
            np.testing.assert_array_equal(prepared.inputs(np.arange(90))[:, 0], np.zeros(90))

    def test_labels_that_differ_in_case(self, table):
        prepared = table(lines(RNG.normal(size=60), ["yes", "yes ", "Yes"] * 20, header="x,y"))
        assert prepared.dataset.classes == ("Yes", "yes")
        assert any("'yes' and 'Yes'" in sentence for sentence in prepared.said)

    def test_prices_are_numbers_and_few_whole_numbers_classes(self, table):
        prices = [100000 + 50000 * (i % 12) for i in range(60)]
        prepared = table(lines(RNG.normal(size=60), prices, header="x,y"))
        assert prepared.dataset.task == "regression"
        assert any("data.task=classification" in sentence for sentence in prepared.said)
        grades = table(lines(RNG.normal(size=200), RNG.integers(0, 21, size=200), header="x,y"), task="regression")
        assert grades.dataset.task == "regression"

    def test_whole_numbers_with_a_decimal_point_are_as_without(self, table):
        assert table(lines(RNG.normal(size=60), ["0.0", "1.0"] * 30, header="x,y")).dataset.classes == ("0", "1")
        frame = pd.DataFrame({"x": RNG.normal(size=60), "y": [0.0, 1.0] * 30})
        assert as_dataset(frame).task == "classification"
        assert as_dataset(frame.assign(y=frame.y + 0.5)).task == "regression"

    def test_types_of_frames(self):
        y = RNG.normal(size=60)
        codes = as_dataset(pd.DataFrame({"a": pd.Categorical([3, 1] * 30), "y": y}))
        assert codes.features == ("a=1", "a=3")
        days = as_dataset(pd.DataFrame({"a": pd.date_range("1970-01-02", periods=60, tz="UTC"), "y": y}))
        np.testing.assert_array_equal(days.x[:, 0], np.arange(1, 61))
        assert days.recipe.columns[0].format == "ISO 8601"
        with pytest.raises(UserError, match=r"'a' .* complex numbers"):
            as_dataset(pd.DataFrame({"a": y * 1j, "y": y}))

    def test_zip_codes_keep_their_zeros(self, table):
        assert table(lines(RNG.normal(size=60), ["00001", "00002"] * 30, header="x,y")).dataset.classes == (
            "00001",
            "00002",
        )

    def test_groups_are_in_one_part_each(self, table):
        patients, y = RNG.integers(0, 30, size=300), RNG.integers(0, 2, size=300)
        frame = pd.DataFrame({"patient": [f"p{i}" for i in patients], "x": RNG.normal(size=300), "y": y})
        for options in (
            {"test": 0.2, "validation": 0.2},
            *({"folds": 5, "fold": fold, "test": 0.2} for fold in range(5)),
        ):
            prepared = table(frame, groups="patient", **options)
            assert prepared.dataset.features == ("x",)
            parts = [set(patients[part]) for part in (prepared.train, prepared.validation, prepared.test)]
            assert sum(len(part) for part in parts) == len(set.union(*parts))
            sizes = [len(part) for part in (prepared.train, prepared.validation, prepared.test)]
            assert sum(sizes) == 300
            assert abs(sizes[2] - 60) <= 15
            assert abs(sizes[1] - 48) <= 15

    def test_split_by_time(self, table):
        days = RNG.permutation(100)
        frame = pd.DataFrame(
            {"day": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, "D"), "y": RNG.normal(size=100)}
        )
        prepared = table(frame, split="time", test=0.2, validation=0.25)
        assert days[prepared.train].max() + 1 == days[prepared.validation].min() == 60
        assert days[prepared.validation].max() + 1 == days[prepared.test].min() == 80
        in_order = table(frame.sort_values("day"), test=0.2)
        assert any("data.split=time" in sentence for sentence in in_order.said)
        split = table(frame.sort_values("day"), test=0.2, split="time")
        assert not any("random split" in sentence for sentence in split.said)


class TestPredictions:
    def test_forty_known_categories_in_sixty_rows(self, table, tmp_path):
        names = [f"c{i:02d}" for i in range(40)]
        prepared = table(lines(names * 10, RNG.normal(size=400), header="v,y"))
        x = rows_of(prepared, tmp_path, lines((names * 2)[:60], header="v"))
        np.testing.assert_array_equal(x.argmax(axis=1), [i % 40 for i in range(60)])

    def test_other_columns_are_not_read(self, table, tmp_path):
        prepared = table(lines(RNG.normal(size=60), Y, header="x,y"))
        new = "id,x,note,y\nAB1,1.5,,\nAB2,2.5,odd,\n"
        np.testing.assert_array_equal(rows_of(prepared, tmp_path, new), [[1.5], [2.5]])

    def test_categories_that_are_all_digits_in_new_rows(self, table, tmp_path):
        prepared = table(lines(["1", "2", "3A"] * 20, Y, header="v,y"))
        np.testing.assert_array_equal(rows_of(prepared, tmp_path, "v\n1\n2\n1\n"), [[1, 0, 0], [0, 1, 0], [1, 0, 0]])
        frame = pd.DataFrame({"v": [1.0, 2.0]})
        np.testing.assert_array_equal(new_rows.from_frame(prepared.facts(), frame), [[1, 0, 0], [0, 1, 0]])
        np.testing.assert_array_equal(rows_of(prepared, tmp_path, "v\n1.0\n2.0\n"), [[1, 0, 0], [0, 1, 0]])

    def test_true_for_yes(self, table, tmp_path):
        prepared = table(lines(["Yes", "No", "No"] * 20, Y, header="v,y"))
        with pytest.raises(UserError, match=r"'v' .* holds 'True' in line 2, but the network knows No, Yes"):
            rows_of(prepared, tmp_path, "v\nTrue\n")

    def test_unknown_categories(self, table, tmp_path):
        text = lines(["a", "b", "c"] * 20, Y, header="v,y")
        with pytest.raises(UserError, match="holds 'd' in line 3, but the network knows a, b, c"):
            rows_of(table(text), tmp_path, "v\na\nd\n")
        np.testing.assert_array_equal(
            rows_of(table(text, unknown="unknown"), tmp_path, "v\na\nd\n"), [[1, 0, 0], [0, 0, 0]]
        )

    def test_without_a_header(self, table, tmp_path):
        text = lines(RNG.normal(size=60), ["u", "v"] * 30, RNG.normal(size=60) + 0.5)
        prepared = table(text, "1")
        np.testing.assert_array_equal(rows_of(prepared, tmp_path, "1.5,u,2.5\n3.5,,4.5\n"), [[1.5, 2.5], [3.5, 4.5]])
        with pytest.raises(
            UserError, match="has 2 columns and no header, but the network's table had 3, column1 among"
        ):
            rows_of(prepared, tmp_path, "1.5,2.5\n3.5,4.5\n")
        last = table(text, "0")
        np.testing.assert_array_equal(rows_of(last, tmp_path, "column2,column1\n2.5,u\n"), [[1, 0, 2.5]])

    def test_missing_where_training_had_none(self, table, tmp_path):
        prepared = table(lines(RNG.normal(size=60), Y, header="x,y"))
        with pytest.raises(UserError, match=r"'x' .* has 1 missing cells, the first in line 3"):
            rows_of(prepared, tmp_path, "x\n1\nNA\n")


class TestFormats:
    TEXT = lines(RNG.normal(size=60).round(3), ["Köln", "Zürich"] * 30, Y, header="x,stadt,y")

    def test_compressed(self, table, tmp_path):
        import bz2
        import gzip
        import io
        import lzma
        import zipfile

        plain, data = table(self.TEXT).dataset, self.TEXT.encode()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("table.csv", self.TEXT)
        for name, packed in {
            "t.csv.gz": gzip.compress(data),
            "t.csv.xz": lzma.compress(data),
            "t.csv.bz2": bz2.compress(data),
            "t.zip": buffer.getvalue(),
        }.items():
            assert table(packed, name=name).dataset.sha256 == plain.sha256
        with pytest.raises(UserError, match="is damaged"):
            table(gzip.compress(data)[:-9], name="cut.gz")
        with pytest.raises(UserError, match="grows beyond"):
            table(gzip.compress(bytes(80_000_000)), name="bomb.gz")

    def test_encodings(self, table):
        plain = table(self.TEXT).dataset
        assert table(self.TEXT.encode("utf-16")).dataset.sha256 == plain.sha256
        assert table(self.TEXT.encode("latin-1"), encoding="latin-1").dataset.sha256 == plain.sha256
        with pytest.raises(UserError, match=r"data\.encoding=latin-1"):
            table(self.TEXT.encode("latin-1"))
        with pytest.raises(UserError, match="'klingon', which Python does not know"):
            table(self.TEXT, encoding="klingon")

    def test_excels_separator_line_and_comments(self, table):
        plain = table(self.TEXT).dataset
        assert table("sep=;\n" + self.TEXT.replace(",", ";")).dataset.sha256 == plain.sha256
        assert table("# made in 2024\n# by hand\n" + self.TEXT).dataset.sha256 == plain.sha256
        header, body = self.TEXT.split("\n", 1)
        commented = table(f"#{header}\n{body}").dataset
        assert commented.features == plain.features
        assert len(commented.x) == 60

    def test_blanks_between_cells_ends_of_lines_and_separators_at_them(self, table):
        plain = table("a,b\n1,2.5\n3,4.5\n").dataset.sha256
        for text in (
            "a b\n1 2.5\n3 4.5\n",
            " a   b\n 1  2.5\n 3  4.5\n",
            "a,b\r1,2.5\r3,4.5\r",
            "a;b;\n1;2.5;\n3;4.5;\n",
        ):
            assert table(text).dataset.sha256 == plain
        assert table('x "my y"\n1 2.5\n3 4.5\n').dataset.targets == ("my y",)

    def test_ragged_rows_are_named(self, table):
        with pytest.raises(UserError, match="line 4 has 3 cells, but 2 were expected"):
            table("a,b\n1,2\n3,4\n5,6,7\n")
        with pytest.raises(UserError, match="line 3 has 1 cell, but 2 were expected"):
            table("a,b\n1,2\n3\n")

    def test_feather_and_workbooks(self, tmp_path, monkeypatch):
        frame = pd.read_csv(pd.io.common.StringIO(self.TEXT))
        frame.to_feather(tmp_path / "t.feather")
        assert prepare(DataConfig(f"csv:{tmp_path / 't.feather'}")).dataset.features == (
            "x",
            "stadt=Köln",
            "stadt=Zürich",
        )

    def test_other_data_have_no_columns_to_drop(self):
        with pytest.raises(UserError, match=r"data\.drop is .* no table"):
            prepare(DataConfig("iris", drop=("a",)))

    def test_a_frame_is_read_as_each_configuration_says(self):
        frame = pd.DataFrame({"a": [1.0, np.nan, 3.0] * 20, "b": np.arange(60) / 7, "y": np.arange(60) / 3})
        dataset = as_dataset(frame, "y", config=DataConfig(missing="mean"))
        means = prepare_loaded(dataset, DataConfig(missing="mean", scaling="none", test=0, validation=0))
        np.testing.assert_allclose(means.dataset.x[1, 0], 2)
        other = prepare_loaded(dataset, DataConfig(missing="drop", drop=("b",), test=0, validation=0))
        assert other.dataset.x.shape == (40, 1)


def test_unknown_categories_of_new_rows_are_said(table, tmp_path, caplog):
    rows = pd.DataFrame({"kind": ["flat", "house", "flat"] * 20, "b": np.arange(60) / 7, "y": Y})
    prepared = table(rows, unknown="unknown", scaling="none")
    new = rows_of(prepared, tmp_path, "kind,b\ncastle,1\nflat,2\nruin,3\ncastle,4\n")
    np.testing.assert_array_equal(new, [[0, 0, 1], [1, 0, 2], [0, 0, 3], [0, 0, 4]])
    said = "new.csv has unknown categories, which count as none of the known ones: 3 in 'kind' ('castle', 'ruin')."
    assert said in caplog.text
    caplog.clear()
    rows_of(prepared, tmp_path, "kind,b\nhouse,1\n")
    assert "unknown" not in caplog.text


def test_gaps_in_new_rows_are_said_by_column_or_refused(table, tmp_path, caplog):
    """Of b, which had none in training too: by hand the means 2 and 20; without a rule to fill in they are refused."""
    rows = pd.DataFrame({"a": ["1", "3", ""] * 20, "b": [10, 30, 20] * 20, "y": Y})
    prepared = table(rows, missing="mean", scaling="none")
    new = "a,b\n1,\n,\n3,7\n"
    np.testing.assert_allclose(rows_of(prepared, tmp_path, new), [[1, 20], [2, 20], [3, 7]])
    assert "new.csv has missing cells, which are filled in as in training: 1 in 'a', 2 in 'b'." in caplog.text
    caplog.clear()
    rows_of(prepared, tmp_path, "a,b\n1,2\n")
    assert "missing" not in caplog.text
    whole = table(rows.assign(a=rows.b), name="whole.csv")
    with pytest.raises(UserError, match=r"'b' .* has 1 missing cells"):
        rows_of(whole, tmp_path, "a,b\n1,\n")

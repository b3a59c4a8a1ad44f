"""Tables of a walk through the documentation, sentence by sentence, that were misread or refused without a way out.

Right values come from NumPy, pandas and `datetime.strptime`.
"""

import datetime
import io

import numpy as np
import pandas as pd
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import dates, new_rows, prepare, prepare_loaded
from nnjax.data.in_memory import as_dataset

R = range(60)
NOISE = np.random.default_rng(0).normal(size=60).round(3)


@pytest.fixture
def table(tmp_path):
    """A function that prepares columns as a CSV file."""

    def prepared(frame, **options):
        frame.to_csv(tmp_path / "table.csv", index=False)
        return prepare(DataConfig(f"csv:{tmp_path / 'table.csv'}", **{"scaling": "none"} | options))

    return prepared


def of_frame(frame, target=None, **options):
    config = DataConfig("arrays", **{"scaling": "none"} | options)
    return prepare_loaded(as_dataset(frame, target, None, config), config)


def read(prepared, path, text):
    path.write_text(text, "utf-8")
    return new_rows.read(prepared.dataset.recipe, path)


def test_dates_are_read_as_strptime_reads_them():
    rng = np.random.default_rng(1)
    formats = [date + clock for date in dates.FORMATS for clock in dates.CLOCKS]
    for number in rng.integers(0, 10**9, 6):
        time = datetime.datetime(1995, 2, 27) + datetime.timedelta(seconds=int(number))
        for format in formats:
            text = time.strftime(format)
            since = datetime.datetime.strptime(text, format) - datetime.datetime(1970, 1, 1)
            assert dates.parse([text, text.upper()], format).tolist() == [since / datetime.timedelta(days=1)] * 2
    wrong = [("30.02.2024", "%d.%m.%Y"), ("1.1.2024 24:00", "%d.%m.%Y %H:%M"), ("01.13.2024", "%d.%m.%Y"), ("1", "%d")]
    for text, format in [*wrong, ("", "%d.%m.%Y"), ("1 1", "%d %d"), ("x", "%q")]:
        assert np.isnan(dates.parse([text], format)).all()


def test_no_number_is_moved_by_float32(table):
    """Dates as numbers, no two of which merge in float32, whose step of 2 is seen in a spread of 50."""
    days = 20_240_101 + 3 * np.random.default_rng(0).permutation(60)
    prepared = table(pd.DataFrame({"day": days, "noise": NOISE, "y": days % 2}), scaling="standard", drop="noise")
    train = days[prepared.train].astype(np.float64)
    right = (days - train.mean()) / train.std()
    np.testing.assert_allclose(prepared.inputs(np.arange(60))[:, 0], right, atol=1e-4)


@pytest.mark.parametrize("gap", ["", "NA", "?"])
def test_plain_numbers_with_gaps(table, tmp_path, gap):
    cells = [gap if i % 7 == 3 else repr(value) for i, value in enumerate(NOISE.tolist())]
    data = table(pd.DataFrame({"a": cells, "y": np.arange(60) % 2}), missing="median", test=0, validation=0).dataset
    right = pd.read_csv(tmp_path / "table.csv", na_values="?")["a"]
    np.testing.assert_allclose(data.x[:, 0], right.fillna(right.median()), rtol=1e-6)


class TestNewRows:
    def test_numbers_that_lost_their_zeros(self, table, tmp_path, caplog):
        frame = pd.DataFrame({"zip": ["00501", "01001", "10001"] * 20, "a": NOISE, "y": np.arange(60) % 2})
        prepared = table(frame, unknown="unknown")
        right = read(prepared, tmp_path / "new.csv", frame.head(3).to_csv(index=False))
        np.testing.assert_array_equal(right[:, :3], np.eye(3))
        again = pd.read_csv(tmp_path / "new.csv")
        assert again["zip"].tolist() == [501, 1001, 10001]
        np.testing.assert_array_equal(new_rows.from_frame(prepared.facts(), again), right)
        assert "501 for 00501, 1001 for 01001" in caplog.text
        other = read(prepared, tmp_path / "new.csv", "zip,a\n7,1\n0501,2\n")  # neither is another spelling of a code
        assert not other[:, :3].any()

    def test_codes_that_differ_in_zeros_alone_stay_apart(self, table):
        prepared = table(pd.DataFrame({"code": ["01", "1", "2"] * 20, "a": NOISE, "y": np.arange(60) % 2}))
        with pytest.raises(UserError, match="'02' in row 0, but the network knows 01, 1, 2"):
            new_rows.from_frame(prepared.facts(), pd.DataFrame({"code": ["02"], "a": [1.0]}))

    def test_blanks_around_names(self, tmp_path):
        text = "code, a, y\n" + "".join(f"{i % 3}, {i}.5, {i % 2}\n" for i in R)
        (tmp_path / "table.csv").write_text(text, "utf-8")
        prepared = prepare(DataConfig(f"csv:{tmp_path / 'table.csv'}", scaling="none"))
        frame = pd.read_csv(io.StringIO(text))
        assert list(frame.columns) == ["code", " a", " y"]
        np.testing.assert_array_equal(new_rows.from_frame(prepared.facts(), frame), prepared.dataset.x)

    def test_counted_columns_for_a_table_without_header(self, tmp_path):
        text = "".join(f"{i}.5,{i * i % 7}.25,{'uv'[i % 2]}\n" for i in R)
        (tmp_path / "table.csv").write_text(text, "utf-8")
        prepared = prepare(DataConfig(f"csv:{tmp_path / 'table.csv'}", scaling="none"))
        frame = pd.read_csv(io.StringIO(text), header=None)
        for rows in (frame, frame[[0, 1]]):
            np.testing.assert_array_equal(new_rows.from_frame(prepared.facts(), rows), prepared.dataset.x)
        with pytest.raises(UserError, match="has 1 columns and no header"):
            new_rows.from_frame(prepared.facts(), frame[[0]])

    def test_kept_names_with_commas(self, table, tmp_path):
        frame = pd.DataFrame({"price, net": NOISE, "id": R, "y": np.arange(60) % 2})
        recipe = table(frame, drop="id").dataset.recipe
        kept = new_rows.texts_of(recipe, tmp_path / "table.csv", ["id", "price", "net"])  # as the flag is divided
        assert list(kept) == ["id", "price, net"]
        with pytest.raises(UserError, match="no column 'price' to keep; its columns are 'price, net', 'id', 'y'"):
            new_rows.texts_of(recipe, tmp_path / "table.csv", ["price"])


class TestTargets:
    def test_names_with_commas_among_several(self, table):
        frame = pd.DataFrame({"a": NOISE, "b, net": 2 * NOISE, "c": 3 * NOISE})
        data = table(frame, target="c,b, net").dataset
        assert (data.features, data.targets) == (("a",), ("c", "b, net"))

    def test_names_of_several_levels(self):
        names = pd.MultiIndex.from_tuples([("lab", "a"), ("lab", "y"), ("home", "b")])
        frame = pd.DataFrame({0: NOISE, 1: np.arange(60) % 2, 2: NOISE}).set_axis(names, axis=1)
        data = of_frame(frame, ("lab", "y")).dataset
        assert (data.features, data.classes) == (("('lab', 'a')", "('home', 'b')"), ("0", "1"))

    def test_an_index_is_no_column(self):
        frame = pd.DataFrame({"a": NOISE, "b": NOISE}, index=pd.Index(np.arange(60) % 2, name="label"))
        with pytest.raises(UserError, match=r"'label' is the index of the DataFrame.*reset_index\(\)"):
            of_frame(frame, "label")

    @pytest.mark.parametrize(
        ("target", "options", "sentence"),
        [
            (["x"] * 60, {}, "training part of DataFrame has one class alone, 'x': there is nothing to learn"),
            ([1.5] * 60, {}, "target 'y' of DataFrame is 1.5 in each training row: there is nothing to learn"),
            ([2**70 + i for i in R], {"task": "regression"}, "is 1.18059e+21 in each training row"),
            (["u", "v"] * 20 + ["w", "u"] * 10, {"split": "time", "test": 20}, "no example of 'w': nothing is learned"),
            (["u", "v"] * 20 + ["u"] * 20, {"split": "time", "test": 20}, "test part of DataFrame has one class alone"),
            (["u", "v"] * 30, {}, None),
            (NOISE, {}, None),
        ],
    )
    def test_what_cannot_be_learned_or_judged_is_said(self, target, options, sentence):
        said = of_frame(pd.DataFrame({"a": NOISE, "y": target}), **options).said
        found = [text for text in said if "alone" in text or "nothing" in text]
        assert len(found) == (sentence is not None)
        assert all(sentence in text for text in found)


def test_a_day_that_there_is_not_is_named(table):
    with pytest.raises(UserError, match=r"a form that is not read \('2023-02-30'\) or of no such day"):
        table(pd.DataFrame({"d": ["2023-01-31", "2023-02-30"] * 30, "a": NOISE, "y": np.arange(60) % 2}))


class TestHeader:
    BODY = "".join(f"{i}.5,{i % 2 == 0},{'pqr'[i % 3]},{i % 7}\n" for i in R)

    def test_names_above_texts_that_all_recur(self, tmp_path):
        path = tmp_path / "table.csv"
        path.write_text("0,id,who,2020\n" + self.BODY, "utf-8")
        data = prepare(DataConfig(f"csv:{path}")).dataset
        assert (len(data.x), data.features[:2]) == (60, ("0", "id"))

    def test_one_such_name_is_asked(self, tmp_path):
        path = tmp_path / "table.csv"
        path.write_text("7,who,9\n" + "".join(f"{i},{'pqr'[i % 3]},{i % 7}\n" for i in R), "utf-8")
        with pytest.raises(UserError, match=r"'who' stands above texts that all recur, and does not.*data\.header=yes"):
            prepare(DataConfig(f"csv:{path}"))
        path.write_text("7,p,9\n" + "".join(f"{i},{'pqr'[i % 3]},{i % 7}\n" for i in R), "utf-8")
        assert len(prepare(DataConfig(f"csv:{path}")).dataset.x) == 61

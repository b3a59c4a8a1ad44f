"""Dates of DataFrames and files in any unit and century, and splits that go by them; right values by hand."""

import datetime

import numpy as np
import pandas as pd
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import prepare, prepare_loaded
from nnjax.data.in_memory import as_dataset

PARTS = {"test": 0.2, "validation": 0.25, "task": "regression"}
DAY = np.random.default_rng(0).permutation(60)
START = pd.Timestamp("2024-01-01")
DATES = START + pd.to_timedelta(DAY, unit="D")
FRAME = pd.DataFrame({"day": DATES, "a": DAY * 1.5, "y": DAY + 0.5})


def framed(frame, target="y", **options):
    config = DataConfig(**(PARTS | options))
    return prepare_loaded(as_dataset(frame, target, None, config), config)


def in_time(prepared, days=DAY):
    """Whether days 0 to 35 train, 36 to 47 validate and 48 to 59 test."""
    parts = [sorted(days[part].tolist()) for part in (prepared.train, prepared.validation, prepared.test)]
    return parts == [[*range(36)], [*range(36, 48)], [*range(48, 60)]]


def spoken(prepared):
    """What is said of the split."""
    [sentence] = [sentence for sentence in prepared.said if sentence.startswith("The split by time")]
    return sentence


class TestUnits:
    """9999-12-31 is day 2932896, 0001-01-01 day -719162, by datetime.date.toordinal() - 719163."""

    DAYS = ("9999-12-31", "0001-01-01", "2024-01-05", "1970-01-01")
    RIGHT = (2932896, -719162, 19727, 0)

    def test_the_right_days(self):
        assert tuple(datetime.date.fromisoformat(day).toordinal() - 719163 for day in self.DAYS) == self.RIGHT

    @pytest.mark.parametrize("unit", ["s", "ms", "us"])
    def test_datetimes(self, unit):
        frame = pd.DataFrame({"end": np.array(self.DAYS * 15, f"datetime64[{unit}]"), "y": np.arange(60) + 0.5})
        np.testing.assert_array_equal(framed(frame).dataset.x[:4, 0], self.RIGHT)

    def test_a_file_and_a_frame_agree(self, tmp_path):
        frame = pd.DataFrame({"end": np.array(self.DAYS * 15, "datetime64[us]"), "y": np.arange(60) + 0.5})
        frame.assign(end=self.DAYS * 15).to_csv(tmp_path / "t.csv", index=False)
        prepared = prepare(DataConfig(f"csv:{tmp_path / 't.csv'}", **PARTS))
        np.testing.assert_array_equal(prepared.dataset.x, framed(frame).dataset.x)

    @pytest.mark.parametrize("kind", ["date32", "date64", "timestamp_s", "timestamp_ns", "zoned"])
    def test_arrow_dates(self, kind):
        pa = pytest.importorskip("pyarrow")
        types = {"date32": pa.date32(), "date64": pa.date64(), "timestamp_s": pa.timestamp("s")}
        types |= {"timestamp_ns": pa.timestamp("ns"), "zoned": pa.timestamp("us", tz="Europe/Berlin")}
        given = [datetime.date(2024, 1, 5), datetime.date(1970, 1, 1), None]
        if kind not in ("date32", "date64"):
            given = [None if day is None else datetime.datetime(day.year, day.month, day.day) for day in given]
        column = pd.Series(pd.array(pa.array(given * 20, types[kind]), dtype=pd.ArrowDtype(types[kind])))
        found = framed(pd.DataFrame({"d": column, "y": np.arange(60) + 0.5}), missing="mean", test=0, validation=0)
        np.testing.assert_allclose(found.dataset.x[:3, 0], [19727, 0, 19727 / 2])

    def test_zones_are_one_time(self):
        """2024-01-05 01:00 in Berlin is midnight in UTC."""
        zoned = pd.Series(pd.to_datetime(["2024-01-05 01:00", "9999-01-05 01:00"] * 30)).dt.tz_localize("Europe/Berlin")
        found = framed(pd.DataFrame({"d": zoned, "y": np.arange(60) + 0.5})).dataset.x[:2, 0]
        np.testing.assert_array_equal(found, [19727, datetime.date(9999, 1, 5).toordinal() - 719163])

    @pytest.mark.parametrize("dtype", ["timedelta64[s]", "timedelta64[ms]", "duration[s][pyarrow]"])
    def test_spans(self, dtype):
        """1e11 seconds are 1157407.407 days; a wrapped number of nanoseconds would be 89887."""
        spans = pd.Series(np.array([10**11, 86400, 0] * 20, "timedelta64[s]")).astype(dtype)
        found = framed(pd.DataFrame({"t": spans, "y": np.arange(60) + 0.5})).dataset.x[:3, 0]
        np.testing.assert_allclose(found, [10**11 / 86400, 1, 0], rtol=1e-7)


class TestSplitByTime:
    @pytest.mark.parametrize(
        "options", [{}, {"drop": ("day",)}, {"columns": ("a",)}, {"split": "time:day", "drop": ("day",)}]
    )
    def test_by_the_dates_whether_they_are_inputs_or_not(self, tmp_path, options):
        FRAME.to_csv(tmp_path / "t.csv", index=False)
        options = {"split": "time", **options}
        for prepared in (
            framed(FRAME, **options),
            prepare(DataConfig(f"csv:{tmp_path / 't.csv'}", **PARTS, **options)),
        ):
            assert in_time(prepared)
            assert "'day'" in spoken(prepared)

    def test_of_several_dates_one_is_named(self):
        frame = FRAME.assign(other=DATES[::-1])
        with pytest.raises(UserError, match=r"2 columns of dates \('day', 'other'\).*data.split=time:day"):
            framed(frame, split="time")
        with pytest.raises(UserError, match="2 columns of dates"):
            framed(frame, split="time", drop=("other",))
        assert in_time(framed(frame, split="time:day"))
        assert in_time(framed(frame, split="time:other"), DAY[::-1])

    @pytest.mark.parametrize("column", [DAY * 86400 + 1_700_000_000, -(59 - DAY), [f"{d},5" for d in DAY]])
    def test_by_numbers_that_are_named(self, column):
        frame = FRAME[["a", "y"]].assign(t=column)[["t", "a", "y"]]
        assert in_time(framed(frame, split="time:t"))
        assert in_time(framed(frame, split="time:t", drop=("t",)))
        assert "order of the rows" in spoken(framed(frame, split="time"))

    def test_a_target_may_be_named_and_a_column_of_texts_not(self):
        assert in_time(framed(FRAME, split="time:y"))
        with pytest.raises(UserError, match="neither dates nor numbers"):
            framed(FRAME.assign(t=list("ab") * 30)[["t", "a", "y"]], split="time:t")
        with pytest.raises(UserError, match=r"no column 'dya'.*did you mean day"):
            framed(FRAME, split="time:dya")

    def test_an_index_of_times(self):
        """The newest row first, as in tables of prices."""
        newest_first = FRAME.sort_values("day", ascending=False)
        days = np.arange(60)[::-1]
        for index in (pd.DatetimeIndex(newest_first["day"]), pd.PeriodIndex(newest_first["day"], freq="D")):
            frame = newest_first[["a", "y"]].set_axis(index, axis=0)
            assert in_time(framed(frame, split="time"), days)
            assert in_time(framed(frame, split="time:day"), days)

    def test_rows_that_fall_are_advised_to_name_their_column(self):
        stamps = [int(f"{day:%Y%m%d}") for day in DATES.sort_values(ascending=False)]
        frame = pd.DataFrame({"t": stamps, "y": np.arange(60)[::-1] + 0.5})
        assert any("data.split=time:t" in sentence for sentence in framed(frame).said)
        assert in_time(framed(frame, split="time:t"), np.arange(60)[::-1])

    def test_missing_dates_are_refused(self):
        frame = FRAME.assign(day=FRAME["day"].where(DAY[7] != DAY))
        for options in ({"missing": "mean"}, {"drop": ("day",)}):
            with pytest.raises(
                UserError, match=r"'day', by which .* is missing in 1 of 60 rows, the first of them row 7"
            ):
                framed(frame, split="time", **options)
        assert len(framed(frame, split="time", missing="drop").dataset.x) == 59

    def test_rows_of_one_day_are_in_one_part(self):
        """Weeks of 7 rows: of 60, 12 are wanted to test; the last full weeks are days 49 to 59 (11 rows)."""
        frame = FRAME.assign(day=START + pd.to_timedelta(DAY // 7 * 7, unit="D"))
        prepared = framed(frame, split="time")
        assert sorted(DAY[prepared.test].tolist()) == [*range(49, 60)]
        assert sorted(DAY[prepared.validation].tolist()) == [*range(35, 49)]
        with pytest.raises(UserError, match=r"All 60 rows .* are of one time"):
            framed(FRAME.assign(day=START), split="time")

    def test_what_is_no_split(self):
        with pytest.raises(UserError, match=r"data\.split is 'temporal', but random, time or time:COLUMN"):
            framed(FRAME, split="temporal")

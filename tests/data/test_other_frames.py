"""DataFrames of Polars and Arrow, and columns of pandas' rarer types, are read as those of pandas."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import new_rows, prepare_loaded
from nnjax.data.in_memory import as_dataset

FRAME = pd.DataFrame({"a": np.arange(40) * 0.25, "c": ["p", "q"] * 20, "y": ["u", "v"] * 20})


class Polars:
    """What Polars' DataFrame has; polars need not be installed."""

    __module__ = "polars.dataframe.frame"
    columns = property(lambda self: list(FRAME.columns))

    def to_pandas(self):
        return FRAME


class Lazy(Polars):
    __module__ = "polars.lazyframe.frame"

    def collect(self):
        return self


@pytest.mark.parametrize("other", [Polars(), pa.table(FRAME)], ids=["polars", "arrow"])
def test_as_the_same_frame_of_pandas(other):
    theirs, ours = as_dataset(other, "y"), as_dataset(FRAME, "y")
    assert (theirs.features, theirs.classes, theirs.sha256) == (ours.features, ours.classes, ours.sha256)
    facts = prepare_loaded(theirs, DataConfig()).facts()
    np.testing.assert_array_equal(new_rows.from_frame(facts, other), ours.x)
    own = as_dataset(nnjax.from_frames(other, val=FRAME.tail(4), target="y"))
    assert (len(own.x), own.validation_start) == (44, 40)
    np.testing.assert_array_equal(as_dataset((FRAME[["a"]], FRAME.y)).x, ours.x[:, :1])


def test_a_lazy_frame_is_collected_first():
    with pytest.raises(UserError, match=r"a lazy frame of Polars.*collect\(\)"):
        as_dataset(Lazy(), "y")


def test_spans_of_a_calendar_are_their_first_days():
    months = pd.period_range("2020-01", periods=40, freq="M")
    data = as_dataset(FRAME.assign(a=months), "y")
    np.testing.assert_array_equal(data.x[:3, 0], [18262, 18262 + 31, 18262 + 60])  # 50 years with 12 leap days
    assert data.recipe.columns[0].kind == "date"


def test_complex_numbers_and_infinite_ones_are_refused():
    for values in (FRAME.a * 1j, np.array([1j, 2] * 20, object)):
        with pytest.raises(UserError, match=r"complex.*data\.drop=a"):
            as_dataset(FRAME.assign(a=values), "y")
    infinite = FRAME.assign(a=[np.inf, -np.inf, *FRAME.a[2:]])
    with pytest.raises(UserError, match=r"data\.na_values=usual,-inf,inf data\.missing=mean"):
        as_dataset(infinite, "y")
    data = as_dataset(infinite, "y", config=DataConfig(na_values=("usual", "-inf", "inf"), missing="drop"))
    np.testing.assert_array_equal(data.x[:, 0], FRAME.a[2:])

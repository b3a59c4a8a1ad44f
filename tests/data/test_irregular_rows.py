"""Tables of public data sets that were misread once, in small: right values stated by hand."""

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import dates, new_rows
from nnjax.data.tables import load

R = range(60)
ROWS = "".join(f"{i}.5,{i}.25,{'uv'[i % 2]}\n" for i in R)


@pytest.fixture
def table(tmp_path):
    """A function that loads a text as a CSV file."""

    def loaded(text, **options):
        (tmp_path / "table.csv").write_text(text, "utf-8")
        return load(tmp_path / "table.csv", "table", DataConfig("table", **options))

    return loaded


def said(data, words):
    return [sentence for sentence in data.said if words in sentence]


class TestEmptyRows:
    @pytest.mark.parametrize("times", [1, 200])  # the second is divided at once
    def test_are_no_rows(self, table, times):
        data = table("a,b,y\n" + ROWS + ",,\n , ,\n" + ROWS * times)
        assert len(data.x) == 60 * (times + 1)
        assert said(data, "2 rows have only empty cells, the first in line 62: left out")
        assert not said(table("a,b,y\n" + ROWS + "1,,u\n", missing="mean"), "only empty cells")

    def test_of_new_rows_stay(self, table, tmp_path):
        """Each new row is predicted, or refused where nothing is known to fill it in with."""
        recipe = table("a,b,y\n" + ROWS).recipe
        (tmp_path / "new.csv").write_text("a,b\n1,2\n,\n3,4\n", "utf-8")
        with pytest.raises(UserError, match="line 3"):
            new_rows.read(recipe, tmp_path / "new.csv")

    def test_a_single_column_keeps_its_gaps(self, table):
        data = table("y\n1.5\n\n2.5\n" + "".join(f"{i}.5\n" for i in R), target="none", missing="mean")
        assert len(data.x) == 63


def test_rows_without_a_target_decide_nothing(table):
    """Only they have gaps, a category of their own and a text among numbers."""
    rows = "".join(f"{i}.5,{'pq'[i % 2]},{i}.5\n" for i in R)
    data = table("a,c,y\n" + rows + "?,r,\n,,NA\n1,p,\n", missing="indicator")
    assert data.features == ("a", "c=p", "c=q")
    [left] = said(data, "left out")
    assert left.startswith(
        "3 of 63 rows with missing cells are left out: 'y' has 3 missing of 63 (empty, 'NA'; the first"
    )
    assert not said(data, "filled in")


def test_what_stands_for_missing_cells_is_quoted(table):
    rows = "".join(f"{'?' if i % 3 else 1},{'unknown' if i % 4 == 0 else 'p'},{i}.5\n" for i in R)
    data = table("a,c,y\n" + rows, missing="indicator")
    assert said(data, "'a' 40 of 60 ('?'), 'c' 15 of 60 ('unknown')")
    assert said(data, "More than half of the cells are missing in 'a': leave out (data.drop=a)")


@pytest.mark.parametrize(
    ("above", "words"),
    [
        ("X1,X2,Y\nID,SIZE,kind\n", r"names, or units, in line 2 too \('ID, SIZE, kind'\)"),
        ("time,speed,y\ns,m/s,-\n", "in line 2 too"),
        ("Price,Close,Open\nTicker,A,A\nDate,,\n", "in line 2 to line 3 too"),
        ("Report 2020,,\n\n", "names 1 of 3 columns"),
        ("Data Source,World Bank\nUpdated,2020-01-01\na,b,y\n", r"remove what stands above the table \(lines 1 to 2\)"),
        ("|x\na,b,y\n", r"remove what stands above the table \(line 1\)"),
        ("a,b\n", "2 cells in line 1 but 3 cells in line 2; both need the same number: name the column"),
    ],
)
def test_what_stands_above_a_table_is_named(table, above, words):
    with pytest.raises(UserError, match=words):
        table(above + ROWS)


def test_names_of_rows_without_a_name(table):
    with pytest.raises(UserError, match=r"name the column of the rows' names too"):
        table("mpg,cyl\n" + "".join(f"car {i},{i}.5,{i}\n" for i in R))


def test_texts_in_one_column_of_numbers_are_no_names(table):
    """The first row is one as the others: its text is named where it stands."""
    with pytest.raises(UserError, match="line 2 has 'TBD'"):
        table("a,c,y\nTBD,p,q\n" + "".join(f"{i}.5,p,q\n" for i in R))
    assert len(table("c,d,y\nr,s,q\n" + "p,p,q\n" * 9 + "p,p,n\n").x) == 11


def test_all_empty_columns_and_all_identifiers_are_named_at_once(table):
    rows = "".join(f"?,NA,id{i},n{i},{i}.5,{i % 2}\n" for i in R)
    with pytest.raises(
        UserError, match=r"60 missing of 60 .*data.drop=a,b leaves .*Refused too: 'c', 'd'; data.drop=c,d"
    ):
        table("a,b,c,d,x,y\n" + rows)
    with pytest.raises(UserError, match=r"and so have 'd': leave them out \(data.drop=c,d\)"):
        table("a,b,c,d,x,y\n" + rows, missing="mean")
    data = table("a,b,c,d,x,y\n" + rows, missing="mean", drop=("c", "d"))
    assert data.features == ("x",)
    assert said(data, "the columns 'a', 'b' are empty and left out")
    with pytest.raises(UserError, match=r"target 'y' .* is empty: name another one, such as data\.target=a"):
        table("a,y\n" + "".join(f"{i},\n" for i in R), target="y", missing="mean")


@pytest.mark.parametrize(
    ("cells", "values", "words"),
    [
        (["18.00.00", "07.30.15"], [64800, 27015], "times, in seconds: '18.00.00' is 64800"),
        (["7pm", "8 a.m.", "12 AM"], [1140, 480, 0], "times, in minutes: '7pm' is 1140"),
        (["1,000+", "10,000+", "500+"], [1000, 10000, 500], "'+' after each number"),
        (["18.11.20", "07.10.15"], [18584, 16715], "dates"),
    ],
)
def test_marks_of_strangers(table, cells, values, words):
    data = table("v,y\n" + "".join(f'"{cells[i % len(cells)]}",{i}.5\n' for i in R))
    np.testing.assert_array_equal(data.x[: len(cells), 0], values)
    assert said(data, words)


def test_a_pointed_date_is_no_time():
    """18.11.20 of three days, one of which is misspelt: the 18th of November; 20.30.00 and 21.00.00 are no days."""
    assert dates.infer_time_unit({"18.11.20": 1, "19.11.20": 1, "20.31.20": 1}) is None
    assert dates.infer_time_unit({"20.30.00": 1, "21.00.00": 1, "10.11.12": 1}) == ("seconds", ())


@pytest.mark.parametrize(
    ("cells", "words"),
    [(["5'7", "6'2", "5'11"], "'6'2|5'7"), (["74 bhp", "null bhp", "103.5 bhp"], "fits 'null bhp' and '103.5 bhp'")],
)
def test_no_rule_names_cells_that_differ(table, cells, words):
    with pytest.raises(UserError, match=words):
        table("v,y\n" + "".join(f"{cells[i % 3]},{i}.5\n" for i in R))


def test_ranges_of_money_are_said(table):
    data = table("v,y\n" + "".join(f"{('$53K-$91K', '$63K-$112K')[i % 2]},{i}.5\n" for i in R))
    assert said(data, "begin with numbers, such as '$53K-$91K'")


class TestRemarks:
    @pytest.mark.parametrize(
        ("odd", "others", "found"),
        [
            (-200, [i / 10 for i in range(1, 50)], True),
            (-1, [3.5, 3.8, 4.1, 4.0], True),
            (-1, [1, 1, 1, 1], False),  # a label
            (-1, [0, 1, 2, 3], False),
            (99999, list(range(30)), True),
            (-99.5, list(range(30)), False),
        ],
    )
    def test_numbers_far_out(self, table, odd, others, found):
        values = [odd if i % 20 == 3 else others[i % len(others)] for i in R]
        for position in ("input", "target"):
            rows = "".join(f"{value},{i % 7 + 0.5}\n" for i, value in enumerate(values))
            data = table("v,y\n" + rows, task="regression", target="y" if position == "input" else "v")
            assert bool(said(data, "far from the others")) == found

    def test_identifiers(self, table):
        numbers = [9_000_000 + 7919 * (i * 37 % 60) for i in R]
        named = table("user_id,v,y\n" + "".join(f"{n},{n % 5}.5,{n % 3}.5\n" for n in numbers))
        assert said(named, "'user_id' has 60 different whole numbers in 60 rows: leave it out (data.drop=user_id)")
        unnamed = table("".join(f"{n},{n % 5}.5,{n % 3}.5\n" for n in numbers))
        assert said(unnamed, "'column0' has another whole number in each row")
        for name in ("price", "paid", "humid", "grid"):
            assert not said(table(f"{name},v,y\n" + "".join(f"{n},1.5,{n % 3}.5\n" for n in numbers)), "leave it out")

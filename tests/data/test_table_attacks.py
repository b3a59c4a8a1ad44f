"""Text tables that were misread once: rows that begin with #, empty columns and lines, marks and separators.

Right values are stated by hand.
"""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import delimited, new_rows, prepare

R = range(60)


@pytest.fixture
def table(tmp_path):
    """A function that loads a text as a CSV file, prepared."""

    def prepared(text, **options):
        (tmp_path / "table.csv").write_text(text, "utf-8")
        options = {"validation": 0, "test": 0, "scaling": "none"} | options
        return prepare(DataConfig(f"csv:{tmp_path / 'table.csv'}", **options))

    return prepared


@pytest.fixture
def new(tmp_path):
    """A function that codes a text of new rows as the network of some data reads them."""

    def rows(prepared, text):
        (tmp_path / "new.csv").write_text(text, "utf-8")
        return new_rows.read(prepared.dataset.recipe, tmp_path / "new.csv")

    return rows


class TestLinesWithHash:
    @pytest.mark.parametrize("error", ["#N/A", "#DIV/0!"])
    def test_no_row_is_lost(self, table, error):
        text = "a,y\n" + "".join(f"{error if i % 7 == 3 else i},{i % 2}\n" for i in R)
        data = table(text, missing="indicator", na_values=(error,)).dataset
        assert len(data.x) == 60
        np.testing.assert_array_equal(np.flatnonzero(data.x[:, 1]), range(3, 60, 7))

    def test_one_color_each_row(self, table):
        for header in ("color,y\n", ""):
            data = table(header + "".join(f"{('#ff0000', '#00ff00', 'blue')[i % 3]},{i % 2}\n" for i in R)).dataset
            assert data.x.shape == (60, 3)

    def test_in_new_rows(self, table, new):
        trained = table("a,y\n" + "".join(f"{i}.5,{i % 2}\n" for i in R), missing="median")
        np.testing.assert_array_equal(new(trained, "a,b\n1,2\n#N/A,3\n5,6\n"), [[1], [30], [5]])
        plain = table("".join(f"{i}.5,{i}.2,{i % 2}\n" for i in R), missing="median")
        np.testing.assert_allclose(new(plain, "#N/A,2\n1,3\n"), [[30, 2], [1, 3]])

    def test_comments_are_above_the_table_only_and_said(self, table):
        body = "a,y\n" + "".join(f"{i}.5,{i % 2}\n" for i in R)
        prepared = table("# of 2024\n# in cm, by hand\n" + body)
        assert len(prepared.dataset.x) == 60
        assert any("2 lines, which begin with # above the table" in sentence for sentence in prepared.said)
        with pytest.raises(UserError, match=r"line 62 has 1 cell, .* a comment above the table only"):
            table(body + "# end\n")

    def test_names_as_numpy_saves_them(self, table, new, tmp_path):
        np.savetxt(tmp_path / "saved.csv", np.arange(120).reshape(60, 2) / 8, header="a y")
        prepared = table((tmp_path / "saved.csv").read_text("utf-8"))
        assert (prepared.dataset.features, prepared.dataset.targets) == (("a",), ("y",))
        np.testing.assert_array_equal(new(prepared, "# a y\n1.5 2\n"), [[1.5]])

    def test_names_behind_a_hash(self, table, new):
        for first, names in (("#a,b,y", ("a", "b")), ("# a, b, y", ("a", "b")), ("#,b,y", ("#", "b"))):
            prepared = table(f"{first}\n" + "".join(f"{i}.5,{i}.2,{i % 2}\n" for i in R))
            assert prepared.dataset.features == names
            assert not any("asked for" in sentence for sentence in prepared.said)
            np.testing.assert_allclose(new(prepared, f"{first}\n1.5,2,0\n"), [[1.5, 2]])


class TestEmptyCells:
    ROWS = "".join(f"{i}.5,{2 * i}.1,{i * i}.2,{i}.3\n" for i in R)

    def test_an_input_that_is_empty_in_all_new_rows(self, table, new):
        trained = table(self.ROWS, missing="median")
        median = 59.1  # of 0.1, 2.1, ..., 118.1
        for text in ("1.5,,3.2,9.9\n", "1.5,NA,3.2,9.9\n", "1.5,,3.2\n", "1.5,,3.2,\n", "1.5,,3.2,9.9,\n"):
            np.testing.assert_allclose(new(trained, text), [[1.5, median, 3.2]])
        np.testing.assert_allclose(new(trained, "1.5,2.5,\n")[:, :2], [[1.5, 2.5]])

    def test_a_target_in_the_middle_left_empty(self, table, new):
        trained = table(self.ROWS, target="1")
        np.testing.assert_allclose(new(trained, "1.5,,3.2,9.9\n2.5,,4.2,8.9\n"), [[1.5, 3.2, 9.9], [2.5, 4.2, 8.9]])

    def test_a_separator_at_the_end_of_lines_is_said(self, table):
        prepared = table(self.ROWS.replace("\n", ",\n"))
        assert prepared.dataset.targets == ("column3",)
        assert any("the last column, 'column4', is empty" in sentence for sentence in prepared.said)
        with pytest.raises(UserError, match="'column1' has 60 missing of 60"):
            table("".join(f"{i}.5,,{i}.3\n" for i in R))

    @pytest.mark.parametrize("gap", ["", '""'])
    def test_lines_of_one_column(self, table, new, gap):
        trained = table("a,y\n" + "".join(f"{i}.5,{i % 2}\n" for i in R), missing="median")
        np.testing.assert_array_equal(new(trained, f"a\n1\n{gap}\n5\n"), [[1], [30], [5]])
        assert len(new(trained, f"a\n1\n5\n{gap}\n")) == (3 if gap else 2)


class TestSeparators:
    @pytest.mark.parametrize("mark", ["|", ";"])
    def test_inside_quotation_marks(self, table, mark):
        data = table("".join(f'{i % 3},"{"ab"[i % 2]}{mark}{"cd"[i % 2]}",{i % 2}\n' for i in R)).dataset
        assert data.features == ("column0", f"column1=a{mark}c", f"column1=b{mark}d")

    def test_inside_cells(self, table):
        text = "id,genre|sub,y\n" + "".join(f"{i % 4},{('Action|War', 'Drama|Art')[i % 2]},{i % 2}\n" for i in R)
        assert table(text).dataset.features == ("id", "genre|sub=Action|War", "genre|sub=Drama|Art")

    def test_decimal_commas_divide_nothing(self, table):
        for row in ("1,5;2,5;3,5", "1,5;x;2,5", "7,25;3,5"):
            assert (
                len(table("".join(row.replace("1,", f"{i},").replace("7,", f"{i},") + "\n" for i in R)).dataset.x) == 60
            )
        data = table("".join(f"{i},5;{i},25\n" for i in R)).dataset
        np.testing.assert_allclose(data.x[:2, 0], [0.5, 1.5])

    def test_two_that_divide_equally_well_are_asked(self, table):
        rows = [f"{'pq'[i % 2]},a|{'uvw'[i % 3]},b\n" for i in R]
        with pytest.raises(UserError, match=r"by '\|' into 2 columns, or by ',' into 3: put a line sep=\| or sep=,"):
            table("".join(rows))
        assert len(table("sep=,\n" + "".join(rows)).dataset.recipe.names) == 3


class TestMarks:
    def test_points_beside_whole_numbers_below_a_thousand_are_asked(self, table):
        cells = ["990", "1.000", "1.250", "850", "12.500"] * 12
        for separator in ",;":
            text = f"price{separator}y\n" + "".join(f"{a}{separator}{i % 2}\n" for i, a in enumerate(cells))
            with pytest.raises(UserError, match=r"'price' .*'1\.000', 1000 with points .* 1\.000 with decimal points"):
                table(text)
            np.testing.assert_array_equal(table(text, decimal="comma").dataset.x[:5, 0], [990, 1000, 1250, 850, 12500])
            np.testing.assert_array_equal(table(text, decimal="point").dataset.x[:5, 0], [990, 1, 1.25, 850, 12.5])

    @pytest.mark.parametrize(
        ("text", "column"),
        [
            ("".join(f"{i},{12 + i}.500 €\n" for i in R), "column1"),
            ("".join(f"{i};{1 + i}.500\n" for i in R), "column1"),
            ("".join(f'"{i},8",{1 + i / 1000:.3f},{i % 2}\n' for i in R), "column1"),
        ],
    )
    def test_points_that_are_open_are_asked(self, table, text, column):
        with pytest.raises(UserError, match=rf"'{column}' .* with points between thousands"):
            table(text, task="regression")
        assert len(table(text, task="regression", decimal="point").dataset.x) == 60

    def test_points_that_are_settled_are_said(self, table):
        text = "a,b,y\n" + "".join(f"{i}.25,{1 + i}.500,{i % 2}\n" for i in R)
        prepared = table(text)
        np.testing.assert_array_equal(prepared.dataset.x[:2], [[0.25, 1.5], [1.25, 2.5]])
        assert any("'b' is read as numbers (decimal points): '1.500' is 1.5" in sentence for sentence in prepared.said)
        text = "a;b;y\n" + "".join(f"{i},25;{1 + i}.500;{i % 2}\n" for i in R)
        prepared = table(text)
        np.testing.assert_array_equal(prepared.dataset.x[:2], [[0.25, 1500], [1.25, 2500]])
        assert any("points between thousands): '10.500' is 10500" in sentence for sentence in prepared.said)

    def test_a_file_with_both_decimal_marks_settles_nothing(self, table):
        text = "a;b;c;y\n" + "".join(f"{i},25;{i}.75;{1 + i},500;{i % 2}\n" for i in R)
        with pytest.raises(UserError, match=r"'c' .*'1,500', 1500 with commas .* 1\.500 with decimal commas"):
            table(text)


class TestDates:
    def test_years_of_two_digits_that_are_open(self, table, new):
        text = "born,y\n" + "".join(f"13/01/{(i + 9) % 100:02},{i % 2}\n" for i in R)
        with pytest.raises(UserError, match=r"'born' .*'13/01/30' in line 23 may be of the 20th or the 21st century"):
            table(text)
        known = table("day,y\n" + "".join(f"13/01/{(i + 70) % 100:02},{i % 2}\n" for i in R))  # 1970 to 2029
        np.testing.assert_array_equal(known.dataset.x[[0, 59], 0], [12, 21562])
        with pytest.raises(UserError, match=r"'13/01/68' in line 3 may be of the 20th"):
            new(known, "day\n13/01/70\n13/01/68\n")

    @pytest.mark.parametrize(
        ("cells", "words"),
        [
            (["2024-01-31", "31.01.2024"], r"dates \(ISO 8601\), but line 3 has '31\.01\.2024'"),
            (["1. März 2024", "2. März 2024"], r"a form that is not read \('1\. März 2024'\)"),
            (["2024-W01", "2024-W02"], "a form that is not read"),
            (["01.02.2024 24:00", "02.02.2024 24:00"], "a form that is not read"),
            (["Jan-21", "Feb-21", "Mar-22"], r"a form that is not read \('Jan-21'\)"),
            (["2-Sep", "1-Mar"], "a form that is not read"),
            (["Dez 2020", "Mai 2021", "Août 2021"], "a form that is not read"),
            (["Jan 3 10:00:00", "1st of May"], "a form that is not read"),
            (["1:02.5", "0:59.1"], "no one rule fits"),
            (["07:30", "08:15", "07:61"], r"times, but line 4 has '07:61'"),
            (["07:30", "08:15", "closed"], r"times, but line 4 has 'closed'"),
        ],
    )
    def test_dates_and_times_are_no_categories(self, table, cells, words):
        with pytest.raises(UserError, match=f"'v' .*{words}.*data\\.drop=v"):
            table("v,y\n" + "".join(f"{cells[i % len(cells)]},{i}.5\n" for i in R))

    @pytest.mark.parametrize(
        ("cells", "format"),
        [
            (["2024/01", "2024/11"], "%Y/%m"),
            (["01/2024", "11/2023"], "%m/%Y"),
            (["1-2024", "11-2023"], "%m-%Y"),
            (["Jan 2021", "Sep 2022"], "%b %Y"),
            (["March 2021", "May 2022"], "%B %Y"),
            (["Jan-2021", "Sep-2022"], "%b-%Y"),
            (["Mon, 1 Jan 2024", "Wed, 31 Jan 2024"], "%a, %d %b %Y"),
        ],
    )
    def test_months_are_dates_that_are_said(self, table, cells, format):
        prepared = table("v,y\n" + "".join(f'"{cells[i % 2]}",{i}.5\n' for i in R))
        days = (pd.to_datetime(cells, format=format) - pd.Timestamp(0)).days
        np.testing.assert_array_equal(prepared.dataset.x[:2, 0], days)
        assert any(f"'v' is read as dates ({format})" in sentence for sentence in prepared.said)

    def test_scores_and_quarters_are_names(self, table):
        for cells in (["3:1", "0:2"], ["2024Q1", "2024Q2"], ["10.0.0.1", "10.0.0.2"], ["2010/11", "2011/12"]):
            prepared = table("v,y\n" + "".join(f"{cells[i % 2]},{i}.5\n" for i in R))
            assert set(prepared.dataset.features) == {f"v={cell}" for cell in cells}

    def test_dates_that_are_written_as_numbers_are_said(self, table):
        prepared = table("d,y\n" + "".join(f"2024{i % 12 + 1:02d}{i % 28 + 1:02d},{i}.5\n" for i in R))
        assert any("look like dates (20240101)" in sentence for sentence in prepared.said)
        prepared = table("d,y\n" + "".join(f"2024{i:04d},{i}.5\n" for i in R))
        assert not any("look like dates" in sentence for sentence in prepared.said)


class TestMixedCells:
    @pytest.mark.parametrize(
        "cells",
        [
            ["51.5N", "33.9S"],
            ["5K", "3M", "7K"],
            ["5±1", "6±2"],
            ["5±1", "6±1"],
            ["1,5", "2.5"],
            ["51N", "33S"],
            ["1.5a", "2"],
            ["2^4", "3^2"],
            ["5½", "6½"],
            ["5²", "6²"],
            ["2x10^3", "3×10^4"],
            ["1_000", "2_000"],
            ["1 days 00:00:00", "2 days 00:00:00"],
            ["5h 30m", "6h 15m"],
            ['5\' 2""', '6\' 1""'],
            ["1 year", "2 years", "3 years", "4 years"],
        ],
    )
    def test_quantities_are_no_categories(self, table, cells):
        body = "".join(f'"{cells[i % len(cells)]}",{i}.5\n' for i in R)
        with pytest.raises(UserError, match=r"'v' .* no one rule fits .*data\.ordinal=v:.*data\.drop=v"):
            table("v,y\n" + body)
        with pytest.raises(UserError, match=r"'y' .* no one rule fits"):
            table("v,y\n" + "".join(f'{i}.5,"{cells[i % len(cells)]}"\n' for i in R))

    @pytest.mark.parametrize("cells", [["18-25", "26-35"], ["1st", "2nd"], ["3A", "4B"], ["1.0.1", "1.0.2"]])
    def test_names_that_begin_with_numbers_are_said(self, table, cells):
        prepared = table("v,y\n" + "".join(f"{cells[i % 2]},{i}.5\n" for i in R))
        assert prepared.dataset.features == tuple(f"v={cell}" for cell in cells)
        assert any(f"begin with numbers, such as {cells[0]!r}" in sentence for sentence in prepared.said)

    @pytest.mark.parametrize("cell", ["*", "..", "n.d.", "offline"])
    def test_a_word_among_fractions_is_asked(self, table, cell):
        """1.5 and 2.25 are no categories, however few; whole numbers beside 3+ may be some."""
        text = "v,y\n" + "".join(f"{[cell, '1.5', '2.25'][i % 3]},{i}.5\n" for i in R)
        with pytest.raises(UserError, match=r"'v' .* line 2 has .*data\.na_values="):
            table(text)
        prepared = table(text, na_values=(cell,), missing="mean")
        np.testing.assert_allclose(prepared.dataset.x[:3, 0], [1.875, 1.5, 2.25])

    @pytest.mark.parametrize(
        ("cells", "shown"),
        [(["caf\u00e9", "cafe\u0301"], r"'caf\xe9' and 'cafe\u0301'"), (["a", "a\u200b"], r"'a' and 'a\u200b'")],
    )
    def test_texts_that_only_unicode_tells_apart_are_said(self, table, cells, shown):
        prepared = table("v,y\n" + "".join(f"{cells[i % 2]},{i}.5\n" for i in R))
        assert any(f"how Unicode writes them: {shown}." in sentence for sentence in prepared.said)

    def test_names_that_are_powers_of_ten_are_said(self, table):
        powers = table("id,y\n" + "".join(f"{i % 9 + 1}E{i % 3},{i}.5\n" for i in R))
        assert any("'1E0' is 1 (data.drop=id" in sentence for sentence in powers.said)
        mixed = table("id,y\n" + "".join(f"{['1E5', '2B7', '3C1'][i % 3]},{i}.5\n" for i in R))
        assert mixed.dataset.features == ("id=1E5", "id=2B7", "id=3C1")
        plain = table("x,y\n" + "".join(f"{i}.5e-3,{i}.5\n" for i in R))
        assert not any("data.drop=x if it is a name" in sentence for sentence in plain.said)

    def test_labels_that_are_exact_do_not_merge(self, table):
        labels = "v,y\n" + "".join(f"{i}.5,{2**53 + i % 3}\n" for i in R)
        assert not any("left in float64" in sentence for sentence in table(labels).said)
        assert any("left in float64" in sentence for sentence in table(labels, task="regression").said)


class TestHeader:
    SPECTRUM = "".join(f"{'pq'[i % 2]},0.{i + 10},0.{i + 11},0.{i + 20},0.{i + 30}\n" for i in R)

    @pytest.mark.parametrize(
        "names",
        [
            "y,400.5,402.5,404.5,406.5",
            "y,400,402,404,406",
            "y,2019-01,2019-02,2019-03,2019-04",
            "y,08:00,09:00,10:00,11:00",
            "y,2020Q1,2020Q2,2020Q3,2020Q4",
            "y,3m,6m,1y,10y",
        ],
    )
    def test_wavelengths_and_months_are_names(self, table, names):
        prepared = table(f"{names}\n{self.SPECTRUM}", target="y")
        assert (len(prepared.dataset.x), prepared.dataset.classes) == (60, ("p", "q"))
        assert prepared.dataset.features == tuple(names.split(",")[1:])
        body = "".join(line.partition(",")[2] + "\n" for line in self.SPECTRUM.splitlines())
        without = table(names.partition(",")[2] + "\n" + body, task="regression")
        assert len(without.dataset.x) == 60

    def test_names_of_rows_beside_0_and_1(self, table):
        """As pandas writes a frame with an index of texts."""
        index = [f"{'pq'[i % 2]}" for i in R]
        frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), index=index)
        data = table(frame.to_csv(), target="1").dataset
        assert data.features == ("column0=p", "column0=q", "0")
        np.testing.assert_allclose(data.x[:, 2], frame[0], rtol=1e-6)

    def test_what_is_open_is_asked(self, table):
        text = "y,400.5,402.5\n" + "".join(f"{i % 2},{i}.5,{i}.25\n" for i in R)
        with pytest.raises(UserError, match=r"but 'y' stands above numbers\): say it with data\.header=yes or"):
            table(text)
        assert table(text, header="yes", target="y").dataset.features == ("400.5", "402.5")
        text = "city,400.5,402.5\n" + "".join(f"{'ab'[i % 2]},0.{i + 10},0.{i + 12}\n" for i in R)
        with pytest.raises(UserError, match=r"lies far from all others\): say it with data\.header=yes or"):
            table(text)

    def test_few_names_that_count_above_whole_numbers(self, table):
        frame = pd.DataFrame(np.random.default_rng(0).integers(0, 90, (60, 3)))
        assert table(frame.to_csv(index=False)).dataset.features == ("0", "1")
        rows = "".join(f"{i},{2 * i + 1},{i % 3 + 1}\n" for i in R)
        assert len(table("0,1,2\n" + rows).dataset.x) == 61  # the first column goes on
        few = "".join(f"{i % 3},{i % 2},{i % 3}\n" for i in R)
        assert len(table("0,1,2\n" + few).dataset.x) == 61

    @pytest.mark.parametrize("first", ["3,6,9,12", "0.5,1,1.5,2", "10,20,30,40", "5kg,6,7,8"])
    def test_a_first_row_in_equal_steps_is_a_row(self, table, first):
        low = [float(cell.removesuffix("kg")) for cell in first.split(",")]
        if "kg" in first:
            with pytest.raises(UserError, match="line 1 has '5kg'"):
                table(f"{first}\n" + "7,8,9,2\n" * 30)
            return
        body = "".join(",".join(f"{value * (1 + i % 7) / 3:.4f}" for value in low) + "\n" for i in R)
        assert len(table(f"{first}\n{body}").dataset.x) == 61


class TestRowsThatAreNone:
    BODY = "".join(f"{'uv'[i % 2]},{i}.25,{i}.5\n" for i in R)

    def test_a_row_of_totals_is_said(self, table):
        said = table(f"a,x,y\n{self.BODY}Total,1785,1800\n").said
        assert any("'Total' in line 62, its last" in sentence for sentence in said)
        assert not any("its last" in sentence for sentence in table(f"a,x,y\n{self.BODY}").said)
        twice = self.BODY.replace("u,", "total,", 5)
        assert not any("its last" in sentence for sentence in table(f"a,x,y\n{twice}total,1,2\n").said)

    def test_a_title_is_no_header(self, table):
        text = "".join(f"{'pq'[i % 2]},{'uv'[i % 2]},{'no' if i % 3 else 'yes'}\n" for i in R)
        with pytest.raises(UserError, match=r"names 1 of 3 columns in line 1 \('Report 2024'\), as titles do"):
            table("Report 2024,,\n,,\na,b,label\n" + text)
        assert table("a,,label\n" + text).dataset.features[2:] == ("column1=u", "column1=v")
        assert len(table("kind,,\n" + text, header="yes").dataset.x) == 60

    def test_the_header_again_is_refused(self, table):
        with pytest.raises(UserError, match="has its header again in line 62"):
            table(f"a,x,y\n{self.BODY}a,x,y\n{self.BODY}")


class TestOtherFiles:
    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ('[\n {"a": 1, "y": 2},\n', "JSON"),
            ('{"a": 1, "y": 2}\n{"a": 3, "y": 4}\n', "JSON"),
            ("<!DOCTYPE html>\n<html>404, not found</html>", "HTML"),
            ("@relation x\n@attribute a numeric\n@data\n1,2\n", "ARFF"),
        ],
    )
    def test_are_named(self, table, text, kind):
        with pytest.raises(UserError, match=f"is {kind}, not a table"):
            table(text)

    def test_braces_in_names_are_no_json(self, table):
        assert table("{a},[b],y\n" + "".join(f"{i}.5,{i}.25,{i % 2}\n" for i in R)).dataset.features == ("{a}", "[b]")

    def test_archives(self, table, tmp_path):
        def archive(*names):
            with zipfile.ZipFile(tmp_path / "table.csv", "w") as made:
                for name in names:
                    made.writestr(name, "a,y\n" + "".join(f"{i}.5,{i % 2}\n" for i in R))
            return prepare(DataConfig(f"csv:{tmp_path / 'table.csv'}"))

        assert len(archive("data/a.csv", ".DS_Store", "__MACOSX/._a.csv").dataset.x) == 60
        with pytest.raises(UserError, match=r"csv holds 2 files \(a\.csv, b\.csv\), but one table was expected"):
            archive("a.csv", "b.csv")
        with pytest.raises(UserError, match="holds 0 files, but one table"):
            archive()


def test_blanks_beside_a_tab(table):
    rows = [f'{18 + i % 20}.0   {8 - i % 3}   {307 + i}.0      130.0\t"chevrolet {i % 5}"' for i in R]
    data = table("\n".join(rows), target="0", task="regression").dataset
    truth = pd.read_csv(io.StringIO("\n".join(rows)), sep=r"\s+", header=None)
    np.testing.assert_array_equal(data.y[:, 0], truth[0])
    np.testing.assert_array_equal(data.x[:, :3], truth[[1, 2, 3]])
    assert data.features[3:] == tuple(f"column4={name}" for name in sorted(set(truth[4])))
    assert table("a\tnote\n" + "".join(f"{i}.5\tleft  right\n" for i in R)).dataset.x.shape == (60, 1)
    assert table("a  b\tc  d\n" + "".join(f"x  {'yz'[i % 2]}\t{i}.5\n" for i in R)).dataset.x.shape == (60, 2)


def test_plain_numbers_where_training_had_a_unit_are_said(table, new, caplog):
    trained = table("v,y\n" + "".join(f"{i}%,{i % 2}\n" for i in R))
    np.testing.assert_array_equal(new(trained, "v\n5%\n"), [[5]])
    assert "without" not in caplog.text
    np.testing.assert_array_equal(new(trained, "v\n5%\n0.05\n"), [[5], [0.05]])
    assert "'v' of" in caplog.text
    assert "has 0.05 without the '%' of training: it is taken as 0.05 %" in caplog.text


class TestEncodings:
    def read(self, tmp_path, data, encoding=None):
        return delimited.read(data, tmp_path / "table.csv", delimited.Options(encoding=encoding))

    @pytest.mark.parametrize(
        ("cell", "stored", "asked", "words"),
        [
            ("€5", "cp1252", "latin-1", "may be cp1252"),
            ("café", "utf-8", "latin-1", "text of UTF-8 too"),
            ("café", "latin-1", "latin-1", ""),
            ("€5", "cp1252", "cp1252", ""),
            ("東京", "utf-8", "utf-8", ""),
            ("plain", "utf-8", "latin-1", ""),
        ],
    )
    def test_another_than_was_asked_for_is_said(self, tmp_path, cell, stored, asked, words):
        said = self.read(tmp_path, f"a,b\n{cell},1\nx,2\n".encode(stored), asked).said
        assert bool(words) == any("data.encoding" in sentence and words in sentence for sentence in said)

    def test_a_mark_that_was_written_twice(self, tmp_path):
        table = self.read(tmp_path, "\ufeff\ufeffa,b\n1,2\n3,4\n".encode())
        assert list(table.columns) == ["a", "b"]


def test_numbers_below_the_room_of_float32_are_scaled_first(table):
    """Cross sections of 1e-40 cm² and their hundredfold are one input, in units of another size."""
    rows = "".join(f"{i}e-40,{i}.5\n" for i in R)
    tiny, plain = (table("x,y\n" + text, scaling="standard") for text in (rows, rows.replace("e-40", "")))
    np.testing.assert_allclose(tiny.inputs(tiny.train), plain.inputs(plain.train), atol=1e-6)


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("a,a=u,y\n" + "".join(f"{'uv'[i % 2]},{i}.25,{i}.5\n" for i in R), {}, "two inputs called 'a=u'"),
        ("a,b,y\n" + "".join(f"{i}.25,{'uv'[i % 2]},p\n" for i in R), {"groups": "b", "target": "b"}, "is the target"),
    ],
)
def test_columns_that_clash_are_refused(table, text, options, words):
    with pytest.raises(UserError, match=words):
        table(text, **options)

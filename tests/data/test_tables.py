import numpy as np
import pandas as pd
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import from_arrays, load
from nnjax.data.in_memory import as_dataset
from nnjax.data.sources import as_asked

HOUSES = """size,street,rooms,price
50.5,paved,2,100.5
80,gravel,3,150.0
65,paved,2,120.25
70,paved,3,130.0
"""


@pytest.fixture
def table(tmp_path):
    """A function that loads text as a CSV file."""

    def load_text(text, target=None, name="table.csv"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(f"csv:{tmp_path / name}", target=target)

    return load_text


def test_numbers_categories_and_a_regression_target(table):
    data = table(HOUSES)
    features = ("size", "street=gravel", "street=paved", "rooms")
    assert (data.task, data.features, data.targets) == ("regression", features, ("price",))
    np.testing.assert_allclose(data.x, [[50.5, 0, 1, 2], [80, 1, 0, 3], [65, 0, 1, 2], [70, 0, 1, 3]])
    np.testing.assert_allclose(data.y[:, 0], [100.5, 150, 120.25, 130])
    assert data.recipe.columns[1].categories == ("gravel", "paved")
    assert data.x.dtype == data.y.dtype == np.float32


def test_targets_by_name_index_and_several(table):
    by_name = table(HOUSES, "street")
    assert (by_name.task, by_name.classes) == ("classification", ("gravel", "paved"))
    np.testing.assert_array_equal(by_name.y, [1, 0, 1, 1])
    assert by_name.features == ("size", "rooms", "price")
    assert table(HOUSES, "1").sha256 == by_name.sha256 == table(HOUSES, "-3").sha256
    several = table(HOUSES, "price, 0")
    assert (several.task, several.targets) == ("regression", ("price", "size"))
    assert several.features == ("street=gravel", "street=paved", "rooms")
    np.testing.assert_allclose(several.y[1], [150, 80])
    assert table(HOUSES, "rooms").classes == ("2", "3")
    everything = table(HOUSES, "none")
    assert (everything.task, everything.x.shape) == ("none", (4, 5))


def test_few_whole_numbers_are_classes_and_many_are_a_quantity(table):
    rows = "\n".join(f"{i / 7},{i % 3 + 5},{i}" for i in range(60))
    few = table("x,label,count\n" + rows, "label")
    assert (few.task, few.classes) == ("classification", ("5", "6", "7"))
    assert table("x,label,count\n" + rows, "count").task == "regression"
    booleans = table("x,ok\n1,True\n2,False\n3,True\n")
    assert booleans.classes == ("False", "True")


def test_without_a_header(table):
    data = table("5.1,3.5,setosa\n7.0,3.2,virginica\n4.9,3.0,setosa\n6.4,3.2,virginica\n")
    assert data.features == ("column0", "column1")
    assert data.classes == ("setosa", "virginica")
    assert len(data.x) == 4
    assert load_shape(table("1,2\n3,4\n5,6\n")) == (3, 1)


def test_a_header_of_numbers_beside_a_name(table):
    """The usual MNIST table: label,0,1,2,..."""
    data = table("label,0,1\n7,0,255\n3,9,0\n7,1,1\n3,0,0\n", "label")
    assert (data.features, data.classes, len(data.x)) == (("0", "1"), ("3", "7"), 4)


def load_shape(data):
    return data.x.shape


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators(table, separator):
    assert table(HOUSES.replace(",", separator)).sha256 == table(HOUSES).sha256


def test_decimal_commas_byte_order_mark_line_ends_and_blank_lines(table):
    plain = table("size,price\n1.5,2.5\n3.25,4.5\n")
    assert table("size;price\n1,5;2,5\n3,25;4,5\n").sha256 == plain.sha256
    whole_first = table("size;price\n1;2\n3,25;4,5\n")  # the first row has no comma
    np.testing.assert_allclose(whole_first.x[:, 0], [1, 3.25])
    assert table(b"\xef\xbb\xbfsize,price\r\n1.5,2.5\r\n\r\n3.25,4.5").features == ("size",)
    assert table("\n\nsize, price\n1.5, 2.5\n\n3.25, 4.5\n\n").sha256 == plain.sha256


def test_ends_of_lines_of_three_systems_in_one_file(table):
    rows = ["a,b,y", *(f"{i},{i / 4},{'uv'[i % 2]}" for i in range(9))]
    mixed = "".join(row + ("\n", "\r\n", "\r", "\r\r\n")[i % 4] for i, row in enumerate(rows))
    assert table(mixed).sha256 == table("\n".join(rows)).sha256


def test_an_index_that_was_saved_along_is_left_out(table):
    frame = pd.DataFrame({"a": [0.5, 1.5, 2.5], "b": [1.0, 2.5, 3.0]})
    assert table(frame.to_csv()).features == ("a",)
    assert table(",a,b\n7,1.5,2\n9,2.5,3.5\n").features == ("column0", "a")


def test_quoted_cells_may_hold_separators_and_line_ends(table):
    data = table('"a","b, or c",y\n1,"x, y",1.5\n2,"p\nq",2.5\n3,"x, y",3.5\n4,"p\nq",1\n')
    assert data.features == ("a", "b, or c=p\nq", "b, or c=x, y")
    with pytest.raises(UserError, match="line 6 has 'two'"):  # a record over two lines moves those after it
        table('a,b\n1,"p\nq"\n3,q\n4,q\ntwo,"p\nq"\n'.replace('two,"p\nq"', "two,q"))


def test_a_target_name_with_a_comma(table):
    assert table('a,"b, c"\n1,2.5\n2,3.5\n', "b, c").targets == ("b, c",)


def test_parquet(tmp_path, table):
    frame = pd.read_csv(pd.io.common.StringIO(HOUSES))
    path = tmp_path / "houses.parquet"
    frame.assign(street=frame.street.astype("category")).to_parquet(path)
    data = load(f"csv:{path}")
    assert data.sha256 == table(HOUSES).sha256
    frame.assign(rooms=[2, None, None, 3]).to_parquet(path)
    with pytest.raises(UserError, match=r"'rooms' has 2 missing of 4 .*the first in row 2"):
        load(f"csv:{path}")
    frame.assign(rooms=[[1], [2], [3], [4]]).to_parquet(path)
    with pytest.raises(UserError, match="type object with a ndarray in row 1"):
        load(f"csv:{path}")
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(UserError, match="not a usable Parquet file"):
        load(f"csv:{path}")


def test_agrees_with_scikit_learns_own_tables(tmp_path):
    from sklearn.datasets import load_wine

    wine = load_wine(as_frame=True).frame
    wine.to_csv(tmp_path / "wine.csv", index=False)
    data, expected = load(f"csv:{tmp_path / 'wine.csv'}"), load("wine")
    np.testing.assert_array_equal(data.x, expected.x)
    np.testing.assert_array_equal(data.y, expected.y)
    assert data.features == expected.features


IDS = "\n".join(f"name{i},{i}.5" for i in range(30))


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("", None, "is empty"),
        (b"\xef\xbb\xbf \n", None, "is empty"),
        ("a,b\n", None, "a header but no rows"),
        ("a,b,a\n1,2,3\n", None, "two columns called 'a'"),
        ("a\n1\n2\n", None, "no column beside the target a"),
        ("a,b\n1,2\n3,x\n5,6\n7,8\n", None, "'b' .* is numbers .*, but line 3 has 'x'"),
        ("a,b\n1,2\n\n3,2\n5 kg,6\n7,8\n", None, "'a' .* is numbers .*, but line 5 has '5 kg'"),
        ("1.0,abc\n3,4\n5,6\n", None, "but 'abc' stands above numbers.: say it with data.header=yes or data.header=no"),
        ("a,b\n1,2\n,2\n5,6\n,8\n", None, "'a' has 2 missing of 4 .empty; the first in line 3"),
        ("a,b\n1,2\n3,\n", None, "'b' has 1 missing of 2 .empty; in line 3"),
        ("a,b\n1,2\n3\n", None, "line 3 has 1 cell, but 2 were expected"),
        ("a,b\n1,2\n3,NA\n", None, "'b' has 1 missing of 2 .'NA'; in line 3"),
        ("a,b\n1,2\n-inf,3\ninf,4\n", None, "'a' .* has 2 infinite values, the first in line 3"),
        ("a,b\n1,2,3\n", None, "2 cells in line 1 but 3 cells in line 2; both need the same number"),
        ("a,b\n1,2\n1,2,3\n", None, "not a regular table: line 3"),
        ("name,y\n" + IDS, None, "'name' .* has 30 different texts in 30 rows .* identifier"),
        ("name,y\n" + IDS, "name", "30 classes in 30 examples"),
        (HOUSES, "prise", "no column 'prise' .* did you mean price"),
        (HOUSES, "4", "no column '4' .0 to 3 by index."),
        (HOUSES, "price,street", "target 'street' .* is text"),
        (HOUSES, "price,price", "names a column twice"),
        (b"a,b\n1,2\n\xff,3\n", None, "not UTF-8 text .byte 8."),
        (b"a,b\n1,\x002\n", None, "zero bytes"),
        ("a,b\n" + "x" * 200_000 + ",1\n", None, "not a text table .field larger"),
        (b'a,b\n1,"2\n3,4\n', None, "not a text table .unexpected end of data, near line 2"),
    ],
)
def test_bad_tables_get_one_sentence(table, text, target, message):
    with pytest.raises(UserError, match=message) as error:
        table(text, target)
    assert "\n" not in str(error.value)


def test_files_that_are_not_there_or_not_files(tmp_path):
    with pytest.raises(UserError, match=r"table\.csv was not found"):
        load("csv:table.csv", str(tmp_path))
    with pytest.raises(UserError, match="is a folder, but a file was expected"):
        load(f"csv:{tmp_path}")
    (tmp_path / "table.csv").write_text(HOUSES, "utf-8")
    assert load("csv:table.csv", str(tmp_path)).name == "csv:table.csv"


PRICES = "rooms,price\n" + "\n".join(f"{n},{100_000 + 50_000 * n}" for n in range(12))


def test_the_task_that_is_asked_for_wins(tmp_path):
    file = tmp_path / "prices.csv"
    file.write_text(PRICES, "utf-8")
    data = load(f"csv:{file}", task="regression")
    assert (data.task, data.targets, data.classes) == ("regression", ("price",), ())
    np.testing.assert_array_equal(data.y[:, 0], 100_000 + 50_000 * np.arange(12))
    file.write_text("x,grade\n" + "\n".join(f"{n / 7},{n % 40}.0" for n in range(80)), "utf-8")
    assert load(f"csv:{file}", task="regression").task == load(f"csv:{file}").task == "regression"
    assert load(f"csv:{file}", task="classification").classes == tuple(map(str, range(40)))
    file.write_text("x,ok\n1,True\n2,False\n3,True\n", "utf-8")
    np.testing.assert_array_equal(load(f"csv:{file}", task="regression").y[:, 0], [1, 0, 1])
    frame = as_dataset(pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [0, 1, 0, 1]}), config=DataConfig(task="regression"))
    assert (frame.task, as_dataset((frame.x, [0, 1, 0, 1]), config=DataConfig(task="regression")).task) == (
        "regression",
        "regression",
    )


def test_a_task_that_the_data_cannot_have_is_refused(tmp_path):
    (file := tmp_path / "t.csv").write_text("x,y\n1,a\n2,b\n3,a\n", "utf-8")
    with pytest.raises(UserError, match="is text, but regression needs numbers"):
        load(f"csv:{file}", task="regression")
    with pytest.raises(UserError, match=r"data.task is regression, but iris is classification: leave data.task out"):
        load("iris", task="regression")
    with pytest.raises(UserError, match=r"data.task is classification, but arrays is regression"):
        as_asked(from_arrays(np.ones((4, 2)), np.arange(4) / 2), "classification")

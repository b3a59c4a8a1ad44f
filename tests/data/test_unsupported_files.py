"""Files that are no table read here, by the first bytes that their own libraries write."""

import gzip
import io
import pickle
import sqlite3
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pytest

from nnjax.core.errors import UserError
from nnjax.data.delimited import Options
from nnjax.data.files import find
from nnjax.data.table_files import read

FRAME = pd.DataFrame({"a": [1.5, 2.5], "y": ["u", "v"]})


def packed(names):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return content.getvalue()


def archived():
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("t.csv"))
    return content.getvalue()


def stored(array):
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


class Trap:
    """A pickle that fails the test when it is opened."""

    def __reduce__(self):
        return pytest.fail, ("it was opened",)


STATA = io.BytesIO()
FRAME.to_stata(STATA, version=114)
OLDER_STATA = STATA.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (OLDER_STATA, "a Stata file, which is not read: read it by pandas.read_stata and pass the DataFrame"),
        (b"<stata_dta><header><release>118</release>", "a Stata file"),
        (b"ORC" + bytes(99) + b"ORC\x17", "an ORC file"),
        (b"$FL2@(#) SPSS DATA FILE" + bytes(99), "an SPSS file"),
        (bytes(12) + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf" + bytes(99), "a SAS file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "an HDF5 file"),
        (b"SQLite format 3\0" + bytes(99), "an SQLite database"),
        (stored(np.ones(3)), "a NumPy array, which is not read: name it npy:FILE"),
        (gzip.compress(b"RDX3\nX\n" + bytes(99), mtime=0), "a file of R"),
        (gzip.compress(archived(), mtime=0), "a tar archive"),
        (archived(), "a tar archive"),
        (b"\x28\xb5\x2f\xfd" + bytes(99), "compressed by zstandard"),
        (b"%PDF-1.7\n1 0 obj", "a PDF"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "git lfs pull"),
        (packed(["mimetype", "content.xml"]), "an OpenDocument file"),
        (packed(["[Content_Types].xml", "xl/workbook.bin"]), "a binary workbook"),
        (FRAME.to_json(orient="records").encode(), "is JSON, not a table: read it by pandas.read_json"),
        (FRAME.to_json(orient="records", lines=True).encode(), "is JSON"),
        (FRAME.to_html().encode(), "is HTML"),
        (b"% iris\n@RELATION iris\n@ATTRIBUTE a NUMERIC\n@DATA\n1\n", "is ARFF"),
        (b"-- dump\nINSERT INTO `t` VALUES (1,2);\n", "is SQL"),
        (b"\\begin{tabular}{rr}\n1 & 2 \\\\\n", "is LaTeX"),
        (b"1 1:0.5 3:0.25\n-1 2:1e-3\n1 1:.5\n", "is of svmlight"),
    ],
)
def test_are_named_with_the_way_out(tmp_path, data, words):
    (tmp_path / "table.csv").write_bytes(data)
    with pytest.raises(UserError) as caught:
        read(tmp_path / "table.csv", Options())
    assert words in str(caught.value)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
def test_pickles_are_never_opened(tmp_path, protocol):
    for thing in ({"a": 1}, FRAME, [Trap()]):
        (tmp_path / "table.csv").write_bytes(pickle.dumps(thing, protocol))
        with pytest.raises(UserError, match="is a pickle, which is not read: it may run code"):
            read(tmp_path / "table.csv", Options())


@pytest.mark.parametrize("address", ["https://example.com/t.csv", "s3://bucket/t.parquet"])
def test_addresses_are_no_files(address):
    with pytest.raises(UserError, match="is an address, but a file was expected: download it first"):
        find(address)


def test_a_real_database_is_named(tmp_path):
    connection = sqlite3.connect(tmp_path / "table.db")
    connection.execute("create table t (a)")
    connection.commit()
    connection.close()
    with pytest.raises(UserError, match="an SQLite database"):
        read(tmp_path / "table.db", Options())


@pytest.mark.parametrize("header", ["ORC,y", "RDX,y", "GIF,y", "%,y", "select,y", "PK,y", "X,y", "time 1:2,y", "Obj,y"])
def test_names_that_begin_alike_are_a_table(tmp_path, header):
    (tmp_path / "table.csv").write_text(header + "\n" + "".join(f"{i}.5,{i % 2}\n" for i in range(9)), "utf-8")
    assert len(read(tmp_path / "table.csv", Options())) == 9

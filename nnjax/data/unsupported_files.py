"""Recognize files that are no table which is read here, by how they begin, and say what to do instead."""

import re
from pathlib import Path
from typing import NamedTuple

from nnjax.core.errors import UserError

AS_TABLE = "save its table as CSV, Parquet or Feather"
DECOMPRESS = "decompress it, or take gzip, zip, xz or bz2"


class Kind(NamedTuple):
    """A kind of file: its name with an article, and what to do with it."""

    name: str
    remedy: str


def _loaded_by(name: str, function: str) -> Kind:
    return Kind(name, f"read it by {function} and pass the DataFrame in Python, or {AS_TABLE}")


SPSS = _loaded_by("an SPSS file", "pyreadstat")
HDF5 = _loaded_by("an HDF5 file", "pandas.read_hdf")
PICKLE = Kind(
    "a pickle",
    f"it may run code when it is opened, so load it yourself where you trust it and pass the DataFrame, or {AS_TABLE}",
)
R = Kind("a file of R", "save its data frame as CSV (write.csv(…, row.names = FALSE))")
BYTES = {  # by how they begin
    b"<stata_dta>": _loaded_by("a Stata file", "pandas.read_stata"),
    b"$FL2": SPSS,
    b"$FL3": SPSS,
    b"\x89HDF\r\n\x1a\n": HDF5,
    b"SQLite format 3\0": _loaded_by("an SQLite database", "pandas.read_sql"),
    b"HEADER RECORD*******": _loaded_by("a SAS transport file", "pandas.read_sas"),
    b"\x93NUMPY": Kind("a NumPy array", "name it npy:FILE, or pass the array in Python"),
    b"MATLAB 5.0": Kind("a MATLAB file", "read it by scipy.io.loadmat and pass the arrays in Python"),
    b"RDX2\n": R,
    b"RDX3\n": R,
    b"X\n\0\0\0": R,
    b"Obj\x01": Kind("an Avro file", AS_TABLE),
    b"\xff\xff\xff\xff": Kind("an Arrow stream", "save it as Feather (pyarrow.feather.write_feather)"),
    b"\x28\xb5\x2f\xfd": Kind("compressed by zstandard", DECOMPRESS),
    b"\x04\x22\x4d\x18": Kind("compressed by LZ4", DECOMPRESS),
    b"7z\xbc\xaf\x27\x1c": Kind("a 7z archive", "unpack it and name the table in it"),
    b"Rar!\x1a\x07": Kind("a RAR archive", "unpack it and name the table in it"),
    b"\x1f\x9d": Kind("compressed by compress (.Z)", DECOMPRESS),
    b"\x89PNG": Kind("a PNG image", "bring the table itself"),
    b"\xff\xd8\xff": Kind("a JPEG image", "bring the table itself"),
    b"GIF87a": Kind("a GIF image", "bring the table itself"),
    b"GIF89a": Kind("a GIF image", "bring the table itself"),
    b"%PDF-": Kind("a PDF", AS_TABLE),
    b"{\\rtf": Kind("a text of a word processor (RTF)", AS_TABLE),
    b"\xd0\xcf\x11\xe0": Kind("of an old Excel (.xls)", "save it as .xlsx or as CSV"),
    b"version https://git-lfs": Kind("a pointer of Git LFS, not the file itself", "fetch it by git lfs pull"),
}
STATA = re.compile(rb"[\x69-\x73][\x01\x02]\x01\x00")  # formats 105 to 115
PICKLED = re.compile(rb"\x80[\x02-\x05]|\([dl]p0\n|ccopy_reg\n|cpandas")
TAR_AT, SAS_AT = 257, 12
SAS = b"\xc2\xea\x81\x60\xb3\x14\x11\xcf"
TEXTS = {  # patterns of how they begin, without blanks and in lower case
    "JSON": (r'\{"|\[\{|\[\[', "pandas.read_json"),
    "HTML": (r"<!doctype|<html|<table|<thead", "pandas.read_html"),
    "XML": (r"<\?xml", "pandas.read_xml"),
    "ARFF": (r"(?:%[^@]*)?@relation", "scipy.io.arff.loadarff"),
    "LaTeX": (r"\\begin\{|\\documentclass", ""),
    "SQL": (r"(?:--|/\*).*(?:createtable|insertinto)|(?:createtable|insertinto)[`\"\[\w]", "pandas.read_sql"),
}
SVMLIGHT = re.compile(r"[-+]?[\d.]+(?:,[\d.]+)*(?: qid:\d+)?(?: +\d+:[-+\d.eE]+)+ *(?:#.*)?")
IN_ZIP = {
    "content.xml": _loaded_by("an OpenDocument file (.ods)", "pandas.read_excel"),
    "xl/workbook.bin": Kind("a binary workbook of Excel (.xlsb)", "save it as .xlsx or as CSV"),
    "word/document.xml": Kind("a document of Word", AS_TABLE),
    "Index/Document.iwa": Kind("of Apple Numbers", "export it as .xlsx or as CSV"),
}


def refuse_bytes(data: bytes, path: Path) -> None:
    """Refuse bytes that begin as another kind of file does."""
    kind = next((kind for magic, kind in BYTES.items() if data.startswith(magic)), None)
    if PICKLED.match(data):
        kind = PICKLE
    elif data.startswith(b"ORC") and data[-4:-1] == b"ORC":
        kind = _loaded_by("an ORC file", "pandas.read_orc")
    elif b"SPSS PORT FILE" in data[:200]:
        kind = SPSS
    elif data[SAS_AT : SAS_AT + len(SAS)] == SAS:
        kind = _loaded_by("a SAS file", "pandas.read_sas")
    elif STATA.match(data):
        kind = BYTES[b"<stata_dta>"]
    elif data[TAR_AT : TAR_AT + 5] == b"ustar":
        kind = Kind("a tar archive", "unpack it and name the table in it")
    if kind is not None:
        raise _not_read(path, kind)


def refuse_archive(names: list[str], path: Path) -> None:
    """Refuse the files of a ZIP archive that is a document of another program."""
    kind = next((kind for name, kind in IN_ZIP.items() if name in names), None)
    if kind is not None:
        raise _not_read(path, kind)


def refuse_text(text: str, path: Path) -> None:
    """Refuse text that is of another kind by its beginning."""
    start = re.sub(r"\s+", "", text[:2000]).lower()
    kind = next((kind for kind, (pattern, _) in TEXTS.items() if re.match(pattern, start)), None)
    if kind is not None:
        function = TEXTS[kind][1]
        way = f"read it by {function} and pass the DataFrame in Python, or " if function else ""
        raise UserError(f"{path} is {kind}, not a table: {way}{AS_TABLE}.")
    lines = [line.strip() for line in text[:5000].split("\n")[:5] if line.strip()]
    if lines and all(map(SVMLIGHT.fullmatch, lines[: -1 if len(lines) > 1 else None])):
        raise UserError(
            f"{path} is of svmlight (LibSVM), which is not read: read it by sklearn.datasets.load_svmlight_file and "
            "pass the arrays in Python."
        )


def _not_read(path: Path, kind: Kind) -> UserError:
    return UserError(f"{path} is {kind.name}, which is not read: {kind.remedy}.")

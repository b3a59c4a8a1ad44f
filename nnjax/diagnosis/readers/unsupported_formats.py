"""Recognize formats that are not read, and name the shortest way out of each; pickles are never opened."""

import re
from typing import NamedTuple

from nnjax.core.errors import UserError
from nnjax.diagnosis.readers.source import Log, Reader, Source

_TEXT_PICKLE = re.compile(rb"^[\])}(]q\x00|^\(?[dl]p\d+\n|^c\w[\w.]*\n\w+\n")
_JSON = 'json.dump({{name: [float(x) for x in values] for name, values in history.items()}}, open("history.json", "w"))'


class Foreign(NamedTuple):
    """A format by its first bytes: what it is, and how to write what can be read."""

    starts: tuple[bytes, ...]
    what: str
    way_out: str


FOREIGN = (
    Foreign(
        (b"SQLite format 3",),
        "a database of SQLite",
        "write its metrics as CSV, such as pandas.read_sql(QUERY, CONNECTION).to_csv(FILE)",
    ),
    Foreign((b"\x89HDF",), "an HDF5 file", "write the losses as CSV or JSON"),
    Foreign((b"PAR1",), "a Parquet file", "write pandas.read_parquet(FILE).to_csv('curves.csv', index=False)"),
    Foreign(
        (b"ARROW1", b"FEA1"), "a Feather file", "write pandas.read_feather(FILE).to_csv('curves.csv', index=False)"
    ),
    Foreign(
        (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"\x28\xb5\x2f\xfd"), "a compressed file", "unpack it first"
    ),
    Foreign(
        (b":W&B",),
        "a log of Weights & Biases",
        "write wandb.Api().run('ENTITY/PROJECT/RUN').history().to_csv('curves.csv')",
    ),
    Foreign(
        (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"BM", b"<svg", b"RIFF"),
        "a picture",
        "name the numbers it was drawn from",
    ),
    Foreign((b"\xd0\xcf\x11\xe0",), "an Excel file", "save the sheet as CSV"),
    Foreign((b"<!doc", b"<!DOC", b"<html"), "a web page", "name the log it was made from"),
    Foreign((b"MATLAB",), "a file of MATLAB", "write the losses as CSV by writematrix"),
)


def recognizes(source: Source) -> bool:
    """Whether it is a pickle or one of `FOREIGN`."""
    return _is_pickle(source.data) or _found(source.data) is not None


def _is_pickle(data: bytes) -> bool:
    return (
        data.startswith(b"\x93NUMPY")
        or (data[:1] == b"\x80" and data[1:2] in b"\2\3\4\5")
        or bool(_TEXT_PICKLE.match(data[:200]))
    )


def _found(data: bytes) -> Foreign | None:
    if data.startswith(b"PK"):
        if b"xl/" in data or b"[Content_Types]" in data[:200]:
            return Foreign((), "an Excel file", "save the sheet as CSV")
        if b"data.pkl" in data:
            return Foreign(
                (),
                "a checkpoint of PyTorch, which holds a pickle and is never opened",
                f"load it yourself and write {_plain(_JSON)}",
            )
        return Foreign((), "a zip archive", "unpack it first")
    return next((one for one in FOREIGN if data.lstrip()[:20].startswith(one.starts)), None)


def _plain(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


def read(source: Source) -> Log:
    """Refuse the file: what it is, and what to do instead."""
    if _is_pickle(source.data):
        raise UserError(
            f"{source.name} is a pickle, which could run anything and is never opened; where you trust it, these two "
            "lines write JSON instead: "
            f'import json, pickle; history = pickle.load(open("{source.path.name}", "rb")) and {_plain(_JSON)}.'
        )
    found = _found(source.data)
    assert found is not None
    raise UserError(
        f"{source.name} is {found.what}; {found.way_out}. A table, JSON, printed text or TensorBoard's logs are read."
    )


READER = Reader("a format that is not read", recognizes, read)

"""Read learning curves from TensorBoard log folders, without TensorBoard.

An event file is a row of TFRecords (length, checksum, bytes, checksum), each a protocol buffer `Event`; of these only
the fields that hold scalars are looked at. Source: tensorflow/core/util/event.proto, framework/summary.proto and
framework/tensor.proto, and the record format in tensorflow/core/lib/io/record_writer.h.
"""

import pathlib
import struct
from collections.abc import Iterator

import numpy as np

from nnjax.core.archives import DAMAGE
from nnjax.core.errors import UserError
from nnjax.diagnosis import columns
from nnjax.diagnosis.columns import NOT_FINITE, Table

STEP, SUMMARY, VALUE = 2, 5, 1  # of Event and Summary
TAG, SIMPLE_VALUE, TENSOR = 1, 2, 8  # of Summary.Value
DTYPE, CONTENT, FLOATS, DOUBLES = 1, 4, 5, 6  # of TensorProto
FORMATS: dict[object, str] = {1: "<f", 2: "<d"}  # its dtypes float and double

Scalars = dict[str, dict[int, float]]  # tag -> step -> value
PARTS = columns.TRAIN | set(columns.VALIDATION)  # folders of one run's parts (Keras: train, validation)


def read_logs(place: pathlib.Path) -> dict[str, Table]:
    """Read {run: {tag: [t]}} of a log folder, or of one event file.

    Keras writes a run's parts into the folders train and validation, which become part of the tag.

    Raises:
      UserError: there is no event file, or one is damaged.
    """
    files = [place] if place.is_file() else sorted(place.rglob("*.tfevents.*"))
    if not files:
        raise UserError(
            f"{place} holds neither TensorBoard event files nor an nnjax run; name such a folder, or a file."
        )
    runs: dict[str, Scalars] = {}
    for file in files:
        parts = list(file.relative_to(place).parts[:-1]) if place.is_dir() else []
        own = [part for part in parts if part.lower() in PARTS]
        run = "/".join(part for part in parts if part.lower() not in PARTS)
        for tag, values in read_events(file).items():
            runs.setdefault(run, {}).setdefault("/".join([*own, tag]), {}).update(values)
    tables = {run: _aligned({tag: runs[run][tag] for tag in columns.choose(runs[run]).values()}) for run in runs}
    return {run: table for run, table in tables.items() if table} or {"": {}}


def _aligned(scalars: Scalars) -> Table:
    """Bring scalars to the steps of the one with the fewest, averaging those in between, as a running mean does."""
    scalars = {tag: values for tag, values in scalars.items() if values}
    if not scalars:
        return {}
    fewest = min((sorted(values) for values in scalars.values()), key=len)
    return {tag: _averaged(values, fewest) for tag, values in scalars.items()}


def _averaged(values: dict[int, float], steps: list[int]) -> np.ndarray:
    own = np.array(sorted(values))
    numbers = np.array([values[step] for step in own])
    bins = np.minimum(np.searchsorted(steps, own), len(steps) - 1)
    out = np.full(len(steps), np.nan)
    for place in np.unique(bins):
        some = numbers[bins == place]
        out[place] = some.mean() if np.isfinite(some).all() else NOT_FINITE
    return out


def read_events(path: pathlib.Path) -> Scalars:
    """Read the scalars of one event file; a record cut off at its end is left out.

    Raises:
      UserError: it is not an event file.
    """
    out: Scalars = {}
    try:
        for record in _records(path.read_bytes()):
            step, values = 0, []
            for number, content in _fields(record):
                if number == STEP and isinstance(content, int):
                    step = content - 2**64 if content >= 2**63 else content  # int64
                elif number == SUMMARY and isinstance(content, bytes):
                    values += [value for n, value in _fields(content) if n == VALUE and isinstance(value, bytes)]
            for value in values:
                tag, scalar = _scalar(value)
                if scalar is not None:
                    out.setdefault(tag, {})[step] = scalar
    except DAMAGE:
        sentence = f"{path} is not a TensorBoard event file, or it is damaged; name the folder of the logs."
        raise UserError(sentence) from None
    return out


def _records(data: bytes) -> Iterator[bytes]:
    place = 0
    while place + 12 <= len(data):
        (length,) = struct.unpack_from("<Q", data, place)
        if length > len(data) - place - 12:
            if place == 0:
                raise ValueError("the first record is longer than the file")
            return
        yield data[place + 12 : place + 12 + length]
        place += 16 + length


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Split a protocol buffer into its fields: (number, content); fixed-width contents stay bytes."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        length = {1: 8, 5: 4}.get(kind, -1)
        if kind == 2:
            length, place = _varint(data, place)
        if length < 0 or place + length > len(data):
            raise ValueError("a field ends beyond its message")
        yield key >> 3, data[place : place + length]
        place += length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Read a number of at most ten bytes and 64 bits, and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        value |= (byte & 127) << shift
        place += 1
        if byte < 128:
            return value & (2**64 - 1), place
    raise ValueError("a number has more than ten bytes")


def _scalar(data: bytes) -> tuple[str, float | None]:
    """Return a value's tag and its number; None for what is no scalar (images, histograms, text)."""
    tag, number = "", None
    for field, content in _fields(data):
        if isinstance(content, int):
            continue
        if field == TAG:
            tag = content.decode()
        elif field == SIMPLE_VALUE and len(content) == 4:
            number = float(struct.unpack("<f", content)[0])
        elif field == TENSOR:
            number = _from_tensor(content)
    return tag, number


def _from_tensor(data: bytes) -> float | None:
    fields = dict(_fields(data))
    form = FORMATS.get(fields.get(DTYPE))
    content = fields.get(CONTENT) or fields.get(FLOATS) or fields.get(DOUBLES)
    if form is None or not isinstance(content, bytes) or len(content) != struct.calcsize(form):
        return None
    return float(struct.unpack(form, content)[0])

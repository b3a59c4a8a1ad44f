"""Read learning curves from TensorBoard log folders, without TensorBoard.

An event file is a row of TFRecords (length, checksum, bytes, checksum), each a protocol buffer `Event`; of these only
the fields that hold scalars are looked at. Source: tensorflow/core/util/event.proto, framework/summary.proto and
framework/tensor.proto, and the record format in tensorflow/core/lib/io/record_writer.h.
"""

import math
import pathlib
import re
import struct
from collections.abc import Iterator, Sequence

from nnjax.core.archives import DAMAGE
from nnjax.core.errors import UserError
from nnjax.diagnosis import columns
from nnjax.diagnosis.readers.averaging import align
from nnjax.diagnosis.readers.source import Log, Reader, Source

STEP, SUMMARY, VALUE = 2, 5, 1  # of Event and Summary
TAG, SIMPLE_VALUE, TENSOR = 1, 2, 8  # of Summary.Value
DTYPE, CONTENT, FLOATS, DOUBLES = 1, 4, 5, 6  # of TensorProto
FORMATS: dict[object, str] = {1: "<f", 2: "<d"}  # its dtypes float and double

Scalars = dict[str, dict[float, float]]  # tag -> step -> value
PARTS = columns.TRAIN | set(columns.VALIDATION)  # folders of one run's parts (Keras: train, validation)
PART_WORDS = PARTS | {"loss", "losses", "accuracy", "acc", "epoch"}  # of PyTorch's add_scalars: Loss_train


def recognizes(source: Source) -> bool:
    """Whether it is an event file, or a folder with some."""
    if source.path.is_dir():
        return next(source.path.rglob("*.tfevents.*"), None) is not None
    return ".tfevents." in source.path.name or _is_event_file(source.data)


def _is_event_file(data: bytes) -> bool:
    """Whether the first record is an event with a version of the file format."""
    return b"brain.Event:" in data[:64] and data[1:8] == bytes(7)


def read(source: Source) -> Log:
    """Read the runs of a log folder, or of one event file.

    Keras writes a run's parts into the folders train and validation, which become part of the tag. Files of one folder
    are one run where the later goes on from the earlier; where its steps begin again, they are sessions.

    Raises:
      UserError: an event file is damaged.
    """
    place = source.path
    files = (
        [place]
        if place.is_file()
        else sorted(place.rglob("*.tfevents.*"), key=lambda file: (file.parent, _time(file), file.name))
    )
    runs: dict[str, list[tuple[str, Scalars]]] = {}
    for file in files:
        parts = list(file.relative_to(place).parts[:-1]) if place.is_dir() else []
        own = [part for part in parts if _is_part(part)]
        run = "/".join(part for part in parts if not _is_part(part))
        scalars = {"/".join([*own, tag]): values for tag, values in read_events(file).items()}
        if scalars:
            runs.setdefault(run, []).append((file.name, scalars))
    tables, remarks = {}, []
    for run, found in runs.items():
        sessions, said = _sessions(found, run or source.name)
        remarks += said
        for i, scalars in enumerate(sessions):
            table, said = align(scalars, source.name)
            remarks += said
            name = [run] * bool(run) + [f"session {i + 1}"] * (len(sessions) > 1)
            if table:
                tables[", ".join(name)] = table
    if not tables:
        tags = sorted({tag for found in runs.values() for _, scalars in found for tag in scalars})
        there = f"the scalars {', '.join(tags)[:200]}" if tags else "no scalars"
        raise UserError(f"{source.name} has no loss: it holds {there}; a tag such as loss or epoch_loss was expected.")
    return Log(tables, remarks=tuple(dict.fromkeys(remarks)))


def _is_part(folder: str) -> bool:
    own = {word for word in columns.words(folder) if not word.isdigit()}
    return bool(own & PARTS) and own <= PART_WORDS


def _time(file: pathlib.Path) -> int:
    """Return the second in which a file was begun, which its name has."""
    found = re.search(r"tfevents\.(\d+)", file.name)
    return int(found[1]) if found else 0


def _sessions(found: Sequence[tuple[str, Scalars]], name: str) -> tuple[list[Scalars], list[str]]:
    """Join the files of one run whose steps go on, or whose tags differ; say where steps begin again."""
    sessions: list[Scalars] = []
    for _, scalars in found:
        shared = [tag for tag in scalars if sessions and tag in sessions[-1]]
        begins_again = any(min(scalars[tag]) <= min(sessions[-1][tag]) for tag in shared)
        if not sessions or begins_again:
            sessions.append({})
        for tag, values in scalars.items():
            kept = {step: value for step, value in sessions[-1].get(tag, {}).items() if step < min(values)}
            sessions[-1][tag] = kept | values
    if len(sessions) < 2:
        return sessions, []
    return sessions, [
        f"remark: {name} holds {len(found)} event files whose steps begin again: {len(sessions)} sessions, each "
        "judged by itself."
    ]


def read_events(path: pathlib.Path) -> Scalars:
    """Read the scalars of one event file; a record cut off at its end is left out. UserError for other files."""
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
                    out.setdefault(tag, {})[step] = scalar if math.isfinite(scalar) else columns.NOT_FINITE
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


READER = Reader("TensorBoard logs", recognizes, read)

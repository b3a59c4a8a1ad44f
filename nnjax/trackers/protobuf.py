"""Write TensorBoard's records: TFRecords of protocol buffers, many of one layout at once with NumPy.

Sources: tensorflow/core/util/event.proto, framework/summary.proto and tensor.proto, lib/io/record_writer.h, and
tensorboard/plugins/hparams/plugin_data.proto.
"""

import functools
import struct
from collections.abc import Mapping

import numpy as np

from nnjax.core.types import Float, Int, UInt

POLYNOMIAL = 0x82F63B78  # of CRC-32C (Castagnoli), bits reversed
VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5  # wire types
STEP_BYTES = 5  # of every step, whose varint is padded with zeros to this length


def varint(value: int) -> bytes:
    """Encode a whole number from 0."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: bytes | str | float | int) -> bytes:
    """Encode one field: bytes and texts with their length, whole numbers as varints, floats as doubles."""
    if isinstance(value, bytes | str):
        content = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | BYTES) + varint(len(content)) + content
    if isinstance(value, float):
        return varint(number << 3 | EIGHT) + struct.pack("<d", value)
    return varint(number << 3 | VARINT) + varint(int(value))


def crc_of(content: bytes) -> int:
    """Return the masked CRC-32C of some bytes."""
    table, crc = _table().tolist(), 0xFFFFFFFF
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@functools.cache
def _table() -> UInt[np.ndarray, " 256"]:
    """Return the CRC of each byte."""
    crc = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        crc = np.where(crc & 1, (crc >> 1) ^ np.uint32(POLYNOMIAL), crc >> 1)
    return crc


def masked_crc(rows: UInt[np.ndarray, "n length"]) -> UInt[np.ndarray, " n"]:
    """Return the masked CRC-32C of each row of bytes, as TFRecords hold it."""
    table, crc = _table(), np.full(len(rows), 0xFFFFFFFF, np.uint32)
    for column in rows.T:
        crc = table[(crc ^ column) & 0xFF] ^ (crc >> 8)
    crc = ~crc
    return ((crc >> 15) | (crc << 17)) + np.uint32(0xA282EAD8)


def records(payloads: UInt[np.ndarray, "n length"]) -> UInt[np.ndarray, "n size"]:
    """Wrap payloads of one length as TFRecords: length, its CRC, payload, its CRC."""
    count, length = payloads.shape
    head = np.tile(np.frombuffer(struct.pack("<Q", length), np.uint8), (count, 1))
    ends = [np.ascontiguousarray(masked_crc(part)).view(np.uint8).reshape(count, 4) for part in (head, payloads)]
    return np.concatenate([head, ends[0], payloads, ends[1]], axis=1)


def record(payload: bytes) -> bytes:
    """Wrap one payload."""
    head = struct.pack("<Q", len(payload))
    return head + struct.pack("<I", crc_of(head)) + payload + struct.pack("<I", crc_of(payload))


def scalar_events(
    times: float, steps: Int[np.ndarray, " n"], values: Mapping[str, Float[np.ndarray, " n"]]
) -> UInt[np.ndarray, "n size"]:
    """Encode events with one value for each tag, as TFRecords of one size.

    Args:
      times: wall time, in seconds since 1970.
      steps: from 0, below 2^35.
      values: by tag.
    """
    count = len(steps)
    own = [field(1, tag) + varint(2 << 3 | FOUR) for tag in values]  # Summary.Value: tag, then simple_value
    sizes = [len(head) + 4 for head in own]
    heads = [varint(1 << 3 | BYTES) + varint(size) + head for size, head in zip(sizes, own, strict=True)]
    length = sum(len(head) + 4 for head in heads)
    places = np.arange(STEP_BYTES)
    digits = (steps[:, None] >> (7 * places) & 127 | np.where(places < STEP_BYTES - 1, 128, 0)).astype(np.uint8)
    parts = [_repeated(field(1, times) + varint(2 << 3 | VARINT), count), digits]
    parts.append(_repeated(varint(5 << 3 | BYTES) + varint(length), count))
    for head, column in zip(heads, values.values(), strict=True):
        numbers = np.ascontiguousarray(column, "<f4").view(np.uint8).reshape(count, 4)
        parts += [_repeated(head, count), numbers]
    return records(np.concatenate(parts, axis=1))


def _repeated(content: bytes, count: int) -> UInt[np.ndarray, "n length"]:
    return np.tile(np.frombuffer(content, np.uint8), (count, 1))


def event(time: float, *, version: str = "", summary: bytes = b"", step: int = 0) -> bytes:
    """Encode one event as a TFRecord."""
    content = field(1, time) + (field(2, step) if step else b"")
    content += field(3, version) if version else b""
    return record(content + (field(5, summary) if summary else b""))


def text_summary(tag: str, text: str) -> bytes:
    """Encode a summary that the text tab shows."""
    tensor = field(1, 7) + field(2, field(2, field(1, 1))) + field(8, text)  # DT_STRING [1]
    return field(1, field(1, tag) + field(8, tensor) + field(9, field(1, field(1, "text")) + field(4, 2)))


def hparams_summary(kind: int, tag: str, content: bytes) -> bytes:
    """Encode a summary of the HParams tab: kind 3 begins a session, kind 4 ends it."""
    data = field(1, field(1, "hparams") + field(2, field(kind, content)))
    nothing = field(1, 1) + field(2, field(2, field(1, 1))) + field(5, struct.pack("<f", 0.0))  # DT_FLOAT [1]
    return field(1, field(1, f"_hparams_/{tag}") + field(8, nothing) + field(9, data))


def session_start(settings: Mapping[str, object], group: str, time: float) -> bytes:
    """Encode the hyperparameters of a session."""
    found = b"".join(field(1, field(1, name) + field(2, _value(value))) for name, value in settings.items())
    return hparams_summary(3, "session_start_info", found + field(4, group) + field(5, time))


def session_end(time: float, success: bool) -> bytes:
    """Encode how a session ended."""
    return hparams_summary(4, "session_end_info", field(1, 1 if success else 2) + field(2, time))


def _value(value: object) -> bytes:
    """Encode a number, a truth value or a text as google.protobuf.Value."""
    if isinstance(value, bool):
        return field(4, int(value))
    return field(2, float(value)) if isinstance(value, int | float) else field(3, str(value))

"""Read zip members and NPZ arrays of untrusted files: nothing is unpickled, sizes are checked first.

Nothing is unpacked to disk, so what a member is called does not matter. What a file declares is compared with what it
holds before memory is asked for.
"""

import io
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from typing import IO

import numpy as np
from numpy.lib import format as npy

from nnjax.core.memory import total_memory
from nnjax.core.types import Shaped

# What reading a file that is not as it was written may raise, apart from a sentence of our own.
DAMAGE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    OSError,
    EOFError,
    MemoryError,
    RuntimeError,  # also of encrypted members, unknown compressions and JSON nested too deeply
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    SyntaxError,  # NumPy reads headers of arrays as Python
    tokenize.TokenError,
    AssertionError,
)
SLACK = 1 << 20  # bytes that an archive may always unpack to


def read_npz(file: IO[bytes], most: float = 10, free: int = SLACK) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Read all arrays of an NPZ file by name; every member's CRC-32 is verified.

    Args:
      file: seekable.
      most: the arrays may take so many times the size of the file, and no more than memory.
      free: bytes that they may take always.

    Raises:
      ValueError: it holds pickled objects, or arrays that are larger, or not of the size that their shape says.
      DAMAGE: it is no archive, or damaged.
    """
    with zipfile.ZipFile(file) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        _refuse_bomb(members, file.seek(0, io.SEEK_END), most, free)
        return {info.filename.removesuffix(".npy"): _read_array(archive, info) for info in members}


def _refuse_bomb(members: Sequence[zipfile.ZipInfo], packed: int, most: float, free: int = SLACK) -> None:
    size = sum(info.file_size for info in members)
    if size > min(max(free, most * packed), max(SLACK, total_memory())):
        raise ValueError(f"its {packed:,} bytes would unpack to {size:,}")


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(info) as member:
        shape, _, dtype = _header(member)
        if any(side < 0 for side in shape):
            raise ValueError(f"{info.filename} has the shape {shape}, with a negative side")
        if dtype.hasobject:
            raise ValueError(f"{info.filename} holds pickled objects, which are never loaded")
        if member.tell() + math.prod(shape) * dtype.itemsize != info.file_size:
            raise ValueError(f"{info.filename} has not the size that its shape {shape} says")
    with archive.open(info) as member:
        return npy.read_array(member, allow_pickle=False)


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(member)
    if version == (1, 0):
        return npy.read_array_header_1_0(member)
    if version == (2, 0):
        return npy.read_array_header_2_0(member)
    raise ValueError(f"it is of version {version[0]}.{version[1]} of NumPy's format, but 1.0 or 2.0 was expected")


def read_members(data: bytes, names: tuple[str, ...], most: int = 10) -> dict[str, bytes]:
    """Read members of a zip file by name, as far as they are there; every CRC-32 is verified.

    Args:
      data: the zip file.
      names: of the members.
      most: they may unpack to so many times the size of the file (and to a mebibyte always).

    Raises:
      ValueError: they would be larger.
      DAMAGE: it is no zip file, or damaged.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = {info.filename: info for info in archive.infolist() if info.filename in names}
        _refuse_bomb(list(found.values()), len(data), most)
        return {name: archive.read(info) for name, info in found.items()}


def describe(error: BaseException) -> str:
    """Describe in a few words why a file could not be read, without a full stop."""
    text = " ".join(str(error).split()).rstrip(".")[:200]
    plain = isinstance(error, ValueError | OSError | zipfile.BadZipFile) and text
    return text if plain else f"{type(error).__name__}{': ' if text else ''}{text}"

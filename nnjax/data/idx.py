"""IDX files, the format of MNIST: two zero bytes, a type, the number of axes, their lengths, the values.

Source of the format: the page of the MNIST database (Y. LeCun, C. Cortes, C. Burges).
"""

import gzip
import io
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.memory import total_memory
from nnjax.core.types import Dataset
from nnjax.data import arrays, files
from nnjax.data.source_record import Source

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_AXES = 8
FREE, MOST = 1 << 28, 200  # a gzipped file may unpack to so many bytes always, and to so many times its size
PARTS = {
    "train images": "train-images-idx3-ubyte.gz",
    "train labels": "train-labels-idx1-ubyte.gz",
    "test images": "t10k-images-idx3-ubyte.gz",
    "test labels": "t10k-labels-idx1-ubyte.gz",
}


def read(path: Path) -> np.ndarray:
    """Read the array in an IDX file, in native byte order; gzip is recognized by the content, not by the name.

    Raises:
      UserError: not readable, a damaged gzip stream, not IDX, or more or fewer values than its header promises.
    """
    try:
        with _open(path) as file:
            start = file.read(4)
            if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in DTYPES or not 1 <= start[3] <= MOST_AXES:
                raise UserError(
                    f"{path} is not an IDX file: it begins with the bytes {start.hex(' ') or '(none)'}, but 00 00, a "
                    f"type and the number of axes (1 to {MOST_AXES}) were expected; download it again."
                )
            dtype, header = np.dtype(DTYPES[start[2]]), file.read(4 * start[3])
            if len(header) < 4 * start[3]:
                raise UserError(
                    f"{path} is damaged: it ends within its header of {4 + 4 * start[3]} bytes; download it again."
                )
            shape = tuple(np.frombuffer(header, ">u4").tolist())
            data = _read_values(file, path, shape, dtype)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} is a damaged gzip file ({error}): download it again.") from None
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _open(path: Path) -> IO[bytes]:
    """Open a file for reading, unpacked while it is read where it is gzipped."""
    packed = files.read_bytes(path)
    return gzip.open(io.BytesIO(packed)) if packed[:2] == b"\x1f\x8b" else io.BytesIO(packed)  # type: ignore[return-value]


def _read_values(file: IO[bytes], path: Path, shape: Sequence[int], dtype: np.dtype) -> bytes:
    """Read as many bytes as the header promises, and no more than tell whether the file holds them."""
    expected, values = math.prod(shape) * dtype.itemsize, "×".join(map(str, shape))
    start = 4 + 4 * len(shape)
    promise = f"{path} is damaged: its header promises {values} values ({start + expected:,} bytes in all)"
    if expected > min(total_memory(), max(FREE, MOST * path.stat().st_size)):
        raise UserError(f"{promise}, but it has {path.stat().st_size:,} on the disk; download it again.")
    data = file.read(expected + 1)
    if len(data) < expected:
        raise UserError(f"{promise}, but it holds {start + len(data):,} bytes; download it again.")
    if len(data) > expected:
        raise UserError(f"{promise}, but it holds more; download it again.")
    return data


def find(folder: Path) -> dict[str, Path]:
    """Find the IDX files in a folder by part ("train images", "test labels", ...), as far as they are there.

    Names are matched by what they contain (train, t10k or test; images, labels), as in train-images-idx3-ubyte.gz; of a
    file that is there both plain and gzipped, the plain one counts.

    Raises:
      UserError: two different files could be the same part.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        words = path.name.lower().replace("test", "t10k")
        if "idx" not in words or path.suffix == ".part" or not path.is_file():
            continue
        for part, usual_name in PARTS.items():
            if all(word in words for word in usual_name.split("-")[:2]):
                first = found.setdefault(part, path)
                if first.name.removesuffix(".gz") != path.name.removesuffix(".gz"):
                    raise UserError(
                        f"{folder} has two files of {part}, {first.name} and {path.name}: keep one data set a folder."
                    )
    return found


def load(folder: Path, name: str, classes: Sequence[str] = ()) -> Dataset:
    """Load a folder of IDX files: images and labels for training and, if they are there, for test.

    Args:
      folder: holds two or four files, see `find`.
      name: what the data set is called.
      classes: the class names; without them the labels found are the classes.

    Raises:
      UserError: no folder, files missing or damaged, or images and labels that disagree.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is a file, but the folder that holds the IDX files was expected.")
    paths = find(folder)
    missing = [part for part in PARTS if part not in paths]
    if missing and missing != ["test images", "test labels"]:
        raise UserError(f"{folder} lacks the IDX files of {', '.join(missing)} (such as {PARTS[missing[0]]}).")
    pairs = [_read_pair(paths, split) for split in ("train", "test") if f"{split} images" in paths]
    images, labels = zip(*pairs, strict=True)
    if len({part.shape[1:] for part in images}) > 1:
        raise UserError(
            f"{folder} has training images of {images[0].shape[1:]} but test images of {images[1].shape[1:]} pixels."
        )
    return arrays.from_arrays(
        np.concatenate(images),
        np.concatenate(labels),
        name,
        "classification",
        source=str(folder),
        classes=classes,
        test_start=len(images[0]) if len(images) > 1 else None,
    )


def _read_pair(paths: dict[str, Path], split: str) -> tuple[np.ndarray, np.ndarray]:
    image_path, label_path = paths[f"{split} images"], paths[f"{split} labels"]
    images, labels = read(image_path), read(label_path)
    if images.ndim < 2 or labels.ndim != 1 or labels.dtype.kind == "f":
        raise UserError(
            f"{image_path} has {images.ndim} axes of {images.dtype} and {label_path.name} {labels.ndim} of "
            f"{labels.dtype}, but 3 (images) and 1 of whole numbers (labels) were expected: exchange or replace them."
        )
    if len(images) != len(labels):
        raise UserError(
            f"{image_path} has {len(images):,} images, but {label_path.name} {len(labels):,} labels: "
            "they do not belong together."
        )
    return images, labels


SOURCES = {"idx": Source(lambda request: load(request.path, request.name), "a folder of IDX files, as of MNIST", "DIR")}

"""Read and write named arrays with a note as NPZ files: never pickled, checksums verified on reading.

Why not Orbax: docs/design/0003-checkpoints-are-npz.md.
"""

import io
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnjax.core.archives import DAMAGE, describe, read_npz
from nnjax.core.errors import UserError
from nnjax.core.files import open_regular
from nnjax.core.types import Arrays, Shaped


def to_bytes(arrays: Arrays, note: Mapping[str, Any] | None = None) -> bytes:
    """Pack named arrays, and a JSON note under "note", into an NPZ file's bytes."""
    buffer = io.BytesIO()
    text = {} if note is None else {"note": np.frombuffer(json.dumps(note).encode(), np.uint8)}
    np.savez(buffer, allow_pickle=False, **arrays, **text)
    return buffer.getvalue()


def read(path: pathlib.Path) -> tuple[dict[str, Shaped[np.ndarray, "..."]], dict[str, Any]]:
    """Read arrays and note that `to_bytes` packed; UserError if missing, changed (CRC-32) or of pickled objects."""
    try:
        with open_regular(path) as opened:
            arrays = read_npz(opened)
        note = json.loads(arrays.pop("note").tobytes()) if "note" in arrays else {}
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; train the run again, or name another one.") from None
    except DAMAGE as error:
        raise UserError(
            f"{path} is damaged ({describe(error)}); expected a complete NPZ file that nnjax wrote."
        ) from None
    return arrays, note


def read_arrays(path: str) -> Arrays:
    """Read the arrays of a file that `to_bytes` packed; errors as of `read`."""
    return read(pathlib.Path(path))[0]

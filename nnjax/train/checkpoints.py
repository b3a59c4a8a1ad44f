"""Arrays on disk: pytrees as NPZ files, written atomically, never pickled, their checksums verified on reading.

Why not Orbax: docs/design/0003-checkpoints-are-npz.md.
"""

from __future__ import annotations

import io
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from nnjax.archives import DAMAGE, describe, read_npz
from nnjax.types import UserError

FINAL = "final/"  # prefix of a trial's last weights; its best ones are below "best/"


def write_atomically(path: pathlib.Path, content: bytes | str) -> None:
    """Write a whole file or nothing: a temporary file in the same folder, flushed to disk, then renamed."""
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # the file that the user knows
        raise


def to_bytes(arrays: Mapping[str, np.ndarray], note: Mapping[str, Any] | None = None) -> bytes:
    """Pack named arrays, and a JSON note under "note", into an NPZ file's bytes."""
    buffer = io.BytesIO()
    text = {} if note is None else {"note": np.frombuffer(json.dumps(note).encode(), np.uint8)}
    np.savez(buffer, allow_pickle=False, **arrays, **text)
    return buffer.getvalue()


def read(path: pathlib.Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read the arrays and the note of a file that `to_bytes` packed.

    Raises:
      UserError: the file is missing, truncated, changed (every member has a CRC-32) or holds pickled objects.
    """
    try:
        with open(path, "rb") as opened:
            arrays = read_npz(opened, most=10)
        note = json.loads(arrays.pop("note").tobytes()) if "note" in arrays else {}
    except FileNotFoundError:
        raise UserError(f"{path} is not there; train the run again, or name another one.") from None
    except DAMAGE as error:
        raise UserError(
            f"{path} is damaged ({describe(error)}); expected a complete NPZ file that nnjax wrote."
        ) from None
    return arrays, note


def flatten(tree: Any, prefix: str = "") -> dict[str, np.ndarray]:
    """Name the leaves of a pytree by their paths."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {prefix + jax.tree_util.keystr(path, simple=True, separator="/"): np.asarray(leaf) for path, leaf in leaves}


def unflatten(template: Any, arrays: Mapping[str, np.ndarray], prefix: str = "") -> Any:
    """Build a pytree like `template` from named arrays.

    Raises:
      UserError: a leaf is missing, or has another shape than the template's.
    """
    names = list(flatten_names(template, prefix))
    leaves, structure = jax.tree.flatten(template)
    for name, leaf in zip(names, leaves, strict=True):
        if name not in arrays:
            raise UserError(f"The weights have no array {name!r}; they belong to another model.")
        if arrays[name].shape != leaf.shape:
            raise UserError(f"The array {name!r} has shape {arrays[name].shape}, but {leaf.shape} was expected.")
    return jax.tree.unflatten(structure, [arrays[name] for name in names])


def flatten_names(tree: Any, prefix: str = "") -> list[str]:
    """Name the leaves of a pytree without reading them."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [prefix + jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in leaves]

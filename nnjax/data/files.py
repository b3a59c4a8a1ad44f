"""Find data files and read them; every failure is one sentence."""

import gzip
import hashlib
import os
import re
import zlib
from pathlib import Path

from nnjax.core.errors import UserError
from nnjax.core.files import expand_home


def places(data_dir: str | None = None, variable: str = "NNJAX_DATA", cache: str = "~/.cache/nnjax") -> list[Path]:
    """List the folders that are searched for data sets, in order.

    Args:
      data_dir: the folder to look in first; None for the standard ones only.
      variable, cache: the standard ones: of the environment, and below the home folder, if there is one.
    """
    given = [data_dir, os.environ.get(variable), cache]
    known = (text for text in given if text and not (text == cache and os.path.expanduser(text) == text))
    return list(dict.fromkeys(Path(expand_home(text)) for text in known))


def find(text: str, data_dir: str | None = None) -> Path:
    """Find a user's file or folder, as given or below `data_dir`; UserError if it is in neither place."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text):
        raise UserError(f"{text} is an address, but a file was expected: download it first.")
    bases = [Path(), *([Path(expand_home(data_dir))] if data_dir else [])]
    candidates = [base / expand_home(text) for base in bases]
    for candidate in candidates:
        if os.path.exists(candidate):
            return candidate
    looked = " nor ".join(str(candidate.absolute()) for candidate in candidates)
    raise UserError(f"{text} was not found: there is no {looked}; check the spelling of the path.")


def read_bytes(path: Path) -> bytes:
    """Read all bytes of a file; UserError if it is a folder, is missing, or may not be read."""
    try:
        return path.read_bytes()
    except IsADirectoryError:
        raise UserError(f"{path} is a folder, but a file was expected: name a file in it.") from None
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: check the spelling of the path.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check its permissions.") from None


def content_sha256(path: Path) -> str | None:
    """Compute the SHA-256 (hex) of a file's content, uncompressed if it is gzipped; None for damaged gzip."""
    state = hashlib.sha256()
    try:
        with path.open("rb") as plain:
            gzipped = plain.read(2) == b"\x1f\x8b"
        with gzip.open(path) if gzipped else path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                state.update(piece)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return None
    return state.hexdigest()

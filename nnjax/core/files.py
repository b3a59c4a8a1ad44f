"""Write files: check the path before anything is computed, and write atomically."""

import contextlib
import errno
import os
import pathlib
import secrets
import sys
import time
from typing import IO, Any

from nnjax.core.errors import UserError
from nnjax.core.text import represent

FILE_KINDS = (".csv", ".html", ".htm", ".json", ".npz", ".npy", ".png", ".pdf", ".svg", ".txt", ".md", ".zip", ".gz")


def check_out(path: str | os.PathLike[str], *kinds: str) -> str:
    """Return the path of a file to write, ~ expanded; UserError for another ending than `kinds`, or no such folder."""
    path = expand_home(path if isinstance(path, str) else str(as_path(path)))
    kind = pathlib.Path(path).suffix
    if kind not in kinds:
        raise UserError(f"The file {path!r} ends in {kind!r}, but {' or '.join(kinds)} was expected.")
    parent = pathlib.Path(path).parent
    if not _exists(parent):
        raise UserError(f"The folder of {path!r} does not exist; make it, or name another file.")
    if _exists(pathlib.Path(path)) and os.path.isdir(path):
        raise UserError(f"{path!r} is a folder, but a file to write was expected: name a file in it.")
    _refuse_read_only(parent, path)
    return path


def check_out_folder(path: str | os.PathLike[str]) -> pathlib.Path:
    """Return the path of a folder to write into, ~ expanded; UserError if it is a file or cannot be written."""
    folder = pathlib.Path(expand_home(path if isinstance(path, str) else str(as_path(path))))
    there = next(one for one in (folder, *folder.parents, pathlib.Path()) if _exists(one))
    if not there.is_dir():
        what = "is a file" if there == folder else f"lies in the file {there}"
        raise UserError(f"The folder {folder} {what}; name a folder.")
    if there != folder and folder.suffix.lower() in FILE_KINDS:
        raise UserError(f"The folder {folder} is named like a file ({folder.suffix}); name a folder.")
    _refuse_read_only(there, f"{folder}")
    return folder


def _exists(path: pathlib.Path) -> bool:
    """Whether a path is there; UserError for an impossible name, or where nobody may look."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:  # too long; a null character
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UserError(f"The path {str(path)!r} cannot be used ({reason}); name another one.") from None
    return True


def _refuse_read_only(folder: pathlib.Path, path: str) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{path!r} cannot be written (no permission for the folder {folder}); name another path.")


def as_path(path: Any) -> pathlib.Path:
    """Return a path of a user's; UserError if it is neither a text nor a path."""
    try:
        return pathlib.Path(path)
    except TypeError:
        raise UserError(f"A path was expected, but {represent(path)} was given.") from None


def expand_home(text: str) -> str:
    """Return a path with ~ and ~user as the home folder; UserError if no such folder is known."""
    try:
        path = os.path.expanduser(text)
    except ValueError:
        raise UserError(f"The path {text!r} holds a null character; name another one.") from None
    if path.startswith("~") and not os.path.exists(path):
        user = path.partition("/")[0]
        raise UserError(f"The path {text!r} begins with {user}, but no home folder is known for it; write it out.")
    return path


def open_regular(path: pathlib.Path) -> IO[bytes]:
    """Open a file for reading; OSError also for a pipe or a device, reading which may never end."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(f"{path} is no regular file")
    return open(path, "rb")


def write_atomically(path: pathlib.Path, content: bytes | str) -> None:
    """Write a whole file or nothing: a temporary file in the same folder, flushed to disk, then renamed."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name[:40]}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:  # "x": whatever lies there already, such as a link, is not followed
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        replace(temporary, path)
    except BaseException as error:
        if not isinstance(error, FileExistsError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # the file that the user knows
        raise


def replace(source: pathlib.Path, target: pathlib.Path) -> None:
    """Rename a file over another one of the same folder, and flush the folder to disk.

    Windows refuses while a virus scanner or a viewer has the other one open: try for a second.

    Raises:
      OSError: it cannot be renamed.
    """
    for seconds in (0.1, 0.3, 0.6) if sys.platform == "win32" else ():
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(seconds)
    os.replace(source, target)
    _flush_folder(target.parent)


def _flush_folder(folder: pathlib.Path) -> None:
    """Let a rename survive a power cut, where the system can flush folders."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # some network file systems cannot
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def is_broken_pipe(error: OSError) -> bool:
    """Whether the reader of a pipe has gone; Windows may call that an invalid argument."""
    invalid = sys.platform == "win32" and error.errno == errno.EINVAL and error.filename is None
    return invalid or isinstance(error, BrokenPipeError)

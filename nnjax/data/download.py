"""Download files from mirrors: verified by SHA-256, resumed after an interruption."""

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from nnjax.core.errors import UserError
from nnjax.core.files import replace
from nnjax.data import files

Progress = Callable[[str, int, int | None], None]  # file name, bytes so far, bytes in all if the server said so

CHUNK = 1 << 16  # bytes
TIMEOUT = 30  # seconds without a byte
LARGEST = 1 << 28  # bytes of a file; the largest of those below has 26 MB
ROUNDS = 2  # times that every mirror is asked
NETWORK_ERRORS = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)


def fetch(
    folder: Path, mirrors: Sequence[str], contents: Mapping[str, str], progress: Progress = lambda *_: None
) -> list[Path]:
    """Download the gzipped files of a data set that are not yet there.

    A broken transfer leaves FILE.gz.part, from which the next mirror or the next call goes on; FILE.gz itself appears
    whole and checked, or not at all.

    Args:
      folder: where to; made if need be.
      mirrors: base addresses, ending in a slash, the one to prefer first.
      contents: file name without .gz -> SHA-256 (hex) of the uncompressed file.
      progress: called after every piece.

    Returns:
      The paths of the files, in the order of `contents`.

    Raises:
      UserError: no mirror gave a file, or the folder cannot be made because a file is in its way.
      OSError: the folder cannot be written to.
    """
    in_the_way = next(place for place in (folder, *folder.parents) if place.exists())
    if not in_the_way.is_dir():
        raise UserError(f"{in_the_way} is a file, but a folder to put the data into was expected: name another one.")
    return [_fetch_file(folder / f"{name}.gz", mirrors, sha256, progress) for name, sha256 in contents.items()]


def _fetch_file(target: Path, mirrors: Sequence[str], sha256: str, progress: Progress) -> Path:
    part = target.with_name(target.name + ".part")
    for candidate in (target, part):  # the part may be whole, from a call that was killed before the renaming
        if candidate.is_file() and files.content_sha256(candidate) == sha256:
            replace(candidate, target)
            return target
    failures = {}
    for url in [mirror + target.name for mirror in mirrors] * ROUNDS:
        try:
            _transfer(url, part, progress)
        except NETWORK_ERRORS as error:
            failures[url] = _reason(error)
            continue
        if files.content_sha256(part) == sha256:
            replace(part, target)
            return target
        part.unlink()
        failures[url] = "the SHA-256 of what it sent is wrong"
    reasons = "; ".join(f"{url}: {why}" for url, why in failures.items())
    raise UserError(
        f"{target.name} could not be downloaded ({reasons}): try again later, or put the file into "
        f"{target.parent} by hand."
    )


def _transfer(url: str, part: Path, progress: Progress) -> None:
    """Append to the part what it lacks of the file at the address; after one of NETWORK_ERRORS what came is kept."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # longer than the file: begin again
        raise
    with response:
        if not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            have = 0  # the server sends all of it
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdecimal() else None
        _refuse_large(total or 0, part)
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab" if have else "wb") as file:
            while piece := response.read(CHUNK):
                have += file.write(piece)
                _refuse_large(have, part)
                progress(part.stem, have, total)
    if total is not None and have < total:
        raise ConnectionError(f"it broke off after {have:,} of {total:,} bytes")


def _refuse_large(size: int, part: Path) -> None:
    if size > LARGEST:
        part.unlink(missing_ok=True)
        raise ConnectionError(f"it sends more than {LARGEST:,} bytes, which the file cannot have")


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"answered {error.code} {error.reason}"
    return str(getattr(error, "reason", None) or error or type(error).__name__)

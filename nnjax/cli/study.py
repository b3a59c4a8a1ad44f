"""The protocol of a study, and the folder that it writes into."""

import json
import pathlib
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from nnjax.core.archives import DAMAGE, describe
from nnjax.core.errors import UserError
from nnjax.core.files import check_out_folder, write_atomically

MARK = "study.json"  # says whose folder it is

Log = Callable[[str], None]


@runtime_checkable
class Study(Protocol):
    """A frozen dataclass whose fields say all that decides the results; its repr tells it from others."""

    def run(self, workdir: pathlib.Path, log: Log) -> pathlib.Path:
        """Compute, and write results and page into a folder.

        Args:
          workdir: the folder, which is there.
          log: called with sentences about progress.

        Returns:
          The page's path.
        """


def open_folder(study: Study, workdir: str) -> pathlib.Path:
    """Make a study's folder, or open that of the same study; UserError if it holds anything else."""
    path = check_out_folder(workdir)
    mark = path / MARK
    found = sorted(file.name for file in path.iterdir()) if path.is_dir() else []
    if MARK in found:
        try:
            earlier = str(json.loads(mark.read_text("utf-8"))["study"])
        except DAMAGE as error:
            raise UserError(
                f"{mark} is damaged ({describe(error)}); bring a good copy back, or name another folder."
            ) from None
        if earlier != repr(study):
            raise UserError(f"The workdir {workdir} holds {earlier}, but this is {study!r}: name a new folder.")
    elif found:
        files = f"files of something else (such as {found[0]})"
        raise UserError(f"The workdir {workdir} holds {files}; name a new or empty folder.")
    path.mkdir(parents=True, exist_ok=True)
    write_atomically(mark, json.dumps({"study": repr(study)}) + "\n")
    return path

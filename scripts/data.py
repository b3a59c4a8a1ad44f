"""Download data sets, checked and resumable: python scripts/data.py mnist [fashion_mnist] [--data_dir=DIR]."""

from __future__ import annotations

from pathlib import Path

from absl import flags
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from nnjax.data import download, files, mnist
from nnjax.main import run
from nnjax.types import UserError

flags.DEFINE_string("data_dir", None, "where to put NAME/*.gz; otherwise $NNJAX_DATA, or ~/.cache/nnjax")


def main(argv: list[str]) -> None:
    """Fetch every data set named on the command line."""
    names = argv[1:]
    unknown = [name for name in names if name not in mnist.MIRRORS]
    if unknown or not names:
        found = f"{unknown[0]!r} cannot be downloaded" if unknown else "No data set was named"
        raise UserError(f"{found}: name one or both of {', '.join(mnist.MIRRORS)}.")
    folder = files.places(flags.FLAGS.data_dir)[0]
    with Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()) as bars:
        for name in names:
            fetch(name, folder / name, bars)
            bars.console.print(f"{name}: complete in {folder / name}")


def fetch(name: str, folder: Path, bars: Progress) -> None:
    """Fetch one data set, with a bar for each file."""
    tasks: dict[str, TaskID] = {}

    def show(file: str, done: int, total: int | None) -> None:
        if file not in tasks:
            tasks[file] = bars.add_task(file)
        bars.update(tasks[file], completed=done, total=total)

    download.fetch(folder, mnist.MIRRORS[name], mnist.CONTENTS[name], show)


if __name__ == "__main__":
    run(main)

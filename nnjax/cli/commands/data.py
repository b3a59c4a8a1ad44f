"""Download data sets, verified and resumable: `nnjax data mnist [fashion_mnist] [--data_dir=DIR]`.

With --to_npy=DIR it writes one data set, of any source, as a folder of .npy files instead, from which training streams:
`nnjax data tfds:NAME --to_npy=DIR`, then --config.data.name=npy:DIR --config.data.window=65536.
"""

from pathlib import Path

from absl import flags
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from nnjax.core.errors import UserError
from nnjax.core.files import check_out_folder, expand_home
from nnjax.data import download, files, load, mnist, npy

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("data_dir", None, "where to put NAME/*.gz; otherwise $NNJAX_DATA, or ~/.cache/nnjax")
    flags.DEFINE_string("to_npy", None, "folder to write one data set into as .npy files; nothing is downloaded")


def run(argv: list[str]) -> None:
    """Fetch every data set named on the command line, or write one as a folder of .npy files."""
    names = argv[1:]
    if FLAGS.to_npy is not None:
        rewrite(names, Path(expand_home(FLAGS.to_npy)))
        return
    unknown = [name for name in names if name not in mnist.FILES]
    if unknown or not names:
        found = f"{unknown[0]!r} cannot be downloaded" if unknown else "No data set was named"
        raise UserError(f"{found}: name one or both of {', '.join(mnist.FILES)}.")
    folder = next(iter(files.places(FLAGS.data_dir)), None)
    if folder is None:
        raise UserError("No home folder is known to put data into; name a folder with --data_dir.")
    with Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()) as bars:
        for name in names:
            fetch(name, folder / name, bars)
            bars.console.print(f"{name}: complete in {folder / name}")


def rewrite(names: list[str], folder: Path) -> None:
    """Write the one data set that is named as a folder of .npy files."""
    if len(names) != 1:
        raise UserError(f"--to_npy writes one data set, but {len(names)} were named: name one, such as mnist.")
    check_out_folder(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already: name a new folder for --to_npy.")
    dataset = load(names[0], FLAGS.data_dir, stream=True)
    npy.write(dataset, folder)
    print(f"{names[0]}: {len(dataset.x):,} examples in {folder}; train on them with --config.data.name=npy:{folder}")


def fetch(name: str, folder: Path, bars: Progress) -> None:
    """Fetch one data set, with a bar for each file."""
    tasks: dict[str, TaskID] = {}

    def show(file: str, done: int, total: int | None) -> None:
        if file not in tasks:
            tasks[file] = bars.add_task(file)
        bars.update(tasks[file], completed=done, total=total)

    download.fetch(folder, mnist.FILES[name].mirrors, mnist.FILES[name].sha256, show)

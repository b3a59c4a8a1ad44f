"""MNIST and Fashion-MNIST: find their files, or download them."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from nnjax.core.errors import UserError
from nnjax.core.types import Dataset
from nnjax.data import files, idx, tfds
from nnjax.data.source_record import Source


class Files(NamedTuple):
    """The four IDX files of a data set."""

    classes: tuple[str, ...]  # names of the labels 0 to 9
    # file name -> hex digest of the *uncompressed* file, the same however a mirror or a distribution gzips it
    sha256: Mapping[str, str]
    mirrors: tuple[str, ...]  # base addresses, ending in a slash, the one to prefer first
    description: str  # of the images, in a phrase
    system: tuple[Path, ...] = ()  # folders where a package of the operating system puts them


# The MD5 sums of the same bytes are those published for both data sets (6bbc9ace... and f4a8712d... for the training
# images). Debian's package is dataset-fashion-mnist.
FILES = {
    "mnist": Files(
        classes=tuple("0123456789"),
        sha256={
            "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        mirrors=(
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        description="70,000 handwritten digits of 28×28 pixels",
    ),
    "fashion_mnist": Files(
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        sha256={
            "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        description="70,000 pieces of clothing of 28×28 pixels",
        system=(Path("/usr/share/datasets/fashion-mnist"),),
    ),
}


def load(name: str, data_dir: str | None = None) -> Dataset:
    """Load the 60,000 training and 10,000 test images of "mnist" or "fashion_mnist": x [70000, 784] uint8.

    Searched for as IDX files (see `folders`), then among what TensorFlow Datasets has prepared.

    Args:
      name: which of the two.
      data_dir: the folder to look in first.

    Raises:
      UserError: found nowhere (the places and the ways to get the files are named), or damaged.
    """
    remarks = []
    for folder in folders(name, data_dir):
        lacking = _lacking(folder, name)
        if not lacking:
            return idx.load(folder, name, FILES[name].classes)
        remarks.append(f"{folder} ({lacking})")
    if tfds.find(name, data_dir) is not None:
        return tfds.load(name, name, data_dir)
    remarks += [f"{place / name} (not prepared by TensorFlow Datasets)" for place in tfds.places(data_dir)]
    package = f"install Debian's package dataset-{name.replace('_', '-')}, " if FILES[name].system else ""
    raise UserError(
        f"The files of {name} were not found in {', '.join(remarks)}: run `nnjax data {name}` to download "
        f"them, or put the four IDX files into a folder and name it with data_dir or $NNJAX_DATA, {package}or prepare "
        f"them with `tfds build {name} --file_format=array_record`."
    )


def folders(name: str, data_dir: str | None = None) -> list[Path]:
    """List where the four files may be: NAME in `data_dir`, in `$NNJAX_DATA`, in `~/.cache/nnjax`, or these."""
    places = [folder for place in files.places(data_dir) for folder in (place / name, place)]
    return [*places, *FILES[name].system]


def _lacking(folder: Path, name: str) -> str:
    """Explain why a folder does not hold the data set; "" if it does."""
    if not folder.is_dir():
        return "no such folder"
    try:
        paths = idx.find(folder)
    except UserError:
        return "files of several data sets"
    missing = [part for part in idx.PARTS if part not in paths]
    if missing:
        return "no IDX files" if len(missing) == len(idx.PARTS) else f"without {', '.join(missing)}"
    # Both data sets use the same file names: the small file of test labels tells one from the other.
    labels = files.content_sha256(paths["test labels"])
    owners = [other for other, known in FILES.items() if known.sha256["t10k-labels-idx1-ubyte"] == labels]
    return f"that is {owners[0]}" if owners and name not in owners else ""


SOURCES = {
    name: Source(lambda request: load(request.kind, request.data_dir), known.description)
    for name, known in FILES.items()
}

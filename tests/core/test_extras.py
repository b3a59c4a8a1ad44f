"""A package of an extra that is missing is named with the line that installs it, wherever a user meets it."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
from forked import nnjax_commands

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.core.extras import require
from nnjax.data import prepare

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_a_package_that_is_not_there():
    with pytest.raises(
        UserError, match=r"^This needs nowhere_to_be, which is not installed: pip install 'nnjax\[x\]'\.$"
    ):
        require("nowhere_to_be", "nnjax[x]", "This")
    assert require("json", "nnjax[x]", "This").loads("1") == 1


@pytest.mark.parametrize(
    ("line", "own"),
    [
        ("import nowhere_to_be", "ModuleNotFoundError: No module named 'nowhere_to_be'"),
        ("raise ImportError('an old libc')", "ImportError: an old libc"),
        ("raise OSError('a bad DLL')", "OSError: a bad DLL"),
    ],
)
def test_a_package_that_is_broken_shows_its_own_error(line, own, tmp_path, monkeypatch):
    (tmp_path / "broken_inside.py").write_text(line, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=rf"is installed but cannot be imported \({own}\)") as raised:
        require("broken_inside", "nnjax[x]", "This")
    assert raised.value.__cause__ is not None


def load(name):
    return lambda: prepare(DataConfig(name))


@pytest.mark.parametrize(
    ("package", "extra", "what"),
    [
        ("tensorflow_datasets", "tfds", load("tfds:mnist")),
        ("pyarrow", "parquet", load("csv:houses.parquet")),
    ],
)
def test_data(package, extra, what, tmp_path, monkeypatch):
    (tmp_path / "houses.parquet").write_bytes(b"PAR1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"needs {package}, which is not installed: pip install 'nnjax\[{extra}\]'"):
        what()


COMMANDS = [
    ("tensorflow_datasets", "tfds", "train --config=mnist_mlp --config.data.name=tfds:mnist --workdir=new"),
    ("h5py", "keras", "export --file=net.keras --out=new.safetensors"),
    ("h5py", "keras", "predict net.keras --data=digits --out=new.csv"),
    ("h5py", "keras", "predict net.weights.h5 --data=digits --out=new.csv"),
    ("optuna", "optuna", "sweep --config=mnist_mlp --space.mode=adaptive --workdir=new"),
    ("umap", "umap", "embed --data=digits --method=tsne,umap --out=new"),
    ("openTSNE", "opentsne", "embed --data=digits --method=pca,tsne --engine=opentsne --out=new"),
]


SHARED = ("nnjax.api", "sklearn.datasets", "matplotlib.pyplot")


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """How the commands end where their packages are not installed, and the files that are there afterwards."""
    folder = tmp_path_factory.mktemp("extras")
    for name in ("net.keras", "net.weights.h5"):
        (folder / name).write_bytes(b"")
    packages, _, lines = zip(*COMMANDS, strict=True)
    found = nnjax_commands([line.split() for line in lines], packages, SHARED, folder)
    return dict(zip(COMMANDS, found, strict=True)), sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("package", "extra", "line"), COMMANDS)
def test_commands(package, extra, line, answers):
    """Nothing is begun: no folder, and no method that needs no extra has run."""
    done = answers[0][package, extra, line]
    sentence = rf"error: .* needs {package}, which is not installed: pip install 'nnjax\[{extra}\]'\.\n"
    assert re.fullmatch(sentence, done.errors), done.errors
    assert (done.status, done.output, answers[1]) == (2, "", ["net.keras", "net.weights.h5"])
    assert extra in PROJECT["optional-dependencies"]


def test_every_pip_line_names_an_extra_that_there_is():
    files = [*(ROOT / "nnjax").rglob("*.py"), *(ROOT / "scripts").rglob("*.py"), ROOT / "README.md"]
    named = {extra for path in files for extra in re.findall(r"nnjax\[(\w+)\]", path.read_text("utf-8"))}
    assert named
    assert named <= set(PROJECT["optional-dependencies"])

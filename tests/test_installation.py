"""What a user has after `pip install`: the wheel in a clean environment, run from an empty folder and home."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
BIN = "Scripts" if os.name == "nt" else "bin"
OFFLINE = re.compile(r"Retrying \(Retry|connection (broken|error)|name resolution|ProxyError|SSLError", re.I)


def run(folder, *command):
    """Run a command with nothing of this checkout in reach."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    left_out = ("PYTHON", "NNJAX", "JAX", "XLA", "TFDS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environment |= {"HOME": str(home), "USERPROFILE": str(home)}
    return subprocess.run(
        [*map(str, command)], cwd=folder / "work", env=environment, capture_output=True, encoding="utf-8", timeout=900
    )


def pip(*arguments):
    """Run pip; without an index the test is skipped, and says why."""
    done = subprocess.run([*map(str, arguments)], capture_output=True, encoding="utf-8", timeout=900)
    if done.returncode and OFFLINE.search(done.stderr):
        pytest.skip("pip cannot reach an index of packages, so that the wheel cannot be installed")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of an environment (env), an empty folder (work) and an empty home."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "work").mkdir()
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    python = folder / "env" / BIN / "python"
    pip(python, "-m", "pip", "wheel", "--no-deps", "-q", "-w", folder / "wheel", ROOT)
    pip(python, "-m", "pip", "install", "-q", *(folder / "wheel").glob("nnjax-*.whl"))
    return folder


@pytest.fixture(scope="module")
def nnjax(installed):
    """Run `nnjax ...`, which must succeed, and return what it prints."""

    def command(*arguments):
        done = run(installed, installed / "env" / BIN / "nnjax", *arguments)
        assert done.returncode == 0, done.stderr
        assert "scripts/" not in done.stdout + done.stderr
        assert "scripts." not in done.stdout + done.stderr
        return done.stdout

    return command


@pytest.fixture(scope="module")
def demo(installed, nnjax):
    """The run folder of the demo: the one that nnjax made in the empty folder."""
    nnjax("demo", "--config.epochs=2")
    folders = sorted(path.parent for path in (installed / "work").rglob("trials.csv"))
    assert folders
    return folders[0]


def test_the_command(installed, nnjax):
    assert "train" in nnjax("--help")
    done = run(installed, installed / "env" / BIN / "python", "-m", "nnjax", "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"nnjax \d+\.\d+\S*\n", done.stdout)


def test_configurations_are_found_by_name(nnjax):
    assert "mnist_mlp" in nnjax("configs")


def test_the_demo_and_what_uses_its_run(installed, demo, nnjax):
    assert nnjax("diagnose", demo)
    nnjax("predict", demo, "--out=x.csv")
    nnjax("export", f"--run={demo}", "--out=net.safetensors")
    for name in ("x.csv", "net.safetensors", "net.safetensors.json"):
        assert (installed / "work" / name).stat().st_size


def test_an_extra_that_the_base_lacks_is_named(installed):
    done = run(installed, installed / "env" / BIN / "nnjax", "embed", "--data=digits", "--method=umap")
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'nnjax[umap]'" in done.stderr

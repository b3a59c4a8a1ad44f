"""scripts/data.py as its users run it, but for the mirrors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mirror import CONTENTS, FILES
from systems import linux

from nnjax.data import load

ROOT = Path(__file__).parents[2]


SCRIPT = """
import runpy, sys
import nnjax.data.mnist

arguments, script, mirror, contents = {0!r}
known = nnjax.data.mnist.FILES
nnjax.data.mnist.FILES = {{"mnist": known["mnist"]._replace(mirrors=[mirror], sha256=contents)}}
sys.argv = [script, *arguments]
runpy.run_path(script, run_name="__main__")
"""


def run(*arguments, mirror="http://127.0.0.1:1/", **environment):
    """Run the script in a process of its own, with the mirrors and checksums of mnist exchanged."""
    code = SCRIPT.format((list(arguments), str(ROOT / "scripts" / "data.py"), mirror, CONTENTS))
    command, environment = [sys.executable, "-W", "error", "-c", code], {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)


def test_it_downloads_where_it_is_told(server, tmp_path):
    done = run("mnist", f"--data_dir={tmp_path / 'here'}", mirror=f"{server.url}good/")
    assert done.returncode == 0, done.stderr
    assert f"mnist: complete in {tmp_path / 'here' / 'mnist'}" in done.stdout.replace("\n", "")
    assert {path.name for path in (tmp_path / "here" / "mnist").iterdir()} == set(FILES)


def test_it_downloads_to_the_place_where_it_will_be_looked_for(server, tmp_path, home):
    assert run("mnist", mirror=f"{server.url}good/").returncode == 0
    assert (home / ".cache" / "nnjax" / "mnist" / "images.gz").is_file()
    assert run("mnist", mirror=f"{server.url}good/", NNJAX_DATA=str(tmp_path / "data")).returncode == 0
    assert (tmp_path / "data" / "mnist" / "labels.gz").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "No data set was named: name one or both of mnist"),
        (["cifar10"], "'cifar10' cannot be downloaded: name one or both of mnist"),
        (["mnist"], "images.gz could not be downloaded"),
        (["mnist", "--dir=x"], "Unknown flag --dir"),
        pytest.param(["mnist", "--data_dir=/proc/version"], "/proc/version is a file, but a folder", marks=linux),
    ],
)
def test_mistakes_are_one_sentence_and_status_2(arguments, message):
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_data_set_becomes_a_folder_of_npy_files(tmp_path):
    done = run("digits", f"--to_npy={tmp_path / 'new'}")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"1,797 examples in {tmp_path / 'new'}" in done.stdout
    assert load(f"npy:{tmp_path / 'new'}").sha256 == load("digits").sha256
    again = run("digits", f"--to_npy={tmp_path / 'new'}")
    assert (again.returncode, "is there already: name a new folder" in again.stderr) == (2, True)
    none = run(f"--to_npy={tmp_path / 'other'}")
    assert (none.returncode, "writes one data set, but 0 were named" in none.stderr) == (2, True)

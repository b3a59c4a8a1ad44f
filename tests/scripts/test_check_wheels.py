"""What pip says becomes a table; pip itself is a small script here."""

import sys

import pytest

from nnjax.core.errors import UserError
from scripts import check_wheels
from scripts.check_wheels import SYSTEMS, Resolved, reason, requirements, resolve, table

PROJECT = {"name": "nnjax", "dependencies": ["jax>=0.10"], "optional-dependencies": {
    "tfds": ["tensorflow-datasets"], "umap": ["umap-learn"], "dev": ["pytest", "nnjax[tfds,umap]"]}}  # fmt: skip
ANSWER = """
import json, sys
markers = json.loads(sys.argv[1])
assert markers["sys_platform"] == "win32" and markers["python_version"] == "3.13", markers
assert {"--platform=win_amd64", "--python-version=3.13", "--only-binary=:all:", "a", "b"} <= set(sys.argv), sys.argv
"""


def fake(rest):
    return resolve(["a", "b"], SYSTEMS["win_amd64"], "3.13", (sys.executable, "-c", ANSWER + rest))


def test_requirements():
    assert requirements(PROJECT) == ["jax>=0.10"]
    assert sorted(requirements(PROJECT, "dev")) == ["jax>=0.10", "pytest", "tensorflow-datasets", "umap-learn"]
    with pytest.raises(UserError, match="no extra 'devs': choose one of tfds, umap, dev"):
        requirements(PROJECT, "devs")


def test_pip_is_asked_and_its_report_counted():
    assert fake("print(json.dumps({'install': [1, 2, 3]}))") == Resolved(3)


def test_pips_line_says_why():
    errors = "WARNING: x\\nERROR: Cannot install a and b.\\nERROR: ResolutionImpossible: for help"
    assert fake(f"sys.exit('{errors}')") == Resolved(0, "Cannot install a and b.")
    assert reason("") == "pip said nothing"


def test_without_a_network():
    with pytest.raises(UserError, match="cannot reach an index of packages"):
        fake(
            "sys.exit('WARNING: Retrying (Retry(total=0)) after NewConnectionError\\nERROR: No matching distribution')"
        )


def test_the_table():
    keys = [(system, python) for system in SYSTEMS for python in check_wheels.PYTHONS]
    found = dict.fromkeys(keys, Resolved(50)) | {("win_amd64", "3.14"): Resolved(0, "No matching distribution for a")}
    lines = table(found).splitlines()
    assert lines[0].split() == ["3.11", "3.13", "3.14"]
    assert lines[1].split() == ["win_amd64", "50", "wheels", "50", "wheels", "fails"]
    assert lines[4:] == ["win_amd64 3.14: No matching distribution for a"]

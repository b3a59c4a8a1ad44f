"""Windows and macOS, as far as Linux can show: what they lack is taken away, what they forbid is looked for."""

import ast
import ctypes
import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import jax
import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.core import files, memory
from nnjax.data import from_arrays
from nnjax.data.npy import write

ROOT = Path(__file__).parents[1]
IMPORT_ALL = """
import asyncio, importlib, os, pkgutil, sys, warnings  # asyncio is chosen by the system that this is
for name in ("fcntl", "resource", "pwd", "grp", "termios", "pty"):
    sys.modules[name] = None
for name in ("fork", "setsid", "sysconf", "sched_getaffinity", "getuid", "geteuid"):
    if hasattr(os, name):
        delattr(os, name)
warnings.filterwarnings("ignore", "only soft file lock")  # what filelock says of a POSIX system without fcntl
import nnjax
for module in pkgutil.walk_packages(nnjax.__path__, "nnjax."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""


def test_every_module_can_be_imported_without_posix():
    done = subprocess.run([sys.executable, "-W", "error", "-c", IMPORT_ALL], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.split()) > 150


def test_memory_is_known_without_sysconf_and_resource(monkeypatch):
    monkeypatch.delattr(os, "sysconf", raising=False)
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.setattr(memory.pathlib.Path, "exists", lambda path: False)
    monkeypatch.delattr(ctypes, "windll", raising=False)
    assert memory.total_memory() == memory.UNKNOWN
    assert memory.available_memory() == memory.UNKNOWN // 2
    assert memory.peak_memory() == 0


def test_half_of_the_memory_is_available_where_nothing_is_said(monkeypatch):
    """As on macOS, which has sysconf but no /proc."""
    monkeypatch.setattr(memory.pathlib.Path, "exists", lambda path: False)
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 16384, "SC_PHYS_PAGES": 1000}.get, raising=False)
    assert memory.available_memory() == 16384 * 500


class Kernel32:
    """Answers as Windows does: sizes at the offsets that its documentation has."""

    def GlobalMemoryStatusEx(self, status):
        content = (ctypes.c_uint64 * 8).from_address(ctypes.addressof(status._obj))
        assert content[0] == 64  # dwLength, and dwMemoryLoad above it
        content[1], content[2] = 32 * 2**30, 20 * 2**30  # ullTotalPhys, ullAvailPhys
        return 1

    def K32GetProcessMemoryInfo(self, process, counters, size):
        assert (process.value, size) == (2**64 - 1, 72)
        (ctypes.c_uint64 * 9).from_address(ctypes.addressof(counters._obj))[1] = 3 * 2**30  # PeakWorkingSetSize
        return 1


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="the offsets are those of a 64-bit system")
def test_windows_is_asked_for_memory(monkeypatch):
    monkeypatch.setattr(ctypes, "windll", type("Libraries", (), {"kernel32": Kernel32()}), raising=False)
    monkeypatch.delattr(os, "sysconf", raising=False)
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.setattr(memory.pathlib.Path, "exists", lambda path: False)
    assert memory.total_memory() == 32 * 2**30
    assert memory.available_memory() == 20 * 2**30
    assert memory.peak_memory() == 3 * 2**30


@pytest.mark.parametrize(("failures", "works"), [(3, True), (4, False)])
def test_windows_renames_over_a_file_that_was_open_for_a_moment(tmp_path, monkeypatch, failures, works):
    left, rename = [PermissionError(13, "Permission denied")] * failures, os.replace

    def refused(source, target):
        if left:
            raise left.pop()
        rename(source, target)

    monkeypatch.setattr(os, "replace", refused)
    monkeypatch.setattr(files.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(sys, "platform", "win32")
    (tmp_path / "a").write_bytes(b"old")
    if works:
        files.write_atomically(tmp_path / "a", "new")
    else:
        with pytest.raises(PermissionError):
            files.write_atomically(tmp_path / "a", "new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"new" if works else b"old"}


def test_a_data_set_is_written_into_an_empty_folder(tmp_path, monkeypatch):
    """Windows renames over no folder, not even an empty one."""
    rename = os.replace

    def refused(source, target):
        if os.path.isdir(target):
            raise PermissionError(13, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(os, "replace", refused)
    (tmp_path / "data").mkdir()
    write(from_arrays([[1.0], [2.0]], [0.0, 1.0], "two"), tmp_path / "data")
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["facts.json", "x.npy", "y.npy"]
    with pytest.raises(OSError, match="not empty"):
        write(from_arrays([[1.0], [2.0]], [0.0, 1.0], "two"), tmp_path / "data")


RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.I)


def forbidden(names):
    """Those of some file names that Windows does not take, or takes for another one of them."""
    lower = [name.lower() for name in names]
    return [
        name
        for name in names
        if re.search(r'[<>:"/\\|?*\x00-\x1f]|[. ]$', name)
        or RESERVED.match(name)
        or lower.count(name.lower()) > 1
        or len(name) > 200
    ]


def test_what_windows_forbids():
    assert forbidden(["a:b", "a?", "Aux.txt", "a.", "A", "a", "fine.npz"]) == ["a:b", "a?", "Aux.txt", "a.", "A", "a"]


def test_names_of_files_that_are_written_suit_windows(tmp_path):
    """Of a run folder with its report and exports, and of the compiled programs; whatever data and arms are called."""
    space = nnjax.Space(axes={"optimizer.name": ("adam", "sgd")}, arms={'a/b: "c"?': nnjax.Arm(), "*": nnjax.Arm()})
    data = dataclasses.replace(blobs(), name="csv:C:\\x|y.csv")
    run = nnjax.sweep(CLASSIFIER, space, data=data, workdir=tmp_path / "run")
    run.report()
    run.export(tmp_path / "run" / "net.safetensors")
    folders = [tmp_path / "run", Path(jax.config.values["jax_compilation_cache_dir"])]
    names = {folder: [path.name for path in folder.iterdir()] for top in folders for folder in (top, *top.rglob("*/"))}
    assert len(names) >= 4
    assert {folder: bad for folder, found in names.items() if (bad := forbidden(found))} == {}


CALLS = {"read_text": 0, "write_text": 1}  # arguments before the encoding


def test_text_files_state_their_encoding():
    """Of open() ruff knows (PLW1514); here are the calls whose objects' types it cannot know."""
    silent = []
    for path in [path for part in ("nnjax", "scripts", "configs", "tests") for path in (ROOT / part).rglob("*.py")]:
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call):
                name, given = getattr(call.func, "attr", ""), {keyword.arg for keyword in call.keywords}
                file = name in CALLS and len(call.args) <= CALLS[name]
                if "encoding" not in given and (file or ("text" in given and name in ("run", "Popen", "check_output"))):
                    silent.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert silent == []

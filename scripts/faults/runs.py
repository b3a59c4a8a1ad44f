"""Starting the real sweep script, disturbing it, and comparing what it leaves."""

import os
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np

SCRIPTS = pathlib.Path(__file__).parents[1]
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])
"""
COMPILING = 10.0  # seconds that a compilation, which a signal has to wait for, may take
LONGEST = 600  # seconds that any of the runs may take

CONFIG = '''"""Some seconds of training: arms that go on from others, dropout, patience, and one that diverges."""

from nnjax import Arm, DataConfig, Experiment, Hyperparameters, ModelConfig, Space


def get_config():
    return Experiment(
        data=DataConfig("two_spirals:2000", scaling="standard"),
        model=ModelConfig(widths=(96, 96)),
        hyperparameters=Hyperparameters(learning_rate=0.003, dropout=0.1, patience=200),
        batch_size=64,
        epochs=600,
    )


def get_space():
    rates = {"slow": 0.0003, "plain": 0.003, "fast": 0.01, "wild": 1e6}
    arms = {name: Arm({"learning_rate": rate}) for name, rate in rates.items()}
    return Space(axes={"seed": (0, 1)}, arms={**arms, "more": Arm({"epochs": 80}, start_from="plain")})
'''
HALVED = '''"""Sixteen rates of which halving leaves two."""

from nnjax import DataConfig, Experiment, Halving, ModelConfig, Range, Space


def get_config():
    return Experiment(
        data=DataConfig("two_spirals:2000", scaling="standard"),
        model=ModelConfig(widths=(96, 96)),
        batch_size=64,
        epochs=240,
    )


def get_space():
    return Space(axes={"learning_rate": Range(1e-4, 1e-1, 16, log=True)}, halving=Halving(eta=2))
'''


def sweep(config: pathlib.Path, folder: pathlib.Path, *flags: str, largest_file: int | None = None) -> list[str]:
    """Give the command line of a sweep; with `largest_file` (bytes) it can write no larger file, as on a full disk."""
    words = [
        *(sys.executable, "-m", "scripts.faults.kill_at", "replace", "0"),
        str(SCRIPTS / "sweep.py"),
        f"--config={config}",
        f"--workdir={folder}",
        "--noreport",
        *flags,
    ]
    return words if largest_file is None else [sys.executable, "-c", LIMITED, str(largest_file), *words]


def killing(call: str, number: int, words: Sequence[str]) -> list[str]:
    """Give the command line of a sweep that kills itself at its n-th call of a function of `os`."""
    return [*words[:3], call, str(number), *words[5:]]


def leftovers(folder: pathlib.Path) -> list[pathlib.Path]:
    """List what no finished run should hold: states of trials, and files half written."""
    kinds = ("chunk*.npz", "paused_*.npz", ".*.tmp")
    return [path for kind in kinds for path in (*folder.glob(kind), *(folder / "checkpoints").glob(kind))]


def start(words: Sequence[str], devices: int) -> subprocess.Popen[str]:
    """Start a command whose JAX has so many CPU devices."""
    environment = {**os.environ, "JAX_NUM_CPU_DEVICES": str(devices)}
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=environment)


def finish(words: Sequence[str], devices: int) -> tuple[int, str]:
    """Run a command to its end: its status, and all that it printed."""
    process = start(words, devices)
    out, error = process.communicate(timeout=LONGEST)
    return process.returncode, out + error


def start_several(words: Sequence[str], processes: int) -> list[subprocess.Popen[str]]:
    """Start so many processes of one sweep, each with one device."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    joined = [f"--coordinator=localhost:{port}", f"--num_processes={processes}"]
    return [start([*words, *joined, f"--process_id={number}"], 1) for number in range(processes)]


def disturb(process: subprocess.Popen[str], after: float, signal: int) -> float | None:
    """Send a signal after some seconds; the seconds from then to the end, or None where it had ended before."""
    try:
        process.communicate(timeout=after)
        return None
    except subprocess.TimeoutExpired:
        begin = time.monotonic()
        process.send_signal(signal)
        process.communicate(timeout=LONGEST)
        return time.monotonic() - begin


def all_end(processes: Sequence[subprocess.Popen[str]]) -> float:
    """Wait for processes to end; the seconds that it took."""
    begin = time.monotonic()
    for process in processes:
        process.communicate(timeout=LONGEST)
    return time.monotonic() - begin


def differences(one: pathlib.Path, other: pathlib.Path) -> list[str]:
    """Name what differs between two finished run folders: tables as text, curves and weights bit for bit."""
    names = sorted({path.relative_to(run) for run in (one, other) for path in (run / "checkpoints").glob("*.npz")})
    out = [] if (one / "trials.csv").read_text("utf-8") == (other / "trials.csv").read_text("utf-8") else ["trials.csv"]
    for name in (pathlib.Path("curves.npz"), *names):
        if not ((one / name).exists() and (other / name).exists()):
            out.append(f"{name} is in one of them only")
            continue
        with np.load(one / name, allow_pickle=False) as a, np.load(other / name, allow_pickle=False) as b:
            same = set(a.files) == set(b.files) and all(a[key].tobytes() == b[key].tobytes() for key in a.files)
        out += [] if same else [str(name)]
    return out


def finished(folder: pathlib.Path) -> set[str]:
    """The trials that trials.csv calls over and the weights that lie there: what nothing may take away again."""
    weights = {path.name for path in (folder / "checkpoints").glob("weights_*.npz")}
    table = folder / "trials.csv"
    rows = table.read_text("utf-8").splitlines()[1:] if table.exists() else []
    over = {row.split(",")[0] for row in rows if row.split(",")[2] in ("done", "stopped", "dropped", "diverged")}
    return weights | over

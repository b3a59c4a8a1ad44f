"""Runs contenders as fresh processes in turn, and turns what they leave into ratios with their spread."""

import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

from scripts.peers.tasks import tiny_axes

CONFIGS = {"tiny": "bench_tiny", "autoencoder": "bench_autoencoder", "solo": "bench_solo"}


@dataclasses.dataclass(frozen=True)
class Contender:
    """One way to train a task's population.

    Attributes:
      name: for people.
      peer: the module in scripts/peers and its variant; None for nnjax.
      processes: that share the trials and the two cores between them.
      cache: of nnjax, whether the compilation cache of the run before is kept.
    """

    name: str
    peer: tuple[str, str] | None = None
    processes: int = 1
    cache: bool = False


@dataclasses.dataclass(frozen=True)
class Size:
    """How much of a task is done."""

    trials: int
    epochs: int


def commands(contender: Contender, task: str, size: Size, out: pathlib.Path) -> list[list[str]]:
    """The command lines of a contender's processes."""
    if contender.peer is None:
        files = [f"--config=configs/{CONFIGS[task]}.py", f"--workdir={out}/run", "--noreport"]
        sizes = [f"--config.epochs={size.epochs}", *axes(task, size.trials)]
        return [[sys.executable, "scripts/sweep.py", *files, *sizes]]
    module, variant = contender.peer
    sizes = [f"--trials={size.trials}", f"--epochs={size.epochs}", f"--threads={2 // contender.processes}"]
    common = [sys.executable, "-W", "ignore", "-m", f"scripts.peers.{module}", task, variant, *sizes]
    parts = range(contender.processes)
    return [[*common, f"--part={part}/{len(parts)}", f"--out={out}/{part}"] for part in parts]


def axes(task: str, trials: int) -> list[str]:
    """What makes nnjax's configuration one of so many trials."""
    seeds, rates = tiny_axes(trials) if task == "tiny" else (trials, 0)
    flags = [f"--space.seed={','.join(map(str, range(seeds)))}"]
    return [*flags, f"--space.learning_rate=log:1e-3:1e-1:{rates}"] if rates else flags


def environment(contender: Contender, folder: pathlib.Path, out: pathlib.Path) -> dict[str, str]:
    """The environment variables of a contender: its share of the threads, and its compilation cache."""
    cache = folder / "cache" if contender.cache else out / "cache"
    own = {
        "NNJAX_CACHE": str(cache),
        "KERAS_BACKEND": "jax",
        "OMP_NUM_THREADS": str(2 // contender.processes),
        "PYTHONPATH": os.getcwd(),
    }
    if contender.peer is not None and contender.processes > 1:
        own["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return {**os.environ, **own}


def measure(contender: Contender, task: str, size: Size, folder: pathlib.Path) -> dict[str, float]:
    """Run a contender once: wall seconds of its processes from start to end, steady state, best validation loss."""
    out = folder / "now"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    env = environment(contender, folder, out)
    begin = time.perf_counter()
    running = [
        subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for command in commands(contender, task, size, out)
    ]
    errors = [process.communicate()[1] for process in running]
    wall = time.perf_counter() - begin
    for process, error in zip(running, errors, strict=True):
        if process.returncode:
            raise RuntimeError(f"{contender.name} failed:\n{error[-2000:]}")
    return {"wall": wall, **(read_nnjax(out / "run") if contender.peer is None else read_peer(out))}


def read_nnjax(run: pathlib.Path) -> dict[str, float]:
    """What a run folder says: microseconds a step and trial, the best validation loss, compilations."""
    import pandas as pd

    environment = json.loads((run / "environment.json").read_text())
    steady = environment["steady"]
    table = pd.read_csv(run / "trials.csv")
    return {
        "steady": 1e6 * steady["seconds"] / max(steady["trial_steps"], 1),
        "best": float(table.val_loss.min()),
        "compilations": environment["compilations"],
    }


def read_peer(out: pathlib.Path) -> dict[str, float]:
    """What a peer's files say; processes side by side count once."""
    found = [json.loads(path.read_text()) for path in out.glob("*.json")]
    trials = sum(part["trials"] for part in found)
    return {
        "steady": 1e6 * max(part["steady_seconds"] for part in found) / (found[0]["steps"] * trials),
        "best": min(part["best_val_loss"] for part in found),
    }


def summarize(runs: dict[str, list[dict[str, float]]], reference: str) -> list[dict[str, float | str]]:
    """One row a contender: medians, and its times over the reference's repeat by repeat as median, least, most."""
    rows = []
    for name, repeats in runs.items():
        row: dict[str, float | str] = {"contender": name, "best": statistics.median(r["best"] for r in repeats)}
        for what in ("wall", "steady"):
            ratios = [a[what] / b[what] for a, b in zip(repeats, runs[reference], strict=True)]
            row |= {what: statistics.median(r[what] for r in repeats), f"{what}_ratio": statistics.median(ratios)}
            row |= {f"{what}_least": min(ratios), f"{what}_most": max(ratios)}
        rows.append(row)
    return rows

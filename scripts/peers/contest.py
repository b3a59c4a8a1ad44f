"""Runs contenders as fresh processes in turn, and turns what they leave into ratios with their spread."""

import dataclasses
import importlib.util
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

from scripts.peers.search import BATCHED, SEARCHES, SPACE, mean_step_flops
from scripts.peers.search import FLAGS as SEARCHED
from scripts.peers.tasks import step_flops, tiny_axes

CONFIGS = {
    "tiny": "configs/bench_tiny.py",
    "autoencoder": "configs/bench_autoencoder.py",
    "products": "configs/bench_autoencoder.py",
    "solo": "configs/bench_solo.py",
    "lenet": "configs/bench_lenet.py",
    **dict.fromkeys(SEARCHED, SPACE),
}
FLAGS = {
    "products": [
        "--config.optimizer.name=sgd",
        "--config.loss=mean_squared_error",
        "--config.output_activation=linear",
    ],
    "adaptive": ["--space.mode=adaptive", f"--space.batch={BATCHED}"],
}
NEEDS = {  # packages of the peers, by module
    "torch_peer": ["torch"],
    "keras_peer": ["keras"],
    "sklearn_peer": ["sklearn", "joblib"],
    "optuna_peer": ["optuna", "sklearn", "joblib"],
}
CORES = 2
COUNTED = ("programs", "compilations")
DATA = "tiny.npz"


@dataclasses.dataclass(frozen=True)
class Contender:
    """One way to train a task's population.

    Attributes:
      name: for people.
      peer: the module in scripts/peers and its variant; None for nnjax.
      layouts: numbers of processes that share the trials and the two cores between them; the first repeat tries all of
        them, and the others keep the fastest.
      cache: whether the compilation cache of the run before is kept; a run that nobody times fills it.
      library: nnjax as a plain Python program that calls `nnjax.sweep`, instead of the command.
      most: trials above which it is left out, because it would take too long.
    """

    name: str
    peer: tuple[str, str] | None = None
    layouts: tuple[int, ...] = (1,)
    cache: bool = False
    library: bool = False
    most: int = 10_000

    def missing(self) -> str:
        """The package that it needs and that is not installed; "" for none."""
        needed = [] if self.peer is None else NEEDS[self.peer[0]]
        return next((package for package in needed if importlib.util.find_spec(package) is None), "")


@dataclasses.dataclass(frozen=True)
class Size:
    """How much of a task is done."""

    trials: int
    epochs: int


def commands(contender: Contender, task: str, size: Size, processes: int, out: pathlib.Path) -> list[list[str]]:
    """The command lines of a contender's processes, whose data lie in the folder above `out`."""
    if contender.peer is None:
        config, run = CONFIGS[task], f"{out}/run"
        sizes = [f"--config.epochs={size.epochs}", *axes(task, size.trials), *FLAGS.get(task, [])]
        if contender.library:
            return [[sys.executable, "-W", "ignore", "-m", "scripts.peers.library", config, run, *sizes]]
        return [[sys.executable, "scripts/sweep.py", f"--config={config}", f"--workdir={run}", "--noreport", *sizes]]
    module, variant = contender.peer
    sizes = [f"--trials={size.trials}", f"--epochs={size.epochs}", f"--threads={CORES // processes}"]
    common = [sys.executable, "-W", "ignore", "-m", f"scripts.peers.{module}", task, variant, *sizes]
    own = [[f"--part={part}/{processes}", f"--out={out}/{part}"] for part in range(processes)]
    return [[*common, f"--data={out.parent / DATA}", *flags] for flags in own]


def axes(task: str, trials: int) -> list[str]:
    """What makes nnjax's configuration one of so many trials."""
    if task in SEARCHED:
        return [f"--space.num={trials}", *(f"--space.{name}={text}" for name, text in SEARCHED[task].items())]
    seeds, rates = tiny_axes(trials) if task == "tiny" else (trials, 0)
    flags = [f"--space.seed={','.join(map(str, range(seeds)))}"]
    return [*flags, f"--space.learning_rate=log:1e-3:1e-1:{rates}"] if rates else flags


def environment(contender: Contender, processes: int, folder: pathlib.Path, out: pathlib.Path) -> dict[str, str]:
    """The environment variables of a contender: its share of the threads, and its compilation cache."""
    cache = str((folder if contender.cache else out) / "cache")
    own = {
        "NNJAX_CACHE": cache,
        "TORCHINDUCTOR_CACHE_DIR": cache,
        "KERAS_BACKEND": "jax",
        "OMP_NUM_THREADS": str(CORES // processes),
        "PYTHONPATH": os.getcwd(),
    }
    if contender.peer is not None and processes > 1:
        own["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return {**os.environ, **own}


def measure_first(contender: Contender, task: str, size: Size, folder: pathlib.Path) -> dict[str, float]:
    """Run a contender in each of its layouts, with caches filled before where they are kept, and give the fastest."""
    if contender.cache:
        for processes in contender.layouts:
            measure(contender, task, size, processes, folder)
    tried = [measure(contender, task, size, processes, folder) for processes in contender.layouts]
    return min(tried, key=lambda run: run["wall"])


def measure(contender: Contender, task: str, size: Size, processes: int, folder: pathlib.Path) -> dict[str, float]:
    """Run a contender once.

    Returns:
      wall seconds of its processes from start to end, µs of a step and trial in the steady state, GFLOP/s of its
      products at that, the best validation loss, and in how many processes it ran; of nnjax also the numbers of its
      programs and compilations.
    """
    out = folder / "now"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    env = environment(contender, processes, folder, out)
    begin = time.perf_counter()
    running = [
        subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8")
        for command in commands(contender, task, size, processes, out)
    ]
    errors = [process.communicate()[1] for process in running]
    wall = time.perf_counter() - begin
    for process, error in zip(running, errors, strict=True):
        if process.returncode:
            raise RuntimeError(f"{contender.name} failed:\n{error[-2000:]}")
    found = read_nnjax(out / "run") if contender.peer is None else read_peer(out)
    flops = flops_of(task, size, folder)
    return {"wall": wall, **found, "gflops": flops / found["steady"] / 1e3, "processes": processes}


def flops_of(task: str, size: Size, folder: pathlib.Path) -> float:
    """Floating-point operations of a step's products; NaN where every contender has settings of its own."""
    if task == "adaptive":
        return math.nan
    if task in SEARCHED:
        return mean_step_flops(SEARCHES[task](size.trials, size.epochs, str(folder / DATA)))
    return step_flops(task)


def read_nnjax(run: pathlib.Path) -> dict[str, float]:
    """What a run folder says: microseconds a step and trial, the best validation loss, programs and compilations."""
    import pandas as pd

    environment = json.loads((run / "environment.json").read_text("utf-8"))
    steady = environment["steady"]
    table = pd.read_csv(run / "trials.csv")
    return {
        "steady": 1e6 * steady["seconds"] / max(steady["trial_steps"], 1),
        "best": float(table.val_loss.min()),
        "accuracy": float(table.get("val_accuracy", pd.Series([math.nan])).max()),
        **{name: environment[name] for name in COUNTED},
    }


def read_peer(out: pathlib.Path) -> dict[str, float]:
    """What a peer's files say; processes side by side count once."""
    found = [json.loads(path.read_text("utf-8")) for path in out.glob("*.json")]
    steps = sum(part["steps"] * part["trials"] for part in found)
    return {
        "steady": 1e6 * max(part["steady_seconds"] for part in found) / steps,
        "best": min(part["best_val_loss"] for part in found),
        "accuracy": max(part["best_val_accuracy"] for part in found),
    }


def summarize(runs: dict[str, list[dict[str, float]]], reference: str) -> list[dict[str, float | str]]:
    """One row a contender: medians, and its times over the reference's repeat by repeat as median, least, most."""
    rows = []
    for name, repeats in runs.items():
        row: dict[str, float | str] = {"contender": name, "processes": repeats[-1]["processes"]}
        counted = [what for what in COUNTED if what in repeats[0]]
        row |= {what: statistics.median(r[what] for r in repeats) for what in ("best", "accuracy", "gflops", *counted)}
        for what in ("wall", "steady"):
            ratios = [a[what] / b[what] for a, b in zip(repeats, runs[reference], strict=True)]
            row |= {what: statistics.median(r[what] for r in repeats), f"{what}_ratio": statistics.median(ratios)}
            row |= {f"{what}_least": min(ratios), f"{what}_most": max(ratios)}
        rows.append(row)
    return rows

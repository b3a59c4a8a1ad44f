"""What successive halving saves and loses: `python -m scripts.halving_gain [--repeats=5] [--splits] [--config=FILE]`.

Each repeat has four seeds of its own, with --splits also a split; the full sweep and the halved one are fresh
processes, one after the other. Prints what the halved one takes of the other's trial-epochs, of its steady seconds
(without compilation) and of the seconds of the whole process, and how many standard errors (over the seeds of the full
sweep's winner) its winner's mean validation loss lies above. Further `--config.F=V` and `--space.F=V` go to both; eta,
first, brackets and metric to the halved one.
"""

import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

from absl import flags

from nnjax.cli.main import overrides, run
from nnjax.core.errors import UserError
from nnjax.spaces.overrides import RULED

CONFIG = flags.DEFINE_string("config", "configs/bench_tiny.py", "configuration file with a space")
REPEATS = flags.DEFINE_integer("repeats", 5, "how often both run", lower_bound=1)
SPLITS = flags.DEFINE_bool("splits", False, "whether each repeat has a split of its own")
OUT = flags.DEFINE_string("out", "runs/halving_gain", "folder to write into")
SEEDS = 4  # of a repeat


class Outcome(NamedTuple):
    """What a sweep took, and found.

    Attributes:
      epochs: of all trials together.
      steady, wall: seconds, without compilation and of the whole process.
      winner: the setting with the lowest mean validation loss.
      loss, error: its mean over the seeds, and that mean's standard error.
    """

    epochs: int
    steady: float
    wall: float
    winner: str
    loss: float
    error: float


class Repeat(NamedTuple):
    """Shares of the full sweep that the halved one took, and by how many standard errors its winner is worse."""

    epochs: float
    steady: float
    wall: float
    gap: float


def compare(full: Outcome, halved: Outcome) -> Repeat:
    """Set a halved sweep against the full one."""
    return Repeat(
        epochs=halved.epochs / full.epochs,
        steady=halved.steady / full.steady,
        wall=halved.wall / full.wall,
        gap=(halved.loss - full.loss) / full.error,
    )


def line(name: str, repeat: Repeat) -> str:
    """Write a repeat as a row of the table."""
    shares = (f"{share:8.1%}" for share in (repeat.epochs, repeat.steady, repeat.wall))
    return f"{name:>8}{''.join(shares)}{repeat.gap:+10.2f}"


def median(repeats: list[Repeat]) -> Repeat:
    """Give the median of each figure."""
    return Repeat(*(statistics.median(column) for column in zip(*repeats, strict=True)))


def changes(number: int, halved: bool, splits: bool) -> list[str]:
    """Give the flags that make the configuration's sweep one of a repeat; the command line has the last word."""
    config = {"data.split_seed": str(number)} if splits else {}
    seeds = ",".join(str(SEEDS * number + i) for i in range(SEEDS))
    space = {"seed": seeds, "eta": "3"} | overrides("space")
    fields = {f"config.{name}": value for name, value in (config | overrides("config")).items()}
    fields |= {f"space.{name}": value for name, value in space.items() if halved or name not in RULED}
    return [f"--{name}={value}" for name, value in fields.items()]


def sweep(number: int, halved: bool, folder: pathlib.Path) -> Outcome:
    """Run one sweep in a fresh process and read what it left.

    Raises:
      UserError: it failed.
    """
    workdir = folder / f"{number}_{'halved' if halved else 'full'}"
    shutil.rmtree(workdir, ignore_errors=True)
    command = [sys.executable, "scripts/sweep.py", f"--config={CONFIG.value}", f"--workdir={workdir}", "--noreport"]
    command += changes(number, halved, SPLITS.value)
    environment = {**os.environ, "NNJAX_CACHE": str(folder / "cache"), "PYTHONPATH": os.getcwd()}
    begin = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise UserError(done.stderr.strip().removeprefix("error: "))
    return read(workdir, time.perf_counter() - begin)


def read(workdir: pathlib.Path, wall: float) -> Outcome:
    """Read a run folder."""
    import nnjax

    swept = nnjax.load(workdir)
    settings = swept.settings("val_loss").dropna(subset="mean")
    best = settings.loc[settings["mean"].idxmin()]
    steady = json.loads((workdir / "environment.json").read_text("utf-8"))["steady"]["seconds"]
    epochs = sum(record.epochs for record in swept.records)
    return Outcome(epochs, steady, wall, best["setting"], best["mean"], best["spread"] / math.sqrt(best["count"]))


def main(argv: list[str]) -> None:
    """Run both sweeps in turn, after one of each that nobody times and that fills the compilation cache."""
    folder = pathlib.Path(OUT.value)
    folder.mkdir(parents=True, exist_ok=True)
    for halved in (True, False):
        sweep(0, halved, folder)
    repeats = []
    print(f"{'repeat':>8}{'epochs':>8}{'steady':>8}{'wall':>8}{'SE above':>10}", flush=True)
    for number in range(REPEATS.value):
        full, short = sweep(number, False, folder), sweep(number, True, folder)
        repeats.append(compare(full, short))
        print(f"{line(str(number), repeats[-1])}   {full.loss:.4f} ± {full.error:.4f} {full.winner}", end="")
        print(f" | {short.loss:.4f} {short.winner}", flush=True)
    print(line("median", median(repeats)))
    print(f"within one standard error: {sum(repeat.gap <= 1 for repeat in repeats)} of {len(repeats)}")


if __name__ == "__main__":
    run(main, config_flags=["config", "space"])

"""Measure whether time per trial and memory depend on the population's size: nnjax alone, in fresh processes.

Tiny trials (`configs/bench_tiny.py`), 16 to 1,024 of them, trained to their ends; and 10,000 autoencoders
(`configs/bench_autoencoder.py`; on mnist5k without NNJAX_DATA), nearly all of which wait when the run is stopped after
some seconds, beside 200 of which the same is true. Also 256 to 10,000 trials of mixed architectures
(`scripts/peers/search_space.py`), of which the first populations are part of the last one, for a few epochs to their
ends; the last one once.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time

from scripts.peers.contest import axes
from scripts.peers.search import SPACE

SIZES, EPOCHS = (16, 64, 256, 1024), 50
MIXED, MIXED_EPOCHS = (256, 1024, 10_000), 5
FEW, MANY, SECONDS = 200, 10_000, 10.0


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a process took.

    Attributes:
      trials: in its population.
      seconds: from start to end.
      processor: seconds of all cores together, which a busy machine changes less.
      peak: MiB of resident memory.
      steady: microseconds a step and trial, compilation left out.
      ended: trials that had ended.
    """

    trials: int
    seconds: float
    processor: float
    peak: float
    steady: float
    ended: int


def sweep(trials: int, config: str, flags: list[str], out: pathlib.Path, seconds: float | None = None) -> Cost:
    """Train a population in a process of its own, to its end or for some seconds after its first checkpoint.

    Raises:
      RuntimeError: the process failed.
    """
    run = out / "run"
    shutil.rmtree(run, ignore_errors=True)
    file = config if config.endswith(".py") else f"configs/{config}.py"
    command = [sys.executable, "scripts/sweep.py", f"--config={file}", f"--workdir={run}", "--noreport"]
    env = {**os.environ, "PYTHONPATH": os.getcwd(), "NNJAX_CACHE": str(out / "cache")}
    begin = time.perf_counter()
    with open(out / "errors", "w+", encoding="utf-8") as errors:
        process = subprocess.Popen([*command, *flags], env=env, stdout=subprocess.DEVNULL, stderr=errors)
        if seconds is not None:
            stop_later(process, run, seconds)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if process.returncode not in (0, 128 + signal.SIGTERM):
            raise RuntimeError(f"sweep.py failed:\n{errors.read()[-2000:]}")
    wall = time.perf_counter() - begin
    ended = (run / "trials.csv").read_text("utf-8").count(",done,")
    peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    steady = json.loads((run / "environment.json").read_text("utf-8"))["steady"]
    processor = usage.ru_utime + usage.ru_stime
    return Cost(trials, wall, processor, peak, 1e6 * steady["seconds"] / max(steady["trial_steps"], 1), ended)


def stop_later(process: subprocess.Popen, run: pathlib.Path, seconds: float) -> None:
    """Ask a process to end some seconds after its first checkpoint; one that ends by itself before is left alone."""
    began = None
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if began is None and (run / "trials.csv").exists():
            began = time.perf_counter()
        if began is not None and time.perf_counter() - began > seconds:
            process.send_signal(signal.SIGTERM)
            return
        time.sleep(0.05)


def contest(out: pathlib.Path, repeats: int, share: float = 1.0) -> None:
    """Measure, print and write flat.json: the tiny populations in turn, and the waiting autoencoders once."""
    sizes = [max(4, round(size * share)) for size in SIZES]
    flags = {size: [f"--config.epochs={EPOCHS}", *axes("tiny", size)] for size in sizes}
    costs: dict[int, list[Cost]] = {size: [] for size in sizes}
    for _ in range(repeats):
        for size in sizes:
            costs[size].append(sweep(size, "bench_tiny", flags[size], out))
            print("flat, tiny", costs[size][-1], flush=True)
    tiny, mixed, many = [median(own) for own in costs.values()], mix(out, repeats, share), waiting(out, share)
    found = {
        name: [dataclasses.asdict(cost) for cost in own]
        for name, own in {"tiny": tiny, "mixed": mixed, "waiting": many}.items()
    }
    (out / "flat.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print("\n".join([*lines(tiny, many), *mixed_lines(mixed)]))


def mix(out: pathlib.Path, repeats: int, share: float) -> list[Cost]:
    """Train populations of mixed architectures."""
    sizes = [max(4, round(size * share)) for size in MIXED]
    costs: dict[int, list[Cost]] = {size: [] for size in sizes}
    for repeat in range(repeats):
        for size in sizes if repeat == 0 else sizes[:-1]:
            flags = [f"--config.epochs={MIXED_EPOCHS}", f"--space.num={size}"]
            costs[size].append(sweep(size, SPACE, flags, out))
            print("flat, mixed", costs[size][-1], flush=True)
    return [median(own) for own in costs.values()]


def waiting(out: pathlib.Path, share: float) -> list[Cost]:
    """Begin to train hundreds of autoencoders, and thousands."""
    data = [] if "NNJAX_DATA" in os.environ else ["--config.data.name=mnist5k", "--config.data.validation=1000"]
    found = []
    few, many = (max(4, round(number * share)) for number in (FEW, MANY))
    for trials in (few, few, many):
        seeds = f"--space.seed={','.join(map(str, range(trials)))}"
        found.append(sweep(trials, "bench_autoencoder", [seeds, *data], out, SECONDS * share))
        print("flat, autoencoders", found[-1], flush=True)
    return found[1:]  # the first one compiled and tried layouts, which takes memory of its own


def median(costs: list[Cost]) -> Cost:
    """The medians of one population's costs."""
    seconds, processor, peak, steady = (statistics.median(values) for values in zip(*map(times, costs), strict=True))
    return Cost(costs[0].trials, seconds, processor, peak, steady, costs[0].ended)


def times(cost: Cost) -> tuple[float, float, float, float]:
    """What varies from repeat to repeat."""
    return cost.seconds, cost.processor, cost.peak, cost.steady


def lines(tiny: list[Cost], many: list[Cost]) -> list[str]:
    """The tables as Markdown; the last population is what the others are compared with."""
    last = tiny[-1]
    out = [
        "",
        "| tiny trials | steady, µs a step and trial | × the most | whole process | of processors | peak memory |",
    ]
    out += ["|---|---|---|---|---|---|"]
    for cost in tiny:
        ratio = cost.steady / last.steady
        times_told = f"{cost.seconds:.1f} s | {cost.processor:.1f} s"
        out.append(f"| {cost.trials:,} | {cost.steady:.1f} | {ratio:.2f} | {times_told} | {cost.peak:.0f} MiB |")
    out += ["", "| autoencoders | of them ended | peak memory | × the first |", "|---|---|---|---|"]
    for cost in many:
        out.append(f"| {cost.trials:,} | {cost.ended} | {cost.peak:.0f} MiB | {cost.peak / many[0].peak:.2f} |")
    return out


def mixed_lines(costs: list[Cost]) -> list[str]:
    """The table of mixed populations as Markdown; the first one is what the others are compared with."""
    heads = ["mixed trials", "steady, µs a step and trial", "× the first", "whole process", "of processors, a trial"]
    heads += ["× the first", "peak memory", "× the first"]
    out, first = ["", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"], costs[0]
    for cost in costs:
        each, ratio = 1e3 * cost.processor / cost.trials, cost.processor / cost.trials * first.trials / first.processor
        times_told = f"{cost.steady:.1f} | {cost.steady / first.steady:.2f} | {cost.seconds:.1f} s"
        memory = f"{cost.peak:.0f} MiB | {cost.peak / first.peak:.2f}"
        out.append(f"| {cost.trials:,} | {times_told} | {each:.1f} ms | {ratio:.2f} | {memory} |")
    return out

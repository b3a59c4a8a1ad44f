"""Measure what streaming costs: all examples in memory, and in windows from files, in turn, in one process.

Whole times of `nnjax.sweep` once the programs are compiled: reading, checking and evaluating included.
"""

import json
import pathlib
import shutil
import tempfile
import time
from typing import Any

from scripts.peers.turns import in_turn

WINDOW = 8192  # examples
CASES: dict[str, dict[str, Any]] = {  # configuration -> what is changed: one trial of a few seconds
    "fashion_mlp": {"epochs": 6},
    "deck_autoencoders": {"epochs": 6, "validation": 5000},
}


def contest(out: pathlib.Path, repeats: int, share: float = 1.0) -> dict[str, dict[str, float]]:
    """Measure, print and write streaming.json: {configuration: {memory, streamed (seconds), ratio}}."""
    from nnjax.data import load, npy

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        npy.write(load("fashion_mnist"), pathlib.Path(folder))
        for name, changes in CASES.items():
            epochs = max(2, round(changes["epochs"] * share))
            found[name] = compared(name, {"data.name": f"npy:{folder}", "epochs": epochs}, out, repeats)
            print(f"stream, {name}: {found[name]}", flush=True)
    (out / "streaming.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return found


def compared(name: str, changes: dict, out: pathlib.Path, repeats: int) -> dict[str, float]:
    """Train a configuration in memory and in windows."""
    memory, streamed = in_turn(
        name, changes, "window", (None, WINDOW), lambda one: seconds(one, out / "streaming"), repeats
    )
    return {"memory": round(memory, 3), "streamed": round(streamed, 3), "ratio": round(streamed / memory, 4)}


def seconds(experiment, folder: pathlib.Path) -> float:
    """Train one trial; give the seconds that it took."""
    import nnjax

    shutil.rmtree(folder, ignore_errors=True)
    begin = time.perf_counter()
    nnjax.sweep(experiment, workdir=folder, plan=nnjax.Plan(devices=1, lanes=1))
    return time.perf_counter() - begin

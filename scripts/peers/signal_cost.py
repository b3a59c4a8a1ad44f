"""Measure what recording signals costs: the same training with and without, in turn, in one process.

Small data are the dear case: of up to 10,240 training examples a fortieth is looked at, of more 256.
"""

import json
import pathlib
import shutil
from typing import Any

from scripts.peers.turns import in_turn

CASES: dict[str, dict[str, Any]] = {  # configuration -> what is changed: one trial of about a second
    "bench_tiny": {"epochs": 1500},
    "bench_autoencoder": {"epochs": 40, "data.name": "mnist5k", "validation": 500, "test": 0},
    "bench_solo": {"epochs": 20, "data.name": "mnist5k", "validation": 500, "test": 0},
}


def contest(out: pathlib.Path, repeats: int, share: float = 1.0) -> dict[str, dict[str, float]]:
    """Measure, print and write signals.json: {configuration: {without, with (µs a step), ratio}}."""
    found = {}
    for name, changes in CASES.items():
        epochs = max(2, round(changes["epochs"] * share))
        found[name] = compared(name, {**changes, "epochs": epochs}, out, repeats)
        print(f"signals, {name}: {found[name]}", flush=True)
    (out / "signals.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return found


def compared(name: str, changes: dict, out: pathlib.Path, repeats: int) -> dict[str, float]:
    """Train a configuration with and without."""
    without, looking = in_turn(name, changes, "signals", (False, True), lambda one: step(one, out / "looking"), repeats)
    return {"without": round(without, 3), "with": round(looking, 3), "ratio": round(looking / without, 4)}


def step(experiment, folder: pathlib.Path) -> float:
    """Train one trial; give the microseconds of a step, evaluations and looking included, compiling not."""
    import nnjax

    shutil.rmtree(folder, ignore_errors=True)
    nnjax.sweep(experiment, workdir=folder, plan=nnjax.Plan(devices=1, lanes=1))
    steady = json.loads((folder / "environment.json").read_text("utf-8"))["steady"]
    return 1e6 * steady["seconds"] / steady["trial_steps"]

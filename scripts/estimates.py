"""How right is the time left? `python -m scripts.estimates [--repeats=3]` trains six small sweeps and compares.

From a third of each run on, compiling included, every estimate is compared with what it came to: the error is relative
to the time that was left, or to a tenth of the run where less was. Beside it stands the straight line (time so far over
the share of the work done). Wanted: a median of at most 30 % over the sweeps. Writes estimates.json.
"""

import json
import pathlib
import time
from typing import Any

import numpy as np
from absl import flags

import nnjax
from nnjax import DataConfig, Evolution, Experiment, Halving, ModelConfig, OptimizerConfig, Range, Space
from nnjax.cli.main import run, start_jax

REPEATS = flags.DEFINE_integer("repeats", 1, "how often each sweep runs; all but the first have a warm cache")
ONLY = flags.DEFINE_string("only", "", "sweeps whose name has this text")
OUT = flags.DEFINE_string("out", "runs/estimates", "folder to write into")

RATES = Range(1e-4, 1e-1, 32, log=True)
DIGITS = Experiment(DataConfig("digits"), ModelConfig(widths=(32,)), OptimizerConfig("adam"), batch_size=32, epochs=80)
WIDE = Experiment(DataConfig("digits"), ModelConfig("autoencoder", widths=(256, 32, 256)), epochs=40)
SEEDS = range(4)
SWEEPS: dict[str, tuple[Experiment, Space]] = {
    "equal": (DIGITS, Space({"learning_rate": RATES, "seed": SEEDS})),
    "widths": (DIGITS, Space({"widths": [(8,), (32,), (64, 64), (256,)], "seed": range(8)})),
    "batches": (DIGITS, Space({"batch_size": [16, 32, 64, 128], "activation": ["relu", "tanh"], "seed": SEEDS})),
    "halving": (DIGITS, Space({"learning_rate": RATES, "seed": SEEDS}, halving=Halving())),
    "evolution": (DIGITS, Space({"learning_rate": RATES, "seed": SEEDS}, evolution=Evolution(every=10))),
    "autoencoders": (WIDE, Space({"learning_rate": [1e-4, 3e-4, 1e-3, 3e-3], "seed": SEEDS})),
}


def main(argv: list[str]) -> None:
    """Train the sweeps and print how far the estimates were off."""
    start_jax()
    results: dict[str, list[dict[str, Any]]] = {}
    for _ in range(REPEATS.value):
        for name, (experiment, space) in SWEEPS.items():
            if ONLY.value in name:
                results.setdefault(name, []).append(measure(experiment, space))
                print(name, results[name][-1], flush=True)
    for kind in ("estimate", "line"):
        medians = [np.median([one[kind] for one in some]) for some in results.values()]
        print(f"{kind}: median over the sweeps {100 * np.median(medians):.0f} %, worst {100 * max(medians):.0f} %")
    out = pathlib.Path(OUT.value)
    out.mkdir(parents=True, exist_ok=True)
    (out / "estimates.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")


def measure(experiment: Experiment, space: Space) -> dict[str, Any]:
    """Train a sweep; give its seconds and the median relative errors of the time left, by the estimate and a line."""
    seen: list[tuple[float, float, float]] = []
    begin = time.monotonic()

    def observe(progress: Any) -> None:
        seconds = time.monotonic() - begin
        line = seconds * (1 - progress.work_done) / progress.work_done if progress.work_done else np.nan
        seen.append((seconds, progress.seconds_left, line))

    nnjax.sweep(experiment, space, observe=observe, log=lambda text: None)
    end = time.monotonic() - begin
    points = np.array([one for one in seen if end / 3 <= one[0]]).reshape(-1, 3)
    left = end - points[:, 0]
    errors = np.abs(points[:, 1:] - left[:, None]) / np.maximum(left, end / 10)[:, None]
    estimate, line = (round(float(one), 3) for one in np.nanmedian(errors, axis=0))
    return {"seconds": round(end, 2), "points": len(points), "estimate": estimate, "line": line}


if __name__ == "__main__":
    run(main)

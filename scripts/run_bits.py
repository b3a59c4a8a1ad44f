"""Print a SHA-256 of what four small runs compute: plain, halving, population-based training, folds with patience.

    python -m scripts.run_bits            # this checkout
    cd OTHER && python .../run_bits.py    # the checkout in the current folder

A change that is meant to change no result is checked by running it before and after, on one machine: the lines are
equal. The hash covers the names, types, shapes and bits of curves.npz and of every file of weights.
"""

import hashlib
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

COMMON = ["--config=configs/bench_tiny.py", "--noreport", "--lanes=4", "--devices=2", "--config.epochs=9"]
SWEPT = ["--space.learning_rate=log:1e-4:3e-1:6", "--space.weight_decay=0.0,0.01"]
RUNS = {
    "plain": [*SWEPT, "--space.seed=0,1"],
    "halving": [*SWEPT, "--space.seed=0,1", "--space.eta=3"],
    "pbt": [*SWEPT, "--space.seed=0,1", "--space.every=3"],
    "folds_patience": [*SWEPT, "--space.seed=0", "--config.folds=3", "--space.fold=0,1,2", "--config.patience=2"],
}


def digest(folder: pathlib.Path) -> str:
    """Hash the arrays of a run folder."""
    total = hashlib.sha256()
    for path in [folder / "curves.npz", *sorted((folder / "checkpoints").glob("weights_*.npz"))]:
        with np.load(path, allow_pickle=False) as arrays:
            for name in sorted(arrays.files):
                if name.startswith("__"):
                    continue  # the file's own checksum
                array = arrays[name]
                total.update(f"{path.name}/{name} {array.dtype} {array.shape}".encode())
                total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def main() -> None:
    """Train and hash the four runs of the checkout in the current folder."""
    for name, words in RUNS.items():
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "scripts/sweep.py", *COMMON, *words, f"--workdir={folder}/run"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            print(f"{name:15} {digest(pathlib.Path(folder) / 'run')}", flush=True)


if __name__ == "__main__":
    main()

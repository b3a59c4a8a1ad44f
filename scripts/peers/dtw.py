"""All pairs of 500 series of length 128 under DTW, with a band of a tenth and without: nnjax and three packages.

Every package is a fresh process on both cores, in turn; the time is the median of later calls, when all is compiled.
nnjax counts in float32, the others in float64: their matrices must agree to 1e-4. The floor is what the arithmetic
alone costs: five operations a cell at the rate of vector operations that is measured here.
"""

import dataclasses
import json
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np

from nnjax.core.errors import UserError
from scripts.peers.dtw_peer import LENGTH, PACKAGES

BANDS = {"band 12": 12, "full": -1}
OPERATIONS = 5  # of a cell: a difference, its square, two minima, a sum
TOLERANCE = 1e-4


@dataclasses.dataclass(frozen=True)
class Time:
    """Microseconds a pair of one package, one a repeat; what its first call took; its largest relative difference."""

    package: str
    micros: tuple[float, ...]
    first: float
    apart: float


def contest(out: pathlib.Path, repeats: int, share: float, python: str, only: str = "") -> dict[str, list[Time]]:
    """Measure, print and write dtw.json and dtw.md."""
    count = max(10, round(500 * share))
    packages = [name for name in PACKAGES if name == "nnjax" or only in name]
    found = {band: times(packages, count, window, out / "dtw", repeats, python) for band, window in BANDS.items()}
    rate = vector_rate()
    text = lines(found, {band: floor(window, rate) for band, window in BANDS.items()}, count, rate)
    plain = {band: [dataclasses.asdict(row) for row in rows] for band, rows in found.items()}
    (out / "dtw.json").write_text(json.dumps({"operations a second and core": rate, **plain}, indent=1) + "\n", "utf-8")
    (out / "dtw.md").write_text("\n".join(text) + "\n", "utf-8")
    print("\n".join(text), flush=True)
    return found


def times(
    packages: Sequence[str], count: int, window: int, folder: pathlib.Path, repeats: int, python: str
) -> list[Time]:
    """Run the packages in turn, `repeats` times; the first one is the reference of agreement.

    Raises:
      RuntimeError: two packages do not agree.
    """
    folder.mkdir(parents=True, exist_ok=True)
    runs: dict[str, list[dict]] = {name: [] for name in packages}
    for _ in range(repeats):
        for name in packages:
            runs[name].append(measured(name, count, window, folder, python))
    reference = np.load(folder / f"{packages[0]}.npy", allow_pickle=False)
    rows = []
    for name, own in runs.items():
        apart = float(np.max(np.abs(np.load(folder / f"{name}.npy", allow_pickle=False) / reference - 1)))
        if apart > TOLERANCE:
            raise RuntimeError(f"{name} and {packages[0]} differ by {apart:.2g}, window {window}.")
        micros = tuple(1e6 * run["again"] / len(reference) for run in own)
        rows.append(Time(name, micros, own[0]["first"], apart))
    return rows


def measured(package: str, count: int, window: int, folder: pathlib.Path, python: str) -> dict[str, float]:
    """Run one package once.

    Raises:
      UserError: it is not installed.
      RuntimeError: it fails.
    """
    flags = [f"--series={count}", f"--window={window}", f"--out={folder / package}"]
    interpreter = sys.executable if package == "nnjax" else python
    command = [interpreter, "-W", "ignore", "-m", "scripts.peers.dtw_peer", package, *flags]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if "ModuleNotFoundError" in done.stderr:
        raise UserError(
            f"{package} cannot be imported by {interpreter}: name one that has the packages of the extra `series` by"
            " --series_python (a virtual environment of its own, because numba holds NumPy back)."
        )
    if done.returncode:
        raise RuntimeError(f"{package} failed:\n{done.stderr[-2000:]}")
    return json.loads((folder / f"{package}.json").read_text("utf-8"))


def cells(window: int) -> int:
    """Count the cells of a table inside a band; −1 is none."""
    width = LENGTH - 1 if window < 0 else window
    return sum(min(LENGTH, i + width + 1) - max(0, i - width) for i in range(LENGTH))


def vector_rate(repeats: int = 20) -> float:
    """Sums and minima a second of one core, in registers: 64 of them in a row on 4,096 float32."""
    import jax
    import jax.numpy as jnp

    def chain(x: jax.Array) -> jax.Array:
        for i in range(32):
            x = jnp.minimum(x + 0.5, 100.0 + i)
        return x

    turns = 2000
    many = jax.jit(lambda x: jax.lax.fori_loop(0, turns, lambda _, x: chain(x), x))
    x = jnp.zeros(4096)
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        jax.block_until_ready(many(x))
        best = min(best, time.perf_counter() - begin)
    return 64 * turns * x.size / best


def floor(window: int, rate: float, cores: int = 2) -> float:
    """Microseconds a pair that the arithmetic takes."""
    return 1e6 * OPERATIONS * cells(window) / (rate * cores)


def lines(found: dict[str, list[Time]], floors: dict[str, float], count: int, rate: float) -> list[str]:
    """Markdown: microseconds a pair (median), over nnjax's repeat by repeat, and the floor."""
    out = [
        f"All pairs of {count} series of length {LENGTH}; {rate / 1e9:.0f}e9 vector operations a second and core",
        "",
    ]
    for band, rows in found.items():
        out += [f"| {band} | µs a pair | × nnjax (least–most) | first call | differs by |", "|---" * 5 + "|"]
        for row in rows:
            ratios = [a / b for a, b in zip(row.micros, rows[0].micros, strict=True)]
            spread = f"{statistics.median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})"
            micros = f"{statistics.median(row.micros):.2f}"
            out.append(f"| {row.package} | {micros} | {spread} | {row.first:.1f} s | {row.apart:.0e} |")
        out += [f"| floor | {floors[band]:.2f} | | | |", ""]
    return out

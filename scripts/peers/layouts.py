"""Eight t-SNE layouts of 2,000 digits (4 perplexities × 2 seeds): nnjax beside scikit-learn and openTSNE at their best.

Every contender is a fresh process, or two that share the layouts and the cores, from start to saved file; the peers in
the better of both ways. Then KL(P‖Q), exactly and by scikit-learn's own functions, and T(10) of three seeds each.

python -m scripts.peers.layouts nnjax --data=FILE --out=FILE [--threads=2] [--part=0/1]
"""

import argparse
import importlib.util
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np

PERPLEXITIES, SEEDS = (5, 15, 30, 50), (0, 1)
QUALITY_PERPLEXITIES, QUALITY_SEEDS = (30,), (0, 1, 2)
SIZE, CORES, K = 2000, 2, 10
DATA = "layouts_data.npy"


def contest(out: pathlib.Path, repeats: int, share: float = 1.0) -> None:
    """Measure, print and write layouts.json.

    Args:
      out: folder.
      repeats: of the race; quality is measured once.
      share: of the digits.
    """
    write_data(out / DATA, max(200, round(SIZE * share)))
    peers = ["sklearn", *(["opentsne"] if importlib.util.find_spec("openTSNE") else [])]
    own = dict.fromkeys(("nnjax", "nnjax, warm cache"), (1,))
    layouts: dict[str, tuple[int, ...]] = {**own, **dict.fromkeys(peers, (1, 2))}
    walls: dict[str, list[float]] = {name: [] for name in layouts}
    for _ in range(repeats):
        for name, processes in layouts.items():
            if not walls[name]:  # the first repeat tries each way to share the cores, and the others keep the faster
                tried = {number: race(name, number, out) for number in processes}
                layouts[name] = (min(tried, key=lambda number: tried[number]),)
                print("layouts", name, {n: round(seconds, 2) for n, seconds in tried.items()}, flush=True)
                walls[name].append(min(tried.values()))
            else:
                walls[name].append(race(name, processes[0], out))
                print("layouts", name, round(walls[name][-1], 2), flush=True)
    scores = {name: quality(name, out) for name in ("nnjax", *peers)}
    found = [{"contender": n, "processes": layouts[n][0], "seconds": w, **scores.get(n, {})} for n, w in walls.items()]
    (out / "layouts.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print("\n".join(lines(found)))


def write_data(path: pathlib.Path, size: int) -> None:
    """Write digits [n, 784] float32 in [0, 1] as NPY, with equal shares of the classes."""
    from nnjax.data import load
    from nnjax.embed.points import choose_rows

    dataset = load("mnist5k")
    rows = choose_rows(dataset, np.arange(len(dataset.x)), size)
    np.save(path, dataset.x[rows] / np.float32(255))


def race(name: str, processes: int, out: pathlib.Path, flags: tuple[str, ...] = ()) -> float:
    """Seconds until all processes of a contender have ended.

    Raises:
      RuntimeError: one failed.
    """
    cache = out / "cache" if "warm" in name else out / "cold" / str(time.time_ns())
    threads = str(CORES // processes)
    env = {**os.environ, "PYTHONPATH": os.getcwd(), "NNJAX_CACHE": str(cache), "OMP_NUM_THREADS": threads}
    command = [sys.executable, "-m", "scripts.peers.layouts", name.split(",")[0], f"--data={out / DATA}", *flags]
    own = [[f"--part={part}/{processes}", f"--out={out / f'layouts_{part}.npz'}"] for part in range(processes)]
    begin = time.perf_counter()
    running = [
        subprocess.Popen([*command, f"--threads={threads}", *extra], env=env, stderr=subprocess.PIPE, encoding="utf-8")
        for extra in own
    ]
    errors = [process.communicate()[1] for process in running]
    for process, error in zip(running, errors, strict=True):
        if process.returncode:
            raise RuntimeError(f"{name} failed:\n{error[-2000:]}")
    return time.perf_counter() - begin


def quality(name: str, out: pathlib.Path) -> dict[str, list[float]]:
    """KL(P‖Q) and T(10) of three seeds' layouts at a perplexity of 30."""
    from sklearn.manifold import trustworthiness

    flags = (
        "--init=pca",
        f"--perplexities={','.join(map(str, QUALITY_PERPLEXITIES))}",
        f"--seeds={','.join(map(str, QUALITY_SEEDS))}",
    )
    race(name, 1, out, flags)
    x = np.load(out / DATA, allow_pickle=False)
    with np.load(out / "layouts_0.npz", allow_pickle=False) as file:
        layouts, perplexities = file["y"], file["perplexity"]
    return {
        "divergence": [exact_divergence(x, y, float(u)) for y, u in zip(layouts, perplexities, strict=True)],
        "trustworthiness": [float(trustworthiness(x, y, n_neighbors=K)) for y in layouts],
    }


def exact_divergence(x: np.ndarray, y: np.ndarray, perplexity: float) -> float:
    """KL(P‖Q) over all pairs, by scikit-learn's functions (1.5 to 1.9)."""
    from sklearn.manifold import _t_sne
    from sklearn.metrics import pairwise_distances

    p = _t_sne._joint_probabilities(pairwise_distances(x, squared=True), perplexity, 0)
    return float(_t_sne._kl_divergence(y.astype(np.float64).ravel(), p, 1, len(x), 2)[0])


def lines(found: list[dict]) -> list[str]:
    """The table as Markdown."""
    first = statistics.median(found[0]["seconds"])
    out = ["", "| eight layouts | whole process | × nnjax | KL, perplexity 30 | T(10) |", "|---|---|---|---|---|"]
    for row in found:
        seconds = statistics.median(row["seconds"])
        scores = [f"{np.mean(row[key]):.4f}" if key in row else "" for key in ("divergence", "trustworthiness")]
        ways = f" ({row['processes']} processes)" if row["processes"] > 1 else ""
        out.append(f"| {row['contender']}{ways} | {seconds:.1f} s | {seconds / first:.2f} | {' | '.join(scores)} |")
    return out


def by_nnjax(x, settings, threads, init):
    """All of them as one program."""
    from nnjax.cli.main import start_jax

    start_jax()
    from nnjax.embed import LayoutConfig, lay_out

    return lay_out(x, [LayoutConfig(u, seed) for u, seed in settings], init=init).y


def by_sklearn(x, settings, threads, init):
    """One after the other, by Barnes-Hut."""
    from sklearn.manifold import TSNE

    return [TSNE(perplexity=u, random_state=s, init=init, n_jobs=threads).fit_transform(x) for u, s in settings]


def by_opentsne(x, settings, threads, init):
    """One after the other, as openTSNE chooses for this size."""
    from openTSNE import TSNE

    return [
        np.asarray(TSNE(perplexity=u, random_state=s, initialization=init, n_jobs=threads).fit(x)) for u, s in settings
    ]


CONTENDERS = {
    "nnjax": by_nnjax,
    "sklearn": by_sklearn,
    "opentsne": by_opentsne,
}


def main() -> None:
    """Lay out this process's part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("contender", choices=CONTENDERS)
    for flag in ("--data", "--out"):
        parser.add_argument(flag, required=True)
    parser.add_argument("--threads", type=int, default=CORES)
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--perplexities", default=",".join(map(str, PERPLEXITIES)))
    parser.add_argument("--init", default="random")
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    arguments = parser.parse_args()
    number, parts = map(int, arguments.part.split("/"))
    axes = ([int(value) for value in text.split(",")] for text in (arguments.perplexities, arguments.seeds))
    settings = list(itertools.product(*axes))[number::parts]
    layouts = CONTENDERS[arguments.contender](
        np.load(arguments.data, allow_pickle=False), settings, arguments.threads, arguments.init
    )
    np.savez(arguments.out, y=np.asarray(layouts), perplexity=[u for u, _ in settings])


if __name__ == "__main__":
    main()

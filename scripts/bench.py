"""Compare nnjax with its peers: `make bench`, or `python -m scripts.bench [--tasks=tiny,solo] [--repeats=3]`.

Every contender is a fresh process on the same work, in turn, given both cores in the way that suits it; with
--library nnjax also as a plain Python program that calls `nnjax.sweep`. Prints ratios and writes bench.json, bench.md
and bench.png. Needs the extra `peers` (peers that are not installed are left out), and NNJAX_DATA for all tasks but
tiny, search, search-dropout, adaptive and flat.

search trains random settings of `scripts/peers/search_space.py`, as many as --settings says (repeat the flag for
several); search-dropout the same with dropout or none. The steady time of their peers is that of the whole training.
scikit-learn has no AdamW: Adam with an L2 penalty stands for it. adaptive asks Optuna's TPE for 64 settings of that
space, in batches of 16.

flat measures nnjax alone, in populations of 16 to 10,000 trials, also of mixed architectures (see
`scripts/peers/scaling.py`), and writes flat.json; signals, what recording signals costs (see
`scripts/peers/signal_cost.py`), and writes signals.json; stream, what reading the data in windows from files costs (see
`scripts/peers/streaming.py`), and writes streaming.json; dtw compares distances of time series with other packages'
(see `scripts/peers/dtw.py`; extra `series`), and writes dtw.json; tsne compares eight layouts of 2,000 digits (see
`scripts/peers/layouts.py`), and writes layouts.json; sklearn searches by scikit-learn and by nnjax's estimators (see
`scripts/peers/estimator_search.py`), and writes estimators.json.
"""

import json
import math
import pathlib
import sys
from typing import Any

from absl import flags

from nnjax.cli.main import run
from nnjax.core.errors import UserError
from scripts.peers import (
    contest,
    dtw,
    estimator_search,
    layouts,
    machine,
    scaling,
    search,
    signal_cost,
    streaming,
    tables,
    tasks,
)
from scripts.peers.contest import Contender, Size

TASKS = flags.DEFINE_list(
    "tasks",
    ["tiny", "search", "search-dropout", "adaptive", "autoencoder", "products", "solo", "lenet"],
    "what to run: tiny, search, search-dropout, adaptive, autoencoder, products, solo, lenet, flat, signals, stream, "
    "dtw, tsne, sklearn",
)
SETTINGS = flags.DEFINE_multi_integer("settings", [64, 256, 1024], "search: numbers of settings", lower_bound=2)
ONLY = flags.DEFINE_string("only", "", "contenders whose name has this text, beside nnjax")
LIBRARY = flags.DEFINE_bool("library", False, "nnjax as a plain Python program too, beside the command")
REPEATS = flags.DEFINE_integer("repeats", 3, "how often each runs", lower_bound=1)
SHARE = flags.DEFINE_float("share", 1.0, "of the trials; less for a look", lower_bound=0.01, upper_bound=1.0)
SERIES_PYTHON = flags.DEFINE_string("series_python", sys.executable, "dtw: interpreter that has aeon and the others")
OUT = flags.DEFINE_string("out", "runs/bench", "folder to write into")

SIZES = {
    "tiny": Size(256, 50),
    "adaptive": Size(64, 20),
    "autoencoder": Size(32, 10),
    "products": Size(8, 10),
    "solo": Size(1, 5),
    "lenet": Size(8, 3),
}
SEARCH_EPOCHS = 20
NNJAX = [Contender("nnjax"), Contender("nnjax, warm cache", cache=True)]
PYTHON = [Contender("nnjax, library", library=True), Contender("nnjax, library, warm cache", cache=True, library=True)]
ALONE = ("flat", "signals", "stream", "dtw", "tsne", "sklearn")  # in their own ways
COMPILED = ("torch_peer", "ensemble_compiled")
PEERS = {
    "tiny": [
        Contender("PyTorch ensemble", ("torch_peer", "ensemble"), (1, 2)),
        Contender("PyTorch ensemble, compiled", COMPILED, (1, 2)),
        Contender("PyTorch ensemble, compiled, warm cache", COMPILED, (1, 2), cache=True),
        Contender("PyTorch eager", ("torch_peer", "eager"), (2,)),
        Contender("scikit-learn, joblib", ("sklearn_peer", "joblib")),
        Contender("Keras, tuned", ("keras_peer", "tuned"), (2,)),
        Contender("Keras", ("keras_peer", "plain"), (2,)),
    ],
    "search": [
        Contender("scikit-learn, joblib", ("sklearn_peer", "search")),
        Contender("PyTorch eager", ("torch_peer", "search"), (2,)),
        Contender("Keras", ("keras_peer", "search"), (2,), most=64),
    ],
    "search-dropout": [Contender("PyTorch eager", ("torch_peer", "search"), (2,))],
    "adaptive": [Contender("Optuna, scikit-learn, joblib", ("optuna_peer", "joblib"))],
    "autoencoder": [
        Contender("PyTorch ensemble, compiled", COMPILED, (1, 2)),
        Contender("PyTorch ensemble, compiled, warm cache", COMPILED, (1, 2), cache=True),
        Contender("PyTorch compiled", ("torch_peer", "compiled"), (1, 2)),
        Contender("PyTorch eager", ("torch_peer", "eager"), (1, 2)),
        Contender("Keras, tuned", ("keras_peer", "tuned"), (1, 2)),
    ],
    "products": [],
    "solo": [
        Contender("PyTorch eager", ("torch_peer", "eager")),
        Contender("Keras, tuned", ("keras_peer", "tuned")),
        Contender("Keras", ("keras_peer", "plain")),
    ],
    "lenet": [
        Contender("PyTorch eager", ("torch_peer", "eager"), (1, 2)),
        Contender("PyTorch compiled", ("torch_peer", "compiled"), (1, 2)),
        Contender("PyTorch ensemble, compiled", COMPILED, (1, 2)),
    ],
}


def sizes_of(task: str) -> list[Size]:
    """How much of a task is done: a search in all its sizes."""
    whole = [Size(num, SEARCH_EPOCHS) for num in SETTINGS.value] if task not in SIZES else [SIZES[task]]
    return [Size(math.ceil(size.trials * SHARE.value), size.epochs) for size in whole]


def there(peers: list[Contender], size: Size) -> list[Contender]:
    """Keep the peers that can take part, and say who is left out."""
    for peer in peers:
        if peer.missing():
            print(f"{peer.name} is left out: {peer.missing()} is not installed (the extra `peers` has it).")
        elif size.trials > peer.most:
            print(f"{peer.name} is left out: {size.trials} trials would take it too long; {peer.most} are the most.")
    return [peer for peer in peers if not peer.missing() and size.trials <= peer.most]


def main(argv: list[str]) -> None:
    """Run the contests."""
    unknown = [name for name in TASKS.value if name not in (*PEERS, *ALONE)]
    if unknown:
        raise UserError(f"The task {unknown[0]!r} is unknown; choose from {', '.join([*PEERS, *ALONE])}.")
    out = pathlib.Path(OUT.value)
    out.mkdir(parents=True, exist_ok=True)
    tasks.write_tiny(out / contest.DATA)
    for task in set(TASKS.value) & {"search", "search-dropout"}:
        search.write_settings(search.settings_file(out / contest.DATA, task), task, max(SETTINGS.value))
    results: dict[str, Any] = {"machine": machine.describe()}
    print(json.dumps(results["machine"]))
    if "flat" in TASKS.value:
        scaling.contest(out, REPEATS.value, SHARE.value)
    if "signals" in TASKS.value:
        signal_cost.contest(out, REPEATS.value, SHARE.value)
    if "stream" in TASKS.value:
        streaming.contest(out, REPEATS.value, SHARE.value)
    if "dtw" in TASKS.value:
        dtw.contest(out, REPEATS.value, SHARE.value, SERIES_PYTHON.value, ONLY.value)
    if "tsne" in TASKS.value:
        layouts.contest(out, REPEATS.value, SHARE.value)
    if "sklearn" in TASKS.value:
        estimator_search.contest(out, REPEATS.value)
    compared = [(name, size) for name in TASKS.value if name not in ALONE for size in sizes_of(name)]
    for task, size in compared:
        contenders = (
            NNJAX + PYTHON * LIBRARY.value + there([peer for peer in PEERS[task] if ONLY.value in peer.name], size)
        )
        runs: dict[str, list] = {contender.name: [] for contender in contenders}
        for _ in range(REPEATS.value):
            for contender in contenders:
                done = runs[contender.name]
                if done:
                    done.append(contest.measure(contender, task, size, done[0]["processes"], out))
                else:
                    done.append(contest.measure_first(contender, task, size, out))
                print(task, contender.name, done[-1], flush=True)
        name = task if task in SIZES else f"{task}, {size.trials} settings"
        results[name] = contest.summarize(runs, "nnjax")
        tables.write(results, out)
    if len(results) > 1:
        print((out / "bench.md").read_text("utf-8"))


if __name__ == "__main__":
    run(main)

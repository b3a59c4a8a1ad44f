"""Train and label runs of other tools: `python -m scripts.label_strangers --out=FILE.npz [--part=visitors]`.

Needs the extra `peers`; about 10 minutes on a free core. With --runs=FOLDER each run is kept once it is trained, and
those that are there are not trained again.
"""

import pathlib
from typing import Any

from absl import flags

from nnjax.cli.main import run
from nnjax.core.errors import UserError
from nnjax.core.files import check_out

OUT = flags.DEFINE_string("out", None, "the .npz file to write")
PART = flags.DEFINE_enum(
    "part", "newcomers", ["strangers", "newcomers", "visitors", "settlers", "guests"], "which runs"
)
COUNT = flags.DEFINE_integer("count", 260, "how many")
RUNS = flags.DEFINE_string("runs", None, "folder in which whole runs are kept")
SEEDS = {"strangers": 2026, "newcomers": 20261130, "visitors": 20261201, "settlers": 20261202, "guests": 20261203}


def main(argv: list[str]) -> None:
    """Train, label and write."""
    if len(argv) != 1 or not OUT.value:
        raise UserError("--out was expected, and nothing else: label_strangers --out=newcomers.npz.")
    out = check_out(OUT.value, ".npz")
    from scripts.curves import (
        guest_runs,
        guests,
        newcomers,
        settler_runs,
        settlers,
        store,
        stranger_runs,
        strangers,
        visitor_labels,
        visitor_runs,
        visitors,
    )

    parts: dict[str, tuple[Any, Any]] = {
        "strangers": (strangers, stranger_runs.run),
        "newcomers": (newcomers, stranger_runs.run),
        "visitors": (visitors, visitor_runs.run),
        "settlers": (settlers, settler_runs.run),
        "guests": (guests, guest_runs.run),
    }
    source, train = parts[PART.value]
    found = []
    for i, plan in enumerate(source.plans(COUNT.value, SEEDS[PART.value])):
        file = pathlib.Path(RUNS.value) / f"{i:04d}.npz" if RUNS.value else None
        one = store.load_run(file, plan) if file and file.exists() else train(plan)
        if file:
            store.save_run(file, one)
        shown, plan = source.given(one.plan, one.history)
        found.append(visitor_labels.label(one._replace(plan=plan), shown, PART.value) if shown else None)
        print(f"{len(found)} of {COUNT.value}: {found[-1].label if found[-1] else 'not known'}", flush=True)
    store.save(pathlib.Path(out), [one for one in found if one])


if __name__ == "__main__":
    run(main)

"""Train and label runs of other tools: `python -m scripts.label_strangers --out=FILE.npz [--part=newcomers]`.

Needs the extra `peers`; about 10 minutes on a free core.
"""

import pathlib

from absl import flags

from nnjax.cli.main import run
from nnjax.core.errors import UserError
from nnjax.core.files import check_out

OUT = flags.DEFINE_string("out", None, "the .npz file to write")
PART = flags.DEFINE_enum("part", "newcomers", ["strangers", "newcomers"], "which runs")
COUNT = flags.DEFINE_integer("count", 260, "how many")
SEEDS = {"strangers": 2026, "newcomers": 20261130}


def main(argv: list[str]) -> None:
    """Train, label and write."""
    if len(argv) != 1 or not OUT.value:
        raise UserError("--out was expected, and nothing else: label_strangers --out=newcomers.npz.")
    out = check_out(OUT.value, ".npz")
    from scripts.curves import newcomers, store, stranger_labels, stranger_runs, strangers

    source = {"strangers": strangers, "newcomers": newcomers}[PART.value]
    found = []
    for plan in source.plans(COUNT.value, SEEDS[PART.value]):
        one = stranger_runs.run(plan)
        shown, plan = source.given(plan, one.history)
        found.append(stranger_labels.label(one._replace(plan=plan), shown, PART.value) if shown else None)
        print(f"{len(found)} of {COUNT.value}: {found[-1].label if found[-1] else 'not known'}", flush=True)
    store.save(pathlib.Path(out), [one for one in found if one])


if __name__ == "__main__":
    run(main)

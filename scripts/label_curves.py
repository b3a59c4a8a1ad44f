"""Train and label the curves by which the diagnosis is measured: `python -m scripts.label_curves --out=FILE.npz`.

Half an hour on one core; --workdir keeps each family, so that an interrupted run goes on where it was.
"""

import pathlib
from collections import Counter

from absl import flags

from nnjax.cli.main import run, start_jax
from nnjax.core.errors import UserError
from nnjax.core.files import check_out

OUT = flags.DEFINE_string("out", None, "the .npz file to write, such as tests/data/curves.npz")
WORKDIR = flags.DEFINE_string("workdir", "runs/label_curves", "folder of the families that are trained")


def main(argv: list[str]) -> None:
    """Train, choose, write, and count."""
    if len(argv) != 1 or not OUT.value:
        raise UserError("--out was expected, and nothing else: label_curves --out=tests/data/curves.npz.")
    out = check_out(OUT.value, ".npz")
    start_jax()
    from scripts.curves import collect, store

    chosen = collect.choose(collect.train_all(pathlib.Path(WORKDIR.value), lambda text: print(text, flush=True)))
    store.save(pathlib.Path(out), chosen)
    for (label, part), count in sorted(Counter((one.label, one.part) for one in chosen).items()):
        print(f"{label:18} {part:6} {count}")


if __name__ == "__main__":
    run(main)

"""Compare runs: `python scripts/compare.py RUN [RUN ...] [--out=table.csv]`.

The deck's lost "accuracy comparison": for every arm or setting of every run folder its error, parameters, operations
and time, the mean over seeds with the spread.
"""

import sys

from absl import flags

from nnjax.main import check_out, run, start_jax
from nnjax.types import UserError

OUT = flags.DEFINE_string("out", None, "also write the table to this .csv file")


def main(argv: list[str]) -> None:
    """Print the table."""
    if len(argv) < 2:
        raise UserError("At least one run folder was expected: compare.py RUN [RUN ...] [--out=FILE.csv].")
    out = OUT.value and check_out(OUT.value, ".csv")
    start_jax()
    from rich.console import Console

    from nnjax.comparison import compare, to_table, write_csv

    rows = compare(argv[1:])
    if out:
        write_csv(rows, out)
    Console(width=None if sys.stdout.isatty() else 500).print(to_table(rows))


if __name__ == "__main__":
    run(main)

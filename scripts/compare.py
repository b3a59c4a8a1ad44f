"""Compare runs: `python scripts/compare.py RUN [RUN ...] [--out=table.csv]`.

The deck's lost "accuracy comparison": for every arm or setting of every run folder its error, parameters, operations
and time, the mean over seeds with the spread.
"""

from absl import flags

from nnjax.main import run
from nnjax.types import UserError

OUT = flags.DEFINE_string("out", None, "also write the table to this .csv file")


def main(argv: list[str]) -> None:
    """Print the table."""
    if len(argv) < 2:
        raise UserError("Usage: compare.py RUN [RUN ...]; each RUN is a run folder.")
    from nnjax.comparison import compare, to_table, write_csv
    from rich.console import Console

    rows = compare(argv[1:])
    Console().print(to_table(rows))
    if OUT.value:
        write_csv(rows, OUT.value)


if __name__ == "__main__":
    run(main)

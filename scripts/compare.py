"""Compare runs: `python scripts/compare.py RUN [RUN ...] [--out=table.csv] [--mnist_1998]`.

The deck's lost "accuracy comparison": for every arm or setting of every run folder its error, parameters, operations
and time, the mean over seeds with the spread.
"""

import sys

from absl import flags

from nnjax.cli.main import run, start_jax
from nnjax.core.errors import UserError
from nnjax.core.files import check_out

OUT = flags.DEFINE_string("out", None, "also write the table to this .csv file")
MNIST_1998 = flags.DEFINE_boolean(
    "mnist_1998", False, "print the first run's errors beside LeCun's table, with two classifiers that are no networks"
)


def main(argv: list[str]) -> None:
    """Print the table."""
    if len(argv) < 2:
        raise UserError("At least one run folder was expected: compare.py RUN [RUN ...] [--out=FILE.csv].")
    out = OUT.value and check_out(OUT.value, ".csv")
    start_jax()
    from rich.console import Console

    from nnjax.cli.compare import compare, to_table, write_csv

    rows = compare(argv[1:])
    if out:
        write_csv(rows, out)
    console = Console(width=None if sys.stdout.isatty() else 500)
    console.print(to_table(rows))
    if MNIST_1998.value:
        from nnjax import load
        from nnjax.lectures import mnist_1998

        references = mnist_1998.reference_errors(load(argv[1]).data())
        console.print(mnist_1998.to_table(mnist_1998.beside(rows, references)))


if __name__ == "__main__":
    run(main)

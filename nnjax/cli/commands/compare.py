"""Compare runs: `nnjax compare RUN [RUN ...] [--out=table.csv] [--mnist_1998]`.

For every arm or setting of every run folder its error, parameters, operations
and time, the mean over seeds with the spread.
"""

import importlib
import sys

from absl import flags

from nnjax.cli import main
from nnjax.core.errors import UserError
from nnjax.core.files import check_out

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("out", None, "also write the table to this .csv file")
    beside = "print the first run's errors beside LeCun's table, with two classifiers that are not networks"
    flags.DEFINE_boolean("mnist_1998", False, beside)


def run(argv: list[str]) -> None:
    """Print the table."""
    if len(argv) < 2:
        raise UserError("At least one run folder was expected: nnjax compare RUN [RUN ...] [--out=FILE.csv].")
    out = FLAGS.out and check_out(FLAGS.out, ".csv")
    main.start_jax()
    from rich.console import Console

    from nnjax.cli.comparison import compare, to_table, write_csv
    from nnjax.runs.loading import load

    rows = compare(argv[1:])
    if out:
        write_csv(rows, out)
    console = Console(width=None if sys.stdout.isatty() else 500)
    console.print(to_table(rows))
    if FLAGS.mnist_1998:
        mnist_1998 = importlib.import_module("nnjax.lectures.mnist_1998")
        references = mnist_1998.reference_errors(load(argv[1]).data())
        console.print(mnist_1998.to_table(mnist_1998.compare_with_1998(rows, references)))

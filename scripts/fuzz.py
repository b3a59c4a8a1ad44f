"""Try bad inputs, mutated files and made-up tables: `python -m scripts.fuzz [--inputs=1000] [--files=3000] [--seed=0]`.

Each ends in a result or in a sentence: no traceback, no hang, no more than 2 GB of memory. --tables=1000 made-up ones
are well formed, and are to be read as NumPy and pandas say: which rows, inputs, classes, parts and filled-in cells; new
rows too. The same seed tries the same inputs. A quarter of an hour on one core; exit status 1 if one of them does not.
`make torture` runs it.
"""

import collections
import sys
import time

from absl import flags

from nnjax.cli.main import refuse_arguments, run

INPUTS = flags.DEFINE_integer("inputs", 1000, "how many bad inputs", lower_bound=0)
FILES = flags.DEFINE_integer("files", 3000, "how many mutated files", lower_bound=0)
TABLES = flags.DEFINE_integer("tables", 1000, "how many made-up tables", lower_bound=0)
SEED = flags.DEFINE_integer("seed", 0, "of the draws")


def main(argv: list[str]) -> None:
    """Try them all, and count what ended otherwise."""
    refuse_arguments(argv)
    from scripts.faults.attempts import command, supervise

    bad = 0
    for what, module, count in (
        ("bad inputs", "scripts.faults.bad_inputs", INPUTS.value),
        ("mutated files", "scripts.faults.mutations", FILES.value),
        ("made-up tables", "scripts.faults.made_tables", TABLES.value),
    ):
        begin = time.monotonic()
        failures = supervise(command(module, SEED.value), count)
        counts = collections.Counter(failure.kind for failure in failures)
        found = ", ".join(f"{counts[kind]} {word}" for kind, word in KINDS.items())
        print(f"{count:,} {what} in {time.monotonic() - begin:.0f} s: {found}", flush=True)
        for failure in failures:
            print(f"        {failure.number} {failure.kind}: {failure.what}", flush=True)
        bad += len(failures)
    sys.exit(bad > 0)


KINDS = {"wrong": "wrong", "traceback": "tracebacks", "hang": "hangs", "crash": "crashes", "memory": "above 2 GB"}

if __name__ == "__main__":
    run(main)

"""Write the report of a run folder again, or one page that compares two: `nnjax report RUN [RUN] [--out=FILE.html]`.

Of two run folders the page says which is better by the selection rule, with
intervals, and what differs; they must be of the same task.
"""

from absl import flags

from nnjax.cli.main import start_jax
from nnjax.core.errors import UserError
from nnjax.core.files import check_out

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string(
        "out", None, "file to write; RUN/report.html by default, of two runs comparison.html in the first"
    )
    flags.DEFINE_string("title", None, "of the report; by default the run's own")


def run(argv: list[str]) -> None:
    """Write the report."""
    if len(argv) not in (2, 3):
        found = f"{len(argv) - 1} were given" if len(argv) > 1 else "none was given"
        raise UserError(f"One run folder was expected, or two to compare, but {found}: nnjax report RUN [RUN].")
    out = FLAGS.out and check_out(FLAGS.out, ".html")
    start_jax()
    from nnjax.runs.loading import load

    if len(argv) == 3:
        if FLAGS.title is not None:
            raise UserError("--title names the report of one run, but two were given; leave it out.")
        first, second = map(load, argv[1:])
        print(f"comparison: {first.report(out, against=second)}")
        return
    loaded = load(argv[1])
    loaded.title = loaded.title if FLAGS.title is None else FLAGS.title
    report = loaded.report(out)
    loaded.note_verdicts()
    print(f"report: {report}")

"""Write the report of a run folder again: `nnjax report RUN [--out=report.html]`."""

from absl import flags

from nnjax.cli.main import start_jax
from nnjax.core.errors import UserError
from nnjax.core.files import check_out

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("out", None, "file to write; RUN/report.html by default")
    flags.DEFINE_string("title", None, "of the report; by default the run's own")


def run(argv: list[str]) -> None:
    """Write the report."""
    if len(argv) != 2:
        raise UserError("One run folder was expected: nnjax report RUN [--out=FILE].")
    out = FLAGS.out and check_out(FLAGS.out, ".html")
    start_jax()
    from nnjax.runs.loading import load

    loaded = load(argv[1])
    loaded.title = loaded.title if FLAGS.title is None else FLAGS.title
    report = loaded.report(out)
    loaded.note_verdicts()
    print(f"report: {report}")

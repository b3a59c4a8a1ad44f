"""Write the report of a run folder again: `python scripts/report.py RUN [--out=report.html]`."""

from absl import flags

from nnjax.cli.main import run, start_jax
from nnjax.core.errors import UserError
from nnjax.core.files import check_out

OUT = flags.DEFINE_string("out", None, "file to write; RUN/report.html by default")


def main(argv: list[str]) -> None:
    """Write the report."""
    if len(argv) != 2:
        raise UserError("One run folder was expected: report.py RUN [--out=FILE].")
    out = OUT.value and check_out(OUT.value, ".html")
    start_jax()
    from nnjax.runs.run import load

    loaded = load(argv[1])
    report = loaded.report(out)
    loaded.note_verdicts()
    print(f"report: {report}")


if __name__ == "__main__":
    run(main)

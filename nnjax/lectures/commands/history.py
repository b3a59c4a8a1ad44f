"""Run the history's chapters: `nnjax history [CHAPTER ...] [--out=runs/history]`.

Writes OUT/report.html with a chapter for each machine from 1943 on, and prints what was measured beside what was
published. Without a name all chapters are run.
"""

import time

from absl import flags

from nnjax.cli.main import start_devices, start_jax
from nnjax.core.files import check_out_folder

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("out", "runs/history", "folder of the report")


def run(argv: list[str]) -> None:
    """Compute, draw and write."""
    out = check_out_folder(FLAGS.out)
    start_jax()
    start_devices()
    from nnjax.lectures.history import chapters

    made = {}
    for name in dict.fromkeys(argv[1:] or chapters.CHAPTERS):
        begin = time.perf_counter()
        made[name] = chapters.make(name)
        print(f"{made[name].title} ({time.perf_counter() - begin:.1f} s)")
        for row in made[name].rows:
            beside = f" ({row.origin} {row.known})" if row.known else ""
            print(f"  {row.what}: {row.measured}{beside}{' DIFFERS' if row.agrees is False else ''}")
    print(f"report: {chapters.write(made, out)}")

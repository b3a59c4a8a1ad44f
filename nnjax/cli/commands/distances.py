"""Measure distances: `nnjax distances archive` or `nnjax distances curse [--run=runs/deck]`.

archive  draws cylinder-bell-funnel, control charts and two patterns in the sizes of the UCR archive, once a seed, and
         prints the error of the nearest neighbor under six measures beside the published ones (OUT/archive.csv).
curse    measures how distances concentrate with the dimension, and what PCA and the latent spaces of the autoencoders
         in the folder --run give back (OUT/curse.png, curse.md, noise.csv, representations.csv).
"""

import pathlib

from absl import flags

from nnjax.cli.main import start_devices, start_jax
from nnjax.core.csv_text import to_csv
from nnjax.core.errors import UserError
from nnjax.core.files import check_out_folder, write_atomically

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("out", "runs/distances", "folder to write into")
    flags.DEFINE_list("sets", ["cbf", "synthetic_control", "two_patterns"], "archive: which sets")
    flags.DEFINE_integer("seeds", 20, "archive: draws of each set", lower_bound=1)
    flags.DEFINE_float("share", 1.0, "archive: of the archive's sizes", lower_bound=0.001, upper_bound=1.0)
    flags.DEFINE_enum("window", "learned", ["learned", "published"], "archive: where DTW's window comes from")
    flags.DEFINE_string("run", "", "curse: run folder of autoencoders")
    flags.DEFINE_string("data", "mnist5k", "curse: labeled data, where no run is given")


def archive(out: pathlib.Path) -> None:
    """Errors beside the published ones."""
    import pandas as pd

    from nnjax.distances.ucr_archive import lines, scores

    def log(sentence: str) -> None:
        print(sentence, flush=True)

    rows = [
        score
        for name in FLAGS.sets
        for score in scores(name, range(FLAGS.seeds), FLAGS.window == "learned", FLAGS.share, log)
    ]
    columns = [
        {"set": r.name, "measure": r.measure, "seed": i, "error": e} for r in rows for i, e in enumerate(r.errors)
    ]
    write_atomically(out / "archive.csv", to_csv(pd.DataFrame(columns)))
    print("\n".join(lines(rows)))


def curse(out: pathlib.Path) -> None:
    """Concentration, and what fewer numbers keep."""
    from nnjax.core.experiment import DataConfig
    from nnjax.data import prepare
    from nnjax.distances.concentration import of_noise
    from nnjax.embed.representations import representations
    from nnjax.report.charts.concentration import write
    from nnjax.runs.loading import load

    trained = load(FLAGS.run) if FLAGS.run else None
    prepared = trained.data() if trained else prepare(DataConfig(FLAGS.data))
    worth, noise = representations(prepared, trained), of_noise()
    write(noise, worth, prepared.dataset.name, out)
    print((out / "curse.md").read_text("utf-8") + f"figure: {out / 'curse.png'}")


COMMANDS = {"archive": archive, "curse": curse}


def run(argv: list[str]) -> None:
    """Run the command named."""
    if len(argv) != 2 or argv[1] not in COMMANDS:
        raise UserError(f"One command was expected, {' or '.join(COMMANDS)}, but {argv[1:]} was given.")
    out = check_out_folder(FLAGS.out)
    start_jax()
    start_devices()
    out.mkdir(parents=True, exist_ok=True)
    COMMANDS[argv[1]](out)

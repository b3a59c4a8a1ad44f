"""Use a trained network: `python scripts/predict.py RUN --data=NAME --out=FILE.csv|FILE.npz [--trial=N] [--encode]`.

NAME is any data source by name (csv:new.csv, npz:new.npz, mnist, ...); by default the run's own test part is predicted.
"""

from absl import flags

from nnjax.main import check_out, run, start_jax
from nnjax.types import UserError

DATA = flags.DEFINE_string("data", None, "data source by name; the run's own test part by default")
DATA_DIR = flags.DEFINE_string("data_dir", None, "where to look first for the data's files")
TARGET = flags.DEFINE_string("target", None, "target column of a table, left out of the inputs")
OUT = flags.DEFINE_string("out", None, "file to write, .csv or .npz")
TRIAL = flags.DEFINE_integer("trial", None, "which trial; by default the one of the lowest validation loss")
WHICH = flags.DEFINE_enum("weights", "final", ["final", "best"], "of the last epoch, or of the lowest validation loss")
ENCODE = flags.DEFINE_bool("encode", False, "write latent codes instead of outputs")


def main(argv: list[str]) -> None:
    """Write predictions or latent codes."""
    if len(argv) != 2 or not OUT.value:
        raise UserError("One run folder and --out were expected: predict.py RUN --out=FILE.csv [--data=NAME].")
    out = check_out(OUT.value, ".csv", ".npz")
    start_jax()
    from nnjax.api import load
    from nnjax.predictions import choose_trial, inputs_for, write_predictions

    trained = load(argv[1])
    trial = choose_trial(trained, TRIAL.value)
    x = inputs_for(trained, trial, DATA.value, DATA_DIR.value, TARGET.value)
    write_predictions(trained, trial, x, out, WHICH.value, ENCODE.value)
    print(f"{len(x)} examples, trial {trial}: {out}")


if __name__ == "__main__":
    run(main)

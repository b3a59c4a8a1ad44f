"""Use a trained network: `python scripts/predict.py RUN --data=NAME --out=FILE.csv|FILE.npz [--trial=N] [--encode]`.

NAME is any data source by name (csv:new.csv, npz:new.npz, mnist, ...); by default the run's own test part is predicted.
In the place of RUN may stand a file that holds one network: .safetensors or .jaxexport, which scripts/export.py writes,
or .keras or .weights.h5 of Keras 3, whose raw inputs are what the Keras model takes (--unit divides images by 255).
"""

from absl import flags

from nnjax.cli.main import run, start_jax
from nnjax.core.errors import UserError
from nnjax.core.files import check_out

DATA = flags.DEFINE_string("data", None, "data source by name; the run's own test part by default")
DATA_DIR = flags.DEFINE_string("data_dir", None, "where to look first for the data's files")
TARGET = flags.DEFINE_string("target", None, "target column of a table, left out of the inputs")
OUT = flags.DEFINE_string("out", None, "file to write, .csv or .npz")
TRIAL = flags.DEFINE_integer("trial", None, "which trial; by default the one of the lowest validation loss")
WHICH = flags.DEFINE_enum(
    "weights", None, ["final", "best"], "of the last epoch (default), or of the lowest validation loss"
)
ENCODE = flags.DEFINE_bool("encode", False, "write latent codes instead of outputs")
UNIT = flags.DEFINE_bool("unit", False, "bring inputs to [0, 1], for a Keras model that does not scale by itself")


def main(argv: list[str]) -> None:
    """Write predictions or latent codes."""
    if len(argv) != 2 or not OUT.value:
        raise UserError("One run folder or file and --out were expected: predict.py RUN --out=FILE.csv [--data=NAME].")
    out = check_out(OUT.value, ".csv", ".npz")
    start_jax()
    from nnjax.exchange.predictions import inputs_of, open_network, write_predictions

    network = open_network(argv[1], TRIAL.value, WHICH.value)
    x = inputs_of(network, DATA.value, DATA_DIR.value, TARGET.value, UNIT.value)
    write_predictions(network, x, out, ENCODE.value)
    print(f"{len(x)} examples, {network.name}: {out}")


if __name__ == "__main__":
    run(main)

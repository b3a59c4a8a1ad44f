"""Use a trained network: `nnjax predict RUN --data=NAME --out=FILE.csv|FILE.npz [--trial=N] [--encode]`.

--ensemble=8 averages up to eight networks, chosen on the validation part or out of fold; the report lists them with
their weights.

FILE.csv has the class and a column of probabilities for each class (class,p(cat),p(dog)), or values in the target's
units under its name; --keep=id,name copies columns of the new table. FILE.npz holds class [n], p [n, k], classes [k],
or output [n, k] and names [k].

NAME is any data source by name (csv:new.csv, npz:new.npz, mnist, ...); by default the run's own test part is predicted.
RUN may also be a file that holds one network: .safetensors or .jaxexport (written by `nnjax export`), or Keras 3's
.keras or .weights.h5, whose inputs are what the Keras model takes (--unit divides images by 255).
"""

from absl import flags

from nnjax.cli import main
from nnjax.core.errors import UserError
from nnjax.core.files import check_out

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("data", None, "data source by name; the run's own test part by default")
    flags.DEFINE_string("data_dir", None, "where to look first for the data's files")
    flags.DEFINE_string("target", None, "target column of a table, left out of the inputs")
    flags.DEFINE_string("out", None, "file to write, .csv or .npz")
    flags.DEFINE_integer("trial", None, "which trial; by default the chosen one")
    which = "of the last epoch (default of a --trial), or of the best one (default)"
    flags.DEFINE_enum("weights", None, ["final", "best"], which)
    flags.DEFINE_integer(
        "ensemble", None, "the mean of so many of the run's networks at most, instead of the chosen one"
    )
    flags.DEFINE_list("keep", [], "columns of the table --data to copy into the file, such as --keep=id,name")
    flags.DEFINE_bool("trust", False, "import the model and other objects that the run folder, your own, names")
    flags.DEFINE_bool("encode", False, "write latent codes instead of outputs")
    flags.DEFINE_bool("unit", False, "bring inputs to [0, 1], for a Keras model that does not scale by itself")


def run(argv: list[str]) -> None:
    """Write predictions or latent codes."""
    if len(argv) != 2 or not FLAGS.out:
        raise UserError("One run folder or file and --out were expected: nnjax predict RUN --out=FILE.csv.")
    out = check_out(FLAGS.out, ".csv", ".npz")
    main.start_jax()
    from nnjax.exchange.prediction_tables import inputs_of, kept_columns, open_network, write_predictions

    opened = open_network(argv[1], FLAGS.trial, FLAGS.weights, FLAGS.ensemble, FLAGS.trust)
    x = inputs_of(opened, FLAGS.data, FLAGS.data_dir, FLAGS.target, FLAGS.unit)
    kept = kept_columns(opened, FLAGS.data, FLAGS.data_dir, FLAGS.keep)
    write_predictions(opened, x, out, FLAGS.encode, kept)
    print(f"{len(x)} examples, {opened.name}: {out}")

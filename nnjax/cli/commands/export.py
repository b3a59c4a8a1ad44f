"""Write a trained network to a file: `nnjax export --run=DIR [--trial=N] --out=FILE.safetensors`.

FILE.safetensors holds the weights, and FILE.safetensors.json the architecture, the data's scaling and names.
--out=FILE.jaxexport writes a program for cpu, cuda and tpu that runs without nnjax, on raw inputs in any batch:

    from jax import export
    network = export.deserialize(bytearray(open("FILE.jaxexport", "rb").read()))
    outputs = network.call(x)  # x float32 [b, d]

--out=FILE.onnx writes ONNX for onnxruntime (pip install nnjax[onnx]).

--ensemble=8 writes the mean of eight networks at most of the run as one file of any of these kinds.

--run=DIR --out=FILE.db (or FILE.log, a journal) writes the settings of any run as an Optuna study (pip install
nnjax[optuna]): optuna-dashboard sqlite:///FILE.db shows them.

In the place of --run=DIR, --file=FILE takes a network of .safetensors, or of Keras 3 (.keras, .weights.h5).
"""

import pathlib
import shlex

from absl import flags

from nnjax.cli.main import start_jax
from nnjax.core.errors import UserError
from nnjax.core.files import check_out
from nnjax.core.text import count

FLAGS = flags.FLAGS
ENDINGS = {"safetensors": ".safetensors", "program": ".jaxexport", "onnx": ".onnx", "optuna": ".db"}
STUDIES = (".db", ".log")


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("run", None, "run folder")
    flags.DEFINE_string("file", None, "file of a network (.safetensors, .keras, .weights.h5), instead of --run")
    flags.DEFINE_integer("trial", None, "which trial; by default the chosen one")
    flags.DEFINE_enum(
        "weights", None, ["final", "best"], "of the last epoch (default of a --trial), or of the best one (default)"
    )
    flags.DEFINE_integer(
        "ensemble", None, "the mean of so many of the run's networks at most, instead of the chosen one"
    )
    flags.DEFINE_bool("trust", False, "import the model and other objects that the run folder, your own, names")
    flags.DEFINE_enum("to", None, [*ENDINGS], "what to write; by default as --out ends")
    flags.DEFINE_string("out", None, "file to write: .safetensors, .jaxexport, .onnx; .db, .log")


def run(argv: list[str]) -> None:
    """Write the network, and what it is."""
    source = FLAGS.run or FLAGS.file
    if len(argv) > 1 or not FLAGS.out or not source or (FLAGS.run and FLAGS.file):
        raise UserError(
            "--run=DIR (or --file=FILE) and --out were expected: nnjax export --run=DIR --out=FILE.safetensors."
        )
    out = check_out(FLAGS.out, *([ENDINGS[FLAGS.to]] if FLAGS.to else [*ENDINGS.values(), ".log"]))
    start_jax()
    if pathlib.Path(out).suffix in STUDIES:
        _write_study(out)
        return
    if FLAGS.ensemble is not None:
        _write_ensemble(source, out)
        return
    from nnjax.exchange.files import save
    from nnjax.exchange.prediction_tables import open_network

    network = open_network(source, FLAGS.trial, FLAGS.weights, trust=FLAGS.trust)
    if network.network is None:
        raise UserError(f"{source} is a program or an ensemble, not one network's weights; name a run or its weights.")
    save(network.network, out)
    print(f"{network.name}: {out} and {out}.json")


def _write_ensemble(source: str, out: str) -> None:
    """Write the mean of several networks of a run as one file."""
    if not FLAGS.run or FLAGS.trial is not None or FLAGS.weights is not None:
        raise UserError(
            "An ensemble is the mean of several trials of a run at their best epochs: nnjax export --run=DIR "
            "--ensemble=8 --out=FILE.safetensors, without --trial and --weights."
        )
    from nnjax.runs.loading import load

    ensemble = load(source, trust=FLAGS.trust).ensemble(FLAGS.ensemble)
    ensemble.export(out)
    print(f"ensemble of {ensemble.members}: {out} and {out}.json")


def _write_study(out: str) -> None:
    """Write the settings of a run as an Optuna study."""
    if not FLAGS.run or (FLAGS.trial, FLAGS.weights, FLAGS.ensemble) != (None, None, None):
        raise UserError("A study is written of a whole run: nnjax export --run=DIR --out=FILE.db.")
    from nnjax.runs.loading import load
    from nnjax.search.optuna.storage import file_storage

    path = pathlib.Path(out)
    study = load(FLAGS.run).to_optuna(path)
    where = shlex.quote(file_storage(path) if path.suffix == ".db" else out)
    print(f"{count(len(study.trials), 'setting')}: {out}, shown by: optuna-dashboard {where}")

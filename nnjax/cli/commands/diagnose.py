"""Say what learning curves mean: `nnjax diagnose CURVES [--json] [--mean_predictor=2.303] [...]`.

CURVES is a CSV file (columns by name: epoch, loss, val_loss, accuracy, val_accuracy, trial; those of Keras and PyTorch
Lightning too), Keras's History as JSON, a TensorBoard event file or log folder, or an nnjax run folder.
"""

import json

from absl import flags

from nnjax.core.errors import UserError

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_bool("json", False, "print JSON instead of text")
    flags.DEFINE_float("mean_predictor", None, "validation loss of the best constant answer, if known")
    flags.DEFINE_float("chance_accuracy", None, "accuracy of always naming the most frequent class, from 0 to 1")
    flags.DEFINE_float("floor", None, "the least loss there can be, such as the entropy of soft targets")
    flags.DEFINE_bool("regularized", None, "whether dropout, penalties or augmentation act in training only")
    flags.DEFINE_integer("num_validation", None, "how many validation examples there are", lower_bound=0)
    flags.DEFINE_integer("batch_size", None, "examples of a step", lower_bound=1)
    flags.DEFINE_bool("shuffled", None, "whether the examples come in a new order in every epoch")


def run(argv: list[str]) -> None:
    """Print the verdicts."""
    if len(argv) != 2:
        raise UserError("One file or folder was expected: nnjax diagnose CURVES.csv [--json].")
    from nnjax import diagnose

    given = {
        "mean_predictor": FLAGS.mean_predictor,
        "chance_accuracy": FLAGS.chance_accuracy,
        "floor": FLAGS.floor,
        "regularized": FLAGS.regularized,
        "num_validation": FLAGS.num_validation,
        "batch_size": FLAGS.batch_size,
        "shuffled": FLAGS.shuffled,
    }
    found = diagnose(argv[1], **{name: value for name, value in given.items() if value is not None})
    if FLAGS.json:
        print(json.dumps([one.as_json() for one in found], indent=1))
    else:
        print("\n\n".join(map(str, found)))

"""Say what learning curves mean: `python scripts/diagnose.py CURVES [--json] [--mean_predictor=2.303] [...]`.

CURVES is a CSV file (columns by name: epoch, loss, val_loss, accuracy, val_accuracy, trial; those of Keras and PyTorch
Lightning too), Keras's History as JSON, a TensorBoard event file or log folder, or an nnjax run folder.
"""

import json

from absl import flags

from nnjax.cli.main import run
from nnjax.core.errors import UserError

JSON = flags.DEFINE_bool("json", False, "print JSON instead of text")
MEAN_PREDICTOR = flags.DEFINE_float("mean_predictor", None, "validation loss of the best constant answer, if known")
CHANCE = flags.DEFINE_float("chance_accuracy", None, "accuracy of always naming the most frequent class, from 0 to 1")
FLOOR = flags.DEFINE_float("floor", None, "the least loss there can be, such as the entropy of soft targets")
REGULARIZED = flags.DEFINE_bool("regularized", None, "whether dropout, penalties or augmentation act in training only")
NUM_VALIDATION = flags.DEFINE_integer("num_validation", None, "how many validation examples there are", lower_bound=0)
BATCH_SIZE = flags.DEFINE_integer("batch_size", None, "examples of a step", lower_bound=1)


def main(argv: list[str]) -> None:
    """Print the verdicts."""
    if len(argv) != 2:
        raise UserError("One file or folder was expected: diagnose.py CURVES.csv [--json].")
    from nnjax import diagnose

    given = {
        "mean_predictor": MEAN_PREDICTOR.value,
        "chance_accuracy": CHANCE.value,
        "floor": FLOOR.value,
        "regularized": REGULARIZED.value,
        "num_validation": NUM_VALIDATION.value,
        "batch_size": BATCH_SIZE.value,
    }
    found = diagnose(argv[1], **{name: value for name, value in given.items() if value is not None})
    if JSON.value:
        print(json.dumps([one.as_json() for one in found], indent=1))
    else:
        print("\n\n".join(map(str, found)))


if __name__ == "__main__":
    run(main)

"""Say what learning curves mean: `python scripts/diagnose.py CURVES [--json] [--mean_predictor=2.303] [...]`.

CURVES is a CSV file (columns by name: epoch, loss, val_loss, accuracy, val_accuracy, trial; those of Keras and PyTorch
Lightning too), Keras's History as JSON, a TensorBoard event file or log folder, or an nnjax run folder.
"""

import dataclasses
import json
from typing import Any

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
    from nnjax.diagnosis.diagnose import diagnose_curves
    from nnjax.diagnosis.readers import read
    from nnjax.diagnosis.text import as_json, text

    loaded = read(argv[1])
    given = {
        "mean_predictor": MEAN_PREDICTOR.value,
        "chance_accuracy": CHANCE.value,
        "floor": FLOOR.value,
        "regularized": REGULARIZED.value,
        "num_validation": NUM_VALIDATION.value,
        "batch_size": BATCH_SIZE.value,
    }
    known: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    found = diagnose_curves(loaded.curves, [dataclasses.replace(anchors, **known) for anchors in loaded.anchors])
    if JSON.value:
        print(json.dumps([as_json(one, name) for one, name in zip(found, loaded.names, strict=True)], indent=1))
    else:
        print("\n\n".join(text(one, name) for one, name in zip(found, loaded.names, strict=True)))


if __name__ == "__main__":
    run(main)

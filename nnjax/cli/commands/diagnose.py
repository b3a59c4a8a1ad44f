"""Say what learning curves mean: `nnjax diagnose CURVES [--json] [--html=FILE --title=TITLE] [--floor=.1] [...]`.

CURVES is a log of any tool: a table (CSV and the like, with columns such as epoch, loss, val_loss, accuracy), JSON
(a History of Keras, pandas' to_json, JSON lines, trainer_state.json), printed text, a TensorBoard event file or log
folder, or an nnjax run folder.
"""

import json
import os
import sys

from absl import flags

from nnjax.core import messages
from nnjax.core.errors import UserError
from nnjax.core.files import check_out
from nnjax.core.text import printable

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_bool("json", False, "print JSON instead of text")
    flags.DEFINE_string("html", None, "write a page with the curves and verdicts to this file")
    flags.DEFINE_string("title", None, "of the page; by default the name of the file")
    flags.DEFINE_string("columns", None, "columns to judge, CURVE=COLUMN,...: --columns=loss=total,val_loss=held_out")
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
    html = FLAGS.html and check_out(FLAGS.html, ".html", ".htm")
    from nnjax.diagnosis.diagnose import diagnose_loaded
    from nnjax.diagnosis.reading import read

    given = {
        "mean_predictor": FLAGS.mean_predictor,
        "chance_accuracy": FLAGS.chance_accuracy,
        "floor": FLAGS.floor,
        "regularized": FLAGS.regularized,
        "num_validation": FLAGS.num_validation,
        "batch_size": FLAGS.batch_size,
        "shuffled": FLAGS.shuffled,
    }
    messages.show_findings(_print_remark)
    loaded = read(argv[1], _columns(FLAGS.columns))
    found = diagnose_loaded(loaded, **{name: value for name, value in given.items() if value is not None})
    if html:
        from nnjax.report.log_page import write_log_page

        write_log_page(loaded, found, FLAGS.title or os.path.basename(os.path.abspath(argv[1])), html)
    if FLAGS.json:
        print(json.dumps([one.as_json() for one in found], indent=1))
    else:
        print("\n\n".join(map(str, found)))
        if html:
            print(f"\npage: {html}")


def _print_remark(sentence: str) -> None:
    """Print what was guessed in reading on standard error; importing Rich would take longer than all the rest."""
    print(printable(sentence), file=sys.stderr)


def _columns(text: str | None) -> dict[str, str] | None:
    """Read CURVE=COLUMN,...; UserError for text of another form."""
    if text is None:
        return None
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(curve and column for curve, _, column in pairs):
        raise UserError(f"--columns={text} is not of the form CURVE=COLUMN,..., such as loss=total,val_loss=held_out.")
    return {curve.strip(): column.strip() for curve, _, column in pairs}

"""Measure the diagnosis on labeled curves: `python -m scripts.diagnosis_accuracy [--part=fresh] [--images=DIR]`.

Prints the tables of docs/diagnoses.md; with --images it draws a curve for each verdict. The part "synthetic" is drawn
anew from formulas (`scripts/curves/synthetic.py`), "strangers", "newcomers", "visitors", "settlers" and "guests" are in
files of their names.
"""

import pathlib

from absl import flags

from nnjax.cli.main import run
from nnjax.core.errors import UserError

CURVES = flags.DEFINE_string("curves", "tests/diagnosis/curves.npz", "the file that label_curves wrote")
APART = ("strangers", "newcomers", "visitors", "settlers", "guests")
PARTS = ["tuning", "test", "fresh", "unseen", "last", *APART, "synthetic"]
PART = flags.DEFINE_enum("part", "last", PARTS, "which part of the curves")
IMAGES = flags.DEFINE_string("images", None, "folder of the figures")


def main(argv: list[str]) -> None:
    """Print the tables."""
    path = pathlib.Path(CURVES.value)
    if len(argv) != 1 or not path.is_file():
        raise UserError(f"{path} does not exist: name the file that scripts/label_curves.py wrote, --curves=FILE.npz.")
    from scripts.curves import scoring, store, synthetic, tables, verdict_figures

    if PART.value == "synthetic":
        curves = synthetic.draw(100, seed=1)
    else:
        file = path.with_name(f"{PART.value}.npz") if PART.value in APART else path
        curves = [one for one in store.load(file) if one.part == PART.value]
    scores = scoring.score(curves)
    for table in (tables.summary, tables.false_alarms, tables.confusion, tables.causes, tables.calibration):
        print(table(scores), end="\n\n")
    if IMAGES.value:
        for code, score in verdict_figures.draw_all(scores, pathlib.Path(IMAGES.value)).items():
            print(f"{code}: {score.one.source}: {score.found.primary.sentence}")


if __name__ == "__main__":
    run(main)

"""The section on the mistakes of the best classifiers: confusions, and the most confident wrong answers."""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from nnjax.core.text import printable
from nnjax.models.registry import traits_of
from nnjax.nn.activations import activation_of
from nnjax.nn.metrics import confusion_matrix
from nnjax.report.charts import array_images
from nnjax.report.charts.captioned_images import SIZE, font, headline, to_bytes
from nnjax.report.charts.palettes import shades
from nnjax.report.context import ReportContext
from nnjax.report.section import Section
from nnjax.report.snapshots import NetworkSnapshot

MAX_CLASSIFIERS, MAX_MATRIX, MAX_MISTAKES, MAX_PAIRS = 2, 20, 12, 5
CELL, MATRIX, MAX_NAME = 32, 420, 24  # pixels of a cell, and of a large matrix; characters of a class


def build(report: ReportContext) -> list[dict[str, Any]]:
    """Describe the mistakes of the best classifiers."""
    return [describe_mistakes(snapshot) for snapshot in report.best_snapshots("classification")[:MAX_CLASSIFIERS]]


def describe_mistakes(snapshot: NetworkSnapshot) -> dict[str, Any]:
    """Describe a classifier's mistakes: confusion matrix, commonest confusions, worst mistakes."""
    classes = snapshot.prepared.dataset.classes
    assert snapshot.labels is not None
    matrix = confusion_matrix(snapshot.labels, snapshot.predicted()[0], len(classes))  # true classes are rows
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    wrong = np.where(np.eye(len(matrix), dtype=bool), 0, matrix)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MAX_PAIRS]
    pairs = [(classes[i // len(matrix)], classes[i % len(matrix)], int(wrong.flat[i])) for i in order if wrong.flat[i]]
    return {
        "label": snapshot.label,
        "part": f"{snapshot.part}, with {snapshot.weights}",
        "size": len(snapshot.rows),
        "wrong": int(wrong.sum()),
        "classes": classes,
        "counts": matrix,
        "matrix": [list(zip(m.tolist(), s.round(3).tolist(), strict=True)) for m, s in zip(matrix, share, strict=True)]
        if len(matrix) <= MAX_MATRIX
        else [],
        "pairs": pairs,
        "mistakes": _mistakes(snapshot),
    }


def _mistakes(snapshot: NetworkSnapshot) -> list[dict[str, Any]]:
    """List the wrong answers of which the network was surest."""
    found, sure = snapshot.predicted()
    assert snapshot.labels is not None
    wrong = np.flatnonzero(found != snapshot.labels)
    worst = wrong[np.argsort(-np.nan_to_num(sure[wrong]), kind="stable")][:MAX_MISTAKES]
    classes, model = snapshot.prepared.dataset.classes, snapshot.setting.experiment.model
    what, sign = ("distance", -1) if traits_of(model).output == "distances" else ("output", 1)
    is_probability = activation_of(model.output_activation).stays_within(0, 1)
    return [
        {
            "index": int(snapshot.rows[i]),
            "actual": classes[int(snapshot.labels[i])],
            "predicted": classes[int(found[i])],
            "sure": f"{100 * sure[i]:.1f} %" if is_probability else f"{what} {sign * sure[i]:.3g}",
            "uri": array_images.data_uri(array_images.to_png(snapshot.pixels(snapshot.inputs[[i]])[0]))
            if snapshot.image_shape
            else "",
        }
        for i in worst
    ]


def draw_confusion(found: dict[str, Any]) -> bytes:
    """Draw a classifier's confusion matrix as PNG, true classes as rows; few classes get their numbers."""
    matrix, title = found["counts"], headline(found["label"])
    few = len(matrix) <= MAX_MATRIX
    cell = CELL if few else max(2, MATRIX // len(matrix))
    names = [printable(name)[:MAX_NAME] for name in found["classes"]] if few else []
    margin = max([SIZE, *(round(font().getlength(name)) for name in names)]) + 2 * SIZE
    top = SIZE * (2 + title.count("\n")) * 3 // 2
    side = cell * len(matrix)
    image = Image.new("RGB", (max(margin + side + SIZE, MATRIX), top + side + margin), "white")
    draw = ImageDraw.Draw(image)
    draw.multiline_text((image.width / 2, 4), title, "black", font(), anchor="ma", align="center")
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    colors = Image.fromarray(shades("Blues", share.ravel()).reshape(*matrix.shape, 3))
    image.paste(colors.resize((side, side), Image.Resampling.NEAREST), (margin, top))
    for i, j in np.argwhere(matrix) if few else ():
        middle = margin + (j + 0.5) * cell, top + (i + 0.5) * cell
        draw.text(middle, str(matrix[i, j]), "white" if share[i, j] > 0.5 else "black", font(SIZE - 3), anchor="mm")
    for i, name in enumerate(names):
        draw.text((margin - 4, top + (i + 0.5) * cell), name, "black", font(), anchor="rm")
        if max(map(len, names)) > 2:
            _upright(image, name, margin + round((i + 0.5) * cell), top + side + 4)
        else:
            draw.text((margin + (i + 0.5) * cell, top + side + 4), name, "black", font(), anchor="ma")
    draw.text((margin + side / 2, image.height - 4), "predicted", "black", font(), anchor="ms")
    _upright(image, "true", SIZE, top + side // 2 - SIZE)
    return to_bytes(image)


def _upright(image: Image.Image, text: str, x: int, y: int) -> None:
    """Write text from below to above, its middle at x and its end at y."""
    width = round(font().getlength(text)) + 1
    line = Image.new("L", (width, SIZE + 5), 255)
    ImageDraw.Draw(line).text((0, SIZE), text, 0, font(), anchor="ls")
    image.paste(line.rotate(90, expand=True), (x - line.height // 2, y))


SECTION = Section(
    title="Mistakes",
    order=90,
    build=build,
    figures=lambda classifiers: {"confusion.png": draw_confusion(classifiers[0])},
    template="mistakes.html.jinja",
)

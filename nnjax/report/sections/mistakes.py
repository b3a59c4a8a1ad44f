"""The section on the mistakes of the best classifiers: confusions, and the most confident wrong answers."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnjax.models.registry import traits_of
from nnjax.nn.activations import activation_of
from nnjax.nn.metrics import confusion_matrix
from nnjax.report.charts import array_images, figures
from nnjax.report.context import ReportContext
from nnjax.report.section import Section
from nnjax.report.snapshots import NetworkSnapshot

MAX_CLASSIFIERS, MAX_MATRIX, MAX_MISTAKES, MAX_PAIRS = 2, 20, 12, 5


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
        "part": snapshot.part,
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


def plot_confusion(found: dict[str, Any]) -> Figure:
    """Draw a classifier's confusion matrix, true classes as rows; few classes get their numbers."""
    classes, matrix = [figures.plain(name) for name in found["classes"]], found["counts"]
    figure, [axes] = figures.subplots(1, 4.5, 4.2)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    if len(matrix) <= 20:
        for i, j in np.argwhere(matrix):
            axes.text(j, i, matrix[i, j], ha="center", va="center", fontsize=7, color="w" if share[i, j] > 0.5 else "k")
        axes.set_xticks(range(len(matrix)), classes, rotation=90 if max(map(len, classes)) > 2 else 0, fontsize=7)
        axes.set_yticks(range(len(matrix)), classes, fontsize=7)
    axes.set(xlabel="predicted", ylabel="true")
    axes.set_title(figures.headline(found["label"]), fontsize=9)
    return figure


SECTION = Section(
    title="Mistakes",
    order=90,
    build=build,
    figures=lambda classifiers: {"confusion.png": plot_confusion(classifiers[0])},
    template="mistakes.html.jinja",
)

"""What the networks look like from inside: copies, codes, weights, mistakes, as pictures for the page."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax.models.registry import traits_of
from nnjax.nn.activations import ACTIVATIONS
from nnjax.nn.metrics import confusion_matrix
from nnjax.report.charts import figures, network_drawings, pictures
from nnjax.report.sections.network_snapshot import Exhibit
from nnjax.runs.settings import ranked

if TYPE_CHECKING:
    from nnjax.runs.run import Run

MAX_CLASSIFIERS, MAX_MATRIX, MAX_MISTAKES, MAX_PAIRS, MAX_REGRESSIONS = 2, 20, 12, 5, 4


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture with its words.

    Attributes:
      label: of the network.
      what: which row it is, or a remark.
      uri: the picture itself.
      first: whether it is the first of its network.
    """

    label: str
    what: str
    uri: str
    first: bool = True


def _uri(values: np.ndarray, palette: str) -> str:
    return pictures.data_uri(pictures.to_png(values, palette))


def coders(some: Sequence[Exhibit], images: bool = False) -> list[Exhibit]:
    """Choose the autoencoders of the first one's data, with images only those of pictures."""
    able = [e for e in some if e.codes is not None and (e.image_shape is not None or not images)]
    return [e for e in able if e.setting.experiment.data == able[0].setting.experiment.data]


def examples_of(exhibit: Exhibit) -> Sequence[int]:
    """Choose the examples that pictures show."""
    return pictures.one_of_each(exhibit.labels, len(exhibit.rows))


def reconstructions(some: Sequence[Exhibit]) -> list[Picture]:
    """Show the same examples, and each network's codes and copies of them, as strips; none without pictures."""
    able = coders(some, images=True)
    rows = network_drawings.reconstruction_rows(able, examples_of(able[0])) if able else []
    labels = [None, *(label for label, _, _ in rows)]
    return [
        Picture(label, what, _uri(image, network_drawings.palette(what)), label != before)
        for before, (label, what, image) in zip(labels, rows, strict=False)
    ]


def latents(some: Sequence[Exhibit]) -> list[Picture]:
    """Show the codes of each autoencoder in two dimensions."""
    from matplotlib.figure import Figure

    out = []
    for exhibit in coders(some):
        figure = Figure(figsize=(2.8, 2.8), layout="constrained")
        network_drawings.draw_latent(figure.subplots(), exhibit)
        png = figures.to_bytes(figure, dpi=150, transparent=True)
        out.append(Picture(exhibit.label, _latent_words(exhibit), pictures.data_uri(png)))
    return out


def _latent_words(exhibit: Exhibit) -> str:
    assert exhibit.codes is not None
    width, share = exhibit.codes.shape[1], network_drawings.flat_codes(exhibit)[1]
    dead = int(np.sum(np.ptp(exhibit.codes, axis=0) == 0))
    unused = f"; {dead} of them always the same" if dead and width > 1 else ""
    if share is None:
        return f"the {'number' if width == 1 else 'two numbers'} of the code itself"
    return f"{width} numbers{unused}; this plane shows {100 * share:.0f} % of their variance"


def legend(some: Sequence[Exhibit]) -> list[tuple[str, str]]:
    """Name the classes that the latent pictures colour: (name, colour)."""
    able = coders(some)
    if not able or able[0].labels is None:
        return []
    classes = able[0].prepared.dataset.classes
    return [(classes[int(label)], network_drawings.class_color(int(label))) for label in np.unique(able[0].labels)[:20]]


def weights(some: Sequence[Exhibit]) -> list[Picture]:
    """Show the incoming weights of first-layer units; none without pictures."""
    out = []
    for exhibit in some:
        if exhibit.kernel_shape is not None:
            units, shown = exhibit.kernel.shape[1], min(48, exhibit.kernel.shape[1])
            words = f"{shown} of {units} units, those with the largest weights" if shown < units else f"{units} units"
            tiled = pictures.weight_tiles(exhibit.kernel, exhibit.kernel_shape)
            out.append(Picture(exhibit.label, words, _uri(tiled, "RdBu_r")))
    return out


def classifiers(run: Run, some: Sequence[Exhibit]) -> list[dict[str, Any]]:
    """Describe the mistakes of the best classifiers: confusion matrix, commonest confusions, worst mistakes."""
    return [_classifier(exhibit) for exhibit in best_first(run, some, "classification")[:MAX_CLASSIFIERS]]


def best_first(run: Run, some: Sequence[Exhibit], goal: str) -> list[Exhibit]:
    """Sort the exhibits of a goal, the best first."""
    by_setting = {exhibit.setting: exhibit for exhibit in some if exhibit.goal == goal}
    return [by_setting[setting] for setting in ranked(run, list(by_setting))]


def matrix_of(exhibit: Exhibit) -> np.ndarray:
    """Count true classes (rows) against predicted ones (columns)."""
    assert exhibit.labels is not None
    return confusion_matrix(exhibit.labels, exhibit.predicted()[0], len(exhibit.prepared.dataset.classes))


def _classifier(exhibit: Exhibit) -> dict[str, Any]:
    matrix, classes = matrix_of(exhibit), exhibit.prepared.dataset.classes
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    wrong = np.where(np.eye(len(matrix), dtype=bool), 0, matrix)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MAX_PAIRS]
    pairs = [(classes[i // len(matrix)], classes[i % len(matrix)], int(wrong.flat[i])) for i in order if wrong.flat[i]]
    return {
        "label": exhibit.label,
        "part": exhibit.part,
        "size": len(exhibit.rows),
        "wrong": int(wrong.sum()),
        "classes": classes,
        "matrix": [list(zip(m.tolist(), s.round(3).tolist(), strict=True)) for m, s in zip(matrix, share, strict=True)]
        if len(matrix) <= MAX_MATRIX
        else [],
        "pairs": pairs,
        "mistakes": _mistakes(exhibit),
    }


def _mistakes(exhibit: Exhibit) -> list[dict[str, Any]]:
    """List the wrong answers of which the network was surest."""
    found, sure = exhibit.predicted()
    assert exhibit.labels is not None
    wrong = np.flatnonzero(found != exhibit.labels)
    worst = wrong[np.argsort(-np.nan_to_num(sure[wrong]), kind="stable")][:MAX_MISTAKES]
    classes = exhibit.prepared.dataset.classes
    model = exhibit.setting.experiment.model
    what, sign = ("distance", -1) if traits_of(model).output == "distances" else ("output", 1)
    is_probability = ACTIVATIONS[model.output_activation].stays_within(0, 1)
    return [
        {
            "index": int(exhibit.rows[i]),
            "actual": classes[int(exhibit.labels[i])],
            "predicted": classes[int(found[i])],
            "sure": f"{100 * sure[i]:.1f} %" if is_probability else f"{what} {sign * sure[i]:.3g}",
            "uri": _uri(exhibit.pixels(exhibit.inputs[[i]])[0], "gray") if exhibit.image_shape else "",
        }
        for i in worst
    ]


def regressions(run: Run, some: Sequence[Exhibit]) -> list[Picture]:
    """Show predicted against true values."""
    out = []
    for exhibit in best_first(run, some, "regression")[:MAX_REGRESSIONS]:
        error = exhibit.outputs - exhibit.targets
        rest = 1 - np.mean(error**2, axis=0) / np.maximum(np.var(exhibit.targets, axis=0), 1e-300)
        words = "R² " + ", ".join(f"{value:.3f}" for value in rest) + f" on {len(error):,} examples ({exhibit.part})"
        png = figures.to_bytes(network_drawings.plot_regression([exhibit]))
        out.append(Picture(exhibit.label, words, pictures.data_uri(png)))
    return out

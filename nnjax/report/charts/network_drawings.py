"""What networks look like from inside, drawn with matplotlib for files and notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax.report.charts import pictures
from nnjax.report.charts.figures import draw, headline, plain
from nnjax.report.sections.network_snapshot import Exhibit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_POINTS = 2_000  # of a scatter


def plot_latent(some: Sequence[Exhibit]) -> Figure:
    """Draw the codes of autoencoders in two dimensions, one axes each."""

    def fill(axes: Any) -> None:
        for one, exhibit in zip(axes, some, strict=True):
            draw_latent(one, exhibit)
            one.set_title(headline(exhibit.label), fontsize=9)

    return draw(len(some), 3.4, 3.4, fill)


def draw_latent(axes: Any, exhibit: Exhibit) -> None:
    """Scatter one autoencoder's codes: its own two numbers, or the first two principal components of more."""
    points, _ = flat_codes(exhibit)
    labels = np.zeros(len(points), int) if exhibit.labels is None else exhibit.labels[: len(points)]
    size = min(30.0, max(5.0, 4000 / len(points)))
    for label in np.unique(labels):
        axes.scatter(*points[labels == label].T, s=size, lw=0, alpha=0.7, color=class_color(int(label)))
    _bare(axes)


def class_color(label: int) -> str:
    """Give a class the same colour everywhere."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return to_hex(colormaps["tab10"](label) if label < 10 else colormaps["tab20"](label % 20))


def flat_codes(exhibit: Exhibit) -> tuple[np.ndarray, float | None]:
    """Give codes as points [n, 2], and the share of their variance that these show; None where the code is no wider."""
    assert exhibit.codes is not None
    codes = np.nan_to_num(exhibit.codes[:MAX_POINTS])
    if codes.shape[1] == 1:
        labels = exhibit.labels
        return np.column_stack([codes, np.zeros(len(codes)) if labels is None else labels[: len(codes)]]), None
    if codes.shape[1] == 2 or len(codes) < 3:
        return codes[:, :2], None
    centred = codes - codes.mean(axis=0, dtype=np.float64)
    variances, axes = np.linalg.eigh(centred.T @ centred)
    return centred @ axes[:, :-3:-1], float(variances[-2:].sum() / max(variances.sum(), 1e-300))


def plot_reconstructions(some: Sequence[Exhibit], chosen: Sequence[int]) -> Figure:
    """Draw originals, and each network's codes and copies of the same examples, row by row."""
    from matplotlib.figure import Figure

    rows = reconstruction_rows(some, chosen)
    heights = [image.shape[0] / pictures.CELL for _, _, image in rows]
    figure = Figure(figsize=(8.0, 0.72 * sum(heights) + 0.12 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), 1, squeeze=False, gridspec_kw={"height_ratios": heights}).ravel()
    for one, (label, what, image) in zip(axes, rows, strict=True):
        one.imshow(np.ma.masked_invalid(image), cmap=palette(what), vmin=0, vmax=1)
        text = plain(label) if what == "copy" else what
        one.set_ylabel(text, rotation=0, ha="right", va="center", fontsize=8)
        _bare(one)
    return figure


def _bare(axes: Any) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def palette(what: str) -> str:
    """Choose the colours of a row of pictures."""
    return "magma" if what == "code" else "gray"


def reconstruction_rows(some: Sequence[Exhibit], chosen: Sequence[int]) -> list[tuple[str, str, np.ndarray]]:
    """Make the rows (network, "original" / "code" / "copy", values [h, w] in [0, 1]) of the chosen examples."""
    first, index = some[0], np.asarray(chosen)
    assert first.image_shape is not None
    width = max(pictures.CELL, first.image_shape[1])
    rows = [("", "original", pictures.strip(first.pixels(first.inputs[index]), width))]
    for exhibit in some:
        if exhibit.codes is not None:
            codes = pictures.code_pictures(np.nan_to_num(exhibit.codes[index]))
            rows.append((exhibit.label, "code", pictures.strip(codes, width)))
        rows.append((exhibit.label, "copy", pictures.strip(exhibit.pixels(exhibit.outputs[index]), width)))
    return rows


def plot_weights(some: Sequence[Exhibit]) -> Figure:
    """Draw the incoming weights of first-layer units as pictures: blue negative, red positive."""

    def fill(axes: Any) -> None:
        for one, exhibit in zip(axes, some, strict=True):
            assert exhibit.kernel_shape is not None
            image = pictures.weight_tiles(exhibit.kernel, exhibit.kernel_shape, limit=24, columns=6)
            one.imshow(np.ma.masked_invalid(image), cmap="RdBu_r", vmin=0, vmax=1)
            one.set_title(headline(exhibit.label), fontsize=9)
            _bare(one)

    return draw(len(some), 3.2, 2.4, fill)


def plot_confusion(exhibit: Exhibit, matrix: np.ndarray) -> Figure:
    """Draw a confusion matrix [classes, classes], true classes as rows; few classes get their numbers."""
    classes = [plain(name) for name in exhibit.prepared.dataset.classes]

    def fill(axes: Any) -> None:
        share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        axes[0].imshow(share, cmap="Blues", vmin=0, vmax=1)
        if len(matrix) <= 20:
            for i, j in np.argwhere(matrix):
                axes[0].text(
                    j, i, matrix[i, j], ha="center", va="center", fontsize=7, color="w" if share[i, j] > 0.5 else "k"
                )
            axes[0].set_xticks(
                range(len(matrix)), classes, rotation=90 if max(map(len, classes)) > 2 else 0, fontsize=7
            )
            axes[0].set_yticks(range(len(matrix)), classes, fontsize=7)
        axes[0].set(xlabel="predicted", ylabel="true")
        axes[0].set_title(headline(exhibit.label), fontsize=9)

    return draw(1, 4.5, 4.2, fill)


def plot_regression(some: Sequence[Exhibit]) -> Figure:
    """Scatter predicted against true values, one axes for each network and target."""
    pairs = [(exhibit, target) for exhibit in some for target in range(exhibit.outputs.shape[1])][:12]

    def fill(axes: Any) -> None:
        for one, (exhibit, target) in zip(axes, pairs, strict=True):
            true, predicted = exhibit.targets[:MAX_POINTS, target], exhibit.outputs[:MAX_POINTS, target]
            one.scatter(true, predicted, s=7, lw=0, alpha=0.6)
            finite = np.concatenate([true, predicted[np.isfinite(predicted)]])
            one.plot([finite.min(), finite.max()], [finite.min(), finite.max()], color="0.6", lw=0.8)
            names = exhibit.prepared.dataset.targets or ("target",)
            one.set(xlabel=plain(f"true {names[target]}"), ylabel="predicted")
            one.set_title(headline(exhibit.label), fontsize=9)
            one.spines[["top", "right"]].set_visible(False)

    return draw(max(len(pairs), 1), 3.2, 3.0, fill)

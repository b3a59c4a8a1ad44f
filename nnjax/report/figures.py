"""Figures for files and notebooks, drawn with matplotlib and without pyplot: no window, no global state."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax.report import pictures
from nnjax.report.curves import MANY, RUNNING_MEAN, TRAINING, VALIDATION, Line, Quantity, band, quantities
from nnjax.report.exhibits import Exhibit
from nnjax.types import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nnjax.api import Run

STYLES = {VALIDATION: "-", TRAINING: "--", RUNNING_MEAN: ":"}
MAX_POINTS = 2_000  # of a scatter


def plot_curves(run: Run, metric: str = "loss") -> Figure:
    """Draw train (dashed) and validation (solid) curves; over several seeds the mean, and the range as a band.

    Args:
      run: the run.
      metric: "loss" for every loss that was trained on, one axes each; or a metric's name.

    Raises:
      UserError: no trial recorded the metric.
    """
    found = quantities(run)
    losses = {spec.experiment.loss for spec in run.specs}
    chosen = [
        quantity for quantity in found if quantity.name == metric or (metric == "loss" and quantity.name in losses)
    ]
    if not chosen and metric != "loss":
        there = ", ".join(["loss", *(quantity.name for quantity in found)])
        raise UserError(f"No trial recorded curves of {metric!r}; there are {there}.")
    return _draw(
        max(len(chosen), 1), 4.2, 3.4, lambda axes: [_curves(a, q) for a, q in zip(axes, chosen, strict=False)]
    )


def _draw(columns: int, width: float, height: float, draw: Any) -> Figure:
    """Make a figure with a row of equal axes and draw into them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(columns * width, height), layout="constrained")
    draw(figure.subplots(1, columns, squeeze=False).ravel())
    return figure


def plain(name: str) -> str:
    """Take a name literally: without this, matplotlib reads what stands between two $ as a formula."""
    return name.replace("$", r"\$")


def _curves(axes: Any, quantity: Quantity) -> None:
    """Draw a quantity: the first settings in colours, the others in grey behind them."""
    recorded = {line.part for line in quantity.lines}
    parts = [part for part in (VALIDATION, TRAINING) if part in recorded] or [RUNNING_MEAN]
    for line in quantity.lines:
        if line.part in parts:
            _line(axes, line, named=line.part == parts[0] and line.place < MANY)
    axes.set(xlabel="epoch", ylabel=quantity.label, yscale="log" if _wide(quantity) else "linear")
    axes.legend(fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, lw=0.5)


def _line(axes: Any, line: Line, named: bool) -> None:
    mean, low, high = band(line.values)
    epochs, few = np.arange(1, len(mean) + 1), line.place < MANY
    axes.plot(
        epochs,
        mean,
        STYLES[line.part],
        color=f"C{line.place % 10}" if few else "0.75",
        lw=1.6 if few else 0.6,
        zorder=2 if few else 1,
        label=plain(line.setting.label) if named else None,
        marker="o" if len(mean) == 1 else None,
    )
    if len(line.values) > 1 and few:
        axes.fill_between(epochs, low, high, color=f"C{line.place % 10}", alpha=0.15, lw=0)


def _wide(quantity: Quantity) -> bool:
    """Whether the values span so much that only a logarithmic axis shows them."""
    values = np.concatenate([line.values.ravel() for line in quantity.lines])
    values = values[np.isfinite(values)]
    return len(values) > 0 and values.min() > 0 and values.max() / values.min() > 30


def plot_latent(some: Sequence[Exhibit]) -> Figure:
    """Draw the codes of autoencoders in two dimensions, one axes each."""

    def draw(axes: Any) -> None:
        for one, exhibit in zip(axes, some, strict=True):
            draw_latent(one, exhibit)
            one.set_title(plain(exhibit.label), fontsize=9)

    return _draw(len(some), 3.4, 3.4, draw)


def draw_latent(axes: Any, exhibit: Exhibit) -> None:
    """Scatter one autoencoder's codes: its own two numbers, or the first two principal components of more."""
    points, _ = flat_codes(exhibit)
    labels = exhibit.labels
    if labels is None:
        axes.scatter(*points.T, s=5, lw=0, alpha=0.7)
        return _bare(axes)
    labels = labels[: len(points)]
    for label in np.unique(labels):
        axes.scatter(*points[labels == label].T, s=5, lw=0, alpha=0.7, color=class_color(int(label)))
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

    def draw(axes: Any) -> None:
        for one, exhibit in zip(axes, some, strict=True):
            assert exhibit.image_shape is not None
            image = pictures.weight_tiles(exhibit.kernel, exhibit.image_shape, limit=24, columns=6)
            one.imshow(np.ma.masked_invalid(image), cmap="RdBu_r", vmin=0, vmax=1)
            one.set_title(plain(exhibit.label), fontsize=9)
            _bare(one)

    return _draw(len(some), 3.2, 2.4, draw)


def plot_confusion(exhibit: Exhibit, matrix: np.ndarray) -> Figure:
    """Draw a confusion matrix [classes, classes], true classes as rows; few classes get their numbers."""
    classes = [plain(name) for name in exhibit.prepared.dataset.classes]

    def draw(axes: Any) -> None:
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
        axes[0].set(xlabel="predicted", ylabel="true", title=plain(exhibit.label))

    return _draw(1, 4.5, 4.2, draw)


def plot_regression(some: Sequence[Exhibit]) -> Figure:
    """Scatter predicted against true values, one axes for each network and target."""
    pairs = [(exhibit, target) for exhibit in some for target in range(exhibit.outputs.shape[1])][:12]

    def draw(axes: Any) -> None:
        for one, (exhibit, target) in zip(axes, pairs, strict=True):
            true, predicted = exhibit.targets[:MAX_POINTS, target], exhibit.outputs[:MAX_POINTS, target]
            one.scatter(true, predicted, s=7, lw=0, alpha=0.6)
            finite = np.concatenate([true, predicted[np.isfinite(predicted)]])
            one.plot([finite.min(), finite.max()], [finite.min(), finite.max()], color="0.6", lw=0.8)
            names = exhibit.prepared.dataset.targets or ("target",)
            one.set(xlabel=plain(f"true {names[target]}"), ylabel="predicted")
            one.set_title(plain(exhibit.label), fontsize=9)
            one.spines[["top", "right"]].set_visible(False)

    return _draw(max(len(pairs), 1), 3.2, 3.0, draw)


def to_bytes(figure: Figure, dpi: int = 110, transparent: bool = False) -> bytes:
    """Write a figure as PNG; a glyph that the font lacks is drawn as a box, without a warning."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(buffer, format="png", dpi=dpi, transparent=transparent)
    return buffer.getvalue()

"""The section on latent spaces: the codes of autoencoders as points in the plane."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.report.charts.captioned_images import CaptionedImage, side_by_side
from nnjax.report.charts.palettes import class_color
from nnjax.report.context import ReportContext
from nnjax.report.section import Section
from nnjax.report.snapshots import NetworkSnapshot, coders

MAX_POINTS = 2_000  # of a scatter
DEAD_SHARE = 1e-3  # of the widest range of a code's numbers: one that varies less is dead (ReLU: 0, sigmoid: at an end)
MAX_NAMED = 8  # dead numbers of a code that are named


def build(report: ReportContext) -> dict[str, Any] | None:
    """Draw the codes of each autoencoder; None without autoencoders."""
    found = latents(report.snapshots)
    return {"latents": found, "legend": legend(report.snapshots)} if found else None


def latents(some: Sequence[NetworkSnapshot]) -> list[CaptionedImage]:
    """Draw the codes of each autoencoder in two dimensions."""
    out = []
    for snapshot in coders(some):
        points, share = flat_codes(snapshot)
        png = _png(_scatter(points, snapshot.labels))
        out.append(CaptionedImage(snapshot.label, _remark(snapshot, share), png))
    return out


def _png(figure: Any) -> bytes:
    from nnjax.report.charts.figures import to_bytes

    return to_bytes(figure, dpi=150, transparent=True)


def _scatter(points: np.ndarray, labels: np.ndarray | None) -> Any:
    from nnjax.report.charts.figures import subplots

    figure, [axes] = subplots(1, 2.8, 2.8)
    classes = np.zeros(len(points), int) if labels is None else labels[: len(points)]
    size = min(30.0, max(5.0, 4000 / len(points)))
    for label in np.unique(classes):
        axes.scatter(*points[classes == label].T, s=size, lw=0, alpha=0.7, color=class_color(int(label)))
    axes.set_axis_off()
    return figure


def flat_codes(snapshot: NetworkSnapshot) -> tuple[np.ndarray, float | None]:
    """Give codes as points [n, 2], and the share of their variance that these show; None where the code is no wider."""
    assert snapshot.codes is not None
    codes = np.nan_to_num(snapshot.codes[:MAX_POINTS])
    if codes.shape[1] == 1:
        labels = snapshot.labels
        return np.column_stack([codes, np.zeros(len(codes)) if labels is None else labels[: len(codes)]]), None
    if codes.shape[1] == 2 or len(codes) < 3:
        return codes[:, :2], None
    centered = codes - codes.mean(axis=0, dtype=np.float64)
    variances, axes = np.linalg.eigh(centered.T @ centered)
    return centered @ axes[:, :-3:-1], float(variances[-2:].sum() / max(variances.sum(), 1e-300))


def _remark(snapshot: NetworkSnapshot, share: float | None) -> str:
    assert snapshot.codes is not None
    width = snapshot.codes.shape[1]
    unused = f"; {dead_dimensions(snapshot.codes)}" if dead_dimensions(snapshot.codes) else ""
    if share is None:
        return f"the {'number' if width == 1 else 'two numbers'} of the code itself{unused}"
    return f"{width} numbers{unused}; this plane shows {100 * share:.0f} % of their variance"


def dead_dimensions(codes: np.ndarray) -> str:
    """Name the dimensions of codes [n, width] that say nothing of the examples; "" where there are none."""
    ranges = np.ptp(codes, axis=0)
    dead = np.flatnonzero(ranges <= DEAD_SHARE * ranges.max())
    if not len(dead):
        return ""
    listed = ", ".join(map(str, (dead + 1)[:MAX_NAMED].tolist())) + (", …" if len(dead) > MAX_NAMED else "")
    varies = "" if not ranges[dead].any() else f", to a thousandth of the widest range ({ranges.max():.2g})"
    return f"{len(dead)} of them always the same (number {listed}){varies}"


def legend(some: Sequence[NetworkSnapshot]) -> list[tuple[str, str]]:
    """Name the classes that the points are colored by: (name, color)."""
    able = coders(some)
    if not able or able[0].labels is None:
        return []
    classes = able[0].prepared.dataset.classes
    return [(classes[int(label)], class_color(int(label))) for label in np.unique(able[0].labels)[:20]]


SECTION = Section(
    title="The latent space",
    order=70,
    build=build,
    figures=lambda content: {"latent.png": side_by_side(content["latents"])},
    template="""
{% from "macros.html.jinja" import color_key, grid %}
{{ grid(content.latents, "Codes of ", " in two dimensions", wide=false, pixelated=false) }}
{{ color_key(content.legend) }}
<p class="note">Each point is an example; a code of more than two numbers is shown by its first two
principal components.</p>
""",
)

"""The section on the first layer: the incoming weights of its units as images."""

from collections.abc import Sequence

from nnjax.report.charts import array_images
from nnjax.report.charts.captioned_images import CaptionedImage, side_by_side
from nnjax.report.section import Section
from nnjax.report.snapshots import NetworkSnapshot

MAX_UNITS = 48


def weights(some: Sequence[NetworkSnapshot]) -> list[CaptionedImage]:
    """Draw the incoming weights of first-layer units; none without images."""
    out = []
    for snapshot in some:
        if snapshot.kernel_shape is not None:
            units, shown = snapshot.kernel.shape[1], min(MAX_UNITS, snapshot.kernel.shape[1])
            words = f"{shown} of {units} units, those with the largest weights" if shown < units else f"{units} units"
            tiled = array_images.weight_tiles(snapshot.kernel, snapshot.kernel_shape, MAX_UNITS)
            out.append(CaptionedImage(snapshot.label, words, array_images.to_png(tiled, "RdBu_r")))
    return out


SECTION = Section(
    title="What the first layer looks for",
    order=80,
    build=lambda report: weights(report.snapshots),
    figures=lambda images: {"weights.png": side_by_side(images)},
    template="""
{% from "macros.html.jinja" import grid %}
{{ grid(content, "First-layer weights of ") }}
<p class="note">The weights from the pixels to one unit each: red adds, blue subtracts, white does not count.</p>
""",
    folded=True,
)

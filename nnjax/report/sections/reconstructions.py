"""The section on autoencoders of images: the same examples, and each network's codes and copies of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.report.charts import array_images
from nnjax.report.charts.captioned_images import CaptionedImage, stacked
from nnjax.report.context import ReportContext
from nnjax.report.header import shown_networks
from nnjax.report.section import Section
from nnjax.report.snapshots import NetworkSnapshot, coders

PALETTES = {"original": "gray", "code": "magma", "copy": "gray"}


def build(report: ReportContext) -> dict[str, Any] | None:
    """Draw the strips; None without autoencoders of images."""
    strips = reconstructions(report.snapshots)
    return {"strips": strips, "chosen": shown_networks(report)} if strips else None


def reconstructions(some: Sequence[NetworkSnapshot]) -> list[CaptionedImage]:
    """Draw the same examples, and each network's codes and copies of them, as strips; none without images."""
    able = coders(some, images=True)
    rows = _rows(able, array_images.one_of_each(able[0].labels, len(able[0].rows))) if able else []
    labels = [None, *(label for label, _, _ in rows)]
    return [
        CaptionedImage(label, what, array_images.to_png(image, PALETTES[what]), label != before)
        for before, (label, what, image) in zip(labels, rows, strict=False)
    ]


def _rows(some: Sequence[NetworkSnapshot], chosen: Sequence[int]) -> list[tuple[str, str, np.ndarray]]:
    """Make the rows (network, "original" / "code" / "copy", values [h, w] in [0, 1]) of the chosen examples."""
    first, index = some[0], np.asarray(chosen)
    assert first.image_shape is not None
    width = max(array_images.CELL, first.image_shape[1])
    rows = [("", "original", array_images.strip(first.pixels(first.inputs[index]), width))]
    for snapshot in some:
        if snapshot.codes is not None:
            codes = array_images.code_images(np.nan_to_num(snapshot.codes[index]))
            rows.append((snapshot.label, "code", array_images.strip(codes, width)))
        rows.append((snapshot.label, "copy", array_images.strip(snapshot.pixels(snapshot.outputs[index]), width)))
    return rows


SECTION = Section(
    title="Originals, codes and copies",
    order=60,
    build=build,
    figures=lambda content: {"reconstructions.png": stacked(content["strips"])},
    template="""
{% from "macros.html.jinja" import image %}
<div class="strips">
{% for item in content.strips %}
<div class="strip {{ item.what }}"><span>{% if item.label and item.first %}<strong>{{ item.label }}</strong> {% endif %}<i>{{ item.what }}</i></span>{{ image(item, item.label ~ " " ~ item.what) }}</div>
{% endfor %}
</div>
<p class="note">The same held-out examples for every network. A code is drawn as a small image, a square for each of its
numbers, dark for 0, all codes of a network on one scale. {{ content.chosen }}</p>
""",  # noqa: E501
)

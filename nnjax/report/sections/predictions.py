"""The section on regressions: predicted against true values."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.report.charts.captioned_images import CaptionedImage, side_by_side
from nnjax.report.section import Section
from nnjax.report.snapshots import NetworkSnapshot

MAX_NETWORKS, MAX_TARGETS = 4, 3
MAX_POINTS = 2_000  # of a scatter


def regressions(best: Sequence[NetworkSnapshot]) -> list[CaptionedImage]:
    """Draw predicted against true values."""
    if not best:
        return []
    from nnjax.report.charts.figures import to_bytes

    out = []
    for snapshot in best[:MAX_NETWORKS]:
        error = snapshot.outputs - snapshot.targets
        rest = 1 - np.mean(error**2, axis=0) / np.maximum(np.var(snapshot.targets, axis=0), 1e-300)
        words = "R² " + ", ".join(f"{value:.3f}" for value in rest) + f" on {len(error):,} examples ({snapshot.part})"
        out.append(CaptionedImage(snapshot.label, words, to_bytes(scatter(snapshot))))
    return out


def scatter(snapshot: NetworkSnapshot) -> Any:
    """Scatter predicted against true values, one axes for each target."""
    from nnjax.report.charts.figures import plain, subplots

    names = snapshot.prepared.dataset.targets or ("target",)
    figure, axes = subplots(min(snapshot.outputs.shape[1], MAX_TARGETS), 3.2, 3.0)
    for target, one in enumerate(axes):
        true, predicted = snapshot.targets[:MAX_POINTS, target], snapshot.outputs[:MAX_POINTS, target]
        one.scatter(true, predicted, s=7, lw=0, alpha=0.6)
        finite = np.concatenate([true, predicted[np.isfinite(predicted)]])
        one.plot([finite.min(), finite.max()], [finite.min(), finite.max()], color="0.6", lw=0.8)
        one.set(xlabel=plain(f"true {names[target]}"), ylabel="predicted")
        one.spines[["top", "right"]].set_visible(False)
    return figure


SECTION = Section(
    title="Predicted against true",
    order=100,
    build=lambda report: regressions(report.best_snapshots("regression")),
    figures=lambda images: {"predictions.png": side_by_side(images, 440)},
    template="""
{% from "macros.html.jinja" import grid %}
{{ grid(content, "Predicted against true values of ", class="paper", pixelated=false) }}
""",
)

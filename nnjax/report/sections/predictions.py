"""The section on regressions: predicted against true values."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from nnjax.report.charts.captioned_images import CaptionedImage, side_by_side
from nnjax.report.charts.scatter_svg import scatter_svg
from nnjax.report.section import Section
from nnjax.report.snapshots import NetworkSnapshot
from nnjax.report.text import shortened

MAX_NETWORKS, MAX_TARGETS = 4, 3
MAX_POINTS = 2_000  # of a scatter


class Regression(NamedTuple):
    """The predictions of one network: its name, its R², and a drawing for each of the first targets."""

    label: str
    words: str
    charts: tuple[Markup, ...]
    snapshot: NetworkSnapshot


def regressions(best: Sequence[NetworkSnapshot]) -> list[Regression]:
    """Draw predicted against true values."""
    out = []
    for snapshot in best[:MAX_NETWORKS]:
        error = snapshot.outputs - snapshot.targets
        rest = 1 - np.mean(error**2, axis=0) / np.maximum(np.var(snapshot.targets, axis=0), 1e-300)
        words = "R² " + ", ".join(f"{value:.3f}" for value in rest) + f" on {len(error):,} examples ({snapshot.part})"
        out.append(Regression(snapshot.label, words, tuple(_charts(snapshot, words)), snapshot))
    return out


def _charts(snapshot: NetworkSnapshot, words: str) -> list[Markup]:
    columns = [*enumerate(_names(snapshot))][: min(snapshot.outputs.shape[1], MAX_TARGETS)]
    some = slice(MAX_POINTS)
    return [
        scatter_svg(
            np.asarray(snapshot.targets[some, i], float),
            np.asarray(snapshot.outputs[some, i], float),
            shortened(name),
            f"Predicted against true values of {name}, {snapshot.label}: {words}",
        )
        for i, name in columns
    ]


def _names(snapshot: NetworkSnapshot) -> Sequence[str]:
    return snapshot.prepared.dataset.targets or ("target",) * snapshot.outputs.shape[1]


def figure(content: Sequence[Regression]) -> bytes:
    """Draw all scatters side by side, as PNG."""
    from nnjax.report.charts.figures import to_bytes

    images = [CaptionedImage(one.label, one.words, to_bytes(scatter(one.snapshot))) for one in content]
    return side_by_side(images, 440)


def scatter(snapshot: NetworkSnapshot) -> Any:
    """Scatter predicted against true values, one axes for each target."""
    from nnjax.report.charts.figures import plain, subplots

    names = _names(snapshot)
    drawing, axes = subplots(min(snapshot.outputs.shape[1], MAX_TARGETS), 3.2, 3.0)
    for target, one in enumerate(axes):
        true, predicted = snapshot.targets[:MAX_POINTS, target], snapshot.outputs[:MAX_POINTS, target]
        one.scatter(true, predicted, s=7, lw=0, alpha=0.6)
        finite = np.concatenate([true, predicted[np.isfinite(predicted)]])
        one.plot([finite.min(), finite.max()], [finite.min(), finite.max()], color="0.6", lw=0.8)
        one.set(xlabel=plain(f"true {names[target]}"), ylabel="predicted")
        one.spines[["top", "right"]].set_visible(False)
    return drawing


SECTION = Section(
    title="Predicted against true",
    order=100,
    build=lambda report: regressions(report.best_snapshots("regression")),
    figures=lambda content: {"predictions.png": figure(content)},
    template="""
<div class="grid wide">
{% for one in content %}
<figure>{% for chart in one.charts %}{{ chart }}{% endfor %}
<figcaption><strong>{{ one.label }}</strong> {{ one.words }}</figcaption></figure>
{% endfor %}
</div>
""",
)

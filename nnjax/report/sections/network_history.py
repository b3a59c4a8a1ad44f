"""The section on signals measured inside the networks during training: a chart a signal, a line a layer."""

from collections import Counter
from typing import Any

import numpy as np

from nnjax.core.layer_statistics import LayerStatistics
from nnjax.diagnosis.layer_findings import LayerFinding, layer_findings
from nnjax.report.context import ReportContext
from nnjax.report.section import Section

MOST = 3  # trials that are shown
MAX_NAMED = 8  # layers whose names stand in the key; of more, the first and the last ones do
CHARTS = {  # signal -> (title, explanation, logarithmic)
    "gradient_norm": ("gradient", "how strongly the loss pulls", True),
    "update_ratio": ("update / weights", "change by one step; dotted: healthy", True),
    "activation_variance": ("variance", "of the outputs, over the examples", True),
    "dead_share": ("dead ReLU units", "0 for every example", False),
    "saturated_share": ("saturated outputs", "at the ends of their range", False),
}
HEALTHY_UPDATE = 1e-3


def build(report: ReportContext) -> dict[str, Any] | None:
    """Describe what was measured inside the networks; None where nothing was.

    Returns:
      networks: of up to three trials, each with its label, its charts and its findings; counts: how many trials of all
      have each kind of finding, in words.
    """
    signals = report.run.signals()
    if signals is None:
        return None
    found = layer_findings(signals)
    networks = [
        {
            "label": label,
            "charts": charts(signals, trial, label),
            "key": key(signals, trial),
            "findings": [(finding.sentence, finding.next) for finding in found[trial]],
        }
        for trial, label in shown(report, signals)
    ]
    measured = int(np.isfinite(signals.activation_variance).any(axis=(1, 2)).sum())
    return {"networks": networks, "counts": counts(found, measured) if len(report.run.specs) > len(networks) else []}


def shown(report: ReportContext, signals: LayerStatistics) -> list[tuple[int, str]]:
    """Choose trials to show, the first that was measured of each of the best settings: (trial, label)."""
    known = np.isfinite(signals.activation_variance).any(axis=(1, 2))
    firsts = ((next((i for i in setting.trials if known[i]), None), setting.label) for setting in report.ordered(MOST))
    return [(trial, label) for trial, label in firsts if trial is not None][:MOST]


def counts(found: list[tuple[LayerFinding, ...]], trials: int) -> list[str]:
    """Count the trials with each finding, as text."""
    names = Counter(code.replace("_", " ") for own in found for code in {finding.code for finding in own})
    return [f"{name}: {number:,} of {trials:,} trials looked into" for name, number in names.most_common()]


def charts(signals: LayerStatistics, trial: int, label: str) -> list[dict[str, Any]]:
    """Draw the charts of one trial that have anything to show."""
    from nnjax.report.charts.themed_svg import to_svg

    out = []
    for name, (title, explanation, logarithmic) in CHARTS.items():
        values = getattr(signals, name)[trial]
        if np.isfinite(values).any():
            svg = to_svg(plot(values, name, layers_of(signals, trial), logarithmic), f"{title} of {label}")
            out.append({"svg": svg, "title": title, "explanation": explanation})
    return out


def layers_of(signals: LayerStatistics, trial: int) -> np.ndarray:
    """Return the places of the layers that a trial has."""
    return np.flatnonzero(np.isfinite(signals.activation_variance[trial]).any(axis=0))


def colors(number: int) -> list[str]:
    """Return colors from the input (dark) to the output (light)."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(c) for c in colormaps["viridis"](np.linspace(0.0, 0.88, number))]


def key(signals: LayerStatistics, trial: int) -> list[tuple[str, str]]:
    """Name the layers with their colors: (name, color)."""
    layers = layers_of(signals, trial)
    from nnjax.report.charts.themed_svg import themed

    shown = map(themed, colors(len(layers)))
    named = list(zip((signals.layers[i] for i in layers), shown, strict=True))
    return named if len(named) <= MAX_NAMED else [*named[: MAX_NAMED // 2], ("…", "none"), *named[-MAX_NAMED // 2 :]]


def plot(values: np.ndarray, name: str, layers: np.ndarray, logarithmic: bool) -> Any:
    """Draw one signal [t, p] over the epochs, a line for each layer that the trial has."""
    from nnjax.report.charts.figures import decimals, subplots

    figure, [axes] = subplots(1, 3.0, 2.1)
    if name != "update_ratio" and not (np.isfinite(values) & (values > 0)).any():
        logarithmic = False
    for layer, color in zip(layers, colors(len(layers)), strict=True):
        own = values[:, layer]
        known = np.isfinite(own) & ((own > 0) | (not logarithmic))
        marker = "o" if known.sum() < 12 else None
        axes.plot(np.flatnonzero(known) + 1, own[known], color=color, lw=1.4, marker=marker, ms=3)
    if name == "update_ratio":
        axes.axhline(HEALTHY_UPDATE, color="0.6", lw=0.9, ls=":", zorder=0)
    margin = max(0.25, 0.04 * len(values))
    axes.set(xlabel="epoch", xlim=(1 - margin, len(values) + margin), yscale="log" if logarithmic else "linear")
    if logarithmic:
        low, high = axes.get_ylim()
        decimals(axes.yaxis, fine=high < 100 * low)
    else:
        axes.set(ylim=(-0.03, 1.03))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, lw=0.5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    return figure


SECTION = Section(title="Inside the network", order=50, build=build, template="network_history.html.jinja")

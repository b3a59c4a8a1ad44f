"""The phase diagram of learning rates and batch sizes as a matplotlib figure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from nnjax.diagnosis.phase_diagram import PhaseDiagram
from nnjax.diagnosis.verdicts import BADGES
from nnjax.report.charts.figures import subplots
from nnjax.report.charts.themed_svg import AS_IS


def plot_phase(phase: PhaseDiagram) -> Figure:
    """Draw the phase diagram: rates to the right, batch sizes upwards, colored by verdict, with the losses."""
    figure, [axes] = subplots(1, 9.0, 1.9 + 0.5 * len(phase.batch_sizes))
    rows = len(phase.batch_sizes)
    for (i, j), code in np.ndenumerate(phase.verdicts):
        _cell(axes, i, j, str(code), float(phase.losses[i, j]))
    for j, i in enumerate(phase.best()):
        if i is not None:
            axes.add_patch(_box(i, j, fill=False, edgecolor="0.05", linewidth=2.2, zorder=3))
    axes.set(xlim=(-0.5, len(phase.rates) - 0.5), ylim=(-0.5, rows - 0.5))
    axes.set_xticks(range(len(phase.rates)), [_short(rate) for rate in phase.rates], fontsize=8)
    axes.set_yticks(range(rows), [str(size) for size in phase.batch_sizes], fontsize=8)
    axes.set(xlabel="learning rate", ylabel="batch size")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    _legend(axes, list(dict.fromkeys(phase.verdicts.ravel().tolist())))
    return figure


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.1g}"


def _box(i: int, j: int, **style: Any) -> Any:
    return Rectangle((i - 0.5, j - 0.5), 1, 1, **style)


def _cell(axes: Any, i: int, j: int, code: str, loss: float) -> None:
    axes.add_patch(_box(i, j, facecolor=BADGES[code].color, edgecolor="w", linewidth=0.8, gid=AS_IS))
    text = f"{loss:.3g}" if np.isfinite(loss) else "∞"
    axes.text(i, j, text, ha="center", va="center", fontsize=7.5, color=BADGES[code].ink, gid=AS_IS)


def _legend(axes: Any, codes: Sequence[str]) -> None:
    handles = [
        Patch(facecolor=BADGES[code].color, label=code.replace("_", " "), gid=AS_IS) for code in BADGES if code in codes
    ]
    axes.figure.legend(handles=handles, loc="outside lower center", ncols=5, fontsize=8, frameon=False)

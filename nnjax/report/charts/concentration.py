"""The concentration of distances as a figure and tables: noise by dimension, real data by width."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnjax.core.csv_text import to_csv
from nnjax.core.files import write_atomically
from nnjax.distances.concentration import DIMENSIONS, SERIES, Concentration, Worth
from nnjax.report.charts import figures


def table(noise: Mapping[str, Sequence[Concentration]], worth: Sequence[Worth], name: str) -> list[str]:
    """Markdown: contrast of noise by dimension, then the representations of the data named."""
    out = ["Contrast (farthest − nearest) / nearest of independent coordinates, by dimension or length:", ""]
    out += ["| distance | " + " | ".join(map(str, DIMENSIONS)) + " |", "|---" * (len(DIMENSIONS) + 1) + "|"]
    out += [f"| {key} | " + " | ".join(_short(one.contrast) for one in row) + " |" for key, row in noise.items()]
    out += ["", f"Representations of {name} (Euclidean):", ""]
    heads = "| representation | width | contrast | spread | recall of 10 nearest | accuracy of 5 nearest |"
    out += [heads, "|---" * 6 + "|"]
    for one in worth:
        numbers = f"{one.width} | {_short(one.contrast)} | {one.spread:.3f} | {one.recall:.3f} | {one.accuracy:.4f}"
        out.append(f"| {one.name} | {numbers} |")
    return out


def _short(value: float) -> str:
    return "∞" if np.isinf(value) else f"{value:.3g}"


def draw(noise: Mapping[str, Sequence[Concentration]], worth: Sequence[Worth], name: str) -> Figure:
    """Three panels: contrast and spread of noise by dimension, and what each representation keeps."""
    figure, axes = figures.subplots(3, 4.6, 4.0)
    for i, (key, row) in enumerate(noise.items()):
        style = {"color": f"C{i}", "ls": "--" if key in SERIES else "-", "lw": 1.6, "marker": "o", "ms": 3}
        contrast = [one.contrast if np.isfinite(one.contrast) else np.nan for one in row]
        axes[0].plot(DIMENSIONS, contrast, label=key, **style)
        axes[1].plot(DIMENSIONS, [one.spread for one in row], **style)
    axes[0].set(title="(farthest − nearest) / nearest", xlabel="dimension, or length of a series (dashed)")
    axes[1].set(title="spread of the distances: std / mean", xlabel="dimension, or length of a series (dashed)")
    for one in axes[:2]:
        one.set(xscale="log", yscale="log")
        one.grid(alpha=0.25, lw=0.5)
    axes[0].legend(fontsize=7, frameon=False, ncols=2)
    _worths(axes[2], worth, name)
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
    return figure


def _worths(axes: Any, worth: Sequence[Worth], name: str) -> None:
    places = np.arange(len(worth))[::-1]
    axes.barh(places + 0.2, [one.accuracy for one in worth], 0.38, color="#2f5d9b", label="accuracy of 5 nearest")
    axes.barh(places - 0.2, [one.recall for one in worth], 0.38, color="#c9a24b", label="recall of 10 nearest")
    for place, one in zip(places, worth, strict=True):
        axes.text(1.02, place, f"contrast {_short(one.contrast)}", va="center", fontsize=7)
    axes.set_yticks(places, [figures.headline(one.name) for one in worth], fontsize=8)
    axes.set(title=f"{figures.plain(name)}: what fewer numbers keep", xlim=(0, 1.32), ylim=(-1.4, len(worth) - 0.4))
    axes.set_xticks([0, 0.5, 1])
    axes.legend(fontsize=7, frameon=False, loc="lower left", ncols=2)


def write(noise: Mapping[str, Sequence[Concentration]], worth: Sequence[Worth], name: str, out: pathlib.Path) -> None:
    """Write curse.png, curse.md, noise.csv and representations.csv into a folder."""
    import pandas as pd

    rows = [
        {"distance": key, "dimension": d, **one._asdict()}
        for key, r in noise.items()
        for d, one in zip(DIMENSIONS, r, strict=True)
    ]
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / "noise.csv", to_csv(pd.DataFrame(rows)))
    write_atomically(out / "representations.csv", to_csv(pd.DataFrame([one._asdict() for one in worth])))
    write_atomically(out / "curse.md", "\n".join(table(noise, worth, name)) + "\n")
    write_atomically(out / "curse.png", figures.to_bytes(draw(noise, worth, name), dpi=150))

"""The page of the study of small changes: findings, the figure, the table of gains."""

import pathlib

import pandas as pd
from matplotlib.figure import Figure

from nnjax.core.csv_text import to_csv
from nnjax.core.files import write_atomically
from nnjax.core.text import number
from nnjax.lectures.text import read_text
from nnjax.report import study_page
from nnjax.report.study_page import StudyPage, Table

COLORS = ("#3f90da", "#bd1f01", "#94a4a2", "#1d1f23")
STEADY = 2.0  # gains of the smallest and of a medium change within this factor are "in proportion"


def write(frame: pd.DataFrame, num_seeds: int, workdir: pathlib.Path) -> pathlib.Path:
    """Write results.csv, figure.png and study.html, each whole or not at all; returns the page's path."""
    text = read_text(__file__, "study.toml", seeds=num_seeds)
    page = StudyPage(
        text["title"],
        sentences(frame),
        {"figure.png": text["caption"]},
        [table(frame)._replace(notes=[text["table"]])],
        text["how"],
    )
    write_atomically(workdir / "results.csv", to_csv(frame, float_format="%.7g"))
    return study_page.write(page, {"figure.png": plot(frame)}, workdir)


def sentences(frame: pd.DataFrame) -> list[str]:
    """Say for each network whether outputs change in proportion, how far below the bound, and what the worst does."""
    out = []
    for name, own in frame.groupby("network", sort=False):
        means = own.groupby(["direction", "size"], sort=False).mean(numeric_only=True)
        plain = means.loc["random"]
        first, last = plain["most"].iloc[0], plain["most"].iloc[-1]
        ratio = first / last if last else float("inf")
        steady = 1 / STEADY <= ratio <= STEADY
        how = "in proportion" if steady else "not in proportion"
        text = (
            f"{name}: outputs change {how}. In a random direction the largest gain is "
            f"{number(first)} for the smallest change and {number(last)} for the largest"
        )
        if "worst" in means.index.get_level_values(0):
            worst = means.loc["worst"]
            shares = [100 * some["changed"].iloc[-1] for some in (plain, worst)]
            text += (
                f"; in the worst one {number(worst['most'].iloc[0])}, of at most {number(worst['bound'].iloc[0])} "
                f"by the layers' norms. A change of {100 * worst.index[-1]:g} % of the input's length changes the "
                f"class of {shares[0]:.0f} % at random, of {shares[1]:.0f} % in the worst direction"
            )
        out.append(f"{text}.")
    return out


def table(frame: pd.DataFrame) -> Table:
    """Tabulate gains by network, direction and size."""
    rows: list[list[str]] = []
    for name, own in frame.groupby("network", sort=False):
        bound = own["bound"].mean()
        rows.append([f"{name}, bound {number(bound)}" if bound < float("inf") else str(name)])
        for (direction, size), cell in own.groupby(["direction", "size"], sort=False):
            means = cell.mean(numeric_only=True)
            cells = [number(means[part]) for part in ("median", "high", "most")]
            rows.append([str(direction), f"{100 * size:g} %", *cells, f"{100 * means['changed']:.1f} %"])
    return Table("Gains", ["direction", "size", "median gain", "95 %", "largest", "class changed"], rows)


def plot(frame: pd.DataFrame) -> Figure:
    """Draw gains above and shares of changed classes below, a column a direction, a line a network."""
    directions, networks = (list(dict.fromkeys(frame[column])) for column in ("direction", "network"))
    figure = Figure(figsize=(3.1 * len(directions) + 0.4, 5.2), layout="constrained")
    axes = figure.subplots(2, len(directions), squeeze=False, sharex=True, sharey="row")
    for column, direction in enumerate(directions):
        for name, own in frame[frame["direction"] == direction].groupby("network", sort=False):
            means = own.groupby("size").mean(numeric_only=True)
            color = COLORS[networks.index(name) % len(COLORS)]
            axes[0, column].plot(100 * means.index, means["most"], color=color, marker="o", ms=3, label=name)
            axes[1, column].plot(100 * means.index, 100 * means["changed"], color=color, marker="o", ms=3, label=name)
        axes[0, column].set_title(direction, fontsize=10)
        axes[1, column].set_xlabel("change (% of the input's length)")
    axes[0, 0].set(xscale="log", yscale="log", ylabel="largest gain")
    axes[1, 0].set_ylabel("class changed (%)")
    for axis in axes.ravel():
        axis.grid(alpha=0.25, lw=0.5)
        axis.spines[["top", "right"]].set_visible(False)
    axes[1, 0].legend(frameon=False, fontsize=8)
    return figure

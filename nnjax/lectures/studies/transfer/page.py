"""The page of the study of transfer: findings, the figure, the table of accuracy, parameters, operations and time."""

import pathlib

import pandas as pd
from matplotlib.figure import Figure

from nnjax.core.csv_text import to_csv
from nnjax.core.files import write_atomically
from nnjax.lectures.text import read_text
from nnjax.report import study_page
from nnjax.report.charts import figures
from nnjax.report.study_page import StudyPage, Table
from nnjax.runs.statistics import compare_paired

COLORS = {"from scratch": "#1d1f23", "frozen features": "#3f90da", "fine-tuning": "#bd1f01"}


def write(frame: pd.DataFrame, num_seeds: int, workdir: pathlib.Path) -> pathlib.Path:
    """Write results.csv, figure.png and study.html of `Transfer.results`, each whole; returns the page's path."""
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


def trained(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out the networks that were not trained on the task to learn."""
    return frame[frame["method"].isin(COLORS)]


def sentences(frame: pd.DataFrame) -> list[str]:
    """Say for each pair of tasks where pretraining helps and where it harms, and what it does without training."""
    out = []
    for pair, own in frame.groupby("pair", sort=False):
        found = trained(own)
        parts = [f"with {size:,} examples {verdict(cell)}" for size, cell in found.groupby("size")]
        bare = own.loc[~own["method"].isin(COLORS), "accuracy"]
        as_it_is = f" As it is, the pretrained network is right on {100 * bare.mean():.0f} %." if len(bare) else ""
        out.append(f"{pair}: {'; '.join(parts)}.{as_it_is}")
    return out


def verdict(cell: pd.DataFrame) -> str:
    """Compare the better way of using the pretrained network with training from scratch, seed by seed."""
    values = {m: dict(zip(of["seed"], of["accuracy"], strict=True)) for m, of in cell.groupby("method", sort=False)}
    scratch = values.pop("from scratch")
    best = max(values, key=lambda name: sum(values[name].values()) / len(values[name]))
    numbers = [100 * sum(own.values()) / len(own) for own in (values[best], scratch)]
    text = f"{best} reaches {numbers[0]:.1f} %, training from scratch {numbers[1]:.1f} %"
    found = compare_paired(values[best], scratch).difference
    if not found.low <= found.high:
        return f"{text} (one seed)"
    kind = "better" if found.low > 0 else "worse" if found.high < 0 else "not told apart"
    return f"{text} ({kind}: {100 * found.mean:+.1f} points, {100 * found.low:+.1f} to {100 * found.high:+.1f})"


def table(frame: pd.DataFrame) -> Table:
    """Tabulate accuracy, parameters, operations and time by pair, number of examples and method."""
    rows: list[list[str]] = []
    for pair, own in trained(frame).groupby("pair", sort=False):
        rows.append([str(pair)])
        for (size, method), cell in own.groupby(["size", "method"], sort=False):
            mean, spread = 100 * cell["accuracy"].mean(), 100 * cell["accuracy"].std()
            spread_text = f" ± {spread:.1f}" if len(cell) > 1 else ""
            first = cell.iloc[0]
            before = f" ({first['operations'] + first['before']:.2g})" if first["before"] else ""
            rows.append(
                [
                    f"{size:,}",
                    str(method),
                    f"{mean:.1f}{spread_text}",
                    f"{first['parameters']:,.0f}",
                    f"{first['trained']:,.0f}",
                    f"{first['operations']:.2g}{before}",
                    f"{cell['seconds'].mean():.2f}",
                ]
            )
    columns = ["examples", "method", "right (%)", "parameters", "trained", "operations", "seconds"]
    return Table("Accuracy, parameters, operations, time", columns, rows)


def plot(frame: pd.DataFrame) -> Figure:
    """Draw a panel a pair, a line a method."""
    found = trained(frame)
    names = list(dict.fromkeys(found["pair"]))
    figure = Figure(figsize=(3.1 * len(names) + 0.4, 3.4), layout="constrained")
    axes = figure.subplots(1, len(names), squeeze=False, sharey=False).ravel()
    for name, axis in zip(names, axes, strict=True):
        for method, color in COLORS.items():
            groups = found[(found["pair"] == name) & (found["method"] == method)].groupby("size")["accuracy"]
            mean, low, high = 100 * groups.mean(), 100 * groups.min(), 100 * groups.max()
            axis.plot(mean.index, mean, color=color, marker="o", ms=3, label=method)
            axis.fill_between(mean.index, low, high, color=color, alpha=0.15, lw=0)
        axis.set(xscale="log", xlabel="training examples", title=figures.plain(name))
        axis.title.set_fontsize(10)
        axis.grid(alpha=0.25, lw=0.5)
        axis.spines[["top", "right"]].set_visible(False)
        figures.decimals(axis.xaxis)
    axes[0].set_ylabel("right answers (%)")
    axes[0].legend(frameon=False, fontsize=9)
    return figure

"""Writes a benchmark's results: JSON, a Markdown table and one figure."""

import json
import math
import pathlib


def write(results: dict, folder: pathlib.Path) -> None:
    """Write bench.json, bench.md and bench.png."""
    (folder / "bench.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    (folder / "bench.md").write_text("\n".join(lines(results)) + "\n", "utf-8")
    draw(results, folder / "bench.png")


def lines(results: dict) -> list[str]:
    """The tables as Markdown."""
    out = ["machine: " + ", ".join(f"{name} {value}" for name, value in results["machine"].items()), ""]
    for task, rows in results.items():
        if task == "machine":
            continue
        heads = ["whole process", "× nnjax", "steady, µs a step and trial", "× nnjax", "GFLOP/s", "best loss, accuracy"]
        heads += ["programs, compilations"]
        out += [f"## {task}", "", f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
        for row in rows:
            name = row["contender"] + (f" ({row['processes']} processes)" if row["processes"] > 1 else "")
            times = f"{row['wall']:.1f} s | {spread(row, 'wall')} | {row['steady']:.1f} | {spread(row, 'steady')}"
            best = f"{row['best']:.4f}" + (f", {row['accuracy']:.4f}" if math.isfinite(row["accuracy"]) else "")
            rate = f"{row['gflops']:.0f}" if math.isfinite(row["gflops"]) else "–"
            counted = f"{row['programs']:.0f}, {row['compilations']:.0f}" if "programs" in row else "–"
            out.append(f"| {name} | {times} | {rate} | {best} | {counted} |")
        out.append("")
    return out


def spread(row: dict, what: str) -> str:
    """A ratio with the least and the most of its repeats."""
    return f"{row[f'{what}_ratio']:.2f} ({row[f'{what}_least']:.2f}–{row[f'{what}_most']:.2f})"


def draw(results: dict, path: pathlib.Path) -> None:
    """Bars of the whole-process times over nnjax's, a panel a task."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    tasks = [task for task in results if task != "machine"]
    figure, axes = pyplot.subplots(len(tasks), 1, figsize=(8, 0.6 + 2.4 * len(tasks)), squeeze=False)
    for axis, task in zip(axes[:, 0], tasks, strict=True):
        rows = results[task][::-1]
        colors = ["#2b5c9e" if str(row["contender"]).startswith("nnjax") else "#a9a9a9" for row in rows]
        bars = axis.barh([row["contender"] for row in rows], [row["wall"] for row in rows], color=colors)
        axis.bar_label(bars, [f" {row['wall']:.1f} s, × {row['wall_ratio']:.1f}" for row in rows], fontsize=8)
        axis.set(title=f"{task}: whole process", xlabel="seconds")
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0.2)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    pyplot.close(figure)

"""How sensitive embeddings are to their settings: tables, and the page."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nnjax.core.files import write_atomically
from nnjax.core.types import Dataset
from nnjax.embed.families import Family
from nnjax.embed.points import labels_of
from nnjax.embed.quality import MEASURES
from nnjax.embed.spread import apart, pairs, shares, spread
from nnjax.lectures.studies.sensitivity.drawing import plot_layouts, plot_scores
from nnjax.lectures.studies.sensitivity.text import sentences
from nnjax.lectures.text import read_text
from nnjax.report import study_page
from nnjax.report.charts import figures
from nnjax.report.embedding.text import title
from nnjax.report.study_page import StudyPage, Table

DPI = 130
SHOWN = ("trustworthiness", "recall", "shepard", "knn_accuracy", "ari")


class Found(NamedTuple):
    """What a study of sensitivity found: the points' data, their rows [n], and the families."""

    dataset: Dataset
    rows: np.ndarray
    families: Sequence[Family]


def write(found: Found, workdir: pathlib.Path) -> pathlib.Path:
    """Write results.csv, figure.png, scores.png and study.html, each whole or not at all; returns the page's path."""
    several = [family for family in found.families if len(family.embeddings) > 1]
    images = {
        "scores.png": figures.to_bytes(plot_scores(found.families), DPI),
        "figure.png": figures.to_bytes(plot_layouts(found.families, labels_of(found.dataset, found.rows)), DPI),
    }
    file = pathlib.Path(__file__).with_name("study.toml")
    text = read_text(file, count=len(found.rows), data=found.dataset.name)
    page = StudyPage(
        text["title"],
        [text["claim"], *sentences(found.families)],
        text["captions"],
        [score_table(found.families), share_table(several), apart_table(several)],
        text["how"],
        list(images),
    )
    table = pd.DataFrame(rows_of(found.families))
    write_atomically(workdir / "results.csv", table.to_csv(index=False, float_format="%.7g"))
    return study_page.write(page, images, workdir)


def rows_of(families: Sequence[Family]) -> list[dict[str, Any]]:
    """Every embedding as a row: family, options, measures."""
    return [
        {"family": family.name, "method": one.method, **one.options, **{n: scores[n] for n in MEASURES if n in scores}}
        for family in families
        for one, scores in zip(family.embeddings, family.qualities, strict=True)
    ]


def score_table(families: Sequence[Family]) -> Table:
    """Mean ± standard deviation and range of each score, by family."""
    measures = [name for name in SHOWN if name in families[0].qualities[0]]
    rows = []
    for family in families:
        cells = [family.name, str(len(family.embeddings))]
        for measure in measures:
            one = spread(family.scores(measure))
            whole = len(family.embeddings) > 1
            cells.append(
                f"{one.mean:.3f} ± {one.std:.3f} ({one.least:.3f}–{one.most:.3f})" if whole else f"{one.mean:.3f}"
            )
        rows.append(cells)
    heads = ["method", "settings", *(title(name, 10) for name in measures)]
    return Table("Mean ± standard deviation over all settings and seeds (least–most)", heads, rows)


def share_table(families: Sequence[Family]) -> Table:
    """Which setting moves a score: η² by factor."""
    factors = list(dict.fromkeys(name for family in families for name in family.factors))
    rows = []
    for family in families:
        for measure in ("trustworthiness", "shepard"):
            found = shares(family.scores(measure), family.factors)
            cells = [f"{found[name]:.0%}" if name in found else "" for name in factors]
            rows.append([f"{family.name}: {title(measure, 10)}", *cells])
    return Table("Share of a score's variance that a setting explains alone", ["", *map(spoken, factors)], rows)


def apart_table(families: Sequence[Family]) -> Table:
    """How far layouts are apart that differ in one thing only."""
    factors = list(dict.fromkeys(name for family in families for name in family.factors))
    rows = []
    for family in families:
        found = apart(family.distances, family.factors)
        cells = [f"{found[name]:.3f}" if name in found else "" for name in factors]
        rows.append([family.name, f"{np.nanmean(pairs(family.distances)):.3f}", *cells, by_rate(family)])
    heads = ["", "any", *map(spoken, factors), "seed, by learning rate"]
    return Table("Mean Procrustes distance of layouts that differ in one setting only", heads, rows)


def by_rate(family: Family) -> str:
    """The distance of layouts that differ in the seed only, for each learning rate."""
    rates = family.factors.get("learning_rate")
    if rates is None:
        return ""
    told = []
    for rate in dict.fromkeys(rates):
        places = [i for i, own in enumerate(rates) if own == rate]
        others = {name: [levels[i] for i in places] for name, levels in family.factors.items()}
        found = apart(family.distances[np.ix_(places, places)], others)
        told += [f"{rate:g}: {found['seed']:.2f}"] if "seed" in found else []
    return ", ".join(told)


def spoken(factor: str) -> str:
    """A factor's name in words."""
    return factor.replace("_", " ")

"""How sensitive embeddings are to their settings: tables, and the page."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nnjax.core.files import write_atomically
from nnjax.embed.spread import apart, pairs, shares, spread
from nnjax.lectures.studies.csv import csv_of
from nnjax.lectures.studies.sensitivity.drawing import plot_layouts, plot_scores
from nnjax.lectures.studies.sensitivity.text import sentences
from nnjax.report import study_page
from nnjax.report.charts import figures
from nnjax.report.embedding.text import title
from nnjax.report.study_page import StudyPage, Table

if TYPE_CHECKING:
    from nnjax.lectures.studies.sensitivity.results import Family, Found

DPI = 130
SHOWN = ("trustworthiness", "recall", "shepard", "knn_accuracy", "ari")
CLAIM = (
    "The deck: SNE, t-SNE and UMAP are “very sensitive to the choice of hyperparameter”. Here every setting below was "
    "made with every other; beside them stand PCA, which has no settings, and latent spaces of autoencoders. “Very "
    "sensitive” is taken to mean: more than each of these when their learning rate and seed change."
)


def write(found: Found, workdir: pathlib.Path) -> pathlib.Path:
    """Write results.csv, figure.png, scores.png and study.html, each whole or not at all; returns the page's path."""
    from nnjax.lectures.studies.sensitivity.results import rows_of

    several = [family for family in found.families if len(family.embeddings) > 1]
    data, size = found.dataset.name, len(found.rows)
    images = {
        "scores.png": figures.to_bytes(plot_scores(found), DPI),
        "figure.png": figures.to_bytes(plot_layouts(found), DPI),
    }
    captions = {
        "scores.png": "Every embedding a dot. Scores of latent spaces are taken in their own width.",
        "figure.png": "A picture a setting: of layouts that start from PCA the first seed; of those that start at "
        "random one perplexity, a row a seed; of latent spaces every rate and seed, after PCA to two. T is "
        "trustworthiness. Within a method each picture is turned, mirrored and sized to lie as near the first as "
        "it can.",
    }
    write_atomically(workdir / "results.csv", csv_of(rows_of(found)))
    title = f"How sensitive are layouts of {size:,} examples of {data}?"
    tables = [score_table(found.families), share_table(several), apart_table(several)]
    return study_page.write(
        StudyPage(title, [CLAIM, *sentences(found)], captions, tables, how(found), list(images)), images, workdir
    )


def how(found: Found) -> list[str]:
    """Say what was embedded, and how it was measured."""
    return [
        f"{len(found.rows):,} test examples of {found.dataset.name}, which the autoencoders have not seen; layouts and "
        "PCA are made of these examples themselves.",
        "Every value of a setting is combined with every value of the others. Layouts of one method and start are one "
        "compiled program, and so are the autoencoders of one width.",
        "Procrustes distance of two layouts: what is left after the best shift, scale, turn and reflection; 0 is the "
        "same picture, 1 nothing in common. Layouts are compared in the plane, wider latent spaces after PCA to two.",
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

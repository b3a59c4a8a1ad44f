"""How sensitive embeddings are to their settings: tables, and the page."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from nnjax.embed.spread import apart, shares, spread
from nnjax.report.embedding.words import title
from nnjax.report.studies import page
from nnjax.report.studies.page import Section, Table
from nnjax.report.studies.sensitivity_drawing import plot_layouts, plot_scores
from nnjax.report.studies.sensitivity_words import sentences

if TYPE_CHECKING:
    from nnjax.studies.sensitivity import Family, Found

SHOWN = ("trustworthiness", "recall", "shepard", "knn_accuracy", "ari")
CLAIM = (
    "The deck: SNE, t-SNE and UMAP are “very sensitive to the choice of hyperparameter”. Here every setting below was made "
    "with every other, and beside them stand PCA, which has no settings, and the latent spaces of autoencoders."
)


def write(found: Found, workdir: str | PathLike[str], seconds: float) -> pathlib.Path:
    """Write the study's files; returns the page's path.

    Raises:
      UserError: they cannot be written.
    """
    from nnjax.studies.sensitivity import rows_of

    several = [family for family in found.families if len(family.embeddings) > 1]
    pictures = Section(
        "A picture a setting",
        "One seed of every setting, and several seeds of the autoencoders. Below each picture its trustworthiness T; "
        "within a method each is turned, mirrored and sized to lie as near the first as it can.",
        figure=plot_layouts(found),
        says="Small pictures of every setting, coloured by class.",
    )
    scores = Section(
        "Scores",
        "Scores of latent spaces are taken in their own width, pictures and distances of layouts after PCA to two. Every "
        "dot is an embedding.",
        [score_table(found.families), share_table(several)],
        plot_scores(found),
        "Scores of every embedding, by method.",
    )
    layouts = Section(
        "Layouts",
        "Procrustes distance of two layouts: what is left after the best shift, scale, turn and reflection; 0 is the "
        "same picture, 1 nothing in common.",
        [apart_table(several)],
    )
    name = f"How sensitive are layouts of {len(found.rows):,} examples of {found.dataset.name}?"
    data = found.dataset
    return page.write(
        workdir, name, CLAIM, sentences(found), [pictures, scores, layouts], rows_of(found), data, seconds
    )


def score_table(families: Sequence[Family]) -> Table:
    """Mean ± standard deviation and range of each score, by family."""
    measures = [name for name in SHOWN if name in families[0].qualities[0]]
    rows = []
    for family in families:
        cells = [family.name, str(len(family.embeddings))]
        for measure in measures:
            one = spread(family.scores(measure))
            whole = len(family.embeddings) > 1
            cells.append(f"{one.mean:.3f} ± {one.std:.3f} ({one.least:.3f}–{one.most:.3f})" if whole else f"{one.mean:.3f}")
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
        pairs = family.distances[np.triu_indices(len(family.distances), 1)]
        cells = [f"{found[name]:.3f}" if name in found else "" for name in factors]
        rows.append([family.name, f"{np.nanmean(pairs):.3f}", *cells])
    return Table("Mean Procrustes distance of layouts that differ in one setting only", ["", "any", *map(spoken, factors)], rows)


def spoken(factor: str) -> str:
    """A factor's name in words."""
    return factor.replace("_", " ")

"""Tables of families of embeddings: their scores, what explains their variance, and distances of their layouts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.embed.families import Family
from nnjax.embed.quality import MEASURES
from nnjax.embed.variation import distinct_pairs, mean_distances_by_factor, summarize, variance_shares
from nnjax.report.embedding.text import title
from nnjax.report.study_page import Table

SHOWN = ("trustworthiness", "recall", "shepard", "knn_accuracy", "ari")


def rows_of(families: Sequence[Family]) -> list[dict[str, Any]]:
    """Make a row of every embedding: family, options, measures."""
    return [
        {"family": family.name, "method": one.method, **one.options, **{n: scores[n] for n in MEASURES if n in scores}}
        for family in families
        for one, scores in zip(family.embeddings, family.qualities, strict=True)
    ]


def score_table(families: Sequence[Family]) -> Table:
    """Tabulate mean ± standard deviation and range of each score, by family."""
    measures = [name for name in SHOWN if name in families[0].qualities[0]]
    rows = []
    for family in families:
        cells = [family.name, str(len(family.embeddings))]
        for measure in measures:
            one = summarize(family.scores(measure))
            spread = f" ± {one.std:.3f} ({one.least:.3f}–{one.most:.3f})" * (len(family.embeddings) > 1)
            cells.append(f"{one.mean:.3f}{spread}")
        rows.append(cells)
    heads = ["method", "settings", *(title(name, 10) for name in measures)]
    return Table("Mean ± standard deviation over all settings and seeds (least–most)", heads, rows)


def share_table(families: Sequence[Family]) -> Table:
    """Tabulate the share of a score's variance that each setting explains (η²)."""
    factors = list(dict.fromkeys(name for family in families for name in family.factors))
    rows = []
    for family in families:
        for measure in ("trustworthiness", "shepard"):
            found = variance_shares(family.scores(measure), family.factors)
            cells = [f"{found[name]:.0%}" if name in found else "" for name in factors]
            rows.append([f"{family.name}: {title(measure, 10)}", *cells])
    return Table("Share of a score's variance that a setting explains alone", ["", *map(in_words, factors)], rows)


def apart_table(families: Sequence[Family]) -> Table:
    """Tabulate mean distances of layouts that differ in one setting only."""
    factors = list(dict.fromkeys(name for family in families for name in family.factors))
    rows = []
    for family in families:
        found = mean_distances_by_factor(family.distances, family.factors)
        cells = [f"{found[name]:.3f}" if name in found else "" for name in factors]
        rows.append([family.name, f"{np.nanmean(distinct_pairs(family.distances)):.3f}", *cells, by_rate(family)])
    heads = ["", "any", *map(in_words, factors), "seed, by learning rate"]
    return Table("Mean Procrustes distance of layouts that differ in one setting only", heads, rows)


def by_rate(family: Family) -> str:
    """Compute the distance of layouts that differ in the seed only, for each learning rate."""
    rates = family.factors.get("learning_rate")
    if rates is None:
        return ""
    parts = []
    for rate in dict.fromkeys(rates):
        places = [i for i, own in enumerate(rates) if own == rate]
        others = {name: [levels[i] for i in places] for name, levels in family.factors.items()}
        found = mean_distances_by_factor(family.distances[np.ix_(places, places)], others)
        parts += [f"{rate:g}: {found['seed']:.2f}"] if "seed" in found else []
    return ", ".join(parts)


def in_words(factor: str) -> str:
    """A factor's name in words."""
    return factor.replace("_", " ")

"""Tables of sweeps of embeddings: their scores, what explains their variance, and distances of their layouts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.embed.method_sweeps import MethodSweep
from nnjax.embed.quality import MEASURES
from nnjax.embed.variation import distinct_pairs, mean_distances_by_factor, summarize, variance_shares
from nnjax.report.embedding.text import title
from nnjax.report.study_page import Table

SHOWN = ("trustworthiness", "recall", "shepard", "knn_accuracy", "ari")


def rows_of(sweeps: Sequence[MethodSweep]) -> list[dict[str, Any]]:
    """Make a row of every embedding: sweep, options, measures."""
    return [
        {"family": sweep.name, "method": one.method, **one.options, **{n: scores[n] for n in MEASURES if n in scores}}
        for sweep in sweeps
        for one, scores in zip(sweep.embeddings, sweep.qualities, strict=True)
    ]


def score_table(sweeps: Sequence[MethodSweep]) -> Table:
    """Tabulate mean ± standard deviation and range of each score, by sweep."""
    measures = [name for name in SHOWN if name in sweeps[0].qualities[0]]
    rows = []
    for sweep in sweeps:
        cells = [sweep.name, str(len(sweep.embeddings))]
        for measure in measures:
            one = summarize(sweep.scores(measure))
            spread = f" ± {one.std:.3f} ({one.least:.3f}–{one.most:.3f})" * (len(sweep.embeddings) > 1)
            cells.append(f"{one.mean:.3f}{spread}")
        rows.append(cells)
    heads = ["method", "settings", *(title(name, 10) for name in measures)]
    return Table("Mean ± standard deviation over all settings and seeds (least–most)", heads, rows)


def share_table(sweeps: Sequence[MethodSweep]) -> Table:
    """Tabulate the share of a score's variance that each setting explains (η²)."""
    factors = list(dict.fromkeys(name for sweep in sweeps for name in sweep.factors))
    rows = []
    for sweep in sweeps:
        for measure in ("trustworthiness", "shepard"):
            found = variance_shares(sweep.scores(measure), sweep.factors)
            cells = [f"{found[name]:.0%}" if name in found else "" for name in factors]
            rows.append([f"{sweep.name}: {title(measure, 10)}", *cells])
    return Table("Share of a score's variance that a setting explains alone", ["", *map(in_words, factors)], rows)


def apart_table(sweeps: Sequence[MethodSweep]) -> Table:
    """Tabulate mean distances of layouts that differ in one setting only."""
    factors = list(dict.fromkeys(name for sweep in sweeps for name in sweep.factors))
    rows = []
    for sweep in sweeps:
        found = mean_distances_by_factor(sweep.distances, sweep.factors)
        cells = [f"{found[name]:.3f}" if name in found else "" for name in factors]
        rows.append([sweep.name, f"{np.nanmean(distinct_pairs(sweep.distances)):.3f}", *cells, by_rate(sweep)])
    heads = ["", "any", *map(in_words, factors), "seed, by learning rate"]
    return Table("Mean Procrustes distance of layouts that differ in one setting only", heads, rows)


def by_rate(sweep: MethodSweep) -> str:
    """Compute the distance of layouts that differ in the seed only, for each learning rate."""
    rates = sweep.factors.get("learning_rate")
    if rates is None:
        return ""
    parts = []
    for rate in dict.fromkeys(rates):
        places = [i for i, own in enumerate(rates) if own == rate]
        others = {name: [levels[i] for i in places] for name, levels in sweep.factors.items()}
        found = mean_distances_by_factor(sweep.distances[np.ix_(places, places)], others)
        parts += [f"{rate:g}: {found['seed']:.2f}"] if "seed" in found else []
    return ", ".join(parts)


def in_words(factor: str) -> str:
    """A factor's name in words."""
    return factor.replace("_", " ")

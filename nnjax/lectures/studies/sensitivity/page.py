"""The page of the study of sensitivity, its findings in sentences made of its numbers."""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from nnjax.core.csv_text import to_csv
from nnjax.core.files import write_atomically
from nnjax.core.types import Dataset
from nnjax.embed.method_sweeps import MethodSweep
from nnjax.embed.points import labels_of
from nnjax.embed.variation import distinct_pairs, mean_distances_by_factor, summarize, variance_shares
from nnjax.lectures.text import read_text
from nnjax.report import study_page
from nnjax.report.embedding.embedding_figures import plot_layouts, plot_scores
from nnjax.report.embedding.method_sweep_tables import apart_table, rows_of, score_table, share_table
from nnjax.report.study_page import StudyPage

LAYOUTS = ("SNE", "t-SNE", "UMAP")
MEASURES = {"trustworthiness": "Trustworthiness", "shepard": "Shepard correlation", "knn_accuracy": "kNN accuracy"}


def write(dataset: Dataset, rows: np.ndarray, sweeps: Sequence[MethodSweep], workdir: pathlib.Path) -> pathlib.Path:
    """Write results.csv, figure.png, scores.png and study.html, each whole or not at all; returns the page's path."""
    several = [sweep for sweep in sweeps if len(sweep.embeddings) > 1]
    drawings = {
        "scores.png": plot_scores(sweeps),
        "figure.png": plot_layouts(sweeps, labels_of(dataset, rows)),
    }
    text = read_text(__file__, "study.toml", count=len(rows), data=dataset.name)
    page = StudyPage(
        text["title"],
        [text["claim"], *sentences(sweeps)],
        text["captions"],
        [score_table(sweeps), share_table(several), apart_table(several)],
        text["how"],
    )
    table = pd.DataFrame(rows_of(sweeps))
    write_atomically(workdir / "results.csv", to_csv(table, float_format="%.7g"))
    return study_page.write(page, drawings, workdir)


def sentences(sweeps: Sequence[MethodSweep]) -> list[str]:
    """Write the findings on scores, on layouts and on the seed."""
    layouts = [sweep for sweep in sweeps if method_of(sweep) in LAYOUTS]
    latents = [sweep for sweep in sweeps if sweep not in layouts and len(sweep.embeddings) > 1]
    deviation = "standard deviation over all settings and seeds"
    out = [
        compare_spread(f"{name}: {deviation}", _stds(layouts, key), _stds(latents, key))
        for key, name in MEASURES.items()
        if key in sweeps[0].qualities[0]
    ]
    by_setting = "Layouts: mean Procrustes distance under any two settings"
    out.append(compare_spread(by_setting, *map(_distances, (layouts, latents))))
    seeds = [
        {sweep.name: mean_distances_by_factor(sweep.distances, sweep.factors).get("seed", np.nan) for sweep in some}
        for some in (layouts, latents)
    ]
    out.append(compare_spread("Layouts that differ in the seed only", *seeds))
    return [*out, _between_methods(layouts), *_beside_pca(layouts, sweeps), _most_influential(layouts)]


def method_of(sweep: MethodSweep) -> str:
    """The sweep's method without its start."""
    return sweep.name.split(",")[0]


def compare_spread(what: str, values: Mapping[str, float], references: Mapping[str, float]) -> str:
    """Divide layouts by name: those that vary less than every latent space, like them, and more than every one."""
    low, high = min(references.values()), max(references.values())
    groups = {
        "more than any of them": {name: value for name, value in values.items() if value > high},
        "as they do": {name: value for name, value in values.items() if low <= value <= high},
        "less": {name: value for name, value in values.items() if value < low},
    }
    text = "; ".join(
        f"{how}: {', '.join(f'{name} ({value:.3f})' for name, value in members.items())}"
        for how, members in groups.items()
        if members
    )
    sensitive = list(groups["more than any of them"])
    verdict = f"the claim holds for {listed(sensitive)}" if sensitive else "the claim does not hold"
    return f"{what}, beside latent spaces ({low:.3f} to {high:.3f}): {verdict}. {text[:1].upper()}{text[1:]}."


def listed(names: Sequence[str]) -> str:
    """Names with commas and an "and"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _stds(sweeps: Sequence[MethodSweep], measure: str) -> dict[str, float]:
    return {sweep.name: summarize(sweep.scores(measure)).std for sweep in sweeps}


def _distances(sweeps: Sequence[MethodSweep]) -> dict[str, float]:
    return {sweep.name: float(np.nanmean(distinct_pairs(sweep.distances))) for sweep in sweeps}


def _between_methods(layouts: Sequence[MethodSweep]) -> str:
    """Describe how much of the scores' variance the choice of the method explains."""
    methods = [method_of(sweep) for sweep in layouts for _ in sweep.embeddings]
    parts = []
    for measure, name in MEASURES.items():
        if measure in layouts[0].qualities[0]:
            values = np.concatenate([sweep.scores(measure) for sweep in layouts])
            parts.append(f"{name} {variance_shares(values, {'method': methods}).get('method', 0.0):.0%}")
    names = listed(list(dict.fromkeys(methods)))
    return (
        f"Of the variance over all layouts the choice between {names} explains: {', '.join(parts)}; the rest is "
        "settings and seeds."
    )


def _beside_pca(layouts: Sequence[MethodSweep], sweeps: Sequence[MethodSweep]) -> list[str]:
    """Describe how many settings keep neighbors worse than PCA."""
    pca = next((sweep for sweep in sweeps if sweep.name == "PCA"), None)
    if pca is None:
        return []
    reference = pca.scores("trustworthiness")[0]
    worse = sum(int((~(sweep.scores("trustworthiness") >= reference)).sum()) for sweep in layouts)
    total = sum(len(sweep.embeddings) for sweep in layouts)
    return [f"{worse} of {total} layouts are less trustworthy than PCA ({reference:.3f}), which has nothing to set."]


def _most_influential(layouts: Sequence[MethodSweep]) -> str:
    """Name the setting that moves each method's trustworthiness most."""
    parts = []
    for sweep in layouts:
        found = variance_shares(sweep.scores("trustworthiness"), sweep.factors)
        if found:
            most = max(found, key=lambda name: found[name])
            one = summarize(sweep.scores("trustworthiness"))
            parts.append(f"{sweep.name} {one.least:.3f}–{one.most:.3f} ({most.replace('_', ' ')}, {found[most]:.0%})")
    return f"Trustworthiness, least to most, and the setting that explains most of its variance: {'; '.join(parts)}."

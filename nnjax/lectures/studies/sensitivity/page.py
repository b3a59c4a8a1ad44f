"""The page of the study of sensitivity."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from nnjax.core.files import write_atomically
from nnjax.core.types import Dataset
from nnjax.embed.families import Family
from nnjax.embed.points import labels_of
from nnjax.lectures.studies.sensitivity.text import sentences
from nnjax.lectures.text import read_text
from nnjax.report import study_page
from nnjax.report.charts import figures
from nnjax.report.embedding.family_figures import plot_layouts, plot_scores
from nnjax.report.embedding.family_tables import apart_table, rows_of, score_table, share_table
from nnjax.report.study_page import StudyPage

DPI = 130


class Findings(NamedTuple):
    """The results of a study of sensitivity: the points' data, their rows [n], and the families."""

    dataset: Dataset
    rows: np.ndarray
    families: Sequence[Family]


def write(found: Findings, workdir: pathlib.Path) -> pathlib.Path:
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

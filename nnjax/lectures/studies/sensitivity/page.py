"""The page of the study of sensitivity."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

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
from nnjax.report.embedding.drawings import plot_layouts, plot_scores
from nnjax.report.embedding.family_tables import apart_table, rows_of, score_table, share_table
from nnjax.report.study_page import StudyPage

DPI = 130


def write(dataset: Dataset, rows: np.ndarray, families: Sequence[Family], workdir: pathlib.Path) -> pathlib.Path:
    """Write results.csv, figure.png, scores.png and study.html, each whole or not at all; returns the page's path.

    Args:
      dataset, rows: the points' data, and which of them [n].
      families: of embeddings of these points.
      workdir: the folder.
    """
    several = [family for family in families if len(family.embeddings) > 1]
    images = {
        "scores.png": figures.to_bytes(plot_scores(families), DPI),
        "figure.png": figures.to_bytes(plot_layouts(families, labels_of(dataset, rows)), DPI),
    }
    text = read_text(__file__, "study.toml", count=len(rows), data=dataset.name)
    page = StudyPage(
        text["title"],
        [text["claim"], *sentences(families)],
        text["captions"],
        [score_table(families), share_table(several), apart_table(several)],
        text["how"],
        list(images),
    )
    table = pd.DataFrame(rows_of(families))
    write_atomically(workdir / "results.csv", table.to_csv(index=False, float_format="%.7g"))
    return study_page.write(page, images, workdir)

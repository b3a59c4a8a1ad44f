"""The embedding report as one HTML file, with its figure, the positions and the measures beside it."""

import pathlib
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnjax.core.csv_text import to_csv
from nnjax.core.errors import UserError
from nnjax.core.files import write_atomically
from nnjax.embed.quality import MEASURES
from nnjax.embed.study import Study, label_of, varied
from nnjax.embed.variation import to_plane
from nnjax.report.charts import figures
from nnjax.report.charts.themed_svg import to_svg
from nnjax.report.embedding import text
from nnjax.report.embedding.embedding_figures import MOST_PANELS, plot_embeddings
from nnjax.report.embedding.packing import aligned, page_data
from nnjax.report.page import write_page
from nnjax.report.rendering import join_scripts, template
from nnjax.train.storage.npz import to_bytes

SCRIPTS = ("tables", "panel", "embedding")
FIGURE = "embeddings.png"


def write(
    study: Study, folder: str | PathLike[str], how: Sequence[tuple[str, str]] = (), title: str | None = None
) -> pathlib.Path:
    """Write report.html, figures/embeddings.png, embedding.npz, embedding.csv and quality.csv, each whole.

    Args:
      study: the embeddings.
      folder: made if it is not there.
      how: names and texts of how the study was made, for the end of the page.
      title: of the page; None for one that names the data.

    Returns:
      The page's path.

    Raises:
      UserError: no embedding is finite, or the files cannot be written.
    """
    able = [i for i, one in enumerate(study.embeddings) if np.isfinite(one.y).all()]
    if not able:
        raise UserError("No embedding is finite: all have diverged; choose smaller learning rates.")
    target = pathlib.Path(folder) / "report.html"
    figure = _figure(study, able)
    write_page(target, _render(study, able, figure, how, title), {FIGURE: figures.to_bytes(figure)})
    for name, content in tidy_files(study).items():
        write_atomically(target.parent / name, content)
    return target


def _figure(study: Study, able: Sequence[int]) -> Figure:
    names, shown = varied(study.embeddings), able[:MOST_PANELS]
    layouts = aligned([to_plane(study.embeddings[i].y) for i in shown])
    scores = [study.qualities[i]["trustworthiness"] for i in shown]
    titles = [f"{label_of(study.embeddings[i], names)}\nT {score:.3f}" for i, score in zip(shown, scores, strict=True)]
    return plot_embeddings(layouts, titles, study.labels, study.dataset.classes)


def _render(
    study: Study, able: Sequence[int], figure: Figure, how: Sequence[tuple[str, str]], title: str | None
) -> str:
    """Render the page of a study of embeddings."""
    return template("embedding.html.jinja").render(
        title=title or f"Embeddings of {study.dataset.name}",
        sentences=text.sentences(study),
        cards=text.cards(study),
        board=text.board(study),
        measures=[(text.title(name, study.k), name, MEASURES[name]) for name in study.qualities[0]],
        clusters=text.cluster_rows(study),
        k=study.k,
        able=able,
        figure=to_svg(figure, "Every embedding as a small scatter, colored by class."),
        hidden=max(0, len(able) - MOST_PANELS),
        how=how,
        script=join_scripts(SCRIPTS),
        data=page_data(study, able),
    )


def tidy_files(study: Study) -> dict[str, bytes | str]:
    """The positions (NPZ, and CSV with a row for each point of each embedding) and the measures (CSV), by file name."""
    import pandas as pd

    names, labels = varied(study.embeddings), study.labels
    arrays = {f"embedding_{i}": one.y for i, one in enumerate(study.embeddings)} | {"rows": study.rows}
    if labels is not None:
        arrays["labels"] = labels
    frames = []
    for i, one in enumerate(study.embeddings):
        columns: dict[str, Any] = {"embedding": i, "row": study.rows}
        if labels is not None:
            columns["class"] = np.array(study.dataset.classes)[labels]
        frames.append(pd.DataFrame(columns | {f"y{axis}": column for axis, column in enumerate(one.y.T)}))
    table = pd.DataFrame(
        [
            {"embedding": i, "label": label_of(one, names), "method": one.method, **one.options, **one.facts, **found}
            for i, (one, found) in enumerate(zip(study.embeddings, study.qualities, strict=True))
        ]
    )
    note: Mapping[str, Any] = {"labels": [label_of(one, names) for one in study.embeddings]}
    return {
        "embedding.npz": to_bytes(arrays, note),
        "embedding.csv": to_csv(pd.concat(frames), float_format="%.7g"),
        "quality.csv": to_csv(table, float_format="%.7g"),
    }

"""Data of the embedding page: positions in few bytes, images as one sheet, true neighbors."""

import base64
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.embed.methods import title_of
from nnjax.embed.quality import neighbors
from nnjax.embed.study import Study, label_of, varied
from nnjax.embed.variation import to_plane
from nnjax.report.charts import array_images

# Petroff 2021, "Accessible color sequences for data visualization", the ten-color cycle.
COLORS = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd")
STEPS = 65_535  # positions are whole numbers up to this
SHOWN_NEIGHBORS, SHOWN_FEATURES = 8, 6
MOST_SHEET = 40_000_000  # pixels of the sheet of images; larger images are thinned


def color(index: int) -> str:
    """The color of a class or cluster."""
    return COLORS[index % len(COLORS)]


def aligned(layouts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Center layouts [n, 2], bring them to one size, and turn (or mirror) each to lie as near the first as it can.

    Turning is orthogonal Procrustes analysis; neither it nor the size changes what an embedding shows.
    """
    scaled = []
    for layout in layouts:
        centered = layout - layout.mean(axis=0)
        scaled.append(centered / max(np.abs(centered).max(), np.finfo(np.float64).tiny))
    found = []
    for layout in scaled:
        left, _, right = np.linalg.svd(layout.T @ scaled[0])
        turned = layout @ (left @ right)
        found.append(turned / max(np.abs(turned).max(), np.finfo(np.float64).tiny))
    return found


def pack_positions(layout: np.ndarray) -> str:
    """Write positions [n, 2] in [-1, 1] as base64 of 16-bit numbers, little-endian, x y x y …"""
    return base64.b64encode(np.rint((layout + 1) / 2 * STEPS).astype("<u2").tobytes()).decode()


def sheet(images: np.ndarray) -> dict[str, Any]:
    """Lay images [n, h, w] out in one PNG without gaps: its data URI, columns, and the size of an image."""
    thin = max(1, math.ceil(math.sqrt(images.size / MOST_SHEET)))
    images = images[:, ::thin, ::thin]
    n, h, w = images.shape
    columns = math.ceil(math.sqrt(n * h / w))
    padded = np.zeros((-(-n // columns) * columns, h, w), np.float32)
    padded[:n] = images
    values = padded.reshape(-1, columns, h, w).swapaxes(1, 2).reshape(-1, columns * w)
    return {"uri": array_images.data_uri(array_images.to_png(values)), "columns": columns, "width": w, "height": h}


def page_data(study: Study, able: Sequence[int]) -> dict[str, Any]:
    """Collect the data for the page's script; `able` says which embeddings are finite."""
    varying, chosen = varied(study.embeddings), [study.embeddings[i] for i in able]
    layouts = aligned([to_plane(one.y) for one in chosen])
    groups = {} if study.labels is None else {"class": group(study.labels, study.dataset.classes)}
    for name, found in study.clusterings.items():
        names = [str(i) for i in range(len(found.centers))]
        noisy = found.labels.min(initial=0) < 0
        shown = np.where(found.labels < 0, len(names), found.labels)
        groups[f"{name} cluster"] = group(shown, [*names, "noise"] if noisy else names)
    nearest = neighbors(study.x, min(SHOWN_NEIGHBORS, len(study.x) - 1))
    scores = [study.qualities[i]["trustworthiness"] for i in able]
    return {
        "first": int(np.argmax(scores)),
        "count": len(study.x),
        "rows": study.rows.tolist(),
        "layouts": [
            {
                "row": i,
                "label": label_of(one, varying),
                "options": {"method": title_of(one.method), **{n: one.options[n] for n in varying if n in one.options}},
                "xy": pack_positions(layout),
            }
            for i, one, layout in zip(able, chosen, layouts, strict=True)
        ],
        "groups": groups,
        "neighbors": {"k": nearest.shape[1], "index": base64.b64encode(nearest.astype("<u4").tobytes()).decode()},
        "sheet": None if study.images is None else sheet(study.images),
        "features": None if study.images is not None else features(study),
    }


def group(labels: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """A division of the points: names, colors, and whose each point is."""
    return {"names": list(names), "colors": [color(i) for i in range(len(names))], "of": labels.tolist()}


def features(study: Study) -> dict[str, Any]:
    """The first few numbers of every example, as the data set has them."""
    names = study.dataset.features[:SHOWN_FEATURES]
    values = study.dataset.x[study.rows][:, : len(names)].astype(np.float64)
    return {"names": list(names), "values": [[float(f"{value:.4g}") for value in row] for row in values]}

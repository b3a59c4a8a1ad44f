"""Compare embeddings of one data set: make them and measure their quality."""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.core.types import Dataset
from nnjax.data import scaling
from nnjax.embed import checks, external_libraries
from nnjax.embed.clusters import CLUSTERINGS, Clustering, cluster
from nnjax.embed.methods import METHODS, Embedding, embed, embed_all, embed_held_out, title_of
from nnjax.embed.points import labels_of
from nnjax.embed.quality import qualities
from nnjax.embed.tsne import LayoutConfig

MOST_AGGLOMERATED = 5_000  # Ward's method needs all pairs


@dataclasses.dataclass(frozen=True, eq=False)
class Study:
    """Embeddings of the same points."""

    dataset: Dataset  # where the points come from
    rows: np.ndarray  # [n] indices of the points in it
    x: np.ndarray  # [n, d] float32, scaled
    embeddings: Sequence[Embedding]  # m of them
    qualities: Sequence[Mapping[str, float]]  # m times the measures by name
    clusterings: Mapping[str, Clustering]  # of the points in the data's own space, by method
    k: int  # neighbors that the measures count

    @property
    def labels(self) -> np.ndarray | None:
        """Class indices [n]; None where the data have no classes."""
        return labels_of(self.dataset, self.rows)

    @property
    def images(self) -> np.ndarray | None:
        """Brightness [n, height, width] in [0, 1]; None where the data are no images."""
        data = self.dataset
        if data.image_shape is None:
            return None
        raw = data.x[self.rows].astype(np.float32)
        full = data.full_scale or (255.0 if data.x.dtype == np.uint8 else max(float(raw.max()), 1e-12))
        return np.clip(raw / full, 0, 1).reshape(-1, *data.image_shape)


@dataclasses.dataclass(frozen=True)
class Axes:
    """What is varied: every combination that a method reads is one embedding."""

    methods: Sequence[str] = ("pca", "tsne")  # of `METHODS`
    seeds: Sequence[int] = (0,)  # of all methods that draw
    # perplexities, exaggerations, learning_rates: of t-SNE and SNE; None is the method's own
    perplexities: Sequence[float] = (30.0,)
    exaggerations: Sequence[float | None] = (None,)
    learning_rates: Sequence[float | None] = (None,)
    neighbors: Sequence[int] = (15,)  # neighbors, min_dists: of UMAP
    min_dists: Sequence[float] = (0.1,)
    dimensions: int = 2  # of the methods that are not plane
    init: str = "pca"  # init, support, iterations, engine: of t-SNE and SNE
    support: str = "all"
    iterations: int = 1000
    engine: str = "exact"


def study(
    dataset: Dataset,
    rows: np.ndarray,
    axes: Axes,
    *,
    scale: str = "unit",
    k: int = 10,
    more: Sequence[Embedding] = (),
    observe: Callable[[str], Any] = lambda sentence: None,
) -> Study:
    """Make the embeddings, and measure them.

    Args:
      dataset: raw examples.
      rows: [n], which of them.
      axes: what is varied.
      scale: of the inputs, as in `DataConfig.scaling`, fitted on these rows.
      k: neighbors of the quality measures.
      more: embeddings of the same rows made elsewhere, such as a latent space.
      observe: called with a sentence before each part of the work.

    Raises:
      UserError: see `embed`, `lay_out` and `qualities`.
    """
    for method in axes.methods:
        checks.choice("method", method, METHODS)
        METHODS[method].library()
    checks.choice("engine", axes.engine, external_libraries.ENGINES)
    if any("engine" in METHODS[method].options for method in axes.methods):
        external_libraries.ENGINES[axes.engine]()
    checks.neighbors(len(rows), k)
    raw = dataset.x[rows]
    raw = raw if raw.dtype == np.float64 else raw.astype(np.float32)
    scale = scaling.kind_for(dataset, scale)
    x = np.asarray(scaling.fit(dataset.x, rows, scale, dataset.full_scale)(raw), np.float32)
    x, labels = checks.points(x), labels_of(dataset, rows)
    made = list(more)
    for method in dict.fromkeys(axes.methods):
        observe(method)
        made += _of_method(x, method, axes, labels)
    observe("quality")
    measured = _measure(x, made, labels, k)
    count = min(10 if labels is None else len(np.unique(labels)), len(np.unique(x, axis=0)))
    able = [name for name in CLUSTERINGS if name != "agglomerative" or len(x) <= MOST_AGGLOMERATED]
    return Study(dataset, rows, x, made, measured, {name: cluster(x, name, count) for name in able}, k)


def _measure(x: np.ndarray, made: Sequence[Embedding], labels: np.ndarray | None, k: int) -> list[dict[str, float]]:
    """Measure embeddings, those of supervised methods on the points that they did not see."""
    found: dict[int, dict[str, float]] = {}
    whole = [i for i, one in enumerate(made) if one.held_out is None]
    if whole:
        found |= zip(whole, qualities(x, [made[i].y for i in whole], labels, k), strict=True)
    for i, one in enumerate(made):
        if one.held_out is not None:
            rows = np.flatnonzero(one.held_out)
            found[i] = qualities(x[rows], [one.y[rows]], None if labels is None else labels[rows], k)[0]
    return [found[i] for i in range(len(made))]


OPTIONS = {  # of the methods, by the field of `Axes` that lists their values
    "perplexities": "perplexity",
    "exaggerations": "exaggeration",
    "learning_rates": "learning_rate",
    "neighbors": "neighbors",
    "min_dists": "min_dist",
}


def _of_method(x: np.ndarray, method: str, axes: Axes, labels: np.ndarray | None) -> list[Embedding]:
    """Embed by one method, with all combinations of its options."""
    record = METHODS[method]
    if record.supervised:
        return [embed_held_out(x, method, labels, axes.dimensions, axes.seeds[0])]
    values = {name: getattr(axes, field) for field, name in OPTIONS.items() if name in record.options}
    values["seed"] = axes.seeds if record.seeded else axes.seeds[:1]
    combinations = [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]
    if not record.is_layout:
        return [embed(x, method, labels=labels, dimensions=axes.dimensions, **chosen) for chosen in combinations]
    engine = axes.engine if "engine" in record.options else "exact"
    settings = [LayoutConfig(**chosen) for chosen in combinations]
    return embed_all(
        x, method, settings, engine=engine, init=axes.init, support=axes.support, iterations=axes.iterations
    )


def label_of(embedding: Embedding, varied: Sequence[str]) -> str:
    """Name an embedding among others by its method and by what is varied."""
    ordered = sorted(varied, key=lambda name: name == "seed")
    parts = [f"{name.replace('_', ' ')} {embedding.options[name]:g}" for name in ordered if name in embedding.options]
    return ", ".join([title_of(embedding.method), *parts])


def varied(embeddings: Sequence[Embedding]) -> list[str]:
    """List the options that differ between embeddings of one method."""
    found: dict[tuple[str, str], set[Any]] = {}
    for one in embeddings:
        for name, value in one.options.items():
            found.setdefault((name, one.method), set()).add(value)
    several = {name for (name, _), values in found.items() if len(values) > 1}
    return [name for name in dict.fromkeys(name for name, _ in found) if name in several]

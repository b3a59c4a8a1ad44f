"""Sweeps of one embedding method: the same points under several settings, with scores and distances."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.embed.methods import Embedding, title_of
from nnjax.embed.study import varied
from nnjax.embed.variation import procrustes_distances, to_plane

STARTS = {"pca": "PCA start", "random": "random start"}


class MethodSweep(NamedTuple):
    """Embeddings by one method under several settings."""

    name: str  # of the method, with its start if there are two
    embeddings: Sequence[Embedding]  # m of them
    qualities: Sequence[Mapping[str, float]]  # m times the measures by name
    planes: Sequence[np.ndarray]  # m layouts [n, 2]: the embedding, of wider ones the first two principal components
    distances: np.ndarray  # [m, m], Procrustes distances of the planes
    factors: Mapping[str, Sequence[Any]]  # what is varied, name -> [m] levels

    def scores(self, measure: str) -> np.ndarray:
        """One measure [m]."""
        return np.array([one[measure] for one in self.qualities])


def method_sweeps(made: Sequence[tuple[Embedding, Mapping[str, float]]]) -> list[MethodSweep]:
    """Group embeddings with their measures by method and start, in the order of the first of each."""
    groups: dict[str, list[tuple[Embedding, Mapping[str, float]]]] = {}
    for one in made:
        groups.setdefault(sweep_name(one[0]), []).append(one)
    found = []
    for name, members in groups.items():
        embeddings = [embedding for embedding, _ in members]
        planes = [to_plane(one.y) for one in embeddings]
        factors = {option: [one.options[option] for one in embeddings] for option in varied(embeddings)}
        found.append(
            MethodSweep(name, embeddings, [q for _, q in members], planes, procrustes_distances(planes), factors)
        )
    return found


def sweep_name(embedding: Embedding) -> str:
    """Name the method, and the start where it has one."""
    name, start = title_of(embedding.method), embedding.options.get("init")
    return f"{name}, {STARTS[start]}" if start in STARTS else name

"""What a study of sensitivity measured: families of embeddings and their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.types import Dataset
from nnjax.embed.methods import Embedding
from nnjax.embed.quality import MEASURES


class Family(NamedTuple):
    """Embeddings by one method under several settings.

    Attributes:
      name: of the method, with its start if there are two.
      embeddings: m of them.
      qualities: m times the measures by name.
      planes: m layouts [n, 2]: the embedding, of wider ones the first two principal components.
      distances: [m, m], Procrustes distances of the planes.
      factors: what is varied, name -> [m] levels.
    """

    name: str
    embeddings: Sequence[Embedding]
    qualities: Sequence[Mapping[str, float]]
    planes: Sequence[np.ndarray]
    distances: np.ndarray
    factors: Mapping[str, Sequence[Any]]

    def scores(self, measure: str) -> np.ndarray:
        """One measure [m]."""
        return np.array([one[measure] for one in self.qualities])


class Found(NamedTuple):
    """What a study of sensitivity found: the points' data, their rows [n], and the families."""

    dataset: Dataset
    rows: np.ndarray
    families: Sequence[Family]


def rows_of(found: Found) -> list[dict[str, Any]]:
    """Every embedding as a row: family, options, measures."""
    return [
        {
            "family": family.name,
            "method": one.method,
            **one.options,
            **{name: q[name] for name in MEASURES if name in q},
        }
        for family in found.families
        for one, q in zip(family.embeddings, family.qualities, strict=True)
    ]

"""One door to all reductions: `embed(x, method)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.embed import checks, engines, linear, population

LAYOUTS = ("tsne", "sne")
METHODS = (*linear.FUNCTIONS, *LAYOUTS, "umap")
DRAWING = ("ica", "kmeans", *LAYOUTS, "umap")  # what a seed changes
OPTIONS: dict[str, tuple[str, ...]] = {
    "tsne": ("perplexity", "exaggeration", "learning_rate", "init", "support", "iterations", "engine"),
    "sne": ("perplexity", "exaggeration", "learning_rate", "init", "support", "iterations"),
    "umap": ("neighbors", "min_dist", "metric"),
}


class Embedding(NamedTuple):
    """One embedding of a data set.

    Attributes:
      method: its name.
      y: [n, k].
      options: what it was made with, by name.
      facts: what the method says of itself: explained variance, divergence, inertia, …
    """

    method: str
    y: np.ndarray
    options: Mapping[str, Any]
    facts: Mapping[str, float]


def embed(
    x: np.ndarray,
    method: str = "tsne",
    *,
    labels: np.ndarray | None = None,
    dimensions: int = 2,
    seed: int = 0,
    **options: Any,
) -> Embedding:
    """Reduce points to few numbers.

    Args:
      x: [n, d] finite numbers, scaled as distances shall count.
      method: one of `METHODS`.
      labels: [n] classes; for "lda" only.
      dimensions: of the result; layouts (t-SNE, SNE) are plane.
      seed: of whatever is drawn.
      options: those in `OPTIONS` of the method; `engine` "sklearn" or "opentsne" approximates t-SNE.

    Raises:
      UserError: an unknown method or option, or data that the method cannot take.
    """
    checks.choice("method", method, METHODS)
    _require_readers(method, options)
    if method in LAYOUTS:
        if dimensions != 2:
            raise UserError(
                f"{dimensions} dimensions were asked for, but {method} lays points out in the plane: use 2."
            )
        return _layout(x, method, seed, **options)
    chosen = {"dimensions": dimensions, "seed": seed, **options}
    if method == "umap":
        return Embedding(method, engines.umap(x, **chosen), chosen, {})
    fitted = linear.fit(x, method, dimensions, labels=labels, seed=seed)
    chosen = chosen if method in DRAWING else {"dimensions": dimensions}
    return Embedding(method, fitted.encode(x), chosen, fitted.facts)


def embed_all(
    x: np.ndarray,
    method: str,
    settings: list[population.Setting],
    *,
    engine: str = "exact",
    init: str = "pca",
    support: str = "all",
    iterations: int = population.ITERATIONS,
    observe: Callable[[int, np.ndarray], Any] | None = None,
) -> list[Embedding]:
    """Lay points out by t-SNE or SNE once for every setting: as one program, or by an engine one after the other.

    Raises:
      UserError: see `lay_out` and `engines.approximate`.
    """
    checks.choice("engine", engine, engines.ENGINES)
    if engine != "exact":
        found = [engines.approximate(x, setting, engine, init) for setting in settings]
        return [
            Embedding(method, y, _named(setting) | {"init": init, "engine": engine}, {"divergence": divergence})
            for setting, (y, divergence) in zip(settings, found, strict=True)
        ]
    made = population.lay_out(x, settings, method, init=init, support=support, iterations=iterations, observe=observe)
    return [
        Embedding(method, y, _named(setting) | {"init": init, "support": support}, {"divergence": float(divergence)})
        for setting, y, divergence in zip(made.settings, made.y, made.divergence, strict=True)
    ]


def _layout(x: np.ndarray, method: str, seed: int, **options: Any) -> Embedding:
    names = ("perplexity", "exaggeration", "learning_rate")
    setting = population.Setting(seed=seed, **{name: options.pop(name) for name in names if name in options})
    return embed_all(x, method, [setting], **options)[0]


def _named(setting: population.Setting) -> dict[str, Any]:
    return {name: value for name, value in vars(setting).items() if value is not None}


def _require_readers(method: str, options: Mapping[str, Any]) -> None:
    """Refuse options that the method does not read."""
    read = OPTIONS.get(method, ())
    for name in options:
        if name not in read:
            owners = [other for other, names in OPTIONS.items() if name in names]
            hint = f"it belongs to {' and '.join(owners)}" if owners else f"it reads {', '.join(read) or 'none'}"
            raise UserError(f"{method} has no option {name!r}: {hint}; leave it out.")

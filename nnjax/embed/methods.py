"""Embedding methods: one record each, and `embed(x, method)`."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.embed import checks, external_libraries, linear, tsne


class Embedding(NamedTuple):
    """One embedding of a data set.

    Attributes:
      method: its name.
      y: [n, k].
      options: what it was made with, by name.
      facts: what the method says of itself: explained variance, divergence, inertia, …
      held_out: [n] bool, the points whose classes a supervised method did not see; None where it read none, or all.
    """

    method: str
    y: np.ndarray
    options: Mapping[str, Any]
    facts: Mapping[str, float]
    held_out: np.ndarray | None = None


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
      options: those that the method reads (`METHODS`); `engine` "sklearn" or "opentsne" approximates t-SNE.

    Raises:
      UserError: an unknown method or option, or data that the method cannot take.
    """
    checks.choice("method", method, METHODS)
    unknown = [name for name in options if name not in METHODS[method].options]
    if unknown:
        read = METHODS[method].options
        owners = [other for other, record in METHODS.items() if unknown[0] in record.options]
        hint = f"it belongs to {' and '.join(owners)}" if owners else f"it reads {', '.join(read) or 'none'}"
        raise UserError(f"{method} has no option {unknown[0]!r}: {hint}; leave it out.")
    return METHODS[method].embed(x, method, labels, dimensions, seed, **options)


def embed_all(
    x: np.ndarray,
    method: str,
    settings: list[tsne.LayoutConfig],
    *,
    engine: str = "exact",
    init: str = "pca",
    support: str = "all",
    iterations: int = tsne.ITERATIONS,
    observe: Callable[[int, np.ndarray], Any] | None = None,
) -> list[Embedding]:
    """Lay points out by t-SNE or SNE once for every setting: as one program, or by an engine one after the other.

    Raises:
      UserError: see `lay_out` and `external_libraries.approximate`.
    """
    checks.choice("engine", engine, external_libraries.ENGINES)
    if engine == "exact":
        made = tsne.lay_out(x, settings, method, init=init, support=support, iterations=iterations, observe=observe)
        found, how = list(zip(made.settings, made.y, made.divergence, strict=True)), {"init": init, "support": support}
    else:
        found = [(setting, *external_libraries.approximate(x, setting, engine, init)) for setting in settings]
        how = {"init": init, "engine": engine}
    return [Embedding(method, y, _named(setting) | how, {"divergence": float(value)}) for setting, y, value in found]


def _layout(
    x: np.ndarray, method: str, labels: np.ndarray | None, dimensions: int, seed: int, **options: Any
) -> Embedding:
    if dimensions != 2:
        raise UserError(f"{dimensions} dimensions were asked for, but {method} lays points out in the plane: use 2.")
    names = ("perplexity", "exaggeration", "learning_rate")
    setting = tsne.LayoutConfig(seed=seed, **{name: options.pop(name) for name in names if name in options})
    return embed_all(x, method, [setting], **options)[0]


def _named(setting: tsne.LayoutConfig) -> dict[str, Any]:
    return {name: value for name, value in vars(setting).items() if value is not None}


def _umap(
    x: np.ndarray, method: str, labels: np.ndarray | None, dimensions: int, seed: int, **options: Any
) -> Embedding:
    chosen = {"dimensions": dimensions, "seed": seed, **options}
    return Embedding(method, external_libraries.umap(x, **chosen), chosen, {})


def _linear(x: np.ndarray, method: str, labels: np.ndarray | None, dimensions: int, seed: int) -> Embedding:
    fitted = linear.fit(x, method, dimensions, labels=labels, seed=seed)
    drawn = {"seed": seed} if METHODS[method].seeded else {}
    return Embedding(method, fitted.encode(x), {"dimensions": dimensions, **drawn}, fitted.facts)


def embed_held_out(x: np.ndarray, method: str, labels: np.ndarray | None, dimensions: int, seed: int = 0) -> Embedding:
    """Fit a supervised method on half of the points, drawn by class, and embed all of them.

    Raises:
      UserError: as `linear.fit`, or a class has one point.
    """
    from sklearn.model_selection import StratifiedShuffleSplit

    known = linear.known_classes(labels)
    classes, sizes = np.unique(known, return_counts=True)
    if sizes.min() < 2:
        raise UserError(
            f"Class {classes[sizes.argmin()]} has one point, but {title_of(method)} is fitted on half of the points of "
            "each class and measured on the others: leave that class out, or give more points."
        )
    split = StratifiedShuffleSplit(1, test_size=0.5, random_state=seed)
    seen = next(split.split(x, known))[0]
    held_out = np.ones(len(x), bool)
    held_out[seen] = False
    fitted = linear.fit(x[seen], method, dimensions, labels=known[seen])
    return Embedding(method, fitted.encode(x), {"dimensions": dimensions}, fitted.facts, held_out)


class Method(NamedTuple):
    """A way to embed."""

    title: str  # what reports call it
    embed: Callable[..., Embedding]  # (x, method, labels, dimensions, seed, **options) -> the embedding
    options: tuple[str, ...] = ()  # names of those that it reads
    seeded: bool = False  # whether a seed changes the result
    # imports the library that it needs, or says which extra brings it
    library: Callable[[], Any] = external_libraries.included
    is_layout: bool = False  # whether many settings of it are laid out as one program (`embed_all`)
    supervised: bool = False  # whether it reads the classes, so that only points which it did not see can judge it


_SNE_OPTIONS = ("perplexity", "exaggeration", "learning_rate", "init", "support", "iterations")
METHODS = {
    "pca": Method("PCA", _linear),
    "lda": Method("LDA", _linear, supervised=True),
    "ica": Method("ICA", _linear, seeded=True),
    "kmeans": Method("k-means", _linear, seeded=True),
    "tsne": Method("t-SNE", _layout, (*_SNE_OPTIONS, "engine"), seeded=True, is_layout=True),
    "sne": Method("SNE", _layout, _SNE_OPTIONS, seeded=True, is_layout=True),
    "umap": Method(
        "UMAP", _umap, ("neighbors", "min_dist", "metric"), seeded=True, library=external_libraries.import_umap
    ),
}
LAYOUTS = tuple(name for name, method in METHODS.items() if method.is_layout)


def title_of(method: str) -> str:
    """What reports call a method; an embedding made elsewhere has its own name."""
    return METHODS[method].title if method in METHODS else method

"""Trained dense networks as data for a page's script: weights, scalers, examples, and what can be moved."""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from nnjax.core.columns import Column, TableRecipe
from nnjax.core.types import DataFacts, Scaler
from nnjax.data.new_rows import recipe_of
from nnjax.models.dense import code_layer
from nnjax.models.registry import traits_of
from nnjax.nn.activations import ACTIVATIONS
from nnjax.report.charts.array_images import one_of_each
from nnjax.report.charts.palettes import class_color
from nnjax.report.snapshots import NetworkSnapshot, full_scale

MOST_BYTES = 3_000_000  # of the weights of one page
MOST_EPOCH_BYTES = 500_000  # of the weights of the epochs that were kept of one network
MAX_SIDE = 64  # pixels of an image that is drawn on
MAX_FIELDS = 60  # inputs of a table that have a slider each
FEW_NUMBERS = 16  # of a code: each has a slider; of wider ones the first principal axes
AXES = 8
EXAMPLES = 30
POINTS = 400  # of a plane
SHARE = 0.9  # of the errors that an interval holds


def interactive_networks(some: Sequence[NetworkSnapshot]) -> list[dict[str, Any]]:
    """Describe the networks that a page can compute, the best of each goal and architecture, in JSON's own types.

    Args:
      some: network snapshots, the best of each goal first.

    Returns:
      One dictionary a network; none for convolutions, models of one's own, and inputs that are no picture or table.
    """
    found: list[dict[str, Any]] = []
    taken = 0
    for snapshot in _different(one for one in some if can_play(one)):
        size = 4 * sum(leaf.size for layer in snapshot.params.values() for leaf in layer.values())
        if not found or taken + size <= MOST_BYTES:
            found.append(describe(snapshot))
            taken += size
    return found


def can_play(snapshot: NetworkSnapshot) -> bool:
    """Whether a page can compute a network and has something to move: pixels, a table's columns, a plane."""
    model, facts = snapshot.setting.experiment.model, snapshot.prepared.facts()
    known = traits_of(model).is_dense and {model.activation, model.output_activation} <= set(ACTIVATIONS)
    if not known or model.dtype == "bfloat16" or facts.parts:
        return False
    if facts.image_shape is not None:
        return max(facts.image_shape) <= MAX_SIDE
    return snapshot.goal != "reconstruction" and facts.num_inputs <= MAX_FIELDS


def _different(some: Iterable[NetworkSnapshot]) -> list[NetworkSnapshot]:
    """Keep the first of each goal and architecture, goals in turn, so that all are shown before any is twice."""
    first: dict[Any, NetworkSnapshot] = {}
    for one in some:
        first.setdefault((one.goal, one.setting.experiment.model.widths), one)
    goals = list(dict.fromkeys(one.goal for one in first.values()))
    places: dict[str, int] = dict.fromkeys(goals, 0)
    order = []
    for one in first.values():
        order.append((places[one.goal], goals.index(one.goal), one))
        places[one.goal] += 1
    return [one for _, _, one in sorted(order, key=lambda each: each[:2])]


def describe(snapshot: NetworkSnapshot) -> dict[str, Any]:
    """Describe one network."""
    model, prepared, facts = snapshot.setting.experiment.model, snapshot.prepared, snapshot.prepared.facts()
    layers = _layers(snapshot.params)
    found: dict[str, Any] = {
        "label": snapshot.label,
        "trial": snapshot.trial,
        "goal": snapshot.goal,
        "sizes": [layers[0]["kernel"].shape[0], *(layer["bias"].shape[0] for layer in layers)],
        "activations": [model.activation] * (len(layers) - 1) + [model.output_activation],
        "weights": _encoded(_numbers(layers)),
        "x": _scaler(prepared.x_scaler),
        "part": snapshot.part,
        "computed_by": snapshot.weights,
        "classes": list(prepared.dataset.classes),
        "targets": list(facts.targets),
        "image": facts.image_shape,
        "white": full_scale(prepared) if facts.image_shape else None,
    }
    if snapshot.goal == "regression":
        found |= {"y": _scaler(prepared.y_scaler), "interval": interval(snapshot)}
    if snapshot.codes is not None:
        found["code"] = _code(snapshot, code_layer(model))
    if facts.image_shape is not None:
        return found | {"examples": _examples(snapshot)}
    plane = {"plane": _points(snapshot), "epochs": _epochs(snapshot)} if facts.num_inputs == 2 else {}
    return found | {"fields": fields(facts, prepared.dataset.x[prepared.train])} | plane


def _layers(params: Any) -> list[Any]:
    return [params[f"layer_{place}"] for place in range(len(params))]


def _numbers(layers: Sequence[Any]) -> np.ndarray:
    """Lay kernel and bias of all layers out one after another."""
    return np.concatenate([part for layer in layers for part in (np.ravel(layer["kernel"]), np.ravel(layer["bias"]))])


def _epochs(snapshot: NetworkSnapshot) -> list[dict[str, Any]]:
    """Give the weights of the epochs that were kept, in order; of large networks fewer, the last among them."""
    found = sorted(snapshot.epochs.items())
    size = 4 * sum(leaf.size for layer in snapshot.params.values() for leaf in layer.values())
    found = found[:: -max(1, -(-len(found) * size // MOST_EPOCH_BYTES))][::-1]
    return [{"epoch": epoch, "weights": _encoded(_numbers(_layers(params)))} for epoch, params in found]


def _encoded(numbers: np.ndarray) -> str:
    return base64.b64encode(numbers.astype("<f4").tobytes()).decode("ascii")


def _scaler(scaler: Scaler) -> dict[str, Any]:
    """Write a scaler's numbers: one, or one a column."""
    scale = np.asarray(scaler.scale, np.float64)
    return {"mean": np.asarray(scaler.mean, np.float64).tolist(), "scale": scale.tolist()}


def interval(snapshot: NetworkSnapshot) -> dict[str, Any]:
    """Give for each target the error that a share of a regression's examples do not exceed, in its own units."""
    errors = np.abs(snapshot.outputs - snapshot.targets.reshape(len(snapshot.outputs), -1))
    widths = np.quantile(errors, SHARE, axis=0, method="higher")
    return {"share": SHARE, "widths": np.asarray(widths, float).tolist(), "count": len(errors)}


def _code(snapshot: NetworkSnapshot, layer: int) -> dict[str, Any]:
    """Give the range of each number of a code, and of a wide one its principal axes (unit vectors) with theirs."""
    codes = np.nan_to_num(np.asarray(snapshot.codes, np.float64))
    if codes.shape[1] <= FEW_NUMBERS:
        return {"layer": layer, "low": codes.min(axis=0).tolist(), "high": codes.max(axis=0).tolist()}
    mean = codes.mean(axis=0)
    _, axes = np.linalg.eigh((codes - mean).T @ (codes - mean))
    axes = axes[:, : -AXES - 1 : -1]
    places = (codes - mean) @ axes
    return {
        "layer": layer,
        "mean": mean.tolist(),
        "axes": axes.T.tolist(),
        "low": places.min(axis=0).tolist(),
        "high": places.max(axis=0).tolist(),
    }


def _examples(snapshot: NetworkSnapshot) -> dict[str, Any]:
    """Give some raw images of the part, one of each class first."""
    labels = snapshot.labels
    chosen = list(one_of_each(labels, len(snapshot.rows), EXAMPLES))
    raw = snapshot.prepared.dataset.x[snapshot.rows[chosen]]
    classes = snapshot.prepared.dataset.classes
    names = [f"example {place + 1}" for place in range(len(chosen))]
    if labels is not None:
        names = [f"{name}: {classes[labels[i]]}" for name, i in zip(names, chosen, strict=True)]
    return {"names": names, "pixels": _encoded(np.ravel(raw))}


def _points(snapshot: NetworkSnapshot) -> dict[str, Any]:
    """Give the examples of a plane: both inputs, and the class or the target."""
    rows = snapshot.rows[:POINTS]
    x, y = snapshot.prepared.dataset.x[rows], snapshot.prepared.dataset.y
    values = [] if y is None else np.asarray(y[rows], float).reshape(len(rows), -1)[:, 0].tolist()
    colors = [class_color(place) for place in range(len(snapshot.prepared.dataset.classes))]
    return {"x": np.asarray(x, float).tolist(), "y": values, "colors": colors}


def fields(facts: DataFacts, x: np.ndarray) -> list[dict[str, Any]]:
    """Describe what can be moved of a table's row: a number with its range in x [n, d], or a choice of categories."""
    recipe = recipe_of(facts) or TableRecipe(tuple(Column(f"input {place + 1}") for place in range(facts.num_inputs)))
    out, start = [], 0
    for column in recipe.columns:
        width = len(column.inputs)
        out.append(_field(column, start, np.asarray(x[:, start : start + width], np.float64)))
        start += width
    return out


def _field(column: Column, start: int, values: np.ndarray) -> dict[str, Any]:
    """Describe the input of a table's column: a choice, or a number with its range."""
    common = {"name": column.name, "first": start, "missing": column.missing_input}
    if column.kind == "category":
        counts = np.nansum(values[:, : len(column.categories)], axis=0)
        return common | {"categories": list(column.categories), "start": int(counts.argmax())}
    known = values[:, 0][np.isfinite(values[:, 0])]
    known = known if known.size else np.zeros(1)
    if column.kind in ("ordered", "boolean"):
        names = list(column.categories) or ["0", "1"]
        return common | {"levels": names, "start": int(np.round(np.median(known)))}
    low, high = float(known.min()), float(known.max())
    whole = bool((known == np.round(known)).all())
    return common | {"low": low, "high": high, "start": float(np.median(known)), "whole": whole}

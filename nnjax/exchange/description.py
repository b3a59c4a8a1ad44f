"""Write and read the description of a network beside its file of weights: FILE.json.

{"format": 1, "sha256": of FILE, "inputs": a sentence,
 "architecture": {"model": …} or {"input_shape": …, "layers": […]},
 "facts": {"num_inputs": …, "task": …, "classes": …, "x_scaler": …, …}}

It may be written by hand for weights from elsewhere: "format", "architecture" and "num_inputs" are all that it needs.
"""

import dataclasses
import hashlib
import json
import math
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.checks.invalid_values import validate
from nnjax.core.archives import DAMAGE, describe
from nnjax.core.coercion import coerce
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.fields import field_types, replace
from nnjax.core.types import DataFacts
from nnjax.data.files import read_bytes
from nnjax.data.targets import TASKS
from nnjax.exchange.network import Architecture, num_outputs
from nnjax.models.imported import LARGEST, Stack
from nnjax.models.imported_layers import LAYERS, Layer
from nnjax.runs.data_json import facts_from_json, facts_to_json

FORMAT = 1
MEMBER = "member_"  # prefix of the arrays of an ensemble's members
INPUTS = "float32 [b, num_inputs], raw, as they lie in the data: scaling by x_scaler, (x - mean) * scale, is part of it"
SCALED_INPUTS = (
    "float32 [b, num_inputs]; where a scaler's dtype is float64, the program takes inputs that are scaled already, "
    "(x - mean) * scale in float64, and gives outputs that are still scaled: y = output / scale + mean"
)
IDENTITY = {"mean": 0.0, "scale": 1.0}
DEFAULTS: dict[str, Any] = {
    **{"name": "", "source": "", "sha256": "", "task": "none", "num_targets": 0, "sizes": [0, 0, 0]},
    **{"x_scaler": IDENTITY, "y_scaler": IDENTITY, "classes": [], "features": [], "targets": []},
    **{"image_shape": None},
}


class Part(NamedTuple):
    """A member of an ensemble: architecture and facts as in `Network`, and its weight in the mean."""

    architecture: Architecture
    facts: DataFacts
    weight: float


class Description(NamedTuple):
    """A network without its weights."""

    architecture: Architecture  # architecture, facts: as in `Network`; of an ensemble its first member's
    facts: DataFacts
    sha256: str | None  # hex digest of the file beside it; None where that was not written down
    members: tuple[Part, ...] = ()  # of an ensemble, whose arrays are named "member_0/…"; () of a single network


def path_of(path: str | os.PathLike[str]) -> pathlib.Path:
    """Name the JSON file beside a file."""
    return pathlib.Path(f"{os.fspath(path)}.json")


def to_json(architecture: Architecture, facts: DataFacts, content: bytes, members: Sequence[Part] = ()) -> str:
    """Describe the network whose weights or program `content` is. Where its data lay on this machine is left out."""
    whole = {
        "format": FORMAT,
        "sha256": hashlib.sha256(content).hexdigest(),
        "inputs": SCALED_INPUTS if facts.x_scaler.wide or facts.y_scaler.wide else INPUTS,
        "architecture": _tree(architecture),
        "facts": facts_to_json(dataclasses.replace(facts, source="")),
    }
    if members:
        whole["ensemble"] = [
            {"weight": one.weight, "architecture": _tree(one.architecture), **_scalers(facts_to_json(one.facts))}
            for one in members
        ]
    return json.dumps(whole, indent=1) + "\n"


def _tree(architecture: Architecture) -> dict[str, Any]:
    if isinstance(architecture, Stack):
        layers = [{"type": type(layer).__name__, **vars(layer)} for layer in architecture.layers]
        return {"input_shape": architecture.input_shape, "layers": layers}
    return {"model": dataclasses.asdict(architecture)}


def _scalers(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tree[name] for name in ("x_scaler", "y_scaler")}


def read(path: str | os.PathLike[str], content: bytes) -> Description:
    """Read the description of a file with a content; UserError if it is none, or another's."""
    beside = path_of(path)
    if not beside.is_file():
        raise UserError(f"{path} has no {beside.name} beside it, which says what network it is; bring that file too.")
    try:
        found = from_json(json.loads(read_bytes(beside)))
    except UserError as error:
        raise UserError(f"{beside} describes no network: {error}") from None
    except DAMAGE as error:
        raise UserError(f"{beside} describes no network ({describe(error)}).") from None
    if found.sha256 not in (None, hashlib.sha256(content).hexdigest()):
        raise UserError(
            f"{path} is not the file that {beside.name} describes (its SHA-256 differs); bring a good copy."
        )
    return found


def from_json(tree: Any) -> Description:
    """Parse what `to_json` wrote; every value is checked, since the file may be untrusted.

    Raises:
      UserError: it is of another format, or a value is impossible.
      DAMAGE: it is not laid out like a description.
    """
    if tree["format"] != FORMAT:
        raise UserError(f"its format is {tree['format']!r}, but {FORMAT} was expected.")
    architecture, facts = _checked(tree["architecture"], tree["facts"])
    sha256 = tree.get("sha256")
    if not isinstance(sha256, str | None):
        raise UserError("its sha256 is not a text.")
    members = tuple(_member(one, tree["facts"]) for one in tree.get("ensemble", ()))
    if members and not math.isclose(sum(one.weight for one in members), 1, abs_tol=1e-6):
        raise UserError("the weights of its members do not add up to 1.")
    if any(num_outputs(one.architecture, one.facts) != num_outputs(architecture, facts) for one in members):
        raise UserError("its members have other numbers of outputs.")
    return Description(architecture, facts, sha256, members)


def _member(tree: Mapping[str, Any], facts: Mapping[str, Any]) -> Part:
    """Read a member of an ensemble, whose facts are the ensemble's but for the scalers."""
    weight = tree["weight"]
    if not isinstance(weight, float | int) or not 0 < weight <= 1:
        raise UserError(f"the weight of a member is {weight!r}.")
    return Part(*_checked(tree["architecture"], {**facts, **_scalers(tree)}), float(weight))


def _checked(architecture_tree: Any, facts_tree: Any) -> tuple[Architecture, DataFacts]:
    architecture, facts = _architecture(architecture_tree), _facts(facts_tree)
    width = num_outputs(architecture, facts)
    for name, scaler, size in (("x", facts.x_scaler, facts.num_inputs), ("y", facts.y_scaler, width)):
        if any(part.shape not in ((), (size,)) or not np.isfinite(part).all() for part in scaler):
            raise UserError(f"its {name}_scaler has other than {size} finite numbers.")
    if facts.task == "classification" and not isinstance(architecture, Stack) and len(facts.classes) < 2:
        raise UserError("its task is classification, but it names fewer than two classes.")
    return architecture, facts


def _architecture(tree: Mapping[str, Any]) -> Architecture:
    if "model" in tree:
        paths = {f"model.{name}": value for name, value in tree["model"].items()}
        experiment = replace(Experiment(), paths)
        validate(experiment)
        return experiment.model
    shape = coerce(tree["input_shape"], tuple[int, ...], "input_shape")
    stack = Stack(shape, tuple(map(_layer, tree["layers"])))
    if not shape or not all(0 < side <= LARGEST for side in shape) or math.prod(shape) > LARGEST:
        raise UserError(f"its input_shape is {shape}.")
    stack.weights()
    return stack


def _layer(tree: Mapping[str, Any]) -> Layer:
    options = {name: value for name, value in tree.items() if name != "type"}
    if tree["type"] not in LAYERS:
        raise UserError(f"it has a layer {tree['type']!r}, which is not one of {', '.join(LAYERS)}.")
    kind = LAYERS[tree["type"]]
    hints = field_types(kind)
    unknown = sorted(set(options) - set(hints))
    if unknown:
        raise UserError(f"its layer {tree['type']} has an option {unknown[0]!r}; it knows {', '.join(hints)}.")
    typed = {name: coerce(value, hints[name], name) for name, value in options.items()}
    return kind(**{name: _bounded(value, name) for name, value in typed.items()})


def _bounded(value: Any, name: str) -> Any:
    numbers = value if isinstance(value, tuple) else (value,)
    if any(isinstance(number, int | float) and not abs(number) < 2**31 for number in numbers):
        raise UserError(f"its {name} is {value!r}.")
    return value


def _facts(tree: Mapping[str, Any]) -> DataFacts:
    """Read the facts of the data, and refuse what no data could have."""
    unknown = sorted(set(tree) - {field.name for field in dataclasses.fields(DataFacts)} - {"categories"})
    if unknown:
        raise UserError(f"its facts have a field {unknown[0]!r}, which is unknown.")
    whole = {**DEFAULTS, **tree}
    counts = [whole["num_inputs"], whole["num_targets"], *whole["sizes"], *(whole["image_shape"] or ())]
    if not all(type(count) is int and 0 <= count <= LARGEST for count in counts) or not whole["num_inputs"]:
        raise UserError("its numbers of inputs, targets or examples are not possible whole numbers.")
    texts = [whole["name"], whole["source"], whole["sha256"]]
    for name in ("classes", "features", "targets"):
        texts += _listed(whole[name], name)
    if not all(isinstance(text, str) for text in texts) or whole["task"] not in TASKS:
        raise UserError("its names are not texts, or its task is unknown.")
    facts = facts_from_json(whole)
    widths = ((facts.features, facts.num_inputs), (facts.image_shape, 2))
    if any(found and len(found) != expected for found, expected in widths):
        raise UserError(f"it names {len(facts.features)} features of {facts.num_inputs} inputs.")
    if facts.recipe is not None and len(facts.recipe.inputs) != facts.num_inputs:
        raise UserError(f"its columns make {len(facts.recipe.inputs)} inputs, but it has {facts.num_inputs}.")
    return facts


def _listed(values: Any, name: str) -> list[Any]:
    if not isinstance(values, list):
        raise UserError(f"its {name} are not a list.")
    return values

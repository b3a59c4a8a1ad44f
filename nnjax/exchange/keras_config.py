"""Parse Keras 3's description of a model as a chain of layers: as data, never as code.

The arrays of a layer lie in its group of the weights file, "layers/conv2d_1/vars": the name of its class in small
letters, and how many of this class came before it in the same model.
"""

import re
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple

from nnjax.core.errors import UserError
from nnjax.exchange.keras_layers import IDENTITIES, LAYERS
from nnjax.models.imported_layers import Layer, Shape

Tree = Mapping[str, Any]
MODELS = ("Sequential", "Functional", "Model")
DEEPEST = 10  # models within models


class Placed(NamedTuple):
    """A layer, and the group of the weights file in which its arrays lie."""

    layer: Layer
    group: str


def read_config(tree: Tree) -> tuple[Shape, list[Placed]]:
    """Read what `model.to_json()` says, or config.json of a .keras file: the input's shape, and the layers in order.

    Raises:
      UserError: the model is no chain, its input has no fixed shape, or it has a layer or option that is not known.
      LookupError, TypeError, AttributeError, ValueError: it is not laid out like a model.
    """
    _refuse_foreign(tree)
    if tree["class_name"] not in MODELS:
        raise UserError(f"A Sequential or Functional model was expected, but it is a {str(tree['class_name'])!r}.")
    shape = _input_shape(tree["config"])
    return shape, list(_layers(tree["config"], tree["class_name"], "", 0, len(shape) + 1))


def _layers(config: Tree, kind: str, prefix: str, depth: int, rank: int) -> Generator[Placed, None, int]:
    """Go through the layers of a model, those of models within it too; return the axes of its output, as `rank`."""
    if depth > DEEPEST:
        raise UserError(f"It has models within models, more than {DEEPEST} deep.")
    listed, counts, groups = config["layers"], Counter[str](), {}
    for index, tree in enumerate(listed):
        name = snake_case(str(tree["class_name"]))
        groups[index] = f"{prefix}layers/{name}{f'_{counts[name]}' if counts[name] else ''}"
        counts[name] += 1
    for index in range(len(listed)) if kind == "Sequential" else _chain(config):
        tree = listed[index]
        _refuse_foreign(tree)
        if tree["class_name"] in MODELS:
            rank = yield from _layers(tree["config"], tree["class_name"], f"{groups[index]}/", depth + 1, rank)
        elif tree["class_name"] not in IDENTITIES:
            _refuse_precision(tree)
            for layer in LAYERS[tree["class_name"]](_with_last_axis(tree["config"], rank)):
                yield Placed(layer, f"{groups[index]}/vars")
            rank = _rank_after(tree, rank)
    return rank


def _with_last_axis(config: Tree, rank: int) -> Tree:
    """Return a layer's options, with an axis that is written as the last one (3 of images, [1] of rows) as -1."""
    axis = config.get("axis")
    axis = axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis
    return config if axis is None or axis not in (-1, rank - 1) else {**config, "axis": -1}


def _rank_after(tree: Tree, rank: int) -> int:
    """Count the axes of a layer's output, examples included."""
    if tree["class_name"] == "Reshape":
        return len(tree["config"]["target_shape"]) + 1
    pooled = str(tree["class_name"]).startswith("Global") and not tree["config"].get("keepdims")
    return 2 if tree["class_name"] == "Flatten" or pooled else rank


def snake_case(name: str) -> str:
    """Write a class's name as Keras writes it in weights files: LeakyReLU is leaky_re_lu, Conv2D is conv2d."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _refuse_foreign(tree: Tree) -> None:
    """Refuse a class that is not Keras's own, or not known here, by its name."""
    name, module = str(tree["class_name"]), tree.get("module")
    if not isinstance(module, str) or module.split(".")[0] != "keras":
        raise UserError(
            f"It has a layer {name!r} of {module!r}, which is not Keras's own; nothing of a file is executed."
        )
    if name not in LAYERS and name not in IDENTITIES and name not in MODELS:
        known = ", ".join(sorted({*LAYERS, *IDENTITIES} - {"InputLayer"}))
        raise UserError(f"It has a layer {name!r}, which is not read; those that are: {known}.")


def _refuse_precision(tree: Tree) -> None:
    policy = tree["config"].get("dtype", "float32")
    name = policy if isinstance(policy, str) else policy["config"]["name"]
    if name != "float32":
        raise UserError(f"Its layer {str(tree['class_name'])!r} computes in {name!r}, but float32 was expected.")


def _chain(config: Tree) -> list[int]:
    """Order the layers of a functional model, which must be a chain, from its input to its output."""
    layers, before = config["layers"], {}
    ends = [_ends(config[name]) for name in ("input_layers", "output_layers")]
    if any(len(names) != 1 for names in ends):
        raise UserError("The model has several inputs or outputs; only chains of layers are read.")
    indices = {tree["name"]: index for index, tree in enumerate(layers)}
    for index, tree in enumerate(layers):
        if tree["inbound_nodes"]:
            before[index] = indices[_source(tree)]
    order = [indices[ends[1][0]]]
    while order[-1] in before and len(order) <= len(layers):
        order.append(before[order[-1]])
    if sorted(order) != list(range(len(layers))) or order[-1] != indices[ends[0][0]]:
        raise UserError("The model branches; only chains of layers are read.")
    return order[::-1]


def _ends(value: Sequence[Any]) -> list[str]:
    """Name a model's inputs or outputs: ["name", 0, 0], or a list of such."""
    return [value[0]] if value and isinstance(value[0], str) else [one[0] for one in value]


def _source(tree: Tree) -> str:
    """Name the layer whose output a layer reads."""
    nodes = tree["inbound_nodes"]
    arguments = nodes[0]["args"]
    chained = len(nodes) == len(arguments) == 1 and isinstance(arguments[0], Mapping)
    if not chained or any(nodes[0].get("kwargs", {}).values()):
        raise UserError(f"Its layer {str(tree['name'])!r} is used more than once, or on more than one input.")
    return arguments[0]["config"]["keras_history"][0]


def _input_shape(config: Tree) -> Shape:
    """Find the shape of one example."""
    first = config["layers"][0]
    inner = first["config"]
    if first["class_name"] in MODELS:
        return _input_shape(inner)
    shape = inner.get("batch_shape") or config.get("build_input_shape")
    shape = shape or (first.get("build_config") or {}).get("input_shape")
    sides = tuple(shape[1:]) if shape else ()
    if not sides or not all(type(side) is int and 0 < side < 2**31 for side in sides):
        raise UserError(f"Its input has the shape {shape}, but fixed sides were expected.")
    return sides

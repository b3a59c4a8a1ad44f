"""Read files of Keras 3: a whole model (.keras), or weights (.weights.h5) beside a file of `model.to_json()`.

Read through h5py, whose library is C: only plain arrays that lie in the file itself are touched, and none that takes
more bytes than the file has. Nothing of a file is executed.
"""

import io
import json
import math
import os
import pathlib
from types import ModuleType
from typing import Any

import numpy as np

from nnjax.core.archives import DAMAGE, describe, read_members
from nnjax.core.errors import UserError
from nnjax.core.extras import require
from nnjax.core.types import DataFacts, Scaler
from nnjax.data.files import read_bytes
from nnjax.exchange import keras_config
from nnjax.exchange.network import Network, assemble
from nnjax.models.imported import Stack
from nnjax.models.imported_layers import Activation

CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"


def read(path: str | os.PathLike[str]) -> Network:
    """Read a network whose raw inputs are what the Keras model takes, flat; UserError if it cannot be read."""
    path = pathlib.Path(path)
    data = read_bytes(path)
    h5py = require("h5py", "nnjax[keras]", f"{path}, a file of Keras,")
    try:
        _refuse_keras_2(h5py, data, path)
        config, weights = _whole(data) if path.suffix == ".keras" else (_beside(path), data)
        shape, placed = keras_config.read_config(json.loads(config))
        stack = Stack(shape, tuple(layer for layer, _ in placed))
        arrays = _read_arrays(h5py, weights, stack, [group for _, group in placed])
        return assemble(stack, _facts(stack, path.name), arrays)
    except UserError as error:
        raise UserError(f"{path} cannot be used: {error}") from None
    except DAMAGE as error:
        raise UserError(f"{path} is not a file of Keras 3, or is damaged ({describe(error)}).") from None


def _refuse_keras_2(h5py: ModuleType, data: bytes, path: pathlib.Path) -> None:
    """Refuse files of Keras 2, whose layout is another one, with the version that made them."""
    version: Any = None
    if path.suffix == ".keras":
        members = read_members(data, (METADATA,))
        version = json.loads(members[METADATA])["keras_version"] if METADATA in members else None
    else:
        with h5py.File(io.BytesIO(data), "r") as file:
            version = file.attrs.get("keras_version")
            whole = "model_config" in file.attrs
            alone = "layer_names" in file.attrs and not whole
        version = version.decode("utf-8", "replace") if isinstance(version, bytes) else version
        if alone:
            by = f" of Keras {str(version).split('.')[0]} (version {version})" if version else ""
            raise UserError(
                f"It holds weights alone in the older HDF5 format{by}: build the same model in Keras 3, load them by "
                "model.load_weights('NAME.h5') (not .weights.h5), and save it by model.save('NAME.keras')."
            )
        if whole and not str(version).startswith("2."):
            raise UserError(
                "It holds a whole model in the older HDF5 format: load it with keras.models.load_model in Keras, and "
                "save it again by model.save('NAME.keras')."
            )
    if isinstance(version, str) and version.startswith(("1.", "2.")):
        raise UserError(
            f"It was made by Keras 2 (version {version}): load it with keras.models.load_model in Keras 3, and save it "
            "again by model.save('NAME.keras')."
        )


def _whole(data: bytes) -> tuple[bytes, bytes]:
    members = read_members(data, (CONFIG, WEIGHTS))
    for name in (CONFIG, WEIGHTS):
        if name not in members:
            raise UserError(f"It has no {name}; save the model again with model.save('NAME.keras') in Keras 3.")
    return members[CONFIG], members[WEIGHTS]


def _beside(path: pathlib.Path) -> bytes:
    """Find the JSON file beside weights: NAME.weights.h5.json or NAME.json."""
    stem = path.name.removesuffix(".h5").removesuffix(".weights")
    candidates = [path.with_name(f"{path.name}.json"), path.with_name(f"{stem}.json")]
    for candidate in candidates:
        if candidate.is_file():
            return read_bytes(candidate)
    raise UserError(f"It holds weights alone; write what model.to_json() says into {candidates[0].name} beside it.")


def _facts(stack: Stack, name: str) -> DataFacts:
    """Say what a model tells of its data: the widths, and classes by number where its last activation is a softmax."""
    none = Scaler(np.zeros((), np.float32), np.ones((), np.float32))
    width, outputs = math.prod(stack.input_shape), math.prod(stack.output_shape())
    image = (stack.input_shape[0], stack.input_shape[1]) if len(stack.input_shape) == 3 else None
    classes = tuple(map(str, range(outputs))) if stack.layers[-1:] == (Activation("softmax"),) and outputs > 1 else ()
    task = "classification" if classes else "none"
    return DataFacts(name, "", "", task, width, 0, (0, 0, 0), none, none, classes, image_shape=image)


def _read_arrays(h5py: ModuleType, data: bytes, stack: Stack, groups: list[str]) -> dict[str, np.ndarray]:
    """Read the arrays of all layers by name ("layer_0/kernel")."""
    found = {}
    with h5py.File(io.BytesIO(data), "r") as file:
        for layer, arrays in stack.weights().items():
            group = groups[int(layer.removeprefix("layer_"))]
            for number, (name, shape) in enumerate(arrays.items()):
                found[f"{layer}/{name}"] = _read_array(h5py, file, f"{group}/{number}", shape)
    return found


def _read_array(h5py: ModuleType, file: Any, path: str, shape: tuple[int, ...]) -> np.ndarray:
    node = file
    for part in path.split("/"):
        if not isinstance(node, h5py.Group) or not isinstance(node.get(part, getlink=True), h5py.HardLink):
            raise UserError(f"Its weights have no array {path} of their own.")
        node = node[part]
    if not isinstance(node, h5py.Dataset) or node.shape != shape:
        raise UserError(f"Its array {path} has the shape {getattr(node, 'shape', None)}, but {shape} was expected.")
    plain = node.dtype.kind == "f" and not node.is_virtual and not node.external
    if not plain or node.id.get_storage_size() != node.size * node.dtype.itemsize:
        raise UserError(f"Its array {path} is not stored as plain floats.")
    return node[()].astype(np.float32)

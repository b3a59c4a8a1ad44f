"""Read the weights that a trial starts from: a run's NPZ, safetensors, or a file of Keras 3."""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from nnjax.core.archives import DAMAGE
from nnjax.core.errors import UserError
from nnjax.core.experiment import TrialSpec
from nnjax.core.object_refs import is_path
from nnjax.data.files import read_bytes
from nnjax.exchange import files, keras_file, weights_file
from nnjax.exchange.network import Network
from nnjax.models.imported import Stack
from nnjax.models.imported_layers import Activation, BatchNormalization, Conv2D, Dense
from nnjax.nn.activations import activation_of
from nnjax.runs.folder import FolderStore
from nnjax.train.storage import named_arrays, npz


def read_weights(path: str) -> Mapping[str, np.ndarray]:
    """Read arrays by the names of a run's checkpoint: "final/layer_0/kernel".

    Raises:
      UserError: the file is not there, damaged, or holds layers that nnjax does not train.
    """
    suffix = pathlib.Path(path).suffix
    if suffix == ".safetensors":
        arrays = weights_file.from_bytes(read_bytes(pathlib.Path(path)), path)
    elif suffix in (".keras", ".h5"):
        arrays = trained_arrays(keras_file.read(path), path)
    else:
        return npz.read(pathlib.Path(path))[0]
    return {_held_name(name): array for name, array in arrays.items()}


def _held_name(name: str) -> str:
    """Name an array of a file as a run's checkpoint does."""
    state = name.removeprefix(weights_file.STATE)
    return f"{named_arrays.FINAL}{name}" if state == name else f"{named_arrays.FINAL_STATE}{state}"


def remarks(specs: Sequence[TrialSpec]) -> list[str]:
    """Warn of trials that start from weights of networks with other activations, where these are known."""
    chosen = {(s.experiment.start_weights, s.experiment.model.activation) for s in specs if _is_comparable(s)}
    out = []
    for path, activation in sorted((str(path), str(activation)) for path, activation in chosen):
        known = _activations(pathlib.Path(path))
        if known and activation not in known:
            out.append(
                f"warning: The weights of {path} were trained with the activation {' and '.join(sorted(known))}, but "
                f"the hidden layers that start from them have {activation}: set the same, unless that is meant."
            )
    return out


def _is_comparable(spec: TrialSpec) -> bool:
    model = spec.experiment.model
    return spec.experiment.start_weights is not None and bool(model.widths) and not is_path(model.kind)


def _activations(path: pathlib.Path) -> set[str]:
    """Find the activations of the hidden layers of the network whose weights a file holds; empty if nobody says."""
    try:
        if path.suffix == ".npz":
            specs = FolderStore(path.parent.parent).read_config().specs
            return {str(specs[int(path.stem.removeprefix("weights_"))].experiment.model.activation)}
        architecture = files.load(path).architecture
    except DAMAGE:
        return set()
    if isinstance(architecture, Stack):
        return {_name_of(layer) for layer in architecture.layers[:-1] if isinstance(layer, Activation)}
    return {str(architecture.activation)}


def _name_of(layer: Activation) -> str:
    """Name an activation as `ModelConfig` does, a leaky ReLU of another slope than ours with it."""
    if layer.name != "leaky_relu" or np.isclose(activation_of(layer.name)(np.array(-1.0)), -layer.value):
        return layer.name
    return f"leaky_relu of slope {layer.value:g}"


def trained_arrays(network: Network, path: str) -> dict[str, np.ndarray]:
    """Name a chain's kernels and biases as the network of the same layers does that nnjax trains; no bias is zeros.

    With two convolutions before dense layers that is lenet5_modern, else a network of layers in order.
    """
    stack = network.architecture
    assert isinstance(stack, Stack)
    if any(isinstance(layer, BatchNormalization) for layer in stack.layers):
        raise UserError(f"No trial can start from {path}: nnjax trains no layer BatchNormalization.")
    known = [i for i, layer in enumerate(stack.layers) if isinstance(layer, Dense | Conv2D)]
    convolutions = sum(isinstance(stack.layers[i], Conv2D) for i in known)
    names = [f"layer_{number}" for number in range(len(known))]
    if convolutions == 2 and len(known) > 2:
        names = ["C1", "C3", *(f"dense_{number}" for number in range(len(known) - 3)), "output"]
    found: dict[str, np.ndarray] = {}
    for name, index in zip(names, known, strict=True):
        layer = network.params[f"layer_{index}"]
        found[f"{name}/kernel"] = layer["kernel"]
        found[f"{name}/bias"] = layer.get("bias", np.zeros(layer["kernel"].shape[-1:], np.float32))
    return found

"""Write an ensemble as one file: a program, or the weights of all members ("member_0/layer_0/kernel")."""

import os
import pathlib
from collections.abc import Callable, Sequence

import numpy as np
import safetensors.numpy

from nnjax.core.errors import UserError
from nnjax.core.files import check_out, write_atomically
from nnjax.core.types import Array
from nnjax.exchange import description, onnx_file, program, weights_file
from nnjax.exchange.ensemble.lanes import is_wide, traced_mean
from nnjax.exchange.network import Network, traced_outputs


def save(networks: Sequence[Network], weights: np.ndarray, path: str | os.PathLike[str]) -> None:
    """Write an ensemble in the format of the path's ending, and FILE.json, which says what it is."""
    out = pathlib.Path(check_out(path, *WRITERS))
    content = WRITERS[out.suffix](networks, weights)
    write_atomically(out, content)
    first = networks[0]
    members = tuple(description.Part(n.architecture, n.facts, float(w)) for n, w in zip(networks, weights, strict=True))
    write_atomically(description.path_of(out), description.to_json(first.architecture, first.facts, content, members))


def _refuse_wide(networks: Sequence[Network]) -> None:
    if any(map(is_wide, networks)):
        raise UserError(
            "The ensemble's inputs or targets are scaled in float64, outside of a program: write FILE.safetensors, or "
            "export its members one by one (run.export(path, trial=N))."
        )


def _onnx(networks: Sequence[Network], weights: np.ndarray) -> bytes:
    """Convert the members one after the other: jax2onnx has no rules for layers under vmap."""
    _refuse_wide(networks)
    own = [traced_outputs(one) for one in networks]

    def function(x: Array) -> Array:
        return sum(np.float32(w) * apply(x) for w, apply in zip(weights, own, strict=True))  # type: ignore[return-value]

    return onnx_file.function_to_bytes(function, networks[0].facts.num_inputs, networks[0].facts.x_scaler)


def _program(networks: Sequence[Network], weights: np.ndarray) -> bytes:
    _refuse_wide(networks)
    return program.function_to_bytes(traced_mean(networks, weights), networks[0].facts.num_inputs)


def _weights(networks: Sequence[Network], weights: np.ndarray) -> bytes:
    arrays = {
        f"{description.MEMBER}{place}/{name}": array
        for place, network in enumerate(networks)
        for name, array in weights_file.arrays_of(network).items()
    }
    return safetensors.numpy.save(arrays)


WRITERS: dict[str, Callable[[Sequence[Network], np.ndarray], bytes]] = {
    ".safetensors": _weights,
    ".jaxexport": _program,
    ".onnx": _onnx,
}

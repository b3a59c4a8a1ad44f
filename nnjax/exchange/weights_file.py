"""Write and read weights as safetensors."""

import os

import numpy as np
import safetensors
import safetensors.numpy

from nnjax.core.archives import DAMAGE, describe
from nnjax.core.errors import UserError
from nnjax.exchange.network import Network
from nnjax.train.storage import named_arrays

STATE = "state/"  # prefix of the arrays that training changes without gradients


def network_to_bytes(network: Network) -> bytes:
    """Pack a network's `arrays_of`."""
    return safetensors.numpy.save(arrays_of(network))


def arrays_of(network: Network) -> dict[str, np.ndarray]:
    """Name a network's weights, as in a run's checkpoint ("layer_0/kernel"), and its state ("state/…")."""
    arrays = named_arrays.flatten(network.params) | named_arrays.flatten(network.state, STATE)
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def from_bytes(data: bytes, path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read them back as float32, whole numbers of a state as they are; `path` is the file's name in sentences.

    Raises:
      UserError: the bytes are damaged, or hold numbers that are no plain floats (bfloat16, say).
    """
    try:
        arrays = safetensors.numpy.load(data)
        kinds = {name: "fiub" if name.startswith(STATE) else "f" for name in arrays}
        other = [name for name, array in arrays.items() if array.dtype.kind not in kinds[name]]
    except KeyError as error:
        raise UserError(f"{path} holds numbers of type {error}, but F32, F64 or F16 was expected.") from None
    except (safetensors.SafetensorError, *DAMAGE) as error:
        raise UserError(f"{path} is not a whole safetensors file ({describe(error)}); bring a good copy.") from None
    if other:
        raise UserError(f"{path} holds {other[0]!r} of type {arrays[other[0]].dtype}, but floats were expected.")
    return {name: array.astype(np.float32) if array.dtype.kind == "f" else array for name, array in arrays.items()}

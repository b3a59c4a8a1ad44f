"""Write and read weights as safetensors."""

import os

import numpy as np
import safetensors
import safetensors.numpy

from nnjax.core.archives import DAMAGE, describe
from nnjax.core.errors import UserError
from nnjax.exchange.network import Network
from nnjax.train.storage import named_arrays


def network_to_bytes(network: Network) -> bytes:
    """Pack a network's weights, by their names in a run's checkpoint ("layer_0/kernel")."""
    arrays = named_arrays.flatten(network.params)
    return safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def from_bytes(data: bytes, path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read them back as float32; `path` is what the file is called in sentences.

    Raises:
      UserError: the bytes are damaged, or hold numbers that are no plain floats (bfloat16, say).
    """
    try:
        arrays = safetensors.numpy.load(data)
        other = [name for name, array in arrays.items() if array.dtype.kind != "f"]
    except KeyError as error:
        raise UserError(f"{path} holds numbers of type {error}, but F32, F64 or F16 was expected.") from None
    except (safetensors.SafetensorError, *DAMAGE) as error:
        raise UserError(f"{path} is not a whole safetensors file ({describe(error)}); bring a good copy.") from None
    if other:
        raise UserError(f"{path} holds {other[0]!r} of type {arrays[other[0]].dtype}, but floats were expected.")
    return {name: array.astype(np.float32) for name, array in arrays.items()}

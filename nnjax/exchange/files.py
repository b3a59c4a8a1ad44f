"""Networks to files and back, by what the files' names end in."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import jax

from nnjax.core.errors import UserError
from nnjax.core.files import check_out, write_atomically
from nnjax.core.types import Array, DataFacts
from nnjax.data.files import read_bytes
from nnjax.exchange import description, keras_file, program, weights_file
from nnjax.exchange.isolated_program import Worker
from nnjax.exchange.network import Network, assemble, codes, num_outputs, outputs
from nnjax.train.storage import named_arrays

SAFETENSORS, PROGRAM = ".safetensors", ".jaxexport"
KINDS = (SAFETENSORS, PROGRAM, ".keras", ".h5")


class Served(NamedTuple):
    """What a file can be asked for.

    Attributes:
      network: with its weights; None of a program, which is closed.
      architecture, facts: as in `Network`.
      outputs: from raw inputs, float32 [b, d], to outputs [b, k]; compiled for each new b.
    """

    network: Network | None
    architecture: description.Architecture
    facts: DataFacts
    outputs: Callable[[Array], Array]

    def codes(self) -> Callable[[Array], Array]:
        """Give the function from raw inputs to latent codes.

        Raises:
          UserError: it has none, or as a program not any more.
        """
        if self.network is None:
            raise UserError("A program gives outputs only; for latent codes take the run folder or its safetensors.")
        return jax.jit(codes(self.network))


def check_path(path: str) -> str:
    """Give the path of a network's file to write, with ~ as the home folder, before anything is computed for it.

    Raises:
      UserError: it ends otherwise than a network's file, or its folder is not there.
    """
    return check_out(path, SAFETENSORS, PROGRAM)


def save(network: Network, path: str) -> None:
    """Write weights (.safetensors) or a program (.jaxexport), and FILE.json, which says what they are.

    Each file is written whole or not at all, the description last: until then the pair is refused.
    """
    arrays = named_arrays.flatten(network.params)
    content = weights_file.to_bytes(arrays) if path.endswith(SAFETENSORS) else program.to_bytes(network)
    write_atomically(pathlib.Path(path), content)
    write_atomically(description.path_of(path), description.to_json(network.architecture, network.facts, content))


def load(path: str | os.PathLike[str]) -> Served:
    """Open a network of a file: .safetensors, .jaxexport, .keras or .weights.h5.

    Raises:
      UserError: the file is not there, of another kind, damaged, or not what its description says.
    """
    path = pathlib.Path(path)
    if path.suffix not in KINDS:
        raise UserError(f"{path} ends in {path.suffix!r}, but a run folder or {', '.join(KINDS)} was expected.")
    if path.suffix in (".keras", ".h5"):
        return serve(keras_file.read(path))
    content = read_bytes(path)
    found = description.read(path, content)
    if path.suffix == SAFETENSORS:
        arrays = weights_file.from_bytes(content, path)
        try:
            return serve(assemble(found.architecture, found.facts, arrays))
        except UserError as error:
            raise UserError(f"{path} cannot be used: {error}") from None
    if found.sha256 is None:
        raise UserError(f"{description.path_of(path)} has no sha256 of {path.name}; export the network again.")
    width = num_outputs(found.architecture, found.facts)
    return Served(None, found.architecture, found.facts, Worker(content, found.facts.num_inputs, width, str(path)))


def serve(network: Network) -> Served:
    """Serve a network that is in memory."""
    return Served(network, network.architecture, network.facts, jax.jit(outputs(network)))

"""Save and load networks: one record a format, found by the file name's ending."""

import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.files import check_out, write_atomically
from nnjax.core.messages import remedy
from nnjax.core.object_refs import is_path
from nnjax.core.types import Array, DataFacts
from nnjax.data.files import read_bytes
from nnjax.exchange import description, keras_file, onnx_file, program, weights_file
from nnjax.exchange.ensemble.lanes import mean_outputs
from nnjax.exchange.isolated_program import IsolatedProgram
from nnjax.exchange.network import Network, assemble, codes, num_outputs, on_host, outputs
from nnjax.runs.weights import rows_of


class Predictor(NamedTuple):
    """A network to predict with."""

    name: str  # what it is called in the terminal: its file's name, or "trial 3"
    network: Network | None  # with its weights; None of a program, which is closed, and of an ensemble
    architecture: description.Architecture  # architecture, facts: as in `Network`
    facts: DataFacts
    # from raw inputs, float32 [b, d] or the several arrays that they were in training, to outputs [b, k]; compiled for
    # each new b
    outputs: Callable[[Any], Array]
    # gives the raw inputs [n, d] of the run's own test part; None of a file, which has none
    test_inputs: Callable[[], np.ndarray] | None = None

    def codes(self) -> Callable[[Array], Array]:
        """Return the function from raw inputs to latent codes; UserError for a network without any."""
        if self.network is None:
            raise UserError("A program or an ensemble gives outputs only; for codes take the run, or one network.")
        return codes(self.network, compiled=True)


def predictor(name: str, network: Network) -> Predictor:
    """Make a predictor of a network that is in memory."""
    function = taking_arrays(network.facts, outputs(network, compiled=True))
    return Predictor(name, network, network.architecture, network.facts, function)


def taking_arrays(facts: DataFacts, function: Callable[[Any], Array]) -> Callable[[Any], Array]:
    """Let a function of rows take the arrays that they were, too."""
    return (lambda x: function(rows_of(facts, x))) if facts.parts else function


def _read_weights(path: pathlib.Path) -> Predictor:
    """Read a file of weights with its description."""
    content = read_bytes(path)
    found, arrays = description.read(path, content), weights_file.from_bytes(content, path)
    kinds = [getattr(one.architecture, "kind", "") for one in found.members or (found,)]
    if any(map(is_path, kinds)):
        kind = next(filter(is_path, kinds))
        raise UserError(
            f"{path} holds the weights of {kind}, a model that no file brings: "
            + remedy("run.export('net.jaxexport')", "nnjax export --run=RUN --trust --out=net.jaxexport")
            + " writes a program that runs without the model; in Python, safetensors.numpy.load_file(path) gives the "
            "weights by name ('Dense_0/kernel', of its state 'state/…'), and Experiment(model=…, start_weights=path) "
            "goes on from them."
        )
    try:
        if found.members:
            return _ensemble(path.name, found, arrays)
        return predictor(path.name, assemble(found.architecture, found.facts, arrays))
    except UserError as error:
        raise UserError(f"{path} cannot be used: {error}") from None


def _ensemble(name: str, found: description.Description, arrays: Mapping[str, np.ndarray]) -> Predictor:
    """Make a predictor of an ensemble's members, whose arrays are named "member_0/…"."""
    own: list[dict[str, np.ndarray]] = [{} for _ in found.members]
    for key, array in arrays.items():
        place, _, rest = key.removeprefix(description.MEMBER).partition("/")
        if not place.isdecimal() or int(place) >= len(own):
            raise UserError(f"it has an array {key}, but {len(own)} members.")
        own[int(place)][rest] = array
    networks = [assemble(one.architecture, one.facts, some) for one, some in zip(found.members, own, strict=True)]
    function = mean_outputs(networks, np.array([one.weight for one in found.members]))
    return Predictor(name, None, found.architecture, found.facts, taking_arrays(found.facts, function))


def _read_program(path: pathlib.Path) -> Predictor:
    content = read_bytes(path)
    architecture, facts, sha256, _ = description.read(path, content)
    if sha256 is None:
        raise UserError(f"{description.path_of(path)} has no sha256 of {path.name}; export the network again.")
    isolated = IsolatedProgram(content, facts.num_inputs, num_outputs(architecture, facts), str(path))
    regression = facts.task == "regression" and num_outputs(architecture, facts) > 0
    function = taking_arrays(facts, on_host(cast(Any, isolated), facts, regression))
    return Predictor(path.name, None, architecture, facts, function)


class Format(NamedTuple):
    """A format of network files."""

    read: Callable[[pathlib.Path], Predictor]  # opens a file
    # packs a network; None if files are only read. FILE.json, which says what it is, is written beside it.
    to_bytes: Callable[[Network], bytes] | None = None


KERAS = Format(lambda path: predictor(path.name, keras_file.read(path)))
FORMATS = {
    ".safetensors": Format(_read_weights, weights_file.network_to_bytes),
    ".jaxexport": Format(_read_program, program.to_bytes),
    ".onnx": Format(onnx_file.refuse_to_read, onnx_file.to_bytes),
    ".keras": KERAS,
    ".h5": KERAS,
}


READ = [ending for ending in FORMATS if ending != ".onnx"]  # which is onnxruntime's business


def check_path(path: str) -> str:
    """Return the path of a network's file to write, with ~ as the home folder, before anything is computed for it.

    Raises:
      UserError: it ends otherwise than a network's file, or its folder is not there.
    """
    return check_out(path, *(ending for ending, format in FORMATS.items() if format.to_bytes))


def save(network: Network, path: str) -> None:
    """Write a network in the format of the path's ending, and FILE.json, which says what it is.

    Each file is written whole or not at all, the description last: until then the pair is refused.
    """
    to_bytes = FORMATS[pathlib.Path(path).suffix].to_bytes
    assert to_bytes, "see check_path"
    content = to_bytes(network)
    write_atomically(pathlib.Path(path), content)
    write_atomically(description.path_of(path), description.to_json(network.architecture, network.facts, content))


def load(path: str | os.PathLike[str]) -> Predictor:
    """Open a network of a file: .safetensors, .jaxexport, .keras or .weights.h5.

    Raises:
      UserError: the file is not there, of another kind, damaged, or not what its description says.
    """
    path = pathlib.Path(path)
    if path.suffix not in FORMATS:
        raise UserError(f"{path} ends in {path.suffix!r}, but a run folder or {', '.join(READ)} was expected.")
    return FORMATS[path.suffix].read(path)

"""Export a network as ONNX, through jax2onnx: numbers in, the scaling inside, any batch size.

import onnxruntime
session = onnxruntime.InferenceSession("network.onnx")
[outputs] = session.run(None, {"x": x})  # x float32 [b, d], raw
"""

import contextlib
import logging
import pathlib
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.extras import require
from nnjax.core.types import Array, Scaler
from nnjax.exchange.network import Network, traced_outputs
from nnjax.models.cpu_substitutes import native_operations

NOISY = ("jax2onnx", "onnx_ir", "onnx_ir.serde")  # loggers
TOLERANCE, ROWS = 1e-5, 64  # relative to the largest output; examples that are compared


def to_bytes(network: Network) -> bytes:
    """Convert a network, and compare onnxruntime's outputs with JAX's; UserError if it cannot be, or they differ."""
    return function_to_bytes(traced_outputs(network), network.facts.num_inputs, network.facts.x_scaler)


def function_to_bytes(function: Callable[[Array], Array], num_inputs: int, scaler: Scaler) -> bytes:
    """Convert a function of float32 [b, num_inputs], which `scaler` brings to order 1; errors as `to_bytes`."""
    with _quiet():
        convert = require("jax2onnx", "nnjax[onnx]", "A file .onnx")
        runtime = require("onnxruntime", "nnjax[onnx]", "A file .onnx")
        try:
            names: dict[str, Any] = {"model_name": "nnjax", "input_names": ["x"], "output_names": ["outputs"]}
            with native_operations():  # substitutes for CPUs ask for shapes that are known
                content = bytes(convert.to_onnx(function, inputs=[("B", num_inputs)], **names).SerializeToString())
        except Exception as error:  # whatever it has no rule for
            raise UserError(
                f"The network cannot be written as ONNX by jax2onnx ({type(error).__name__}: {error!s:.200}): write "
                "FILE.jaxexport, or FILE.safetensors."
            ) from None
        _compare(runtime, content, function, num_inputs, scaler)
    return content


def _compare(runtime: Any, content: bytes, function: Callable[[Array], Array], num_inputs: int, scaler: Scaler) -> None:
    """Refuse a file whose outputs are others than JAX's."""
    x = np.random.default_rng(0).normal(size=(ROWS, num_inputs)).astype(np.float32)
    if not scaler.wide:
        x = np.asarray(scaler.inverse(x), np.float32)
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    [found] = session.run(None, {"x": x})
    wanted = np.asarray(function(x))
    gap = float(np.abs(found - wanted).max(initial=0)) / max(1.0, float(np.abs(wanted).max(initial=0)))
    if not gap <= TOLERANCE:
        raise UserError(
            f"onnxruntime's outputs differ from JAX's by {gap:.1g} of the largest, more than {TOLERANCE:g}: the file "
            "is not written; write FILE.jaxexport, or FILE.safetensors."
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence what the converter logs of examples of its own that lack packages."""
    before = {name: logging.getLogger(name).level for name in NOISY}
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def refuse_to_read(path: pathlib.Path) -> NoReturn:
    """Refuse to serve it, and say how such a file is used."""
    raise UserError(
        f"{path} is run by onnxruntime, without nnjax: session = onnxruntime.InferenceSession(path); session.run(None, "
        "{'x': x}). To predict with nnjax export FILE.safetensors or FILE.jaxexport too."
    )

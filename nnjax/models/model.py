"""The contract of a model: pure functions of its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from nnjax.core.types import Array, Float, Params


class Model(NamedTuple):
    """A network as pure functions of its parameters.

    Attributes:
      init: (key, init_scale=None) -> params; float32 kernels drawn by the kernel_init, times init_scale; zero biases.
      logits: (params, x [..., d], dropout=None, key=None) -> [..., k], before the output activation.
      apply: (params, x [..., d]) -> [..., k], the outputs in evaluation mode.
      encode: (params, x [..., d]) -> [..., code width]; of an MLP the last hidden layer.
      decode: (params, code [..., code width]) -> [..., k], the outputs.
      code_layer: hidden layers up to and including the code.
    """

    init: Callable[..., Params]
    logits: Callable[..., Float[Array, "... k"]]
    apply: Callable[[Params, Float[Array, "... d"]], Float[Array, "... k"]]
    encode: Callable[[Params, Float[Array, "... d"]], Float[Array, "... code"]]
    decode: Callable[[Params, Float[Array, "... code"]], Float[Array, "... k"]]
    code_layer: int

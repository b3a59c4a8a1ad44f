"""The contract of a model: two pure functions, and what else it can do."""

from collections.abc import Callable
from typing import Any, NamedTuple

from nnjax.core.types import Array, Float, Params, Scalar

Hyper = Any  # a mapping name -> float []; traced


class Variables(NamedTuple):
    """What a model computes with.

    Attributes:
      params: the weights, a pytree of arrays that the optimizer changes.
      state: what training changes without gradients (batch statistics, Keras's seeds), a pytree of arrays; {} for none.
    """

    params: Params
    state: Any = {}  # noqa: RUF012 (never changed)


class Model(NamedTuple):
    """A network as pure functions of its variables.

    Attributes:
      init: (key, example [1, *shape], hyper) -> Variables, drawn from the key; `example` says shape and dtype only.
      apply: (variables, x [b, *shape], *, train, key, hyper) -> (z [b, ...], state): what comes before the output
        activation (logits), and the new state. `train` is a Python bool; `key` is None where it is False; `hyper` maps
        names to traced float [].
      encode: (variables, x) -> code [b, c], in evaluation mode; None where it has no code.
      decode: (variables, code) -> z; None likewise.
      code_layer: hidden layers up to and including the code.
      draw: seed (Python int) -> Variables of NumPy arrays, drawn on the host, instead of `init` (Keras); None for init.
      trainable: params -> the same tree of Python bools, False for leaves that stay as they are; None for all.
      names: params -> the same tree of texts, the weights' names ("dense/kernel"); None for their paths in the tree.
      losses: (variables, x, *, train, key, hyper) -> (z, state, extra float []): as `apply`, with terms of its own to
        add to the loss (Keras's regularizers); None where there are none.
      inside: (hyper, params) -> params with zeros wherever a trial in an envelope has no weights; None where all are
        its own.
      remark: a sentence on how it is used, to be said before training; "" for none.
    """

    init: Callable[..., Variables]
    apply: Callable[..., tuple[Float[Array, "b ..."], Any]]
    encode: Callable[[Variables, Float[Array, "b ..."]], Float[Array, "b ..."]] | None = None
    decode: Callable[[Variables, Float[Array, "b ..."]], Float[Array, "b ..."]] | None = None
    code_layer: int = 0
    draw: Callable[[int], Variables] | None = None
    trainable: Callable[[Params], Any] | None = None
    names: Callable[[Params], Any] | None = None
    losses: Callable[..., tuple[Float[Array, "b ..."], Any, Scalar]] | None = None
    inside: Callable[[Any, Params], Params] | None = None
    remark: str = ""

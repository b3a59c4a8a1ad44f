"""The record of a loss: its function, and what it expects of outputs and targets."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Float

Outputs = Float[Array, "... k"]  # or targets
PerExample = Float[Array, "..."]
Function = Callable[[Outputs, Outputs], PerExample]
Compared = Literal["numbers", "nonnegative numbers", "probabilities", "distributions", "distances", "anything"]


@dataclasses.dataclass(frozen=True, eq=False)
class Loss:
    """A loss and what it expects of outputs and targets.

    Attributes:
      definition: (y, p) -> [...], for targets and outputs [..., k]; the function's name is the loss's.
      short: its name as the head of a column, and what others call it.
      compares: "numbers" (negative ones count as 0 where they are "nonnegative numbers"), "probabilities" (each output
        for itself, in [0, 1]), "distributions" (over the k outputs), or "distances" (outputs are negative squared
        distances, targets the shares of the classes); "anything" where nothing is known.
      stable: {output activation: (y, z) -> [...]}, the same loss of the pre-activation z in a form without overflow.
      words: its name in words; "" for the function's.
      takes_logarithms: one for each output, so that it costs more to compute and to hold.
      renormalizes: divides each row of outputs by its sum.
      quadratic: grows with the square of small errors.
      best_constant: the constant output of the lowest loss: the "mean" or the "median" of the targets; "" where it is
        not known. With it the diagnosis knows what a network reaches that ignores its inputs.
      of_logits: `definition` takes z, what comes before the output activation, not p; so it is no metric.
      takes_raw: y comes as the data hold it: class indices int32 [b], or targets [b, ...].
      label: its name, where it is not the function's.
      remark: a sentence on how it is called; "" for none.
      objective: the user's objective (`nnjax.nn.objectives`), which runs the model itself, instead of the definition.
    """

    definition: Function
    short: str
    compares: Compared = "numbers"
    stable: Mapping[str, Function] = dataclasses.field(default_factory=dict)
    words: str = ""
    takes_logarithms: bool = False
    renormalizes: bool = False
    quadratic: bool = False
    best_constant: Literal["", "mean", "median"] = ""
    of_logits: bool = False
    takes_raw: bool = False
    label: str = ""
    remark: str = ""
    objective: Any = None

    def __call__(self, y: Outputs, p: Outputs) -> PerExample:
        """Apply the definition to targets and outputs [..., k] -> [...]."""
        return self.definition(y, p)

    @property
    def name(self) -> str:
        """As in `Experiment.loss`."""
        return self.label or self.definition.__name__

    @property
    def of_probabilities(self) -> bool:
        """Whether outputs and targets are probabilities, independent or of one distribution."""
        return self.compares in ("probabilities", "distributions")

    @property
    def lowest(self) -> float:
        """What no value is below: the function's own `lowest`, or 0 of what compares; -inf where nothing is known."""
        compares = self.compares != "anything" or bool(self.remark)  # which those of optax have
        return float(getattr(self.objective or self.definition, "lowest", 0.0 if compares else -math.inf))


def require_equal_shapes(y: Outputs, p: Outputs) -> None:
    """Refuse what would broadcast: (n,) against (n, 1) makes n x n differences and a loss that looks plausible."""
    if y.shape != p.shape:
        raise UserError(f"Targets are {y.shape} but outputs are {p.shape}; give both the same shape [..., k].")

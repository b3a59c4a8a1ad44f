"""The hyperparameters of an experiment: an open mapping from name to number, with fields for the known names."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.text import represent


@dataclasses.dataclass(frozen=True, init=False)
class Hyperparameters:
    """Numbers that are traced: changing a value never compiles again. None = not there, and costs nothing.

    Which are there is static. Those that the optimizer needs and that are None get its preset's default.

    Attributes:
      learning_rate: the peak rate where there is a schedule.
      momentum, b1, b2, rho, epsilon: the optimizer's own (b1, b2: Adam's decay rates; rho: Adadelta's and RMSprop's).
      weight_decay: decoupled, times the learning rate, on all parameters.
      l1, l2: penalties on the kernels, added to the training loss: l1 sum|w| + l2 sum w^2 (no half, as in Keras).
      clip_norm: the gradient is scaled down to this global norm.
      dropout: share of each hidden layer's outputs set to zero in training.
      label_smoothing: share of a class target spread evenly over all classes in training.
      init_scale: factor on the initial kernels.
      warmup: share of all steps in which the rate rises from 0 to its peak.
      final_factor: the rate at the end over its peak (cosine, exponential, onecycle).
      decay_factor, decay_every: the step schedule multiplies the rate by decay_factor every decay_every of all steps.
      patience: epochs without a new lowest validation loss (training loss where there is no validation part) after
        which a trial stops early, with its best weights.
      min_delta: how much lower than the lowest a loss has to be to count as a new lowest one (Keras's EarlyStopping).
      others: further ones by name, which a model, loss, optimizer or schedule of the user's reads, as pairs sorted by
        name; `Hyperparameters(temperature=2.0)` puts it there.
    """

    learning_rate: float | None = None
    momentum: float | None = None
    b1: float | None = None
    b2: float | None = None
    rho: float | None = None
    epsilon: float | None = None
    weight_decay: float | None = None
    l1: float | None = None
    l2: float | None = None
    clip_norm: float | None = None
    dropout: float | None = None
    label_smoothing: float | None = None
    init_scale: float | None = None
    warmup: float | None = None
    final_factor: float | None = None
    decay_factor: float | None = None
    decay_every: float | None = None
    patience: int | None = None
    min_delta: float | None = None
    others: tuple[tuple[str, float], ...] = ()

    def __init__(self, *values: float | None, others: Iterable[tuple[str, float]] = (), **named: float | None):
        known = [field.name for field in dataclasses.fields(self)][:-1]
        if len(values) > len(known):
            raise UserError(f"Hyperparameters takes {len(known)} values in order, but {len(values)} were given.")
        given = dict(zip(known, values, strict=False)) | named
        for name in known:
            object.__setattr__(self, name, given.pop(name, None))
        rest = {**_pairs(others), **given}
        pairs = tuple(sorted((name, value) for name, value in rest.items() if value is not None))
        object.__setattr__(self, "others", pairs)

    def present(self) -> dict[str, float]:
        """Return the hyperparameters that are set, by name, in the order above."""
        own = {name: value for name, value in vars(self).items() if value is not None and name != "others"}
        return own | dict(self.others)


def _pairs(others: Any) -> dict[str, Any]:
    """Take hyperparameters of the user's as pairs (name, value)."""
    try:
        found = dict(others)
    except (TypeError, ValueError):
        raise UserError(
            f"The other hyperparameters are {represent(others)}, but pairs (name, value) were expected."
        ) from None
    for name in found:
        if not isinstance(name, str):
            raise UserError(f"A hyperparameter is named {represent(name)}, but a text was expected.")
    return found

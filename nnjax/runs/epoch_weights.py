"""The weights of some epochs of a trial, beside its last ones: where they are kept, and read."""

from collections.abc import Mapping

import numpy as np

from nnjax.core.errors import UserError
from nnjax.models.model import Variables
from nnjax.runs.run_protocol import TrainedTrials
from nnjax.train.storage import named_arrays

PREFIX = "epoch_{}/"


def to_arrays(found: Mapping[int, Variables]) -> dict[str, np.ndarray]:
    """Name the arrays of networks by epoch."""
    arrays: dict[str, np.ndarray] = {}
    for epoch, variables in found.items():
        arrays |= named_arrays.flatten_variables(variables, PREFIX.format(epoch))
    return arrays


def read(run: TrainedTrials, trial: int, template: Variables) -> dict[int, Variables]:
    """Read the weights of a trial's epochs, in order; {} where none were kept.

    Args:
      run: theirs.
      trial: its id.
      template: variables of the same network.

    Raises:
      UserError: they are those of another network.
    """
    arrays = run.store.load_epoch_weights(trial)
    epochs = sorted({int(name.partition("/")[0].removeprefix("epoch_").removesuffix("_state")) for name in arrays})
    try:
        return {i: named_arrays.unflatten_variables(template, arrays, PREFIX.format(i)) for i in epochs}
    except UserError as error:
        raise UserError(f"The epochs of trial {trial} cannot be used: {error}") from None

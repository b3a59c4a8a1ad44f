"""Read the weights of a run's trials, and apply their networks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import ModelConfig
from nnjax.core.messages import remedy
from nnjax.core.multi_input import Structure, flatten_as
from nnjax.core.object_refs import ObjectRef
from nnjax.core.text import represent
from nnjax.core.types import DataFacts, Float
from nnjax.data import new_rows, targets
from nnjax.models.model import Variables
from nnjax.models.registry import make_model
from nnjax.models.user_models import variables_shapes
from nnjax.runs.run_protocol import TrainedTrials
from nnjax.train.engine.device_data import output_width
from nnjax.train.storage import named_arrays
from nnjax.train.storage.records import DROPPED, RUNNING, WAITING, is_scored
from nnjax.train.storage.retention import keep_text, spans

if TYPE_CHECKING:
    from nnjax.exchange.network import Network


Read = Callable[[int], Mapping[str, np.ndarray]]  # a trial's arrays, by name


def read_variables(run: TrainedTrials, trial: int, which: str, read: Read) -> Variables:
    """Read the weights of a trial and its model's state; see `Run.variables`."""
    if which not in ("final", "best"):
        raise UserError(f"The weights {which!r} were asked for, but there are 'final' and 'best' ones.")
    record = run.records[trial]
    if record.status == DROPPED:
        raise UserError(
            f"Trial {trial} was dropped after {record.epochs} epochs: its weights were not kept. Train it alone by "
            f"{_alone(trial)}."
        )
    if record.status in (WAITING, RUNNING) and not is_scored(record):
        raise UserError(f"Trial {trial} is {record.status}: it has no weights yet; resume its run first.")
    if run.store.keep is not None and not run.store.has_weights(trial):
        there = [i for i in range(len(run.specs)) if run.store.has_weights(i)]
        raise UserError(
            f"The weights of trial {trial} were not kept, those of {spans(there)} were "
            f"(keep={keep_text(run.store.keep)}): name one of these, or train it alone by "
            f"{_alone(trial)}."
        )
    config, facts = run.experiment(trial).model, run.facts(trial)
    shapes_of = _shapes.__wrapped__ if isinstance(config.kind, ObjectRef) else _shapes  # objects may have changed
    blank = shapes_of(config, facts.example_shape, output_width(config, facts))
    try:
        return named_arrays.unflatten_variables(blank, read(trial), f"{which}/")
    except UserError as error:
        raise UserError(f"The weights of trial {trial} cannot be used: {error}") from None


@functools.lru_cache(maxsize=64)
def _shapes(config: ModelConfig, shape: tuple[int, ...], num_outputs: int) -> Variables:
    """Return the shapes of a network's variables, traced once for all trials that are alike."""
    return variables_shapes(make_model(config, shape, num_outputs), shape)


def outputs_of(network: Network, function: Callable[[np.ndarray], Any], x: Any) -> np.ndarray:
    """Apply a network's function to raw inputs as `rows_of` reads them, a thousand at a time; errors as there."""
    return in_batches(function, rows_of(network.facts, x))


def rows_of(facts: DataFacts, x: Any) -> Float[np.ndarray, "n d"]:
    """Lay raw inputs out as rows [n, d]: rows, examples in their shape, a DataFrame's, or several arrays.

    NaN in rows stands for a missing cell, which is filled in as in training where the network's table had such.

    Raises:
      UserError: they are not as those that the network was trained on, or not finite.
    """
    if facts.parts and not hasattr(x, "shape"):
        return _finite(flatten_as(x, Structure(facts.parts), "x"), facts).astype(np.float32)
    x = new_rows.from_frame(facts, x) if hasattr(x, "columns") else x
    width = facts.num_inputs
    try:
        x = np.asarray(x)
        x = x if x.dtype.kind in "buif" else x.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"The inputs are {represent(x)}, but an array of numbers (n, {width}) was expected.") from None
    if x.ndim > 2 and x.shape[1:] == facts.shape:
        x = x.reshape(len(x), width)
    if x.ndim != 2 or x.shape[1] != width:
        also = f" or the arrays {Structure(facts.parts)!r}" if facts.parts else ""
        shape = ", ".join(map(str, ("n", *(facts.shape or (width,)))))
        raise UserError(f"The inputs have shape {x.shape}, but ({shape}){also} was expected.")
    return _finite(new_rows.complete(facts, x), facts).astype(np.float64 if facts.x_scaler.wide else np.float32)


def _finite(x: np.ndarray, facts: DataFacts) -> np.ndarray:
    """Return rows [n, d]; a `UserError` where one has NaN, infinity or what float32 cannot hold."""
    targets.check_finite(x, facts.features, "The new x")
    return x


def in_batches(
    function: Callable[[np.ndarray], Any],
    x: np.ndarray,
    batch: int = 1000,
    dtype: type | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> np.ndarray:
    """Apply a function from [b, d] to [b, k] to all examples x [n, d]: [n, k].

    Args:
      function: it meets at most two sizes of batches.
      x: numbers of any type, converted to `dtype` a batch at a time, if there is one.
      batch: examples at once.
      dtype: as which they are passed; None for their own.
      progress: told how many examples are done after each batch.
    """
    if not len(x):  # the outputs' shape is that of one example's
        return np.asarray(function(np.zeros((1, *x.shape[1:]), dtype or x.dtype)))[:0]
    parts = []
    for start in range(0, len(x), batch):
        parts.append(np.asarray(function(np.asarray(x[start : start + batch], dtype))))
        progress(min(start + batch, len(x)))
    return np.concatenate(parts)


def _alone(trial: int) -> str:
    """Say how to train one trial again."""
    return remedy(f"nnjax.sweep(run.experiment({trial}), data=…)", f"nnjax train --from=RUN --trial={trial}")

"""Evaluate finished trials at their final and best weights, and keep these weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nnjax.core.experiment import TrialSpec
from nnjax.core.types import Array, Float, Shaped, TrialState
from nnjax.models.model import Variables
from nnjax.train import distributed
from nnjax.train.distributed import fetch
from nnjax.train.engine.device_data import DeviceData
from nnjax.train.engine.programs import Program
from nnjax.train.host.chunk import Chunk
from nnjax.train.host.trials import Trials
from nnjax.train.storage import named_arrays
from nnjax.train.storage.records import STOPPED


def finish(trials: Trials, specs: Sequence[TrialSpec], chunk: Chunk, data: DeviceData) -> None:
    """Evaluate the trials of a chunk that have ended, write their scores into the records and keep their weights.

    Args:
      trials: of the population.
      specs: those that have ended.
      chunk, data: where they are, and its data on the devices.
    """
    assert chunk.state is not None
    records, store, row_of = trials.records, trials.store, chunk.row_of()
    stopped = [row_of[spec.id] for spec in specs if records[spec.id].status == STOPPED]
    found = FinalEvaluation(chunk.program, data, chunk.hyper, chunk.state, stopped)
    for spec in specs:
        records[spec.id].values |= found.values(row_of[spec.id], records[spec.id].curves)
    retained = trials.retained() if store.keep is not None else None
    for spec in (spec for spec in specs if retained is None or spec.id in retained):
        if chunk.is_here(row_of[spec.id]) or not store.shared:
            store.save_weights(spec.id, found.weights(row_of[spec.id]))
    distributed.barrier()  # until the other processes have written theirs


class FinalEvaluation:
    """Scores and weights of all rows of a program, evaluated at once.

    A trial that diverged, or was stopped by its patience, ends with its best weights.

    Args:
      program: of the rows.
      data: on its devices.
      hyper, state: of all rows.
      stopped: the rows that were stopped.
    """

    def __init__(
        self,
        program: Program,
        data: DeviceData,
        hyper: Mapping[str, Float[np.ndarray, " m"]],
        state: TrialState,
        stopped: Sequence[int],
    ):
        now, best = jax.vmap(program.trial.evaluated)(state), Variables(state.best_params, state.best_model_state)
        bad_step, last, self.best, self.best_epoch = fetch((state.bad_step, now, best, state.best_epoch))
        back = bad_step > 0
        back[list(stopped)] = True
        self.final = jax.tree.map(lambda a, b: np.where(_like(back, a), b, a), last, self.best)
        self.scores = fetch(self._scores(program, data, hyper))

    def _scores(self, program: Program, data: DeviceData, hyper: Mapping[str, Any]) -> dict[str, Any]:
        """Evaluate all parts at the final weights, and validation and test at the best ones: {name: [rows]}."""
        values: dict[str, Any] = {}
        parts = {"train_{}_eval": data.train_eval, "val_{}": data.validation, "test_{}": data.test}
        for pattern, part in parts.items():
            if part.index.shape[0]:
                values |= {
                    pattern.format(name): v for name, v in program.evaluate(data, part, hyper, self.final).items()
                }
                if not pattern.startswith("train"):
                    found = program.evaluate(data, part, hyper, self.best)
                    values |= {f"best_{pattern.format(name)}": v for name, v in found.items()}
        return values

    def values(self, row: int, curves: Mapping[str, Float[np.ndarray, " t"]]) -> dict[str, float]:
        """Return the numbers of one row's trial, which has such curves, by column name."""
        train = curves.get("train_loss", np.zeros(0))
        own = {name: float(value[row]) for name, value in self.scores.items()}
        last = float(train[-1]) if len(train) else float("nan")
        return {"train_loss": last, **own, "best_epoch": float(self.best_epoch[row])}

    def weights(self, row: int) -> dict[str, Shaped[np.ndarray, "..."]]:
        """Name the arrays of one row's final and best weights."""
        final, best = jax.tree.map(lambda leaf: leaf[row], (self.final, self.best))
        # The order in which files have held them from the beginning.
        return named_arrays.flatten_variables(best, named_arrays.BEST) | named_arrays.flatten_variables(
            final, named_arrays.FINAL
        )


def _like(mask: Array, leaf: Any) -> Array:
    """Shape a mask [m] so that it selects rows of leaf [m, ...]."""
    return mask.reshape(mask.shape + (1,) * (leaf.ndim - 1))

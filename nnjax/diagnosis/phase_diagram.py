"""Phase diagrams: the verdict and the final loss of training by learning rate and batch size."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.types import DataFacts
from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.run_curves import contexts_of, curves_of
from nnjax.runs.loss_baselines import Baselines
from nnjax.train.storage.records import FINISHED, Record


class PhaseDiagram(NamedTuple):
    """A grid of rates (r) and batch sizes (b), each trained once."""

    optimizer: str  # optimizer, metric: of all
    metric: str
    rates: np.ndarray  # [r] float64, ascending
    batch_sizes: tuple[int, ...]  # [b], ascending
    # [r, b] float64 after the last epoch; NaN of trials that did not finish, or without a finite one
    losses: np.ndarray
    verdicts: np.ndarray  # [r, b] codes, see `nnjax.diagnosis.types.CODES`

    def best(self) -> list[int | None]:
        """Return the place of the rate with the lowest loss for each batch size; None where all broke down."""
        return [int(np.nanargmin(column)) if np.isfinite(column).any() else None for column in self.losses.T]


def phase_diagram(
    specs: Sequence[TrialSpec],
    records: Sequence[Record],
    facts: Mapping[DataConfig, DataFacts],
    baselines: Baselines,
    metric: str,
) -> PhaseDiagram:
    """Diagnose the trials of one optimizer.

    Args:
      specs, records: of every rate with every batch size, [r, b] flattened.
      facts, baselines: of their data.
      metric: the curve whose last value is compared.
    """
    rates = np.array(list(dict.fromkeys(spec.experiment.hyperparameters.learning_rate for spec in specs)), float)
    sizes = tuple(dict.fromkeys(spec.experiment.batch_size for spec in specs))
    known = contexts_of(specs, facts, baselines, records)
    losses = [float(record.curves[metric][-1]) if record.status in FINISHED else np.nan for record in records]
    codes = [diagnosis.primary.code for diagnosis in diagnose_curves(curves_of(records), known)]
    finite = np.where(np.isfinite(losses), losses, np.nan).reshape(len(rates), len(sizes))
    return PhaseDiagram(specs[0].arm, metric, rates, sizes, finite, np.array(codes).reshape(finite.shape))

"""An ensemble: a weighted mean of networks that predicts, exports and serves as one network does."""

import dataclasses
import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import DataFacts
from nnjax.exchange.conformal_outputs import mean_intervals
from nnjax.exchange.ensemble import export
from nnjax.exchange.ensemble.lanes import mean_outputs
from nnjax.exchange.network import Architecture, Network
from nnjax.exchange.predictions import Predictions, interpret, require_probabilities
from nnjax.runs.ensemble_members import Members
from nnjax.runs.weights import in_batches, rows_of


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Ensemble:
    """The weighted mean of the outputs of several networks: of probabilities, or of values in the targets' units."""

    networks: tuple[Network, ...]  # that differ, the first of them the best alone
    weights: np.ndarray  # float64 [m], which add up to 1
    members: Members  # how they were chosen, as the report says it

    def __repr__(self) -> str:
        """Say what it consists of, and what it reaches."""
        return f"<nnjax ensemble: {self.members}>"

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the compiled program, which is made again."""
        return {name: value for name, value in vars(self).items() if name != "_compiled"}

    @property
    def facts(self) -> DataFacts:
        """Of the data of the first member."""
        return self.networks[0].facts

    @property
    def architecture(self) -> Architecture:
        """Of the first member."""
        return self.networks[0].architecture

    @functools.cached_property
    def _compiled(self) -> Callable[[Any], np.ndarray]:
        return mean_outputs(self.networks, self.weights)

    def outputs(self, x: Any) -> np.ndarray:
        """Outputs [n, k] for raw inputs x; see `Run.outputs`."""
        return in_batches(self._compiled, rows_of(self.facts, x))

    def predict(self, x: Any, *, interval: float | None = None, calibration: Any = None) -> Any:
        """The answers to raw inputs x, or the rows of a DataFrame; see `Run.predict`.

        Args:
          interval: a probability, such as .9: split conformal `Intervals` or `PredictionSets`, as of `Run.predict`.
          calibration: for these (x, y) that nothing has used; the validation part has chosen the members.

        Raises:
          UserError: an interval without calibration, or with too few examples; x as for `Run.predict`.
        """
        if interval is not None:
            return mean_intervals(self.networks[0], self.outputs, x, interval, calibration)
        if calibration is not None:
            raise UserError("calibration was given without an interval: write ensemble.predict(x, interval=0.9, ...).")
        return self._predictions(x).values()

    def predict_proba(self, x: Any) -> np.ndarray:
        """Probabilities [n, classes] by `facts.classes`, as `Run.predict_proba`; UserError for other outputs."""
        return require_probabilities(self._predictions(x)).scores

    def _predictions(self, x: Any) -> Predictions:
        return interpret(self.outputs(x), self.architecture, self.facts)

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write it as one network: FILE.jaxexport, a program without nnjax, or FILE.safetensors; see `Run.export`.

        Raises:
          UserError: the file ends otherwise, or its folder is not there; a program whose inputs need float64.
        """
        export.save(self.networks, self.weights, path)

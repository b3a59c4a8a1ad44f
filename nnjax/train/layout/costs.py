"""Count the costs of training: programs, compilations, and the time of a step once nothing is compiled any more."""

from collections.abc import Sequence
from typing import Any

from nnjax.train.engine.programs import Program
from nnjax.train.layout.compilations import counter
from nnjax.train.layout.memory_limits import peak_bytes, size_text
from nnjax.train.layout.merging import Price
from nnjax.train.layout.planner import TimeEstimate


class Costs:
    """Counts from its making on.

    Attributes:
      seconds, steps: of segments in the steady state; a step of each trial counts.
      compile_seconds, total_seconds: of making programs, and of all training with it.
    """

    def __init__(self) -> None:
        self._before = counter().compiled
        self._warm: set[Program] = set()  # programs whose first call, which compiles, is over
        self.seconds, self.steps = 0.0, 0
        self.compile_seconds, self.total_seconds = 0.0, 0.0

    @property
    def compilations(self) -> int:
        """How many there were."""
        return counter().compiled - self._before

    def note(self, program: Program, seconds: float, steps: int) -> bool:
        """Count a segment unless its program was compiled in it; whether it was counted."""
        warm = program in self._warm
        if warm:
            self.seconds, self.steps = self.seconds + seconds, self.steps + steps
        self._warm.add(program)
        return warm

    def describe(self, programs: int, estimate: TimeEstimate) -> dict[str, Any]:
        """Return all of it for the run folder."""
        return {
            "programs": programs,
            "compilations": self.compilations,
            "predicted_seconds": round(estimate.predicted, 3),
            "peak_bytes": peak_bytes(),
            "seconds": {"in_all": round(self.total_seconds, 3), "compiling": round(self.compile_seconds, 3)},
            "steady": {"seconds": round(self.seconds, 4), "trial_steps": self.steps},
        }

    def sentence(self, programs: int, estimate: TimeEstimate, prices: Sequence[Price] = ()) -> str:
        """Say it in a sentence, beside the prices of what was merged; "" where nothing was trained."""
        if not programs:
            return ""
        count = self.compilations
        text = f"{programs} program{'s' * (programs > 1)}, {count} compilation{'s' * (count != 1)}"
        text += f"; {self.total_seconds:.3g} s in all, {self.compile_seconds:.3g} s of them to make programs"
        if self.steps:
            text += f"; {1e6 * self.seconds / self.steps:.3g} µs per step and trial after compilation"
        if estimate.predicted:
            text += f"; steps took {estimate.took:.3g} s ({estimate.predicted:.3g} s predicted)"
        if prices:
            kinds, together, apart = (sum(values) for values in zip(*prices, strict=True))
            what = f"{kinds} kinds of networks in {len(prices)} program{'s' * (len(prices) > 1)}"
            text += f"; {what}, predicted: {together:.3g} s in all, apart {apart:.3g} s"
        return f"{text}; at most {size_text(peak_bytes())} of memory."

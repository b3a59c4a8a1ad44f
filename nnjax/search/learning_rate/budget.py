"""The epoch budget of a search: a number of whole trainings, spent trial by trial."""

from collections.abc import Iterable

RUNS = 12  # the budget, in trainings of the full length
RESERVE = 3  # of them are kept for the neighbors of the best rate and for further seeds
SEEDS = 3

Key = tuple[int, int]  # the places of a trial's rate and of its seed in the grid


class EpochBudget:
    """The trial-epochs asked for so far, of a budget of `RUNS` trainings of `epochs` epochs."""

    def __init__(self, epochs: int):
        self.epochs, self.limits = epochs, dict[Key, int]()

    def spent(self) -> int:
        """Trial-epochs."""
        return sum(self.limits.values())

    def ask(self, keys: Iterable[Key], epochs: int, reserve: int = 0) -> list[Key]:
        """Let trials train to some epochs, the first first, as far as the budget goes.

        Args:
          keys: of the trials.
          epochs: that each shall have in the end.
          reserve: trainings of the full length that stay untouched.

        Returns:
          Those that may.
        """
        left = (RUNS - reserve) * self.epochs - self.spent()
        granted = []
        for key in keys:
            cost = max(epochs - self.limits.get(key, 0), 0)
            if cost <= left:
                granted.append(key)
                left -= cost
                self.limits[key] = max(epochs, self.limits.get(key, 0))
        return granted

    def whole(self) -> list[Key]:
        """List the trials that train to the end."""
        return sorted(key for key, limit in self.limits.items() if limit == self.epochs)

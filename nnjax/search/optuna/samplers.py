"""Optuna's samplers: by name, and with random numbers that depend on a seed and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.extras import require
from nnjax.core.text import represent

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

SAMPLERS = ("tpe", "cmaes", "gp", "qmc", "random")
_NEEDS = {"cmaes": ("cmaes", "nnjax[optuna]"), "gp": ("torch", "torch")}  # what is imported, what pip installs


def require_optuna() -> None:
    """Refuse to go on without Optuna."""
    require("optuna", "nnjax[optuna]", "Mode adaptive")


def make_sampler(sampler: BaseSampler | str | None, seed: int) -> BaseSampler:
    """Make a sampler of its name; None for Optuna's own choice for batches, TPE with a constant liar.

    Raises:
      UserError: an unknown name, something else than a sampler, or a package that the sampler needs is not installed.
    """
    from optuna import samplers

    if isinstance(sampler, samplers.BaseSampler):
        return sampler
    name = "tpe" if sampler is None else sampler
    if name not in SAMPLERS:
        found, known = represent(sampler), ", ".join(SAMPLERS)
        raise UserError(f"The sampler is {found}, but one of {known} or a sampler of Optuna's was expected.")
    if name in _NEEDS:
        require(*_NEEDS[name], f"The sampler {name}")
    makers = {
        "tpe": lambda: samplers.TPESampler(seed=seed, constant_liar=True),
        "cmaes": lambda: samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
        "gp": lambda: samplers.GPSampler(seed=seed, warn_independent_sampling=False),
        "qmc": lambda: samplers.QMCSampler(scramble=True, seed=seed, warn_independent_sampling=False),
        "random": lambda: samplers.RandomSampler(seed=seed),
    }
    return makers[name]()


def reseed(sampler: BaseSampler, *seed: int) -> None:
    """Set the random states of a sampler, and of the samplers that it uses, to what a seed gives."""
    from optuna.samplers import BaseSampler

    for part in vars(sampler).values():
        state = getattr(part, "rng", part)
        if isinstance(state, np.random.RandomState):
            state.seed(np.random.SeedSequence(seed).generate_state(8))
        elif isinstance(part, BaseSampler):
            reseed(part, *seed)

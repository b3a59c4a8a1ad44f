"""The one trainer: a single run is a population of one."""

from nnjax.train.plan import Plan
from nnjax.train.population import Population, Progress, Stopped

__all__ = ["Plan", "Population", "Progress", "Stopped"]

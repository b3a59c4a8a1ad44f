"""The one trainer: a single run is a population of one."""

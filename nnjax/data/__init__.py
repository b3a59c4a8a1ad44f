"""Data sets by name, from files, or from one's own arrays; split, with scalers fitted on the training part."""

from nnjax.data.arrays import from_arrays
from nnjax.data.prepared import prepare, prepare_loaded
from nnjax.data.sources import SOURCES, as_asked, load, load_config

__all__ = ["SOURCES", "as_asked", "from_arrays", "load", "load_config", "prepare", "prepare_loaded"]

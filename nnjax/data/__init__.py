"""Data sets by name, from files, or from one's own arrays; split, with scalers fitted on the training part."""

from nnjax.data.arrays import from_arrays
from nnjax.data.frame_parts import from_frames
from nnjax.data.prepared import prepare, prepare_loaded
from nnjax.data.sources import SOURCES, Datasets, load

__all__ = ["SOURCES", "Datasets", "from_arrays", "from_frames", "load", "prepare", "prepare_loaded"]

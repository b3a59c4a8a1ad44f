"""nnjax: a whole hyperparameter sweep is one compiled program, and the tool says what the loss curve means.

import nnjax

experiment = nnjax.Experiment(data=nnjax.DataConfig("digits"), epochs=50)
run = nnjax.sweep(experiment, {"learning_rate": nnjax.Range(1e-4, 1e-1, 16, log=True), "seed": range(3)})
print(run.table().sort_values("val_loss").head())
run.plot("curves.png")
"""

from nnjax.core.errors import UserError

TYPE_CHECKING = False  # for type checkers, which take it for true; `typing` is not imported, see nnjax/cli/entry.py
if TYPE_CHECKING:
    from typing import Any

    from nnjax.api import save_weights, sweep
    from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
    from nnjax.core.hyperparameters import Hyperparameters
    from nnjax.core.messages import NnjaxWarning
    from nnjax.core.types import Dataset
    from nnjax.data import from_arrays, from_frames
    from nnjax.diagnosis.diagnose import diagnose
    from nnjax.models.adapters.initialized import given
    from nnjax.nn.metrics import Metric
    from nnjax.runs.loading import load
    from nnjax.runs.run import Run
    from nnjax.spaces.ranges import Range
    from nnjax.spaces.space import Arm, Evolution, Halving, Space
    from nnjax.train.host.population import Stopped
    from nnjax.train.jax_modes import setup
    from nnjax.train.layout.plan import Plan
    from nnjax.verify.experiment_summary import summary

__version__ = "0.2.0.dev0"

# Fetched on first use, so that `import nnjax` starts neither JAX nor Flax nor NumPy.
_LATER = {
    "Arm": "nnjax.spaces.space",
    "DataConfig": "nnjax.core.experiment",
    "Dataset": "nnjax.core.types",
    "Evolution": "nnjax.spaces.space",
    "Experiment": "nnjax.core.experiment",
    "Halving": "nnjax.spaces.space",
    "Hyperparameters": "nnjax.core.experiment",
    "Metric": "nnjax.nn.metrics",
    "ModelConfig": "nnjax.core.experiment",
    "NnjaxWarning": "nnjax.core.messages",
    "OptimizerConfig": "nnjax.core.experiment",
    "Plan": "nnjax.train.layout.plan",
    "Range": "nnjax.spaces.ranges",
    "Run": "nnjax.runs.run",
    "Space": "nnjax.spaces.space",
    "Stopped": "nnjax.train.host.population",
    "diagnose": "nnjax.diagnosis.diagnose",
    "from_arrays": "nnjax.data",
    "from_frames": "nnjax.data",
    "given": "nnjax.models.adapters.initialized",
    "load": "nnjax.runs.loading",
    "save_weights": "nnjax.api",
    "setup": "nnjax.train.jax_modes",
    "summary": "nnjax.verify.experiment_summary",
    "sweep": "nnjax.api",
}

__all__ = [
    "Arm",
    "DataConfig",
    "Dataset",
    "Evolution",
    "Experiment",
    "Halving",
    "Hyperparameters",
    "Metric",
    "ModelConfig",
    "NnjaxWarning",
    "OptimizerConfig",
    "Plan",
    "Range",
    "Run",
    "Space",
    "Stopped",
    "UserError",
    "diagnose",
    "from_arrays",
    "from_frames",
    "given",
    "load",
    "save_weights",
    "setup",
    "summary",
    "sweep",
]


def __dir__() -> list[str]:
    """List the public names, also those not yet fetched, for tab completion."""
    return __all__


def __getattr__(name: str) -> "Any":
    """Import a public name, or a package, when it is first asked for."""
    if name in _LATER:
        import importlib
        import sys

        from nnjax.core.jax_environment import start_errors
        from nnjax.core.jax_setup import configure

        with start_errors():
            found = getattr(importlib.import_module(_LATER[name]), name)
            if "jax" in sys.modules:  # before anything makes it start
                configure()
            return found
    if name == "estimators":  # a package, so that `nnjax.estimators.MLPClassifier` needs no further import
        import importlib

        return importlib.import_module("nnjax.estimators")
    raise AttributeError(f"module 'nnjax' has no attribute {name!r}")

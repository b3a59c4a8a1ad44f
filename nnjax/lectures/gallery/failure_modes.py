"""The failure modes of the gallery, read from failure_modes.toml: changes to one base experiment, and their text."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.lectures.text import read_text

BASE = Experiment(
    data=DataConfig("digits", validation=0.2, test=0.2),
    model=ModelConfig("mlp", widths=(64, 32)),
    optimizer=OptimizerConfig("sgd"),
    hyperparameters=Hyperparameters(learning_rate=0.1),
    batch_size=32,
    epochs=30,
    signals=True,
    evaluate_test="all",
)
PLAIN, UPHILL = "plain", "uphill"  # the data as they are; a learning rate of the wrong sign


@dataclasses.dataclass(frozen=True)
class FailureMode:
    """A mistake, made on purpose."""

    name: str  # in links and file names
    title: str  # in a few words
    code: str  # of the verdict that it provokes
    says: str  # pattern of what the verdict has to say of cause and remedy; a right code with other advice is no find
    mistake: str  # what was done wrong
    symptom: str  # what to see in the curve, and why it comes about
    remedy: str  # what to do
    changes: Mapping[str, Any]  # to `BASE`, by field
    # the changes without the mistake; None where there is nothing to set beside it
    corrected: Mapping[str, Any] | None = None
    data: str = PLAIN  # PLAIN, UPHILL, or one of `training.FLAWED`
    corrected_data: str = PLAIN  # of the corrected trial
    seeds: int = 1  # how many are tried, where it takes luck
    any_verdict: bool = False  # whether a verdict after the first one counts


def _read() -> tuple[FailureMode, ...]:
    """Read the failure modes from failure_modes.toml, in their order."""
    content = read_text(__file__, "failure_modes.toml")
    groups = content.pop("groups")
    for record in content.values():
        for key in {"changes", "corrected"} & set(record):
            parts = [groups[part] if isinstance(part, str) else part for part in record[key]]
            record[key] = {field: _value(value) for part in parts for field, value in part.items()}
    return tuple(FailureMode(name, **record) for name, record in content.items())


def _value(value: Any) -> Any:
    """Make tuples of lists, and None of "none", which TOML cannot write."""
    return tuple(value) if isinstance(value, list) else None if value == "none" else value


FAILURE_MODES = _read()

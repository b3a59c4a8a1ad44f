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
    """A mistake, made on purpose.

    Attributes:
      name: in links and file names.
      title: in a few words.
      code: of the verdict that it provokes.
      says: pattern of what the verdict has to say of cause and remedy; a right code with other advice is no find.
      mistake: what was done wrong.
      symptom: what to see in the curve, and why it comes about.
      remedy: what to do.
      changes: to `BASE`, by field.
      corrected: the changes without the mistake; None where there is nothing to set beside it.
      data: PLAIN, UPHILL, or one of `training.FLAWED`.
      corrected_data: of the corrected trial.
      seeds: how many are tried, where it takes luck.
      any_verdict: whether a verdict after the first one counts.
    """

    name: str
    title: str
    code: str
    says: str
    mistake: str
    symptom: str
    remedy: str
    changes: Mapping[str, Any]
    corrected: Mapping[str, Any] | None = None
    data: str = PLAIN
    corrected_data: str = PLAIN
    seeds: int = 1
    any_verdict: bool = False


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

"""Train in two or more ways in turn, in one process, and compare their times."""

from collections.abc import Callable, Sequence
from typing import Any


def in_turn(
    name: str, changes: dict[str, Any], field: str, choices: Sequence[Any], measure: Callable, repeats: int
) -> list[float]:
    """Train a configuration once to compile, then in turn; the least time of each is the least disturbed one.

    Args:
      name, changes: the configuration, and what is changed in all.
      field, choices: what differs.
      measure: gives the time of training an experiment.
      repeats: how often, compiling aside.
    """
    from nnjax.cli.config import load_config
    from nnjax.core.fields import replace

    experiment = replace(load_config(f"configs/{name}.py").get_config(), changes)
    times: list[list[float]] = [[] for _ in choices]
    for _ in range(repeats + 1):
        for choice, own in zip(choices, times, strict=True):
            own.append(measure(replace(experiment, {field: choice})))
    return [min(own[1:]) for own in times]

"""How modules are told whether they train: by an argument, whose name differs from author to author."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

TRAINING = ("train", "training", "is_training")
EVALUATION = ("deterministic", "use_running_average", "inference", "eval_mode")


def mode(names: Iterable[str], train: bool) -> dict[str, bool]:
    """Set those of some names that say whether a module trains."""
    return {name: train if name in TRAINING else not train for name in names if name in (*TRAINING, *EVALUATION)}


def arguments(function: Callable[..., Any], train: bool, hyper: Any) -> dict[str, Any]:
    """Return the arguments beside x that a module's call takes: its mode, and `hyper`."""
    names = inspect.signature(function).parameters
    found: dict[str, Any] = mode(names, train)
    if "hyper" in names:
        found["hyper"] = hyper
    return found

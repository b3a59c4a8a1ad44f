"""Pass training or evaluation mode to modules: by an argument, whose name differs between authors."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from nnjax.core.errors import UserError

TRAINING = ("train", "training")  # without "is", "mode" and underscores: is_training, trainMode
EVALUATION = (
    *("deterministic", "userunningaverage", "inference", "infer"),
    *("eval", "evaluate", "evaluation", "evaluating", "test", "testing"),
)
LIKE_MODES = ("train", "eval", "determin", "infer", "mode", "test")  # parts of names that may say it too


def mode(names: Iterable[str], train: bool) -> dict[str, bool]:
    """Set those of some names that say whether a module trains."""
    stems = {name: name.lower().replace("_", "").removeprefix("is").removesuffix("mode") for name in names}
    return {name: train == (stem in TRAINING) for name, stem in stems.items() if stem in (*TRAINING, *EVALUATION)}


def arguments(function: Callable[..., Any], train: bool, hyper: Any) -> dict[str, Any]:
    """Return the arguments beside x that a module's call takes: its mode, and `hyper`.

    Raises:
      UserError: another argument, with a default, looks like a mode: it would have one value always.
    """
    names = inspect.signature(function).parameters
    found: dict[str, Any] = mode(names, train)
    for name, parameter in names.items():
        like = isinstance(parameter.default, bool) and any(part in name.lower() for part in LIKE_MODES)
        if name not in found and (like or (name.lower() == "mode" and isinstance(parameter.default, str))):
            raise UserError(
                f"The model's call has the argument {name}={parameter.default!r}, which looks as if it said whether "
                "the model trains and would have this value always: name it train or deterministic, or make it a "
                "field of the model if it says something else."
            )
    if "hyper" in names:
        found["hyper"] = hyper
    return found

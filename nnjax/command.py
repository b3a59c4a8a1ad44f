"""What train.py and sweep.py share: reading a configuration file and its overrides, and running it in a workdir."""

from __future__ import annotations

import importlib.util
import pathlib
import sys
from types import ModuleType
from typing import Any

from nnjax import main
from nnjax.config import Experiment, replace
from nnjax.search import Space, override
from nnjax.train import Plan, Stopped
from nnjax.types import UserError


def load_config(path: str) -> ModuleType:
    """Import a configuration file.

    Raises:
      UserError: it is not there, is no Python, or has no get_config().
    """
    file = pathlib.Path(path)
    if not file.is_file():
        near = sorted(str(p) for p in file.parent.glob("*.py")) if file.parent.is_dir() else []
        raise UserError(f"The configuration {path!r} is not there{'; found ' + ', '.join(near) if near else ''}.")
    spec = importlib.util.spec_from_file_location(f"nnjax_config_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise UserError(f"The configuration {path!r} is no Python file; name one that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    try:
        spec.loader.exec_module(module)
    except (SyntaxError, ImportError, NameError) as error:
        raise UserError(f"The configuration {path!r} cannot be read: {error}.") from None
    if not hasattr(module, "get_config"):
        raise UserError(f"The configuration {path!r} has no function get_config(); see configs/ for examples.")
    return module


def experiment_of(module: ModuleType) -> Experiment:
    """Give the file's experiment with the command line's `--config.FIELD=VALUE` applied."""
    return replace(module.get_config(), main.overrides("config"))


def space_of(module: ModuleType) -> Space:
    """Give the file's search space, if it has one, with the command line's `--space.FIELD=VALUE` applied."""
    space = module.get_space() if hasattr(module, "get_space") else Space()
    return override(space, main.overrides("space"))


def title_of(module: ModuleType) -> str:
    """Give the first line of the file's docstring."""
    return (module.__doc__ or "").strip().split("\n")[0]


def run(experiment: Experiment, space: Space, workdir: str, plan: Plan, title: str) -> Any:
    """Train with a live display, print the table, write the report, and name it.

    Raises:
      UserError: what the user can mend.
      Interrupted: a signal came; the same command resumes.
    """
    from nnjax.api import sweep
    from nnjax.progress import Display, print_message, summary_table

    main.catch_signals()
    try:
        with Display() as display:
            trained = sweep(
                experiment,
                space,
                workdir=workdir,
                plan=plan,
                title=title,
                observe=display,
                announce=print_message,
                should_stop=main.stop_requested,
            )
    except Stopped:
        raise main.Interrupted(f"Stopped; {workdir} is saved, and the same command goes on from there.") from None
    display.console.print(summary_table(trained))
    print(f"report: {trained.report()}")
    return trained

"""Configuration files: load one, and apply the command line's overrides to its experiment and search space.

Nothing here imports JAX, which takes a second: a mistake is refused at once.
"""

import contextlib
import difflib
import importlib.util
import os
import pathlib
import sys
import traceback
from collections.abc import Iterator, Sequence
from types import ModuleType

from nnjax.cli import main
from nnjax.cli.study import Study
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.fields import coerce_fields, replace
from nnjax.spaces.overrides import override, pin
from nnjax.spaces.space import Space


def require(argv: Sequence[str], config: str | None, workdir: str | None) -> tuple[str, str]:
    """Return --config and --workdir; refuse a command line without them, or with stray arguments.

    A leading ~ is the home folder, which most shells leave to the program in --workdir=~/runs.

    Raises:
      UserError: it is such a one.
    """
    if len(argv) > 1:
        raise UserError(f"{argv[1]!r} was not expected: every argument is a flag, --NAME=VALUE; --help lists them.")
    if not config:
        raise UserError("--config is missing; name a configuration file, such as --config=configs/mnist_mlp.py.")
    if not workdir:
        raise UserError(
            "--workdir is missing; name the run folder to make or resume, such as --workdir=runs/mnist_mlp."
        )
    return os.path.expanduser(config), os.path.expanduser(workdir)


def load_config(path: str) -> ModuleType:
    """Import a configuration file.

    Raises:
      UserError: it is not there, cannot be run, or has neither get_config() nor get_study().
    """
    file = pathlib.Path(path)
    if file.is_dir():
        raise UserError(f"The configuration {path!r} is a folder; name one of the Python files in it.")
    if not file.is_file():
        raise UserError(f"The configuration {path!r} does not exist{_nearby(file)}.")
    spec = importlib.util.spec_from_file_location(f"nnjax_config_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise UserError(f"The configuration {path!r} is not a Python file; name one that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    with _blame(file), _without_bytecode():
        spec.loader.exec_module(module)
    if not hasattr(module, "get_config") and not hasattr(module, "get_study"):
        raise UserError(f"The configuration {path!r} has no function get_config(); see configs/ for examples.")
    return module


def _nearby(file: pathlib.Path) -> str:
    """Name the configurations beside a file that is not there, those of a like name if there are any."""
    there = sorted(other.name for other in file.parent.glob("*.py"))
    close = difflib.get_close_matches(file.name, there, n=3) or there[:20]
    return f"; in {file.parent} there is {', '.join(close)}" if close else ""


@contextlib.contextmanager
def _without_bytecode() -> Iterator[None]:
    """Leave no __pycache__ beside a user's configuration."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


@contextlib.contextmanager
def _blame(file: pathlib.Path) -> Iterator[None]:
    """Describe as one sentence what went wrong in a configuration file, and in which of its lines."""
    try:
        yield
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(file.absolute())]
        line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        what = error.msg if isinstance(error, SyntaxError) else str(error)
        kind = "" if isinstance(error, UserError) else type(error).__name__ + ": " * bool(what)
        where = f" in line {line}" if line else ""
        raise UserError(f"The configuration {file.name} has a mistake{where}: {kind}{what.rstrip('.')}.") from None


def experiment_of(module: ModuleType) -> Experiment:
    """Return the file's experiment with the command line's `--config.FIELD=VALUE` applied.

    Raises:
      UserError: the file gives none, or a field or value is wrong.
    """
    file = pathlib.Path(str(module.__file__))
    if not hasattr(module, "get_config"):
        raise UserError(f"The configuration {file.name} describes a study, not a training: scripts/study.py runs it.")
    with _blame(file):
        experiment = module.get_config()
        if not isinstance(experiment, Experiment):
            raise UserError(f"get_config() gives {experiment!r}, but an Experiment was expected")
        experiment = coerce_fields(experiment)
    return replace(experiment, main.overrides("config"))


def study_of(module: ModuleType) -> Study:
    """Return the file's study.

    Raises:
      UserError: the file describes an experiment, or gives no study.
    """
    file = pathlib.Path(str(module.__file__))
    if not hasattr(module, "get_study"):
        raise UserError(
            f"The configuration {file.name} describes a training, not a study: scripts/train.py or scripts/sweep.py"
            " runs it."
        )
    with _blame(file):
        study = module.get_study()
        if not isinstance(study, Study):
            raise UserError(f"get_study() gives {study!r}, but a study was expected")
        return study


def space_of(module: ModuleType) -> Space:
    """Return the file's search space, if it has one, with the command line's `--space.FIELD=VALUE` applied.

    The command line has the last word: a field given by `--config.FIELD` is no axis any more, and no arm changes it.

    Raises:
      UserError: the file gives no search space, or a field or value is wrong.
    """
    with _blame(pathlib.Path(str(module.__file__))):
        space = module.get_space() if hasattr(module, "get_space") else Space()
        if not isinstance(space, Space):
            raise UserError(f"get_space() gives {space!r}, but a Space was expected")
    return override(pin(space, main.overrides("config")), main.overrides("space"))


def arm_of(module: ModuleType, name: str | None) -> Space:
    """Return one arm of the file's search space, with those that it starts from; no arm without a name.

    Raises:
      UserError: as `space_of`, or there is no such arm.
    """
    return Space() if name is None else Space(arms=override(space_of(module), {"arms": name}).arms)


def title_of(module: ModuleType) -> str:
    """Return the first line of the file's docstring."""
    return (module.__doc__ or "").strip().split("\n")[0]

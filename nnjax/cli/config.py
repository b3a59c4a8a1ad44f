"""Configuration files: load one, and apply the command line's overrides to its experiment and search space.

Nothing here imports JAX, which takes a second: a mistake is refused at once.
"""

import contextlib
import difflib
import importlib.util
import pathlib
import sys
import traceback
from collections.abc import Iterator, Sequence
from types import ModuleType

import nnjax
from nnjax.cli import main
from nnjax.cli.study import Study
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.fields import coerce_fields, replace, resolve_path
from nnjax.core.files import expand_home
from nnjax.spaces.overrides import override, pin
from nnjax.spaces.space import Space


def require(argv: Sequence[str], config: str | None, workdir: str | None) -> tuple[str, str]:
    """Return --config and --workdir; refuse a command line without them, or with stray arguments.

    A leading ~ is the home folder, which most shells leave to the program in --workdir=~/runs.

    Raises:
      UserError: it is such a one.
    """
    main.refuse_arguments(argv)
    if not config:
        raise UserError(
            "--config is missing; name a configuration that comes with nnjax (`nnjax configs` lists them), such as "
            "--config=mnist_mlp, or a Python file of your own."
        )
    if not workdir:
        raise UserError(
            "--workdir is missing; name the run folder to make or resume, such as --workdir=runs/mnist_mlp."
        )
    return expand_home(config), expand_home(workdir)


def folder() -> pathlib.Path:
    """Find the configurations that come with nnjax: inside the installed package, or beside it in a checkout."""
    package = pathlib.Path(nnjax.__file__).parent
    inside = package / "configs"
    return inside if inside.is_dir() else package.parent / "configs"


def shipped() -> list[str]:
    """Name the configurations that come with nnjax."""
    return sorted(file.stem for file in folder().glob("*.py"))


def find(name: str) -> pathlib.Path:
    """Find a configuration by its path or, of nnjax's own, its name; UserError names what is there instead."""
    file = pathlib.Path(name)
    ours = folder() / f"{file.stem}.py"
    if name == file.stem and ours.is_file():
        return ours
    if file.is_file():
        return file
    if name in (file.name, f"configs/{file.name}") and ours.is_file():
        return ours
    if file.is_dir():
        raise UserError(f"The configuration {name!r} is a folder; name one of the Python files in it.")
    if file.name == name and not file.suffix:
        close = difflib.get_close_matches(name, shipped(), n=3)
        there = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(shipped())}."
        raise UserError(
            f"No configuration named {name!r} comes with nnjax, and there is no such file: {there} A file of your own "
            "is named by its path, such as --config=mine.py."
        )
    raise UserError(f"The configuration {name!r} does not exist{_nearby(file)}.")


def load_config(path: str) -> ModuleType:
    """Import a configuration, by its path or name; UserError if it has neither get_config() nor get_study()."""
    file = find(path)
    spec = importlib.util.spec_from_file_location(f"nnjax_config_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise UserError(f"The configuration {path!r} is not a Python file; name one that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    with _blame(file), _without_bytecode():
        spec.loader.exec_module(module)
    if not hasattr(module, "get_config") and not hasattr(module, "get_study"):
        raise UserError(f"The configuration {path!r} has no function get_config(); see `nnjax configs demo`.")
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
    """Return the file's experiment with the command line's overrides applied; UserError for a wrong field or value."""
    file = pathlib.Path(str(module.__file__))
    if not hasattr(module, "get_config"):
        raise UserError(f"The configuration {file.name} describes a study, not a training: `nnjax study` runs it.")
    with _blame(file):
        experiment = module.get_config()
        if not isinstance(experiment, Experiment):
            raise UserError(f"get_config() gives {experiment!r}, but an Experiment was expected")
        experiment = coerce_fields(experiment)
    return replace(experiment, main.overrides("config"))


def study_of(module: ModuleType) -> Study:
    """Return the file's study; UserError if it describes an experiment, or gives no study."""
    file = pathlib.Path(str(module.__file__))
    if not hasattr(module, "get_study"):
        raise UserError(
            f"The configuration {file.name} describes a training, not a study: `nnjax train` or `nnjax sweep` runs it."
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
    """Return one arm of the file's search space, with those that it starts from; no arm without a name."""
    return Space() if name is None else Space(arms=override(space_of(module), {"arms": name}).arms)


RETITLED = ("data.", "model.", "loss", "optimizer.")  # fields whose change makes a file's first line untrue


def title_of(module: ModuleType, given: str | None = None) -> str:
    """Choose a title: the one given, else the first line of the file's docstring; "" for one made from the run.

    One is made where the command line changes what that line speaks of: data, model, loss or optimizer.
    """
    if given is not None:
        return given
    changed = [resolve_path(name) for name in main.overrides("config")]
    return "" if any(path.startswith(RETITLED) for path in changed) else (module.__doc__ or "").strip().split("\n")[0]

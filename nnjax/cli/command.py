"""What train.py and sweep.py share: reading a configuration file and its overrides, and running it in a workdir.

Whatever can be refused without JAX is refused before JAX is imported, which takes a second.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import functools
import importlib.util
import os
import pathlib
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from nnjax.cli import distributed as joining
from nnjax.cli import main
from nnjax.cli.study import Study
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.fields import conform, replace
from nnjax.search.optuna.questions import questions_of
from nnjax.search.optuna.samplers import require_optuna
from nnjax.spaces.overrides import override, pin
from nnjax.spaces.space import ADAPTIVE, Space, expand
from nnjax.train.storage.retention import ALL, parse_keep


def require(argv: Sequence[str], config: str | None, workdir: str | None) -> tuple[str, str]:
    """Give --config and --workdir; refuse a command line without them, or with stray arguments.

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
        raise UserError(f"The configuration {path!r} is not there{_nearby(file)}.")
    spec = importlib.util.spec_from_file_location(f"nnjax_config_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise UserError(f"The configuration {path!r} is no Python file; name one that ends in .py.")
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
    """Say as one sentence what went wrong in a configuration file, and in which of its lines."""
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
    """Give the file's experiment with the command line's `--config.FIELD=VALUE` applied.

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
        experiment = conform(experiment)
    return replace(experiment, main.overrides("config"))


def study_of(module: ModuleType) -> Any:
    """Give the file's study.

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
    """Give the file's search space, if it has one, with the command line's `--space.FIELD=VALUE` applied.

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
    """Give one arm of the file's search space, with those that it starts from; no arm without a name.

    Raises:
      UserError: as `space_of`, or there is no such arm.
    """
    return Space() if name is None else Space(arms=override(space_of(module), {"arms": name}).arms)


def watched(experiment: Experiment) -> Experiment:
    """Look inside the network while it trains, unless the experiment says whether to."""
    return replace(experiment, {"signals": True}) if experiment.signals is None else experiment


def title_of(module: ModuleType) -> str:
    """Give the first line of the file's docstring."""
    return (module.__doc__ or "").strip().split("\n")[0]


def rerun(
    argv: Sequence[str],
    source: str | None,
    trial: int | None,
    workdir: str | None,
    sanity: bool = False,
    **layout: Any,
) -> Any:
    """Train one trial of a run again, with the command line's `--config.FIELD=VALUE` applied.

    Args:
      argv, workdir: as for `require`.
      source, trial: the run folder and the number of the trial.
      sanity: as for `nnjax.sweep`.
      layout: the fields of a `Plan` that are given by hand; None for those of the run.

    Raises:
      UserError: an incomplete command line, or as `retrial` and `run`.
    """
    if source is None or trial is None:
        raise UserError("--from=RUN and --trial=NUMBER belong together: which trial of which run is trained again.")
    source, workdir = require(argv, source, workdir)
    from nnjax.verify.retraining import retrial

    again = retrial(source, trial)
    given = {name: value for name, value in layout.items() if value is not None}
    plan = {**dataclasses.asdict(again.plan), **given}
    return run(
        replace(again.experiment, main.overrides("config")), Space(), workdir, again.title, sanity=sanity, **plan
    )


def run(
    experiment: Experiment,
    space: Space,
    workdir: str,
    title: str,
    with_report: bool = True,
    asking: Mapping[str, str | None] | None = None,
    certify: bool = False,
    keep: str = ALL,
    sanity: bool = False,
    distributed: bool = False,
    **layout: Any,
) -> Any:
    """Train with a live display, print the table, write the report, and name it.

    Args:
      experiment, space, workdir, title: as for `nnjax.sweep`.
      with_report: whether to write the report.
      asking: sampler, storage, study_name and metric of mode "adaptive", as for `nnjax.search.optuna.search.search`;
        None for the default.
      keep: as for `nnjax.sweep`.
      sanity: as for `nnjax.sweep`.
      certify: whether to train some trials again after that (see `nnjax.verify.certify`).
      distributed: whether this is one of several processes (`nnjax.cli.distributed`); the first one speaks and reports.
      layout: the fields of a `Plan`; None for the default.

    Raises:
      UserError: what the user can mend.
      Interrupted: a signal came; the same command resumes.
      SystemExit: the certificate has failed: status 1.
    """
    asked: dict[str, Any] = {name: value for name, value in (asking or {}).items() if value is not None}
    parse_keep(keep)
    _refuse_unfit(experiment, space, asked, sanity)
    if distributed and (certify or space.mode == ADAPTIVE):
        what = "--certify trains trials alone" if certify else "Mode adaptive asks one sampler"
        raise UserError(f"{what}, which one process does: leave out the flags of several, or this.")
    from nnjax.api import sweep
    from nnjax.cli.progress import Display, print_message, summary_table
    from nnjax.diagnosis import trials
    from nnjax.report.sections import certificate
    from nnjax.search.importance import edges
    from nnjax.train import distributed as processes
    from nnjax.train.host.population import Stopped
    from nnjax.train.layout.plan import Plan

    train: Any = sweep
    if space.mode == ADAPTIVE:
        from nnjax.search.optuna.search import search

        train = functools.partial(search, **asked)
    elif sanity:
        train = functools.partial(sweep, sanity=True)
    main.catch_signals()
    try:
        with joining.together(workdir), Display() as display:
            trained = train(
                experiment,
                space,
                workdir=workdir,
                plan=Plan(**{name: value for name, value in layout.items() if value is not None}),
                title=title,
                keep=keep,
                observe=display,
                announce=print_message,
                should_stop=main.stop_requested,
            )
        if certify:
            trained.certify(print_message, main.stop_requested)
    except Stopped:
        raise main.Interrupted(f"Stopped; {workdir} is saved, and the same command goes on from there.") from None
    if distributed and not processes.is_main_process():
        return trained
    report = trained.report() if with_report else None
    display.console.print(summary_table(trained))
    for sentence in trials.sentences(trained.diagnoses):
        print_message(sentence)
    for sentence in edges(trained):
        print_message(f"remark: {sentence}")
    for sentence in certificate.sentences(trained.certificate) if certify else []:
        print_message(sentence)
    print(f"report: {report}" if report else f"results: {workdir}")
    if certify and trained.certificate.failed:
        sys.exit(1)
    return trained


def _refuse_unfit(experiment: Experiment, space: Space, asked: Mapping[str, str], sanity: bool) -> None:
    """Refuse what can be refused before JAX is there.

    Raises:
      UserError: see `expand` and `questions_of`, or what only mode "adaptive" reads is given in another mode.
    """
    if space.mode == ADAPTIVE:
        if sanity:
            raise UserError("--sanity looks at given settings, but mode adaptive asks for them: leave one of them out.")
        require_optuna()
        questions_of(experiment, space)
        return
    if asked:
        flag = {"study_name": "study"}.get(next(iter(asked)), next(iter(asked)))
        raise UserError(f"--{flag} is read in the mode adaptive only; add --space.mode=adaptive, or leave it out.")
    expand(experiment, space)

"""Train from the command line: refuse mistakes before JAX starts, train with a live display, print and report."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnjax.cli import distributed, main
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.search.optuna.adaptive_space import adaptive_space
from nnjax.search.optuna.samplers import require_optuna
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import ADAPTIVE, Space
from nnjax.train.storage.retention import ALL, parse_keep

if TYPE_CHECKING:
    from nnjax.runs.run import Run
    from nnjax.search.options import Options
    from nnjax.verify.certificate import Certificate

FILE_WIDTH = 500  # of a table that goes into a file or a pipe: none of its columns is cut


@dataclasses.dataclass(frozen=True)
class Job:
    """A training as a command line asks for it."""

    experiment: Experiment  # experiment, space, workdir, title, keep, sanity: as for `nnjax.sweep`
    space: Space
    workdir: str
    title: str
    plan: Mapping[str, Any]  # the fields of a `Plan`; None for the default
    # sampler, storage, study_name and metric of mode "adaptive"; None for the default
    adaptive: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    keep: str = ALL
    sanity: bool = False
    report: bool = True  # whether to write the report
    certify: bool = False  # whether to train some trials again after that (see `nnjax.verify.certify`)
    # whether this is one of several processes (`nnjax.cli.distributed`); the first one speaks and reports
    distributed: bool = False
    max_seconds: float | None = None  # as for `nnjax.sweep`
    trackers: Sequence[str] = ()  # names, as for `nnjax.sweep`


def run(job: Job) -> None:
    """Train with a live display, print the table, write the report, and name it.

    Raises:
      UserError: what the user can mend.
      Interrupted: a signal came; the same command resumes.
      SystemExit: the certificate has failed: status 1.
    """
    train = _checked(job)
    from nnjax.cli.printing import print_message
    from nnjax.search.options import Options
    from nnjax.trackers.tracking import tracked
    from nnjax.train import distributed as processes
    from nnjax.train.display import Display
    from nnjax.train.host.population import Stopped
    from nnjax.train.layout.plan import Plan

    first = processes.is_main_process()
    main.catch_signals()
    try:
        some = job.trackers if first else ()
        with (
            distributed.exit_if_process_lost(job.workdir),
            Display() as display,
            tracked(some, job.workdir, display, print_message) as (observe, ended),
        ):
            options = Options(job.workdir, None, Plan(**_given(job.plan)), job.title, job.keep)
            options = options._replace(should_stop=main.stop_requested, log=print_message if first else _silent)
            options = options._replace(max_seconds=job.max_seconds)
            trained = ended(train(options._replace(observe=observe) if first else options))
        certificate = trained.certify(print_message, main.stop_requested) if job.certify else None
    except Stopped:
        raise main.Interrupted(f"Stopped; {job.workdir} is saved, and the same command goes on from there.") from None
    if first:
        _print_results(job, trained, certificate)
    if certificate and certificate.failed:
        sys.exit(1)


def _silent(sentence: str) -> None:
    """Say nothing: of several processes the first one speaks."""


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _checked(job: Job) -> Callable[[Options], Run]:
    """Refuse what can be refused before JAX is there; give the function that trains what was checked."""
    parse_keep(job.keep)
    adaptive, flags = job.space.mode == ADAPTIVE, _given(job.adaptive)
    if adaptive and job.sanity:
        raise UserError(
            "--sanity needs fixed settings, but mode adaptive chooses them while it runs: turn one of the two off."
        )
    if flags and not adaptive:
        flag = {"study_name": "study"}.get(next(iter(flags)), next(iter(flags)))
        raise UserError(f"--{flag} is read in the mode adaptive only; add --space.mode=adaptive, or leave it out.")
    if adaptive:
        require_optuna()
    remarks: list[str] = []
    asked = adaptive_space(job.experiment, job.space) if adaptive else expand(job.experiment, job.space, remarks.append)
    if job.distributed and (job.certify or adaptive):
        what, instead = ("--certify", "--certify") if job.certify else ("Mode adaptive", "choose another mode")
        raise UserError(f"{what} runs in one process only: leave out {distributed.FLAGS}, or {instead}.")

    def train(options: Options) -> Run:
        """Train what was checked."""
        from nnjax.api import train_trials
        from nnjax.search.optuna.search import search

        for remark in remarks:
            options.log(remark)
        if isinstance(asked, list):
            return train_trials(job.experiment, job.space, asked, options, job.sanity)
        return search(job.experiment, asked, **flags, **options._asdict())

    return train


def _print_results(job: Job, run: Run, certificate: Certificate | None) -> None:
    """Write the report and print the table, the chosen setting, its scores, verdicts and remarks."""
    from rich import get_console
    from rich.console import Console

    from nnjax.cli.printing import print_message, summary_table
    from nnjax.diagnosis import trials
    from nnjax.runs.choice import choices
    from nnjax.search.importance import edges
    from nnjax.verify.epoch_weights import keep_toy_epochs

    if job.report:
        keep_toy_epochs(run, print_message)
    report = run.report() if job.report else None
    console = get_console() if get_console().is_terminal else Console(width=FILE_WIDTH)
    console.print(summary_table(run))
    sentences = [f"chosen: {choice}" for choice in choices(run) if choice.rivals > 1]
    sentences += [text for one in run.chosen_scores for text in (one.sentence(), one.seeds) if text]
    sentences += [*trials.sentences(run.diagnoses), *(f"remark: {sentence}" for sentence in edges(run))]
    if certificate:
        from nnjax.report.sections.certificate import sentences as certificate_sentences  # Matplotlib with it

        sentences += certificate_sentences(certificate)
    for sentence in sentences:
        print_message(sentence)
    print(f"report: {report}" if report else f"results: {job.workdir}")

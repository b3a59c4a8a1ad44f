"""Train what estimators ask for: one network, or all networks of a search as one population.

An estimator describes its training as a `Job` and gets a `Trained` back, so that a network that a search trained among
others is what the estimator would have trained alone. A search lets estimators note their jobs first (`collecting`),
trains them together, and lets them take the results when they are fitted for real (`taking`).
"""

import collections
import contextlib
import dataclasses
import hashlib
import weakref
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.types import Arrays, Prepared
from nnjax.models.model import Variables
from nnjax.runs.measured_baselines import measure_baselines
from nnjax.runs.run import Run
from nnjax.train.display import displayed
from nnjax.train.host.population import Population, Stopped
from nnjax.train.host.progress import silent
from nnjax.train.jax_modes import started
from nnjax.train.layout.groups import find_envelopes
from nnjax.train.layout.plan import Plan
from nnjax.train.storage import named_arrays
from nnjax.train.storage.records import DIVERGED, STOPPED
from nnjax.train.storage.store import MemoryStore
from nnjax.verify.data_checks import refuse_unfit_outputs
from nnjax.verify.user_objects import refuse_unfit_objects


class Job(NamedTuple):
    """What an estimator wants to be trained."""

    experiment: Experiment  # complete; its data configuration stands for `prepared`
    prepared: Prepared  # the examples, as the estimator read them
    start: Variables | None = None  # the weights to start from; None for a fresh draw
    verbose: bool = False  # whether to show the training

    def key(self) -> tuple[str, Experiment]:
        """Return what tells jobs apart but for their seeds: the examples' digest, and all else."""
        return digest(self.prepared), dataclasses.replace(self.experiment, data=DataConfig(), seed=0)


class Trained(NamedTuple):
    """A trained network."""

    variables: Variables  # NumPy arrays, at the last epoch, or at the best one where it stopped early or diverged
    curves: Arrays  # {name: [epochs]} of train_loss, and where there is a validation part val_loss
    best_epoch: int  # of the lowest loss, from 1
    stopped: bool  # stopped, diverged: how it ended
    diverged: bool
    verdict: str  # the code of the first diagnosis of the curves; "" where there is none
    seconds: float  # of its share of the training


class Noted(BaseException):
    """A job was noted instead of trained."""


class Collecting:
    """Notes jobs.

    Attributes:
      jobs: those noted.
      replicate: what an estimator adds to its seed.
    """

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.replicate = 0
        self._known: dict[str, Prepared] = {}

    def note(self, job: Job) -> None:
        """Note a job; equal examples are kept once."""
        self.jobs.append(job._replace(prepared=self._known.setdefault(_name(job.prepared), job.prepared)))


class Taking:
    """Holds what was trained ahead, in the order in which it is asked for."""

    def __init__(self, jobs: Sequence[Job], trained: Sequence[Trained]):
        self._left: dict[Any, collections.deque[Trained]] = collections.defaultdict(collections.deque)
        for job, found in zip(jobs, trained, strict=True):
            self._left[job.key()].append(found)

    def take(self, job: Job) -> Trained | None:
        """Return the next result of a job; None where it was not trained ahead."""
        left = self._left.get(job.key())
        return left.popleft() if left else None


MODE: ContextVar[Collecting | Taking | None] = ContextVar("nnjax_estimators_mode", default=None)


@contextlib.contextmanager
def in_mode(mode: Collecting | Taking | None) -> Iterator[None]:
    """Let estimators note their jobs, or take results, in a `with` block."""
    token = MODE.set(mode)
    try:
        yield
    finally:
        MODE.reset(token)


def replicate() -> int:
    """Return the number of the repetition that a search is noting; 0 elsewhere."""
    mode = MODE.get()
    return mode.replicate if isinstance(mode, Collecting) else 0


def train_one(job: Job) -> Trained:
    """Train one network, or take it from those that were trained ahead.

    Raises:
      Noted: a search notes jobs.
      KeyboardInterrupt: Ctrl-C came.
    """
    mode = MODE.get()
    if isinstance(mode, Collecting):
        mode.note(job)
        raise Noted
    found = mode.take(job) if isinstance(mode, Taking) else None
    return train([job])[0] if found is None else found


@started()
def train(jobs: Sequence[Job]) -> list[Trained]:
    """Train networks as one population.

    Raises:
      UserError: a model, loss or optimizer of the user's does not fit the data.
      KeyboardInterrupt: Ctrl-C came.
    """
    specs, prepared, starts = _numbered(jobs)
    refuse_unfit_outputs(specs, prepared)
    refuse_unfit_objects(specs, prepared)
    plan, store = Plan(), MemoryStore()
    envelopes = _envelopes(specs, prepared, plan)
    plan = dataclasses.replace(plan, merge=bool(envelopes))
    verbose = any(job.verbose for job in jobs)
    with displayed(verbose, silent) as observe:
        population = Population(
            specs, prepared, plan, store, observe=observe, read_weights=starts.__getitem__, envelopes=envelopes
        )
        try:
            population.run()
        except Stopped:
            raise KeyboardInterrupt from None
    facts = {config: data.facts() for config, data in prepared.items()}
    baselines = measure_baselines(specs, prepared)
    run = Run(specs, population.records, store, facts, prepared, baselines=baselines)
    return [_trained(run, trial) for trial in range(len(specs))]


def _numbered(jobs: Sequence[Job]) -> tuple[list[TrialSpec], dict[DataConfig, Prepared], dict[str, Arrays]]:
    """Return jobs as trials, their data by configuration, and the weights that they start from by name."""
    specs: list[TrialSpec] = []
    prepared: dict[DataConfig, Prepared] = {}
    starts: dict[str, Arrays] = {}
    for number, job in enumerate(jobs):
        name = _name(job.prepared) if len(jobs) > 1 else "examples"
        config = dataclasses.replace(job.experiment.data, name=name)
        start = None
        if job.start is not None:
            start = f"start {number}"
            starts[start] = named_arrays.flatten_variables(job.start, named_arrays.FINAL)
        specs.append(TrialSpec(number, dataclasses.replace(job.experiment, data=config, start_weights=start)))
        prepared[config] = job.prepared
    return specs, prepared, starts


def _envelopes(specs: Sequence[TrialSpec], prepared: dict[DataConfig, Prepared], plan: Plan) -> Sequence[Any]:
    """Find the envelopes of all trials from those of one data set: the others reuse its programs."""
    first = [spec for spec in specs if spec.experiment.data == specs[0].experiment.data]
    return find_envelopes(first, prepared, plan, len(specs)) if len(first) > 1 else []


def _trained(run: Run, trial: int) -> Trained:
    record, diagnosis = run.records[trial], run.diagnoses[trial]
    return Trained(
        run.variables(trial, "final"),
        {name: np.asarray(curve) for name, curve in record.curves.items()},
        int(record.values.get("best_epoch", 0)),
        record.status == STOPPED,
        record.status == DIVERGED,
        "" if diagnosis is None else diagnosis.primary.code,
        record.seconds,
    )


_DIGESTS: weakref.WeakKeyDictionary[Prepared, str] = weakref.WeakKeyDictionary()


def digest(prepared: Prepared) -> str:
    """Return the digest of examples as they train: inputs, targets and weights; computed once."""
    if prepared not in _DIGESTS:
        data = prepared.dataset
        _DIGESTS[prepared] = _digest(np.asarray(data.x), data.y, data.weights)
    return _DIGESTS[prepared]


def _name(prepared: Prepared) -> str:
    """Name the data of a group: by the examples, and which of them validate."""
    return digest(prepared) + _digest(prepared.validation)


def _digest(*arrays: np.ndarray | None) -> str:
    state = hashlib.blake2b(digest_size=16)
    for array in arrays:
        if array is not None:
            state.update(f"{array.dtype}{array.shape}".encode())
            state.update(np.ascontiguousarray(array).data)
    return state.hexdigest()

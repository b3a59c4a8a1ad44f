"""The laws of a scheduler."""

import copy
from collections.abc import Sequence

import numpy as np

from nnjax.testing.laws import in_sentences, require
from nnjax.train.scheduler import Decision, Scheduler
from nnjax.train.storage.records import DIVERGED, DONE, OVER, RUNNING, Record, drop


@in_sentences("The scheduler")
def check_scheduler(scheduler: Scheduler, *, num_trials: int = 8, epochs: int = 16, seed: int = 0) -> None:
    """Run a scheduler on made-up curves, once with all trials sound and once with one that diverges.

    The laws: a decision is a pure function of the records, and changes none; the dropped stay dropped; no trial is
    asked to end before the epochs that it has taken; parents are trials; and the run comes to an end.

    Args:
      scheduler: of so many trials, numbered from 0, of so many epochs.
      num_trials, epochs: of the run.
      seed: of the curves.

    Raises:
      UserError: a law is broken: which, and the numbers.
    """
    for diverging in (None, 0):
        _run(scheduler, num_trials, epochs, seed, diverging)


def _run(scheduler: Scheduler, num_trials: int, epochs: int, seed: int, diverging: int | None) -> None:
    """Play a made-up population to its end by a scheduler's decisions."""
    rng = np.random.default_rng(seed)
    ends = rng.permutation(num_trials) / num_trials
    curves = [1 / np.arange(1, epochs + 1) ** 0.5 + end + 0.01 * rng.random(epochs) for end in ends]
    records, dropped = [Record() for _ in range(num_trials)], frozenset[int]()
    for _ in range(10 * epochs):
        decision = _decide(scheduler, records)
        _require_lawful(decision, records, dropped, epochs)
        dropped = decision.dropped
        for trial in dropped:
            if records[trial].status not in OVER:
                drop(records[trial])
        waiting = [t for t in range(num_trials) if records[t].status not in OVER]
        able = [t for t in waiting if decision.limits.get(t, 0) > records[t].epochs]
        if not waiting:
            return
        require(
            able,
            f"The scheduler stalls: trials {waiting} wait after {[records[t].epochs for t in waiting]} of {epochs} "
            "epochs, and none may go on: raise a limit, or drop them.",
        )
        for trial in able:
            _advance(scheduler, records[trial], decision.limits[trial], curves[trial], epochs, trial == diverging)


def _advance(scheduler: Scheduler, record: Record, limit: int, curve: np.ndarray, epochs: int, diverges: bool) -> None:
    record.epochs, record.status = limit, RUNNING
    values = np.where(np.arange(epochs) >= epochs // 2, np.nan, curve) if diverges else curve
    record.curves = dict.fromkeys({"train_loss", scheduler.metric}, values[:limit])
    if diverges and limit > epochs // 2:
        record.status = DIVERGED
    elif limit >= epochs:
        record.status = DONE


def _decide(scheduler: Scheduler, records: Sequence[Record]) -> Decision:
    """Decide twice on copies of the records."""
    given = copy.deepcopy(list(records))
    one, other = scheduler.decide(given), scheduler.decide(copy.deepcopy(list(records)))
    require(
        isinstance(one, Decision),
        f"The scheduler's decide returned {type(one).__name__}, but an nnjax.train.scheduler.Decision was expected.",
    )
    require(
        str(one) == str(other),
        "The scheduler decided differently on the same records, but a run that goes on after a kill must decide alike: "
        "draw random numbers from a seed and keep nothing between calls.",
    )
    require(str(given) == str(list(records)), "The scheduler changes the records that it is given: only read them.")
    return one


def _require_lawful(decision: Decision, records: Sequence[Record], dropped: frozenset[int], epochs: int) -> None:
    """Refuse a decision that no population could follow."""
    revived = sorted(dropped - decision.dropped)
    require(not revived, f"The scheduler revives trials {revived}, which it had dropped: drop them in every decision.")
    named = {*decision.limits, *decision.dropped, *decision.parents, *decision.parents.values()}
    unknown = sorted(named - set(range(len(records))))
    require(not unknown, f"The scheduler names trials {unknown}, but there are 0 to {len(records) - 1}.")
    for trial, limit in decision.limits.items():
        record = records[trial]
        if trial in decision.dropped or record.status in OVER:
            continue
        require(
            limit >= record.epochs,
            f"The scheduler asks trial {trial} to end at epoch {limit}, but it has taken {record.epochs}: limits never "
            "fall.",
        )
        require(
            limit <= epochs, f"The scheduler asks trial {trial} for {limit} epochs, but it has {epochs}: check epochs=."
        )

"""Keep the weights of some epochs of a trial: it is trained once more, alone, and pauses there."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nnjax.core import messages
from nnjax.core.errors import UserError
from nnjax.core.experiment import TrialSpec
from nnjax.core.text import count, represent
from nnjax.core.types import Arrays
from nnjax.exchange.start_weights import read_weights
from nnjax.models.registry import traits_of
from nnjax.models.summary import summarize_model
from nnjax.runs import epoch_weights
from nnjax.runs.choice import choices
from nnjax.runs.run import Run
from nnjax.runs.settings import collect_settings, representative
from nnjax.train.engine.state_shapes import blank_state
from nnjax.train.engine.trial import Trial
from nnjax.train.host import checkpoint
from nnjax.train.host.population import Population
from nnjax.train.layout.plan import Plan
from nnjax.train.scheduler import Decision
from nnjax.train.storage import named_arrays
from nnjax.train.storage.records import FINISHED, Record
from nnjax.train.storage.store import MemoryCheckpoints, MemoryStore

EPOCHS = 12  # kept unless others are named, ever farther apart
MAX_FLOPS = 1e10  # of a toy that the command line trains once more: a second of a core at most
TOLERANCE = 1e-2  # of the last weights, relative to their size: another program rounds otherwise


class _Pauses(MemoryCheckpoints):
    """Remembers every state that waits."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Arrays, Mapping[str, Any]]] = []

    def save_paused(self, name: str, arrays: Arrays, note: Mapping[str, Any]) -> None:
        """Keep a lane batch."""
        super().save_paused(name, arrays, note)
        self.seen.append((arrays, note))


def keep_epochs(
    run: Run,
    trial: int | None = None,
    epochs: Sequence[int] | None = None,
    log: Callable[[str], None] = messages.send,
) -> list[int]:
    """Train a trial once more, alone, and keep its weights at some epochs; the report shows them where it can.

    Args:
      run: finished.
      trial: None for the one that the report shows of the best setting.
      epochs: from 1; None for a dozen, ever farther apart.
      log: called with a sentence where the trial ended elsewhere than in the run.

    Returns:
      The epochs that are kept; with the last one, whose weights are the run's. Empty where it ended elsewhere.

    Raises:
      UserError: the trial has not finished or went on from another one's weights, an epoch is not among its own, or its
        data are not there any more.
    """
    trial = shown_trial(run) if trial is None else run.known_trial(trial)
    record = run.records[trial]
    if record.status not in FINISHED:
        raise UserError(f"Trial {trial} is {record.status}: the epochs of a trial that finished can be kept.")
    if (run.schedules and len(run.schedules[trial]) > 1) or run.specs[trial].start_from is not None:
        raise UserError(f"Trial {trial} went on from another trial's weights, so it cannot be trained alone.")
    wanted = _checked(epochs, record.epochs)
    found, last = _train(run, trial, wanted)
    kept = run.variables(trial)
    if not _close(kept.params, last.params):
        log(f"warning: Trained alone, trial {trial} ends at other weights, so none of its epochs are kept.")
        return []
    found[record.epochs] = kept
    run.store.save_epoch_weights(trial, epoch_weights.to_arrays(found))
    return sorted(found)


def shown_trial(run: Run) -> int:
    """Return the trial that stands for the best setting, or for the first where nothing is chosen."""
    best = choices(run)
    trial = representative(run, best[0].setting if best else collect_settings(run)[0])
    if trial is None:
        raise UserError("No trial of the best setting has weights: name one that finished (trial=N).")
    return trial


def _checked(epochs: Sequence[int] | None, last: int) -> list[int]:
    """Return the epochs at which to pause, without the last."""
    if epochs is None:
        return [int(i) for i in np.unique(np.geomspace(1, last, EPOCHS).round()) if i < last]
    epochs = epochs if isinstance(epochs, Sequence | np.ndarray) else [epochs]
    wrong = [one for one in epochs if type(one) not in (int, np.int64) or not 1 <= one <= last]
    if wrong:
        raise UserError(f"Epoch {represent(wrong[0])} cannot be kept: whole numbers from 1 to {last} were expected.")
    return sorted({int(one) for one in epochs} - {last})


def _train(run: Run, trial: int, pauses: Sequence[int]) -> tuple[dict[int, Any], Any]:
    """Train a trial alone with pauses; give its variables there, and at the end."""
    spec = run.specs[trial]
    own = TrialSpec(0, spec.experiment)
    limits, store = [*pauses, run.records[trial].epochs], MemoryStore()
    store.checkpoints = seen = _Pauses()

    def decide(records: Sequence[Record]) -> Decision:
        return Decision({0: next((limit for limit in limits if limit > records[0].epochs), limits[-1])})

    plan = Plan(1, 1, 1, "own", fixed=True)
    data = {spec.experiment.data: run.data(trial)}
    population = Population([own], data, plan, store, decide=decide, read_weights=read_weights)
    population.run()
    group = population.layouts.groups[0]
    blank, functions = blank_state(group.key, group.shapes), Trial(group.key, group.shapes)
    found = {}
    for arrays, note in seen.seen:
        [batch] = checkpoint.from_arrays(arrays, note, blank, [own])
        state = jax.tree.map(lambda leaf: leaf[0], batch.state)
        epoch = note["trials"]["0"]["epochs"]
        found[epoch] = jax.tree.map(np.asarray, functions.evaluated(state))
    return found, named_arrays.unflatten_variables(run.variables(trial), store.load_weights(0), named_arrays.FINAL)


def _close(kept: Any, again: Any) -> bool:
    """Whether weights are equal but for rounding."""
    pairs = zip(jax.tree.leaves(kept), jax.tree.leaves(again), strict=True)
    return all(np.max(np.abs(a - b), initial=0) <= TOLERANCE * max(1.0, np.max(np.abs(a), initial=0)) for a, b in pairs)


def keep_toy_epochs(run: Run, log: Callable[[str], None]) -> None:
    """Keep epochs of the shown network of two inputs, whose plane the report draws, where it is cheap."""
    try:
        trial = shown_trial(run)
        experiment, facts = run.experiment(trial), run.facts(trial)
        if facts.num_inputs != 2 or facts.image_shape is not None or not traits_of(experiment.model).is_dense:
            return
        flops = 3.0 * summarize_model(experiment, facts.example_shape, run.num_outputs(trial)).flops * facts.sizes[0]
        if flops * run.records[trial].epochs <= MAX_FLOPS and (kept := keep_epochs(run, trial, log=log)):
            log(f"remark: The weights of trial {trial} at {count(len(kept), 'epoch')} are kept, for the report.")
    except UserError as error:
        log(f"remark: The weights of single epochs are not kept: {error}")

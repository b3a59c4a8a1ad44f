"""Evaluate finished trials at their final and best weights, and keep these weights; test the chosen setting's."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nnjax.core.experiment import TrialSpec
from nnjax.core.types import Array, Arrays, Float, Shaped, TrialState
from nnjax.models.model import Variables
from nnjax.models.summary import summarize_model
from nnjax.train import distributed
from nnjax.train.distributed import fetch
from nnjax.train.engine.device_data import DeviceData, Part
from nnjax.train.engine.programs import Program, place_numbers
from nnjax.train.engine.state_shapes import blank_state
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.host.broken_trials import note_causes
from nnjax.train.host.layouts import Layouts
from nnjax.train.host.trials import Trials
from nnjax.train.layout.lane_batch import Group
from nnjax.train.storage import named_arrays
from nnjax.train.storage.records import FINISHED, STOPPED, Record
from nnjax.train.storage.selection import ALL, rank


def finish(trials: Trials, specs: Sequence[TrialSpec], active: ActiveBatches, data: DeviceData) -> None:
    """Evaluate trials that have ended, write their scores into the records and keep their weights."""
    assert active.state is not None
    records, store, row_of = trials.records, trials.store, active.row_of()
    stopped = [row_of[spec.id] for spec in specs if records[spec.id].status == STOPPED]
    tested = specs[0].experiment.evaluate_test == ALL
    found = FinalEvaluation(active.program, data, active.hyper, active.state, stopped, tested)
    for spec in specs:
        records[spec.id].values |= found.values(row_of[spec.id], records[spec.id].curves)
    note_causes(active, data, found.best, specs, records)
    retained = trials.retained() if store.keep is not None else None
    kept = [spec for spec in specs if retained is None or spec.id in retained]
    here = [spec for spec in kept if active.is_here(row_of[spec.id]) or not store.shared]
    store.save_weights({spec.id: found.weights(active.group, spec, row_of[spec.id]) for spec in here})
    if distributed.is_distributed():
        store.finish_writing()
        distributed.barrier()  # until the other processes have written theirs


class FinalEvaluation:
    """Scores and weights of all rows of a program, evaluated at once.

    A trial that diverged, or was stopped by its patience, ends with its best weights.

    Args:
      program: of the rows.
      data: on its devices.
      hyper, state: of all rows.
      stopped: the rows that were stopped.
      tested: whether to evaluate the test part.
    """

    def __init__(
        self,
        program: Program,
        data: DeviceData,
        hyper: Mapping[str, Float[Array, " m"]],
        state: TrialState,
        stopped: Sequence[int],
        tested: bool,
    ):
        now, best = jax.vmap(program.trial.evaluated)(state), Variables(state.best_params, state.best_model_state)
        bad_step, last, self.best, self.best_epoch = fetch((state.bad_step, now, best, state.best_epoch))
        back = bad_step > 0
        back[list(stopped)] = True
        self.final = jax.tree.map(lambda a, b: np.where(_like(back, a), b, a), last, self.best)
        parts = {"train_{}_eval": data.train_eval, "val_{}": data.validation}
        parts |= {"test_{}": data.test} if tested else {}
        scores = (_scores(program, data, hyper, part, name, self.final, self.best) for name, part in parts.items())
        self.scores = fetch({name: values for own in scores for name, values in own.items()})

    def values(self, row: int, curves: Mapping[str, Float[np.ndarray, " t"]]) -> dict[str, float]:
        """Return the numbers of one row's trial, which has such curves, by column name."""
        train = curves.get("train_loss", np.zeros(0))
        own = {name: float(value[row]) for name, value in self.scores.items()}
        last = float(train[-1]) if len(train) else float("nan")
        return {"train_loss": last, **own, "best_epoch": float(self.best_epoch[row])}

    def weights(self, group: Group, spec: TrialSpec, row: int) -> dict[str, Shaped[np.ndarray, "..."]]:
        """Name the arrays of the final and best weights of a trial in a row."""
        rows = jax.tree.map(lambda leaf: leaf[row], (self.final, self.best))
        final, best = (group.own(spec, variables) for variables in rows)
        # The order in which files have held them from the beginning.
        return named_arrays.flatten_variables(best, named_arrays.BEST) | named_arrays.flatten_variables(
            final, named_arrays.FINAL
        )


def _scores(
    program: Program,
    data: DeviceData,
    hyper: Mapping[str, Any],
    part: Part,
    pattern: str,
    final: Variables,
    best: Variables,
) -> dict[str, Any]:
    """Evaluate a part at the final weights, and unless it is the training part at the best ones: {name: [rows]}."""
    if not part.index.shape[0]:
        return {}
    values = {pattern.format(name): v for name, v in program.evaluate(data, part, hyper, final).items()}
    if not pattern.startswith("train"):
        found = program.evaluate(data, part, hyper, best)
        values |= {f"best_{pattern.format(name)}": v for name, v in found.items()}
    return values


def evaluate_chosen(trials: Trials, layouts: Layouts, current: Callable[[TrialSpec], TrialSpec]) -> None:
    """Evaluate the test part for the trials of the chosen settings, with the weights that were kept, and of no others.

    Each with the network that it has now (`Decision.current`).

    A trial is evaluated by the program that it began in, so that its scores are the same after a kill.
    """
    specs, records = trials.specs, trials.records
    if specs[0].experiment.evaluate_test == ALL:
        return
    rankings = rank(specs, records, lambda trial: _num_parameters(layouts.group_of[trial], current(specs[trial])))
    chosen = {i for ranking in rankings for i in ranking.tested if records[i].status in FINISHED}
    before = [dict(record.values) for record in records]
    for trial in set(range(len(specs))) - chosen:  # one that was chosen when there were fewer
        records[trial].values = {name: v for name, v in before[trial].items() if not name.startswith(TESTED)}
    for group in layouts.groups:
        left = [
            current(s)
            for s in group.specs
            if s.id in chosen and not any(n.startswith(TESTED) for n in records[s.id].values)
        ]
        if group.data.test.index.shape[0]:
            for (lanes, devices), some in _by_layout(left, records, group):
                _test(trials, layouts.program(group, lanes, devices), layouts, group, some)
    if [record.values for record in records] != before:
        trials.save()


TESTED = ("test_", "best_test_")  # how names of scores of the test part begin


def _num_parameters(group: Group, spec: TrialSpec) -> int:
    return summarize_model(spec.experiment, group.shapes.shape, group.shapes.num_outputs).parameters


def _by_layout(
    specs: Iterable[TrialSpec], records: Sequence[Record], group: Group
) -> Iterable[tuple[tuple[int, int], list[TrialSpec]]]:
    """Sort trials by the lanes and devices that they began with, those of which that is not known by the plan's.

    Several processes use all of their devices, and a run that goes on elsewhere no more than there are.
    """
    found: dict[tuple[int, int], list[TrialSpec]] = {}
    for spec in specs:
        record, plan = records[spec.id], group.plan
        lanes, devices = (record.lanes, record.devices) if record.lanes else (plan.lanes or 1, plan.devices or 1)
        devices = (plan.devices or 1) if distributed.is_distributed() else min(devices, jax.device_count())
        found.setdefault((lanes, devices), []).append(spec)
    return found.items()


def _test(trials: Trials, program: Program, layouts: Layouts, group: Group, specs: Sequence[TrialSpec]) -> None:
    """Write the test scores of trials, evaluated by a program, into their records."""
    data, blank = layouts.data.data(group, program), blank_state(group.key, group.shapes)
    template = Variables(blank.params, blank.model_state)
    for start in range(0, len(specs), program.size):
        some = specs[start : start + program.size]
        rows = [*some, *[some[-1]] * (program.size - len(some))]
        arrays = {spec.id: trials.store.load_weights(spec.id) for spec in some}
        final, best = (
            jax.tree.map(
                lambda *leaves: np.stack(leaves),
                *(_read(group, spec, template, arrays[spec.id], prefix) for spec in rows),
            )
            for prefix in (named_arrays.FINAL, named_arrays.BEST)
        )
        hyper = place_numbers(program, group.traced(rows, program.trial.dtype))
        found = fetch(_scores(program, data, hyper, data.test, "test_{}", final, best))
        for row, spec in enumerate(some):
            trials.records[spec.id].values |= {name: float(value[row]) for name, value in found.items()}


def _read(group: Group, spec: TrialSpec, template: Variables, arrays: Arrays, prefix: str) -> Variables:
    """Read a trial's variables as its program holds them; errors as in `unflatten`."""
    own = named_arrays.unflatten_variables(group.own(spec, template), arrays, prefix)
    return group.enveloped(spec, own, template)


def _like(mask: Array, leaf: Any) -> Array:
    """Shape a mask [m] so that it selects rows of leaf [m, ...]."""
    return mask.reshape(mask.shape + (1,) * (leaf.ndim - 1))

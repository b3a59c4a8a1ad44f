"""Certify a run: retrain some of its trials, compare, and keep the certificate in the run folder."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.exchange.start_weights import read_weights
from nnjax.models.summary import summarize_model
from nnjax.runs import folder
from nnjax.runs.config_json import refuse_other_draws
from nnjax.runs.environment import describe_environment
from nnjax.runs.run import Run
from nnjax.train.layout.plan import Plan
from nnjax.train.storage.records import FINISHED, Record
from nnjax.verify.certificate import FILE, Certificate, TrialCheck, differences, mismatch
from nnjax.verify.retraining import neighbors, plan_of, retrain

MOST_TRIALS = 4
MAX_FLOPS = 1e12  # a trial's training is repeated as far as this goes (ten seconds of a core), two epochs at least
TOLERANCES = {"cpu": 1e-5, "bfloat16": 1e-2}  # of the first epoch's losses, relative
ELSEWHERE = 1e-2  # on accelerators, whose matrix products may round to 10 bits (TF32)


def certify(
    run: Run, log: Callable[[str], None] = lambda text: None, should_stop: Callable[[], bool] = lambda: False
) -> Certificate:
    """Train some trials of a run again, and keep what that showed as certificate.json in the run folder.

    The sample: of each program the finished trial of the lowest final loss, then the one in the middle; programs that
    trained many trials first; four trials at most.

    Args:
      run: finished, or as far as it came.
      log: called with sentences.
      should_stop: asked between segments.

    Raises:
      UserError: the data are not there any more, or the run's draws are of an earlier version.
      Stopped: `should_stop` said so; nothing is kept.
    """
    if isinstance(run.store, folder.FolderStore):
        refuse_other_draws(run.store.read_config(), f"{run.store.path}", "certifying")
    plans = {trial: group for group in run.store.read_plan() for trial in group["trials"]}
    finished = [spec.id for spec in run.specs if run.records[spec.id].status in FINISHED]
    reasons = {trial: _obstacle(run, trial, plans) for trial in finished}
    why_not = _why_not_bitwise(run)
    chosen = sample(run, [trial for trial in finished if not reasons[trial]])
    checks = []
    for trial in chosen:
        log(f"certificate: trial {trial} is trained again, among others and alone.")
        checks.append(_check(run, trial, plan_of(run.records[trial], plans[trial]), should_stop))
    left_out = Counter(reason for reason in reasons.values() if reason)
    counts = tuple((count, reason) for reason, count in left_out.items())
    found = Certificate(tuple(checks), len(finished), len(run.specs), not why_not, why_not, counts)
    run.certificate = found
    if isinstance(run.store, folder.FolderStore):
        run.store.write_json(FILE, dataclasses.asdict(found))
    return found


def sample(run: Run, trials: Sequence[int]) -> list[int]:
    """Choose some of the finished trials: see `certify`."""
    programs: dict[Any, list[int]] = {}
    for trial in trials:
        record, key = run.records[trial], run.specs[trial].experiment.program_key
        layout = dataclasses.replace(key, data=DataConfig()), record.lanes, record.devices
        programs.setdefault(layout, []).append(trial)
    ranked = [sorted(own, key=lambda trial: _final_loss(run.records[trial])) for own in programs.values()]
    ranked.sort(key=len, reverse=True)
    picks = [own[0] for own in ranked] + [own[len(own) // 2] for own in ranked]
    return list(dict.fromkeys(picks))[:MOST_TRIALS]


def _final_loss(record: Record) -> float:
    found = (record.values.get(name, np.nan) for name in ("val_loss", "train_loss"))
    return next(filter(np.isfinite, found), np.inf)


def _obstacle(run: Run, trial: int, plans: Mapping[int, Mapping[str, Any]]) -> str:
    """Describe why a finished trial cannot be trained again by its program; "" if it can."""
    record, spec, there = run.records[trial], run.specs[trial], len(jax.devices())
    if trial not in plans or not record.lanes:
        return "the layout in which they were trained is not on record"
    if record.devices > there:
        return f"they were trained on {record.devices} devices, but {there} are available"
    if run.schedules and len(run.schedules[trial]) > 1:
        return "they went on from another trial's weights (population-based training)"
    if record.moved == 0:
        return "another program took them over within their first epoch"
    try:
        if spec.start_from is not None:
            run.store.load_weights(spec.start_from)
        if spec.experiment.start_weights is not None:
            read_weights(spec.experiment.start_weights)
    except UserError:
        return "the weights from which they started no longer exist"
    return ""


def _why_not_bitwise(run: Run) -> str:
    """Describe why equal bits cannot be asked for; "" if they can."""
    if jax.default_backend() != "cpu":
        return "accelerators do not promise equal bits"
    if isinstance(run.store, folder.FolderStore):
        then, now = run.store.read_environment(), describe_environment({}, [])
        changed = [name for name in ("machine", "cores", "versions") if then.get(name) != now[name]]
        if changed:
            return f"since the run other {' and '.join(changed)} came into use"
    return ""


def _check(run: Run, trial: int, plan: Plan, should_stop: Callable[[], bool]) -> TrialCheck:
    """Train a trial again at other places of its program, and alone, and compare."""
    record, spec = run.records[trial], run.specs[trial]
    assert plan.lanes is not None
    assert plan.devices is not None
    places = plan.lanes * plan.devices // plan.batch_devices
    epochs = min(cheap_epochs(run, trial, places), record.epochs)
    exact = epochs if record.moved is None else min(epochs, record.moved)
    rows = [spec, *neighbors(run, trial, plan, places - 2), spec][:places]
    among = retrain(run, rows, plan, epochs, should_stop)
    copies = [among[0], among[-1]][:places]
    [solo] = retrain(run, [spec], Plan(1, 1, 1, "own", fixed=True), epochs, should_stop)
    apart = differences(record, solo, epochs)
    return TrialCheck(
        trial=trial,
        lanes=record.lanes,
        devices=record.devices,
        epochs=epochs,
        exact_epochs=exact,
        places=len(copies),
        tolerance=_tolerance(spec),
        mismatch=next((found for found in (mismatch(record, copy, exact) for copy in copies) if found), None),
        among=max(differences(record, copy, 1)[0] for copy in copies),
        alone=apart[0],
        drift=tuple(apart[1:]),
    )


def cheap_epochs(run: Run, trial: int, places: int) -> int:
    """Count the epochs of so many trials like this one that MAX_FLOPS go for, two at least."""
    facts = run.facts(trial)
    forward = summarize_model(run.specs[trial].experiment, facts.example_shape, run.num_outputs(trial)).flops
    return max(2, int(MAX_FLOPS / (3.0 * forward * facts.sizes[0] * places)))


def _tolerance(spec: TrialSpec) -> float:
    backend, dtype = jax.default_backend(), spec.experiment.model.dtype
    return max(TOLERANCES.get(backend, ELSEWHERE), TOLERANCES.get(dtype, 0.0))

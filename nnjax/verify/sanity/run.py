"""Run the sanity checks: the short trials, as one population."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.types import Prepared
from nnjax.exchange.start_weights import read_weights
from nnjax.models.registry import traits_of
from nnjax.models.summary import summarize_model
from nnjax.runs.folder import FolderStore
from nnjax.train.engine.device_data import output_width
from nnjax.train.host.population import Population
from nnjax.train.layout.plan import Plan
from nnjax.train.storage.store import MemoryStore
from nnjax.verify.sanity.data import VALIDATION, few, reduced, shuffled, without_inputs
from nnjax.verify.sanity.references import references
from nnjax.verify.sanity.results import FILE, Examined, SanityCheck, format_checks, read, to_json
from nnjax.verify.sanity.rules import Measurements, Outcome, judge

STEPS, FEW_STEPS, SHUFFLED_STEPS = 200, 400, 800  # labels that mean nothing take long to be memorized
FLOPS = 1.5e11  # of a trial at most, though it takes a tenth of these steps at least
BATCH = 32  # the largest batch
MOST = 4  # trials that are checked
OFF = ("dropout", "weight_decay", "l1", "l2", "label_smoothing")  # what prevents overfitting


class _Variant(NamedTuple):
    """One short trial: its name, its data, its steps, and the hyperparameters that it changes."""

    name: str
    prepared: Prepared
    steps: int
    changes: Mapping[str, Any]


def check(
    experiment: Experiment, prepared: Prepared, should_stop: Callable[[], bool] = lambda: False
) -> list[SanityCheck]:
    """Run the sanity checks that apply to an experiment.

    Args:
      experiment: valid (see `invalid_values.validate`), its hyperparameters filled in (`optimizers.resolve`).
      prepared: its data, of which at most 1,000 training and 500 validation examples are used.
      should_stop: asked between segments.

    Returns:
      The checks in the order in which to mend what fails: the start, overfitting a small batch, the inputs, the labels.

    Raises:
      Stopped: `should_stop` said so.
    """
    base, small = brief(experiment), reduced(prepared)
    variants = _variants(base, small)
    specs = [_spec(i, base, variant) for i, variant in enumerate(variants)]
    data = {spec.experiment.data: variant.prepared for spec, variant in zip(specs, variants, strict=True)}
    population = Population(
        specs, data, Plan(devices=1, lanes=1), MemoryStore(), should_stop=should_stop, read_weights=read_weights
    )
    records = population.run()
    outcomes = {
        variant.name: Outcome(record.curves, record.status, record.epochs * _per_epoch(base, variant.prepared))
        for variant, record in zip(variants, records, strict=True)
    }
    return judge(Measurements(base, references(base, small, variants[-1].prepared), outcomes))


def examine_once(
    specs: Sequence[TrialSpec],
    prepared: Mapping[DataConfig, Prepared],
    folder: FolderStore | None,
    log: Callable[[str], None],
    should_stop: Callable[[], bool],
) -> list[Examined]:
    """Check one trial of each arm and kind (model, loss, optimizer), the one in the middle; four at most.

    Args:
      specs, prepared: of a run.
      folder: the run's, which keeps what was found; where it has that already no trial is trained.
      log: called with a sentence for each check.
      should_stop: asked between segments.

    Raises:
      Stopped: `should_stop` said so.
    """
    kept = None if folder is None else read(folder)
    if kept is not None:
        for text in (text for one in kept for text in format_checks(one)):
            log(text)
        return kept
    kinds: dict[tuple, list[TrialSpec]] = {}
    for spec in specs:
        own = spec.experiment
        kinds.setdefault((spec.arm, own.model, own.loss, own.optimizer), []).append(spec)
    found = []
    for some in list(kinds.values())[:MOST]:
        spec = some[len(some) // 2]
        checks = check(spec.experiment, prepared[spec.experiment.data], should_stop)
        found.append(Examined(spec.arm, spec.id, tuple(checks)))
        for text in format_checks(found[-1]):
            log(text)
    if len(kinds) > MOST:
        log(f"remark: The sanity checks looked at {MOST} of {len(kinds)} kinds of trials.")
    if folder is not None:
        folder.write_json(FILE, to_json(found))
    return found


def brief(experiment: Experiment) -> Experiment:
    """Give the experiment as the checks train it: fresh weights, whole training data evaluated, nothing transformed."""
    return dataclasses.replace(
        experiment,
        data=dataclasses.replace(experiment.data, augment="none", folds=None, window=None),
        hyperparameters=dataclasses.replace(experiment.hyperparameters, patience=None),
        batch_size=min(experiment.batch_size, BATCH),
        eval_batch_size=min(experiment.eval_batch_size, VALIDATION),
        train_eval_size=None,
        metrics=None,
        signals=None,
        start_weights=None,
    )


def _variants(experiment: Experiment, real: Prepared) -> list[_Variant]:
    """List the trials; the last one is that on few examples."""
    off = {name: 0.0 for name in OFF if name in experiment.hyperparameters.present()}
    out = [_Variant("start", real, 1, {"learning_rate": 0.0}), _Variant("real", real, STEPS, {})]
    if not traits_of(experiment.model).reconstructs and real.dataset.y is not None:
        out += [_Variant("without inputs", without_inputs(real), STEPS, {})]
        out += [_Variant("shuffled", shuffled(real), SHUFFLED_STEPS, off)]
    return [*out, _Variant("few", few(real), FEW_STEPS, off)]


def _spec(number: int, experiment: Experiment, variant: _Variant) -> TrialSpec:
    """Make a trial; its data go by another name, so that they are not taken for those of another one."""
    hyper = dataclasses.replace(experiment.hyperparameters, **variant.changes)
    data = dataclasses.replace(experiment.data, name=f"{experiment.data.name}, {variant.name}")
    per_epoch = _per_epoch(experiment, variant.prepared)
    facts = variant.prepared.facts()
    forward = summarize_model(experiment, facts.example_shape, output_width(experiment.model, facts)).flops
    affordable = int(FLOPS / (3.0 * forward * experiment.batch_size))
    epochs = -(-min(variant.steps, max(variant.steps // 10, affordable)) // per_epoch)
    return TrialSpec(number, dataclasses.replace(experiment, hyperparameters=hyper, data=data, epochs=epochs))


def _per_epoch(experiment: Experiment, prepared: Prepared) -> int:
    return -(-len(prepared.train) // experiment.batch_size)

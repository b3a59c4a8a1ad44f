"""Sanity checks before training: a few short trials that show whether learning can work at all.

The classic ones (Karpathy 2019, "A Recipe for Training Neural Networks"; Stanford cs231n, "Neural networks part 3"):
the loss at the start, twenty examples learned by heart, the inputs taken away, the labels shuffled. All are trials of
the ordinary trainer on changed data of equal shapes, so one program, compiled once, runs them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

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
from nnjax.verify.sanity_rules import Check, Measured, Outcome, judge, references

TRAIN, VALIDATION = 1000, 500  # examples at most
FEW = 20  # to be learned by heart
STEPS, FEW_STEPS, SHUFFLED_STEPS = 200, 400, 800  # labels that mean nothing take long to be learned by heart
FLOPS = 1.5e11  # of a trial at most, though it takes a tenth of these steps at least
BATCH = 32  # the largest batch
MOST = 4  # trials that are checked
FILE = "sanity.json"
OFF = ("dropout", "weight_decay", "l1", "l2", "label_smoothing")  # what stands against learning by heart


class Examined(NamedTuple):
    """What the checks found for one trial of a run, which stands for all of its arm and kind."""

    arm: str
    trial: int
    checks: tuple[Check, ...]


class _Variant(NamedTuple):
    """One trial: its name, its data, its steps, and the hyperparameters that it changes."""

    name: str
    prepared: Prepared
    steps: int
    changes: Mapping[str, Any]


def check(experiment: Experiment, prepared: Prepared, should_stop: Callable[[], bool] = lambda: False) -> list[Check]:
    """Run the sanity checks that apply to an experiment.

    Args:
      experiment: valid (see `checks.validate`), its hyperparameters filled in (`optimizers.resolve`).
      prepared: its data, of which at most 1,000 training and 500 validation examples are used.
      should_stop: asked between segments.

    Returns:
      The checks in the order in which to mend what fails: the start, learning by heart, the inputs, the labels.

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
    return judge(Measured(base, references(base, small, variants[-1].prepared), outcomes))


def examine(
    specs: Sequence[TrialSpec],
    prepared: Mapping[DataConfig, Prepared],
    announce: Callable[[str], None] = lambda text: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Examined]:
    """Check one trial of each arm and kind (model, loss, optimizer), the one in the middle; four at most.

    Args:
      specs, prepared: of a run.
      announce: called with a sentence for each check.
      should_stop: asked between segments.

    Raises:
      Stopped: `should_stop` said so.
    """
    kinds: dict[tuple, list[TrialSpec]] = {}
    for spec in specs:
        own = spec.experiment
        kinds.setdefault((spec.arm, own.model, own.loss, own.optimizer), []).append(spec)
    found = []
    for some in list(kinds.values())[:MOST]:
        spec = some[len(some) // 2]
        checks = check(spec.experiment, prepared[spec.experiment.data], should_stop)
        found.append(Examined(spec.arm, spec.id, tuple(checks)))
        for text in told(found[-1]):
            announce(text)
    if len(kinds) > MOST:
        announce(f"remark: The sanity checks looked at {MOST} of {len(kinds)} kinds of trials.")
    return found


def told(examined: Examined) -> list[str]:
    """Write the checks as lines of output."""
    of = f" ({examined.arm})" if examined.arm else ""
    return [
        f"sanity{of}: {one.name}: {one.sentence}" if one.passed else f"warning: sanity{of}: {one.sentence} {one.remedy}"
        for one in examined.checks
    ]


def to_json(found: Sequence[Examined]) -> list[dict[str, Any]]:
    """Give sanity.json; numbers that are not finite are left out."""
    return [{"arm": one.arm, "trial": one.trial, "checks": [_finite(check) for check in one.checks]} for one in found]


def _finite(check: Check) -> dict[str, Any]:
    numbers = {name: value for name, value in check.evidence.items() if np.isfinite(value)}
    return check._asdict() | {"evidence": numbers}


def read(folder: FolderStore) -> list[Examined] | None:
    """Read what a run folder has of the sanity checks; None where there is nothing.

    Raises:
      UserError: sanity.json is damaged.
    """
    return folder.read_optional(FILE, from_json)


def from_json(tree: Any) -> list[Examined]:
    """Read back what `to_json` gave.

    Raises:
      LookupError, TypeError: it is not as it was written.
    """
    return [Examined(one["arm"], one["trial"], tuple(Check(**check) for check in one["checks"])) for one in tree]


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


def reduced(prepared: Prepared) -> Prepared:
    """Keep at most 1,000 training and 500 validation examples, evenly spaced, and no others."""
    train, validation = _spaced(prepared.train, TRAIN), _spaced(prepared.validation, VALIDATION)
    data = prepared.dataset
    rows, index = np.unique(np.concatenate([train, validation]), return_inverse=True)  # one in both parts stays one
    index = index.astype(np.int32)
    dataset = dataclasses.replace(
        data, x=data.x[rows], y=None if data.y is None else data.y[rows], test_start=None, validation_start=None
    )
    return dataclasses.replace(
        prepared, dataset=dataset, train=index[: len(train)], validation=index[len(train) :], test=index[:0]
    )


def _spaced(index: np.ndarray, size: int) -> np.ndarray:
    if len(index) <= size:
        return index
    return index[np.linspace(0, len(index) - 1, size).round().astype(np.int64)]


def _variants(experiment: Experiment, real: Prepared) -> list[_Variant]:
    """List the trials; the last one is that on few examples."""
    off = {name: 0.0 for name in OFF if name in experiment.hyperparameters.present()}
    out = [_Variant("start", real, 1, {"learning_rate": 0.0}), _Variant("real", real, STEPS, {})]
    if not traits_of(experiment.model).reconstructs and real.dataset.y is not None:
        out += [_Variant("without inputs", without_inputs(real), STEPS, {})]
        out += [_Variant("shuffled", shuffled(real), SHUFFLED_STEPS, off)]
    return [*out, _Variant("few", few(real), FEW_STEPS, off)]


def without_inputs(prepared: Prepared) -> Prepared:
    """Give all examples the same input: the one that is scaled to zeros, or of images black."""
    x = prepared.dataset.x
    blank = np.zeros_like(x)
    if x.dtype != np.uint8:
        blank += np.asarray(prepared.x_scaler.inverse(np.zeros(x.shape[1], np.float32)), x.dtype)
    return dataclasses.replace(prepared, dataset=dataclasses.replace(prepared.dataset, x=blank))


def shuffled(prepared: Prepared) -> Prepared:
    """Give each example the target of another one, in all parts."""
    data = prepared.dataset
    assert data.y is not None
    order = np.random.default_rng(0).permutation(len(data.y))
    return dataclasses.replace(prepared, dataset=dataclasses.replace(data, y=data.y[order]))


def few(prepared: Prepared) -> Prepared:
    """Repeat 20 of the training examples until there are as many as before."""
    return dataclasses.replace(prepared, train=np.resize(_spaced(prepared.train, FEW), len(prepared.train)))


def _spec(number: int, experiment: Experiment, variant: _Variant) -> TrialSpec:
    """Make a trial; its data go by another name, so that they are not taken for those of another one."""
    hyper = dataclasses.replace(experiment.hyperparameters, **variant.changes)
    data = dataclasses.replace(experiment.data, name=f"{experiment.data.name}, {variant.name}")
    per_epoch = _per_epoch(experiment, variant.prepared)
    steps = min(variant.steps, max(variant.steps // 10, int(FLOPS / _step_flops(experiment, variant.prepared))))
    epochs = -(-steps // per_epoch)
    return TrialSpec(number, dataclasses.replace(experiment, hyperparameters=hyper, data=data, epochs=epochs))


def _per_epoch(experiment: Experiment, prepared: Prepared) -> int:
    return -(-len(prepared.train) // experiment.batch_size)


def _step_flops(experiment: Experiment, prepared: Prepared) -> float:
    facts = prepared.facts()
    counted = summarize_model(experiment, facts.num_inputs, output_width(experiment.model, facts))
    return 3.0 * counted.flops * experiment.batch_size

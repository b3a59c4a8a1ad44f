"""What happens before a population trains: its trials are resolved, their data prepared, and what cannot be refused."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Mapping, Sequence

import jax

from nnjax.checks.fit import examine, summarize
from nnjax.checks.impossible import validate
from nnjax.checks.rules.case import Finding
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.types import Dataset, Prepared
from nnjax.data import load, prepare_loaded
from nnjax.models import lenet_tables
from nnjax.models.registry import make_model
from nnjax.models.summary import census
from nnjax.nn.augmentation import NONE
from nnjax.nn.optimizers import resolve
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Space
from nnjax.train.engine.batches import output_width
from nnjax.train.storage import checkpoints

IMAGE_SIDES = {"lenet5": (28, 32), "lenet5_modern": (28, 32), "conv_autoencoder": (28,)}
COPIES = 5  # of a trial's weights: they, the best ones, the gradient, and two moments of the optimizer


def valid_trials(experiment: Experiment, space: Space, announce: Callable[[str], None]) -> list[TrialSpec]:
    """List the trials of a space, their hyperparameters filled in with the optimizer's defaults.

    Raises:
      UserError: see `expand` and `validate`.
    """
    specs = expand(experiment, space, announce)
    for spec in specs:
        validate(spec.experiment)
    return [dataclasses.replace(spec, experiment=resolve(spec.experiment)) for spec in specs]


def check(
    specs: Sequence[TrialSpec], data: Dataset | None
) -> tuple[dict[DataConfig, Prepared], list[tuple[str, Finding]]]:
    """Prepare the data of trials and refuse what cannot be trained; what may be amiss is found, with the arms.

    Raises:
      UserError: see `prepare_all`, and all that begin with `refuse_`.
    """
    prepared = prepare_all(specs, data)
    refuse_unfit_images(specs, prepared)
    findings = judge(specs, prepared)
    refuse_errors(specs, findings)
    refuse_too_large(specs, prepared)
    refuse_unfit_weights(specs, prepared)
    return prepared, findings


def told(arms: str, finding: Finding) -> str:
    """Write a finding as a line of output."""
    return f"{finding.severity}{f' ({arms})' if arms else ''}: {finding.sentence} {finding.remedy}"


def prepare_all(specs: Sequence[TrialSpec], data: Dataset | None) -> dict[DataConfig, Prepared]:
    """Load and split each data configuration that occurs, once.

    Raises:
      UserError: `data` is no data set; see `load` and `prepare_loaded`.
    """
    if data is not None and not isinstance(data, Dataset):
        raise UserError(
            f"The data are of the type {type(data).__name__}, but a Dataset was expected: make one with "
            "nnjax.data.from_arrays(x, y)."
        )
    sizes: dict[DataConfig, int] = {}
    for spec in specs:
        config = spec.experiment.data
        sizes[config] = max(sizes.get(config, 0), spec.experiment.batch_size)
    sources: dict[tuple[str, str | None, str | None, bool], Dataset] = {}
    out = {}
    for config, size in sizes.items():
        source = (config.name, config.data_dir, config.target, config.window is not None)
        if source not in sources:
            sources[source] = load(*source) if data is None else data
        out[config] = prepare_loaded(sources[source], config, size)
    return out


def refuse_unfit_images(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> None:
    """Refuse data that are no images where images are needed, and classes for which LeNet-5 has no bitmaps.

    Raises:
      UserError: there are such data.
    """
    for kind, config in dict.fromkeys((spec.experiment.model.kind, spec.experiment.data) for spec in specs):
        facts = prepared[config].facts()
        if config.augment != NONE and facts.image_shape is None:
            raise UserError(f"{config.name} has no images to augment by {config.augment}: set data.augment=none.")
        sides = IMAGE_SIDES.get(kind)
        shape = facts.image_shape or (math.isqrt(facts.num_inputs),) * 2
        if sides and (shape not in [(side, side) for side in sides] or math.prod(shape) != facts.num_inputs):
            found = f"images of {shape[0]}×{shape[1]} pixels" if facts.image_shape else f"{facts.num_inputs} inputs"
            sizes = " or ".join(f"{side}×{side}" for side in sides)
            raise UserError(
                f"{config.name} has {found}, but {kind} reads images of {sizes}: resize them, or set model.kind=mlp."
            )
        if kind == "lenet5" and len(facts.classes) != lenet_tables.NUM_CLASSES:
            raise UserError(
                f"{config.name} has {len(facts.classes) or 'no'} classes, but the outputs of lenet5 are distances to "
                "drawings of 10 digits: take data of 10 classes, or set model.kind=lenet5_modern."
            )


def judge(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> list[tuple[str, Finding]]:
    """Judge every distinct trial before training; each finding once, with the arms it concerns."""
    found: dict[Finding, list[str]] = {}
    summaries = {
        (data, kind): summarize(prepared[data], kind)
        for data, kind in {(spec.experiment.data, spec.experiment.model.kind) for spec in specs}
    }
    distinct = {(spec.arm, dataclasses.replace(spec.experiment, seed=0)): spec for spec in specs}
    for spec in distinct.values():
        for finding in examine(spec.experiment, summaries[spec.experiment.data, spec.experiment.model.kind]):
            arms = found.setdefault(finding, [])
            if spec.arm not in arms:
                arms.append(spec.arm)
    return [(", ".join(arms), finding) for finding, arms in found.items()]


def refuse_errors(specs: Sequence[TrialSpec], findings: Sequence[tuple[str, Finding]]) -> None:
    """Refuse what `judge` found to be an error, unless `allow_mismatch` is set wherever it occurs.

    Raises:
      UserError: there is such an error.
    """
    strict = {spec.arm for spec in specs if not spec.experiment.allow_mismatch}
    for arms, finding in findings:
        if finding.severity == "error" and not strict.isdisjoint(arms.split(", ")):
            where = f" (in {arms})" if arms else ""
            raise UserError(
                f"{finding.sentence}{where} {finding.remedy} (--config.allow_mismatch=true trains all the same.)"
            )


def refuse_too_large(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> None:
    """Refuse trials that a device's memory cannot hold one at a time, and more steps than the program's int32 counts.

    Raises:
      UserError: there is such a trial.
    """
    limit = memory()
    for spec in specs:
        experiment, data = spec.experiment, prepared[spec.experiment.data]
        _refuse_too_long(experiment, len(data.train))
        facts = data.facts()
        counted = census(experiment, facts.num_inputs, output_width(experiment.model, facts))
        units = facts.num_inputs + sum(layer.outputs for layer in counted.layers)
        weights = 4 * COPIES * counted.parameters
        batch = 4 * max(experiment.batch_size, experiment.eval_batch_size) * units
        if weights + batch > limit:
            raise UserError(
                f"A trial needs {weights / 1e9:,.1f} GB for its weights and {batch / 1e9:,.1f} GB for a batch, but the "
                f"device has {limit / 1e9:,.1f} GB: make {'model.widths' if weights > batch else 'eval_batch_size'} "
                "smaller."
            )


def refuse_unfit_weights(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> None:
    """Refuse files of weights to start from that are not there, damaged, or of another architecture.

    Raises:
      UserError: there is such a file.
    """
    from nnjax.exchange.start_weights import read_weights

    for path, model, data in {(s.experiment.start_weights, s.experiment.model, s.experiment.data) for s in specs}:
        if path is not None:
            arrays = read_weights(path)
            facts = prepared[data].facts()
            network = make_model(model, facts.num_inputs, output_width(model, facts))
            blank = jax.eval_shape(network.init, jax.random.key(0))
            try:
                checkpoints.unflatten(blank, arrays, checkpoints.FINAL)
            except UserError as error:
                raise UserError(f"The trials cannot start from {path}: {error}") from None


def _refuse_too_long(experiment: Experiment, num_examples: int) -> None:
    steps = experiment.epochs * -(-num_examples // experiment.batch_size)
    if steps >= 2**31:
        raise UserError(
            f"{experiment.epochs:,} epochs are {steps:,} steps, but {2**31 - 1:,} is the most; train fewer epochs."
        )


def memory() -> float:
    """Bytes of memory that a device has; infinity where it does not say."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return float((device.memory_stats() or {}).get("bytes_limit", math.inf))

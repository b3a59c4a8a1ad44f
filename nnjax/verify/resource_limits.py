"""Refuse trials that cannot be trained on their data or on this machine, before anything is compiled."""

import math
from collections.abc import Mapping, Sequence

import jax

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.memory import total_memory
from nnjax.core.types import Prepared
from nnjax.exchange.start_weights import read_weights
from nnjax.models.frozen_weights import refuse_unmatched
from nnjax.models.registry import make_model, traits_of
from nnjax.models.summary import summarize_model
from nnjax.models.user_models import variables_shapes
from nnjax.nn.augmentation import NONE
from nnjax.train.engine.device_data import output_width
from nnjax.train.storage import named_arrays

COPIES = 5  # of a trial's weights: they, the best ones, the gradient, and two moments of the optimizer


def refuse_unfit_images(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> None:
    """Refuse data that are not images where images are needed, and more classes than a model tells apart."""
    for traits, config in dict.fromkeys((traits_of(spec.experiment.model), spec.experiment.data) for spec in specs):
        facts, kind = prepared[config].facts(), traits.name
        if config.augment != NONE and facts.image_shape is None:
            raise UserError(f"{facts.name} has no images to augment by {config.augment}: set data.augment=none.")
        if facts.parts and not traits.own:
            raise UserError(
                f"{facts.name} has the inputs {facts.example_shape!r}, but {kind} reads one array of measured numbers: "
                "give a model of your own, which gets them as they are (docs/extending/data.md), or join them."
            )
        shape = facts.image_shape or (math.isqrt(facts.num_inputs),) * 2
        if not traits.reads_images(shape, facts.num_inputs):
            found = f"images of {shape[0]}×{shape[1]} pixels" if facts.image_shape else f"{facts.num_inputs} inputs"
            sizes = " or ".join(f"{side}×{side}" for side in traits.image_sides)
            raise UserError(
                f"{facts.name} has {found}, but {kind} reads images of {sizes}: resize them, or set model.kind=mlp."
            )
        if traits.num_classes not in (None, len(facts.classes)):
            raise UserError(
                f"{facts.name} has {len(facts.classes) or 'no'} classes, but the outputs of {kind} are distances to "
                f"drawings of {traits.num_classes} digits: take data of {traits.num_classes} classes, or set "
                "model.kind=lenet5_modern."
            )


def refuse_oversized_trials(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> None:
    """Refuse trials that a device's memory cannot hold one at a time, and more steps than an int32 counts."""
    limit = memory()
    for spec in specs:
        experiment, data = spec.experiment, prepared[spec.experiment.data]
        steps = experiment.epochs * -(-len(data.train) // experiment.batch_size)
        if steps >= 2**31:
            epochs = f"{experiment.epochs:,} epochs are {steps:,} steps"
            raise UserError(f"{epochs}, but {2**31 - 1:,} is the most; train fewer epochs.")
        facts = data.facts()
        counted = summarize_model(experiment, facts.example_shape, output_width(experiment.model, facts))
        units = facts.num_inputs + sum(layer.outputs for layer in counted.layers)
        weights = 4 * COPIES * counted.parameters
        batch = 4 * max(experiment.batch_size, experiment.eval_batch_size) * units
        if weights + batch > limit:
            raise UserError(
                f"A trial needs {weights / 1e9:,.1f} GB for its weights and {batch / 1e9:,.1f} GB for a batch, but the "
                f"device has {limit / 1e9:,.1f} GB: make {'model.widths' if weights > batch else 'eval_batch_size'} "
                "smaller."
            )


def refuse_unmatched_patterns(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> None:
    """Refuse patterns of `ModelConfig.trainable` that no weight fits."""
    for model, data in {(s.experiment.model, s.experiment.data) for s in specs if s.experiment.model.trainable}:
        facts = prepared[data].facts()
        network = make_model(model, facts.example_shape, output_width(model, facts))
        refuse_unmatched(network, variables_shapes(network, facts.example_shape).params, model.trainable or ())


def memory() -> float:
    """Bytes of memory that a device has; infinity where it does not say."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return float(total_memory())
    return float((device.memory_stats() or {}).get("bytes_limit", math.inf))


def refuse_unfit_weights(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> None:
    """Refuse files of weights to start from that are not there, damaged, or of another architecture."""
    for path, model, data in {(s.experiment.start_weights, s.experiment.model, s.experiment.data) for s in specs}:
        if path is not None:
            arrays = read_weights(path)
            facts = prepared[data].facts()
            network = make_model(model, facts.example_shape, output_width(model, facts))
            blank = variables_shapes(network, facts.example_shape)
            try:
                named_arrays.unflatten(blank.params, arrays, named_arrays.FINAL)
            except UserError as error:
                raise UserError(f"The trials cannot start from {path}: {error}") from None

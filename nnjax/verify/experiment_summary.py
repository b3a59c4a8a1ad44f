"""Say what an experiment would train, before anything is trained: layers, parameters, operations, memory."""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import jax
import numpy as np

from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.fields import coerce_fields, import_objects
from nnjax.core.types import Array, Prepared
from nnjax.data import Datasets
from nnjax.data.in_memory import as_dataset
from nnjax.models.adapters.compiled import as_experiment, with_compiled
from nnjax.models.frozen_weights import layer_names
from nnjax.models.operation_counts import trace
from nnjax.models.registry import traits_of
from nnjax.models.summary import summarize_model
from nnjax.models.user_models import PROBED, variables_shapes
from nnjax.train.engine import training_step
from nnjax.train.engine.device_data import make_device_data, make_shapes
from nnjax.train.engine.state_shapes import blank_state
from nnjax.train.engine.trial import Trial
from nnjax.train.layout.memory_estimate import parts
from nnjax.verify import data_checks


class Layer(NamedTuple):
    """A layer."""

    name: str  # its path in the tree of parameters
    output: tuple[int, ...]  # the shape of what it yields for one example; () where that is not known
    parameters: int  # its weights and biases
    trainable: int  # those that training changes


@dataclasses.dataclass(frozen=True)
class ExperimentSummary:
    """What an experiment would train; `print` shows it as a table."""

    experiment: Experiment  # with all that it leaves open filled in
    chosen: tuple[str, ...]  # sentences on what was filled in
    layers: tuple[Layer, ...]  # one row each
    flops: int  # operations of the matrix products and convolutions of one forward pass of one example
    flops_per_step: int  # those of a training step of a whole batch
    # weights, optimizer, best, activations: bytes that a trial takes for its weights, the optimizer's state and the
    # best weights so far (with all else that it keeps), and at most for gradient and activations of a batch
    weights: int
    optimizer: int
    best: int
    activations: int

    @property
    def parameters(self) -> int:
        """All weights and biases."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def trainable(self) -> int:
        """Those that training changes."""
        return sum(layer.trainable for layer in self.layers)

    @property
    def memory(self) -> int:
        """Bytes of a trial in all; the data come to them, once for all trials."""
        return self.weights + self.optimizer + self.best + self.activations

    def __str__(self) -> str:
        """Show it as a table, with a line each on parameters, operations and memory."""
        model, frozen = self.experiment.model, self.parameters - self.trainable
        rows = [("layer", "output", "parameters")]
        for layer in self.layers:
            note = "" if layer.trainable == layer.parameters else " (frozen)" if not layer.trainable else " (in part)"
            rows.append((layer.name, "×".join(map(str, layer.output)), f"{layer.parameters:,}{note}"))
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        table = ["  ".join((row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2])).rstrip() for row in rows]
        size = self.experiment.batch_size
        weights, optimizer, best, activations = map(_bytes, (self.weights, self.optimizer, self.best, self.activations))
        return "\n".join(
            (
                f"{getattr(model.kind, 'label', model.kind)}: {self.experiment.loss}, {model.output_activation} output",
                *self.chosen,
                *table,
                f"parameters: {self.parameters:,}, of which {self.trainable:,} are trained, {frozen:,} frozen",
                f"operations: {self.flops:,} FLOPs an example forward, {self.flops_per_step:,} a step of {size}",
                f"memory of a trial: {_bytes(self.memory)} (weights {weights}, optimizer {optimizer}, best weights "
                f"{best}, gradient and activations {activations})",
            )
        )

    __repr__ = __str__


def summary(experiment: Any, data: Any = None, target: str | Sequence[str] | None = None) -> ExperimentSummary:
    """Say what an experiment would train, without training it: shapes are traced, nothing is computed.

    Args:
      experiment, data, target: as for `nnjax.sweep`.

    Raises:
      UserError: as `nnjax.sweep`, where the experiment is impossible or its data unusable.
    """
    experiment = with_compiled(experiment)[0] if isinstance(experiment, Experiment) else as_experiment(experiment)
    experiment = coerce_fields(experiment)
    datasets = Datasets(as_dataset(data, target, config=experiment.data))
    said: list[str] = []
    specs = data_checks.resolve_trials([TrialSpec(0, import_objects(experiment))], datasets, said.append)
    prepared, _ = data_checks.check(specs, datasets)
    found = specs[0].experiment
    return summarize(found, prepared[found.data], tuple(text.removeprefix("remark: ") for text in said))


def summarize(experiment: Experiment, prepared: Prepared, chosen: tuple[str, ...] = ()) -> ExperimentSummary:
    """Say what a resolved experiment trains on prepared data."""
    shapes, data = make_shapes(experiment, prepared), make_device_data(experiment, prepared)
    trial, state = Trial(experiment, shapes), blank_state(experiment, shapes)
    held, passing = parts(experiment, shapes, data)
    weights, optimizer = _size(state.params), _size(state.opt_state)
    number = jax.ShapeDtypeStruct((), trial.dtype)
    hyper = cast(Any, dict.fromkeys(experiment.hyperparameters.present(), number))
    step = trace(
        functools.partial(training_step.step, trial),
        hyper,
        state,
        trial.blank_batch(),
        jax.ShapeDtypeStruct((), np.int32),
    )
    layers, flops = _layers(trial, hyper)
    return ExperimentSummary(
        experiment, chosen, layers, flops, step.flops, weights, optimizer, held - weights - optimizer, passing
    )


def _layers(trial: Trial, hyper: Any) -> tuple[tuple[Layer, ...], int]:
    """List the layers, and count the operations of one example."""
    shape, model = trial.shapes.shape, trial.experiment.model
    variables = variables_shapes(trial.model, shape)
    names, frozen = layer_names(trial.model, variables.params), trial.frozen(variables.params)
    trained = [True] * len(jax.tree.leaves(names)) if frozen is None else [not f for f in jax.tree.leaves(frozen)]
    counts: dict[str, list[int]] = {}
    for name, leaf, free in zip(jax.tree.leaves(names), jax.tree.leaves(variables.params), trained, strict=True):
        both, number = counts.setdefault(name, [0, 0]), math.prod(leaf.shape)
        both[0] += number
        both[1] += number * free
    if not traits_of(model).own:
        known = summarize_model(trial.experiment, shape, trial.shapes.num_outputs)
        units = {layer.name: (layer.outputs,) for layer in known.layers}
        return tuple(Layer(name, units[name], *counts.get(name, [0, 0])) for name in units), known.flops

    def apply(params: Any, state: Any, x: Array, hyper: Any) -> Any:
        return trial.logits(variables._replace(params=params, state=state), x, hyper)

    x = jax.ShapeDtypeStruct((PROBED, trial.shapes.num_inputs), trial.dtype)
    traced = trace(apply, variables.params, variables.state, x, hyper, tags=names)
    outputs = {name: _without_batch(made) for name, made in traced.shapes.items()}
    return tuple(Layer(n, outputs.get(n, ()), *own) for n, own in counts.items()), traced.flops // PROBED


def _without_batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    axis = shape.index(PROBED) if PROBED in shape else None
    return shape if axis is None else shape[:axis] + shape[axis + 1 :]


def _size(tree: Any) -> int:
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def _bytes(number: int) -> str:
    return f"{number / 1e6:,.2f} MB" if number >= 1e4 else f"{number:,} B"

"""Envelopes: dense networks of different architectures in the lanes of one program.

An envelope is a network as wide at each place as the widest of its trials that have a layer there, and as deep as the
deepest; what shallower ones pass on lies beside it. A trial has its own widths, depth, activation, initializer,
optimizer and schedule as numbers among its hyperparameters. What is beyond its widths stays exactly zero: activations
are masked after f, gradients and updates by selection.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nnjax.core.experiment import Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.types import Params
from nnjax.models.registry import traits_of
from nnjax.nn.activations import ACTIVATIONS
from nnjax.nn.initializers import KERNEL_INITS
from nnjax.nn.losses import loss_of
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.nn.schedules import SCHEDULES

DEPTH, ACTIVATION, KERNEL_INIT, OPTIMIZER, SCHEDULE, BATCHES = (
    f"its {name}" for name in ("depth", "activation", "kernel_init", "optimizer", "schedule", "batches")
)
FIRST = "the first example"  # of a part of a batch: its place there, beside a trial's numbers while it trains
# Exact where a trial lacks them.
NEUTRAL = {"dropout": 0.0, "label_smoothing": 0.0, "init_scale": 1.0, "min_delta": 0.0}


@dataclasses.dataclass(frozen=True)
class Envelope:
    """What the trials of a group may have that others of it have not."""

    widths: tuple[int, ...]  # of the hidden places: the most units of a trial that has a layer there
    # numbers that a place passes on: of each trial's hidden layers, the last of them repeated to the envelope's depth,
    # the most
    passed: tuple[int, ...]
    depths: tuple[int, ...]  # how many hidden layers there may be, ascending
    activations: tuple[str, ...]  # activations, kernel_inits, schedules: by name
    kernel_inits: tuple[str, ...]
    optimizers: tuple[tuple[str, str], ...]  # (name, preset)
    schedules: tuple[str, ...]
    hyperparameters: tuple[str, ...]  # all that a trial may have
    optional: tuple[str, ...] = ()  # those of them that some trials lack
    # where they differ, ascending, each a multiple of the first: the program goes through batches of the first size,
    # and trials of larger ones gather the gradients of several (`nnjax.train.engine.gradient_accumulation`)
    batch_sizes: tuple[int, ...] = ()

    def holds(self, experiment: Experiment) -> bool:
        """Whether a trial fits."""
        model, optimizer, present = experiment.model, experiment.optimizer, experiment.hyperparameters.present()
        return (
            len(model.widths) in self.depths
            and all(a <= b for a, b in zip(model.widths, self.widths, strict=False))
            and all(a <= b for a, b in zip(extended(model.widths, len(self.widths)), self.passed, strict=True))
            and model.activation in self.activations
            and model.kernel_init in self.kernel_inits
            and (optimizer.name, optimizer.preset) in self.optimizers
            and optimizer.schedule in self.schedules
            and set(present) <= set(self.hyperparameters)
            and set(self.hyperparameters) - set(present) <= set(self.optional)
            and (not self.batch_sizes or (experiment.batch_size in self.batch_sizes and may_gather(experiment)))
        )

    def experiment(self, some: Experiment) -> Experiment:
        """Return the experiment of the envelope as a whole: that of one of its trials with what is the most."""
        model = dataclasses.replace(some.model, widths=self.widths, activation=self.activations[0])
        model = dataclasses.replace(model, kernel_init=self.kernel_inits[0])
        name, preset = self.optimizers[0]
        zeros: dict[str, Any] = dict.fromkeys(self.hyperparameters, 0)
        return dataclasses.replace(
            some,
            model=model,
            optimizer=OptimizerConfig(name, preset, self.schedules[0]),
            hyperparameters=Hyperparameters(**zeros),
            batch_size=self.batch_sizes[0] if self.batch_sizes else some.batch_size,
        )

    def names(self) -> tuple[str, ...]:
        """Name what `values` gives."""
        choices = {
            DEPTH: self.depths,
            ACTIVATION: self.activations,
            KERNEL_INIT: self.kernel_inits,
            OPTIMIZER: self.optimizers,
            SCHEDULE: self.schedules,
            BATCHES: self.batch_sizes,
        }
        chosen = [name for name, options in choices.items() if len(options) > 1]
        widths = [width_name(place) for place in range(len(self.widths))]
        flags = [has_name(name) for name in self.optional if name not in NEUTRAL]
        return (*self.hyperparameters, *flags, *chosen, *widths)

    def values(self, experiment: Experiment) -> dict[str, float]:
        """Return the numbers by which the program knows a trial: hyperparameters, flags, widths, and its choices."""
        model, optimizer, present = experiment.model, experiment.optimizer, experiment.hyperparameters.present()
        own = {name: present.get(name, filler(name)) for name in self.hyperparameters}
        own |= {has_name(name): float(name in present) for name in self.optional}
        places = {DEPTH: float(len(model.widths)), ACTIVATION: self.activations.index(model.activation)}
        places[KERNEL_INIT] = self.kernel_inits.index(model.kernel_init)
        places[OPTIMIZER] = self.optimizers.index((optimizer.name, optimizer.preset))
        places[SCHEDULE] = self.schedules.index(optimizer.schedule)
        places[BATCHES] = experiment.batch_size // self.batch_sizes[0] if self.batch_sizes else 1
        own |= {name: float(place) for name, place in places.items()}
        widths = extended(model.widths, len(self.widths))
        own |= {width_name(place): float(width) for place, width in enumerate(widths)}
        return {name: own[name] for name in self.names()}


def envelope_of(experiments: Sequence[Experiment]) -> Envelope:
    """Return the smallest envelope of some trials."""
    depth = max(len(experiment.model.widths) for experiment in experiments)
    widths = [experiment.model.widths for experiment in experiments]
    passed = [extended(own, depth) for own in widths]
    present = [experiment.hyperparameters.present() for experiment in experiments]
    every = [field.name for field in dataclasses.fields(Hyperparameters) if any(field.name in own for own in present)]
    optimizers = [experiment.optimizer for experiment in experiments]
    sizes = tuple(sorted({experiment.batch_size for experiment in experiments}))
    return Envelope(
        widths=tuple(map(max, itertools.zip_longest(*widths, fillvalue=0))),
        passed=tuple(map(max, zip(*passed, strict=True))),
        depths=tuple(sorted({len(experiment.model.widths) for experiment in experiments})),
        activations=_sorted(experiment.model.activation for experiment in experiments),
        kernel_inits=_sorted(experiment.model.kernel_init for experiment in experiments),
        optimizers=tuple(sorted({(one.name, one.preset) for one in optimizers})),
        schedules=_sorted(one.schedule for one in optimizers),
        hyperparameters=tuple(every),
        optional=tuple(name for name in every if any(name not in own for own in present)),
        batch_sizes=sizes if len(sizes) > 1 else (),
    )


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def may_share(experiment: Experiment) -> bool:
    """Whether a trial can be in an envelope: a dense network with hidden layers, of nnjax's own parts, none frozen.

    An objective of the user's sees the weights, and with them the zeros of an envelope.
    """
    model, optimizer = experiment.model, experiment.optimizer
    activation = ACTIVATIONS.get(model.activation)
    return (
        traits_of(model).is_dense
        and bool(model.widths)
        and model.trainable is None
        and activation is not None
        and not activation.distribution
        and model.kernel_init in KERNEL_INITS
        and optimizer.name in OPTIMIZERS
        and optimizer.schedule in SCHEDULES
        and loss_of(experiment.loss).objective is None
        and not experiment.hyperparameters.others
        and not experiment.signals
    )


def may_gather(experiment: Experiment) -> bool:
    """Whether a trial that may be in an envelope may gather a batch from smaller ones: its optimizer reads gradients
    alone, its images are not augmented, and its data are on the device as a whole.
    """
    data, rule = experiment.data, OPTIMIZERS[experiment.optimizer.name]
    return data.augment == "none" and data.window is None and not rule.needs


def are_multiples(batch_sizes: Sequence[int]) -> bool:
    """Whether ascending batch sizes differ, and are multiples of the first."""
    return all(a < b and b % batch_sizes[0] == 0 for a, b in itertools.pairwise(batch_sizes))


def merged_part(experiment: Experiment) -> Experiment:
    """Return what the trials of an envelope have in common that may have several batch sizes."""
    shared = shared_part(experiment)
    return dataclasses.replace(shared, batch_size=1) if may_gather(experiment) else shared


def shared_part(experiment: Experiment) -> Experiment:
    """Return what the trials of an envelope of one batch size have in common."""
    model = dataclasses.replace(experiment.model, widths=(), activation="", kernel_init="")
    return dataclasses.replace(
        experiment, model=model, optimizer=OptimizerConfig("", "", ""), hyperparameters=Hyperparameters()
    )


def extended(widths: Sequence[int], depth: int) -> tuple[int, ...]:
    """Repeat the last of some widths up to a depth: the layers that a network lacks pass their input on."""
    return (*widths, *[widths[-1]] * (depth - len(widths)))


def width_name(place: int) -> str:
    """Name a width among a trial's numbers."""
    return f"its width {place}"


def has_name(hyperparameter: str) -> str:
    """Name the flag of a hyperparameter that some trials lack."""
    return f"has {hyperparameter}"


def filler(name: str) -> float:
    """Return a number for a hyperparameter that a trial lacks: a usual one, so that what is thrown away is finite."""
    if name in NEUTRAL:
        return NEUTRAL[name]
    usual = [record.presets["optax"] for record in OPTIMIZERS.values()]
    usual += [rule.defaults for rule in SCHEDULES.values()]
    return next((known[name] for known in usual if name in known), 1.0)


def has(hyper: Mapping[str, Any], name: str) -> Any:
    """Whether a trial has a hyperparameter: a traced flag in an envelope, else a Python bool."""
    if has_name(name) in hyper:
        return hyper[has_name(name)] > 0
    return name in hyper


def own_params(envelope: Envelope | None, model: ModelConfig, params: Params) -> Params:
    """Cut a trial's own weights out of its envelope's; those of no envelope are its own."""
    if envelope is None:
        return params
    depth, last = len(model.widths), len(envelope.widths)
    edges = params["layer_0"]["kernel"].shape[0], params[f"layer_{last}"]["bias"].shape[0]
    sizes = (edges[0], *model.widths, edges[1])
    out = {}
    for place in range(depth + 1):
        layer = params[f"layer_{last if place == depth else place}"]
        units = sizes[place + 1]
        own = {"bias": _cut(layer["bias"], (units,)), "kernel": _cut(layer["kernel"], (sizes[place], units))}
        out[f"layer_{place}"] = {name: own[name] for name in layer}
    return out


def _cut(leaf: Any, shape: tuple[int, ...]) -> Any:
    """Return the first rows and columns of an array, or of its shape."""
    if isinstance(leaf, jax.ShapeDtypeStruct):
        return jax.ShapeDtypeStruct(shape, leaf.dtype)
    return leaf[tuple(slice(size) for size in shape)]


def in_envelope(envelope: Envelope | None, model: ModelConfig, params: Params, blank: Params) -> Params:
    """Put a trial's own weights into zeros of the shapes of its envelope's, `blank`."""
    if envelope is None:
        return params
    out = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), blank)
    depth, last = len(model.widths), len(envelope.widths)
    for place in range(depth + 1):
        layer = out[f"layer_{last if place == depth else place}"]
        for name, value in params[f"layer_{place}"].items():
            layer[name][tuple(slice(size) for size in value.shape)] = value
    return out

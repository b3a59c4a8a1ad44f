"""Counting (deck section 4): parameters, which training finds, and hyperparameters, which somebody chooses."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from nnjax.config import Experiment


class LayerCount(NamedTuple):
    """One dense layer: its name, inputs, outputs, and the numbers of weights and biases."""

    name: str
    inputs: int
    outputs: int
    weights: int
    biases: int


class Census(NamedTuple):
    """What an experiment has to learn and what had to be chosen.

    Attributes:
      layers: one row a layer.
      parameters: all weights and biases.
      architecture: architecture hyperparameters by name (the deck's green ones).
      training: training hyperparameters by name (the deck's red ones).
      flops: floating-point operations of one forward pass of one example (2 per weight).
    """

    layers: tuple[LayerCount, ...]
    parameters: int
    architecture: dict[str, object]
    training: dict[str, object]
    flops: int


def census(experiment: Experiment, num_inputs: int, num_outputs: int) -> Census:
    """Count parameters and list hyperparameters of an experiment on d inputs and k outputs."""
    model, optimizer = experiment.model, experiment.optimizer
    widths = (num_inputs, *model.widths, num_outputs)
    layers = tuple(LayerCount(f"layer_{i}", a, b, a * b, b) for i, (a, b) in enumerate(itertools.pairwise(widths)))
    architecture = {
        "layers": len(model.widths) + 1,
        "neurons per layer": widths[1:],
        "activation per layer": (model.activation,) * len(model.widths) + (model.output_activation,),
        "connectivity": "fully connected",
    }
    training = {
        "loss": experiment.loss,
        "optimizer": optimizer.name,
        "schedule": optimizer.schedule,
        **experiment.hyperparameters.present(),
        "batch size": experiment.batch_size,
        "epochs": experiment.epochs,
        "initialisation": model.kernel_init,
        "seed": experiment.seed,
    }
    weights = sum(layer.weights for layer in layers)
    return Census(layers, weights + sum(layer.biases for layer in layers), architecture, training, 2 * weights)

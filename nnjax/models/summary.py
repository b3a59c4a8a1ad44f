"""Count parameters and floating-point operations, list hyperparameters (lecture slides, section 4)."""

import math
from typing import NamedTuple

from nnjax.core.experiment import Experiment, ModelConfig
from nnjax.models.layer_counts import LayerCount
from nnjax.models.registry import count_own, traits_of, with_defaults


class ModelSummary(NamedTuple):
    """What an experiment has to learn and what had to be chosen."""

    layers: tuple[LayerCount, ...]  # one row a layer
    parameters: int  # all weights and biases
    architecture: dict[str, object]  # architecture hyperparameters by name (green in the lecture slides)
    training: dict[str, object]  # training hyperparameters by name (red in the lecture slides)
    # floating-point operations of one forward pass of one example (2 for each connection); of a user's model the fewest
    # that use each weight once, which convolutions exceed
    flops: int
    at_least: bool = False  # whether flops is such a lower bound

    def operations(self) -> str:
        """Write flops for people: "1,234", "≥ 1,234" of a lower bound, "–" where nothing is known."""
        return f"{'≥ ' * self.at_least}{self.flops:,}" if self.flops else "–"


def summarize_model(experiment: Experiment, inputs: int | tuple[int, ...], num_outputs: int) -> ModelSummary:
    """Count the parameters and list the hyperparameters of an experiment, for examples of a shape and k outputs."""
    model, optimizer, traits = with_defaults(experiment.model), experiment.optimizer, traits_of(experiment.model)
    shape = (inputs,) if isinstance(inputs, int) else inputs
    layers = count_own(model, shape) if traits.own else traits.count_layers(model, math.prod(shape), num_outputs)
    architecture: dict[str, object] = {"layers": len(layers)}
    if not traits.own:  # which reads neither widths nor activations nor an initialization
        architecture["neurons per layer"] = (*model.widths, num_outputs)
        architecture["activation per layer"] = (model.activation,) * len(model.widths) + (model.output_activation,)
    architecture["connectivity"] = traits.connectivity
    training = {
        "loss": experiment.loss,
        "optimizer": optimizer.name,
        "schedule": optimizer.schedule,
        **experiment.hyperparameters.present(),
        "batch size": experiment.batch_size,
        "epochs": experiment.epochs,
        **({} if traits.own else {"initialization": model.kernel_init}),
        **({} if model.bias_init == "zeros" else {"biases": model.bias_init}),
        "seed": experiment.seed,
    }
    parameters = sum(layer.weights + layer.biases for layer in layers)
    return ModelSummary(layers, parameters, architecture, training, sum(layer.flops for layer in layers), traits.own)


def trained_layers(model: ModelConfig) -> dict[str, str]:
    """Name the layers that have weights, in the order in which they compute, each with its activation."""
    model = with_defaults(model)
    layers = traits_of(model).count_layers(model, 1, 1)
    return {
        layer.name: model.output_activation if layer is layers[-1] else model.activation
        for layer in layers
        if layer.weights
    }

"""The kinds of networks by name: the one table of what there is."""

from __future__ import annotations

from collections.abc import Callable

from nnjax.core.experiment import ModelConfig
from nnjax.models.conv_autoencoder import CODE_SIDE, make_conv_autoencoder
from nnjax.models.dense import Model, make_dense
from nnjax.models.lenet import make_lenet

MODELS: dict[str, str] = {
    "mlp": "multilayer perceptron: hidden layers, then one output layer",
    "autoencoder": "encoder, bottleneck, decoder: the output has the input's width",
    "lenet5": "LeNet-5 as published in 1998, its outputs the negative squared distances to the digits' bitmaps",
    "lenet5_modern": "LeNet-5 as it is taught today: every map of C3 sees all of S2, average pooling, dense output",
    "conv_autoencoder": "convolutional encoder and decoder of 28 x 28 images",
}

_MAKERS: dict[str, Callable[[ModelConfig, int, int], Model]] = {
    "mlp": make_dense,
    "autoencoder": make_dense,
    "lenet5": make_lenet,
    "lenet5_modern": make_lenet,
    "conv_autoencoder": make_conv_autoencoder,
}


def make_model(config: ModelConfig, num_inputs: int, num_outputs: int) -> Model:
    """Build the network for d inputs and k outputs.

    Raises:
      KeyError: an unknown kind, activation or kernel_init (`checks.validate` says it as a sentence).
      UserError: a convolutional network for inputs that are no images of a size that it reads.
    """
    return _MAKERS[config.kind](config, num_inputs, num_outputs)


def code_width(config: ModelConfig) -> int:
    """Count the numbers of an autoencoder's code; 0 without hidden layers."""
    if config.kind == "conv_autoencoder":
        return CODE_SIDE**2 * config.widths[-1]
    return min(config.widths, default=0)

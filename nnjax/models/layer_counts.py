"""Counts of parameters and connections, layer by layer, for each architecture. No JAX: the command line reads them."""

import itertools
from typing import NamedTuple

from nnjax.core.experiment import ModelConfig
from nnjax.models.lenet_tables import C3_INPUTS


class LayerCount(NamedTuple):
    """One layer."""

    name: str  # of its arrays
    inputs: int  # inputs, outputs: numbers of units
    outputs: int
    weights: int  # weights, biases: numbers of parameters
    biases: int
    connections: int  # of all its units, those to their biases included; more than parameters where units share them

    @property
    def flops(self) -> int:
        """Floating-point operations of one example: 2 for each connection that carries an input."""
        return 2 * (self.connections - (self.outputs if self.biases else 0))

    def formula(self) -> str:
        """Write the number of parameters as a sum: "64 × 128 + 128" of a dense layer, else weights + biases."""
        dense = self.weights == self.inputs * self.outputs
        weights = f"{self.inputs} × {self.outputs}" if dense else f"{self.weights:,}"
        return f"{weights} + {self.biases}" if self.biases else weights


def dense(model: ModelConfig, num_inputs: int, num_outputs: int) -> tuple[LayerCount, ...]:
    """Count the layers of a fully connected network."""
    widths = (num_inputs, *model.widths, num_outputs)
    return tuple(_dense(f"layer_{i}", a, b) for i, (a, b) in enumerate(itertools.pairwise(widths)))


def lenet5(model: ModelConfig, num_inputs: int, num_outputs: int) -> tuple[LayerCount, ...]:
    """Count the layers of LeNet-5 as published."""
    return (
        _convolution("C1", (32, 28), 6, (1, 6)),
        _pooling("S2", 14, 6, trained=True),
        _convolution("C3", (14, 10), sum(map(len, C3_INPUTS)), (6, 16)),
        _pooling("S4", 5, 16, trained=True),
        _dense("C5", 400, 120),
        _dense("F6", 120, 84),
        LayerCount("output", 84, 10, 0, 0, 840),  # distances to bitmaps that are not trained
    )


def lenet5_modern(model: ModelConfig, num_inputs: int, num_outputs: int) -> tuple[LayerCount, ...]:
    """Count the layers of LeNet-5 as taught today."""
    one, two, *rest = model.widths
    names = [*(f"dense_{i}" for i in range(len(rest))), "output"]
    widths = (25 * two, *rest, num_outputs)
    return (
        _convolution("C1", (32, 28), one, (1, one)),
        _pooling("S2", 14, one, trained=False),
        _convolution("C3", (14, 10), one * two, (one, two)),
        _pooling("S4", 5, two, trained=False),
        *(_dense(name, a, b) for name, (a, b) in zip(names, itertools.pairwise(widths), strict=True)),
    )


def conv_autoencoder(model: ModelConfig, num_inputs: int, num_outputs: int) -> tuple[LayerCount, ...]:
    """Count the layers of the convolutional autoencoder."""
    maps = (1, *model.widths, *reversed(model.widths), 1)
    sides = ((28, 28), (14, 14), (7, 7), (4, 4), (8, 8), (16, 14), (28, 28))
    return tuple(
        _convolution(f"layer_{i}", sides[i], a * b, (a, b), size=3) for i, (a, b) in enumerate(itertools.pairwise(maps))
    )


def _dense(name: str, inputs: int, outputs: int) -> LayerCount:
    return LayerCount(name, inputs, outputs, inputs * outputs, outputs, (inputs + 1) * outputs)


def _convolution(name: str, sides: tuple[int, int], pairs: int, maps: tuple[int, int], size: int = 5) -> LayerCount:
    """Count a convolution between maps of given sides, of which `pairs` are connected by a kernel."""
    (before, after), (channels, own) = sides, maps
    weights = size * size * pairs
    return LayerCount(name, before**2 * channels, after**2 * own, weights, own, (weights + own) * after**2)


def _pooling(name: str, side: int, maps: int, trained: bool) -> LayerCount:
    """Count 2 x 2 subsampling to maps of a side: a coefficient and a bias for each map where it is trained."""
    units, own = side**2 * maps, maps if trained else 0
    return LayerCount(name, 4 * units, units, own, own, (5 if trained else 4) * units)

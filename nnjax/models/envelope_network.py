"""The network of an envelope: lanes of different widths, depths, activations and initial draws in one set of arrays."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from nnjax.core.experiment import ModelConfig
from nnjax.core.types import Array, Bool, Float, Key, Params, Scalar
from nnjax.models.dense import OUTPUT, drop_by_example, dtypes, scale_kernels
from nnjax.models.envelope import ACTIVATION, DEPTH, FIRST, KERNEL_INIT, Envelope, width_name
from nnjax.models.model import Hyper, Model, Variables
from nnjax.nn.activations import ACTIVATIONS
from nnjax.nn.initializers import KERNEL_INITS, draw_bias


def choose(index: Scalar | None, options: Sequence[Float[Array, "..."]]) -> Float[Array, "..."]:
    """Return one of some arrays by a traced index; None where there is only one."""
    value = options[0]
    for place, option in enumerate(options[1:], 1):
        assert index is not None
        value = jnp.where(index == place, option, value)
    return value


class EnvelopeNetwork:
    """The network of an envelope: its weights, what a trial has of them, and its output.

    Args:
      envelope: of the group.
      num_inputs, num_outputs: d and k.
      config: what the trials have in common.
    """

    def __init__(self, envelope: Envelope, num_inputs: int, num_outputs: int, config: ModelConfig):
        self.envelope, self.bias_init = envelope, config.bias_init
        self.dtype, self.param_dtype = dtypes(config)
        self.rows = (num_inputs, *envelope.passed)  # of each layer's kernel, and its columns
        self.units = (*envelope.widths, num_outputs)
        self.depth = len(envelope.widths)

    def own_sizes(self, hyper: Hyper) -> list[Scalar]:
        """Return the trial's own widths at all places, with d and k."""
        edges = [jnp.asarray(size, self.param_dtype) for size in (self.rows[0], self.units[-1])]
        return [edges[0], *(hyper[width_name(place)] for place in range(self.depth)), edges[1]]

    def is_there(self, hyper: Hyper, place: int) -> Bool[Array, ""] | bool:
        """Whether the trial has a hidden layer at a place."""
        return place < self.envelope.depths[0] or hyper[DEPTH] > place

    def inside(self, hyper: Hyper) -> Params:
        """Say of each weight whether it is the trial's own: the same tree of bool."""
        own, out = self.own_sizes(hyper), {}
        for place in range(self.depth + 1):
            rows, units = _first(self.rows[place], own[place]), _first(self.units[place], own[place + 1])
            if place < self.depth:
                units &= self.is_there(hyper, place)
            out[f"layer_{place}"] = {"kernel": rows[:, None] & units[None], "bias": units}
        return out

    def keep_inside(self, hyper: Hyper, params: Params) -> Params:
        """Set what is not the trial's own to zero, whatever it is."""
        kept: Params = jax.tree.map(lambda mask, leaf: jnp.where(mask, leaf, 0), self.inside(hyper), params)
        return kept

    def init(self, key: Key, hyper: Hyper) -> Params:
        """Draw the weights as the trial's own network draws them."""
        inits = [KERNEL_INITS[name] for name in self.envelope.kernel_inits]
        own, params = self.own_sizes(hyper), {}
        for place in range(self.depth + 1):
            layer_key = jax.random.fold_in(key, OUTPUT if place == self.depth else place)
            rows, units = self.rows[place], self.units[place]

            fans = own[place : place + 2]
            drawn = [init.by_place(layer_key, rows, units, self.param_dtype) * init.width(*fans) for init in inits]
            kernel = choose(hyper.get(KERNEL_INIT), drawn)
            bias = draw_bias(self.bias_init, layer_key, fans, units, self.param_dtype)
            params[f"layer_{place}"] = {"kernel": kernel, "bias": bias}
        return self.keep_inside(hyper, params)

    def activate(self, hyper: Hyper, z: Float[Array, "b units"]) -> Float[Array, "b units"]:
        """Apply the trial's activation; those that it does not use get zeros, where none has a gradient of NaN."""
        names = self.envelope.activations
        if len(names) == 1:
            return ACTIVATIONS[names[0]](z)

        chosen = hyper[ACTIVATION]
        options = [ACTIVATIONS[name](jnp.where(chosen == place, z, 0)) for place, name in enumerate(names)]
        return choose(chosen, options)

    def apply(
        self, params: Params, x: Float[Array, "b d"], dropout: Scalar | None, key: Key | None, hyper: Hyper
    ) -> Float[Array, "b k"]:
        """Apply the trial's network, before its output activation; dropout where there is a key."""
        x, first = x.astype(self.dtype), jnp.asarray(hyper.get(FIRST, 0), jnp.int32)
        for place in range(self.depth):
            h = self.activate(hyper, _affine(params[f"layer_{place}"], x))
            h = jnp.where(_first(h.shape[-1], hyper[width_name(place)])[None], h, 0)
            if dropout is not None and key is not None:
                h = drop_by_example(h, dropout, jax.random.fold_in(key, place), first)
            there = self.is_there(hyper, place)
            width = self.rows[place + 1]
            x = _fitted(h, width) if there is True else jnp.where(there, _fitted(h, width), _fitted(x, width))
        return _affine(params[f"layer_{self.depth}"], x).astype(self.param_dtype)


def _first(size: int, own: Scalar) -> Bool[Array, " size"]:
    return jnp.arange(size).astype(own.dtype) < own


def _affine(layer: Params, x: Float[Array, "b d"]) -> Float[Array, "b units"]:
    z: Array = x @ layer["kernel"].astype(x.dtype) + layer["bias"].astype(x.dtype)[None]
    return z


def _fitted(x: Float[Array, "b d"], width: int) -> Float[Array, "b width"]:
    """Cut what is zero of passed on units, or add zeros."""
    return x[:, :width] if x.shape[-1] >= width else jnp.pad(x, ((0, 0), (0, width - x.shape[-1])))


def make_envelope(config: ModelConfig, envelope: Envelope, num_inputs: int, num_outputs: int) -> Model:
    """Build the network of an envelope as a model; it has no encoder and no decoder, which its trials' own have."""
    network = EnvelopeNetwork(envelope, num_inputs, num_outputs, config)

    def init(key: Key, example: Array, hyper: Hyper) -> Variables:
        return Variables(scale_kernels(network.init(key, hyper), hyper.get("init_scale")))

    def apply(variables: Variables, x: Array, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any]:
        return network.apply(variables.params, x, hyper.get("dropout") if train else None, key, hyper), {}

    return Model(init, apply, inside=network.keep_inside)

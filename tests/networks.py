"""A model of ours as functions of its parameters, which is what most tests are about."""

from typing import NamedTuple

import jax.numpy as jnp

from nnjax.models.model import Model, Variables
from nnjax.models.registry import make_model
from nnjax.nn.activations import ACTIVATIONS


class Functions(NamedTuple):
    """See `nnjax.models.model.Model`, of which this leaves out what our own do not have."""

    model: Model
    output: str

    def init(self, key, init_scale=None):
        hyper = {} if init_scale is None else {"init_scale": init_scale}
        return self.model.init(key, jnp.zeros((1, 1)), hyper).params

    def logits(self, params, x, dropout=None, key=None):
        hyper = {} if dropout is None else {"dropout": dropout}
        return self.model.apply(Variables(params), x, train=True, key=key, hyper=hyper)[0]

    def apply(self, params, x):
        z = self.model.apply(Variables(params), x, train=False, key=None, hyper={})[0]
        return ACTIVATIONS[self.output](z)

    def encode(self, params, x):
        return self.model.encode(Variables(params), x)

    def decode(self, params, code):
        return ACTIVATIONS[self.output](self.model.decode(Variables(params), code))


def functions_of(config, num_inputs, num_outputs):
    return Functions(make_model(config, num_inputs, num_outputs), config.output_activation)

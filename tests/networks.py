"""A model of ours as functions of its parameters, which is what most tests are about."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nnjax.models.model import Variables
from nnjax.models.registry import make_model
from nnjax.nn.activations import ACTIVATIONS


class Functions(NamedTuple):
    """Compiled. See `nnjax.models.model.Model`; apply and decode with the output activation, the others without."""

    init: Callable
    logits: Callable
    apply: Callable
    encode: Callable
    decode: Callable
    code_layer: int


def functions_of(config, inputs, num_outputs):
    model, output = (
        make_model(config, inputs, num_outputs),
        ACTIVATIONS[config.output_activation.replace("auto", "softmax")],
    )

    def init(key, init_scale=None):
        return model.init(key, jnp.zeros((1, 1)), {} if init_scale is None else {"init_scale": init_scale}).params

    def logits(params, x, dropout=None, key=None):
        hyper = {} if dropout is None else {"dropout": dropout}
        return model.apply(Variables(params), x, train=True, key=key, hyper=hyper)[0]

    functions = (
        init,
        logits,
        lambda params, x: output(model.apply(Variables(params), x, train=False, key=None, hyper={})[0]),
        lambda params, x: model.encode(Variables(params), x),
        lambda params, code: output(model.decode(Variables(params), code)),
    )
    return Functions(*map(jax.jit, functions), model.code_layer)

"""A network with a running mean and Dropout as two functions of JAX, its data, and how it is trained."""

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.experiment import DataConfig, Experiment, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.data import from_arrays

MOMENTUM, RATE = 0.9, 0.1


def functions(dropout=0.3):
    """(init, apply) of the contract's own form: a running mean stands for BatchNorm."""

    def init(key, example):
        one, two = jax.random.split(key)
        params = {"first": 0.5 * jax.random.normal(one, (4, 8)), "last": 0.5 * jax.random.normal(two, (8, 3))}
        return params, {"mean": jnp.zeros(8)}

    def apply(variables, x, *, train, key):
        params, state = variables
        x = x @ params["first"]
        mean = x.mean(axis=0) if train else state["mean"]
        x = jax.nn.relu(x - mean)
        if train and dropout:
            x = jnp.where(jax.random.bernoulli(key, 1 - dropout, x.shape), x / (1 - dropout), 0)
        new = MOMENTUM * state["mean"] + (1 - MOMENTUM) * mean
        return x @ params["last"], {"mean": new if train else state["mean"]}

    return init, apply


RNG = np.random.default_rng(0)
X = RNG.normal(size=(203, 4)).astype(np.float32)
Y = np.argmax(X @ RNG.normal(size=(4, 3)) + 0.3 * RNG.normal(size=(203, 3)), axis=1)
BLOBS = from_arrays(X, Y, name="blobs")


def experiment(model, **changes):
    """Train on all of `BLOBS`, in their order: 7 steps an epoch, the last one of 11 examples."""
    return Experiment(
        **{
            "data": DataConfig(validation=0, test=0, scaling="none", stratify=False),
            "model": model,
            "optimizer": OptimizerConfig("sgd"),
            "hyperparameters": Hyperparameters(learning_rate=RATE),
            "epochs": 1,
            "batch_size": 32,
            "shuffle": False,
            "train_eval_size": 0,
        }
        | changes
    )

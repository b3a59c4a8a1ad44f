"""Train an Equinox model of your own: a function of key; the module is written for one example."""

import equinox as eqx
import jax
from sklearn.datasets import load_digits

import nnjax


def net(key):
    return eqx.nn.MLP(64, 10, width_size=32, depth=2, activation=jax.nn.gelu, key=key)


x, y = load_digits(return_X_y=True)
data = nnjax.from_arrays(x, y, name="digits", full_scale=16.0)
experiment = nnjax.Experiment(model=net, epochs=5)
run = nnjax.sweep(experiment, {"learning_rate": [1e-3, 1e-2], "seed": range(4)}, data=data)
print(run.table().groupby("learning_rate")["val_accuracy"].mean())

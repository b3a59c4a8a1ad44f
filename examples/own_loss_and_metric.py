"""Train with a loss of your own and report a metric of your own."""

import jax
import jax.numpy as jnp
from sklearn.datasets import load_digits

import nnjax


def squared_hinge(y, z):
    """Crammer and Singer's hinge loss of logits z [b, k], squared; y int32 [b]."""
    right = jnp.take_along_axis(z, y[:, None], axis=1)
    others = jnp.where(jax.nn.one_hot(y, z.shape[1]) > 0, -jnp.inf, z).max(axis=1)
    return jnp.maximum(0.0, 1.0 + others - right[:, 0]) ** 2


def top_two(y, p):
    """Whether the class is one of the two most probable."""
    return (jnp.argsort(p, axis=1)[:, -2:] == y[:, None]).any(axis=1).astype(p.dtype)


x, y = load_digits(return_X_y=True)
data = nnjax.from_arrays(x, y, name="digits", full_scale=16.0)
metrics = ["accuracy", nnjax.Metric(top_two, maximized=True)]
experiment = nnjax.Experiment(loss=squared_hinge, metrics=metrics, epochs=5)
run = nnjax.sweep(experiment, {"learning_rate": [1e-3, 1e-2], "seed": range(3)}, data=data)
print(run.table()[["learning_rate", "seed", "val_accuracy", "val_top_two"]])

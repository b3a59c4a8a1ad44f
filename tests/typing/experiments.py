"""What `make lint` has mypy check: objects stand where names do, and whoever reads a field gets its resolved type."""

from typing import Any, assert_type

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

import nnjax
from nnjax.core.object_refs import ObjectRef


class Net(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return nn.Dense(3)(x)


def loss(y: jax.Array, z: jax.Array) -> jax.Array:
    return jnp.mean(jnp.abs(y - z), axis=-1)


def schedule(hyper: Any, step: jax.Array, total: jax.Array) -> jax.Array:
    return 1 - step / total


experiment = nnjax.Experiment(
    model=Net(), loss=loss, optimizer=optax.lion, metrics=["accuracy", nnjax.Metric(loss, maximized=False)]
)
assert_type(experiment.model, nnjax.ModelConfig)
assert_type(experiment.optimizer, nnjax.OptimizerConfig)
assert_type(experiment.loss, str | ObjectRef)
assert_type(experiment.batch_size, int)

config = nnjax.ModelConfig(Net(), trainable="Dense_0/*")
assert_type(config.kind, str | ObjectRef)
assert_type(config.widths, tuple[int, ...])
nnjax.Experiment(model=config, optimizer=nnjax.OptimizerConfig(optax.adamw, schedule=schedule), batch_size=None)
nnjax.Experiment(class_weight="balanced", data=nnjax.DataConfig(columns=["a"], drop=["b"], na_values=["?"]))
assert_type(nnjax.Experiment(class_weight={"rare": 2.0, "common": 1}).data.columns, tuple[str, ...])
nnjax.Experiment(class_weight=[1.0, 2.0], model="lenet5", loss="mean_squared_error", optimizer="lion", metrics=None)
nnjax.ModelConfig(widths=[64, 32])

nnjax.ModelConfig(widths="64")  # type: ignore[arg-type]
nnjax.Experiment(batch_size="64")  # type: ignore[arg-type]
nnjax.Experiment(epochs="64")  # type: ignore[arg-type]

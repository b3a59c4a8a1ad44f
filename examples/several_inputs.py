"""Train a Flax model of two inputs: token ids, and a mask of what is no padding."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

import nnjax

WORDS, LENGTH = 40, 15
rng = np.random.default_rng(0)
ids = rng.integers(0, WORDS, (2000, LENGTH))
mask = np.arange(LENGTH) < rng.integers(4, LENGTH + 1, (2000, 1))
good = rng.random(WORDS) < 0.5  # words that speak for the second class
y = (np.where(mask, good[ids], 0).sum(axis=1) * 2 > mask.sum(axis=1)).astype(int)


class MaskedMean(nn.Module):
    @nn.compact
    def __call__(self, x):
        vectors, there = nn.Embed(WORDS, 8)(x["tokens"]), x["mask"][..., None]
        return nn.Dense(2)(jnp.sum(jnp.where(there, vectors, 0), axis=1) / jnp.sum(there, axis=1))


data = nnjax.from_arrays({"tokens": ids, "mask": mask}, y, name="sentences")
experiment = nnjax.Experiment(model=MaskedMean(), epochs=10, batch_size=64)
run = nnjax.sweep(experiment, {"learning_rate": [0.01, 0.03], "seed": range(5)}, data=data)

print(run.table().groupby("learning_rate")[["val_accuracy", "test_accuracy"]].mean())
print(run.predict_proba({"tokens": ids[:3], "mask": mask[:3]}, run.best_trial("accuracy")).round(2))

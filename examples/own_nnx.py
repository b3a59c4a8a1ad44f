"""Train a Flax NNX model of your own: a class (or function) of rngs, so that every seed draws its own weights."""

from flax import nnx
from sklearn.datasets import load_digits

import nnjax


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.conv = nnx.Conv(1, 8, (3, 3), rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.drop = nnx.Dropout(0.2, rngs=rngs)
        self.out = nnx.Linear(8 * 8 * 8, 10, rngs=rngs)

    def __call__(self, x):  # images [b, 8, 8, 1]
        x = nnx.relu(self.norm(self.conv(x)))
        return self.out(self.drop(x.reshape(len(x), -1)))


digits = load_digits()
data = nnjax.from_arrays(digits.images[..., None], digits.target, name="digits", full_scale=16.0)
run = nnjax.sweep(nnjax.Experiment(model=Net, epochs=3), {"seed": range(4)}, data=data)
print(run.table()[["seed", "val_accuracy"]])

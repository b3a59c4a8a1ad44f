"""Train a Flax Linen model of your own, with BatchNorm and Dropout, over 3 rates and 8 seeds in one sweep."""

import flax.linen as nn
from sklearn.datasets import load_digits

import nnjax


class Net(nn.Module):
    width: int = 32

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Dense(self.width)(x)
        x = nn.relu(nn.BatchNorm(use_running_average=not train)(x))
        return nn.Dense(10)(nn.Dropout(0.2, deterministic=not train)(x))  # logits


x, y = load_digits(return_X_y=True)
data = nnjax.from_arrays(x, y, name="digits", full_scale=16.0)
experiment = nnjax.Experiment(model=Net(), epochs=5)
run = nnjax.sweep(experiment, {"learning_rate": [1e-3, 3e-3, 1e-2], "seed": range(8)}, data=data)
print(run.table().groupby("learning_rate")["val_accuracy"].mean())

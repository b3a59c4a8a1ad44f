"""Train a Keras model (on the JAX backend) over 8 seeds in one sweep, and take one of them back to Keras."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
from sklearn.datasets import load_digits

import nnjax
from nnjax.models.adapters.keras import to_keras

model = keras.Sequential(
    [
        keras.Input((64,)),
        keras.layers.Dense(32, "relu", kernel_regularizer=keras.regularizers.L2(1e-4)),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(10, "softmax"),
    ]
)
x, y = load_digits(return_X_y=True)
data = nnjax.from_arrays(x / 16, y, name="digits")
run = nnjax.sweep(nnjax.Experiment(model=model, epochs=5), {"seed": range(8)}, data=data)
print(run.table()[["seed", "val_accuracy"]])
best = to_keras(model, run.variables(0))
print(best.predict(x[:1] / 16, verbose=0).argmax(), y[0])

"""The lecture slides' Keras snippet on a real table: Dense(10) - Dense(10) - Dense(1), Adam, mean squared error.

Source: lecture slides, section 7, "Building a DNN": 20 epochs, batch 100, a three-way split (the slide calls it 3-fold
cross-validation, validates on x_test and predicts validate_X: here the parts have their own names).

    nnjax sweep --config=keras_example --workdir=runs/keras_example

Expected: with the snippet's 20 epochs on 442 patients (80 steps) the network has hardly left the start: worse than
least squares, which is the lesson (still learning); the arm "enough" takes 200 epochs and is far ahead of it.
Time: some seconds on two cores.
Any table: --config.data.name=csv:houses.csv --config.data.target=price.
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.spaces.space import Arm, Space


def get_config() -> Experiment:
    """Give the snippet on the diabetes table; inputs and target are standardized on the training part."""
    return Experiment(
        data=DataConfig("diabetes", validation=0.2, test=0.2, scaling="standard", target_scaling="standard"),
        model=ModelConfig("mlp", widths=(10, 10), output_activation="linear"),
        optimizer=OptimizerConfig("adam", preset="keras3"),
        loss="mean_squared_error",
        batch_size=100,
        epochs=20,
    )


def get_space() -> Space:
    """Give the snippet and a longer run, each with five seeds."""
    return Space(axes={"seed": range(5)}, arms={"snippet": Arm(), "enough": Arm({"epochs": 200})})

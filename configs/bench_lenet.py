"""Eight convolutional networks: LeNet-5 with tanh, dense C3 and average pooling, on MNIST.

Source: the task "lenet" of scripts/bench.py; its peers train the same (scripts/peers/tasks.py).

    nnjax sweep --config=bench_lenet --workdir=runs/bench_lenet

Expected: 8 trials of 1,407 steps; about 98 % of the test images right after three epochs.
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.spaces.space import Space


def get_config() -> Experiment:
    """Give the network; as its peers do, it is validated on the test images and not evaluated on the training part."""
    return Experiment(
        data=DataConfig("mnist", validation="test"),
        model=ModelConfig("lenet5_modern", widths=(6, 16, 120, 84), activation="tanh"),
        optimizer=OptimizerConfig("adamw"),
        hyperparameters=Hyperparameters(learning_rate=0.001, weight_decay=0.0),
        batch_size=128,
        epochs=3,
        train_eval_size=0,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give eight seeds."""
    return Space({"seed": range(8)})

"""Tiny networks by the hundred: digits 64-32-10, 16 learning rates × 4 weight decays × 4 seeds.

Source: the task "tiny" of scripts/bench.py; its peers train the same (scripts/peers/tasks.py).

    nnjax sweep --config=bench_tiny --workdir=runs/tiny

Expected: 256 trials of 2,250 steps in seconds, one compiled program; the best validation accuracy about .98.
Time: 6 seconds on two cores (with matrix products at 250 GFLOP/s; nothing cached).
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.spaces.ranges import Range
from nnjax.spaces.space import Space


def get_config() -> Experiment:
    """Give the network; as its peers do, it is validated at every epoch, and not evaluated on the training part."""
    return Experiment(
        data=DataConfig("digits", validation=360, test=0),
        model=ModelConfig("mlp", widths=(32,)),
        optimizer=OptimizerConfig("adamw"),
        hyperparameters=Hyperparameters(learning_rate=0.001, weight_decay=0.0),
        batch_size=32,
        epochs=50,
        train_eval_size=0,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give the settings, each with four seeds."""
    decays = (0.0, 0.001, 0.01, 0.1)
    return Space({"learning_rate": Range(1e-3, 1e-1, 16, log=True), "weight_decay": decays, "seed": range(4)})

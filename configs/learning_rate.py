"""Loss against learning rate, for each optimizer (lecture slides, section 5).

Source: the lecture slides' sketch (after cs231n): too low falls slowly, too high gets stuck or rises; "the appropriate
learning rate depends on the chosen optimization scheme".

    nnjax sweep --config=learning_rate --workdir=runs/learning_rate

Expected: a valley for every optimizer, its floor near .1-1 for SGD, .03 for momentum, .003 for Adam and 1-10 for
Adadelta; 4 optimizers × 13 rates × 3 seeds, four compiled programs.
Time: about 20 seconds on two cores.
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.spaces.ranges import Range
from nnjax.spaces.space import Arm, Space


def get_config() -> Experiment:
    """Give a small classifier of 8 × 8 digits."""
    return Experiment(
        data=DataConfig("digits"),
        model=ModelConfig("mlp", widths=(32,)),
        optimizer=OptimizerConfig("sgd", preset="keras3"),
        batch_size=32,
        epochs=20,
    )


def get_space() -> Space:
    """Give 13 rates from 1e-4 to 100 for every optimizer."""
    names = ("sgd", "momentum", "adam", "adadelta")
    return Space(
        axes={"learning_rate": Range(1e-4, 100.0, 13, log=True), "seed": range(3)},
        arms={name: Arm({"optimizer.name": name}) for name in names},
    )

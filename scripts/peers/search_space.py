"""A realistic search: random settings over six width lists, two activations, two batch sizes and two optimizers.

Source: the tasks search, adaptive and flat of scripts/bench.py; peers train the same (scripts/peers/search.py).

    nnjax sweep --config=scripts/peers/search_space.py --workdir=runs/search

Expected: 64 trials of 460 or 900 steps; the best validation accuracy about .98.
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.spaces.ranges import Axis, Range
from nnjax.spaces.space import Space


def get_config() -> Experiment:
    """Give what the settings share; as peers do, a trial is validated at every epoch, and not on its training part."""
    return Experiment(
        data=DataConfig("digits", validation=360, test=0),
        model=ModelConfig("mlp", widths=(32,)),
        optimizer=OptimizerConfig("adamw"),
        hyperparameters=Hyperparameters(learning_rate=0.001, weight_decay=0.0),
        batch_size=32,
        epochs=20,
        train_eval_size=0,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give the axes; momentum is 0.9, and the decay is decoupled from the gradient for both optimizers."""
    axes: dict[str, Axis] = {
        "model.widths": [(16,), (32,), (64,), (32, 16), (64, 32), (64, 64, 32)],
        "model.activation": ["relu", "tanh"],
        "batch_size": [32, 64],
        "optimizer.name": ["adamw", "momentum"],
        "learning_rate": Range(1e-3, 1e-1, log=True),
        "weight_decay": Range(1e-6, 1e-2, log=True),
    }
    return Space(axes, mode="random", num=64, draw_seed=0)

"""Batch size: noise and the number of steps (lecture slides, section 5).

Source: the slides list it among "what to choose?". At an equal number of epochs a small batch takes more and noisier
steps.

    nnjax sweep --config=batch_size --workdir=runs/batch_size

Expected: at a fixed rate the smallest batches learn most in 20 epochs and have the noisiest curves; the largest are
still learning at the end. One group (one compilation) for each size.
Time: about 20 seconds on two cores.
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.spaces.space import Space


def get_config() -> Experiment:
    """Give a small classifier of 8 × 8 digits."""
    return Experiment(
        data=DataConfig("digits"),
        model=ModelConfig("mlp", widths=(32,)),
        optimizer=OptimizerConfig("adam", preset="keras3"),
        batch_size=32,
        epochs=20,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give batches of 8 to 512 with three seeds."""
    return Space(axes={"batch_size": (8, 32, 128, 512), "learning_rate": (0.001, 0.01), "seed": range(3)})

"""Autoencoders that a core is busy with: 784-128-64-128-784 on Fashion-MNIST, 32 seeds.

Source: the task "autoencoder" of scripts/bench.py; its peers train the same (scripts/peers/tasks.py).

    nnjax sweep --config=bench_autoencoder --workdir=runs/autoencoder

Expected: 32 trials of 2,350 steps; validation BCE near .30 after ten epochs.
Time: on two cores (331 GFLOP/s in the steady state) 13 seconds for 4 of the trials, so about 80 for all.
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.spaces.space import Space


def get_config() -> Experiment:
    """Give the network; as its peers do, it is validated on the test images and not evaluated on the training part."""
    return Experiment(
        data=DataConfig("fashion_mnist", validation="test"),
        model=ModelConfig("autoencoder", widths=(128, 64, 128), output_activation="sigmoid"),
        optimizer=OptimizerConfig("adadelta", preset="keras2"),
        loss="binary_crossentropy",
        metrics=(),
        batch_size=256,
        epochs=10,
        train_eval_size=0,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give 32 seeds."""
    return Space({"seed": range(32)})

"""A wide network with dropout: 784-512-512-10.

Source: the MNIST example that ships with Keras (dropout .2, two layers of 512): 98.4 % after 20 epochs by its own
account.

    nnjax sweep --config=mnist_mlp_dropout --workdir=runs/mnist_mlp_dropout

Expected: test accuracy at least 98.2 % within 10 epochs (mean of 3 seeds, final-epoch weights).
Time: 31 seconds on two cores (with matrix products at 250 GFLOP/s; nothing cached).
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.spaces.space import Space


def get_config() -> Experiment:
    """Give ReLU, softmax + cross-entropy, dropout .2, Adam with a cosine schedule."""
    return Experiment(
        data=DataConfig("mnist", validation=5000),
        model=ModelConfig("mlp", widths=(512, 512)),
        optimizer=OptimizerConfig("adam", schedule="cosine"),
        hyperparameters=Hyperparameters(learning_rate=0.001, dropout=0.2),
        batch_size=128,
        epochs=10,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give three seeds."""
    return Space(axes={"seed": range(3)})

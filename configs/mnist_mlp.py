"""The 784-300-100-10 network of 1998 with today's loss, activation and optimizer.

Source: LeCun et al. 1998, table of test errors: 3.05 % with 784-300-100-10, MSE and stochastic gradient descent.

    nnjax sweep --config=mnist_mlp --workdir=runs/mnist_mlp

Expected: test error at most 2.0 % (mean of 3 seeds, final-epoch weights; 5,000 of the training images validate).
Time: 22 seconds on two cores (with matrix products at 250 GFLOP/s; nothing cached).
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.spaces.space import Space


def get_config() -> Experiment:
    """Give ReLU, softmax + cross-entropy, Adam with a cosine schedule."""
    return Experiment(
        data=DataConfig("mnist", validation=5000),
        model=ModelConfig("mlp", widths=(300, 100)),
        optimizer=OptimizerConfig("adam", schedule="cosine"),
        hyperparameters=Hyperparameters(learning_rate=0.001, dropout=0.2),
        batch_size=128,
        epochs=20,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give three seeds."""
    return Space(axes={"seed": range(3)})

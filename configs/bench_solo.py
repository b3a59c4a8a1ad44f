"""One network alone: 784-512-512-10 with dropout on MNIST.

Source: the task "solo" of scripts/bench.py; its peers train the same (scripts/peers/tasks.py).

    nnjax sweep --config=bench_solo --workdir=runs/solo --config.epochs=5

Expected: about 98 % of the test images right after five epochs.
Time: 12 seconds on two cores (with matrix products at 250 GFLOP/s; nothing cached).
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters


def get_config() -> Experiment:
    """Give the network; as its peers do, it is validated on the test images and not evaluated on the training part."""
    return Experiment(
        data=DataConfig("mnist", validation="test"),
        model=ModelConfig("mlp", widths=(512, 512)),
        optimizer=OptimizerConfig("adamw"),
        hyperparameters=Hyperparameters(learning_rate=0.001, weight_decay=0.0, dropout=0.2),
        batch_size=128,
        epochs=5,
        train_eval_size=0,
        evaluate_test="all",
    )

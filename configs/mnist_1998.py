"""The classifiers of LeCun's table on MNIST: a linear one, four with hidden layers, and LeNet-5.

Source: LeCun, Bottou, Bengio & Haffner 1998, figure 9; test errors in % there: linear 12.0, 300 hidden units 4.7, 1000
4.5, 300-100 3.05, 500-150 2.95, LeNet-5 .95. Hidden units squash as there; the loss is the squared error (of LeNet-5
its equation 9); the optimizer is Adam with a cosine, where theirs was a second-order method of their own.

    nnjax sweep --config=mnist_1998 --workdir=runs/mnist_1998
    nnjax compare runs/mnist_1998 --mnist_1998

Expected: linear 8.06 % wrong, 300 2.43, 1000 2.21, 300-100 2.19, 500-150 2.11, LeNet-5 1.04 (means of 3 seeds). The
second command adds 3 nearest neighbors (3.03; 5.0 there) and 40 principal components with a quadratic classifier
(3.32; 3.3 there), by scikit-learn.
Time: about five minutes on two cores (with matrix products at 250 GFLOP/s).
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.models import lenet_tables
from nnjax.spaces.space import Arm, Space

LENET5 = {
    "kind": "lenet5",
    "widths": lenet_tables.WIDTHS,
    "kernel_init": lenet_tables.KERNEL_INIT,
    "output_activation": "linear",
    "loss": "rbf_map",
    "learning_rate": 0.005,
    "optimizer.name": "adamw",
    "weight_decay": 0.05,
}


def get_config() -> Experiment:
    """Give 784-300-10 with squashing units and squared error; 5,000 training images are set aside for validation."""
    return Experiment(
        data=DataConfig("mnist", validation=5000),
        model=ModelConfig("mlp", widths=(300,), activation=lenet_tables.ACTIVATION, output_activation="sigmoid"),
        optimizer=OptimizerConfig("adam", schedule="cosine"),
        hyperparameters=Hyperparameters(learning_rate=0.001),
        loss="mean_squared_error",
        batch_size=128,
        epochs=20,
        train_eval_size=5000,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give the classifiers, named as in the table, each with three seeds."""
    dense = {"linear": (), "300": (300,), "1000": (1000,), "300-100": (300, 100), "500-150": (500, 150)}
    arms = {name: Arm({"widths": widths}) for name, widths in dense.items()}
    return Space(axes={"seed": range(3)}, arms=arms | {"LeNet-5": Arm(LENET5)})

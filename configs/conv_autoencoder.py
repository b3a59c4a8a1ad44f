"""The convolutional autoencoder of the Keras blog.

Source: "Building Autoencoders in Keras" (2016): convolutions of 16, 8 and 8 maps with pooling, the decoder in reverse,
binary cross-entropy, 50 epochs in batches of 128: validation loss .094. Its optimizer was Adadelta(1.0); here Adam too.

    nnjax sweep --config=conv_autoencoder --workdir=runs/conv_autoencoder

Expected: test BCE at most .094 (.0905 with Adam, one seed). The code has 128 numbers; the floor of MNIST's gray pixels
is .058.
Time: about 13 minutes on two cores (with matrix products at 250 GFLOP/s).
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.spaces.space import Arm, Space


def get_config() -> Experiment:
    """Give the blog's network and optimizer, validated on the test images as there."""
    return Experiment(
        data=DataConfig("mnist", validation="test"),
        model=ModelConfig("conv_autoencoder", widths=(16, 8, 8), output_activation="sigmoid"),
        optimizer=OptimizerConfig("adadelta", preset="keras2"),
        loss="binary_crossentropy",
        batch_size=128,
        epochs=50,
        train_eval_size=2000,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give both optimizers, each with three seeds."""
    adam = {
        "optimizer.name": "adam",
        "optimizer.preset": "keras3",
        "optimizer.schedule": "cosine",
        "learning_rate": 0.005,
    }
    return Space(axes={"seed": range(3)}, arms={"blog": Arm(), "adam": Arm(adam)})

"""The autoencoders of the Keras blog, with the optimizer as it was and with Adam.

Source: "Building Autoencoders in Keras" (2016): 784-32-784, binary cross-entropy, Adadelta(1.0), batch 256, 50 epochs,
about .11 at that time (.093 is the later Adam figure); 784-128-64-32-64-128-784, 100 epochs, about .097.

    nnjax sweep --config=keras_blog_autoencoders --workdir=runs/keras_blog

Expected: test BCE near .11 / .097 with Adadelta, near .09 / .08 with Adam; the floor of MNIST's gray pixels is .058.
Time: about 5 minutes on two cores (with matrix products at 250 GFLOP/s): 10.8 of the 12 trials took 4.
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.spaces.space import Arm, Space

DEEP = {"widths": (128, 64, 32, 64, 128), "epochs": 100}
ADAM = {"optimizer.name": "adam", "optimizer.preset": "keras3"}


def get_config() -> Experiment:
    """Give 784-32-784."""
    return Experiment(
        data=DataConfig("mnist", validation="test"),
        model=ModelConfig("autoencoder", widths=(32,), output_activation="sigmoid"),
        optimizer=OptimizerConfig("adadelta", preset="keras2"),
        loss="binary_crossentropy",
        batch_size=256,
        epochs=50,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give both depths with both optimizers, each with three seeds."""
    arms = {"single": Arm(), "deep": Arm(DEEP), "single_adam": Arm(ADAM), "deep_adam": Arm({**DEEP, **ADAM})}
    return Space(axes={"seed": range(3)}, arms=arms)

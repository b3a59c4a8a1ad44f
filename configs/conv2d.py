"""A network of Conv2D and MaxPooling layers, two of each, then Dense 64 and 10, on Fashion-MNIST.

Source: the slides' layers "Conv2D" and "MaxPooling2D" (section 7), as Keras's example for beginners stacks them. The
network is a Flax module in this file; whoever copies the file writes any other (docs/extending/model.md). On a CPU its
convolutions are matrix products of equal value (docs/design/0024), so that seeds train in lanes.

    nnjax sweep --config=conv2d --workdir=runs/conv2d

Expected: 10.06 ± .09 % of the 10,000 test images wrong (mean and standard deviation over three seeds, weights of the
best epoch); validation loss .26, still falling at the end. With a tenth of the images, --config.data.limit=7500
--config.data.validation=500 --config.data.test=2000, 15.8 ± .3 % of 2,000. 105,866 parameters, 2.23 million operations
an image.
Time: four and a half minutes on two busy cores.
"""

import flax.linen as nn
from jax import Array

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.spaces.space import Space


class Conv2D(nn.Module):
    """Convolution 3 x 3, ReLU, max pooling 2 x 2, twice; then two dense layers."""

    maps: tuple[int, ...] = (16, 32)
    units: int = 64

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Read rows of pixels [b, 784] as images, and give logits [b, 10]."""
        x = x.reshape(len(x), 28, 28, 1)
        for maps in self.maps:
            x = nn.max_pool(nn.relu(nn.Conv(maps, (3, 3))(x)), (2, 2), strides=(2, 2))
        return nn.Dense(10)(nn.relu(nn.Dense(self.units)(x.reshape(len(x), -1))))


def get_config() -> Experiment:
    """Give the network with Adam; 5,000 training images are set aside for validation."""
    return Experiment(
        data=DataConfig("fashion_mnist", validation=5000),
        model=ModelConfig(Conv2D()),
        optimizer=OptimizerConfig("adam"),
        hyperparameters=Hyperparameters(learning_rate=0.001),
        loss="categorical_crossentropy",
        batch_size=128,
        epochs=5,
        train_eval_size=5000,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give three seeds."""
    return Space(axes={"seed": range(3)})

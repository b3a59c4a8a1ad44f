"""LeNet-5 of 1998 on 5,000 digits: trained for a minute, and what its layers make of an image.

Source: LeCun, Bottou, Bengio & Haffner 1998, section II.B. `configs/lenet.py` is the whole training.
"""

import dataclasses
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from nnjax.api import sweep
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.models import lenet_tables
from nnjax.models.convolution import images
from nnjax.models.lenet import make_lenet5_module, pad_to_32

EPOCHS = 8
EXPERIMENT = Experiment(
    data=DataConfig("mnist5k", validation=500, test=500),
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
    epochs=EPOCHS,
    train_eval_size=0,
    evaluate_test="all",
)


class Learned(NamedTuple):
    """A trained network on its test part."""

    pixels: np.ndarray  # [n, 28, 28] in [0, 1]
    truth: np.ndarray  # truth, answers: [n] digits
    answers: np.ndarray
    distances: np.ndarray  # [n, 10] squared distances to the bitmaps
    # of the first `maps` examples S2's maps [maps, 6, 14, 14] and S4's [maps, 16, 5, 5]
    subsampled: tuple[np.ndarray, np.ndarray]

    @property
    def wrong(self) -> np.ndarray:
        """Which examples are answered wrongly, the surest first."""
        margins = np.sort(self.distances, axis=1)
        wrong = np.flatnonzero(self.answers != self.truth)
        return wrong[np.argsort(-(margins[wrong, 1] - margins[wrong, 0]), kind="stable")]


def learn(epochs: int = EPOCHS, maps: int = 3) -> Learned:
    """Train one network, and apply it to the test part."""
    run = sweep(dataclasses.replace(EXPERIMENT, epochs=epochs), progress=False)
    prepared = run.data(0)
    x, truth = prepared.inputs(prepared.test), np.asarray(prepared.dataset.y)[prepared.test]
    scores = np.asarray(run.outputs(prepared.dataset.x[prepared.test], 0))
    chosen = [int(np.flatnonzero(truth == digit)[0]) for digit in (0, 4, 7)[:maps]]
    return Learned(
        pixels=x.reshape(-1, 28, 28),
        truth=truth,
        answers=scores.argmax(axis=1),
        distances=-scores,
        subsampled=feature_maps(run.params(0), x[chosen]),
    )


def feature_maps(params: dict, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute what S2 and S4 make of images [n, 784] in [0, 1]: [n, 6, 14, 14] and [n, 16, 5, 5], squashed."""
    module = make_lenet5_module(EXPERIMENT.model)
    _, seen = module.apply(
        {"params": params},
        pad_to_32(images(jnp.asarray(x), 28)),
        None,
        None,
        method="features",
        capture_intermediates=True,
        mutable=["intermediates"],
    )
    found = (seen["intermediates"][name]["__call__"][0] for name in ("S2", "S4"))
    first, second = (np.asarray(module.activation(one)).transpose(3, 0, 1, 2) for one in found)
    return first, second

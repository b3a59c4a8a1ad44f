"""The slides' author's MNIST homework: 784-320-32-32-10, three sigmoids and a softmax.

Source: course notebooks (docs/DECK.md): Adam, categorical cross-entropy, batch 120, 10 epochs, validation split .25.

    nnjax sweep --config=homework_mlp --workdir=runs/homework

Expected: validation accuracy .9690 in the notebook (one seed); here the mean of 3 seeds with the spread.
Time: 10 seconds on two cores (with matrix products at 250 GFLOP/s; nothing cached).
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.spaces.space import Space


def get_config() -> Experiment:
    """Give the homework's network with Keras's Adam."""
    return Experiment(
        data=DataConfig("mnist", validation=0.25),
        model=ModelConfig("mlp", widths=(320, 32, 32), activation="sigmoid"),
        optimizer=OptimizerConfig("adam", preset="keras3"),
        batch_size=120,
        epochs=10,
        evaluate_test="all",
    )


def get_space() -> Space:
    """Give three seeds."""
    return Space(axes={"seed": range(3)})

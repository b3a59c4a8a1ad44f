"""Is the latent space worth it? Codes of the slides' autoencoder beside PCA, ICA, LDA and k-means (sections 1, 7).

Source: the slides' "latent representation as features". The network is the slides' 784-128-k-128-784 with a sigmoid
output and squared error; of series, 128-128-k-128-128 with a linear output. It is trained as on the slides (ReLU,
Adadelta of Keras <= 2.3.1), and as one would today (ELU, so that a narrow code cannot die, and Adam).

    nnjax study --config=latent_value --workdir=runs/latent_value

Expected (4,000 digits to learn from, 1,000 to measure with): copies are better by an autoencoder with Adam at 8 to 32
numbers; neighbors, distances and kNN accuracy are PCA's from 8 on; with fewer numbers it depends on the seed.
Time: 5 to 8 minutes on two shared cores.
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.lectures.studies.latent_value.study import LatentValue

ADAM = {"activation": "elu", "optimizer.name": "adam", "optimizer.preset": "keras3", "learning_rate": 0.001}


def get_study() -> LatentValue:
    """Give digits and two patterns, six widths, five seeds."""
    digits = Experiment(
        data=DataConfig("mnist5k", validation=0),
        model=ModelConfig("autoencoder", widths=(128, 64, 128), output_activation="sigmoid"),
        optimizer=OptimizerConfig("adadelta", preset="keras2"),
        loss="mean_squared_error",
        batch_size=100,
        epochs=60,
        train_eval_size=0,
    )
    series = Experiment(
        data=DataConfig("two_patterns:2000", test=1000, validation=0, scaling="none"),
        model=ModelConfig("autoencoder", widths=(128, 64, 128), output_activation="linear"),
        optimizer=OptimizerConfig("adadelta", preset="keras2"),
        loss="mean_squared_error",
        batch_size=50,
        epochs=100,
        train_eval_size=0,
    )
    return LatentValue(
        sets={"digits": digits, "two patterns": series},
        around=(128,),
        arms={"autoencoder, as the deck": {}, "autoencoder, ELU and Adam": ADAM},
        widths=(2, 4, 8, 16, 32, 64),
        seeds=(0, 1, 2, 3, 4),
    )

"""How sensitive SNE, t-SNE and UMAP are to their settings, beside PCA and the slides' latent spaces (section 1).

Source: the slides' sentence that they are "very sensitive to the choice of hyperparameter". The settings are the
recommended ranges: perplexity 5-50 (van der Maaten & Hinton 2008), early exaggeration 4 (there) and 12 (scikit-learn's
default), learning rate 10-1000 (scikit-learn's documentation, in its unit); UMAP's n_neighbors and min_dist as in its
documentation's examples. SNE has no recommended rates in this unit: half to twice the default. The autoencoders are the
slides', the 2-wide one digits16 with a narrower code, at half to twice the slides' rate.

    nnjax study --config=embedding_sensitivity --workdir=runs/sensitivity

Expected (600 digits): scores of t-SNE vary less than those of latent spaces (T .92-.96), layouts about as much
(Procrustes distance .4-.5 between settings); no layout is less trustworthy than PCA. Time: 2:46 on two shared cores.
"""

import dataclasses

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.embed.study import Axes
from nnjax.lectures.studies.sensitivity.study import Sensitivity

PERPLEXITIES = (5.0, 15.0, 30.0, 50.0)
SEEDS = (0, 1, 2)
RATES = (10.0, 50.0, 200.0, 1000.0)
TSNE = Axes(("tsne",), SEEDS, PERPLEXITIES, exaggerations=(4.0, 12.0), learning_rates=RATES)
SNE = Axes(("sne",), SEEDS, PERPLEXITIES, learning_rates=(0.025, 0.05, 0.1))
SIGMOID_BCE = {"output_activation": "sigmoid", "loss": "binary_crossentropy"}


def get_study() -> Sensitivity:
    """Give the sweep over 600 unseen digits."""
    return Sensitivity(
        sweeps=(
            Axes(("pca",)),
            TSNE,
            dataclasses.replace(TSNE, init="random"),
            SNE,
            dataclasses.replace(SNE, init="random"),
            Axes(("umap",), SEEDS, neighbors=(5, 15, 50), min_dists=(0.0, 0.1, 0.5)),
        ),
        autoencoder=Experiment(
            data=DataConfig("mnist5k", validation=0),
            model=ModelConfig("autoencoder", widths=(128, 64, 128), output_activation="linear"),
            optimizer=OptimizerConfig("adadelta", preset="keras2"),
            loss="mean_squared_error",
            batch_size=100,
            epochs=120,
            train_eval_size=0,
        ),
        arms={
            "latent 64": {},
            "latent 16": {**SIGMOID_BCE, "widths": (128, 64, 32, 16, 32, 64, 128)},
            "latent 2": {**SIGMOID_BCE, "widths": (128, 64, 32, 2, 32, 64, 128)},
        },
        rates=(0.5, 1.0, 2.0),
        seeds=SEEDS,
        limit=600,
    )

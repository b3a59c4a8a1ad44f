"""Networks and searches with scikit-learn's interface, trained by nnjax's engine (docs/scikit_learn.md).

from nnjax.estimators import MLPClassifier, PopulationSearchCV
"""

from nnjax.estimators.autoencoder import Autoencoder
from nnjax.estimators.linear_units import Adaline, Madaline, Perceptron
from nnjax.estimators.mlp import MLPClassifier, MLPRegressor
from nnjax.estimators.own_models import NNJAXClassifier, NNJAXRegressor
from nnjax.estimators.searches import PopulationHalvingSearchCV, PopulationRandomizedSearchCV, PopulationSearchCV

__all__ = [
    "Adaline",
    "Autoencoder",
    "MLPClassifier",
    "MLPRegressor",
    "Madaline",
    "NNJAXClassifier",
    "NNJAXRegressor",
    "Perceptron",
    "PopulationHalvingSearchCV",
    "PopulationRandomizedSearchCV",
    "PopulationSearchCV",
]

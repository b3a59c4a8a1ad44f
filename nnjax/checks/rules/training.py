"""Can training work: learning rate, scale of the inputs, hidden layers, start?

Sentences name thresholds, not a trial's own rate, so that a sweep reports each finding once.
"""

from __future__ import annotations

import math

from nnjax.checks.rules.case import Case, Finding
from nnjax.core.experiment import AUTOENCODERS

SMALL_ADADELTA_RATE = 0.01
LARGE_RATES = {  # ten to a hundred times the usual
    "sgd": 10.0,
    "momentum": 5.0,
    "nesterov": 5.0,
    "adam": 0.1,
    "adamw": 0.1,
    "rmsprop": 0.1,
    "adagrad": 1.0,
    "adadelta": 20.0,
}
LARGE_INPUTS = 20


def adadelta_rate(case: Case) -> Finding | None:
    """Warn of the rate that the name "adadelta" got in Keras 2.4."""
    rate = case.experiment.hyperparameters.learning_rate
    if case.experiment.optimizer.name != "adadelta" or rate is None or rate > SMALL_ADADELTA_RATE:
        return None
    sentence = (
        f"Adadelta was made for a learning rate of 1 and hardly learns at {SMALL_ADADELTA_RATE:g} or less; "
        "0.001, Keras's default since 2.4, leaves the deck's autoencoder worse than the mean image."
    )
    return Finding("adadelta-rate", "warning", sentence, "Set learning_rate=1, the default of preset keras2.")


def large_rate(case: Case) -> Finding | None:
    """Warn of learning rates far above those that work."""
    name, rate = case.experiment.optimizer.name, case.experiment.hyperparameters.learning_rate
    limit = LARGE_RATES.get(name, math.inf)
    if rate is None or rate <= limit:
        return None
    sentence = f"A learning rate above {limit:g} is unusually large for {name}: the loss may jump or become NaN."
    return Finding("large-rate", "warning", sentence, "Start 10 to 100 times lower.")


def large_inputs(case: Case) -> Finding | None:
    """Warn of inputs that are not scaled."""
    if not case.data.input_size > LARGE_INPUTS:
        return None
    sentence = f"An input has a root mean square of {case.data.input_size:.3g}; networks start well from about 1."
    return Finding("large-inputs", "warning", sentence, "Set data.scaling=standard, or unit for images.")


def linear_layers(case: Case) -> Finding | None:
    """Judge hidden layers without a nonlinearity."""
    model = case.experiment.model
    if model.activation != "linear" or not model.widths:
        return None
    if model.kind in AUTOENCODERS:
        sentence = "All hidden layers are linear: the network can do no better than PCA with as many components."
        return Finding("linear-layers", "remark", sentence, "Use activation=relu to go beyond PCA.")
    sentence = "All hidden layers are linear: together they are one affine map, however many there are."
    return Finding("linear-layers", "warning", sentence, "Use activation=relu, or no hidden layers.")


def equal_neurons(case: Case) -> Finding | None:
    """Warn of a start at which all neurons of a layer are the same."""
    model, scale = case.experiment.model, case.experiment.hyperparameters.init_scale
    if not model.widths or (model.kernel_init != "zeros" and scale != 0):
        return None
    sentence = (
        "All kernels start at zero: the neurons of a hidden layer get the same gradient, or none, and stay equal."
    )
    return Finding("equal-neurons", "warning", sentence, "Use kernel_init=glorot_uniform and init_scale above 0.")

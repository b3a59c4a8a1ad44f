"""Why a network does not move, as far as the inside of it is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnjax.diagnosis.verdicts.case import Case

DEAD = 0.9  # share of a layer's units: the few that live carry no gradient worth the name
SATURATED = 0.9
SAME = 1e-6  # activation variance of a layer that answers everything alike
VANISHING = 1e-3  # gradient norm of the first layer over that of the last

UNKNOWN = (
    "Dead units, an all-zero start, saturated units or a missing gradient are the usual causes; the curves alone do "
    "not tell which.",
    "Look at the activations and gradients layer by layer; try another seed, a smaller initial scale and a lower rate.",
)


def stuck_cause(case: Case, i: int) -> tuple[str, str]:
    """Give the cause, as a sentence, and what to try: dead ReLUs, saturation, no variance, vanishing gradients."""
    signals, trial = case.signals, int(case.measures.dense.trials[i])
    if signals is None:
        return UNKNOWN
    layer, value = _worst(signals.dead_share[trial], np.nanmax)
    if value > DEAD:
        return (
            f"In {signals.layers[layer]} {100 * value:.0f} % of the ReLU units are dead.",
            "Lower the learning rate, use a leaky activation, or start with smaller weights.",
        )
    layer, value = _worst(signals.saturated_share[trial], np.nanmax)
    if value > SATURATED:
        return (
            f"In {signals.layers[layer]} {100 * value:.0f} % of the outputs are saturated.",
            "Start with smaller weights, scale the inputs, or use ReLU.",
        )
    layer, value = _worst(signals.activation_variance[trial], np.nanmin)
    if value < SAME:
        return (
            f"{signals.layers[layer]} gives every example the same answer: its weights are zero or all alike.",
            "Start from random weights (Glorot, He), and look at the biases.",
        )
    norms = _last(signals.gradient_norm[trial])
    if len(norms) > 1 and norms[0] < VANISHING * norms[-1]:
        return (
            f"The gradient of the first layer is {norms[0] / norms[-1]:.1g} of the last one's: it vanishes on the way.",
            "Use ReLU or fewer layers, and an initialisation that keeps the variance (Glorot, He).",
        )
    return UNKNOWN


def _last(signal: np.ndarray) -> np.ndarray:
    """Give the last known values [p] of [t, p]; empty if there is none."""
    known = np.isfinite(signal).any(axis=1)
    return signal[np.flatnonzero(known)[-1]] if known.any() else np.zeros(0)


def _worst(signal: np.ndarray, extreme: Callable[[np.ndarray], Any]) -> tuple[int, float]:
    """Find the layer whose last known value is the extreme one; (0, NaN) if nothing is known."""
    values = _last(signal)
    if not np.isfinite(values).any():
        return 0, float("nan")
    value = float(extreme(values))
    return int(np.flatnonzero(values == value)[0]), value

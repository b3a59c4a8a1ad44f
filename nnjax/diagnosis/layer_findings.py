"""Find what is wrong inside a network by its layers' statistics: vanishing gradients, dead and saturated units, steps.

Epochs at which nothing was measured are NaN and do not count. The last layer is the output's: that some of its units
are at the ends of their range, or 0 throughout, is often what the targets ask for, so units of hidden layers are
judged, and outputs only where none is ever anything but 0, or all are at the ends for every example alike.
"""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from nnjax.core.layer_statistics import LAYER_STATISTICS, LayerStatistics

FALL = 10.0  # from output to input; deck: a sigmoid network of four hidden layers falls 100-fold, ReLU about twofold
ALL_DEAD = 0.999  # of the outputs: one that lives may be all that the targets ask for
ALL_SATURATED = 0.95  # of the outputs
SAME = 1e-4  # variance of an answer over examples: a hundredth of the range of a sigmoid
DEAD = 0.5  # of a layer's units: half of what the network was given does nothing
SATURATED = 0.8  # of a layer's outputs: four in five hardly pass a gradient on
LARGE, SMALL = 0.1, 1e-5  # of the weights, a hundred times more and less than what is healthy
BEGINNING = 0.25  # of the epochs: later, updates are small because there is little left to learn


@dataclasses.dataclass(frozen=True)
class LayerFinding:
    """One thing that is wrong inside the network of a trial."""

    # "vanishing_gradient", "dead_outputs", "saturated_outputs", "dead_units", "saturated_units", "large_updates" or
    # "small_updates"
    code: str
    sentence: str  # in plain words, with the numbers that matter
    layer: str  # where
    epoch: int  # the first one at which it was measured, counted from 1
    evidence: Mapping[str, float]  # numbers by name, as they entered the rule
    next: str  # what to try, in a sentence


Values = Mapping[str, np.ndarray]  # statistic -> [t, p], of one trial, at the t epochs and the p layers that it has
Rule = Callable[[Values, np.ndarray, tuple[str, ...]], LayerFinding | None]


def layer_findings(statistics: LayerStatistics) -> list[tuple[LayerFinding, ...]]:
    """Judge the layers of each of m trials, the most fundamental finding first; () where nothing is amiss."""
    return [_of_trial(statistics, trial) for trial in range(len(statistics.gradient_norm))]


def _of_trial(statistics: LayerStatistics, trial: int) -> tuple[LayerFinding, ...]:
    measured = np.isfinite(statistics.activation_variance[trial])
    epochs, layers = np.flatnonzero(measured.any(axis=1)), np.flatnonzero(measured.any(axis=0))
    if not len(epochs):
        return ()
    own = {name: getattr(statistics, name)[trial][np.ix_(epochs, layers)] for name in LAYER_STATISTICS}
    names = tuple(statistics.layers[i] for i in layers)
    found = (rule(own, epochs + 1, names) for rule in RULES)
    return tuple(finding for finding in found if finding is not None)


def vanishing_gradient(values: Values, epochs: np.ndarray, layers: tuple[str, ...]) -> LayerFinding | None:
    """Find a gradient that falls more than tenfold from the output to the input, at half of the epochs or more.

    Source: Hochreiter 1991; Glorot & Bengio 2010. It takes two hidden layers.
    """
    norms = values["gradient_norm"]
    first, last = norms[:, 0], norms[:, -1]
    known = np.isfinite(first) & np.isfinite(last) & (last > 0)
    with np.errstate(divide="ignore"):
        fall = np.where(known, last / np.where(known, first, 1.0), 0.0)
    if len(layers) < 3 or not known.any() or np.median(fall[known]) <= FALL:
        return None
    order = np.flatnonzero(known)[np.argsort(fall[known], kind="stable")]
    at = int(order[len(order) // 2])  # the (upper) median
    evidence = {"at_input": float(first[at]), "at_output": float(last[at])}
    amount = f"{fall[at]:.3g}-fold" if np.isfinite(fall[at]) else "to nothing"
    sentence = (
        f"The gradient shrinks from {last[at]:.2g} at {layers[-1]} to {first[at]:.2g} at {layers[0]}, {amount} "
        f"(epoch {epochs[at]}): the first layers hardly learn."
    )
    remedy = "Use activation=relu with kernel_init=he_normal, or fewer layers."
    return LayerFinding("vanishing_gradient", sentence, layers[0], _first(fall > FALL, epochs), evidence, remedy)


def _first(holds: np.ndarray, epochs: np.ndarray) -> int:
    return int(epochs[np.argmax(holds)])


def dead_outputs(values: Values, epochs: np.ndarray, layers: tuple[str, ...]) -> LayerFinding | None:
    """Find an output layer of which every ReLU unit is 0 for all examples at the end."""
    last = np.nan_to_num(values["dead_share"][:, -1], nan=0.0)
    if last[-1] < ALL_DEAD:
        return None
    since = _first(last >= ALL_DEAD, epochs)
    sentence = (
        f"Every output of {layers[-1]} is 0 for every example looked at (epoch {epochs[-1]}; first in epoch {since}): "
        "the network says 0 whatever it is shown, and no gradient comes back through a ReLU that is off."
    )
    remedy = "Use output_activation=linear (or one that fits the targets), a lower learning rate, or another seed."
    return LayerFinding("dead_outputs", sentence, layers[-1], since, {"share": float(last[-1])}, remedy)


def saturated_outputs(values: Values, epochs: np.ndarray, layers: tuple[str, ...]) -> LayerFinding | None:
    """Find an output layer at the ends of its range and the same for every example at the end.

    Outputs at the ends are what classes ask for, but then they differ between examples.
    """
    share, variance = np.nan_to_num(values["saturated_share"][:, -1], nan=0.0), values["activation_variance"][:, -1]
    holds = (share >= ALL_SATURATED) & (variance < SAME)
    if not holds[-1]:
        return None
    since = _first(holds, epochs)
    sentence = (
        f"{share[-1]:.0%} of the outputs of {layers[-1]} lie within 2 % of the ends of their range, and are the same "
        f"for every example looked at (epoch {epochs[-1]}; first in epoch {since}): hardly any gradient comes back."
    )
    remedy = "Scale inputs and targets, start with smaller weights (init_scale), or lower the learning rate."
    return LayerFinding("saturated_outputs", sentence, layers[-1], since, {"share": float(share[-1])}, remedy)


def dead_units(values: Values, epochs: np.ndarray, layers: tuple[str, ...]) -> LayerFinding | None:
    """Find a hidden layer of which more than half the ReLU units are 0 for all examples at the end."""
    sentence = (
        "{share:.0%} of the ReLU units of {layer} are 0 for every example looked at (epoch {last}; more than half "
        "first in epoch {since}): they get no gradient, and do not come back by themselves."
    )
    remedy = "Lower the learning rate, use kernel_init=he_normal, or activation=leaky_relu."
    return _share_of_units("dead_units", values["dead_share"], DEAD, epochs, layers, sentence, remedy)


def saturated_units(values: Values, epochs: np.ndarray, layers: tuple[str, ...]) -> LayerFinding | None:
    """Find a hidden layer of which more than four in five outputs are at the ends of their range at the end."""
    sentence = (
        "{share:.0%} of the outputs of {layer} lie within 2 % of the ends of their range (epoch {last}; more than four "
        "in five first in epoch {since}): there the slope is nearly 0, and so is the gradient."
    )
    remedy = "Scale the inputs, start with smaller weights (init_scale), or lower the learning rate."
    return _share_of_units("saturated_units", values["saturated_share"], SATURATED, epochs, layers, sentence, remedy)


def _share_of_units(
    code: str, shares: np.ndarray, limit: float, epochs: np.ndarray, layers: tuple[str, ...], sentence: str, remedy: str
) -> LayerFinding | None:
    hidden = np.nan_to_num(shares[:, :-1], nan=0.0)
    if not hidden.size or hidden[-1].max() <= limit:
        return None
    worst = int(hidden[-1].argmax())
    share, since = float(hidden[-1, worst]), _first(hidden[:, worst] > limit, epochs)
    text = sentence.format(share=share, layer=layers[worst], last=epochs[-1], since=since)
    return LayerFinding(code, text, layers[worst], since, {"share": share}, remedy)


def large_updates(values: Values, epochs: np.ndarray, layers: tuple[str, ...]) -> LayerFinding | None:
    """Find steps that change a layer by more than a tenth of its weights, at half of the epochs or more."""
    ratios = np.nan_to_num(values["update_ratio"], nan=0.0, posinf=0.0)
    typical = np.median(ratios, axis=0)
    layer = int(typical.argmax())
    if typical[layer] <= LARGE:
        return None
    sentence = (
        f"A step changes {layers[layer]} by {typical[layer]:.0%} of its weights (median over the epochs; about 0.1 % "
        "is healthy): what was learned is soon overwritten."
    )
    epoch = _first(ratios[:, layer] > LARGE, epochs)
    evidence = {"update_ratio": float(typical[layer])}
    return LayerFinding("large_updates", sentence, layers[layer], epoch, evidence, "Lower the learning rate tenfold.")


def small_updates(values: Values, epochs: np.ndarray, layers: tuple[str, ...]) -> LayerFinding | None:
    """Find steps that change no layer by more than 1e-5 of its weights in the first quarter of the epochs."""
    early = values["update_ratio"][epochs <= max(epochs[0], BEGINNING * epochs[-1])]
    if not np.isfinite(early).any() or np.nanmax(early) >= SMALL:
        return None
    layer = int(np.nanargmax(np.nanmax(np.nan_to_num(early, nan=-1.0), axis=0)))
    largest = float(np.nanmax(early))
    sentence = (
        f"A step changes no layer by more than {largest:.1g} of its weights in the first {len(early)} epochs looked at "
        "(about 1e-3 is healthy): training hardly moves."
    )
    evidence, remedy = {"update_ratio": largest}, "Raise the learning rate tenfold or more."
    return LayerFinding("small_updates", sentence, layers[layer], int(epochs[0]), evidence, remedy)


RULES: tuple[Rule, ...] = (
    vanishing_gradient,
    dead_outputs,
    saturated_outputs,
    dead_units,
    saturated_units,
    large_updates,
    small_updates,
)

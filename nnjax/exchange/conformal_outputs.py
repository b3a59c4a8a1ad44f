"""Conformal intervals and sets around outputs, from calibration examples and what was predicted for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.text import count, represent
from nnjax.data.targets import named_labels
from nnjax.exchange.network import Network, goal_of
from nnjax.exchange.predictions import PROBABILITY, Intervals, PredictionSets, interpret
from nnjax.nn import conformal
from nnjax.runs.weights import rows_of

ROWS = 500  # new examples at once: CV+ compares each with every calibration example


class Calibration(NamedTuple):
    """Networks and the examples that none of them has used."""

    # of each fold, one or several seeds whose outputs are averaged; of split conformal one list
    networks: list[list[Network]]
    outputs: np.ndarray  # [n, k] for the examples, by the networks of their own fold
    y: np.ndarray  # targets [n, k], or class indices [n]
    fold: np.ndarray  # of each example, int [n]
    method: str  # "split", "CV+" or "jackknife+"


def mean_intervals(
    first: Network, outputs: Callable[[Any], np.ndarray], x: Any, level: float, calibration: Any
) -> Intervals | PredictionSets:
    """Predict with split conformal intervals or sets around the outputs of several networks, the first one given.

    Raises:
      UserError: calibration is not (x, y), or there are too few examples.
    """
    refuse_impossible(level)
    if calibration is None or isinstance(calibration, str):
        what = "was given without calibration" if calibration is None else f"has calibration={represent(calibration)}"
        raise UserError(
            f"interval {what}, but an ensemble, whose members the validation examples have chosen, needs examples that "
            "nothing has used: pass calibration=(x, y)."
        )
    goal, (known, y) = target_kind(first), read_examples(first, calibration)
    found = Calibration([[first]], outputs(known), y, np.zeros(len(y), int), "split")
    new = outputs(x)[None]
    return make_intervals(found, new, level) if goal == "regression" else make_sets(found, new, level)


def refuse_impossible(level: float) -> None:
    """Refuse a level that is no probability."""
    if isinstance(level, bool) or not isinstance(level, Real) or not 0 < level < 1:
        raise UserError(f"interval is {represent(level)}, but a number between 0 and 1 was expected, such as 0.9.")


def target_kind(network: Network) -> str:
    """Name what a network predicts; UserError for an autoencoder, which has no target."""
    goal = goal_of(network.architecture, network.facts)
    if goal == "reconstruction":
        raise UserError("interval was given, but an autoencoder predicts no target: leave it out.")
    return goal


def make_intervals(found: Calibration, new: np.ndarray, level: float) -> Intervals:
    """Make intervals of predicted numbers, split conformal or CV+."""
    residuals, values = np.abs(found.outputs - found.y), new.mean(axis=0)
    if found.method == "split":
        radius = conformal.split_radius(residuals, level)
        low, high = values - radius, values + radius
    else:
        parts = [
            conformal.cv_plus(new[:, start : start + ROWS], residuals, found.fold, level)
            for start in range(0, max(new.shape[1], 1), ROWS)
        ]
        low, high = (np.concatenate(own) for own in zip(*parts, strict=True))
    ends = [part[:, 0] if part.shape[1] == 1 else part for part in (values, low, high)]
    return Intervals(ends[0], ends[1], ends[2], level, found.method, len(residuals))


def make_sets(found: Calibration, new: np.ndarray, level: float) -> PredictionSets:
    """Make sets of classes from probabilities."""
    first = found.networks[0][0]
    known = interpret(found.outputs, first.architecture, first.facts)
    if known.kind != PROBABILITY:
        raise UserError(
            "Sets of classes need probabilities, but the network's outputs are none: train with "
            "output_activation='softmax' ('sigmoid' for one output)."
        )
    own = [np.random.default_rng([0, part]).uniform(size=n) for part, n in enumerate((len(found.y), new.shape[1]))]
    scores = conformal.class_scores(known.scores, own[0])[np.arange(len(found.y)), found.y]
    p = np.stack([interpret(one, first.architecture, first.facts).scores for one in new])
    every = conformal.class_scores(p, own[1])
    if found.method == "split":
        sets = conformal.split_sets(scores, every[0], level)
    else:
        sets = conformal.cv_plus_sets(scores, found.fold, every, level)
    classes = named_labels(first.facts.classes, first.facts.label_type)
    return PredictionSets(classes[p.mean(axis=0).argmax(axis=1)], sets, classes, level, found.method, len(found.y))


def read_examples(network: Network, calibration: Any) -> tuple[np.ndarray, np.ndarray]:
    """Read (x, y) that are passed: rows [n, d], and targets as `_targets_of`."""
    if not isinstance(calibration, tuple | list) or len(calibration) != 2:
        several = isinstance(calibration, tuple | list)
        what = f"has {count(len(calibration), 'part')}" if several else f"is {represent(calibration)}"
        raise UserError(f"calibration {what}, but (x, y) or 'test' was expected.")
    x, y = rows_of(network.facts, calibration[0]), _targets_of(network, calibration[1])
    if len(x) != len(y):
        raise UserError(f"calibration has {len(x)} rows of x, but {len(y)} of y: give one y for each x.")
    return x, y


def _targets_of(network: Network, y: Any) -> np.ndarray:
    """Read targets that are passed: class indices [n] of names, or numbers [n, k]."""
    facts, y = network.facts, np.asarray(y)
    if goal_of(network.architecture, facts) == "classification":
        place = {label: i for i, label in enumerate(named_labels(facts.classes, facts.label_type).tolist())}
        unknown = [label for label in y.ravel().tolist() if label not in place]
        if y.ndim != 1 or unknown:
            what = f"the class {represent(unknown[0])}" if unknown else f"the shape {y.shape}"
            raise UserError(f"The y of calibration has {what}, but a class of the run was expected for each row: [n].")
        return np.array([place[label] for label in y.tolist()], int)
    try:
        found = np.asarray(y, float)
        found = found.reshape(len(found), math.prod(found.shape[1:]))
    except (TypeError, ValueError):
        found = np.zeros((0, 0))
    if found.shape[1:] != (facts.num_targets,) or not np.isfinite(found).all():
        raise UserError(f"The y of calibration is {represent(y)}, but [n, {facts.num_targets}] numbers were expected.")
    return found

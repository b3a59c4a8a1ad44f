"""Turn a network's outputs into predictions: classes and probabilities, target values, or reconstructions."""

from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef
from nnjax.core.types import DataFacts
from nnjax.data.targets import named_labels
from nnjax.exchange.network import Architecture, goal_of
from nnjax.models.imported import Stack
from nnjax.models.output_range import yields_probabilities
from nnjax.models.registry import traits_of
from nnjax.nn.activations import activation_of

PROBABILITY, DISTANCE, OUTPUT = "p", "distance", "output"  # what the columns of a classifier are


class Predictions(NamedTuple):
    """Predictions.

    Attributes:
      scores: [n, k] floats: of a classifier one column a class, also where the network has one output for two classes;
        else values in the targets' own units.
      names: of the k columns.
      labels: [n] of a classifier the class of each example; None elsewhere.
      kind: what the scores of a classifier are: "p" (probabilities that add up to 1), "distance" (the least is the
        answer), or "output" (the highest is); "" elsewhere.
    """

    scores: np.ndarray
    names: tuple[str, ...]
    labels: np.ndarray | None
    kind: str

    def values(self) -> np.ndarray:
        """Return the answer to each example: labels [n], values [n] of a single target, else [n, k]."""
        if self.labels is not None:
            return self.labels
        return self.scores[:, 0] if self.scores.shape[1:] == (1,) else self.scores

    def columns(self) -> dict[str, np.ndarray]:
        """Name the answers as the columns of a table, each [n]: class, p(cat), p(dog); or the targets' names."""
        labels = {} if self.labels is None else {"class": self.labels}
        heads = (f"{self.kind}({name})" if self.kind else name for name in self.names)
        return labels | dict(zip(heads, self.scores.T, strict=True))

    def arrays(self) -> dict[str, np.ndarray]:
        """Name the answers as arrays: class [n], p [n, k] and classes [k]; or output [n, k] and names [k]."""
        if self.labels is None:
            return {OUTPUT: self.scores, "names": np.array(self.names, str)}
        return {"class": self.labels, self.kind: self.scores, "classes": np.array(self.names, str)}


class Intervals(NamedTuple):
    """Predicted numbers with intervals that hold the truth with probability `level` over new examples."""

    values: np.ndarray  # [n], or [n, k] of several targets, each with an interval of its own
    low: np.ndarray  # low, high: likewise
    high: np.ndarray
    level: float  # as asked for
    method: str  # "split", "CV+" or "jackknife+"
    examples: int  # that it was calibrated on


class PredictionSets(NamedTuple):
    """Predicted classes with sets that hold the true one with probability `level` over new examples."""

    values: np.ndarray  # [n] the likeliest class
    # bool [n, classes]; a set may be empty where the network is right more often than `level` asks for
    sets: np.ndarray
    classes: np.ndarray  # names, by column
    level: float  # level, method, examples: as in `Intervals`
    method: str
    examples: int

    def names(self) -> list[list[Any]]:
        """List the classes of each set."""
        return [self.classes[row].tolist() for row in self.sets]


def interpret(found: np.ndarray, architecture: Architecture, facts: DataFacts) -> Predictions:
    """Say what outputs [n, k] mean.

    Published LeNet-5 has squared distances to the digits' bitmaps: its class is the nearest, its output the negatives.
    """
    goal = goal_of(architecture, facts)
    if goal != "classification":
        known = facts.targets if goal == "regression" else facts.features
        names = known if len(known) == found.shape[1] else [f"output_{i}" for i in range(found.shape[1])]
        return Predictions(found, tuple(names), None, "")
    names, own = facts.classes, named_labels(facts.classes, facts.label_type)
    if _are_distances(architecture):
        return Predictions(-found, names, own[found.argmax(axis=1)], DISTANCE)
    probable = _are_probabilities(architecture, found, facts)
    if found.shape[1] == 1:
        labels = own[(found[:, 0] > 0.5).astype(int)]
        if not probable:
            return Predictions(found, names[1:2], labels, OUTPUT)
        return Predictions(np.concatenate([1 - found, found], axis=1), names, labels, PROBABILITY)
    return Predictions(found, names, own[found.argmax(axis=1)], PROBABILITY if probable else OUTPUT)


def require_probabilities(found: Predictions) -> Predictions:
    """Return predictions whose scores are probabilities of classes; UserError for others."""
    if found.kind != PROBABILITY:
        raise UserError(
            "The network's outputs are no probabilities of classes: take run.predict or run.outputs, or train a "
            "classification with nnjax.ModelConfig(…, output_activation='softmax') ('sigmoid' for one output)."
        )
    return found


def _are_distances(architecture: Architecture) -> bool:
    if isinstance(architecture, Stack):
        return False
    return traits_of(architecture).output == "distances" and activation_of(architecture.output_activation).linear


def _are_probabilities(architecture: Architecture, found: np.ndarray, facts: DataFacts) -> bool:
    """Whether outputs are probabilities: by the architecture, or of a user's that are bare by their values."""
    single = found.shape[1] == 1
    if not isinstance(architecture, Stack):
        activation = activation_of(architecture.output_activation)
        if not isinstance(architecture.kind, ObjectRef) or not activation.linear:
            return activation.distribution or (single and activation.stays_within(0, 1))
        if not yields_probabilities(architecture, facts.example_shape):
            return False
    within = bool(((found >= 0) & (found <= 1)).all())
    return within and (single or bool(np.allclose(found.sum(axis=1), 1, atol=1e-3)))

"""What the short trials of the sanity checks say: expected values, and one judgement for each check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.experiment import Experiment
from nnjax.core.types import Array, Prepared
from nnjax.models.registry import make_model
from nnjax.nn.losses import LOSSES, make_loss
from nnjax.nn.metrics import is_maximised
from nnjax.train.engine.batches import gather
from nnjax.train.engine.device_data import DeviceData, Shapes, make_device_data, make_shapes
from nnjax.train.storage.records import DIVERGED

START = (0.8, 3.0)  # times the expected loss; random outputs add their own variance to an error, about as much again
# Of what guessing the most frequent class gets wrong, or of the variance: the share that is right, or explained. Plain
# gradient descent at usual rates comes to .8. Autoencoders have a bottleneck, and Adadelta begins slowly: the deck's
# come to between .1 and .6, and to 0 at a rate of .001.
LEARNED = {"classification": 0.7, "regression": 0.7, "reconstruction": 0.05}
HELP = 0.05  # by which share the inputs must lower the loss that is possible without them
PRIOR = 0.1  # by which share of it the loss without inputs may miss that of the best constant
SIGMAS = 3.0  # above chance, as validation examples are few
MSE = "mean_squared_error"


class Check(NamedTuple):
    """One sanity check.

    Attributes:
      name: "start", "learns by heart", "inputs matter", "without inputs" or "shuffled labels".
      passed: whether all is well.
      sentence: what was found, against what was expected.
      remedy: what to look at; "" where it passed.
      evidence: numbers by name.
    """

    name: str
    passed: bool
    sentence: str
    remedy: str
    evidence: dict[str, float]


class Outcome(NamedTuple):
    """What one short trial came to: its curves {name: [epochs]}, its status, and the steps that it took."""

    curves: Mapping[str, np.ndarray]
    status: str
    steps: int

    def best(self, name: str) -> float:
        """The lowest value of a loss (of an accuracy the highest) over the epochs; NaN where there is none."""
        values = self.curves.get(name, np.zeros(0))
        values = values[np.isfinite(values)]
        if not len(values):
            return float("nan")
        return float(values.max() if is_maximised(name) else values.min())

    def falling(self, name: str) -> bool:
        """Whether a curve of some epochs fell by more than 1 % in its second half, and ended at its lowest."""
        values = self.curves.get(name, np.zeros(0))
        return len(values) > 3 and bool(values[-1] <= values.min() and values[-1] < 0.99 * values[len(values) // 2])

    def last(self, name: str) -> float:
        """The value of the last epoch; NaN where there is none."""
        values = self.curves.get(name, np.zeros(0))
        return float(values[-1]) if len(values) else float("nan")


class References(NamedTuple):
    """What the outcomes are compared with.

    Attributes:
      goal: "classification", "regression" or "reconstruction".
      start: the training loss of an output that says nothing (all weights 0).
      constant: the loss of the best constant output on the validation part (without one, on the training part); NaN
        where it is not known in closed form.
      floor: the lowest loss there can be, of targets between 0 and 1; 0 elsewhere.
      chance: the share of the most frequent class, on the same part; NaN without classes.
      variance: the mean squared error of the best constant, on the same part.
      few_variance, few_chance: the same of the few examples.
      num_validation, num_classes: 0 where there are none.
    """

    goal: str
    start: float
    constant: float
    floor: float
    chance: float
    variance: float
    few_variance: float
    few_chance: float
    num_validation: int
    num_classes: int


class Measured(NamedTuple):
    """All that is judged: the experiment as it was trained, what to compare with, and the outcomes by name."""

    experiment: Experiment
    references: References
    outcomes: Mapping[str, Outcome]

    def curve(self, metric: str) -> str:
        """Name the curve of a metric on the validation part, without one on the training part."""
        stem = "loss" if metric == self.experiment.loss else metric
        return f"val_{stem}" if self.references.num_validation else f"train_{stem}_eval"

    def train_curve(self, metric: str) -> str:
        """Name the curve of a metric on the training part, in evaluation mode."""
        return f"train_{'loss' if metric == self.experiment.loss else metric}_eval"


def references(experiment: Experiment, prepared: Prepared, few: Prepared) -> References:
    """Work out what the outcomes are compared with.

    Args:
      experiment: as it is trained.
      prepared: all examples that are used.
      few: the same with few training examples.
    """
    shapes, data = make_shapes(experiment, prepared), make_device_data(experiment, prepared)
    x, train = _examples(data, shapes, prepared.train)
    measured = _examples(data, shapes, prepared.validation)[1] if len(prepared.validation) else train
    few_targets = _examples(data, shapes, few.train)[1]
    mean, unit = train.mean(axis=0, keepdims=True), train.min() >= 0 and train.max() <= 1
    loss = LOSSES[experiment.loss]
    floored = unit and loss.compares == "probabilities"
    return References(
        goal=shapes.goal,
        start=_start(experiment, shapes, x, train),
        constant=_loss(loss, measured, np.broadcast_to(mean, measured.shape)) if loss.mean_is_best else float("nan"),
        floor=_loss(loss, measured, measured) if floored else 0.0,
        chance=_most_frequent(measured) if shapes.goal == "classification" else float("nan"),
        variance=float(np.mean((measured - mean) ** 2)),
        few_variance=float(np.mean((few_targets - few_targets.mean(axis=0, keepdims=True)) ** 2)),
        few_chance=_most_frequent(few_targets),
        num_validation=len(prepared.validation),
        num_classes=max(shapes.num_outputs, 2) if shapes.goal == "classification" else 0,
    )


def _examples(data: DeviceData, shapes: Shapes, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    batch = gather(jax.tree.map(jnp.asarray, data), shapes, jnp.asarray(rows), jnp.ones(len(rows)))
    return np.asarray(batch.x), np.asarray(batch.y)


def _most_frequent(y: np.ndarray) -> float:
    """Give the share of the most frequent class among targets [n, k]."""
    mean = y.mean(axis=0)
    return float(max(mean.max(), 1 - mean[0]) if len(mean) == 1 else mean.max())


def _start(experiment: Experiment, shapes: Shapes, x: np.ndarray, y: np.ndarray) -> float:
    """Average the loss of a network of zeros, whose output is the same for all inputs."""
    model = make_model(experiment.model, shapes.num_inputs, shapes.num_outputs)
    blank = jax.eval_shape(model.init, jax.random.key(0))
    zeros = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), blank)
    z = np.asarray(jax.jit(model.logits)(zeros, x[:1]))
    return _loss(make_loss(experiment.loss, experiment.model.output_activation), y, np.broadcast_to(z, y.shape))


def _loss(loss: object, y: Array, p: Array) -> float:
    mean = jax.jit(lambda y, p: jnp.mean(loss(y, p)))  # type: ignore[operator]
    return float(mean(jnp.asarray(y), jnp.asarray(p)))


def judge(measured: Measured) -> list[Check]:
    """Judge all that was measured, in the order in which to mend what fails."""
    out: list[Check | None] = [start(measured), by_heart(measured)]
    if "without inputs" in measured.outcomes:
        out += [inputs_matter(measured), without_inputs(measured), shuffled_labels(measured)]
    return [check for check in out if check is not None]


def start(measured: Measured) -> Check:
    """Compare the loss before training with that of an output that says nothing."""
    expected, found = measured.references.start, measured.outcomes["start"].last("train_loss_eval")
    evidence = {"loss": found, "expected": expected}
    name = _expected_name(measured)
    about = f"an output that says nothing costs {expected:.4g}{name}"
    if START[0] * expected <= found <= START[1] * expected:
        return Check("start", True, f"The loss at the start is {found:.4g}; {about}.", "", evidence)
    sentence = f"The loss at the start is {found:.4g}, but {about}: the network begins with strong opinions."
    remedy = "Look at the scale of the inputs, kernel_init and init_scale, and whether loss and output belong together."
    return Check("start", False, sentence, remedy, evidence)


def _expected_name(measured: Measured) -> str:
    loss, output = LOSSES[measured.experiment.loss], measured.experiment.model.output_activation
    if loss.renormalises and output == "softmax":
        return f" (log {measured.references.num_classes})" if measured.references.num_classes else ""
    return " (log 2)" if loss.compares == "probabilities" and output == "sigmoid" else ""


def by_heart(measured: Measured) -> Check:
    """Ask whether 20 examples were learned by heart, without anything that stands against it."""
    few, known = measured.outcomes["few"], measured.references
    if known.goal == "classification":
        right = few.best(measured.train_curve("accuracy"))
        score = 1.0 if right == 1 else (right - known.few_chance) / max(1 - known.few_chance, 1e-6)
        what = f"{right:.0%} of them are right"
    else:
        score = 1 - few.best(measured.train_curve(MSE)) / max(known.few_variance, 1e-12)
        what = f"{score:.0%} of their variance is explained"
    evidence = {"score": score, "needed": LEARNED[known.goal]}
    if score >= LEARNED[known.goal]:
        return Check("learns by heart", True, f"After {few.steps} steps on the same 20 examples {what}.", "", evidence)
    if few.status == DIVERGED:
        sentence = "On the same 20 examples the loss stops being finite."
        return Check("learns by heart", False, sentence, "Lower the learning rate tenfold or more.", evidence)
    sentence = (
        f"After {few.steps} steps on the same 20 examples only {what}, though nothing but they had to be learned."
    )
    remedy = "Look at the learning rate, the initial weights, the loss, and whether the output can take these values."
    return Check("learns by heart", False, sentence, remedy, evidence)


def inputs_matter(measured: Measured) -> Check:
    """Ask whether the network does better with its inputs than any does without."""
    known, curve = measured.references, measured.curve(measured.experiment.loss)
    found = measured.outcomes["real"].best(curve)
    blind = measured.outcomes["without inputs"].best(curve)
    bar = float(np.nanmin([blind, known.constant])) if np.isfinite([blind, known.constant]).any() else float("nan")
    limit = bar - HELP * (bar - known.floor)
    evidence = {"loss": found, "without_inputs": blind, "constant": known.constant}
    if known.goal == "classification":
        right = measured.outcomes["real"].best(measured.curve("accuracy"))
        evidence |= {"accuracy": right, "chance": known.chance}
        if right > _above_chance(known):
            sentence = f"With its inputs the network is right for {right:.0%}, without for {known.chance:.0%} at best."
            return Check("inputs matter", True, sentence, "", evidence)
    elif found < limit:
        sentence = f"With its inputs the network comes to a loss of {found:.4g}, without to {bar:.4g}."
        return Check("inputs matter", True, sentence, "", evidence)
    sentence = (
        f"With its inputs the network comes to a loss of {found:.4g} in {measured.outcomes['real'].steps} steps, no "
        f"better than without ({bar:.4g})."
    )
    remedy = "Look whether inputs and targets belong to the same examples, and at the learning rate."
    return Check("inputs matter", False, sentence, remedy, evidence)


def _above_chance(known: References) -> float:
    """Give the accuracy that guessing hardly reaches."""
    p, n = known.chance, max(known.num_validation, 20)
    return p + SIGMAS * float(np.sqrt(p * (1 - p) / n)) + 1 / n


def without_inputs(measured: Measured) -> Check | None:
    """Compare what the network comes to without inputs with the best constant; None where that is not known."""
    known = measured.references
    outcome = measured.outcomes["without inputs"]
    curve = measured.curve(measured.experiment.loss)
    found = outcome.best(curve)
    if not np.isfinite(known.constant):
        return None
    evidence = {"loss": found, "constant": known.constant}
    what = "the class frequencies give" if known.goal == "classification" else "the mean of the targets gives"
    if abs(found - known.constant) <= PRIOR * abs(known.constant) or outcome.falling(curve):
        sentence = f"Without inputs the network comes to a loss of {found:.4g}; {what} {known.constant:.4g}."
        sentence += " It is still falling." * outcome.falling(curve)
        return Check("without inputs", True, sentence, "", evidence)
    sentence = f"Without inputs the network comes to a loss of {found:.4g}, but {what} {known.constant:.4g}."
    remedy = "Look at the learning rate (too low, or so high that it jumps), and whether the output can say that."
    return Check("without inputs", False, sentence, remedy, evidence)


def shuffled_labels(measured: Measured) -> Check | None:
    """Ask whether validation stays at chance where labels mean nothing; None without a validation part."""
    known, outcome = measured.references, measured.outcomes["shuffled"]
    if not known.num_validation:
        return None
    if known.goal == "classification":
        found, bar = outcome.last(measured.curve("accuracy")), _above_chance(known)
        leaks, text = found > bar, f"{found:.0%} right, where chance gives {known.chance:.0%}"
    else:
        found = outcome.last(measured.curve(MSE))
        bar = known.variance * (1 - max(0.2, SIGMAS / np.sqrt(known.num_validation)))
        leaks, text = found < bar, f"a squared error of {found:.4g}, where the mean gives {known.variance:.4g}"
    evidence = {"found": found, "bar": float(bar)}
    if not leaks:
        return Check("shuffled labels", True, f"With shuffled labels validation stays at chance: {text}.", "", evidence)
    sentence = f"With shuffled labels validation is better than chance: {text}."
    remedy = "Look whether examples are in both parts, the training and the validation one."
    return Check("shuffled labels", False, sentence, remedy, evidence)

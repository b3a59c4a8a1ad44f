"""Rules of the sanity checks: each compares the outcomes of short trials with reference values."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from nnjax.core.experiment import Experiment
from nnjax.nn.losses import loss_of
from nnjax.nn.metrics import is_maximized
from nnjax.train.storage.records import DIVERGED
from nnjax.verify.sanity.references import References
from nnjax.verify.sanity.results import SanityCheck

START = (0.8, 3.0)  # times the expected loss; random outputs add their own variance to an error, about as much again
# Random outputs may go with the numbers of a few inputs by chance: .54 and .58 of it in two of eight draws.
BY_CHANCE = 0.4
# Of what guessing the most frequent class gets wrong, or of the variance: the share that is right, or explained. Plain
# gradient descent at usual rates comes to .8. Autoencoders have a bottleneck, and Adadelta begins slowly: the deck's
# come to between .1 and .6, and to 0 at a rate of .001.
LEARNED = {"classification": 0.7, "regression": 0.7, "reconstruction": 0.05}
HELP = 0.05  # by which share the inputs must lower the loss that is possible without them
PRIOR = 0.1  # by which share of it the loss without inputs may miss that of the best constant
SIGMAS = 3.0  # above chance, as validation examples are few
MSE = "mean_squared_error"
OVERFITS = "overfits small batch"


class Outcome(NamedTuple):
    """The outcome of one short trial: its curves {name: [epochs]}, its status, and the steps that it took."""

    curves: Mapping[str, np.ndarray]
    status: str
    steps: int

    def best(self, name: str) -> float:
        """The lowest value of a loss (of an accuracy the highest) over the epochs; NaN where there is none."""
        values = self.curves.get(name, np.zeros(0))
        most = max if is_maximized(name) else min
        return float(most(values[np.isfinite(values)], default=np.nan))

    def falling(self, name: str) -> bool:
        """Whether a curve of some epochs fell by more than 1 % in its second half, and ended at its lowest."""
        values = self.curves.get(name, np.zeros(0))
        return len(values) > 3 and bool(values[-1] <= values.min() and values[-1] < 0.99 * values[len(values) // 2])

    def last(self, name: str) -> float:
        """The value of the last epoch; NaN where there is none."""
        values = self.curves.get(name, np.zeros(0))
        return float(values[-1]) if len(values) else float("nan")


class Measurements(NamedTuple):
    """What the rules judge: the experiment as it was trained, what to compare with, and the outcomes by name."""

    experiment: Experiment
    references: References
    outcomes: Mapping[str, Outcome]

    def curve(self, metric: str, training: bool = False) -> str:
        """Name the curve of a metric on the validation part; without one, or if asked, on the training part."""
        stem = "loss" if metric == self.experiment.loss else metric
        return f"train_{stem}_eval" if training or not self.references.num_validation else f"val_{stem}"


def judge(measured: Measurements) -> list[SanityCheck]:
    """Judge all that was measured, in the order in which to mend what fails."""
    out: list[SanityCheck | None] = [start(measured), overfits_small_batch(measured)]
    if "without inputs" in measured.outcomes:
        out += [inputs_matter(measured), without_inputs(measured), shuffled_labels(measured)]
    return [check for check in out if check is not None]


def _passed(name: str, sentence: str, evidence: dict[str, float]) -> SanityCheck:
    return SanityCheck(name, True, sentence, "", evidence)


def start(measured: Measurements) -> SanityCheck:
    """Compare the loss before training with that of a network whose weights are all 0."""
    expected, found = measured.references.start, measured.outcomes["start"].last("train_loss_eval")
    evidence = {"loss": found, "expected": expected}
    about = f"a network with all weights 0 has loss {expected:.4g}{_expected_name(measured)}"
    low = BY_CHANCE if loss_of(measured.experiment.loss).compares == "numbers" else START[0]
    if low * expected <= found <= START[1] * expected:
        return _passed("start", f"The loss at the start is {found:.4g}; {about}.", evidence)
    sentence = f"The loss at the start is {found:.4g}, but {about}: the initial outputs are far from neutral."
    remedy = "Look at the scale of the inputs, kernel_init and init_scale, and whether loss and output belong together."
    return SanityCheck("start", False, sentence, remedy, evidence)


def _expected_name(measured: Measurements) -> str:
    loss, output = loss_of(measured.experiment.loss), measured.experiment.model.output_activation
    if loss.renormalizes and output == "softmax":
        return f" (log {measured.references.num_classes})" if measured.references.num_classes else ""
    return " (log 2)" if loss.compares == "probabilities" and output == "sigmoid" else ""


def overfits_small_batch(measured: Measurements) -> SanityCheck:
    """Check that the network overfits 20 examples once regularization is off."""
    few, known = measured.outcomes["few"], measured.references
    if known.goal == "classification":
        right = few.best(measured.curve("accuracy", training=True))
        score = 1.0 if right == 1 else (right - known.few_chance) / max(1 - known.few_chance, 1e-6)
        what = f"{right:.0%} of them are right"
    else:
        score = 1 - few.best(measured.curve(MSE, training=True)) / max(known.few_variance, 1e-12)
        what = f"{score:.0%} of their variance is explained"
    after, evidence = (
        f"After {few.steps} steps on the same 20 examples",
        {"score": score, "needed": LEARNED[known.goal]},
    )
    if score >= LEARNED[known.goal]:
        return _passed(OVERFITS, f"{after} {what}.", evidence)
    if few.status == DIVERGED:
        sentence = "On the same 20 examples the loss stops being finite."
        return SanityCheck(OVERFITS, False, sentence, "Lower the learning rate tenfold or more.", evidence)
    sentence = f"{after} only {what}, although they were the whole training set."
    remedy = "Look at the learning rate, the initial weights, the loss, and whether the output can take these values."
    return SanityCheck(OVERFITS, False, sentence, remedy, evidence)


def inputs_matter(measured: Measurements) -> SanityCheck:
    """Check that the network does better with its inputs than any without them."""
    known, curve = measured.references, measured.curve(measured.experiment.loss)
    found, blind = (measured.outcomes[name].best(curve) for name in ("real", "without inputs"))
    bar = float(np.fmin(blind, known.constant))
    limit = bar - HELP * (bar - known.floor)
    evidence = {"loss": found, "without_inputs": blind, "constant": known.constant}
    if known.goal == "classification":
        right = measured.outcomes["real"].best(measured.curve("accuracy"))
        evidence |= {"accuracy": right, "chance": known.chance}
        if right > _above_chance(known):
            sentence = f"With its inputs the network is right for {right:.0%}, without for {known.chance:.0%} at best."
            return _passed("inputs matter", sentence, evidence)
    elif found < limit:
        sentence = f"With its inputs the network comes to a loss of {found:.4g}, without to {bar:.4g}."
        return _passed("inputs matter", sentence, evidence)
    sentence = (
        f"With its inputs the network comes to a loss of {found:.4g} in {measured.outcomes['real'].steps} steps, no "
        f"better than without ({bar:.4g})."
    )
    remedy = "Look whether inputs and targets belong to the same examples, and at the learning rate."
    return SanityCheck("inputs matter", False, sentence, remedy, evidence)


def _above_chance(known: References) -> float:
    p, n = known.chance, max(known.num_validation, 20)
    return p + SIGMAS * float(np.sqrt(p * (1 - p) / n)) + 1 / n


def without_inputs(measured: Measurements) -> SanityCheck | None:
    """Compare what the network comes to without inputs with the best constant; None where that is not known."""
    known, outcome = measured.references, measured.outcomes["without inputs"]
    if not np.isfinite(known.constant):
        return None
    curve = measured.curve(measured.experiment.loss)
    found = outcome.best(curve)
    evidence = {"loss": found, "constant": known.constant}
    what = "the class frequencies give" if known.goal == "classification" else "the mean of the targets gives"
    if abs(found - known.constant) <= PRIOR * abs(known.constant) or outcome.falling(curve):
        sentence = f"Without inputs the network comes to a loss of {found:.4g}; {what} {known.constant:.4g}."
        sentence += " It is still falling." * outcome.falling(curve)
        return _passed("without inputs", sentence, evidence)
    sentence = f"Without inputs the network comes to a loss of {found:.4g}, but {what} {known.constant:.4g}."
    remedy = (
        "Look at the learning rate (too low, or so high that it jumps), and whether the output activation can produce "
        "that value."
    )
    return SanityCheck("without inputs", False, sentence, remedy, evidence)


def shuffled_labels(measured: Measurements) -> SanityCheck | None:
    """Check that validation stays at chance with shuffled labels; None without a validation part."""
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
        return _passed("shuffled labels", f"With shuffled labels validation stays at chance: {text}.", evidence)
    sentence = f"With shuffled labels validation is better than chance: {text}."
    remedy = "Look whether examples are in both parts, the training and the validation one."
    return SanityCheck("shuffled labels", False, sentence, remedy, evidence)

"""The mistakes of the gallery: what is done wrong, as changes to one base experiment, and how it is mended."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from nnjax.core.experiment import DataConfig, Experiment, Hyperparameters, ModelConfig, OptimizerConfig

BASE = Experiment(
    data=DataConfig("digits", validation=0.2, test=0.2),
    model=ModelConfig("mlp", widths=(64, 32)),
    optimizer=OptimizerConfig("sgd"),
    hyperparameters=Hyperparameters(learning_rate=0.1),
    batch_size=32,
    epochs=30,
    signals=True,
)
PLAIN, UPHILL = "plain", "uphill"  # the data as they are; a learning rate of the wrong sign


@dataclasses.dataclass(frozen=True)
class Horror:
    """A mistake.

    Attributes:
      name: in links and file names.
      title: in a few words.
      code: of the verdict that it provokes.
      mistake: what was done wrong.
      look: what to see in the curve, and why it comes about.
      remedy: what to do.
      changes: to `BASE`, by field.
      mended: the changes without the mistake; None where there is nothing to set beside it.
      data: "plain", "uphill", or one of `spoiled.SPOILED`.
      mended_data: of the mended trial.
      seeds: from how many seeds it is made, where it takes luck.
      beside: whether a verdict after the first one counts.
    """

    name: str
    title: str
    code: str
    mistake: str
    look: str
    remedy: str
    changes: Mapping[str, Any]
    mended: Mapping[str, Any] | None = None
    data: str = PLAIN
    mended_data: str = PLAIN
    seeds: int = 1
    beside: bool = False


AUTOENCODER: Mapping[str, Any] = {
    "model.kind": "autoencoder",
    "widths": (32, 8, 32),
    "output_activation": "linear",
    "loss": "mean_squared_error",
}
FADING: Mapping[str, Any] = {"optimizer.schedule": "cosine", "final_factor": 0.0, "learning_rate": 0.2, "epochs": 40}
RAISED: Mapping[str, Any] = {"optimizer.schedule": "exponential", "final_factor": 1000.0, "learning_rate": 0.01}

SQUASHED: Mapping[str, Any] = {
    "activation": "sigmoid",
    "output_activation": "sigmoid",
    "loss": "mean_squared_error",
    "allow_mismatch": True,
}
FEW: Mapping[str, Any] = {"data.limit": 400, "data.validation": 300}  # which leaves 100 to train on

HORRORS = (
    Horror(
        "good",
        "No mistake: a good run",
        "converged",
        "Nothing. The learning rate is high at first and falls to zero on a cosine.",
        "Both losses fall fast and flatten, and stay flat. Validation lies a little above training: that is normal, "
        "and not yet overfitting.",
        "Keep it. To know how good it is, repeat it from more seeds.",
        FADING,
    ),
    Horror(
        "rate_too_low",
        "The learning rate is too low",
        "too_slow",
        "The learning rate is 0.001, a hundred times too low.",
        "The loss falls almost along a straight line: each step is as useful as the one before, because none is "
        "large enough to arrive anywhere.",
        "Multiply the rate by 3 or 10 until the curve bends.",
        {"learning_rate": 0.001},
        FADING,
    ),
    Horror(
        "stopped_too_early",
        "Training was stopped too early",
        "still_learning",
        "A decent learning rate, but only 20 epochs.",
        "The curve has bent, but it is not flat: the dotted-dashed line goes on along the power law that it follows.",
        "Not flat means not finished: train longer before you compare this network with another one.",
        {"learning_rate": 0.03, "epochs": 20},
        FADING,
    ),
    Horror(
        "rate_too_high",
        "The learning rate is too high",
        "unstable",
        "The learning rate is 0.5 for batches of 8, ten times too high.",
        "The steps are longer than the valley is wide: the loss jumps from wall to wall and does not come down, or "
        "comes down and leaves again.",
        "Divide the rate by 3 or 10, or warm it up.",
        {"learning_rate": 0.5, "batch_size": 8, "epochs": 40},
        FADING,
        seeds=4,
    ),
    Horror(
        "diverged",
        "The learning rate is far too high",
        "diverged",
        "A linear output under the squared error, and a learning rate of 100.",
        "Each step overshoots by more than the one before: the loss grows like a power, and after a few steps it is "
        "no number any more.",
        "Divide the rate by 10. If only the first steps are too much, warm up or clip the gradient.",
        {**AUTOENCODER, "learning_rate": 100.0},
        {**AUTOENCODER, "learning_rate": 10.0},
    ),
    Horror(
        "uphill",
        "A sign error",
        "rising",
        "The steps go up the gradient instead of down: a missing minus in an optimizer written by hand.",
        "The loss rises from the first step on, smoothly: nothing is unstable, the direction is wrong.",
        "Check the sign of the update, and whether the loss is something to be maximised.",
        {"learning_rate": 0.0003},
        FADING,
        data=UPHILL,
    ),
    Horror(
        "rising_rate",
        "A schedule that raises the rate",
        "rising",
        "The schedule multiplies the learning rate by 1,000 in the course of training; it should divide.",
        "All goes well while the rate is small; then every step is too long: the loss jumps up, and what was learned "
        "is destroyed.",
        "Plot the learning rate too. Such a rise is useful only as a range test, in which one looks for the place "
        "where it turns.",
        RAISED,
        {**RAISED, "final_factor": 0.01, "learning_rate": 0.2},
        seeds=4,
    ),
    Horror(
        "in_order",
        "Sorted by class, and never shuffled",
        "unstable",
        "The examples come class by class, as files in folders do, four at a time, and always in that order.",
        "While the network sees nothing but nines it forgets the zeros: at the end of each epoch it is best at what "
        "came last, and the loss jumps about.",
        "Shuffle, anew for every epoch.",
        {"shuffle": False, "batch_size": 4, "learning_rate": 0.1},
        {"shuffle": True, **FADING},
        data="in order",
        mended_data="in order",
        seeds=3,
    ),
    Horror(
        "tiny_batches",
        "Tiny batches",
        "noisy",
        "Every step looks at a single digit.",
        "The loss wobbles up and down by a large share of itself: each step follows the last examples and forgets "
        "the others.",
        "Take batches of 16 to 128, and let the learning rate fall towards the end.",
        {"batch_size": 1, "learning_rate": 0.01, "epochs": 25},
        FADING,
        seeds=3,
    ),
    Horror(
        "few_validation",
        "A tiny validation set",
        "noisy",
        "Only 12 examples are held out for validation.",
        "The validation loss jumps about while the training loss is smooth: a single digit that changes sides moves "
        "the mean.",
        "Hold out a few hundred examples, or cross-validate. Never choose the best epoch by such a curve.",
        {"data.validation": 12, "batch_size": 4, "learning_rate": 0.03},
        {**FADING, "batch_size": 4, "learning_rate": 0.03},
    ),
    Horror(
        "overfitting",
        "Too few examples",
        "overfitting",
        "The network learns from 100 digits only, for 80 epochs.",
        "The training loss goes on towards zero; the validation loss turns and rises: from its minimum on, the "
        "network learns the examples, not the digits.",
        "Stop at the minimum, get more data, augment, or regularise.",
        {**FEW, "optimizer.name": "adam", "learning_rate": 0.01, "batch_size": 10, "epochs": 80},
        FADING,
    ),
    Horror(
        "shuffled_labels",
        "The labels belong to other examples",
        "no_signal",
        "The labels were shuffled, as a wrong join of two tables does.",
        "The training loss falls all the same: a network can learn a thousand random answers by heart. The "
        "validation loss never gets below that of guessing.",
        "Look at ten examples with their labels. A loss that falls proves nothing about the data.",
        {"widths": (128, 64), "epochs": 60},
        {"widths": (128, 64), **FADING},
        data="shuffled",
    ),
    Horror(
        "zero_start",
        "All weights start at zero",
        "stuck_at_start",
        "The initial weights are 0.",
        "With zero weights every hidden unit gives zero and gets no gradient: the loss stays where it was, at the "
        "log of the number of classes.",
        "Start from random weights (Glorot, He): they break the symmetry between units.",
        {"init_scale": 0.0},
        FADING,
    ),
    Horror(
        "dead_units",
        "The ReLUs died",
        "stuck_at_start",
        "A learning rate of 3: the first steps threw the units so far that they are 0 for every example.",
        "The loss leaps to the level of guessing at once and stays there. A ReLU that is 0 for all examples gets no "
        "gradient, and never comes back.",
        "Lower the rate or warm it up; a leaky ReLU cannot die.",
        {"learning_rate": 3.0},
        FADING,
    ),
    Horror(
        "vanishing",
        "Six layers of sigmoids",
        "stuck_at_start",
        "Six hidden layers, sigmoid activations.",
        "A sigmoid's slope is a quarter at most: over six layers the gradient of the first ones is thousands of "
        "times smaller, and the network answers every digit alike.",
        "Use ReLU and He's initialisation, or fewer layers.",
        {"widths": (16,) * 6, "activation": "sigmoid"},
        {"widths": (16,) * 6, "activation": "relu", "kernel_init": "he_normal"},
    ),
    Horror(
        "saturated",
        "Saturated sigmoids",
        "stuck_at_start",
        "The weights start 300 times too large, under sigmoids and the squared error: every output is 0 or 1 from "
        "the beginning.",
        "At the ends of its range a sigmoid is flat: the error is large, but its gradient is zero.",
        "Scale inputs and initial weights so that sums are about 1, and use the cross-entropy, whose gradient does "
        "not vanish where the answer is wrong.",
        {**SQUASHED, "init_scale": 300.0},
        {"activation": "sigmoid", "learning_rate": 0.5, "epochs": 40},
    ),
    Horror(
        "plateau",
        "A plateau, and then a drop",
        "plateau_then_drop",
        "Three layers of sigmoids: not quite enough to stop learning.",
        "For many epochs nothing happens, and whoever stops here believes that the network cannot learn. Then the "
        "gradient has found its way through the layers, and the loss falls.",
        "Be patient before giving up, or avoid the plateau: ReLU, a better initialisation, Adam.",
        {"widths": (32, 32, 32), "activation": "sigmoid", "learning_rate": 0.3, "epochs": 60},
        {"widths": (32, 32, 32), "activation": "relu", "learning_rate": 0.1, "epochs": 60},
    ),
    Horror(
        "spike",
        "A spike",
        "spike",
        "Momentum at the upper end of the learning rates.",
        "Now and then a step crosses the edge of the valley: the loss jumps, and comes back within a few epochs.",
        "One spike does no harm. Many are a warning: clip the gradient, or lower the rate.",
        {"optimizer.name": "momentum", "learning_rate": 0.1, "epochs": 40},
        {"optimizer.name": "momentum", "learning_rate": 0.02, "epochs": 40},
        seeds=12,
    ),
    Horror(
        "dropout",
        "Validation below training: dropout",
        "val_below_train",
        "Nothing is wrong: half of the units are dropped, in training only.",
        "The dotted line, which most tools print, lies above the validation loss, and looks like a mistake. The "
        "dashed one, the same training digits without dropout, lies where it should.",
        "Compare validation with the training loss in evaluation mode.",
        {"dropout": 0.5, "epochs": 40},
        FADING,
    ),
    Horror(
        "averaging",
        "Validation below training: the average over the epoch",
        "val_below_train",
        "Nothing is wrong: the printed training loss is the mean over an epoch in which the network improved fast.",
        "The dotted line lags behind by half an epoch: its losses are those of the weights of before. The dashed "
        "one, measured after the epoch, does not.",
        "Compare losses of the same weights.",
        {**AUTOENCODER, "optimizer.name": "adam", "learning_rate": 0.003, "epochs": 6},
        beside=True,
    ),
    Horror(
        "easier_split",
        "Validation below training: an easier split",
        "val_below_train",
        "A quarter of the training labels are wrong; those of the validation part were checked by hand.",
        "Even the dashed line, training in evaluation mode, lies above validation: the difference is in the examples.",
        "Look at how the parts were drawn, and at the examples with the largest training losses.",
        {"data.validation": "given", "data.test": None, "learning_rate": 0.03},
        FADING,
        data="mislabelled",
    ),
    Horror(
        "too_late",
        "Training went on for too long",
        "stopped_too_late",
        "150 epochs, though the learning rate has fallen to next to nothing after 30.",
        "For most of the time the curves are flat to the last digit.",
        "Stop by patience, and spend the time on another seed.",
        {"optimizer.schedule": "exponential", "final_factor": 1e-6, "learning_rate": 0.2, "epochs": 150},
        FADING,
    ),
    Horror(
        "too_short",
        "Three epochs",
        "too_short_to_say",
        "Somebody looked at the curve after three epochs.",
        "Three points have no slope worth the name, and no noise that could be told from it.",
        "Wait. Nothing can be said yet, and nnjax says so.",
        {"epochs": 3},
    ),
)

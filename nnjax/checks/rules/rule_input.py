"""The case that the rules of the pre-flight check judge: an experiment and its targets."""

from collections.abc import Callable
from typing import NamedTuple

from nnjax.checks.finding import Finding
from nnjax.core.experiment import Experiment
from nnjax.models.registry import ModelTraits, traits_of
from nnjax.nn.activations import Activation, activation_of
from nnjax.nn.losses import Loss, loss_of


class TargetSummary(NamedTuple):
    """Statistics of the targets, measured on the training part after scaling."""

    task: str  # "classification", "regression", "reconstruction" (an autoencoder), or "none" (no targets)
    num_outputs: int  # target columns; for classes their number
    num_classes: int  # 0 unless the task is classification
    minimum: float  # minimum, maximum: of the targets that the loss sees; 0 and 1 for classes
    maximum: float
    is_integer: bool  # all targets are whole numbers
    rows_sum_to_one: bool  # every row of targets is a distribution
    entropy: float  # mean binary entropy of the targets, the floor of BCE; NaN where some lie outside [0, 1]
    class_counts: tuple[int, ...]  # training examples of each class; empty unless the task is classification
    input_size: float  # the largest root mean square of an input column
    classes: tuple[str, ...] = ()  # their names
    # of the validation and the test part, by name, the classes that training has and they have not
    unscored: tuple[tuple[str, tuple[int, ...]], ...] = ()


class RuleInput(NamedTuple):
    """The experiment with its hyperparameters resolved, and the data."""

    experiment: Experiment
    data: TargetSummary

    @property
    def loss(self) -> Loss:
        """The loss."""
        return loss_of(self.experiment.loss)

    @property
    def output(self) -> Activation:
        """The output activation."""
        return activation_of(self.experiment.model.output_activation)

    @property
    def traits(self) -> ModelTraits:
        """What is known of the model."""
        return traits_of(self.experiment.model)

    @property
    def width(self) -> int:
        """Number k of the network's outputs: one for two classes without a softmax."""
        return 1 if self.data.num_classes == 2 and not self.output.distribution else self.data.num_outputs


Rule = Callable[[RuleInput], Finding | None]

TOLERANCE = 1e-5  # scaling in float32 may leave a target this far outside an interval

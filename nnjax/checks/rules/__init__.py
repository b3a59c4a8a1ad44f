"""The rules of the pre-flight check: what can be wrong between loss, output, targets and optimizer."""

from nnjax.checks.rules import outputs, targets, training
from nnjax.checks.rules.rule_input import Rule

RULES: tuple[Rule, ...] = (  # the most fundamental first: a run that is refused names the first error
    targets.targets_missing,
    targets.constant_targets,
    outputs.one_output,
    outputs.step_output,
    outputs.rbf_loss,
    outputs.kl_output,
    outputs.crossentropy_output,
    outputs.binary_output,
    targets.probability_targets,
    targets.unreachable_targets,
    targets.softmax_rows,
    targets.logarithmic_error,
    targets.label_smoothing,
    outputs.loss_for_classes,
    outputs.exclusive_classes,
    targets.classes_as_numbers,
    targets.large_targets,
    targets.binary_floor,
    targets.absent_classes,
    targets.unscored_classes,
    targets.imbalance,
    training.called,
    training.low_rate,
    training.high_rate,
    training.large_inputs,
    training.linear_layers,
    training.equal_neurons,
)

"""Rules: can training work, by learning rate, scale of the inputs, hidden layers and start?

Sentences name thresholds, not a trial's own rate, so that a sweep reports each finding once.
"""

from nnjax.checks.finding import Finding
from nnjax.checks.rules.rule_input import RuleInput
from nnjax.models.registry import remark_of
from nnjax.nn.activations import activation_of
from nnjax.nn.optimizers import optimizer_of

LARGE_INPUTS = 20


def called(case: RuleInput) -> Finding | None:
    """Say how a model, a loss or an optimizer of another library is used."""
    model = remark_of(case.experiment.model)
    remarks = (model, case.loss.remark, optimizer_of(case.experiment.optimizer.name).remark)
    sentence = " ".join(filter(None, remarks))
    return Finding("called", "remark", sentence, "Nothing is to be done where that is meant.") if sentence else None


def low_rate(case: RuleInput) -> Finding | None:
    """Warn of learning rates at which the optimizer hardly learns (Adadelta's in Keras since 2.4)."""
    optimizer, rate = optimizer_of(case.experiment.optimizer.name), case.experiment.hyperparameters.learning_rate
    if rate is None or rate > optimizer.low_rate:
        return None
    remedy = f"Set learning_rate={optimizer.usual_rate:g}."
    return Finding(f"{optimizer.name}-rate", "warning", optimizer.low_rate_note, remedy)


def high_rate(case: RuleInput) -> Finding | None:
    """Warn of learning rates far above those that work."""
    optimizer, rate = optimizer_of(case.experiment.optimizer.name), case.experiment.hyperparameters.learning_rate
    if rate is None or rate <= optimizer.high_rate:
        return None
    name, limit = optimizer.name, optimizer.high_rate
    sentence = f"A learning rate above {limit:g} is unusually large for {name}: the loss may jump or become NaN."
    return Finding("large-rate", "warning", sentence, "Start 10 to 100 times lower.")


def large_inputs(case: RuleInput) -> Finding | None:
    """Warn of inputs that are not scaled."""
    if not case.data.input_size > LARGE_INPUTS:
        return None
    sentence = f"An input has a root mean square of {case.data.input_size:.3g}; networks start well from about 1."
    return Finding("large-inputs", "warning", sentence, "Set data.scaling=standard, or unit for images.")


def linear_layers(case: RuleInput) -> Finding | None:
    """Judge hidden layers without a nonlinearity."""
    model = case.experiment.model
    if not activation_of(model.activation).linear or not model.widths:
        return None
    if case.traits.reconstructs:
        sentence = "All hidden layers are linear: the network can do no better than PCA with as many components."
        return Finding("linear-layers", "remark", sentence, "Use activation=relu to go beyond PCA.")
    sentence = "All hidden layers are linear: together they are one affine map, however many there are."
    return Finding("linear-layers", "warning", sentence, "Use activation=relu, or no hidden layers.")


def equal_neurons(case: RuleInput) -> Finding | None:
    """Warn of a start at which all neurons of a layer are the same."""
    model, scale = case.experiment.model, case.experiment.hyperparameters.init_scale
    if not model.widths or (model.kernel_init != "zeros" and scale != 0):
        return None
    alike = "the neurons of a hidden layer get the same gradient, or none, and stay equal"
    remedy = "Use kernel_init=glorot_uniform and init_scale above 0."
    return Finding("equal-neurons", "warning", f"All kernels start at zero: {alike}.", remedy)

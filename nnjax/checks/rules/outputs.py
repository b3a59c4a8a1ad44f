"""Rules: does the loss fit the output activation? (lecture slides, section 5: the table of losses, with corrections)

The slides' table: MSE, MAE, MSLE with a linear output; BCE with a sigmoid, one node; CCE and KL with sigmoids, N nodes.
Corrections: classes that exclude each other want a softmax; "one node" holds for scalar targets only (an autoencoder
has one node a pixel); sigmoid + KL is degenerate.
"""

from nnjax.checks.finding import Finding
from nnjax.checks.rules.rule_input import RuleInput


def step_output(case: RuleInput) -> Finding | None:
    """Refuse an output without a gradient."""
    if case.output.has_gradient or case.loss.of_logits:
        return None
    sentence = f"The output activation {case.output.name} has gradient 0 everywhere, so nothing is learned."
    return Finding("step-output", "error", sentence, "Use sigmoid, the step made smooth.")


def one_output(case: RuleInput) -> Finding | None:
    """Refuse a softmax, or a loss of distributions, over a single output."""
    if case.width != 1 or not (case.output.distribution or case.loss.compares == "distributions"):
        return None
    what = f"{case.loss.name} compares distributions over classes, and a single output is not a distribution"
    if case.output.distribution:
        what = f"A {case.output.name} over a single output is the constant 1"
    remedy = "Use sigmoid with binary_crossentropy for two classes, linear with mean_squared_error for a number."
    if case.data.task == "regression":
        remedy = "Set output_activation=linear and loss=mean_squared_error, or leave both out."
        if case.data.is_integer:
            what += "; the target is one column of whole numbers"
            remedy += " Where they are class labels, set data.task=classification (in Python: y as int)."
    return Finding("one-output", "error", f"{what}.", remedy)


def rbf_loss(case: RuleInput) -> Finding | None:
    """Refuse losses of squared distances where the outputs are none, and other losses of them."""
    distances, kind, loss = case.traits.output == "distances", case.traits.name, case.loss.name
    if case.loss.compares == "distances" and not distances:
        sentence = f"{loss} needs squared distances as outputs, which only model.kind=lenet5 produces."
        return Finding("rbf-loss", "error", sentence, "Use softmax with categorical_crossentropy.")
    if not distances or case.loss.of_logits or (case.loss.compares == "distances" and case.output.linear):
        return None
    if case.loss.renormalizes and case.output.distribution:
        return None  # eq. 9 without the rubbish class
    outputs = f"The outputs of {kind} are negative squared distances"
    sentence = f"{outputs}, which do not fit {loss} of {case.output.name} outputs."
    return Finding("rbf-output", "error", sentence, "Use a linear output with rbf_map or rbf_mse, as published.")


def kl_output(case: RuleInput) -> Finding | None:
    """Refuse losses of distributions that do not renormalize where outputs need not sum to 1 (slides: sigmoid + KL)."""
    unscaled = case.loss.compares == "distributions" and not case.loss.renormalizes
    if not unscaled or case.output.distribution or case.width == 1:
        return None
    sentence = (
        f"{case.loss.name} does not renormalize, and {case.output.name} outputs need not sum to 1: "
        "outputs that are all 1 score below a perfect prediction."
    )
    return Finding("kl-output", "error", sentence, "Use softmax.")


def crossentropy_output(case: RuleInput) -> Finding | None:
    """Judge losses that renormalize outputs, of outputs that are no softmax (slides: sigmoid + CCE)."""
    output = case.output
    if not case.loss.renormalizes or output.distribution or not output.has_gradient or case.width == 1:
        return None
    if output.range[0] >= 0 and not output.dies:
        sentence = (
            f"{case.loss.name} renormalizes each row, so the scale of {output.name} outputs is lost: "
            "all .9 is as good as all .1."
        )
        return Finding("crossentropy-scale", "warning", sentence, "Use softmax.")
    sentence = (
        f"{case.loss.name} takes the logarithm of each output over the sum of its row, "
        f"and {output.name} outputs may be negative or all 0."
    )
    return Finding("crossentropy-output", "error", sentence, "Use softmax.")


def binary_output(case: RuleInput) -> Finding | None:
    """Judge losses of independent probabilities, of outputs that are none."""
    if case.loss.compares != "probabilities":
        return None
    if not case.output.stays_within(0, 1):
        sentence = (
            f"{case.loss.name} takes the logarithm of a probability, and {case.output.name} outputs leave [0, 1]: "
            "there they are clipped and get no gradient."
        )
        return Finding("binary-output", "error", sentence, "Use sigmoid.")
    if not case.output.distribution or case.width == 1:
        return None  # one_output reports a single softmax
    sentence = f"{case.loss.name} judges each output for itself, but {case.output.name} outputs depend on each other."
    return Finding("binary-softmax", "warning", sentence, "Use sigmoid, or categorical_crossentropy with softmax.")


def loss_for_classes(case: RuleInput) -> Finding | None:
    """Judge losses of numbers where the targets are classes."""
    numbers = case.loss.compares in ("numbers", "nonnegative numbers") and case.traits.output == "logits"
    if case.data.task != "classification" or not numbers or not case.output.has_gradient:
        return None
    squared, bounded = case.loss.quadratic, case.output.stays_within(-1, 1)
    why = "its minimum is not an estimate of the classes' probabilities"
    if squared and bounded:
        why = f"it works, but its gradient vanishes where {case.output.name} is saturated, also at the wrong class"
    elif squared:
        why = f"{case.output.name} outputs are not probabilities, and confident correct answers are penalized"
    sentence = f"{case.loss.name} is a loss for numbers, and the targets are classes: {why}."
    good = "sigmoid with binary_crossentropy" if case.width == 1 else "softmax with categorical_crossentropy"
    remedy = f"Use {good}; where they are numbers to predict, set data.task=regression."
    return Finding("loss-for-classes", "remark" if squared and bounded else "warning", sentence, remedy)


def exclusive_classes(case: RuleInput) -> Finding | None:
    """Remark on independent outputs for classes that exclude each other."""
    independent = case.output.stays_within(0, 1) and case.output.has_gradient and not case.output.distribution
    chosen = (case.data.task, case.loss.compares, independent)
    if chosen != ("classification", "probabilities", True) or case.width == 1:
        return None
    sentence = f"Each example has exactly one class, but {case.output.name} outputs are independent of each other."
    remedy = "Use softmax with categorical_crossentropy, which knows that one class excludes the others."
    return Finding("exclusive-classes", "remark", sentence, remedy)

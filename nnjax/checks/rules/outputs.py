"""Does the loss fit the output activation? (deck section 5: the table of losses, with its corrections)

The deck's table: MSE, MAE, MSLE with a linear output; BCE with a sigmoid, one node; CCE and KL with sigmoids, N nodes.
Corrections: classes that exclude each other want a softmax; "one node" holds for scalar targets only (an autoencoder
has one node a pixel); sigmoid + KL is degenerate.
"""

from __future__ import annotations

from nnjax.checks.rules.case import DISTRIBUTION_LOSSES, PROBABILITY_LOSSES, RBF_LOSSES, Case, Finding


def step_output(case: Case) -> Finding | None:
    """Refuse the step function at the output."""
    if case.output != "step":
        return None
    sentence = "The output activation step has gradient 0 everywhere, so nothing is learned."
    return Finding("step-output", "error", sentence, "Use sigmoid, the step made smooth.")


def one_output(case: Case) -> Finding | None:
    """Refuse a softmax, or a loss of distributions, over a single output."""
    if case.width != 1 or (case.output != "softmax" and case.loss not in DISTRIBUTION_LOSSES):
        return None
    what = f"{case.loss} compares distributions over classes, and a single output is none"
    if case.output == "softmax":
        what = "A softmax over a single output is the constant 1"
    remedy = "Use sigmoid with binary_crossentropy for two classes, linear with mean_squared_error for a number."
    if case.data.task == "regression" and case.data.is_integer:
        what += "; the target is one column of whole numbers, which look like class labels"
        remedy = "Write labels without decimal points (in Python: as int, or task='classification')."
    return Finding("one-output", "error", f"{what}.", remedy)


def rbf_loss(case: Case) -> Finding | None:
    """Refuse losses of squared distances where the outputs are none, and other losses of them."""
    if case.loss in RBF_LOSSES and case.experiment.model.kind != "lenet5":
        sentence = f"{case.loss} is a loss of the squared distances that only the outputs of model.kind=lenet5 are."
        return Finding("rbf-loss", "error", sentence, "Use softmax with categorical_crossentropy.")
    if case.experiment.model.kind != "lenet5" or (case.loss in RBF_LOSSES and case.output == "linear"):
        return None
    if case.loss == "categorical_crossentropy" and case.output == "softmax":
        return None  # eq. 9 without the rubbish class
    sentence = (
        f"The outputs of lenet5 are negative squared distances, which do not fit {case.loss} of {case.output} outputs."
    )
    return Finding("rbf-output", "error", sentence, "Use a linear output with rbf_map or rbf_mse, as published.")


def _has_distances(case: Case) -> bool:
    return case.experiment.model.kind == "lenet5"


def kl_output(case: Case) -> Finding | None:
    """Refuse kl_divergence of outputs that need not sum to 1 (the deck's table has sigmoid + KL)."""
    if case.loss != "kl_divergence" or case.output == "softmax" or case.width == 1:
        return None
    sentence = (
        f"kl_divergence does not renormalise, and {case.output} outputs need not sum to 1: "
        "outputs that are all 1 score below a perfect prediction."
    )
    return Finding("kl-output", "error", sentence, "Use softmax.")


def crossentropy_output(case: Case) -> Finding | None:
    """Judge categorical_crossentropy of outputs that are no softmax (the deck's table has sigmoid)."""
    if case.loss != "categorical_crossentropy" or case.output in ("softmax", "step") or case.width == 1:
        return None
    if case.output in ("sigmoid", "softplus"):
        sentence = (
            f"categorical_crossentropy renormalises each row, so the scale of {case.output} outputs is lost: "
            "all .9 is as good as all .1."
        )
        return Finding("crossentropy-scale", "warning", sentence, "Use softmax.")
    sentence = (
        "categorical_crossentropy takes the logarithm of each output over the sum of its row, "
        f"and {case.output} outputs may be negative or all 0."
    )
    return Finding("crossentropy-output", "error", sentence, "Use softmax.")


def binary_output(case: Case) -> Finding | None:
    """Judge binary_crossentropy of outputs that are no independent probabilities."""
    if case.loss != "binary_crossentropy" or case.output in ("sigmoid", "step"):
        return None
    if case.output != "softmax":
        sentence = (
            f"binary_crossentropy takes the logarithm of a probability, and {case.output} outputs leave [0, 1]: "
            "there they are clipped and get no gradient."
        )
        return Finding("binary-output", "error", sentence, "Use sigmoid.")
    if case.width == 1:
        return None  # one_output says it
    sentence = "binary_crossentropy judges each output for itself, but softmax outputs depend on each other."
    return Finding("binary-softmax", "warning", sentence, "Use sigmoid, or categorical_crossentropy with softmax.")


def loss_for_classes(case: Case) -> Finding | None:
    """Judge losses of numbers where the targets are classes."""
    fitting = (*PROBABILITY_LOSSES, *RBF_LOSSES)
    if case.data.task != "classification" or case.loss in fitting or case.output == "step" or _has_distances(case):
        return None
    squared = case.loss in ("mean_squared_error", "huber")
    bounded = case.output in ("sigmoid", "softmax", "tanh")
    why = "its minimum is no estimate of the classes' probabilities"
    if squared and bounded:
        why = f"it works, but its gradient vanishes where {case.output} is saturated, also at the wrong class"
    elif squared:
        why = f"{case.output} outputs are no probabilities, and are punished for being too right"
    sentence = f"{case.loss} is a loss for numbers, and the targets are classes: {why}."
    good = "sigmoid with binary_crossentropy" if case.width == 1 else "softmax with categorical_crossentropy"
    return Finding("loss-for-classes", "remark" if squared and bounded else "warning", sentence, f"Use {good}.")


def exclusive_classes(case: Case) -> Finding | None:
    """Remark on independent outputs for classes that exclude each other."""
    chosen = (case.data.task, case.loss, case.output)
    if chosen != ("classification", "binary_crossentropy", "sigmoid") or case.width == 1:
        return None
    sentence = "Each example has exactly one class, but sigmoid outputs are independent of each other."
    remedy = "Use softmax with categorical_crossentropy, which knows that one class excludes the others."
    return Finding("exclusive-classes", "remark", sentence, remedy)

"""Rules: do the targets fit the loss and the output activation, and is there something to learn from them?"""

from nnjax.checks.finding import Finding
from nnjax.checks.rules.rule_input import TOLERANCE, RuleInput

GRAY = 1e-3  # mean entropy above which targets are more than 0 and 1
LARGE = 100  # size of targets at which the first losses are above 10^4
COMMON, RARE = 0.8, 0.05  # imbalance: the largest class's share of all; the smallest over the largest


def targets_missing(case: RuleInput) -> Finding | None:
    """Refuse to predict targets that the data do not have."""
    if case.data.task != "none":
        return None
    sentence = f"The data have no targets, so the {case.experiment.model.kind} has nothing to predict."
    return Finding("targets-missing", "error", sentence, "Name a target column, or set model.kind=autoencoder.")


def constant_targets(case: RuleInput) -> Finding | None:
    """Judge targets with nothing to tell apart."""
    if case.data.task == "classification":
        if sum(count > 0 for count in case.data.class_counts) > 1:
            return None
        sentence = "All training examples belong to one class."
        return Finding("one-class", "error", sentence, "Look at the target column and at the split.")
    if case.data.minimum < case.data.maximum:
        return None
    sentence = "All targets of the training part are equal: there is nothing to learn."
    return Finding("constant-targets", "warning", sentence, "Look at the target column.")


def probability_targets(case: RuleInput) -> Finding | None:
    """Refuse targets outside [0, 1] for losses of probabilities."""
    if not case.loss.of_probabilities or _within(case, 0, 1):
        return None
    sentence = f"{case.loss.name} has a minimum only for targets in [0, 1], but they go {_extent(case)}."
    remedy = f"Set {_scaling(case)}=minmax, or use mean_squared_error with a linear output."
    return Finding("targets-no-probabilities", "error", sentence, remedy)


def unreachable_targets(case: RuleInput) -> Finding | None:
    """Refuse targets that the output activation cannot reach."""
    low, high = case.output.range
    if case.loss.of_probabilities or case.loss.of_logits or _within(case, low, high):
        return None
    sentence = f"{case.output.name} outputs lie between {low:g} and {high:g}, but the targets go {_extent(case)}."
    remedy = f"Use a linear output, or set {_scaling(case)}=minmax."
    return Finding("targets-unreachable", "error", sentence, remedy)


def _within(case: RuleInput, low: float, high: float) -> bool:
    return low - TOLERANCE <= case.data.minimum and case.data.maximum <= high + TOLERANCE


def _extent(case: RuleInput) -> str:
    return f"from {case.data.minimum:.3g} to {case.data.maximum:.3g}"


def _scaling(case: RuleInput) -> str:
    return "data.target_scaling" if case.data.task == "regression" else "data.scaling"


def softmax_rows(case: RuleInput) -> Finding | None:
    """Refuse a softmax output for targets whose rows do not sum to 1."""
    if not case.output.distribution or case.width == 1 or case.data.rows_sum_to_one or case.loss.of_logits:
        return None
    sentence = f"The outputs of a {case.output.name} sum to 1, but the rows of the targets do not."
    return Finding("softmax-rows", "error", sentence, "Use sigmoid for targets in [0, 1], else a linear output.")


def logarithmic_error(case: RuleInput) -> Finding | None:
    """Judge losses of nonnegative numbers, of negative targets or outputs."""
    if case.loss.compares != "nonnegative numbers":
        return None
    if case.data.minimum < -TOLERANCE:
        sentence = f"{case.loss.name} counts negative targets as 0, and the targets go {_extent(case)}."
        return Finding("log-of-negative-targets", "error", sentence, "Use mean_squared_error.")
    if case.output.range[0] >= 0:
        return None
    loss, output = case.loss.name, case.output.name
    sentence = f"{loss} gives negative outputs no gradient, and {output} outputs may become negative."
    return Finding("log-of-negative-outputs", "remark", sentence, "Use a softplus output, which is never negative.")


def binary_floor(case: RuleInput) -> Finding | None:
    """Remark on the least value of a loss of independent probabilities."""
    if case.loss.compares != "probabilities" or not case.data.entropy > GRAY:  # NaN is no floor
        return None
    floor = f"about {case.data.entropy:.4f}"
    sentence = f"{case.loss.name} cannot fall below the entropy of targets between 0 and 1, here {floor}."
    return Finding("binary-floor", "remark", sentence, "Read the loss as its distance from that floor.")


def large_targets(case: RuleInput) -> Finding | None:
    """Warn of regression targets that are not scaled."""
    if case.data.task != "regression" or max(abs(case.data.minimum), abs(case.data.maximum)) <= LARGE:
        return None
    sentence = f"The targets go {_extent(case)}, far from a new network's outputs of about 1."
    return Finding("large-targets", "warning", sentence, "Set data.target_scaling=standard.")


def classes_as_numbers(case: RuleInput) -> Finding | None:
    """Remark on class labels that come as numbers."""
    numbers = case.data.task == "regression" and case.data.is_integer and _within(case, 0, 1)
    if not numbers or not case.loss.of_probabilities or (case.width == 1 and case.loss.compares == "distributions"):
        return None
    sentence = f"All targets are 0 or 1, which with {case.loss.name} look like classes."
    remedy = "Give one column of whole-number or text labels to get accuracies and a confusion matrix."
    return Finding("classes-as-numbers", "remark", sentence, remedy)


def absent_classes(case: RuleInput) -> Finding | None:
    """Warn of classes that the data know, but the training part does not."""
    absent = [index for index, count in enumerate(case.data.class_counts) if not count]
    if not absent or len(absent) >= len(case.data.class_counts) - 1:
        return None  # constant_targets says it where one class is left
    sentence = (
        f"{len(absent)} of {len(case.data.class_counts)} classes have no training example (such as "
        f"{_class_name(case, absent[0])}): the network cannot learn them."
    )
    return Finding("absent-classes", "warning", sentence, "Look at the labels of the test part, and at the split.")


def unscored_classes(case: RuleInput) -> Finding | None:
    """Warn of classes that are trained, but not in the part that validates or tests, as where groups are few."""
    trained = sum(count > 0 for count in case.data.class_counts)
    parts = [(name, absent) for name, absent in case.data.unscored if absent]
    if not parts:
        return None
    listed = " and ".join(
        f"the {name} part has no example of {len(absent)} of {trained} classes (such as {_class_name(case, absent[0])})"
        for name, absent in parts
    )
    alone = any(len(absent) == trained - 1 for _, absent in parts)
    sentence = f"{listed[0].upper()}{listed[1:]}: its scores say nothing of them."
    remedy = "Make it larger, or look at the split (data.stratify, data.groups, data.split)."
    return Finding("unscored-classes", "warning" if alone else "remark", sentence, remedy)


def _class_name(case: RuleInput, index: int) -> str:
    return repr(case.data.classes[index]) if case.data.classes else f"the one of index {index}"


def imbalance(case: RuleInput) -> Finding | None:
    """Remark on classes of very different sizes."""
    counts = [count for count in case.data.class_counts if count]
    if len(counts) < 2 or (max(counts) < COMMON * sum(counts) and min(counts) > RARE * max(counts)):
        return None
    sentence = (
        f"The largest class has {max(counts):,} of {sum(counts):,} training examples and the smallest "
        f"{min(counts):,}: guessing the largest always is right {max(counts) / sum(counts):.1%} of the time."
    )
    return Finding("imbalance", "remark", sentence, "Compare accuracies with that.")


def label_smoothing(case: RuleInput) -> Finding | None:
    """Refuse to smooth targets that are not classes."""
    if case.experiment.hyperparameters.label_smoothing is None:
        return None
    if case.loss.takes_raw and case.data.task == "classification":
        sentence = f"label_smoothing is set, but {case.loss.name} gets class indices, which cannot be smoothed."
        return Finding("label-smoothing", "error", sentence, "Smooth in the loss, or leave label_smoothing out.")
    if case.data.task == "classification":
        return None
    sentence = "label_smoothing is set, but the targets are not classes: it would change the numbers to be learned."
    return Finding("label-smoothing", "error", sentence, "Leave label_smoothing out.")

"""Fill in what an experiment leaves open, by its model and its data; explicit values stay as they are."""

import dataclasses
import math
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import AUTO, DataConfig, Experiment, ModelConfig
from nnjax.core.multi_input import Structure
from nnjax.core.object_refs import ObjectRef
from nnjax.core.types import Dataset
from nnjax.data import one_hot, scaling
from nnjax.data.prepared import split_dataset
from nnjax.models.output_range import output_range, yields_probabilities
from nnjax.models.registry import own_output_shape, traits_of, with_defaults
from nnjax.models.user_models import output_activation as own_output_activation
from nnjax.nn.activations import activation_of
from nnjax.nn.losses import loss_of, output_of, splits_at_half
from nnjax.nn.optimizers import resolve as with_hyperparameters

FIELDS = (  # that may be left open
    *("data.task", "data.scaling", "data.target_scaling", "loss", "batch_size"),
    *(f"model.{name}" for name in ("widths", "activation", "output_activation", "kernel_init")),
)
BATCH = 128
CHUNK = 4_096  # rows read at a time
TOLERANCE = 1e-5


def resolve(experiment: Experiment, dataset: Dataset) -> Experiment:
    """Return the experiment with a value in every field that it leaves open.

    The model's widths, activation and initialization are its kind's (`ModelTraits.defaults`). Loss, output activation
    and scaling of the targets follow from the task: softmax with categorical cross-entropy for classes; a linear output
    with mean squared error and standardized targets for numbers; sigmoid with binary cross-entropy for inputs in [0, 1]
    that are to be reconstructed, a linear output with mean squared error for others. A user's loss gets the outputs of
    a user's model bare; of classes, softmax (of one output sigmoid) makes probabilities of them for the metrics.
    Table columns are standardized.
    The optimizer's hyperparameters are its preset's.

    Args:
      experiment: valid (see `invalid_values.validate`).
      dataset: on which it is trained.

    Raises:
      UserError: the data cannot be split so.
    """
    return with_hyperparameters(fill(experiment, dataset))


def fill(experiment: Experiment, dataset: Dataset) -> Experiment:
    """Return `resolve`'s experiment but for the hyperparameters."""
    data, model = experiment.data, with_defaults(experiment.model)
    data = dataclasses.replace(data, scaling=scaling.kind_for(dataset, data.scaling))
    goal = traits_of(model).goal(dataset.task)
    unit = goal == "reconstruction" and AUTO in (experiment.loss, model.output_activation) and _in_unit(dataset, data)
    output = own_output_activation(model) if traits_of(model).own else model.output_activation
    loss = _loss(model, output, goal, unit) if experiment.loss == AUTO else experiment.loss
    if output == AUTO:
        output = _output(model, loss, goal, unit)
        output = _of_classes(model, loss, dataset) if _is_open(model, loss, goal, output) else output
    if data.target_scaling == AUTO:
        wanted = (
            goal == "regression"
            and (dataset.tabular or experiment.loss == AUTO)
            and _takes_any(model, loss, output, dataset)
        )
        data = dataclasses.replace(data, target_scaling="standard" if wanted else "none")
    model = dataclasses.replace(model, output_activation=output)
    size = _batch_size(dataset, data) if experiment.batch_size is None else experiment.batch_size
    return dataclasses.replace(experiment, data=data, model=model, loss=loss, batch_size=size)


def _loss(model: ModelConfig, output: str, goal: str, unit: bool) -> str:
    """Choose the loss of a task, for an output activation that is given, or is open."""
    own = traits_of(model)
    if own.loss and output == own.defaults["output_activation"]:
        return own.loss
    if goal == "classification":
        return "binary_crossentropy" if output == "sigmoid" else "categorical_crossentropy"
    if output != AUTO and activation_of(output).distribution:
        return "categorical_crossentropy"
    if goal == "reconstruction" and unit and output in (AUTO, "sigmoid"):
        return "binary_crossentropy"
    return "mean_squared_error"


def _output(model: ModelConfig, loss: str, goal: str, unit: bool) -> str:
    """Choose the output activation of a task and a loss."""
    record, by_loss = loss_of(loss), output_of(loss)
    if traits_of(model).own or record.of_probabilities:
        return by_loss
    if goal == "classification":
        distances = record.compares == "distances"
        return "linear" if distances else "sigmoid" if record.of_logits and by_loss == "sigmoid" else "softmax"
    if record.compares == "nonnegative numbers":
        return "sigmoid" if unit else "softplus"
    return "sigmoid" if unit and record.compares == "numbers" else by_loss


def _is_open(model: ModelConfig, loss: str, goal: str, output: str) -> bool:
    """Whether only the user knows what an own loss does with the outputs of an own model for classes."""
    return traits_of(model).own and loss_of(loss).of_logits and (goal, output) == ("classification", "linear")


def _of_classes(model: ModelConfig, loss: str, dataset: Dataset) -> str:
    """Choose what makes probabilities of the outputs that an own loss gets bare: for metrics and predictions alone.

    One output for two classes gets a sigmoid, unless the loss takes it for a number (`splits_at_half`). Outputs that
    are probabilities already stay.
    """
    try:
        shape, k = own_output_shape(model, _example_shape(dataset)), len(dataset.classes)
    except UserError:  # said where models are checked
        return "linear"
    if yields_probabilities(model, _example_shape(dataset)):
        return "linear"
    if shape == (1,) and k == 2:
        return "linear" if splits_at_half(loss) else "sigmoid"
    return "softmax" if shape == (k,) and k > 1 else "linear"


def _example_shape(dataset: Dataset) -> Any:
    return Structure(dataset.parts) if dataset.parts else dataset.shape or (dataset.x.shape[1],)


def _takes_any(model: ModelConfig, loss: str, output: str, dataset: Dataset) -> bool:
    """Whether targets may be any numbers; a user's model may end in an activation of its own."""
    if loss_of(loss).compares != "numbers" or not activation_of(output).linear:
        return False
    if not isinstance(model.kind, ObjectRef):
        return True
    try:
        return output_range(model, _example_shape(dataset)) == (-math.inf, math.inf)
    except UserError:  # said where models are checked
        return True


def _in_unit(dataset: Dataset, data: DataConfig) -> bool:
    """Whether all inputs lie in [0, 1] once they are scaled."""
    if data.scaling not in ("unit", "none"):
        return False  # of minmax only those that train
    factor = float(scaling.fit(dataset.x, np.arange(1), data.scaling, dataset.full_scale).scale)
    parts = (dataset.x[start : start + CHUNK] for start in range(0, len(dataset.x), CHUNK))
    return all(part.min() * factor >= -TOLERANCE and part.max() * factor <= 1 + TOLERANCE for part in parts)


def _batch_size(dataset: Dataset, data: DataConfig) -> int:
    """Choose 128, or where fewer examples train, in any fold, a power of two of at most a quarter of them."""
    parts = split_dataset(dataset, data)
    num = len(parts.train)
    if data.folds is not None:
        pool = num + len(parts.validation)
        num = pool - -(-pool // data.folds)
    return BATCH if num >= BATCH else 1 << max(0, (num // 4).bit_length() - 1)


def asks_for_numbers(experiment: Experiment, dataset: Dataset) -> bool:
    """Whether a table's whole numbers, taken for classes, are numbers to the loss that the experiment names."""
    if experiment.data.task != AUTO or experiment.loss == AUTO or not dataset.tabular:
        return False
    numeric = len(dataset.classes) > 2 and all(name.removeprefix("-").isdecimal() for name in dataset.classes)
    compares, output = loss_of(experiment.loss).compares, experiment.model.output_activation
    open_output = output == AUTO or activation_of(output).range[1] > 1
    return numeric and compares in ("numbers", "nonnegative numbers") and open_output and not _reconstructs(experiment)


def asks_for_classes(experiment: Experiment, dataset: Dataset) -> bool:
    """Whether one-hot rows of targets are classes to the loss, one of classes, or to the one that is left open."""
    if experiment.data.task != AUTO or not isinstance(dataset.reread, one_hot.Reread) or _reconstructs(experiment):
        return False
    if experiment.loss == AUTO:
        output = experiment.model.output_activation
        return output == AUTO or activation_of(output).distribution
    record = loss_of(experiment.loss)
    return record.compares == "distributions" or bool(record.remark and output_of(experiment.loss) == "softmax")


def _reconstructs(experiment: Experiment) -> bool:
    return traits_of(experiment.model).reconstructs


def with_task(experiment: Experiment, task: str) -> Experiment:
    """Return the experiment with a task."""
    return dataclasses.replace(experiment, data=dataclasses.replace(experiment.data, task=task))


def describe(before: Experiment, after: Experiment, dataset: Dataset) -> str:
    """Say in a sentence what `fill` has chosen, and why; "" where it has chosen nothing to speak of."""
    goal, own = traits_of(after.model).goal(dataset.task), traits_of(after.model).own
    output, loss = after.model.output_activation, loss_of(after.loss)
    bare = own and loss.of_logits and output != "linear" and before.loss != AUTO and not loss.remark
    where = f" for metrics and predictions (the loss {loss.name} gets what the model yields before it)" * bare
    chosen: dict[str, Any] = {
        f"loss {after.loss}": before.loss == AUTO,
        f"{output} output{where}": before.model.output_activation == AUTO and (not own or before.loss == AUTO or bare),
        "standardized target": (before.data.target_scaling, after.data.target_scaling) == (AUTO, "standard"),
        "standardized inputs": (before.data.scaling, after.data.scaling) == (AUTO, "standard"),
        f"batches of {after.batch_size}": before.batch_size is None and after.batch_size != BATCH,
    }
    said = [words for words, holds in chosen.items() if holds]
    if not said:
        return ""
    return f"{dataset.name} is {goal} ({_reason(before, after, dataset, goal)}): {', '.join(said)}."


def _reason(before: Experiment, after: Experiment, dataset: Dataset, goal: str) -> str:
    if goal == "reconstruction":
        where = ", in [0, 1]" if after.loss == "binary_crossentropy" else ""
        return f"the target is the input{where}"
    if before.data.task != AUTO:
        return "as data.task says"
    if goal == "classification" or dataset.y is None:
        return f"{len(dataset.classes)} classes"
    if after.data.task != AUTO:
        return f"whole numbers, and {loss_of(after.loss).name} compares numbers"
    whole = np.array_equal(dataset.y, np.trunc(dataset.y))
    return f"{len(np.unique(dataset.y))} different whole numbers" if whole else "numbers with fractions"

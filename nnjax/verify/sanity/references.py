"""Reference values of the sanity checks: the losses and scores of outputs that ignore the inputs."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.experiment import Experiment
from nnjax.core.types import Array, Prepared
from nnjax.models.user_models import variables_shapes
from nnjax.nn.losses import loss_of, make_loss
from nnjax.train.engine.batches import gather
from nnjax.train.engine.device_data import DeviceData, Shapes, make_device_data, make_shapes
from nnjax.train.engine.trial import Trial


class References(NamedTuple):
    """What the outcomes are compared with."""

    goal: str  # "classification", "regression" or "reconstruction"
    start: float  # the training loss of a network with all weights 0
    # the loss of the best constant output on the validation part (without one, on the training part); NaN where it is
    # not known in closed form
    constant: float
    floor: float  # the lowest loss there can be, of targets between 0 and 1; 0 elsewhere
    chance: float  # the share of the most frequent class, on the same part; NaN without classes
    variance: float  # the mean squared error of the best constant, on the same part
    few_variance: float  # few_variance, few_chance: the same of the few examples
    few_chance: float
    num_validation: int  # num_validation, num_classes: 0 where there are none
    num_classes: int


def references(experiment: Experiment, prepared: Prepared, few: Prepared) -> References:
    """Work out what the outcomes are compared with, also those with `few` training examples."""
    shapes, data = make_shapes(experiment, prepared), make_device_data(experiment, prepared)
    x, train, w = _examples(data, shapes, prepared.train)
    measured, v = _examples(data, shapes, prepared.validation)[1:] if len(prepared.validation) else (train, w)
    few_targets, few_w = _examples(data, shapes, few.train)[1:]
    mean, unit = _mean(train, w), train.min() >= 0 and train.max() <= 1
    loss = loss_of(experiment.loss)
    floored = unit and loss.compares == "probabilities"
    return References(
        goal=shapes.goal,
        start=_start(experiment, shapes, x, train, w),
        constant=_loss(loss, measured, np.broadcast_to(mean, measured.shape), v)
        if loss.best_constant == "mean"
        else float("nan"),
        floor=_loss(loss, measured, measured, v) if floored else 0.0,
        chance=_most_frequent(measured, v) if shapes.goal == "classification" else float("nan"),
        variance=float(_mean((measured - mean) ** 2, v).mean()),
        few_variance=float(_mean((few_targets - _mean(few_targets, few_w)) ** 2, few_w).mean()),
        few_chance=_most_frequent(few_targets, few_w),
        num_validation=len(prepared.validation),
        num_classes=max(shapes.num_outputs, 2) if shapes.goal == "classification" else 0,
    )


def _examples(data: DeviceData, shapes: Shapes, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    batch = gather(jax.tree.map(jnp.asarray, data), shapes, jnp.asarray(rows), jnp.ones(len(rows)))
    return np.asarray(batch.x), np.asarray(batch.y), np.asarray(batch.w)


def _mean(values: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Average over the examples with their weights: [1, ...]."""
    return np.average(values, axis=0, weights=w)[None]


def _most_frequent(y: np.ndarray, w: np.ndarray) -> float:
    mean = _mean(y, w)[0]
    return float(max(mean.max(), 1 - mean[0]) if len(mean) == 1 else mean.max())


def _start(experiment: Experiment, shapes: Shapes, x: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    """Average the loss of a network of zeros, whose output is the same for all inputs."""
    trial = Trial(experiment, shapes)
    blank = variables_shapes(trial.model, shapes.shape)
    zeros = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), blank)
    z = np.asarray(jax.jit(lambda v, x: trial.logits(v, x, {}))(zeros, x[:1]))
    if loss_of(experiment.loss).takes_raw and shapes.goal == "classification":
        z = np.broadcast_to(z, (len(y), *z.shape[1:]))
        y = (y.argmax(axis=1) if y.shape[1] > 1 else y[:, 0]).astype(np.int32)
    else:
        z = np.broadcast_to(z, y.shape)
    return _loss(make_loss(experiment.loss, experiment.model.output_activation), y, z, w)


def _loss(loss: object, y: Array, p: Array, w: Array) -> float:
    mean = jax.jit(lambda y, p, w: jnp.average(loss(y, p), weights=w))  # type: ignore[operator]
    return float(mean(jnp.asarray(y), jnp.asarray(p), jnp.asarray(w)))

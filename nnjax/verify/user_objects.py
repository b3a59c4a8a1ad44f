"""Refuse losses, objectives and metrics of the user's that do not fit, and hyperparameters that nothing reads.

A model that yields probabilities where logits are expected is warned of.

Each is traced, on shapes alone, before anything is compiled or written.
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.checks.finding import Finding
from nnjax.checks.fit import summarize_targets
from nnjax.checks.rules.rule_input import TOLERANCE
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, TrialSpec
from nnjax.core.object_refs import ObjectRef
from nnjax.core.types import Array, Prepared
from nnjax.models.model import Variables
from nnjax.models.output_range import output_range
from nnjax.models.registry import make_model, own_output_shape, traits_of
from nnjax.models.user_models import ignores_key, reads, takes_whole_numbers
from nnjax.nn.activations import activation_of
from nnjax.nn.gradient_clipping import CLIPS
from nnjax.nn.losses import loss_of, takes_logits
from nnjax.nn.metrics import metric_of
from nnjax.nn.optimizers import optimizer_of
from nnjax.nn.schedules import schedule_of
from nnjax.nn.user_functions import Reads, trace_twice
from nnjax.train.engine.batches import Batch
from nnjax.train.engine.device_data import Shapes, make_shapes
from nnjax.train.engine.trial import Trial

OF_OURS = ("dropout", "init_scale")  # what our models read, and a user's only where it asks for them


def refuse_unfit_objects(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> None:
    """Refuse what of the user's does not fit its data.

    Raises:
      UserError: a loss, objective or metric fails, gives something else than one value for each example, or keeps
        values between calls; a hyperparameter that nothing reads, or that is needed and not set.
    """
    for key in dict.fromkeys(spec.experiment.program_key for spec in specs):
        own = isinstance(key.loss, ObjectRef) or any(isinstance(metric, ObjectRef) for metric in key.metrics or ())
        if own or traits_of(key.model).own or key.hyperparameters.others:
            shapes = make_shapes(key, prepared[key.data])
            _refuse_two_losses(key, shapes)
            _refuse_unread(key, shapes)
            _refuse_scaled_numbers(key, prepared[key.data])
            _trace(key, shapes)


def _refuse_scaled_numbers(key: Experiment, prepared: Prepared) -> None:
    """Refuse scaled inputs of a model that turns them into whole numbers: token ids from 0 to 255 would all be 0."""
    scaler, facts = prepared.x_scaler, prepared.facts()
    scaled = bool((np.asarray(scaler.scale) != 1).any() or (np.asarray(scaler.mean) != 0).any())
    if scaled and isinstance(key.model.kind, ObjectRef) and takes_whole_numbers(key.model, facts.example_shape):
        raise UserError(
            f"The model turns its inputs into whole numbers, but data.scaling={key.data.scaling} scales them first: "
            "give token ids and other codes unscaled, nnjax.from_arrays(x, y, integers=True), or set data.scaling=none."
        )


def judge_outputs(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> list[tuple[str, Finding]]:
    """Warn of a user's model whose outputs do not suit the loss or the targets, or whose weights no seed changes."""
    arms: dict[tuple[ModelConfig, str, DataConfig], list[str]] = {}
    for spec in specs:
        experiment = spec.experiment
        arms.setdefault((experiment.model, experiment.loss, experiment.data), []).append(spec.arm)
    found = [
        (", ".join(dict.fromkeys(some)), _judge_output(model, loss, prepared[data]))
        for (model, loss, data), some in arms.items()
    ]
    return [(some, finding) for some, finding in found if finding is not None] + _judge_draws(specs, prepared)


def _judge_draws(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> list[tuple[str, Finding]]:
    """Warn of models that draw the same weights for all of several seeds."""
    seeds: dict[tuple[ModelConfig, DataConfig], dict[int, str]] = {}
    for spec in specs:
        if isinstance(spec.experiment.model.kind, ObjectRef):
            kind = spec.experiment.model, spec.experiment.data
            seeds.setdefault(kind, {})[spec.experiment.seed] = spec.arm
    finding = Finding(
        "same-draws",
        "warning",
        "The model draws the same weights for every seed, because it does not draw them from the key or rngs that it "
        "gets: seeds change the order of the examples alone.",
        "Draw the weights from that key (seed=rngs.params() of a model with a seed of its own), or pass "
        "nnjax.given(module) where all trials are to begin with the same weights.",
    )
    return [
        (", ".join(dict.fromkeys(arms.values())), finding)
        for (model, data), arms in seeds.items()
        if len(arms) > 1 and ignores_key(model, prepared[data].facts().example_shape)
    ]


def _judge_output(model: ModelConfig, loss: str, prepared: Prepared) -> Finding | None:
    """Compare what a user's model can yield with what the loss takes."""
    facts, record, traits = prepared.facts(), loss_of(loss), traits_of(model)
    if not isinstance(model.kind, ObjectRef) or record.objective is not None:
        return None
    low, high = output_range(model, facts.example_shape)
    goal, bare = traits.goal(facts.task), record.of_logits or activation_of(model.output_activation).linear
    if low >= 0 and high <= 1:
        width = math.prod(own_output_shape(model, facts.example_shape))
        expects = (record.remark or goal == "classification") and record.of_logits and takes_logits(loss, width)
        if expects or not bare:
            what = "" if expects else f", to which {model.output_activation} is applied"
            sentence = (
                f"The model yields numbers from 0 to 1, as after softmax or sigmoid, but {record.name} expects "
                f"logits{what}: it learns worse so, or nothing."
            )
            remedy = "Leave the last activation out of the model, which then yields logits."
            return Finding("two-activations", "warning", sentence, remedy)
    if goal == "classification" or record.compares == "anything" or not bare or (low, high) == (-math.inf, math.inf):
        return None
    targets = summarize_targets(prepared, traits.reconstructs)
    if low - TOLERANCE <= targets.minimum and targets.maximum <= high + TOLERANCE:
        return None
    ends = f"from {low:.3g} to {high:.3g}" if math.isfinite(high - low) else f"above {low:.3g}"
    ends = f"below {high:.3g}" if low == -math.inf else ends
    sentence = (
        f"The model yields numbers {ends} by its last activation, but the targets go from {targets.minimum:.3g} to "
        f"{targets.maximum:.3g}."
    )
    name = "data.scaling" if traits.reconstructs else "data.target_scaling"
    return Finding("targets-unreachable", "warning", sentence, f"Leave that activation out, or set {name}=minmax.")


def _refuse_two_losses(experiment: Experiment, shapes: Shapes) -> None:
    """Refuse a model with loss terms of its own where an objective runs it, perhaps several times."""
    loss = loss_of(experiment.loss)
    if loss.objective is None or not traits_of(experiment.model).own:
        return
    if make_model(experiment.model, shapes.shape, 0).losses is not None:
        raise UserError(
            f"The model adds terms to its loss (regularizers or add_loss), but the objective {loss.name} runs it and "
            "would leave them out: give the model none, and add them in the objective."
        )


def _refuse_unread(experiment: Experiment, shapes: Shapes) -> None:
    """Refuse hyperparameters that neither the optimizer, the schedule, the model nor the objective read."""
    present, own = set(experiment.hyperparameters.present()), traits_of(experiment.model).own
    named = {name for name, _ in experiment.hyperparameters.others} - {"ema_decay", *CLIPS}
    named |= present & set(OF_OURS) if own else set()
    known = {*optimizer_of(experiment.optimizer.name).reads, *schedule_of(experiment.optimizer.schedule).reads}
    readers: dict[str, Reads] = {}
    if own:
        readers["model"] = reads(experiment.model, shapes.shape)
    if loss_of(experiment.loss).objective is not None:
        readers["objective"] = _reads_of_objective(experiment, shapes)
    for notes in readers.values():
        known |= {*notes.required, *notes.optional}
    for name in sorted(named - known):
        close = difflib.get_close_matches(name, sorted(known), n=2)
        meant = f"; did you mean {' or '.join(close)}?" if close else ": leave it out."
        who = "neither " + " nor ".join(f"the {one}" for one in (*(readers or ("model",)), "optimizer"))
        raise UserError(f"The hyperparameter {name} is set, but {who} reads it{meant}")
    for what, notes in readers.items():
        for name in notes.required:
            if name not in present:
                raise UserError(f"{name} is not set, but the {what} needs it: set hyperparameters.{name}.")


def _reads_of_objective(experiment: Experiment, shapes: Shapes) -> Reads:
    """Note the hyperparameters that an objective, with the model that it runs, asks for."""
    trial, notes = Trial(experiment, shapes), Reads(jnp.float32(1))
    for train in (True, False):
        jax.eval_shape(
            lambda variables, batch, train=train: trial.by_objective(
                variables, batch, train=train, key=jax.random.key(0), hyper=notes
            ),
            _blank_variables(trial),
            trial.blank_batch(),
        )
    return notes


def _blank_variables(trial: Trial) -> Variables:
    """Return the shapes of the model's variables, whatever hyperparameters it asks for."""
    example = jax.eval_shape(trial.shaped, jax.ShapeDtypeStruct((1, trial.shapes.num_inputs), trial.dtype))
    return jax.eval_shape(lambda key, x: trial.model.init(key, x, Reads(jnp.float32(1))), jax.random.key(0), example)


def _trace(experiment: Experiment, shapes: Shapes) -> None:
    """Trace the user's loss or objective, with its gradient, and the user's metrics."""
    trial = Trial(experiment, shapes)
    batch, loss = trial.blank_batch(), trial.loss_record
    outputs = own_output_shape(experiment.model, shapes.shape) if trial.own else (shapes.num_outputs,)
    z = jax.ShapeDtypeStruct((experiment.batch_size, *outputs), trial.dtype)

    def of_loss(z: Array, batch: Batch) -> Array:
        return jax.grad(lambda z: jnp.sum(trial.losses(batch, batch.y, z)))(z)

    def of_objective(variables: Variables, batch: Batch) -> Any:
        key, hyper = jax.random.key(0), Reads(jnp.float32(1))
        values, _, metrics = trial.by_objective(variables, batch, train=True, key=key, hyper=hyper)
        return values, metrics

    if isinstance(experiment.loss, ObjectRef):
        if loss.objective is None:
            trace_twice(f"The loss {loss.name}", of_loss, z, batch)
        else:
            trace_twice(f"The objective {loss.name}", of_objective, _blank_variables(trial), batch)
    p = jax.ShapeDtypeStruct((experiment.batch_size, math.prod(outputs)), trial.dtype)
    for metric in map(metric_of, experiment.metrics or ()):
        y = batch.held if metric.takes_raw else batch.y
        found = trace_twice(f"The metric {metric.name}", metric.of_examples, y, p)
        if found.shape != ():
            raise UserError(
                f"The metric {metric.name} has values of shape {list(found.shape)}, but one number was expected."
            )

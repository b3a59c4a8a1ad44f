"""The pure functions of one trial: draw its weights and take a step; `evaluation.py` evaluates and closes epochs.

`block.py` vectorizes these over lanes and loops over steps; `programs.py` lays blocks over devices.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.structure import unflatten
from nnjax.core.types import Array, Count, Float, Gathered, Key, Params, Scalar, TrialState, UInt
from nnjax.models.envelope import BATCHES, FIRST, OPTIMIZER, SCHEDULE, has
from nnjax.models.envelope_network import make_envelope
from nnjax.models.model import Variables
from nnjax.models.registry import make_model, traits_of
from nnjax.nn import objectives
from nnjax.nn.activations import activation_of
from nnjax.nn.augmentation import make_augmentation
from nnjax.nn.losses import l1_penalty, l2_penalty, loss_of, make_loss
from nnjax.nn.metrics import metric_of
from nnjax.nn.optimizer_choice import choose_optimizer, choose_schedule
from nnjax.nn.optimizers import make_optimizer, optimizer_of
from nnjax.nn.schedules import make_schedule
from nnjax.train.engine import gathering
from nnjax.train.engine.batches import Batch, Index, Mask, gather, split_batch
from nnjax.train.engine.curve_names import curve_name, metric_names
from nnjax.train.engine.device_data import DeviceData, Shapes

Hyper = dict[str, Scalar]
INIT, DROPOUT, AUGMENT = 0, 2, 3  # what a trial's seed is folded with (batches.ORDER is 1)


class Trial:
    """The functions of one trial for one experiment; an instance holds static choices only, nothing that changes.

    Args:
      experiment: its static part is used, and which hyperparameters it has.
      shapes: static facts about the data.
      batch_axis: name of the mesh axis over which each batch is split; None where it is not.
    """

    def __init__(self, experiment: Experiment, shapes: Shapes, batch_axis: str | None = None):
        config = experiment.model
        self.experiment, self.shapes, self.batch_axis = experiment, shapes, batch_axis
        self.own, self.envelope = traits_of(config).own, shapes.envelope
        self.gathers = self.envelope is not None and bool(self.envelope.batch_sizes)
        if self.envelope is None:
            self.model = make_model(config, shapes.shape, shapes.num_outputs)
        else:
            self.model = make_envelope(config, self.envelope, shapes.num_inputs, shapes.num_outputs)
        self.signals = bool(experiment.signals) and not self.own
        self.loss_record, self.loss = loss_of(experiment.loss), make_loss(experiment.loss, config.output_activation)
        self.output, self.rule = activation_of(config.output_activation), optimizer_of(experiment.optimizer.name)
        self.by_own = None if self.loss_record.objective is None else objectives.make_objective(experiment.loss)
        self.augmentation = make_augmentation(shapes.augment, shapes.image_shape)
        self.dtype = jnp.float64 if config.dtype == "float64" else jnp.float32
        self.parts = ("train_eval",) * shapes.has_train_eval + ("validation",) * shapes.has_validation
        self.epoch_metrics, self.final_metrics = (
            {metric.name: metric for metric in map(metric_of, metric_names(experiment, shapes, final))}
            for final in (False, True)
        )

    def curve_names(self) -> list[str]:
        """Names of the curves that an epoch adds a point to."""
        names = ("loss", *self.epoch_metrics, *self.objective_metrics)
        return ["train_loss", *(curve_name(part, name) for part in self.parts for name in names)]

    def init(self, hyper: Hyper, seed: UInt[Array, ""]) -> TrialState:
        """Draw the initial weights from the seed (uint32 [])."""
        key = jax.random.fold_in(jax.random.key(seed), INIT)
        example = self.shaped(jnp.zeros((1, self.shapes.num_inputs), self.dtype))
        return self.start(hyper, seed, self.model.init(key, example, hyper))

    def start(self, hyper: Hyper, seed: UInt[Array, ""], variables: Variables) -> TrialState:
        """Begin at given weights with a fresh optimizer state."""
        zero, none = jnp.zeros((), self.dtype), jnp.int32(0)
        params, model_state = variables
        return TrialState(
            params=params,
            opt_state=self.optimizer(hyper, jnp.int32(1)).init(params),
            step=none,
            seed=seed,
            loss_sum=zero,
            weight_sum=zero,
            best_params=params,
            best_value=jnp.full((), jnp.inf, self.dtype),
            best_epoch=none,
            bad_step=none,
            model_state=model_state,
            best_model_state=model_state,
            gathered=self.nothing_yet(params),
        )

    def nothing_yet(self, params: Params) -> Gathered | None:
        """Return what is gathered of a batch before it begins; None where batches are not gathered."""
        return gathering.nothing_yet(params, self.dtype) if self.gathers else None

    def apply(
        self, variables: Variables, x: Float[Array, "b d"], *, train: bool, key: Key | None, hyper: Hyper
    ) -> tuple[Float[Array, "b ..."], Any, Scalar | float]:
        """Apply the network to examples [b, d]: what it yields, its new state, and terms of its own for the loss.

        A user's model gets them in their shape, and computes in bfloat16 where `ModelConfig.dtype` says so.
        """
        model = self.model
        if not self.own:
            return *model.apply(variables, x, train=train, key=key, hyper=hyper), 0.0
        x = self.shaped(x)
        if self.experiment.model.dtype == "bfloat16":
            params, x = jax.tree.map(_to_bfloat16, (variables.params, x))
            variables = variables._replace(params=params)
        extra: Scalar | float = 0.0
        if train and model.losses is not None:
            z, state, extra = model.losses(variables, x, train=train, key=key, hyper=hyper)
        else:
            z, state = model.apply(variables, x, train=train, key=key, hyper=hyper)
        state = jax.tree.map(lambda new, old: new.astype(old.dtype), state, variables.state)
        return z.astype(self.dtype), state, extra

    def logits(self, variables: Variables, x: Float[Array, "b d"], hyper: Hyper) -> Float[Array, "b ..."]:
        """Apply the network in evaluation mode, before the output activation."""
        return self.apply(variables, x, train=False, key=None, hyper=hyper)[0]

    def shaped(self, x: Float[Array, "b d"]) -> Any:
        """Give examples the shape that the model reads, or the arrays that they are."""
        return unflatten(x, self.shapes.shape) if self.own else x

    def by_objective(
        self, variables: Variables, batch: Batch, *, train: bool, key: Key, hyper: Mapping[str, Any]
    ) -> tuple[Float[Array, " b"], Any, Mapping[str, Float[Array, " b"]]]:
        """Compute the values of the user's objective, which runs the model itself, the model's new state, and more."""

        def apply(variables: Variables, x: Array, *, key: Key | None, hyper: Any) -> tuple[Array, Any]:
            return self.apply(variables, x, train=train, key=key if train else None, hyper=hyper)[:2]

        examples, reconstructs = self.shaped(batch.x), self.shapes.goal == "reconstruction"
        whole = objectives.Batch(examples, examples if reconstructs else batch.held, batch.w)
        assert self.by_own is not None
        return self.by_own(apply, variables, whole, key=key, hyper=hyper)

    @functools.cached_property
    def objective_metrics(self) -> tuple[str, ...]:
        """Name what the user's objective reports beside its values.

        Raises:
          UserError: a name that is a metric's too.
        """
        if self.by_own is None:
            return ()
        number = jax.ShapeDtypeStruct((), self.dtype)
        hyper = dict.fromkeys(self.experiment.hyperparameters.present(), number)
        state = jax.eval_shape(self.init, hyper, jax.ShapeDtypeStruct((), np.uint32))

        def metrics(hyper: Hyper, state: TrialState, batch: Batch) -> Any:
            variables = Variables(state.params, state.model_state)
            return self.by_objective(variables, batch, train=False, key=jax.random.key(0), hyper=hyper)[2]

        names = tuple(jax.eval_shape(metrics, hyper, state, self.blank_batch()))
        for name in names:
            if name in ("loss", *self.epoch_metrics, *self.final_metrics):
                raise UserError(f"The objective reports {name!r}, which is a metric's name: give it another.")
        return names

    def blank_batch(self) -> Batch:
        """Return the shapes of a batch."""
        b, d = self.experiment.batch_size, self.shapes.num_inputs
        k = {"reconstruction": d, "regression": self.shapes.num_targets}.get(self.shapes.goal, 0)
        rows = (b, k or self.shapes.num_outputs)
        raw = jax.ShapeDtypeStruct((b,), np.int32) if self.shapes.goal == "classification" else None
        x, y, w = (jax.ShapeDtypeStruct(shape, self.dtype) for shape in ((b, d), rows, (b,)))
        return Batch(cast(Array, x), cast(Array, y), cast(Array, w), cast(Array, raw))

    def losses(self, batch: Batch, y: Float[Array, "b k"], z: Float[Array, "b ..."]) -> Float[Array, " b"]:
        """Return the loss of each example: ours of rows [b, k], another's of what data hold and the model yields."""
        if not self.loss_record.of_logits:
            z = z.reshape(len(z), -1)
        return self.loss(batch.held if self.loss_record.takes_raw else y, z)

    def optimizer(self, hyper: Hyper, total_steps: Count) -> optax.GradientTransformation:
        """Build the optimizer from traced hyperparameters and a traced horizon."""
        config, envelope = self.experiment.optimizer, self.envelope
        if envelope is not None:
            schedule = choose_schedule(envelope.schedules, hyper.get(SCHEDULE), hyper, total_steps)
            return choose_optimizer(
                envelope.optimizers, hyper.get(OPTIMIZER), hyper, functools.partial(has, hyper), schedule
            )
        return make_optimizer(config.name, config.preset, hyper, make_schedule(config.schedule, hyper, total_steps))

    def batch(self, data: DeviceData, index: Index, weight: Mask) -> Batch:
        """Fetch the examples at index [b], on a batch axis only this device's share of them."""
        if self.batch_axis is not None:
            index, weight = split_batch(index, weight, self.batch_axis)
        return gather(data, self.shapes, index, weight)

    def training_batch(self, data: DeviceData, index: Index, weight: Mask) -> Batch:
        """Fetch the examples at index [b], with the weights of their classes."""
        batch = self.batch(data, index, weight)
        return batch if data.class_weights is None else batch._replace(w=batch.w * data.class_weights[batch.raw])

    def total(self, value: Float[Array, "..."]) -> Float[Array, "..."]:
        """Sum over the devices that share a batch."""
        return value if self.batch_axis is None else jax.lax.psum(value, self.batch_axis)

    def step(
        self, hyper: Hyper, state: TrialState, batch: Batch, total_steps: Count, per_epoch: Count | None = None
    ) -> TrialState:
        """Take one optimizer step on one batch; where batches are gathered, on the last part of one.

        Args:
          hyper, state, batch: of the trial.
          total_steps: of its training.
          per_epoch: steps of an epoch; only read where batches are gathered.
        """
        batch = self.augment(state, batch)
        size = self.total(jnp.sum(batch.w))
        objective = self.objective(hyper, state, batch, size, per_epoch)
        (value, model_state), grads = jax.value_and_grad(objective, has_aux=True)(state.params)
        value, grads = jax.tree.map(self.total, (value, grads))
        gathered = None
        if state.gathered is not None and per_epoch is not None:
            gathered = gathering.gather(state.gathered, grads, size)
            grads = gathering.mean(gathered)
            total_steps, _ = gathering.own_steps(total_steps, hyper[BATCHES], per_epoch)
        params, opt_state = self.update(hyper, state, total_steps, value, grads, objective)
        if gathered is not None and per_epoch is not None:
            whole = gathering.is_whole(state.step, hyper[BATCHES], per_epoch)
            before, after = (state.params, state.opt_state, gathered), (params, opt_state, self.nothing_yet(params))
            params, opt_state, gathered = jax.tree.map(lambda new, old: jnp.where(whole, new, old), after, before)
        bad = (state.bad_step == 0) & ~jnp.isfinite(value)
        return state._replace(
            params=params,
            opt_state=opt_state,
            step=state.step + 1,
            loss_sum=state.loss_sum + value * size,
            weight_sum=state.weight_sum + size,
            bad_step=jnp.where(bad, state.step + 1, state.bad_step),
            model_state=model_state,
            gathered=gathered,
        )

    def update(
        self,
        hyper: Hyper,
        state: TrialState,
        total_steps: Count,
        value: Scalar,
        grads: Params,
        objective: Callable[[Params], tuple[Scalar, Any]],
    ) -> tuple[Params, Any]:
        """Let the optimizer change the weights; frozen ones have no gradient and stay as they are."""
        frozen = self.frozen(state.params)
        if frozen is not None:
            grads = jax.tree.map(lambda stay, g: jnp.zeros_like(g) if stay else g, frozen, grads)
        grads = self.inside(hyper, grads)

        def value_fn(params: Params, *_: Any, **__: Any) -> Scalar:
            return self.total(objective(params)[0])

        given = {"value": value, "grad": grads, "value_fn": value_fn, "obj_fn": value_fn}
        updates, opt_state = self.optimizer(hyper, total_steps).update(
            grads, state.opt_state, state.params, **{name: given[name] for name in self.rule.needs}
        )
        params = optax.apply_updates(state.params, self.inside(hyper, updates))
        if frozen is not None:
            params = jax.tree.map(lambda stay, new, old: old if stay else new, frozen, params, state.params)
        return params, opt_state

    def inside(self, hyper: Hyper, params: Params) -> Params:
        """Set to zero what of an envelope's weights are not this trial's own."""
        return params if self.model.inside is None else self.model.inside(hyper, params)

    def frozen(self, params: Params) -> Params | None:
        """Say of each weight whether it stays as it is; None where all are trained."""
        return None if self.model.trainable is None else jax.tree.map(operator.not_, self.model.trainable(params))

    def evaluated(self, state: TrialState) -> Variables:
        """Return the variables to evaluate at: the weights, or the average of them that the optimizer keeps."""
        params, frozen = self.rule.eval_params(state.opt_state, state.params), self.frozen(state.params)
        if frozen is not None:
            params = jax.tree.map(lambda stay, new, old: old if stay else new, frozen, params, state.params)
        return Variables(params, state.model_state)

    def key_of(self, state: TrialState, use: int) -> Key:
        """Return the key of a step for one use; on a batch axis each device its own."""
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(state.seed), use), state.step)
        return key if self.batch_axis is None else jax.random.fold_in(key, jax.lax.axis_index(self.batch_axis))

    def augment(self, state: TrialState, batch: Batch) -> Batch:
        """Transform a training batch; where the input is the target, the target too."""
        if self.augmentation is None:
            return batch
        x = self.augmentation(self.key_of(state, AUGMENT), batch.x)
        return batch._replace(x=x, y=x if self.shapes.goal == "reconstruction" else batch.y)

    def objective(
        self, hyper: Hyper, state: TrialState, batch: Batch, size: Scalar, per_epoch: Count | None = None
    ) -> Callable[[Params], tuple[Scalar, Any]]:
        """Return the training loss of one batch as a function of the weights: mean loss plus penalties.

        Beside its value comes the model's new state.
        """
        if self.gathers and per_epoch is not None:
            step, done = gathering.own_steps(state.step, hyper[BATCHES], per_epoch)
            state, hyper = state._replace(step=step), hyper | {FIRST: done * self.experiment.batch_size}
        key = self.key_of(state, DROPOUT)
        y = self.smooth(hyper, batch.y)
        if self.experiment.class_weight is not None or self.gathers:  # all of a batch may have weight 0
            size = jnp.where(size > 0, size, 1)

        def value(params: Params) -> tuple[Scalar, Any]:
            """Return the loss at weights, and the model's new state."""
            variables = Variables(params, state.model_state)
            if self.by_own is not None:
                values, model_state, _ = self.by_objective(variables, batch, train=True, key=key, hyper=hyper)
                return jnp.sum(values * batch.w) / size + self.penalty(hyper, params), model_state
            z, model_state, extra = self.apply(variables, batch.x, train=True, key=key, hyper=hyper)
            loss = jnp.sum(self.losses(batch, y, z) * batch.w) / size + self.penalty(hyper, params)
            return (loss + extra if self.model.losses is not None else loss), model_state

        return value

    def smooth(self, hyper: Hyper, y: Float[Array, "b k"]) -> Float[Array, "b k"]:
        """Spread a share of class targets [b, k] evenly over all classes (Szegedy et al. 2016, section 7)."""
        amount = hyper.get("label_smoothing")
        if amount is None:
            return y
        return y * (1 - amount) + amount / max(self.shapes.num_outputs, 2)

    def penalty(self, hyper: Hyper, params: Params) -> Scalar:
        """Weigh l1 sum|w| + l2 sum w^2 over the kernels that are trained; on a batch axis this device's share of it."""
        value, frozen = jnp.zeros((), self.dtype), self.frozen(params)
        if frozen is not None:
            params = jax.tree.map(lambda stay, leaf: jnp.zeros_like(leaf) if stay else leaf, frozen, params)
        for name, penalty in (("l1", l1_penalty), ("l2", l2_penalty)):
            if name in hyper:
                there = has(hyper, name)  # of weights that overflow, nothing times the penalty is NaN
                some = params if there is True else jax.tree.map(lambda w, there=there: jnp.where(there, w, 0), params)
                value += hyper[name] * penalty(some)
        return value if self.batch_axis is None else value / jax.lax.axis_size(self.batch_axis)


def _to_bfloat16(leaf: Array) -> Array:
    return leaf.astype(jnp.bfloat16) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

"""The pure functions of one trial: draw its weights, apply its network; see `training_step`, `evaluation`.

`block.py` vectorizes these over lanes and loops over steps; `programs.py` lays blocks over devices.
"""

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
from nnjax.core.multi_input import unflatten
from nnjax.core.types import Array, Count, Float, Gathered, Key, Params, Scalar, TrialState, UInt
from nnjax.models.envelope import OPTIMIZER, SCHEDULE, has
from nnjax.models.envelope_network import make_envelope
from nnjax.models.model import Variables
from nnjax.models.registry import make_model, traits_of
from nnjax.nn import objectives
from nnjax.nn.activations import activation_of
from nnjax.nn.augmentation import make_augmentation
from nnjax.nn.losses import loss_of, make_loss
from nnjax.nn.metrics import Metric, metric_of
from nnjax.nn.optimizer_choice import choose_optimizer, choose_schedule
from nnjax.nn.optimizers import make_optimizer, optimizer_of
from nnjax.nn.schedules import make_schedule
from nnjax.train.engine import gradient_accumulation as accumulation
from nnjax.train.engine.batches import Batch, Index, Mask, gather, split_batch
from nnjax.train.engine.curve_names import curve_name, metric_names
from nnjax.train.engine.device_data import DeviceData, Shapes

Hyper = dict[str, Scalar]
INIT, EVALUATION = 0, 4  # what seeds are folded with (ORDER of `batches` is 1, those of `training_step` 2 and 3)


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

    @functools.cached_property
    def statistics(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """`batch_statistics` of epochs and at the end, traced once for all parts and for the shapes of their sums."""
        of_epochs, at_end = self.epoch_metrics, self.final_metrics
        traced = (jax.jit(functools.partial(self.batch_statistics, own), inline=True) for own in (of_epochs, at_end))
        return next(traced), next(traced)

    def batch_statistics(
        self, metrics: Mapping[str, Metric], hyper: Hyper, variables: Variables, batch: Batch, origin: Batch | None
    ) -> dict[str, Float[Array, "b ..."]]:
        """Return the statistics of each metric and the losses on a batch; `origin` holds the part's first example."""
        z = self.logits(variables, batch.x, hyper)
        p = self.output(z.reshape(len(z), -1))
        found = {}
        for name, metric in metrics.items():
            y, given = batch.held if metric.takes_raw else batch.y, p
            if metric.shifts and origin is not None:  # beside the part's first target, where that is more precise
                y, given = y - origin.y, p - origin.y
            found[name] = metric.statistics(y, given)
        if self.by_own is None:
            return found | {"loss": self.losses(batch, batch.y, z)}
        key = jax.random.key(EVALUATION)
        values, _, more = self.by_objective(variables, batch, train=False, key=key, hyper=hyper)
        return found | {"loss": values, **more}

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
        return accumulation.nothing_yet(params, self.dtype) if self.gathers else None

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


def _to_bfloat16(leaf: Array) -> Array:
    return leaf.astype(jnp.bfloat16) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

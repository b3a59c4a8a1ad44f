"""The training step of one trial: the loss of a batch, its gradient, and what the optimizer makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import optax

from nnjax.core.types import Array, Count, Float, Params, Scalar, TrialState
from nnjax.models.envelope import BATCHES, FIRST, has
from nnjax.models.model import Variables
from nnjax.nn.losses import l1_penalty, l2_penalty
from nnjax.train.engine import gradient_accumulation as accumulation
from nnjax.train.engine.batches import Batch

if TYPE_CHECKING:
    from nnjax.train.engine.trial import Hyper, Trial

DROPOUT, AUGMENT = 2, 3  # what a trial's seed is folded with (`trial.INIT` is 0, `batches.ORDER` 1)


def step(
    trial: Trial, hyper: Hyper, state: TrialState, batch: Batch, total_steps: Count, per_epoch: Count | None = None
) -> TrialState:
    """Take one optimizer step on one batch; where batches are gathered, on the last part of one.

    Args:
      hyper, state, batch: of the trial.
      total_steps: of its training.
      per_epoch: steps of an epoch; only read where batches are gathered.
    """
    batch = augment(trial, state, batch)
    size = trial.total(jnp.sum(batch.w))
    loss = batch_loss(trial, hyper, state, batch, size, per_epoch)
    (value, model_state), grads = jax.value_and_grad(loss, has_aux=True)(state.params)
    value, grads = jax.tree.map(trial.total, (value, grads))
    gathered = None
    if state.gathered is not None and per_epoch is not None:
        gathered = accumulation.gather(state.gathered, grads, size)
        grads = accumulation.mean(gathered)
        total_steps, _ = accumulation.own_steps(total_steps, hyper[BATCHES], per_epoch)
    params, opt_state = update(trial, hyper, state, total_steps, value, grads, loss)
    if gathered is not None and per_epoch is not None:
        whole = accumulation.is_whole(state.step, hyper[BATCHES], per_epoch)
        before, after = (state.params, state.opt_state, gathered), (params, opt_state, trial.nothing_yet(params))
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
    trial: Trial,
    hyper: Hyper,
    state: TrialState,
    total_steps: Count,
    value: Scalar,
    grads: Params,
    loss: Callable[[Params], tuple[Scalar, Any]],
) -> tuple[Params, Any]:
    """Let the optimizer change the weights; frozen ones have no gradient and stay as they are."""
    frozen = trial.frozen(state.params)
    if frozen is not None:
        grads = jax.tree.map(lambda stay, g: jnp.zeros_like(g) if stay else g, frozen, grads)
    grads = trial.inside(hyper, grads)

    def value_fn(params: Params, *_: Any, **__: Any) -> Scalar:
        """Return the loss at other weights, as line searches ask for it."""
        return trial.total(loss(params)[0])

    given = {"value": value, "grad": grads, "value_fn": value_fn, "obj_fn": value_fn}
    updates, opt_state = trial.optimizer(hyper, total_steps).update(
        grads, state.opt_state, state.params, **{name: given[name] for name in trial.rule.needs}
    )
    params = optax.apply_updates(state.params, trial.inside(hyper, updates))
    if frozen is not None:
        params = jax.tree.map(lambda stay, new, old: old if stay else new, frozen, params, state.params)
    return params, opt_state


def augment(trial: Trial, state: TrialState, batch: Batch) -> Batch:
    """Transform a training batch; where the input is the target, the target too."""
    if trial.augmentation is None:
        return batch
    x = trial.augmentation(trial.key_of(state, AUGMENT), batch.x)
    return batch._replace(x=x, y=x if trial.shapes.goal == "reconstruction" else batch.y)


def batch_loss(
    trial: Trial, hyper: Hyper, state: TrialState, batch: Batch, size: Scalar, per_epoch: Count | None = None
) -> Callable[[Params], tuple[Scalar, Any]]:
    """Return the training loss of one batch as a function of the weights: mean loss plus penalties.

    Beside its value comes the model's new state.
    """
    if trial.gathers and per_epoch is not None:
        step, done = accumulation.own_steps(state.step, hyper[BATCHES], per_epoch)
        state, hyper = state._replace(step=step), hyper | {FIRST: done * trial.experiment.batch_size}
    key = trial.key_of(state, DROPOUT)
    y = smooth_labels(trial, hyper, batch.y)
    if trial.experiment.class_weight is not None or trial.gathers:  # all of a batch may have weight 0
        size = jnp.where(size > 0, size, 1)

    def value(params: Params) -> tuple[Scalar, Any]:
        """Return the loss at weights, and the model's new state."""
        variables = Variables(params, state.model_state)
        if trial.by_own is not None:
            values, model_state, _ = trial.by_objective(variables, batch, train=True, key=key, hyper=hyper)
            return jnp.sum(values * batch.w) / size + penalty(trial, hyper, params), model_state
        z, model_state, extra = trial.apply(variables, batch.x, train=True, key=key, hyper=hyper)
        loss = jnp.sum(trial.losses(batch, y, z) * batch.w) / size + penalty(trial, hyper, params)
        return (loss + extra if trial.model.losses is not None else loss), model_state

    return value


def smooth_labels(trial: Trial, hyper: Hyper, y: Float[Array, "b k"]) -> Float[Array, "b k"]:
    """Spread a share of class targets [b, k] evenly over all classes (Szegedy et al. 2016, section 7)."""
    amount = hyper.get("label_smoothing")
    if amount is None:
        return y
    return y * (1 - amount) + amount / max(trial.shapes.num_outputs, 2)


def penalty(trial: Trial, hyper: Hyper, params: Params) -> Scalar:
    """Weigh l1 sum|w| + l2 sum w^2 over the kernels that are trained; on a batch axis this device's share of it."""
    value, frozen = jnp.zeros((), trial.dtype), trial.frozen(params)
    if frozen is not None:
        params = jax.tree.map(lambda stay, leaf: jnp.zeros_like(leaf) if stay else leaf, frozen, params)
    for name, norm in (("l1", l1_penalty), ("l2", l2_penalty)):
        if name in hyper:
            there = has(hyper, name)  # of weights that overflow, nothing times the penalty is NaN
            some = params if there is True else jax.tree.map(lambda w, there=there: jnp.where(there, w, 0), params)
            value += hyper[name] * norm(some)
    return value if trial.batch_axis is None else value / jax.lax.axis_size(trial.batch_axis)

"""Optimizers, one record each, in the forms and with the defaults of four libraries and one paper.

Libraries share names and differ in numbers: "adadelta" is rate 1 in Keras 2.3.1 and .001 in Keras 3, and Adam's ε is
added before the bias correction in Keras and after it in Optax and PyTorch. A preset fixes form and defaults together.

To add an optimizer, write its rule and its `Optimizer` record here and enter the record in `OPTIMIZERS`.

Sources, read: Keras 3.15 keras/src/optimizers, Optax 0.2.8 alias.py, PyTorch 2.13 torch/optim, a copy of Keras 2.3's
optimizers.py (SGD, RMSprop, Adagrad, Adadelta, Adam; it has no AdamW), Zeiler 2012 (arXiv:1212.5701, section 4.1).
"""

import dataclasses
import functools
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.object_refs import ObjectRef, is_path
from nnjax.core.types import Params, Scalar
from nnjax.nn import update_rules, user_optimizers
from nnjax.nn.averaging import eval_params, weight_ema
from nnjax.nn.gradient_clipping import CLIPS
from nnjax.nn.schedules import Schedule, schedule_of
from nnjax.nn.user_functions import without_object

Rule = Callable[[str, Mapping[str, Scalar]], optax.GradientTransformation]
Make = Callable[[Mapping[str, Scalar], Schedule], optax.GradientTransformation]

_UNKNOWN_RATE = 1e-3  # the middle of a search of the rates of an optimizer that nothing is known of

_KERAS = ("keras2", "keras3")
_EPSILON_INSIDE = ("optax", "keras3")  # RMSprop and Adagrad divide by sqrt(v + ε); the others by sqrt(v) + ε
_ADAGRAD_START = 0.1  # the accumulators' first value where ε is inside; 0 in the others


@dataclasses.dataclass(frozen=True, eq=False)
class Optimizer:
    """An update rule, its defaults, and the learning rates at which it works."""

    name: str  # as in `OptimizerConfig.name`
    rule: Rule | None  # (preset, hyperparameters) -> the Optax transformation before the learning rate
    presets: Mapping[str, Mapping[str, float]]  # {preset: {hyperparameter: default}}, of all that it needs
    usual_rate: float  # a learning rate that is usually good
    high_rate: float  # above it, ten to a hundred times the usual one, training is at risk
    # low_rate, low_rate_note: at or below it hardly anything is learned, and the sentence that says so
    low_rate: float = -math.inf
    low_rate_note: str = ""
    rate_first: tuple[str, ...] = ()  # presets in which gradients are scaled by the rate before the rule, not after it
    slots: int = 3  # arrays of the weights' size that a step passes over: gradients, and each moment
    # (hyper, schedule) -> the whole Optax transformation, instead of `rule`, for those that are not ours
    make: Make | None = None
    parameters: tuple[str, ...] = ()  # the hyperparameters that `make` reads
    required: tuple[str, ...] = ()  # those that must be set
    takes_schedule: bool = True  # its rate can change with time
    # what its update must get beside gradients, state and weights: "value", "grad", "value_fn", "obj_fn"
    needs: tuple[str, ...] = ()
    remark: str = ""  # a sentence on how it is called; "" for none
    factory: Any = None  # Optax's factory, or the user's; None for ours
    # (optimizer state, weights) -> the weights to evaluate at
    eval_params: Callable[[Any, Params], Params] = eval_params

    @property
    def reads_rate(self) -> bool:
        """Whether it reads the learning rate; the numbers of a ready transformation are constants."""
        return self.make is None or "learning_rate" in self.parameters

    @property
    def reads(self) -> tuple[str, ...]:
        """Name the hyperparameters that it needs beside learning_rate."""
        first = self.parameters if self.make is not None else next(iter(self.presets.values()))
        return tuple(name for name in first if name != "learning_rate")


def defaults(name: str, preset: str) -> dict[str, float]:
    """Name the hyperparameters that an optimizer needs, with the preset's defaults; UserError if it has none such."""
    try:
        known = optimizer_of(name).presets
    except KeyError:
        known = {}
    if preset not in known:
        raise UserError(
            f"Optimizer {name!r} was asked for in the form of preset {preset!r}, but "
            + (f"it exists in {', '.join(known)}: choose one of these." if known else "no preset has it.")
        )
    return dict(known[preset])


def resolve(experiment: Experiment) -> Experiment:
    """Fill in the hyperparameters that the optimizer and the schedule read and that are None; see `defaults`."""
    config = experiment.optimizer
    merged: dict[str, Any] = {**schedule_of(config.schedule).defaults} | defaults(config.name, config.preset)
    if schedule_of(config.schedule).absolute:
        merged.pop("learning_rate", None)  # nothing reads it
    merged |= experiment.hyperparameters.present()
    return dataclasses.replace(experiment, hyperparameters=Hyperparameters(**merged))


def optimizer_of(name: str) -> Optimizer:
    """Return the record of an optimizer: ours by name, Optax's ("lion", "optax.contrib.muon"), or that of an object.

    An object is a factory with a learning_rate (`optax.lion`, `functools.partial(optax.adamw, b2=0.95)`), a function
    (hyper, schedule) -> optax.GradientTransformation, such a transformation, or an `Optimizer`. Where a name is ours
    and Optax's, ours is meant ("optax.adam" for Optax's). A path that was not imported gives a record that has a name
    and cannot be called.

    Raises:
      KeyError: an unknown name (`invalid_values.validate` says so). UserError: an object that cannot be used, and why.
    """
    if isinstance(name, ObjectRef):
        return name.object if isinstance(name.object, Optimizer) else _own(name)
    if name in OPTIMIZERS:
        return OPTIMIZERS[name]
    if (factory := user_optimizers.optax_factory(name)) is not None:
        return _own(ObjectRef(factory))
    if is_path(name):
        label, refuse = name.rpartition(":")[2], without_object("optimizer", name, "optimizer")
        return Optimizer(label, None, _presets(), _UNKNOWN_RATE, math.inf, make=refuse)
    return OPTIMIZERS[name]


@functools.lru_cache(maxsize=256)
def _own(ref: ObjectRef) -> Optimizer:
    """Make the record of an optimizer that is not ours."""
    thing, label = ref.object, ref.label
    found = user_optimizers.find(thing, label)
    return Optimizer(
        label,
        None,
        {"optax": {} if found.rate is None else {"learning_rate": found.rate}},
        found.rate or _UNKNOWN_RATE,
        math.inf,
        make=found.make,
        parameters=found.reads,
        required=found.required,
        takes_schedule=found.takes_schedule,
        needs=found.needs,
        remark=found.remark,
        factory=thing,
    )


@functools.lru_cache(maxsize=1024)
def untraceable(name: str, parameter: str) -> str:
    """Say why a parameter that an optimizer reads cannot be traced, and so be no hyperparameter; "" where it can."""
    optimizer = optimizer_of(name)
    if optimizer.factory is None or parameter not in optimizer.parameters or parameter == "learning_rate":
        return ""
    if "learning_rate" not in inspect.signature(optimizer.factory).parameters:
        return ""  # traced when its record was made
    return user_optimizers.untraceable(optimizer.factory, optimizer.name, parameter)


def make_optimizer(
    name: str, preset: str, hyper: Mapping[str, Scalar], schedule: Schedule
) -> optax.GradientTransformationExtraArgs:
    """Build an optimizer inside jit or vmap, from traced values.

    Args:
      name, preset: as in `OptimizerConfig`.
      hyper: what `defaults` names, and those of `CLIPS`, weight_decay and ema_decay if they are there: float [], of the
        params' dtype.
      schedule: optimizer step (int32 [], from 0) -> learning rate [].

    Returns:
      An Optax transformation whose state holds arrays only; its update takes what `Optimizer.needs` names, and ignores
      more. Gradients are clipped first; weight_decay is decoupled (Loshchilov & Hutter 2019): it takes
      learning_rate · weight_decay · w from every parameter w; where the optimizer has a weight_decay of its own, it
      gets that. ema_decay averages the weights after each step, for `Optimizer.eval_params`.
    """
    optimizer = optimizer_of(name)
    if optimizer.make is not None:
        steps = [optimizer.make(hyper, schedule)]
    else:
        rate = optax.scale_by_schedule(lambda count: -schedule(count))
        rule = optimizer.rule(preset, hyper)  # type: ignore[misc]
        steps = [rate, rule] if preset in optimizer.rate_first else [rule, rate]
    for name, clip in CLIPS.items():
        if name in hyper and name not in optimizer.parameters:
            steps.insert(0, clip(hyper[name]))
    if "weight_decay" in hyper and "weight_decay" not in optimizer.parameters:
        steps.append(optax.add_decayed_weights(lambda count: -schedule(count) * hyper["weight_decay"]))
    if "ema_decay" in hyper and "ema_decay" not in optimizer.parameters:
        steps.append(weight_ema(hyper["ema_decay"]))
    found = optax.with_extra_args_support(optax.chain(*steps))
    return found if optimizer.make is not None else _in_float32(found)


def _in_float32(optimizer: optax.GradientTransformationExtraArgs) -> optax.GradientTransformationExtraArgs:
    """Keep the state of weights of half precision in float32: in float16 Adam's squares of gradients would be 0."""

    def wide(tree: Any) -> Any:
        return jax.tree.map(lambda a: a.astype(jnp.float32) if a.dtype in (jnp.float16, jnp.bfloat16) else a, tree)

    def init(params: Params) -> Any:
        return optimizer.init(wide(params))

    def update(grads: Params, state: Any, params: Params = None, **extra: Any) -> tuple[Params, Any]:
        updates, state = optimizer.update(wide(grads), state, wide(params), **extra)
        return jax.tree.map(lambda u, g: u.astype(g.dtype), updates, grads), state

    return optax.GradientTransformationExtraArgs(init, update)


def _sgd(preset: str, hyper: Mapping[str, Scalar]) -> optax.GradientTransformation:
    return optax.identity()


def _momentum(preset: str, hyper: Mapping[str, Scalar]) -> optax.GradientTransformation:
    return optax.trace(hyper["momentum"])


def _nesterov(preset: str, hyper: Mapping[str, Scalar]) -> optax.GradientTransformation:
    return optax.trace(hyper["momentum"], nesterov=True)


def _adadelta(preset: str, hyper: Mapping[str, Scalar]) -> optax.GradientTransformation:
    return update_rules.scale_by_adadelta(hyper["rho"], hyper["epsilon"])  # the rate scales outside the accumulators


def _adam(preset: str, hyper: Mapping[str, Scalar]) -> optax.GradientTransformation:
    return update_rules.scale_by_adam(hyper["b1"], hyper["b2"], hyper["epsilon"], corrected=preset not in _KERAS)


def _rmsprop(preset: str, hyper: Mapping[str, Scalar]) -> optax.GradientTransformation:
    return optax.scale_by_rms(hyper["rho"], hyper["epsilon"], eps_in_sqrt=preset in _EPSILON_INSIDE)


def _adagrad(preset: str, hyper: Mapping[str, Scalar]) -> optax.GradientTransformation:
    if preset in _EPSILON_INSIDE:
        return optax.scale_by_rss(_ADAGRAD_START, hyper["epsilon"])
    return update_rules.scale_by_root_of_sum(hyper["epsilon"])


def _presets(**columns: float | tuple[float | None, ...]) -> dict[str, dict[str, float]]:
    """Turn {hyperparameter: its default in each of LIBRARIES, or in all} round; a library with a None is left out."""
    rows = [{k: v[i] if isinstance(v, tuple) else v for k, v in columns.items()} for i in range(len(LIBRARIES))]
    named = zip(LIBRARIES, rows, strict=True)
    return {
        library: {k: v for k, v in row.items() if v is not None} for library, row in named if None not in row.values()
    }


LIBRARIES = ("optax", "keras2", "keras3", "torch")
# Optax has no default rates: these are Keras 2's, with Adadelta's 1. No library sets a momentum: .9 is Rumelhart et
# al. 1986's α. Keras keeps the rate inside the velocity: it matters where the rate changes with time.
_SGD = _presets(learning_rate=(0.01, 0.01, 0.01, 1e-3))
_VELOCITY = _presets(learning_rate=(0.01, 0.01, 0.01, 1e-3), momentum=0.9)
_ADAM = _presets(learning_rate=1e-3, b1=0.9, b2=0.999, epsilon=(1e-8, 1e-7, 1e-7, 1e-8))
_ADAMW = _presets(
    learning_rate=1e-3, b1=0.9, b2=0.999, epsilon=(1e-8, 1e-7, 1e-7, 1e-8), weight_decay=(1e-4, None, 0.004, 0.01)
)
_ADADELTA = _presets(
    learning_rate=(1.0, 1.0, 1e-3, 1.0), rho=(0.9, 0.95, 0.95, 0.9), epsilon=(1e-6, 1e-7, 1e-7, 1e-6)
) | {"zeiler": {"learning_rate": 1.0, "rho": 0.95, "epsilon": 1e-6}}
_RMSPROP = _presets(learning_rate=(1e-3, 1e-3, 1e-3, 0.01), rho=(0.9, 0.9, 0.9, 0.99), epsilon=(1e-8, 1e-7, 1e-7, 1e-8))
_ADAGRAD = _presets(learning_rate=(0.01, 0.01, 1e-3, 0.01), epsilon=(1e-7, 1e-7, 1e-7, 1e-10))

_ALL = (
    Optimizer("sgd", _sgd, _SGD, usual_rate=0.1, high_rate=10.0, slots=1),
    Optimizer("momentum", _momentum, _VELOCITY, usual_rate=0.01, high_rate=5.0, rate_first=_KERAS, slots=2),
    Optimizer("nesterov", _nesterov, _VELOCITY, usual_rate=0.01, high_rate=5.0, rate_first=_KERAS, slots=2),
    Optimizer("adam", _adam, _ADAM, usual_rate=1e-3, high_rate=0.1),
    Optimizer("adamw", _adam, _ADAMW, usual_rate=1e-3, high_rate=0.1),
    Optimizer(
        "adadelta",
        _adadelta,
        _ADADELTA,
        usual_rate=1.0,
        high_rate=20.0,
        low_rate=0.01,
        low_rate_note="Adadelta was made for a learning rate of 1 and hardly learns at 0.01 or less; 0.001, Keras's "
        "default since 2.4, leaves the lecture slides' autoencoder worse than the mean image.",
    ),
    Optimizer("rmsprop", _rmsprop, _RMSPROP, usual_rate=1e-3, high_rate=0.1, slots=2),
    Optimizer("adagrad", _adagrad, _ADAGRAD, usual_rate=0.01, high_rate=1.0, slots=2),
)
OPTIMIZERS: dict[str, Optimizer] = {optimizer.name: optimizer for optimizer in _ALL}
PRESETS = tuple(dict.fromkeys(preset for optimizer in _ALL for preset in optimizer.presets))

"""The trainer, step by step, on a fixed small net and fixed batches: the common ground of comparisons with peers."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.experiment import Experiment, ModelConfig
from nnjax.core.fields import replace
from nnjax.models.model import Variables
from nnjax.nn.optimizers import defaults
from nnjax.train.engine import training_step
from nnjax.train.engine.batches import Batch
from nnjax.train.engine.device_data import Shapes
from nnjax.train.engine.trial import Trial

STEPS, BATCH, WIDTHS = 50, 8, (5, 4, 3)
RATES = {  # at which the net visibly learns in 50 steps
    "sgd": 0.1,
    "momentum": 0.03,
    "nesterov": 0.03,
    "adam": 0.02,
    "adamw": 0.02,
    "adadelta": 1.0,
    "rmsprop": 0.01,
    "adagrad": 0.1,
}
# Compiling is what these tests spend their time on, and the programs run for milliseconds.
QUICK = {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else {}
if QUICK and jax.__version_info__[:2] == (0, 10):
    QUICK["xla_cpu_use_fusion_emitters"] = False  # halves the time; jax 0.12 knows no such option


def start_weights():
    """Kernels and biases of the layers, float64: [(kernel [d, k], bias [k]), ...]."""
    rng = np.random.default_rng(0)
    layers = itertools.pairwise(WIDTHS)
    return [(rng.normal(size=(a, b)) / np.sqrt(a), 0.1 * rng.normal(size=b)) for a, b in layers]


def batches(output):
    """x [t, b, 5] and y [t, b, 3], float64: y are one-hot rows for softmax, gray values for sigmoid, else numbers."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(STEPS, BATCH, WIDTHS[0]))
    score = np.tanh(x) @ rng.normal(size=(WIDTHS[0], WIDTHS[-1]))
    if output == "softmax":
        return x, np.eye(WIDTHS[-1])[score.argmax(axis=-1)]
    return x, 1 / (1 + np.exp(-score)) if output == "sigmoid" else np.abs(score)


def hyperparameters(optimizer, preset):
    """The preset's defaults, at a rate that suits the net."""
    return defaults(optimizer, preset) | {"learning_rate": RATES[optimizer]}


@functools.cache
def make_step(loss, output, optimizer, preset, dtype):
    """A trial of the net and its compiled step."""
    experiment = replace(
        Experiment(model=ModelConfig("mlp", WIDTHS[1:-1], "tanh", output, dtype=dtype)),
        {"loss": loss, "optimizer.name": optimizer, "optimizer.preset": preset},
    )
    shapes = Shapes((WIDTHS[0],), WIDTHS[-1], "regression", has_validation=False, has_train_eval=False)
    trial = Trial(experiment, shapes)
    return trial, jax.jit(functools.partial(training_step.step, trial), compiler_options=QUICK)


def train(loss, output, optimizer, preset, dtype="float64", steps=STEPS):
    """Losses [t] before each step, and the weights after the last, in the order of `start_weights`."""
    trial, step = make_step(loss, output, optimizer, preset, dtype)
    if steps == 1:  # one step is taken sooner than compiled
        step = functools.partial(training_step.step, trial)
    hyper = {name: jnp.asarray(value, dtype) for name, value in hyperparameters(optimizer, preset).items()}
    params = {
        f"layer_{i}": {"kernel": jnp.asarray(kernel, dtype), "bias": jnp.asarray(bias, dtype)}
        for i, (kernel, bias) in enumerate(start_weights())
    }
    state, losses = trial.start(hyper, jnp.uint32(0), Variables(params)), []
    for x, y in zip(*(part[:steps].astype(dtype) for part in batches(output)), strict=True):
        fresh = state._replace(loss_sum=jnp.zeros((), dtype), weight_sum=jnp.zeros((), dtype))
        state = step(hyper, fresh, Batch(jnp.asarray(x), jnp.asarray(y), jnp.ones(BATCH, dtype)), jnp.int32(STEPS))
        losses.append(state.loss_sum / state.weight_sum)
    weights = [(np.asarray(layer["kernel"]), np.asarray(layer["bias"])) for layer in state.params.values()]
    return np.array(losses), weights

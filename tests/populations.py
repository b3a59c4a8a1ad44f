"""Small experiments and populations for the tests."""

import dataclasses

import numpy as np

from nnjax.checks import defaults
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig, TrialSpec
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.data import from_arrays, prepare_loaded
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Space
from nnjax.train.host.population import Population
from nnjax.train.layout.plan import Plan

CLASSIFIER = Experiment(
    data=DataConfig("blobs", validation=10, test=10, scaling="none"),
    model=ModelConfig("mlp", widths=(8,), output_activation="softmax"),
    optimizer=OptimizerConfig("adam"),
    hyperparameters=Hyperparameters(learning_rate=0.01),
    loss="categorical_crossentropy",
    batch_size=8,
    eval_batch_size=7,
    epochs=4,
)


def blobs(n=60, d=4, k=3):
    """Gaussian blobs: x [n, d] float32, y [n] in 0 … k-1."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % k
    centers = rng.normal(size=(k, d)) * 2
    return from_arrays((centers[y] + rng.normal(size=(n, d))).astype(np.float32), y.astype(np.int32), name="blobs")


def line(n=23, d=3):
    """A noisy linear map: x [n, d], y [n, 1], float32."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, d)).astype(np.float32)
    y = x @ np.array([[1.0], [-2.0], [0.5]], np.float32)[:d] + 0.3
    return from_arrays(x, y.astype(np.float32), name="line")


CLASSES = from_arrays(np.zeros((1000, 2)), np.arange(1000) % 3, name="classes")


def resolve(experiment: Experiment, dataset=CLASSES) -> Experiment:
    """Fill in what an experiment leaves open, as for data of three classes."""
    return defaults.resolve(experiment, dataset)


def specs_of(experiment: Experiment, axes=None, arms=None) -> list[TrialSpec]:
    """Expand a space and fill in what is left open, as `nnjax.sweep` does for classes."""
    space = Space(axes=axes or {}, arms=arms or {})
    return [dataclasses.replace(s, experiment=resolve(s.experiment)) for s in expand(experiment, space)]


def population(specs, dataset=None, plan=Plan(), **options) -> Population:
    """A population over one data set."""
    dataset = dataset or blobs()
    configs = {spec.experiment.data for spec in specs}
    return Population(specs, {c: prepare_loaded(dataset, c) for c in configs}, plan, **options)


class StopAfter:
    """Ask to stop at the n-th question."""

    def __init__(self, n):
        self.n = n

    def __call__(self):
        self.n -= 1
        return self.n < 0

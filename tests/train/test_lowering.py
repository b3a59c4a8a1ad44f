"""The program of every model with every optimizer, lowered and serialized for machines that are not here."""

import functools
import itertools

import jax
import numpy as np
import pytest
from jax import export
from populations import blobs, resolve

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.data import from_arrays, prepare_loaded
from nnjax.models import convolution as convolutions
from nnjax.models import lenet_tables
from nnjax.models.registry import MODELS
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.train.engine.device_data import make_device_data, make_shapes
from nnjax.train.engine.programs import make_mesh, make_program
from nnjax.train.engine.trial import Trial

LANES = 4
SHAPES = {
    "mlp": {"widths": (3,)},
    "autoencoder": {"widths": (2,), "output_activation": "sigmoid"},
    "lenet5": {**lenet_tables.PUBLISHED, "output_activation": "linear"},
    "lenet5_modern": {"widths": (2, 2, 4, 3)},
    "conv_autoencoder": {"widths": (2, 2, 2), "output_activation": "sigmoid"},
}
LOSSES = {"lenet5": "rbf_map", "autoencoder": "mean_squared_error", "conv_autoencoder": "binary_crossentropy"}


@functools.cache
def images():
    x = np.random.default_rng(0).integers(256, size=(30, 784)).astype(np.uint8)
    return from_arrays(x, np.arange(30) % 10, name="images", image_shape=(28, 28))


def segment(model, optimizer):
    """A group's training program on one device, and the shapes of its arguments."""
    config = Experiment(
        DataConfig(validation=10, test=0),
        ModelConfig(model, **SHAPES[model]),
        OptimizerConfig(optimizer),
        loss=LOSSES.get(model, "categorical_crossentropy"),
        batch_size=8,
    )
    experiment = resolve(config).program_key
    dataset = blobs() if model in ("mlp", "autoencoder") else images()
    prepared = prepare_loaded(dataset, experiment.data)
    shapes = make_shapes(experiment, prepared)
    program = make_program.__wrapped__(experiment, shapes, LANES, False, make_mesh(1))
    number, seed = jax.ShapeDtypeStruct((), np.float32), jax.ShapeDtypeStruct((), np.uint32)
    hyper = dict.fromkeys(experiment.hyperparameters.present(), number)
    state = jax.eval_shape(Trial(experiment, shapes).init, hyper, seed)
    hyper, state = jax.tree.map(lambda a: jax.ShapeDtypeStruct((LANES, *a.shape), a.dtype), (hyper, state))
    data = jax.tree.map(lambda a: jax.ShapeDtypeStruct(np.shape(a), a.dtype), make_device_data(experiment, prepared))
    steps = jax.ShapeDtypeStruct((1,), np.int32)
    return program.train_segment, (data, hyper, state, steps, steps)


def lowered(function, arguments, platforms):
    """Lower a function for platforms, its arguments and results flat, so that no tree needs a name in the file."""
    leaves, structure = jax.tree.flatten(arguments)

    def flat(*leaves):
        return jax.tree.leaves(function(*jax.tree.unflatten(structure, leaves)))

    return export.export(jax.jit(flat), platforms=platforms)(*leaves)


def marks(model, optimizer):
    """Slow are the optimizers whose arithmetic is part of another's, and what changes a model and an optimizer."""
    quick = optimizer == "adam" or (model, optimizer) in (("mlp", "rmsprop"), ("mlp", "adadelta"))
    return () if quick else pytest.mark.slow


PAIRS = [pytest.param(*pair, marks=marks(*pair)) for pair in itertools.product(MODELS, OPTIMIZERS)]


@pytest.mark.parametrize(("model", "optimizer"), PAIRS)
def test_the_training_program_is_lowered(model, optimizer, monkeypatch):
    """For a CPU as a CPU would ask for it; for the others by the convolutions that are chosen there."""
    found = []
    for backend, platforms in (("cpu", ("cpu",)), ("tpu", ("cuda", "tpu"))):
        with monkeypatch.context() as patch:
            patch.setattr(convolutions.jax, "default_backend", lambda backend=backend: backend)
            found.append(lowered(*segment(model, optimizer), platforms))
        again = export.deserialize(bytearray(found[-1].serialize()))
        assert again.platforms == platforms
        assert again.in_avals == found[-1].in_avals
        assert "stablehlo.while" in found[-1].mlir_module()
    convolves = ["stablehlo.convolution" in program.mlir_module() for program in found]
    assert convolves == [False, "lenet" in model or "conv" in model]

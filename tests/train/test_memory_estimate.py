"""The plan's model of memory against what XLA counts for the compiled segment, and padding to tiles by hand."""

import jax
import numpy as np
import pytest
from populations import blobs, population, resolve, specs_of

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.fields import replace
from nnjax.train.engine.device_data import DeviceData, Part, Shapes, num_probe_examples
from nnjax.train.engine.programs import make_mesh, make_program, usual_calls
from nnjax.train.engine.state_shapes import blank_state
from nnjax.train.layout import memory_estimate
from scripts.tpu_slices import memory_of

LANES = 8
CODER = Experiment(
    data=DataConfig("mnist"),
    model=ModelConfig("autoencoder", widths=(128, 64, 128), output_activation="sigmoid"),
    optimizer=OptimizerConfig("adadelta", preset="keras2"),
    loss="mean_squared_error",
    batch_size=100,
)
CLASSES = replace(CODER, {"kind": "mlp", "output_activation": "softmax", "loss": "categorical_crossentropy"})
BCE = {"loss": "binary_crossentropy"}
ADAM = {"optimizer.name": "adam", "optimizer.preset": "keras3"}
SGD = {"optimizer.name": "sgd", "optimizer.preset": "keras3"}


def shapes_of(experiment, examples):
    """What a program is compiled for: images of 28 × 28 pixels, ten classes, 2,000 images to evaluate."""
    codes = "autoencoder" in experiment.model.kind
    task = "reconstruction" if codes else "classification"
    shapes = Shapes((784,), 784 if codes else 10, task, True, True, (28, 28))

    def part(size):
        return Part(jax.ShapeDtypeStruct((size,), np.int32), jax.ShapeDtypeStruct((), np.int32))

    x, y = (jax.ShapeDtypeStruct(*args) for args in (((examples, 784), np.uint8), ((examples,), np.int32)))
    padded = -(-examples // experiment.batch_size) * experiment.batch_size
    row = jax.ShapeDtypeStruct((1, 1), np.float32)
    probed = jax.ShapeDtypeStruct((num_probe_examples(padded),), np.int32)
    return shapes, DeviceData(x, y, part(padded), *(part(2000) for _ in range(3)), probed, row, row, row, row)


def counted(experiment, shapes, data, shared):
    """XLA's count: arguments, results and temporaries of a device."""
    program = make_program(experiment, shapes, LANES, shared, make_mesh(1))
    names = experiment.hyperparameters.present()
    segment, arguments = usual_calls(program, data, blank_state(experiment, shapes), names)[0]
    options = {"xla_backend_optimization_level": 0}  # of machine code: the arrays are the same
    return memory_of(segment.lower(*arguments).compile(options)).total


@pytest.mark.parametrize(
    ("base", "changes", "examples", "shared"),
    [
        (CODER, {}, 5000, True),
        pytest.param(CODER, BCE, 5000, False, marks=pytest.mark.slow),
        pytest.param(CODER, {"batch_size": 1000}, 5000, False, marks=pytest.mark.slow),
        (CODER, {"batch_size": 1000, **BCE, **SGD}, 5000, False),
        (CLASSES, {"widths": (512, 512), **ADAM}, 5000, False),
        pytest.param(CLASSES, {"widths": (32,), **ADAM}, 60_000, False, marks=pytest.mark.slow),
        (CLASSES, {"kind": "lenet5_modern", "activation": "tanh", "widths": (6, 16, 120, 84), **ADAM}, 5000, False),
        pytest.param(
            CODER,
            {"kind": "conv_autoencoder", "widths": (16, 8, 8), "batch_size": 16, **ADAM},
            5000,
            False,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_model_agrees_with_the_compiler_within_a_quarter(base, changes, examples, shared):
    experiment = resolve(replace(base, changes))
    shapes, data = shapes_of(experiment, examples)
    found = counted(experiment, shapes, data, shared)
    estimated = memory_estimate.device_bytes(experiment, shapes, data, LANES, shared)
    assert 0.75 * found < estimated < 1.25 * found


def test_a_real_population_is_counted_as_its_shapes_are():
    [group] = population(specs_of(Experiment(data=DataConfig("blobs"), batch_size=8)), blobs(200, 10)).layouts.groups
    held = sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(group.data))
    state, passing = memory_estimate.parts(group.key, group.shapes, group.data)
    assert memory_estimate.data_bytes(group.data) == held
    assert memory_estimate.lane_bytes(group.key, group.shapes, group.data) == state + passing
    assert memory_estimate.device_bytes(group.key, group.shapes, group.data, 3) == held + 3 * (state + passing)


def test_arrays_are_padded_to_tiles_in_the_layout_that_wastes_least():
    """By hand, for tiles of 8 × 128: 64 numbers fill a row of 128; [128, 64] and [100, 64] are turned."""
    tile = memory_estimate.COMPILERS["tpu"].tile
    sizes = {(): 1, (64,): 128, (784,): 896, (128, 64): 128 * 64, (100, 64): 64 * 128, (3, 5, 128): 3 * 8 * 128}
    assert {shape: memory_estimate.padded_size(shape, tile) for shape in sizes} == sizes
    assert memory_estimate.padded_size((100, 64), (1, 1)) == 6400
    assert memory_estimate.padded_size((0, 64), (8, 128)) == 0  # no example is evaluated


def test_what_a_tpu_holds_besides():
    """By hand: the images again in rows of 896 bytes; an evaluation's layers [500, 128] and [500, 784], of which the
    latter is turned, 784 rows of 512; 64 MiB of that of all lanes find place beside the units."""
    experiment = resolve(CODER)
    shapes, data = shapes_of(experiment, 5000)
    state, passing = memory_estimate.parts(experiment, shapes, data, True, "tpu")
    biases = 128 + 64 + 128 + 784
    weights = 2 * (784 * 128 + 128 * 64)
    assert 4 * 4 * (weights + biases) < state < 4 * 4 * (weights + biases + 64 + 112) + 8 * 4 + 1
    assert passing == 4 * (504 * 128 + 784 * 512)
    held = memory_estimate.data_bytes(data) + 5000 * 896
    assert memory_estimate.device_bytes(experiment, shapes, data, 16, True, "tpu") == held + 16 * state
    assert (
        memory_estimate.device_bytes(experiment, shapes, data, 64, True, "tpu") == held + 64 * (state + passing) - 2**26
    )

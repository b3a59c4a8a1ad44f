"""Networks of each kind that is trained, with drawn weights, on data of which each needs the scaling in its own way."""

import functools

import jax
import numpy as np
from fake_runs import AUTOENCODER, CLASSIFIER, REGRESSOR, fake_run, table
from networks import functions_of

from nnjax.core.fields import replace
from nnjax.data import from_arrays

PUBLISHED = {
    "kind": "lenet5",
    "widths": (6, 16, 120, 84),
    "model.activation": "squash",
    "kernel_init": "lecun_1998",
    "output_activation": "linear",
    "loss": "rbf_map",
}
FEW = {"validation": 10, "test": 10}


@functools.cache
def images():
    """40 images of noise, 28 x 28."""
    x = np.random.default_rng(0).integers(256, size=(40, 784)).astype(np.uint8)
    return from_arrays(x, np.arange(40) % 10, classes=tuple("abcdefghij"), image_shape=(28, 28))


MAKERS = {
    "mlp": lambda: fake_run(CLASSIFIER),
    "autoencoder": lambda: fake_run(AUTOENCODER),
    "regression": lambda: fake_run(
        replace(REGRESSOR, {"scaling": "standard", "target_scaling": "standard", "widths": (4,)}), dataset=table()
    ),
    "binary": lambda: fake_run(
        replace(CLASSIFIER, {"output_activation": "sigmoid", "loss": "binary_crossentropy", "scaling": "minmax"}),
        dataset=table("classification"),
    ),
    "lenet5": lambda: fake_run(replace(CLASSIFIER, PUBLISHED | FEW), dataset=images()),
    "lenet5_modern": lambda: fake_run(
        replace(CLASSIFIER, {"kind": "lenet5_modern", "widths": (6, 16, 20, 10), **FEW}), dataset=images()
    ),
    "conv_autoencoder": lambda: fake_run(
        replace(AUTOENCODER, {"kind": "conv_autoencoder", "widths": (4, 3, 2), **FEW}), dataset=images()
    ),
}


@functools.cache
def run_of(name):
    """A run of one trial with a network of a kind."""
    return MAKERS[name]()


@functools.cache
def expected(name):
    """Outputs [9, k] and codes of the trainer's own model for `inputs(name)`, scaled here."""
    run, facts = run_of(name), run_of(name).facts()
    scaled = np.float32((inputs(name) - facts.x_scaler.mean) * facts.x_scaler.scale)
    model = functions_of(run.specs[0].experiment.model, facts.num_inputs, run.num_outputs())
    found, codes = (np.asarray(jax.jit(f)(run.params(), scaled)) for f in (model.apply, model.encode))
    return (found / facts.y_scaler.scale + facts.y_scaler.mean if name == "regression" else found), codes


def inputs(name, n=9):
    """Raw inputs [n, d] of its data."""
    return run_of(name).data().dataset.x[:n]

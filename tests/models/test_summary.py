"""Counting against DECK.md section 2, and against the arrays that are trained."""

import jax
import pytest
from networks import functions_of

from nnjax.core.experiment import Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.models.layer_counts import LayerCount
from nnjax.models.summary import summarize_model

COLUMNS = 13
COUNTS = [  # inputs, hidden widths, outputs, parameters (DECK.md sections 1 and 2)
    (3, (4, 3), 1, 35),
    (784, (128, 64, 128), 784, 218_192),
    (784, (128, 64, 32, 16, 32, 64, 128), 784, 223_456),
    (COLUMNS, (10, 10), 1, 10 * COLUMNS + 10 + 110 + 11),
    (784, (), 10, 7850),
]


def count(inputs, widths, outputs, **changes):
    return summarize_model(
        Experiment(model=ModelConfig(widths=widths, output_activation="softmax"), **changes), inputs, outputs
    )


@pytest.mark.parametrize(("inputs", "widths", "outputs", "parameters"), COUNTS)
def test_parameters(inputs, widths, outputs, parameters):
    assert count(inputs, widths, outputs).parameters == parameters
    params = jax.eval_shape(functions_of(ModelConfig(widths=widths), inputs, outputs).init, jax.random.key(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == parameters


def test_layers_of_the_slides_figure():
    """3-4-3-1: weights 12 + 12 + 3 = 27, biases 4 + 3 + 1 = 8."""
    assert count(3, (4, 3), 1).layers == (
        LayerCount("layer_0", 3, 4, 12, 4, 16),
        LayerCount("layer_1", 4, 3, 12, 3, 15),
        LayerCount("layer_2", 3, 1, 3, 1, 4),
    )


def test_layers_are_named_like_the_arrays():
    params = jax.eval_shape(functions_of(ModelConfig(widths=(4, 3)), 3, 1).init, jax.random.key(0))
    shapes = {name: (layer["kernel"].shape, layer["bias"].shape) for name, layer in params.items()}
    counted = count(3, (4, 3), 1).layers
    assert shapes == {layer.name: ((layer.inputs, layer.outputs), (layer.outputs,)) for layer in counted}


def test_an_operation_is_a_multiplication_or_an_addition():
    assert count(3, (4, 3), 1).flops == 2 * 27


def test_hyperparameters_are_sorted_by_the_decks_colors():
    """Green: layers, neurons, activations, connectivity. Red: what belongs to the training."""
    changes = {
        "optimizer": OptimizerConfig("momentum", "keras3", "cosine"),
        "hyperparameters": Hyperparameters(learning_rate=0.1, dropout=0.2),
        "loss": "mean_squared_error",
        "batch_size": 7,
        "epochs": 5,
        "seed": 3,
    }
    found = count(3, (4, 3), 1, **changes)
    assert found.architecture == {
        "layers": 3,
        "neurons per layer": (4, 3, 1),
        "activation per layer": ("relu", "relu", "softmax"),
        "connectivity": "fully connected",
    }
    assert found.training == {
        "loss": "mean_squared_error",
        "optimizer": "momentum",
        "schedule": "cosine",
        "learning_rate": 0.1,
        "dropout": 0.2,
        "batch size": 7,
        "epochs": 5,
        "initialization": "glorot_uniform",
        "seed": 3,
    }


def test_a_model_of_ones_own_has_at_least_the_operations_of_its_weights():
    """A 3 x 3 convolution of 4 x 4 pixels uses each of its 9 weights 16 times: 2 · 9 · 16 operations, 18 at least."""
    import flax.linen as nn

    own = summarize_model(Experiment(model=ModelConfig(nn.Conv(1, (3, 3), use_bias=False))), (4, 4, 1), 1)
    assert (own.parameters, own.operations(), own.layers[0].formula()) == (9, "≥ 18", "9")
    assert "initialization" not in own.training
    assert set(own.architecture) == {"layers", "connectivity"}
    assert count(3, (4, 3), 1).operations() == "54"

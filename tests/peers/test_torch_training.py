"""The trainer against PyTorch, live: equal start weights and batches give equal losses for 50 steps in float64."""

import jax
import numpy as np
import pytest
import stepwise
from stepwise import batches, hyperparameters, start_weights

from nnjax.optimizers import PRESETS

pytestmark = pytest.mark.peers

FITTING = {  # our loss -> output, and PyTorch's mean loss of logits
    "mean_squared_error": ("linear", "mse_loss"),
    "binary_crossentropy": ("sigmoid", "binary_cross_entropy_with_logits"),
    "categorical_crossentropy": ("softmax", "cross_entropy"),
}
CLASSES = {"adam": "Adam", "adamw": "AdamW", "adadelta": "Adadelta", "rmsprop": "RMSprop", "adagrad": "Adagrad"}


def make_optimizer(torch, name, weights):
    values = hyperparameters(name, "torch")
    names = {"learning_rate": "lr", "epsilon": "eps", "rho": "alpha" if name == "rmsprop" else "rho"}
    given = {names.get(key, key): value for key, value in values.items() if key not in ("b1", "b2")}
    if "b1" in values:
        given["betas"] = (values["b1"], values["b2"])
    if name == "nesterov":
        given["nesterov"] = True
    return getattr(torch.optim, CLASSES.get(name, "SGD"))(weights, **given)


def train_torch(loss, name):
    """Losses [t] before each step, and the weights after the last."""
    import torch

    output, function = FITTING[loss]
    weights = [torch.tensor(array, requires_grad=True) for layer in start_weights() for array in layer]
    optimizer, losses = make_optimizer(torch, name, weights), []
    for x, y in zip(*map(torch.tensor, batches(output)), strict=True):
        z = torch.tanh(x @ weights[0] + weights[1]) @ weights[2] + weights[3]
        value = getattr(torch.nn.functional, function)(z, y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses, [array.detach().numpy() for array in weights]


@pytest.mark.parametrize("loss", FITTING)
@pytest.mark.parametrize("name", PRESETS["torch"])
def test_50_steps(name, loss):
    losses, weights = train_torch(loss, name)
    with jax.enable_x64(True):
        ours, found = stepwise.train(loss, FITTING[loss][0], name, "torch", "float64")
    np.testing.assert_allclose(ours, losses, rtol=1e-12)
    for array, truth in zip((array for layer in found for array in layer), weights, strict=True):
        np.testing.assert_allclose(array, truth, rtol=1e-12, atol=1e-14)

"""The trainer against PyTorch, live: equal start weights and batches give equal losses for 50 steps in float64."""

import jax
import numpy as np
import pytest
import stepwise
from stepwise import batches, hyperparameters, start_weights

from nnjax.nn.optimizers import OPTIMIZERS

pytestmark = pytest.mark.peers

FITTING = {  # our loss -> output, and PyTorch's mean loss of logits (Keras keeps logarithms from values below 1e-7)
    "mean_squared_error": ("linear", lambda f, z, y: f.mse_loss(z, y)),
    "mean_absolute_error": ("linear", lambda f, z, y: f.l1_loss(z, y)),
    "mean_squared_logarithmic_error": ("linear", lambda f, z, y: f.mse_loss(z.clamp(1e-7).log1p(), y.log1p())),
    "binary_crossentropy": ("sigmoid", lambda f, z, y: f.binary_cross_entropy_with_logits(z, y)),
    "categorical_crossentropy": ("softmax", lambda f, z, y: f.cross_entropy(z, y)),
    "kl_divergence": ("softmax", lambda f, z, y: f.kl_div(f.log_softmax(z, -1), y.clamp(1e-7), reduction="batchmean")),
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


def train_torch(loss, name, dtype="float64", steps=stepwise.STEPS):
    """Losses [t] before each step, and the weights after the last."""
    import torch

    output, function = FITTING[loss]
    weights = [torch.tensor(array.astype(dtype), requires_grad=True) for layer in start_weights() for array in layer]
    optimizer, losses = make_optimizer(torch, name, weights), []
    for x, y in zip(*(torch.tensor(part[:steps].astype(dtype)) for part in batches(output)), strict=True):
        z = torch.tanh(x @ weights[0] + weights[1]) @ weights[2] + weights[3]
        value = function(torch.nn.functional, z, y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses, [array.detach().numpy() for array in weights]


@pytest.mark.parametrize("loss", FITTING)
@pytest.mark.parametrize("name", [name for name, own in OPTIMIZERS.items() if "torch" in own.presets])
def test_50_steps(name, loss):
    losses, weights = train_torch(loss, name)
    with jax.enable_x64(True):
        ours, found = stepwise.train(loss, FITTING[loss][0], name, "torch", "float64")
    np.testing.assert_allclose(ours, losses, rtol=1e-12)
    for array, truth in zip((array for layer in found for array in layer), weights, strict=True):
        np.testing.assert_allclose(array, truth, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("loss", FITTING)
@pytest.mark.parametrize("name", [name for name, own in OPTIMIZERS.items() if "torch" in own.presets])
def test_the_first_step_in_float32(name, loss):
    losses, weights = train_torch(loss, name, "float32", 1)
    ours, found = stepwise.train(loss, FITTING[loss][0], name, "torch", "float32", 1)
    np.testing.assert_allclose(ours, losses, rtol=1e-5)
    for array, truth in zip((array for layer in found for array in layer), weights, strict=True):
        np.testing.assert_allclose(array, truth, rtol=1e-5, atol=1e-6)

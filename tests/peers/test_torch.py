"""Losses, optimizers and a schedule against PyTorch, live; `make test` compares with its recorded numbers instead."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from trajectories import GRADIENTS, START, trajectory

from nnjax.nn import optimizers
from nnjax.nn.losses import make_loss
from nnjax.nn.optimizers import defaults
from nnjax.nn.schedules import make_schedule

pytestmark = pytest.mark.peers

OPTIMIZERS = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {}),
    "adadelta": ("Adadelta", {}),
    "rmsprop": ("RMSprop", {}),
    "adagrad": ("Adagrad", {}),
}


def torch_trajectory(name, gradients):
    import torch

    cls, more = OPTIMIZERS[name]
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer, weights = getattr(torch.optim, cls)([w], **more), []
    for gradient in gradients:
        w.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        weights.append(w.detach().numpy().copy())
    return weights


@pytest.mark.parametrize("name", [name for name, own in optimizers.OPTIMIZERS.items() if "torch" in own.presets])
def test_optimizers(name):
    gradients = np.asarray(GRADIENTS * 6) * np.linspace(1, 3, 24)[:, None]
    np.testing.assert_allclose(trajectory(name, "torch", gradients), torch_trajectory(name, gradients), rtol=1e-10)


@pytest.mark.parametrize("name", [name for name, own in optimizers.OPTIMIZERS.items() if "torch" in own.presets])
def test_defaults(name):
    import torch

    cls, more = OPTIMIZERS[name]
    theirs = getattr(torch.optim, cls)([torch.ones(1)], **more).defaults
    keys = {"learning_rate": "lr", "epsilon": "eps", "rho": "alpha" if name == "rmsprop" else "rho"}
    for key, value in defaults(name, "torch").items():
        found = theirs["betas"][key == "b2"] if key in ("b1", "b2") else theirs[keys.get(key, key)]
        assert found == value, key


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("binary_crossentropy", "sigmoid"),
        ("categorical_crossentropy", "softmax"),
        ("kl_divergence", "softmax"),
        ("huber", "linear"),
        ("mean_squared_error", "linear"),
        ("mean_absolute_error", "tanh"),
    ],
)
def test_losses_and_gradients(name, output):
    import torch

    f = torch.nn.functional
    theirs = {
        "binary_crossentropy": lambda z, y: f.binary_cross_entropy_with_logits(z, y, reduction="none").mean(1),
        "categorical_crossentropy": lambda z, y: f.cross_entropy(z, y, reduction="none"),
        "kl_divergence": lambda z, y: f.kl_div(z.log_softmax(1), y, reduction="none").sum(1),
        "huber": lambda z, y: f.huber_loss(z, y, reduction="none").mean(1),
        "mean_squared_error": lambda z, y: f.mse_loss(z, y, reduction="none").mean(1),
        "mean_absolute_error": lambda z, y: f.l1_loss(z.tanh(), y, reduction="none").mean(1),
    }[name]
    rng = np.random.default_rng(0)
    z, y = rng.normal(scale=3, size=(20, 5)), rng.uniform(0.01, 1, size=(20, 5))
    leaf = torch.tensor(z, requires_grad=True)
    truth = theirs(leaf, torch.tensor(y))
    truth.sum().backward()
    with jax.enable_x64(True):
        loss = make_loss(name, output)
        value, pull = jax.vjp(lambda z: loss(jnp.asarray(y), z), jnp.asarray(z))
        (gradient,) = pull(jnp.ones_like(value))
    np.testing.assert_allclose(value, truth.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(("total", "warmup"), [(10, 0.3), (50, 0.5)])
def test_onecycle_is_a_step_later(total, warmup):
    import torch

    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=0.1,
        total_steps=total + 1,
        pct_start=(warmup * total + 1) / (total + 1),
        cycle_momentum=False,
    )
    truth = []
    for _ in range(total):
        truth.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    with jax.enable_x64(True):
        hyper = {"learning_rate": jnp.asarray(0.1), "warmup": jnp.asarray(warmup), "final_factor": jnp.asarray(4e-6)}
        ours = jax.vmap(make_schedule("onecycle", hyper, jnp.int32(total)))(jnp.arange(total))
    np.testing.assert_allclose(ours, truth, rtol=1e-9)

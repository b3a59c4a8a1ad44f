"""Networks, losses, augmentation and an optimizer in PyTorch for `visitor_runs.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import nn

from scripts.curves import torch_models
from scripts.curves.visitors import Visit

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def build(plan: Visit, x: np.ndarray, y: np.ndarray, classes: int) -> nn.Module:
    """Build the network of a plan for inputs [n, d]; the last layer has the classes, or the targets."""
    outputs = classes or (y.shape[1] if y.ndim > 1 else 1)
    if plan.network == "attention":
        return _Attention(plan, outputs)
    if plan.network == "lstm":
        return _Lstm(outputs)
    act, drop = torch_models.ACTIVATIONS[plan.activation], [nn.Dropout(plan.dropout)] * (plan.dropout > 0)
    if plan.network == "conv1d":
        norm = [nn.BatchNorm1d(6)] * plan.batch_norm
        layers = [nn.Unflatten(1, (1, -1)), nn.Conv1d(1, 6, 5, 2), *norm, act(), nn.Conv1d(6, 8, 5, 2), act()]
        return nn.Sequential(*layers, nn.Flatten(), *drop, nn.LazyLinear(outputs))
    if plan.network == "cnn":
        norm = [nn.BatchNorm2d(6)] * plan.batch_norm
        layers = [nn.Unflatten(1, (1, 14, 14)), nn.Conv2d(1, 6, 3, 2), *norm, act(), nn.Conv2d(6, 12, 3, 2), act()]
        return nn.Sequential(*layers, nn.Flatten(), *drop, nn.LazyLinear(outputs))
    model = torch_models.build(plan, x, y, classes)
    if plan.mistake == "saturated":
        with torch.no_grad():
            for weights in model.parameters():
                weights *= 40.0
    return model


class _Attention(nn.Module):
    """An embedding of 8 tokens at 10 places, one layer of self-attention, and the mean over places."""

    def __init__(self, plan: Visit, outputs: int) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(8, 16), nn.Parameter(0.1 * torch.randn(10, 16))
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, plan.dropout, batch_first=True, norm_first=plan.norm)
        self.last = nn.Linear(16, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.layer(self.words(x.long()) + self.places).mean(1))


class _Lstm(nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.cell, self.last = nn.LSTM(1, 8, batch_first=True), nn.Linear(8, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.cell(x[:, :, None])[0][:, -1])


def loss_of(plan: Visit, classes: int) -> Loss:
    """Return the loss of a plan, of outputs [n, k] and classes [n] or targets [n, …]."""
    if classes:
        return nn.CrossEntropyLoss(label_smoothing=plan.smoothing)
    made = {"mae": nn.L1Loss, "huber": nn.HuberLoss, "": nn.MSELoss}[plan.loss]()
    return lambda z, t: made(z.reshape(t.shape), t)


class Lion(torch.optim.Optimizer):
    """Steps by the sign of a mean of gradients (Chen et al. 2023)."""

    def __init__(self, weights: Iterable[torch.Tensor], lr: float, weight_decay: float) -> None:
        super().__init__(weights, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:
        """Change the weights."""
        for group in self.param_groups:
            for w in group["params"]:
                mean = self.state[w].setdefault("mean", torch.zeros_like(w))
                w.mul_(1 - group["lr"] * group["weight_decay"])
                w.sub_(group["lr"] * (0.9 * mean + 0.1 * w.grad).sign())
                mean.mul_(0.99).add_(w.grad, alpha=0.01)


def optimizer(plan: Visit, model: nn.Module, rate: float) -> torch.optim.Optimizer:
    """Make the optimizer of a plan."""
    if plan.optimizer == "lion":
        return Lion(model.parameters(), rate, plan.weight_decay)
    return torch_models.optimizer(plan, model, rate)


def augmented(plan: Visit, x: torch.Tensor) -> torch.Tensor:
    """Return changed inputs [b, d]: images mirrored and moved by a pixel, or with noise."""
    if plan.augment == "jitter" and plan.problem != "order":
        return x + 0.4 * torch.randn(x.shape)
    if plan.augment != "flip":
        return x
    images = x.reshape(-1, 14, 14)
    images = torch.where(torch.rand(len(x), 1, 1) < 0.5, images.flip(2), images)
    moved = torch.roll(images, tuple(torch.randint(-1, 2, (2,)).tolist()), (1, 2))
    return moved.reshape(x.shape)


def mixed(plan: Visit, model: nn.Module, loss: Loss, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the loss of a batch, with mixup (Zhang et al. 2018) where the plan has it."""
    x = augmented(plan, x)
    if plan.augment != "mixup":
        return loss(model(x), y)
    share, other = float(torch.distributions.Beta(0.3, 0.3).sample()), torch.randperm(len(x))
    z = model(share * x + (1 - share) * x[other])
    return share * loss(z, y) + (1 - share) * loss(z, y[other])

"""Networks, optimizers and batches in PyTorch for `stranger_runs.py`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from scripts.curves.strangers import Plan

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "sigmoid": nn.Sigmoid, "elu": nn.ELU, "silu": nn.SiLU}


def build(plan: Plan, x: np.ndarray, y: np.ndarray, classes: int) -> nn.Module:
    """Build the network of a plan for inputs [n, d]; the last layer has the classes, or the targets."""
    outputs = classes or (y.shape[1] if y.ndim > 1 else 1)
    if plan.network == "conv":
        return _conv(plan, outputs)
    if plan.network == "gru":
        return _Recurrent(outputs)
    if plan.network == "residual":
        return _residual(plan, x.shape[1], outputs)
    activation = ACTIVATIONS[plan.activation]
    layers: list[nn.Module] = []
    for i, o in itertools.pairwise((x.shape[1], *plan.widths)):
        layers += [nn.Linear(i, o), *[nn.BatchNorm1d(o)] * plan.batch_norm, *[nn.LayerNorm(o)] * plan.norm]
        layers += [activation()]
        layers += [nn.Dropout(plan.dropout)] * (plan.dropout > 0)
    model = nn.Sequential(*layers, nn.Linear(plan.widths[-1], outputs))
    if plan.mistake == "dead":
        for layer in model:
            if isinstance(layer, nn.Linear):
                nn.init.constant_(layer.bias, -50.0) if layer is model[0] else nn.init.zeros_(layer.bias)
                nn.init.zeros_(layer.weight)
    return model


def _conv(plan: Plan, outputs: int) -> nn.Module:
    activation = ACTIVATIONS[plan.activation]
    norms = ([nn.BatchNorm2d(4)], [nn.BatchNorm2d(8)]) if plan.batch_norm else ([], [])
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 4, 3), *norms[0], activation(), nn.MaxPool2d(2),
        nn.Conv2d(4, 8, 3), *norms[1], activation(), nn.Flatten(), nn.Linear(8, outputs),
    )  # fmt: skip


class _Recurrent(nn.Module):
    """A GRU of 8 units over a series, and a linear layer on its last state."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.cell, self.last = nn.GRU(1, 8, batch_first=True), nn.Linear(8, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.cell(x[:, :, None])[0][:, -1])


class _Block(nn.Module):
    def __init__(self, plan: Plan, width: int) -> None:
        super().__init__()
        norm = [nn.LayerNorm(width)] * plan.norm
        self.inner = nn.Sequential(
            *norm, nn.Linear(width, width), ACTIVATIONS[plan.activation](), nn.Linear(width, width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


def _residual(plan: Plan, inputs: int, outputs: int) -> nn.Module:
    width = plan.widths[0]
    blocks = [_Block(plan, width) for _ in range(3)]
    return nn.Sequential(nn.Linear(inputs, width), *blocks, nn.Linear(width, outputs))


def optimizer(plan: Plan, model: nn.Module, rate: float) -> torch.optim.Optimizer:
    """Make the optimizer of a plan."""
    optim, weights, decay = torch.optim, model.parameters(), plan.weight_decay
    return {
        "sgd": lambda: optim.SGD(weights, rate, weight_decay=decay),
        "momentum": lambda: optim.SGD(weights, rate, momentum=0.9, weight_decay=decay),
        "nesterov": lambda: optim.SGD(weights, rate, momentum=0.9, nesterov=True, weight_decay=decay, fused=True),
        "adam": lambda: optim.Adam(weights, rate, weight_decay=decay),
        "adamw": lambda: optim.AdamW(weights, rate, weight_decay=decay, fused=True),
        "rmsprop": lambda: optim.RMSprop(weights, rate, weight_decay=decay),
        "adagrad": lambda: optim.Adagrad(weights, rate, weight_decay=decay, fused=True),
    }[plan.optimizer]()


def batches(n: int, plan: Plan) -> Iterator[list[torch.Tensor]]:
    """Yield the batches of an epoch, or of what counts for one in the log, as row numbers, without end."""
    left: list[torch.Tensor] = []
    while True:
        if not plan.points:
            yield list(torch.randperm(n).split(plan.batch_size))
            continue
        while len(left) < plan.points:
            left += torch.randperm(n).split(plan.batch_size)
        yield left[: plan.points]
        left = left[plan.points :]


def patience(plan: Plan, val: list[float]) -> float:
    """Return 0.3 to the power of how often the validation loss has not become lower for a twelfth of the epochs."""
    if plan.schedule != "patience":
        return 1.0
    share, best, waited = 1.0, np.inf, 0
    for loss in val:
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        if waited > max(3, plan.epochs // 12):
            share, waited = share * 0.3, 0
    return share

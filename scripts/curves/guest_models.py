"""Networks and optimizers of `guests.py` in PyTorch; they are trained as in `settler_models.py`."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from scripts.curves import guest_data, guests, settler_models
from scripts.curves.settlers import Settler

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU, "selu": nn.SELU, "sigmoid": nn.Sigmoid}


class _Residual(nn.Module):
    """x + W act(norm(x))."""

    def __init__(self, width: int, act: nn.Module, drop: float) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), act, nn.Dropout(drop))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


class _Mixer(nn.Module):
    """Mixes the rows of an image, then the columns (Tolstikhin et al. 2021)."""

    def __init__(self, rows: int, columns: int, act: nn.Module) -> None:
        super().__init__()
        self.rows, self.columns, self.act = nn.Linear(rows, rows), nn.Linear(columns, columns), act
        self.norms = nn.ModuleList([nn.LayerNorm(columns), nn.LayerNorm(columns)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.act(self.rows(self.norms[0](x).transpose(1, 2))).transpose(1, 2)
        return x + self.act(self.columns(self.norms[1](x)))


class _Radial(nn.Module):
    """Gaussian units around points of the space of inputs (Broomhead and Lowe 1988)."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.centers = nn.Parameter(torch.randn(units, inputs))
        self.scale = nn.Parameter(torch.tensor(1.0 / inputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.exp(-self.scale.abs() * torch.cdist(x, self.centers) ** 2 / 2)


class _BothWays(nn.Module):
    """Reads a sequence in both directions."""

    def __init__(self, size: int, units: int) -> None:
        super().__init__()
        self.cell = nn.LSTM(size, units, batch_first=True, bidirectional=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cell(x)[0].mean(dim=1)


def build(plan: Settler, inputs: int, outputs: int) -> nn.Module:
    """Build the network of a plan for inputs [n, d]."""
    act, width = ACTIVATIONS[plan.activation](), plan.widths[0]
    last = [nn.Linear(plan.widths[-1], outputs)] + [nn.ReLU()] * (plan.mistake == "relu_output")
    if plan.network == "residual":
        blocks = [_Residual(width, act, plan.dropout) for _ in range(3)]
        return nn.Sequential(nn.Linear(inputs, width), *blocks, nn.Linear(width, outputs))
    if plan.network == "gated":
        return nn.Sequential(
            nn.Linear(inputs, 2 * width), nn.GLU(), nn.Dropout(plan.dropout), nn.Linear(width, outputs)
        )
    if plan.network == "radial":
        return nn.Sequential(_Radial(inputs, width), nn.Linear(width, outputs))
    if plan.network in ("conv", "both_ways", "mixer"):
        return _shaped(plan, act, outputs)
    model = nn.Sequential()
    for size, units in itertools.pairwise((inputs, *plan.widths)):
        model.extend(
            [nn.Linear(size, units), *[nn.BatchNorm1d(units)] * plan.batch_norm, act, nn.Dropout(plan.dropout)]
        )
    with torch.no_grad():
        if plan.mistake == "dead":
            model[0].bias -= 80
    return model.extend(last)


def _shaped(plan: Settler, act: nn.Module, outputs: int) -> nn.Module:
    """Build a network for images or sequences."""
    rows, columns = guest_data.SHAPES[plan.problem]
    if plan.network == "both_ways":
        units = min(plan.widths[0], 24)
        return nn.Sequential(nn.Unflatten(1, (rows, columns)), _BothWays(columns, units), nn.Linear(2 * units, outputs))
    if plan.network == "mixer":
        mixers = [_Mixer(rows, columns, act) for _ in range(2)]
        return nn.Sequential(
            nn.Unflatten(1, (rows, columns)), *mixers, nn.Flatten(), nn.Linear(rows * columns, outputs)
        )
    norms = [[nn.BatchNorm2d(c)] * plan.batch_norm for c in (8, 16)]
    layers = [nn.Unflatten(1, (1, rows, columns)), nn.Conv2d(1, 8, 3, padding=1), *norms[0], act, nn.MaxPool2d(2)]
    layers += [nn.Conv2d(8, 16, 3, padding=1), *norms[1], act, nn.AdaptiveMaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Dropout(plan.dropout), nn.Linear(64, outputs))


def loss_of(plan: Settler, classes: int) -> settler_models.Loss:
    """Return the loss of a plan; where shapes differ, that of each answer and each target."""
    if plan.mistake == "broadcast":
        return lambda z, t: functional.mse_loss(z, t[None, :].expand(len(z), len(t)))
    return settler_models.loss_of(plan, classes)


def optimizer(plan: Settler, model: nn.Module) -> torch.optim.Optimizer:
    """Make the optimizer of a plan."""
    rate, decay = guests.good_rate(plan) * plan.factor, plan.weight_decay
    rate *= plan.batch_size if plan.mistake == "summed" else 1
    weights = list(model.parameters())
    if plan.optimizer == "muon":
        square = [w for w in weights if w.ndim == 2]
        return torch.optim.Muon(square, rate, weight_decay=decay) if square else torch.optim.Adam(weights, rate)
    made = {
        "nesterov": lambda: torch.optim.SGD(weights, rate, 0.9, weight_decay=decay, nesterov=True),
        "amsgrad": lambda: torch.optim.Adam(weights, rate, weight_decay=decay, amsgrad=True),
        "adam": lambda: torch.optim.Adam(weights, rate, betas=(0.8, 0.99), weight_decay=decay),
        "adamw": lambda: torch.optim.AdamW(weights, rate, weight_decay=max(decay, 0.05)),
        "asgd": lambda: torch.optim.ASGD(weights, rate, weight_decay=decay),
        "rprop": lambda: torch.optim.Rprop(weights, rate),
        "rms_momentum": lambda: torch.optim.RMSprop(weights, rate, momentum=0.9, centered=True, weight_decay=decay),
    }
    return made[plan.optimizer]()


def train(
    plan: Settler, epochs: int, parts: dict[str, tuple[np.ndarray, np.ndarray]], classes: int
) -> dict[str, list[float]]:
    """Train a network of `guests.py`, see `settler_models.train`."""
    pieces = settler_models.Pieces(build, loss_of, optimizer, guests.rate_at)
    return settler_models.train(plan, epochs, parts, classes, pieces)

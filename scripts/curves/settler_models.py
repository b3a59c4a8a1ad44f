"""Networks, losses and training in PyTorch for `settler_runs.py`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from scripts.curves import settler_data
from scripts.curves.settlers import Settler, good_rate, rate_at

History = dict[str, list[float]]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "elu": nn.ELU, "gelu": nn.GELU, "sigmoid": nn.Sigmoid}


class _Dense(nn.Module):
    """Layers that each see the inputs and all layers before (Huang et al. 2017)."""

    def __init__(self, plan: Settler, inputs: int, outputs: int) -> None:
        super().__init__()
        sizes = list(itertools.accumulate((inputs, *plan.widths)))
        self.layers = nn.ModuleList(nn.Linear(size, width) for size, width in zip(sizes, plan.widths, strict=False))
        self.act, self.drop = ACTIVATIONS[plan.activation](), nn.Dropout(plan.dropout)
        self.last = nn.Linear(sizes[-1], outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = torch.cat([x, self.drop(self.act(layer(x)))], dim=1)
        return self.last(x)


class _Recurrent(nn.Module):
    """Reads an image or a text row by row and answers by its last state."""

    def __init__(self, plan: Settler, outputs: int) -> None:
        super().__init__()
        self.shape = settler_data.SHAPES[plan.problem]
        kind = nn.RNN if plan.seed % 2 else nn.GRU
        self.cell = kind(self.shape[1], min(plan.widths[0], 32), batch_first=True)
        self.last = nn.Linear(min(plan.widths[0], 32), outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.cell(x.reshape(-1, *self.shape))[0][:, -1])


def build(plan: Settler, inputs: int, outputs: int) -> nn.Module:
    """Build the network of a plan for inputs [n, d]."""
    act, drop = ACTIVATIONS[plan.activation], [nn.Dropout(plan.dropout)] * (plan.dropout > 0)
    if plan.network == "dense":
        return _Dense(plan, inputs, outputs)
    if plan.network == "recurrent":
        return _Recurrent(plan, outputs)
    if plan.network == "conv":
        norm = [nn.BatchNorm2d(8)] * plan.batch_norm + [nn.GroupNorm(2, 8)] * plan.norm
        layers = [nn.Unflatten(1, (1, *settler_data.SHAPES[plan.problem])), nn.Conv2d(1, 8, 3, 2, 1), *norm, act()]
        layers += [nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.Conv2d(8, 16, 1), act(), nn.AdaptiveAvgPool2d(2)]
        return nn.Sequential(*layers, nn.Flatten(), *drop, nn.Linear(64, outputs))
    model = nn.Sequential()
    for size, width in itertools.pairwise((inputs, *plan.widths)):
        norm = [nn.BatchNorm1d(width)] * plan.batch_norm + [nn.LayerNorm(width)] * plan.norm
        model.extend([nn.Linear(size, width), *norm, act(), *drop])
    model.append(nn.Linear(plan.widths[-1], outputs))
    with torch.no_grad():
        if plan.mistake == "dead":
            model[0].bias -= 60
        for weights in model.parameters() if plan.mistake == "zeros" else ():
            weights.zero_()
    return model


def loss_of(plan: Settler, classes: int) -> Loss:
    """Return the loss of a plan, of outputs [n, k] and classes [n] or targets [n, …]."""
    if not classes:
        kinds = {"": torch.square, "mae": torch.abs, "logcosh": lambda e: torch.logaddexp(e, -e) - np.log(2)}
        return lambda z, t: kinds[plan.loss](z.reshape(t.shape) - t).mean()
    if plan.loss == "brier":
        return lambda z, t: functional.mse_loss(z.softmax(1), functional.one_hot(t, classes).float())
    twice = plan.mistake == "two_softmaxes"
    return lambda z, t: functional.cross_entropy(z.softmax(1) if twice else z, t)


def optimizer(plan: Settler, model: nn.Module) -> torch.optim.Optimizer:
    """Make the optimizer of a plan."""
    rate, decay = good_rate(plan) * plan.factor, plan.weight_decay
    if plan.optimizer in ("sgd", "momentum"):
        momentum = 0.9 if plan.optimizer == "momentum" else 0.0
        return torch.optim.SGD(model.parameters(), rate, momentum, weight_decay=decay)
    names = {"adam": "Adam", "adamw": "AdamW", "radam": "RAdam", "adamax": "Adamax", "nadam": "NAdam"}
    kind = getattr(torch.optim, {**names, "adadelta": "Adadelta"}[plan.optimizer])
    return kind(model.parameters(), rate, weight_decay=decay)


def batches(n: int, plan: Settler) -> Iterator[torch.Tensor]:
    """Yield row numbers of batches without end; with batch norm none of a single row."""
    while True:
        for rows in torch.randperm(n).split(plan.batch_size):
            if len(rows) > 1 or not plan.batch_norm:
                yield rows


class Pieces(NamedTuple):
    """What a set of runs is trained with."""

    build: Callable[[Settler, int, int], nn.Module]
    loss_of: Callable[[Settler, int], Loss]
    optimizer: Callable[[Settler, nn.Module], torch.optim.Optimizer]
    rate_at: Callable[[Settler, int], float]


OWN = Pieces(build, loss_of, optimizer, rate_at)


def train(
    plan: Settler, epochs: int, parts: dict[str, tuple[np.ndarray, np.ndarray]], classes: int, pieces: Pieces = OWN
) -> History:
    """Train a network as people write it; the curves end where the loss stops being finite."""
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    kind = np.int64 if classes else np.float32
    data = {name: (torch.tensor(x), torch.tensor(y.astype(kind))) for name, (x, y) in parts.items()}
    x, y = data["train"]
    model = pieces.build(plan, x.shape[1], classes or int(np.prod(y.shape[1:])))
    loss, made, rows_of = pieces.loss_of(plan, classes), pieces.optimizer(plan, model), batches(len(x), plan)
    slows = torch.optim.lr_scheduler.ReduceLROnPlateau(made, factor=0.2, patience=max(3, plan.epochs // 10))
    base = made.param_groups[0]["lr"]
    history: History = {"train_loss": []}
    count = plan.points or sum(len(r) > 1 or not plan.batch_norm for r in torch.arange(len(x)).split(plan.batch_size))
    for epoch in range(-plan.before, epochs):
        if plan.schedule != "plateau":
            made.param_groups[0]["lr"] = base * pieces.rate_at(plan, max(0, epoch))
        bad = plan.mistake == "bad_batch" and epoch == (2 * plan.epochs) // 3
        losses, sizes = _epoch(plan, model, loss, made, (x, y), itertools.islice(rows_of, count), bad)
        if epoch < 0:
            continue
        history["train_loss"].append(float(np.average(losses, weights=sizes)))
        model.train(plan.mistake == "eval_dropout")
        with torch.no_grad():
            for name, (inputs, t) in data.items():
                z = model(inputs)
                key = "train_eval" if name == "train" else f"{name}_loss"
                history.setdefault(key, []).append(float(loss(z, t)))
                if classes:
                    history.setdefault(f"{name}_accuracy", []).append(float((z.argmax(1) == t).float().mean()))
        if plan.schedule == "plateau":
            slows.step(history["val_loss"][-1])
        if not np.isfinite(history["train_loss"][-1]):
            break
    return history


def _epoch(
    plan: Settler, model: nn.Module, loss: Loss, made: torch.optim.Optimizer, data: tuple[torch.Tensor, torch.Tensor],
    rows_of: Iterator[torch.Tensor], bad: bool,
) -> tuple[list[float], list[int]]:  # fmt: skip
    """Take a step for each batch; return the losses of the batches and their sizes."""
    model.train()
    losses, sizes = [], []
    for i, rows in enumerate(rows_of):
        x = data[0][rows] * (300 if bad and not i else 1)
        x = x + plan.noise * torch.randn(x.shape) if plan.noise else x
        if plan.mistake != "never_zeroed":
            made.zero_grad()
        value = loss(model(x), data[1][rows])
        (-value if plan.mistake == "ascent" else value).backward()
        if plan.clip:
            nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
        made.step()
        losses.append(float(value.detach()))
        sizes.append(len(rows))
    return losses, sizes

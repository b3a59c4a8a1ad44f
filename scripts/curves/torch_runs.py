"""Rate sweeps by PyTorch, as its users write them: another tool's curves, labeled like ours.

Needs the extra `peers`. PyTorch's own initialization, optimizers and order of examples; the splits and the scaling are
the task's.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import nn

from nnjax.core.types import Prepared
from scripts.curves import tasks
from scripts.curves.trained import Outcome, prepared_for

OPTIMIZERS = {
    "torch_sgd": lambda weights, rate: torch.optim.SGD(weights, rate),
    "torch_momentum": lambda weights, rate: torch.optim.SGD(weights, rate, momentum=0.9),
    "torch_adam": lambda weights, rate: torch.optim.Adam(weights, rate),
}


def train(name: str, optimizer: str, rates: list[float], lengths: list[int], seeds: tuple[int, ...]) -> list[Outcome]:
    """Train every rate and seed to the longest length; an outcome a rate, length and seed, the seed running fastest."""
    torch.set_num_threads(1)
    prepared = prepared_for(tasks.experiment(name, "sgd"))
    out = []
    for rate in rates:
        histories = [_history(name, optimizer, rate, max(lengths), seed, prepared) for seed in seeds]
        out += [_cut(history, t, rate) for t, history in itertools.product(lengths, histories)]
    return out


def _cut(history: dict[str, list[float]], t: int, rate: float) -> Outcome:
    curves = {name: np.array(values[:t]) for name, values in history.items()}
    tests, ok = curves.pop("test_loss"), bool(np.isfinite(curves["train_loss"]).all()) and len(curves["val_loss"]) == t
    best = int(np.nanargmin(curves["val_loss"])) if np.isfinite(curves["val_loss"]).any() else 0
    return Outcome(curves, float(tests[-1]), float(tests[best]), not ok, {"learning_rate": rate})


def _history(name: str, optimizer: str, rate: float, epochs: int, seed: int, prepared: Prepared) -> dict[str, list]:
    """Train one network; stop where its loss is not finite."""
    task = tasks.TASKS[name]
    torch.manual_seed(seed)
    parts = {part: _tensors(prepared, getattr(prepared, part)) for part in ("train", "validation", "test")}
    x, y = parts["train"]
    widths = (x.shape[1], *task.widths, int(y.max()) + 1 if y.ndim == 1 else y.shape[1])
    layers = [layer for a, b in itertools.pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU())][:-1]
    model = nn.Sequential(*layers)
    step = OPTIMIZERS[optimizer](model.parameters(), rate)
    history: dict[str, list] = {n: [] for n in ("train_loss", "train_loss_eval", "val_loss", "test_loss")}
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(x)).split(task.batch_size):
            step.zero_grad()
            loss = _loss(model(x[rows]), y[rows])
            loss.backward()
            step.step()
            total += float(loss.detach()) * len(rows)
        history["train_loss"].append(total / len(x))
        with torch.no_grad():
            losses = {part: float(_loss(model(data[0]), data[1])) for part, data in parts.items()}
        history["train_loss_eval"].append(losses["train"])
        history["val_loss"].append(losses["validation"])
        history["test_loss"].append(losses["test"])
        if not np.isfinite(list(losses.values())).all():
            break
    return history


def _tensors(prepared: Prepared, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    data = prepared.dataset
    x = np.asarray(prepared.x_scaler(data.x[rows].astype(np.float64))).reshape(len(rows), -1)
    inputs = torch.tensor(x, dtype=torch.float32)
    assert data.y is not None
    if data.task == "classification":
        return inputs, torch.tensor(data.y[rows].astype(np.int64))
    y = np.asarray(prepared.y_scaler(data.y[rows].astype(np.float64))).reshape(len(rows), -1)
    return inputs, torch.tensor(y, dtype=torch.float32)


def _loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    if targets.ndim == 1:
        return nn.functional.cross_entropy(outputs, targets)
    return nn.functional.mse_loss(outputs, targets)

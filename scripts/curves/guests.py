"""A fifth set of runs: Keras, PyTorch and scikit-learn on other data, with other networks, optimizers and schedules.

Data: `guest_data.py`. Networks: residual and gated ones, mixers, radial units, convolutions with batch norm and
pooling, recurrent ones in both directions. Optimizers: Nesterov, AMSGrad, Muon, ASGD, Rprop, RMSprop with momentum,
Lion, Ftrl, AdamW with averaged weights. Mistakes: losses summed over a batch, targets of another shape, a ReLU at the
output.
"""

from __future__ import annotations

import numpy as np

from scripts.curves import guest_data
from scripts.curves.settlers import NUM_TEST, Settler
from scripts.curves.strangers import Plan
from scripts.curves.visitors import given as given

RATES = {"nesterov": 0.02, "amsgrad": 0.004, "muon": 0.01, "asgd": 0.1, "rprop": 0.003, "rms_momentum": 0.0006}
RATES |= {"adam": 0.004, "adamw": 0.004, "lion": 0.0006, "ftrl": 0.02, "averaged": 0.004, "sgd": 0.1, "momentum": 0.03}
OPTIMIZERS = {
    "torch": ("nesterov", "amsgrad", "adam", "muon", "asgd", "rms_momentum", "adamw"),
    "keras": ("adam", "nesterov", "adam", "rms_momentum", "lion", "averaged", "ftrl"),
    "sklearn": ("sgd", "momentum", "adam", "adam"),
}
SCHEDULES = (
    *["constant"] * 4, "stable_then_linear", "square", "late_drop", "sawtooth", "root", "up_and_down", "cosine",
    "halved_thrice", "plateau",
)  # fmt: skip
MISTAKES = {
    "torch": (
        "shuffled", "unscaled", "summed", "kick", "broadcast", "relu_output", "ascent", "late_start", "bad_batch",
        "growing", "nan_input", "unscaled_targets", "dead", "vanishing",
    ),
    "keras": ("shuffled", "unscaled", "dead", "vanishing", "late_start", "growing", "unscaled_targets", "zeros"),
    "sklearn": ("shuffled", "unscaled", "unscaled_targets"),
}  # fmt: skip
NETWORKS = {"torch": ("residual", "gated", "mixer", "radial", "conv", "both_ways"),
            "keras": ("residual", "gated", "conv", "both_ways")}  # fmt: skip
WIDTHS = ((24,), (100,), (64, 32), (32, 32, 32), (150, 50))
CLASS_ONLY, TARGET_ONLY = ("shuffled", "relu_output"), ("unscaled_targets", "broadcast")
MOST_STEPS = {"torch": 400, "keras": 300, "sklearn": 400}
LONGEST = {"torch": 2000, "keras": 50, "sklearn": 300}
LOGS_OFTEN = {"torch": 0.2, "keras": 0.0, "sklearn": 0.0}


def problem(plan: Settler) -> tuple[np.ndarray, np.ndarray, bool]:
    """Draw inputs [n, d] and classes or targets [n, …]: train, validation and test examples one after the other."""
    a = plan.num_train
    rng = np.random.default_rng(1700 + plan.seed % 19)
    x, y = guest_data.draw(plan.problem, a + plan.num_val + NUM_TEST, rng)
    classes = plan.problem in guest_data.CLASSES
    if plan.mistake == "shuffled":
        y = rng.permutation(y)
    if plan.wrong:
        rows = np.flatnonzero(rng.random(a) < plan.wrong)
        y[rows] = rng.integers(0, y.max() + 1, len(rows))
    if not classes:
        y = (y - y[:a].mean(axis=0)) / (y[:a].std(axis=0) + 1e-3)
        y = y * (300.0 if plan.mistake == "unscaled_targets" else 1.0)
    if plan.problem in guest_data.TABLES and plan.mistake != "unscaled":
        x = (x - x[:a].mean(axis=0)) / (x[:a].std(axis=0) + 1e-9)
    elif plan.mistake == "unscaled":
        x = x * 100
    if plan.mistake == "nan_input":
        x[rng.integers(a), 0] = np.nan
    return x, y, classes


def good_rate(plan: Settler) -> float:
    """Name a rate that learns well: a higher one for squares of probabilities, whose gradients are small."""
    slow = plan.loss == "brier" and plan.optimizer in ("sgd", "momentum", "nesterov", "asgd")
    return RATES[plan.optimizer] * (6.0 if slow else 1.0)


def rate_at(plan: Plan, epoch: int) -> float:
    """Return the rate as a share of the base rate in an epoch, from 0."""
    n = plan.epochs
    t = min(epoch / n, 1.0)
    if plan.mistake == "growing":
        return float(0.05 * 4000**t)
    if plan.mistake == "late_start":
        return 1e-5 if t < 0.45 else 1.0
    return float({
        "constant": 1.0, "plateau": 1.0, "square": (1 - t) ** 2, "cosine": 0.5 * (1 + np.cos(np.pi * t)),
        "stable_then_linear": min(1.0, (epoch + 1) / max(1, n // 10), 4 * (1 - t)), "late_drop": 0.05 ** (t >= 0.8),
        "sawtooth": 1 - 0.95 * ((3 * epoch / n) % 1), "root": (1 + epoch) ** -0.5,
        "halved_thrice": 0.5 ** int(4 * min(t, 0.99)),
        "up_and_down": min(2 * t, 2 - 2 * t) + 0.02,
    }[plan.schedule]) * (30.0 if plan.mistake == "kick" and epoch == (3 * n) // 5 else 1.0)  # fmt: skip


def plans(count: int, seed: int) -> list[Settler]:
    """Draw the runs."""
    rng = np.random.default_rng(seed)
    made = dict.fromkeys(MISTAKES, 0)
    return [_plan(rng, i, made) for i in range(count)]


def _plan(rng: np.random.Generator, i: int, made: dict[str, int]) -> Settler:
    tool = ("keras", "torch", "torch", "keras", "torch", "sklearn", "keras", "torch")[i % 8]
    mistake = ""
    if i % 11 in (4, 9):
        mistake = MISTAKES[tool][made[tool] % len(MISTAKES[tool])]
        made[tool] += 1
    factor = 1.0 if mistake else float(rng.choice([1 / 3, 1, 1, 1, 3]))
    if i % 6 == 1 and not mistake:
        factor = float(rng.choice([1 / 100, 1 / 30, 1 / 10, 10, 30, 100]))
    name = str(rng.choice(_names(mistake)))
    classes, small = name in guest_data.CLASSES, guest_data.SMALL.get(name)
    num_train, num_val = int(rng.choice([80, 200, 500, 1000])), int(rng.choice([16, 50, 200, 600]))
    num_train, num_val = (small[0], int(rng.choice(small[1]))) if small else (num_train, num_val)
    batch = int(rng.choice([8, 32, 64, 128]))
    long = bool(rng.random() < 0.08) and tool != "keras"
    batch = num_train if long else min(batch, num_train)
    num_train -= num_train % batch if tool == "keras" else 0
    points = int(rng.choice([4, 12])) if not long and rng.random() < LOGS_OFTEN[tool] else 0
    steps = MOST_STEPS[tool] * (3 if long else 1)
    most = max(8.0, min(LONGEST[tool], steps / (points or -(-num_train // batch))))
    epochs = max(5, int(5 * (most / 5) ** (rng.random() ** 0.6) if not long else rng.uniform(0.4, 1) * most))
    epochs = int(rng.integers(2, 5)) if i % 70 == 20 else 2000 if i % 90 == 44 else epochs
    if epochs == 2000:
        batch, points, long = num_train, 0, True
    draw, of = rng.random(10).tolist(), str(rng.choice(("mlp", *NETWORKS.get(tool, ()))))
    shaped = of in ("conv", "both_ways", "mixer") and name not in guest_data.SHAPES
    network = "mlp" if shaped or long or tool == "sklearn" or mistake in ("dead", "zeros", "vanishing") else of
    epochs = min(epochs, 100) if network in ("conv", "both_ways", "mixer") else epochs
    activation = str(rng.choice(["relu", "relu", "tanh", "silu", "selu"]))
    activation = "relu" if mistake in ("dead", "zeros") or (tool == "sklearn" and activation[0] == "s") else activation
    patience = int(rng.choice([3, 8])) if draw[1] < 0.06 and not mistake and epochs >= 15 and tool == "torch" else 0
    fixed = patience or tool == "sklearn" or mistake in ("growing", "late_start")
    optimizer = str(rng.choice(OPTIMIZERS[tool]))
    optimizer = "rprop" if tool == "torch" and long and draw[9] < 0.3 else optimizer
    if mistake in ("unscaled_targets", "summed", "vanishing"):
        optimizer = "sgd" if tool == "sklearn" else "nesterov"
    return Settler(
        problem=name, num_train=num_train, num_val=num_val, epochs=epochs, seed=30000 + i,
        widths=(12,) * 8 if mistake == "vanishing" else WIDTHS[rng.integers(len(WIDTHS))],
        activation=activation if mistake != "vanishing" else "sigmoid" if tool != "sklearn" else "logistic",
        optimizer=optimizer, factor=factor, batch_size=batch, mistake=mistake, tool=tool, network=network,
        points=points, batch_norm=tool != "sklearn" and draw[2] < 0.3 and not mistake,
        dropout=float(rng.choice([0, 0, 0, 0.15, 0.3, 0.5])), weight_decay=float(rng.choice([0, 0, 0, 1e-4, 1e-2])),
        schedule="constant" if fixed else str(rng.choice(SCHEDULES)),
        loss=("brier" if draw[3] < 0.08 else "") if classes and tool != "sklearn" and mistake != "relu_output"
        else "mae" if not classes and tool != "sklearn" and draw[3] < 0.2 and mistake != "broadcast" else "",
        wrong=float(rng.choice([0.1, 0.3])) if classes and draw[4] < 0.1 and not mistake else 0.0,
        noise=0.25 if draw[5] < 0.2 and tool != "sklearn" else 0.0,
        clip=0.5 if draw[6] < 0.15 and tool == "torch" and not mistake else 0.0,
        before=epochs if tool == "torch" and not mistake and not patience and draw[7] < 0.05 else 0,
        patience=patience, hides=_hides(rng, tool, classes, mistake), tells_num_val=draw[8] < 0.5,
    )  # fmt: skip


def _names(mistake: str) -> tuple[str, ...]:
    """Name the data that fit a mistake."""
    classes, targets = tuple(guest_data.CLASSES), tuple(guest_data.TARGETS)
    if mistake == "nan_input":
        return guest_data.TABLES
    if mistake == "unscaled":
        return (*guest_data.TABLES, "shoes", "relief")
    if mistake == "broadcast":
        return "texture", "share_price", "pendulum", "relief"
    return classes if mistake in CLASS_ONLY else targets if mistake in TARGET_ONLY else classes + targets


def _hides(rng: np.random.Generator, tool: str, classes: bool, mistake: str) -> tuple[str, ...]:
    """Choose what the log does not have: accuracies alone, train alone, validation alone, no accuracies."""
    draw, every = rng.random(4), ("train_loss", "train_loss_eval", "val_loss", "train_accuracy", "val_accuracy")
    shows = {"train_loss", "val_loss"} | ({"train_loss_eval"} if draw[0] < 0.2 else set())
    if classes and draw[1] < 0.65:
        shows |= {"val_accuracy"} | ({"train_accuracy"} if draw[1] < 0.5 else set())
    if tool == "sklearn" and draw[2] < 0.5:
        shows = {"train_loss"} | ({"val_accuracy"} if classes and draw[1] < 0.6 else set())
    elif classes and draw[2] < 0.12:
        shows = {"train_accuracy", "val_accuracy"} if draw[3] < 0.7 else {"val_accuracy"}
    elif mistake != "shuffled" and draw[2] > 0.9:
        shows = {"val_loss"} if draw[3] < 0.25 else {"train_loss"}
    return tuple(name for name in every if name not in shows)

"""A fourth set of runs: PyTorch, Flax, Keras and scikit-learn on real data that is asked something else.

Data: MNIST, Fashion-MNIST, scikit-learn's tables and digits, a photograph, Python's help (`settler_data.py`).
Networks: dense connections, convolution, recurrent ones, autoencoders, sine waves of places. Settings: gradients that
are never set to zero, two softmaxes, zeros as first weights, squares as loss of classes, dropout in evaluation.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from scripts.curves import settler_data
from scripts.curves.strangers import Plan
from scripts.curves.visitors import given as given

RATES = {"sgd": 0.1, "momentum": 0.03, "adam": 0.004, "adamw": 0.004, "radam": 0.006, "adamax": 0.008, "nadam": 0.004}
RATES |= {"adadelta": 1.0, "adafactor": 0.02, "adabelief": 0.004, "lamb": 0.02, "yogi": 0.01}
OPTIMIZERS = {
    "torch": ("sgd", "momentum", "adam", "adam", "adamw", "radam", "adamax", "nadam", "adadelta"),
    "flax": ("sgd", "momentum", "adam", "adamw", "adabelief", "lamb", "yogi"),
    "keras": ("sgd", "adam", "adamax", "adafactor"),
    "sklearn": ("sgd", "momentum", "adam", "adam"),
}
SCHEDULES = (
    *["constant"] * 4, "milestones", "drops", "warm_linear", "warm_cosine", "restarts", "flat_then_cosine",
    "exponential", "plateau",
)  # fmt: skip
MISTAKES = {
    "torch": (
        "shuffled", "unscaled", "never_zeroed", "kick", "zeros", "two_softmaxes", "vanishing", "ascent", "bad_batch",
        "dead", "growing", "late_start", "unscaled_targets", "nan_input", "eval_dropout", "shuffled",
    ),
    "flax": ("shuffled", "unscaled", "kick", "vanishing", "nan_input", "growing", "late_start", "dead"),
    "keras": ("shuffled", "unscaled", "vanishing", "dead", "zeros", "growing"),
    "sklearn": ("shuffled", "unscaled", "unscaled_targets"),
}  # fmt: skip
CLASS_ONLY, TARGET_ONLY = ("shuffled", "two_softmaxes", "late_start"), ("unscaled_targets",)
NUM_TEST = 600
MOST_STEPS = {"torch": 250, "flax": 400, "keras": 150, "sklearn": 250}
LONGEST = {"torch": 2000, "flax": 800, "keras": 30, "sklearn": 120}


@dataclasses.dataclass(frozen=True)
class Settler(Plan):
    """One run; what it has beyond the plans of the first two sets."""

    loss: str = ""  # "mae" or "logcosh" for targets, "brier" for classes
    wrong: float = 0.0  # share of the training labels that are drawn anew
    noise: float = 0.0  # on the inputs while training
    clip: float = 0.0
    before: int = 0  # epochs trained before the log begins
    patience: int = 0  # epochs of early stopping


def problem(plan: Settler) -> tuple[np.ndarray, np.ndarray, bool]:
    """Draw inputs [n, d] and classes or targets [n, …]: train, validation and test examples one after the other."""
    a = plan.num_train
    rng = np.random.default_rng(1300 + plan.seed % 17)
    x, y = settler_data.draw(plan.problem, a + plan.num_val + NUM_TEST, rng)
    classes = plan.problem in settler_data.CLASSES
    if plan.mistake == "shuffled":
        y = rng.permutation(y)
    if plan.wrong:
        rows = np.flatnonzero(rng.random(a) < plan.wrong)
        y[rows] = rng.integers(0, y.max() + 1, len(rows))
    if not classes and plan.problem not in ("restored", "coded", "lower_half"):
        y = (y - y[:a].mean(axis=0)) / y[:a].std(axis=0) * (200.0 if plan.mistake == "unscaled_targets" else 1.0)
    if plan.problem in settler_data.TABLES:
        if plan.mistake != "unscaled":
            x = (x - x[:a].mean(axis=0)) / x[:a].std(axis=0)
    elif plan.mistake == "unscaled":
        x = x * 255
    if plan.mistake == "nan_input":
        x[rng.integers(a), -1] = np.nan
    return x, y, classes


def good_rate(plan: Settler) -> float:
    """Name a rate that learns well: a higher one for squares of probabilities, whose gradients are small."""
    return RATES[plan.optimizer] * (8.0 if plan.loss == "brier" and plan.optimizer in ("sgd", "momentum") else 1.0)


def rate_at(plan: Plan, epoch: int) -> float:
    """Return the rate as a share of the base rate in an epoch, from 0."""
    n = plan.epochs
    t, warm = min(epoch / n, 1.0), min(1.0, (epoch + 1) / max(1, n // 8))
    if plan.mistake == "growing":
        return float(0.03 * 6000**t)
    if plan.mistake == "late_start":
        return 2e-5 if t < 0.45 else 1.0
    return float({
        "constant": 1.0, "plateau": 1.0,
        "milestones": 0.1 ** ((t >= 0.6) + (t >= 0.8)), "drops": 0.4 ** int(5 * min(t, 0.99)),
        "warm_linear": warm * (1 - t), "warm_cosine": warm * 0.5 * (1 + np.cos(np.pi * t)),
        "restarts": 0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * ((4 * epoch / n) % 1))),
        "flat_then_cosine": 0.5 * (1 + np.cos(np.pi * max(0.0, (t - 0.7) / 0.3))), "exponential": 0.03**t,
    }[plan.schedule]) * (30.0 if plan.mistake == "kick" and epoch == (3 * n) // 5 else 1.0)  # fmt: skip


def plans(count: int, seed: int) -> list[Settler]:
    """Draw the runs."""
    rng = np.random.default_rng(seed)
    made = dict.fromkeys(MISTAKES, 0)
    return [_plan(rng, i, made) for i in range(count)]


def _plan(rng: np.random.Generator, i: int, made: dict[str, int]) -> Settler:
    tool = ("torch", "torch", "sklearn", "torch", "sklearn", "torch", "torch", "sklearn", "torch")[i % 9]
    tool = "flax" if i % 18 == 10 else "keras" if i % 54 == 13 else tool
    mistake = ""
    if i % 11 in (3, 8):
        mistake = MISTAKES[tool][made[tool] % len(MISTAKES[tool])]
        made[tool] += 1
    factor = 1.0 if mistake else float(rng.choice([1 / 3, 1, 1, 1, 3]))
    if i % 6 == 2 and not mistake:
        factor = float(rng.choice([1 / 100, 1 / 30, 1 / 10, 10, 30, 100]))
    name = str(rng.choice(_names(mistake)))
    classes, small = name in settler_data.CLASSES, settler_data.SMALL.get(name)
    num_train, num_val = int(rng.choice([80, 200, 600, 1200])), int(rng.choice([20, 60, 250, 700]))
    if name in ("odd", "rows", "lower_half"):
        num_train, num_val = min(num_train, 600), min(num_val, 250)
    if small:
        num_train, num_val = small[0], int(rng.choice(small[1]))
    batch = int(rng.choice([16, 32, 64, 200]))
    longs = bool(rng.random() < 0.06) and tool != "keras"
    batch = num_train if longs else min(batch, num_train)
    points = int(rng.choice([3, 10])) if tool == "torch" and not longs and rng.random() < 0.18 else 0
    steps = MOST_STEPS[tool] * (4 if longs else 1)
    most = max(8.0, min(LONGEST[tool], steps / (points or -(-num_train // batch))))
    epochs = int(5 * (most / 5) ** (rng.random() ** 0.6)) if not longs else int(rng.uniform(0.3, 1) * most)
    epochs = 2000 if i % 100 == 45 else epochs
    epochs = int(rng.integers(2, 5)) if i % 70 == 11 else max(5, epochs)
    draw = rng.random(10).tolist()
    image = name in settler_data.SHAPES
    network = "mlp"
    if tool != "sklearn" and mistake not in ("dead", "zeros", "vanishing"):
        kinds = {"torch": ("conv", "recurrent"), "flax": ("conv",), "keras": ("conv", "recurrent")}[tool]
        network = str(rng.choice(kinds)) if image and draw[0] < 0.6 else "dense" if draw[0] > 0.75 else "mlp"
        network = "recurrent" if name == "rows" and tool != "flax" and draw[0] < 0.8 else network
    widths = ((16,), (80,), (48, 24), (30, 30, 30), (128,), (20,) * 4)[rng.integers(6)]
    if name in ("coded", "restored") and network == "mlp":
        widths = ((40, 8, 40), (6,), (30,))[rng.integers(3)]
    activation = str(rng.choice(["relu", "relu", "relu", "tanh", "elu", "gelu"]))
    patience = int(rng.choice([4, 10])) if draw[1] < 0.08 and not mistake and epochs >= 15 and tool == "torch" else 0
    if network in ("conv", "recurrent"):
        epochs = min(epochs, 120)
    fixed = patience or tool == "sklearn" or mistake in ("growing", "late_start")
    return Settler(
        problem=name, num_train=num_train, num_val=num_val, epochs=epochs, seed=20000 + i,
        widths=(10,) * 8 if mistake == "vanishing" else widths,
        activation="sigmoid" if mistake == "vanishing" else "relu" if mistake in ("dead", "zeros") or
        (tool == "sklearn" and activation in ("elu", "gelu")) else activation,
        optimizer=str(rng.choice(OPTIMIZERS[tool])) if mistake not in ("unscaled_targets", "vanishing") else "sgd",
        factor=factor, batch_size=batch, mistake=mistake, tool=tool, network=network, points=points,
        batch_norm=tool in ("torch", "keras") and draw[2] < 0.2 and not mistake,
        norm=tool != "sklearn" and 0.2 < draw[2] < 0.3 and not mistake,
        dropout=0.4 if mistake == "eval_dropout" else float(rng.choice([0, 0, 0, 0.1, 0.25, 0.5])),
        weight_decay=float(rng.choice([0, 0, 0, 1e-4, 1e-2])),
        schedule="constant" if fixed else str(rng.choice(SCHEDULES[: -1 if tool == "flax" else None])),
        loss=("brier" if draw[3] < 0.1 else "") if classes and tool != "sklearn" and mistake != "two_softmaxes"
        else str(rng.choice(["mae", "logcosh"])) if not classes and tool != "sklearn" and draw[3] < 0.3 else "",
        wrong=float(rng.choice([0.15, 0.4])) if classes and draw[4] < 0.12 and not mistake else 0.0,
        noise=0.3 if draw[5] < 0.18 and tool != "sklearn" else 0.0,
        clip=1.0 if draw[6] < 0.2 and tool in ("torch", "flax") and not mistake else 0.0,
        before=epochs if tool == "torch" and not mistake and not patience and draw[7] < 0.06 else 0,
        patience=patience, hides=_hides(rng, tool, classes, mistake), tells_num_val=draw[8] < 0.5,
    )  # fmt: skip


def _names(mistake: str) -> tuple[str, ...]:
    """Name the data that fit a mistake."""
    classes, targets = tuple(settler_data.CLASSES), tuple(settler_data.TARGETS)
    if mistake == "nan_input":
        return settler_data.TABLES
    if mistake == "unscaled":
        return (*settler_data.TABLES, "garment", "odd")
    names = classes if mistake in CLASS_ONLY else targets if mistake in TARGET_ONLY else classes + targets
    names = tuple(name for name in names if mistake != "two_softmaxes" or name in ("turned", "few_pixels", "odd"))
    pictures = ("restored", "coded", "lower_half") if mistake else ()
    return tuple(name for name in names if name not in pictures)


def _hides(rng: np.random.Generator, tool: str, classes: bool, mistake: str) -> tuple[str, ...]:
    """Choose what the log does not have: accuracies alone, train alone, validation alone, no accuracies."""
    draw, every = rng.random(4), ("train_loss", "train_loss_eval", "val_loss", "train_accuracy", "val_accuracy")
    shows = {"train_loss", "val_loss"} | ({"train_loss_eval"} if draw[0] < 0.2 else set())
    if classes and draw[1] < 0.6:
        shows |= {"val_accuracy"} | ({"train_accuracy"} if draw[1] < 0.45 else set())
    if tool == "sklearn" and draw[2] < 0.5:
        shows = {"train_loss"} | ({"val_accuracy"} if classes and draw[1] < 0.6 else set())
    elif classes and draw[2] < 0.14:
        shows = {"train_accuracy", "val_accuracy"}
    elif mistake != "shuffled" and draw[2] > 0.88:
        shows = {"val_loss"} if draw[3] < 0.25 else {"train_loss"}
    return tuple(name for name in every if name not in shows)

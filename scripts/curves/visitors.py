"""A third set of runs of PyTorch, Keras and scikit-learn, with other data, networks and settings than the first two.

Data: iris, wine and linnerud, Fashion-MNIST, patches of scikit-learn's photographs, bags of words of docstrings, tables
of houses and of forests, series, sequences, `make_classification` of several difficulties, wrong labels, rare classes.
Networks: attention, LSTM, convolution in one and two dimensions, boosting, linear models. Settings: gradient clipping,
label smoothing, augmentation, other losses, leaks, networks trained before, optimizers restarted, early stopping.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from scripts.curves import visitor_data
from scripts.curves.strangers import Plan

RATES = {"sgd": 0.1, "momentum": 0.03, "adam": 0.003, "adamw": 0.003, "nadam": 0.003, "rmsprop": 0.001, "adagrad": 0.03}
RATES |= {"lion": 0.0005, "boost": 0.1, "linear": 0.01}
OPTIMIZERS = {
    "torch": ("sgd", "momentum", "adam", "adam", "adamw", "rmsprop", "adagrad", "lion"),
    "keras": ("sgd", "momentum", "adam", "adam", "adamw", "nadam", "rmsprop", "adagrad", "lion"),
    "sklearn": ("sgd", "momentum", "adam", "adam", "boost", "boost", "linear"),
}
SCHEDULES = (
    *["constant"] * 4, "halving", "cosine", "cosine_floor", "sgdr", "inverse_sqrt", "poly", "triangle", "one_cycle",
    "plateau", "decay", "hyperbolic",
)  # fmt: skip
MISTAKES = {
    "torch": (
        "shuffled", "ascent", "unscaled", "unscaled_targets", "dead", "saturated", "not_a_number", "bad_batch",
        "growing", "late_start", "frozen", "exploding",
    ),
    "keras": ("shuffled", "unscaled", "not_a_number", "dead", "saturated", "growing", "late_start", "exploding"),
}  # fmt: skip
TARGET_ONLY = ("unscaled_targets", "exploding")
CLASS_ONLY = ("shuffled", "late_start")
MOST_STEPS = 800
NUM_TEST = 1000


@dataclasses.dataclass(frozen=True)
class Visit(Plan):
    """One run; what it has beyond the plans of the first two sets."""

    clip: float = 0.0  # largest norm of a gradient; 0 for none
    smoothing: float = 0.0  # of labels
    augment: str = ""  # "flip", "jitter", "mixup"
    loss: str = ""  # "mae" or "huber" instead of the squares
    flips: float = 0.0  # share of the training labels that are wrong
    leak: float = 0.0  # share of the validation examples that are training examples
    before: int = 0  # epochs trained before the log begins
    resumed: bool = False  # the optimizer begins anew in the middle
    last_batch: bool = False  # the train loss of the log is that of the last batch
    patience: int = 0  # epochs of early stopping
    logs_nan: bool = False  # the log goes on after the first value that is not finite


def problem(plan: Plan) -> tuple[np.ndarray, np.ndarray, bool]:
    """Draw inputs [n, d] and classes or targets [n, …]: train, validation and test examples one after the other."""
    assert isinstance(plan, Visit)
    n, rng = plan.num_train + plan.num_val + NUM_TEST, np.random.default_rng(900 + plan.seed % 13)
    x, y, classes = visitor_data.draw(plan.problem, n, rng)
    a, b = plan.num_train, plan.num_train + plan.num_val
    if plan.mistake == "shuffled":
        y = rng.permutation(y)
    if plan.flips:
        wrong = np.flatnonzero(rng.random(a) < plan.flips)
        y[wrong] = rng.integers(0, y.max() + 1, len(wrong))
    if plan.leak:
        copies = np.arange(a, a + int(plan.leak * (b - a)))
        sources = rng.integers(0, a, len(copies))
        x[copies], y[copies] = x[sources], y[sources]
    if not classes:
        y = (y - y[:a].mean(axis=0)) / y[:a].std(axis=0) * (300.0 if plan.mistake == "unscaled_targets" else 1.0)
    if plan.problem != "order":
        x = (x - x[:a].mean(axis=0)) / np.maximum(x[:a].std(axis=0), 0.05)
        x *= {"unscaled": 100.0, "exploding": 5.0}.get(plan.mistake, 1.0)
    if plan.mistake == "not_a_number":
        x[rng.integers(a), 0] = np.nan
    return x, y, classes


def rate_at(plan: Plan, epoch: int) -> float:
    """Return the rate as a share of the base rate in an epoch, from 0."""
    n, t = plan.epochs, epoch / plan.epochs
    if plan.mistake == "growing":
        return float(0.05 * 4000 ** min(t, 1.0))
    if plan.mistake == "late_start":
        return 1e-4 if t < 0.4 else 1.0
    warm = min(1.0, (epoch + 1) / max(1, n / 10))
    cosine = 0.5 * (1 + np.cos(np.pi * min(t, 1.0)))
    u = 7 * t + 1  # cycles of n / 7, 2 n / 7, 4 n / 7 epochs, and so on
    cycle = np.log2(u) % 1
    return float({
        "constant": 1.0, "plateau": 1.0,
        "halving": 0.5 ** (epoch // max(1, n // 6)),
        "cosine": cosine, "cosine_floor": warm * (0.1 + 0.9 * cosine),
        "sgdr": 0.5 * (1 + np.cos(np.pi * (2**cycle - 1))),
        "inverse_sqrt": min(warm, np.sqrt(max(1, n / 10) / (epoch + 1))),
        "poly": max(0.0, 1 - t) ** 2,
        "triangle": 0.1 + 1.9 * (1 - abs(2 * ((4.5 * t) % 1) - 1)),
        "one_cycle": 0.1 + 1.9 * t / 0.25 if t < 0.25 else 1 + np.cos(np.pi * min(1.0, (t - 0.25) / 0.75)),
        "decay": 0.97**epoch, "hyperbolic": 1 / (1 + epoch / 10),
    }[plan.schedule])  # fmt: skip


def plans(count: int, seed: int) -> list[Visit]:
    """Draw the runs."""
    rng = np.random.default_rng(seed)
    return [_plan(rng, i) for i in range(count)]


def _plan(rng: np.random.Generator, i: int) -> Visit:
    tool = ("torch", "torch", "keras", "sklearn", "torch", "torch", "sklearn", "torch", "torch", "torch")[i % 10]
    tool = "keras" if i % 20 == 19 else tool
    turn = i // 20 if tool == "keras" else i // 5 - i // 20
    mistake = MISTAKES[tool][turn % len(MISTAKES[tool])] if i % 5 == 4 else ""
    name, optimizer = _task(rng, tool, mistake)
    classes, small = name in visitor_data.CLASSES, visitor_data.SMALL.get(name)
    num_train, num_val = int(rng.choice([40, 100, 250, 500])), int(rng.choice([10, 30, 80, 400]))
    if small:
        num_train, num_val = small[0], int(rng.choice(small[1]))
    batch = int(rng.choice([20, 50, 100]))
    longs = tool != "keras" and bool(rng.random() < 0.12)
    if longs or optimizer == "boost":
        batch = num_train
    points = int(rng.choice([4, 8])) if tool == "torch" and not longs and rng.random() < 0.15 else 0
    most = min({"torch": 2000, "keras": 40, "sklearn": 150}[tool], MOST_STEPS / (points or -(-num_train // batch)))
    fewest, most = (200, 2000) if longs else (5, max(7, most))
    epochs = int(fewest * (most / fewest) ** (rng.random() ** 0.7))
    if optimizer == "boost" or (longs and tool == "sklearn"):
        epochs = min(epochs, 150)
    if i % 60 == 7:
        epochs = int(rng.integers(2, 5))
    wrong_rate = float(rng.choice([1 / 100, 1 / 30, 1 / 10, 10, 30, 100])) if i % 4 == 1 else 0.0
    factor = 1.0 if mistake else wrong_rate or float(rng.choice([1 / 3, 1, 1, 1, 3]))
    draw = rng.random(12).tolist()
    special = tool != "sklearn" and (draw[0] < 0.6 or name == "order")
    network = visitor_data.NETWORKS.get(name, "mlp") if special else "mlp"
    widths = ((10,), (64,), (40, 10), (20, 20, 20), (12,) * 5, (100,))[rng.integers(6)]
    patience = int(rng.choice([3, 8, 20])) if draw[1] < 0.1 and not mistake and epochs >= 15 else 0
    plan = Visit(
        problem=name, num_train=num_train, num_val=num_val, epochs=max(2 if i % 60 == 7 else 5, epochs), seed=7000 + i,
        widths=widths, activation=str(rng.choice(["relu", "relu", "tanh", "sigmoid", "silu"])), optimizer=optimizer,
        factor=factor, batch_size=batch, mistake=mistake, tool=tool, network=network, points=points,
        batch_norm=tool != "sklearn" and draw[2] < 0.2, norm=tool != "sklearn" and 0.2 < draw[2] < 0.35,
        dropout=float(rng.choice([0, 0, 0, 0.2, 0.5])), weight_decay=float(rng.choice([0, 0, 1e-3, 1e-1])),
        schedule=str(rng.choice(SCHEDULES)), tells_num_val=draw[3] < 0.5,
    )  # fmt: skip
    fixed = patience or tool == "sklearn" or mistake in ("growing", "late_start")
    return dataclasses.replace(
        plan, schedule="constant" if fixed else plan.schedule, patience=patience,
        activation="relu" if mistake == "dead" or (tool == "sklearn" and plan.activation in ("silu", "sigmoid"))
        else "sigmoid" if mistake == "saturated" else plan.activation,
        network="mlp" if mistake in ("dead", "saturated") and name != "order" else network,
        batch_norm=plan.batch_norm and not mistake, norm=plan.norm and not mistake, hides=_hides(rng, plan, classes),
        clip=float(rng.choice([0, 0, 0, 0.1, 1])) if tool != "sklearn" and mistake != "exploding" else 0.0,
        smoothing=0.1 if classes and tool != "sklearn" and draw[4] < 0.12 else 0.0,
        augment=("flip" if name == "fashion" and tool == "torch" else "mixup" if classes and name != "order" and
                 tool == "torch" and draw[5] < 0.1 else "jitter") if draw[5] < 0.25 and tool != "sklearn" else "",
        loss=str(rng.choice(["mae", "huber"])) if not classes and tool != "sklearn" and draw[6] < 0.3 else "",
        flips=float(rng.choice([0.1, 0.3])) if classes and draw[7] < 0.15 and not mistake else 0.0,
        leak=float(rng.choice([0.5, 1])) if 0.15 < draw[7] < 0.25 and not mistake else 0.0,
        before=2 * plan.epochs if tool == "torch" and not mistake and draw[8] < 0.08 else 0,
        resumed=tool == "torch" and not mistake and draw[9] < 0.07, last_batch=tool == "torch" and draw[10] < 0.12,
        logs_nan=draw[11] < 0.5,
    )  # fmt: skip


def _task(rng: np.random.Generator, tool: str, mistake: str) -> tuple[str, str]:
    """Draw the data and the optimizer that fit a tool and a mistake."""
    names: tuple[str, ...] = visitor_data.CLASSES if mistake in CLASS_ONLY else visitor_data.TARGETS
    if mistake not in CLASS_ONLY + TARGET_ONLY:
        names = (*visitor_data.CLASSES, *visitor_data.TARGETS, "order")
    barred: tuple[str, ...] = ("order",) if tool == "sklearn" or mistake else ()
    barred += ("patches", "linnerud") if tool == "sklearn" else ()
    optimizer = str(rng.choice(OPTIMIZERS[tool]))
    if mistake in ("exploding", "unscaled_targets"):
        optimizer = "sgd"
    return str(rng.choice([name for name in names if name not in barred])), optimizer


def _hides(rng: np.random.Generator, plan: Visit, classes: bool) -> tuple[str, ...]:
    """Choose what the log does not have: accuracies alone, train alone, validation alone, no accuracies."""
    draw, every = rng.random(4), ("train_loss", "train_loss_eval", "val_loss", "train_accuracy", "val_accuracy")
    shows = {"train_loss", "val_loss"} | ({"train_loss_eval"} if draw[0] < 0.2 else set())
    shows |= {"train_accuracy", "val_accuracy"} if draw[1] < 0.5 else set()
    if plan.tool == "sklearn" and plan.optimizer != "linear":
        scores = {"val_accuracy"} if draw[1] < 0.5 else set()
        shows = {"train_loss"} | scores if draw[2] < 0.65 else {"train_loss", "val_loss"} | scores
    elif classes and draw[2] < 0.13:
        alone = draw[3] < 0.25 and plan.mistake != "shuffled"
        shows = {"val_accuracy"} if alone else {"train_accuracy", "val_accuracy"}
    elif plan.mistake != "shuffled" and draw[2] > 0.85:
        shows = {"val_loss"} if draw[3] < 0.3 else {"train_loss"} if draw[3] < 0.8 else {"train_loss", "train_accuracy"}
    return tuple(name for name in every if name not in shows)


def given(plan: Plan, history: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], Plan]:
    """Return the curves that the log of a run has, and its plan."""
    names = ("train_loss", "train_eval", "val_loss", "train_accuracy", "val_accuracy")
    logged = {name.replace("train_eval", "train_loss_eval"): history[name] for name in names if name in history}
    own = {name: y[: plan.epochs] for name, y in logged.items() if name not in plan.hides}
    nowhere = not np.isfinite(history["train_loss"]).all()  # a loss that is never finite is in the log all the same
    return {name: y for name, y in own.items() if nowhere or np.isfinite(y).any()}, plan

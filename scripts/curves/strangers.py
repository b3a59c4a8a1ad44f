"""Runs as users of PyTorch, Keras and scikit-learn write them; `visitor_labels.py` says how they are labeled.

Schedules (steps, cosine, restarts, warm-up), batch norm, dropout, noise on the inputs, validation parts of 20 to 1,000
examples, 5 to 2,000 epochs, rates from far too low to far too high, and mistakes made on purpose. A second set of runs
(`newcomers.py`) has other data, networks, optimizers and schedules.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
from sklearn import datasets, preprocessing

PROBLEMS = ("classes", "clean", "moons", "digits", "regression", "sine", "product", "wide")
MISTAKES = ("shuffled", "ascent", "unscaled", "dead", "no_rate", "kick")
NUM_TEST = 2000
RATES = {"sgd": 0.1, "momentum": 0.03, "nesterov": 0.02, "adam": 0.003, "adamw": 0.003, "rmsprop": 0.002}
RATES["adagrad"] = 0.03


@dataclasses.dataclass(frozen=True)
class Plan:
    """One run: what is trained on what, how, and what was done to it."""

    problem: str
    num_train: int
    num_val: int
    epochs: int
    seed: int
    widths: tuple[int, ...] = (32,)
    activation: str = "relu"
    batch_norm: bool = False
    dropout: float = 0.0
    weight_decay: float = 0.0
    input_noise: float = 0.0
    optimizer: str = "adam"
    factor: float = 1.0  # times a good rate
    schedule: str = "constant"
    batch_size: int = 32
    mistake: str = ""
    tool: str = "torch"
    network: str = "mlp"
    norm: bool = False  # layer norm
    points: int = 0  # batches between two entries of the log, which then counts for an epoch; 0 for a whole epoch
    hides: tuple[str, ...] = ()  # curves that the log does not have
    tells_num_val: bool = False


def problem(plan: Plan) -> tuple[np.ndarray, np.ndarray, bool]:
    """Draw inputs [n, d] and classes or targets [n]: train, validation and test examples one after the other."""
    n, seed = plan.num_train + plan.num_val + NUM_TEST, plan.seed % 7
    rng = np.random.default_rng(seed)
    if plan.problem in ("regression", "sine"):
        x = rng.uniform(-1, 1, (n, 6))
        y = np.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + rng.normal(0, 0.2, n)
        if plan.problem == "regression":
            x, y = datasets.make_friedman1(n, noise=1.0, random_state=seed)
        scaled = y if plan.mistake == "unscaled" else (y - y.mean()) / y.std()
        return (x * 300 if plan.mistake == "unscaled" else preprocessing.scale(x)), scaled * 1.0, False
    if plan.problem == "product":
        x = rng.normal(0, 1, (n, 5))
        y = (x[:, 0] * x[:, 1] > 0).astype(int)
    elif plan.problem == "moons":
        x, y = datasets.make_moons(n, noise=0.25, random_state=seed)
    elif plan.problem == "digits":
        x, y = datasets.load_digits(return_X_y=True)
        order = rng.permutation(len(x))
        x, y = x[order], y[order]
    else:
        wide, clean = plan.problem == "wide", plan.problem == "clean"
        x, y = datasets.make_classification(
            n, 100 if wide else 20, n_informative=8, n_redundant=2, n_classes=4, random_state=seed,
            flip_y=0.0 if clean else 0.1, class_sep=1.6 if clean else 1.0,
        )  # fmt: skip
    if plan.mistake == "shuffled":
        y = rng.permutation(y)
    return (x * 100 if plan.mistake == "unscaled" else preprocessing.scale(x)), y, True


def plans(count: int, seed: int) -> list[Plan]:
    """Draw the runs."""
    rng = np.random.default_rng(seed)
    return [_plan(rng, i) for i in range(count)]


def _plan(rng: np.random.Generator, i: int) -> Plan:
    mistake = str(rng.choice(MISTAKES)) if i % 6 == 5 else ""
    factor = float(rng.choice([1 / 30, 1 / 10, 10, 30, 100])) if i % 4 == 1 else float(rng.choice([1 / 3, 1, 1, 1, 3]))
    tool = "sklearn" if i % 8 == 2 and not mistake else "keras" if i % 12 == 4 and not mistake else "torch"
    names = ("classes", "clean", "moons", "digits", "product", "wide") if mistake == "shuffled" else PROBLEMS
    num_train = int(rng.choice([60, 200, 600, 1200]))
    most = {"torch": 2000, "sklearn": 800, "keras": 120}[tool]
    epochs = min(most, int(np.exp(rng.uniform(np.log(6), np.log(2000 if num_train < 300 else 150)))))
    return Plan(
        problem=str(rng.choice(names)), num_train=num_train, num_val=int(rng.choice([20, 50, 200, 1000])),
        epochs=epochs, seed=i, widths=((8,), (32,), (64, 32), (24, 24, 24))[rng.integers(4)],
        activation=str(rng.choice(["relu", "tanh"])), batch_norm=bool(rng.random() < 0.25),
        dropout=float(rng.choice([0, 0, 0, 0.2, 0.4])), weight_decay=float(rng.choice([0, 0, 1e-4, 1e-2])),
        input_noise=float(rng.choice([0, 0, 0, 0.3])), optimizer=str(rng.choice(["sgd", "momentum", "adam", "adam"])),
        factor=1.0 if mistake else factor, batch_size=int(rng.choice([16, 32, 64])), mistake=mistake, tool=tool,
        schedule=str(rng.choice(["constant", "constant", "step", "cosine", "restarts", "warmup"])),
    )  # fmt: skip


def good_rate(plan: Plan) -> float:
    """Name a rate that learns well."""
    return RATES[plan.optimizer]


def rate_at(plan: Plan, epoch: int) -> float:
    """Return the rate as a share of the base rate in an epoch, from 0."""
    t, n = epoch / plan.epochs, plan.epochs
    if plan.schedule in ("step", "late_steps"):
        return 0.2 ** min(int(3 * t), 2) if plan.schedule == "step" else 0.1 ** ((t >= 0.5) + (t >= 0.75))
    if plan.schedule in ("cosine", "linear"):
        left = 0.5 * (1 + np.cos(np.pi * t)) if plan.schedule == "cosine" else 1 - t
        return left if t < 1 else 0.0
    if plan.schedule in ("restarts", "cycles"):  # three whole cycles, or two and a half
        return 0.5 * (1 + np.cos(np.pi * (((3 if plan.schedule == "restarts" else 2.5) * t) % 1.0)))
    if plan.schedule == "warmup":
        return min(1.0, (epoch + 1) / max(1, n / 10))
    if plan.schedule == "exponential":
        return 0.01**t
    if plan.schedule == "one_cycle":  # up to three times the rate, and down to 0
        return 3 * t / 0.3 + 0.1 if t < 0.3 else max(0.0, 3 * (1 - t) / 0.7)
    return 1.0


def given(plan: Plan, history: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], Plan]:
    """Return the curves that the log of a run has, and the plan with whether it tells the number of examples."""
    rng, n = np.random.default_rng(plan.seed), plan.epochs
    names = ["train_loss"]
    if rng.random() < 0.3 and np.isfinite(history["train_eval"]).any():
        names.append("train_eval")
    if np.isfinite(history["val_loss"]).any():
        names.append("val_loss")
    if rng.random() < 0.6:
        names += [name for name in ("train_accuracy", "val_accuracy") if name in history]
    curves = {name.replace("train_eval", "train_loss_eval"): history[name][:n] for name in names}
    return curves, dataclasses.replace(plan, tells_num_val=bool(rng.random() < 0.5))

"""A second set of runs of PyTorch, Keras and scikit-learn, with nothing in common with `strangers.py` but the labels.

Other data (rings, a checkerboard, parity, six classes of unequal size, images of bars, bags of words, series, counts,
bumps, low-rank vectors, two of scikit-learn's tables), networks (convolution, residual, GRU, layer norm, autoencoder),
optimizers and schedules (late steps, two and a half cycles, one cycle, patience, exponential, linear); logs by steps,
of accuracies alone, without a train loss; validation parts of 15 to 600 examples, 5 to 2,000 epochs.
"""

from collections.abc import Mapping

import numpy as np
from sklearn import datasets, preprocessing

from scripts.curves.strangers import NUM_TEST, Plan

CLASSES = ("rings", "checker", "parity", "mixture", "bars", "bag", "breast_cancer")
TARGETS = ("series", "counts", "bumps", "low_rank", "diabetes")
PROBLEMS = (*CLASSES, *TARGETS)
MISTAKES = ("shuffled", "shuffled", "ascent", "unscaled", "dead", "no_rate", "kick")
SCHEDULES = (
    *["constant"] * 3, "late_steps", "cosine", "cycles", "one_cycle", "patience", "exponential", "linear", "warmup",
)  # fmt: skip
MOST_STEPS = 2000


def problem(plan: Plan) -> tuple[np.ndarray, np.ndarray, bool]:
    """Draw inputs [n, d] and classes or targets [n, …]: train, validation and test examples one after the other."""
    n, rng = plan.num_train + plan.num_val + NUM_TEST, np.random.default_rng(100 + plan.seed % 11)
    classes = plan.problem in CLASSES
    x, y = (_classes if classes else _targets)(plan.problem, n, rng)
    if plan.mistake == "shuffled":
        y = rng.permutation(y)
    if plan.problem == "low_rank":
        return preprocessing.scale(x), preprocessing.scale(x), False
    if not classes and plan.mistake != "unscaled":
        y = (y - y.mean()) / y.std()
    return (x * 50 if plan.mistake == "unscaled" else preprocessing.scale(x)), y, classes


def _classes(name: str, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    if name == "rings":
        x = rng.normal(0, 1, (n, 3))
        return x, np.digitize((x**2).sum(axis=1) + rng.normal(0, 0.3, n), [1.2, 2.4, 4.2])
    if name == "checker":
        x = rng.uniform(0, 3, (n, 2))
        return x, (np.floor(x).sum(axis=1) + (rng.random(n) < 0.05)).astype(int) % 2
    if name == "parity":
        x = rng.normal(0, 1, (n, 8))
        return x, (x[:, :3] > 0).sum(axis=1) % 2
    if name == "mixture":
        y = rng.choice(6, n, p=[0.4, 0.2, 0.15, 0.1, 0.1, 0.05])
        return rng.normal(0, 1, (6, 10))[y] * 1.2 + rng.normal(0, 1, (n, 10)), y
    if name == "bars":
        y, image = rng.integers(0, 4, n), rng.normal(0, 0.6, (n, 8, 8))
        at = rng.integers(1, 7, n)
        for i in range(n):
            line = image[i, at[i]] if y[i] == 0 else image[i, :, at[i]] if y[i] == 1 else None
            if line is None:
                np.fill_diagonal(image[i] if y[i] == 2 else image[i, ::-1], 1.5)
            else:
                line += 1.2
        return image.reshape(n, 64), y
    if name == "bag":
        topics = rng.dirichlet(np.full(150, 0.15), 5)
        y = rng.integers(0, 5, n)
        words = np.array([rng.multinomial(12, 0.6 * topics[k] + 0.4 / 150) for k in y])
        return np.log1p(words), y
    x, y = datasets.load_breast_cancer(return_X_y=True)
    order = rng.permutation(len(x))
    return x[order], y[order]


def _targets(name: str, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    if name == "series":
        t = np.arange(13)
        waves = np.sin(t * rng.uniform(0.3, 1.2, (n, 1)) + rng.uniform(0, 6, (n, 1)))
        waves += 0.4 * np.sin(2.3 * t + rng.uniform(0, 6, (n, 1))) + rng.normal(0, 0.1, (n, 13))
        return waves[:, :12], waves[:, 12]
    if name == "counts":
        x = rng.normal(0, 1, (n, 5))
        return x, np.log1p(rng.poisson(np.exp(0.8 * x[:, 0] + np.cos(2 * x[:, 1]))))
    if name == "bumps":
        x = rng.uniform(-1, 1, (n, 4))
        centers, heights = rng.uniform(-1, 1, (9, 4)), rng.normal(0, 1, 9)
        far = ((x[:, None] - centers) ** 2).sum(axis=2)
        return x, np.exp(-3 * far) @ heights + rng.normal(0, 0.03, n)
    if name == "low_rank":
        hidden = rng.normal(0, 1, (n, 3))
        x = np.tanh(hidden @ rng.normal(0, 1, (3, 16))) + rng.normal(0, 0.1, (n, 16))
        return x, x
    x, y = datasets.load_diabetes(return_X_y=True)
    order = rng.permutation(len(x))
    return x[order], y[order]


def plans(count: int, seed: int) -> list[Plan]:
    """Draw the runs."""
    rng = np.random.default_rng(seed)
    return [_plan(rng, i) for i in range(count)]


def _plan(rng: np.random.Generator, i: int) -> Plan:
    mistake = str(rng.choice(MISTAKES)) if i % 7 == 6 else ""
    factor = float(rng.choice([1 / 30, 1 / 10, 10, 30])) if i % 5 == 1 else float(rng.choice([1 / 3, 1, 1, 1, 3]))
    tool = "sklearn" if i % 8 == 3 and not mistake else "keras" if i % 40 == 5 and not mistake else "torch"
    name = str(rng.choice(CLASSES if mistake == "shuffled" else PROBLEMS))
    num_train = int(rng.choice([50, 150, 300, 700]))
    num_val = int(rng.choice([15, 40, 150, 600]))
    if name in ("breast_cancer", "diabetes"):
        num_train, num_val = min(num_train, 150), min(num_val, 40)
    batch = int(rng.choice([8, 16, 32, 64, 128]))
    points = int(rng.choice([5, 10])) if tool == "torch" and rng.random() < 0.15 else 0
    a_point = points or -(-num_train // batch)
    most = {"torch": 2000, "sklearn": 400, "keras": 40}[tool]
    epochs = int(np.exp(rng.uniform(np.log(5), np.log(max(8, min(most, MOST_STEPS / a_point))))))
    special = {"bars": "conv", "series": "gru"}.get(name, "mlp") if tool == "torch" and i % 2 else "mlp"
    network = "residual" if special == "mlp" and tool == "torch" and rng.random() < 0.2 else special
    kinds = ("sgd", "nesterov", "adam", "adam", "adamw", "rmsprop", "adagrad") if tool == "torch" else ("sgd", "adam")
    widths = (16, 3, 16) if name == "low_rank" else ((6,), (24,), (48,), (20, 20), (12, 12, 12, 12))[rng.integers(5)]
    batch_norm = bool(rng.random() < 0.2)
    return Plan(
        problem=name, num_train=num_train, num_val=num_val, epochs=max(5, epochs), seed=5000 + i, widths=widths,
        activation=str(rng.choice(["relu", "relu", "tanh", "gelu", "sigmoid", "elu"] if tool == "torch" else ["relu"])),
        batch_norm=batch_norm, norm=not batch_norm and bool(rng.random() < 0.2),
        dropout=float(rng.choice([0, 0, 0, 0.1, 0.3])), weight_decay=float(rng.choice([0, 0, 1e-4, 3e-2])),
        input_noise=float(rng.choice([0, 0, 0, 0.5])), optimizer=str(rng.choice(kinds)),
        factor=1.0 if mistake else factor, batch_size=batch, mistake="no_rate" if mistake == "dead"
        and network != "mlp" else mistake, tool=tool, schedule="constant" if tool == "sklearn"
        else str(rng.choice([s for s in SCHEDULES if tool == "torch" or s != "patience"])),
        network=network, points=points, hides=_hides(rng, name in CLASSES, tool),
        tells_num_val=bool(rng.random() < 0.5),
    )  # fmt: skip


def _hides(rng: np.random.Generator, classes: bool, tool: str) -> tuple[str, ...]:
    """Choose what the log does not have: one in eight has accuracies alone, one in ten no validation."""
    draw = rng.random(4)
    out = ["train_loss_eval"] * int(draw[0] < 0.7)
    if classes and tool != "sklearn" and draw[1] < 0.13:
        return *out, "train_loss", "val_loss", "train_loss_eval"
    if draw[2] < (0.5 if tool == "sklearn" else 0.1):
        out += ["val_loss", "val_accuracy"]
    return tuple(out + ["train_accuracy", "val_accuracy"] * int(draw[3] < 0.4))


def given(plan: Plan, history: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], Plan]:
    """Return the curves that the log of a run has, and its plan."""
    names = ("train_loss", "train_eval", "val_loss", "train_accuracy", "val_accuracy")
    logged = {name.replace("train_eval", "train_loss_eval"): history[name] for name in names if name in history}
    own = {name: y[: plan.epochs] for name, y in logged.items() if name not in plan.hides}
    return {name: y for name, y in own.items() if np.isfinite(y).any()}, plan

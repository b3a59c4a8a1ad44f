"""Curves of known formulas with random parameters, labeled by what the formula says a longer run would gain.

Each kind is a function of a random generator and the epochs 1 to t that returns curves without noise up to 1.5 t, and
the codes that are true of it beside how far training has come. Noise is multiplied on what is shown: 0 to 8 % on the
train loss, the validation loss or both.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from scripts.curves.curve import Labeled

Rng = np.random.Generator
GAIN = 0.01  # of half as long again: still learning, if more
CLEARLY = 0.02  # a converged verdict is wrong, if more
LENGTHS = (16, 20, 26, 34, 45, 60, 90, 150, 300, 600)  # few: curves of one length are diagnosed together
NOISE = (0.0, 0.0, 0.003, 0.01, 0.02, 0.04, 0.08)


class Formula(NamedTuple):
    """Curves without noise over 1.5 t epochs, the codes besides the pace, and those that are no matter of pace."""

    train: np.ndarray
    val: np.ndarray | None
    codes: frozenset[str] = frozenset()
    instead: frozenset[str] = frozenset()
    accuracy: np.ndarray | None = None
    last: float = 1.0  # times the last epoch that is shown


def _fall(rng: Rng, x: np.ndarray, t: int, fast: bool | None = None) -> np.ndarray:
    """A fall from 1 to 0: a power law or an exponential, mostly gone or not at epoch t."""
    if rng.random() < 0.5:
        return (1 + x / rng.uniform(0.5, 0.1 * t + 1)) ** -rng.uniform(0.3, 1.5)
    share = rng.uniform(0.03, 0.12) if fast else rng.uniform(0.05, 0.6)
    return np.exp(-x / (share * t + 0.5))


def pace(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """A fall towards a floor, by an exponential or a power law."""
    low, size, gap = rng.uniform(0.02, 0.6), rng.uniform(0.3, 2.5), rng.uniform(1.0, 1.3)
    fall = _fall(rng, x, t)
    return Formula(low + size * fall, gap * (low + size * fall), frozenset({"val_below_train"}))


def early(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """Learned in the first epoch, and flat from then on."""
    low, factor = rng.uniform(0.03, 0.5), rng.uniform(2, 6)
    train = low * np.where(x == 1, factor, 1.0)
    return Formula(train, low * rng.uniform(1.02, 1.4) * np.ones_like(x))


def overfits(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """Train falls to nothing; validation rises by 15 to 120 % since its minimum; some last epochs are low."""
    low, at = rng.uniform(0.3, 0.9), rng.uniform(0.1, 0.5) * t
    rise = np.maximum(x - at, 0) / (t - at)
    val = low * (1 + rng.uniform(1, 2) * np.exp(-4 * x / at)) * np.exp(np.log(1 + rng.uniform(0.15, 1.2)) * rise)
    train = 0.02 + 2 * low * np.exp(-x / (0.35 * t))
    return Formula(train, val, frozenset({"overfitting"}), frozenset({"overfitting"}), last=_ending(rng))


def _ending(rng: Rng) -> float:
    return float(rng.choice([1.0, 1.0, 0.85, 0.7]))


def jump(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """Converged, and the last epoch alone lies 1.4 to 4 times as high."""
    found = pace(rng, x, t)
    return found._replace(codes=frozenset({"spike", "unstable"}), last=rng.uniform(1.4, 4))


def steps(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """A schedule that lowers the rate two or three times, and has ended flat."""
    level, out = 1.0, np.zeros_like(x)
    starts = np.concatenate([[0], np.sort(rng.uniform(0.3, 0.7, rng.integers(1, 3))) * t])
    for start in starts:
        lower = level * rng.uniform(0.5, 0.8)
        out = np.where(x > start, lower + (level - lower) * np.exp(-(x - start) / (0.03 * t)), out)
        level = lower
    low = rng.uniform(0.1, 1)
    first = 1.5 * np.exp(-x / (0.03 * t + 0.5))
    return Formula(low * (out + first), low * (out * 1.05 + first))


def cosine(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """A cosine to zero: the last part falls, and afterwards nothing moves."""
    low, share = rng.uniform(0.1, 0.5), rng.uniform(0.05, 0.3)
    fall = share * (1 + np.cos(np.pi * np.minimum(x / t, 1))) / 2 + rng.uniform(0.5, 1) * np.exp(-x / (0.08 * t))
    return Formula(low * (1 + fall), low * (1.1 + 0.7 * fall), frozenset(), frozenset())


def restarts(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """A cosine with warm restarts: each begins higher and ends lower."""
    low, part = rng.uniform(0.1, 0.5), (3 * x / t) % 1.0
    loss = low * (1 + 0.8 * np.exp(-x / (0.2 * t)) + 0.1 * (1 + np.cos(np.pi * part)) / 2)
    return Formula(loss, 1.08 * loss, frozenset({"noisy", "converged", "stopped_too_late", "still_learning", "spike"}))


def s_curve(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """A slow start, then a fall that gathers speed and is still under way."""
    low, middle, width = rng.uniform(0.3, 0.8), rng.uniform(0.5, 0.75) * t, rng.uniform(0.08, 0.16) * t
    loss = low + rng.uniform(1, 2) / (1 + np.exp((x - middle) / width))
    return Formula(loss, loss * rng.uniform(1, 1.05), frozenset({"plateau_then_drop"}))


def plateau(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """Flat near the start, then a fall that has ended."""
    loss = 2.3 - rng.uniform(1.2, 2.0) / (1 + np.exp((rng.uniform(0.4, 0.6) * t - x) / (0.03 * t)))
    return Formula(loss, loss * 1.02, frozenset({"plateau_then_drop"}), frozenset({"plateau_then_drop"}))


def slow(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """A straight line."""
    loss = rng.uniform(1, 2.3) * (1 - rng.uniform(0.08, 0.4) * x / t)
    return Formula(loss, loss * 1.01, frozenset({"too_slow"}), frozenset({"too_slow", "still_learning"}))


def goes_up(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """Train and validation rise since a third of the epochs; the last epoch is low, sometimes."""
    low = rng.uniform(0.1, 1)
    at = 0.3 * t
    loss = low * (1 + 2 * np.exp(-4 * x / at)) * np.exp(rng.uniform(0.4, 2) * np.maximum(x - at, 0) / (t - at))
    codes = frozenset({"rising", "unstable", "diverged"})
    return Formula(loss, loss * 1.05, codes, codes, last=_ending(rng))


def confident(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """The validation loss rises while its accuracy still does."""
    found = overfits(rng, x, t)
    return found._replace(accuracy=0.5 + 0.3 * (1 - np.exp(-x / (0.3 * t))), last=1.0)


def batch_losses(rng: Rng, x: np.ndarray, t: int) -> Formula:
    """The loss of each epoch's last batch alone, with noise of 20 to 40 %; the accuracy rises."""
    loss = rng.uniform(0.1, 0.5) * (1 + np.exp(-x / (0.2 * t))) * np.exp(rng.normal(0, rng.uniform(0.2, 0.4), len(x)))
    accuracy = 0.8 + 0.1 * (1 - np.exp(-x / (0.2 * t)))
    return Formula(loss, None, frozenset({"noisy"}), accuracy=accuracy)


KINDS: Mapping[str, Callable[[Rng, np.ndarray, int], Formula]] = {
    one.__name__: one
    for one in (
        pace, early, overfits, jump, steps, cosine, restarts, s_curve, plateau, slow, goes_up, confident, batch_losses
    )
}  # fmt: skip
HEALTHY = ("pace", "early", "steps", "cosine", "jump")


def draw(count: int, seed: int) -> list[Labeled]:
    """Draw as many curves of each kind."""
    rng = np.random.default_rng(seed)
    return [_labeled(rng, kind, i) for kind in KINDS for i in range(count)]


def is_healthy(one: Labeled) -> bool:
    """Whether the formula is one of a run that went well."""
    return one.source.split("/")[1] in HEALTHY


def _labeled(rng: Rng, kind: str, i: int) -> Labeled:
    t = int(rng.choice(LENGTHS))
    formula = KINDS[kind](rng, np.arange(1.0, t + max(2, t // 2) + 1), t)
    result = formula.train if formula.val is None else formula.val
    gain = float(np.log(result[:t].min() / result[t:].min()))
    curves, noise = {}, {name: float(rng.choice(NOISE)) for name in ("train_loss", "val_loss")}
    for name, clean in (("train_loss", formula.train), ("val_loss", formula.val)):
        if clean is not None:
            curves[name] = clean[:t] * np.exp(rng.normal(0, noise[name], t))
            curves[name][-1] *= formula.last
    if formula.accuracy is not None:
        name = "train_accuracy" if formula.val is None else "val_accuracy"
        curves[name] = np.clip(formula.accuracy[:t] + rng.normal(0, 0.01, t), 0, 1)
    own = set(_pace(gain, max(noise.values()))) if kind != "batch_losses" else {"converged", "stopped_too_late"}
    own |= {"still_learning"} if kind == "batch_losses" else set()
    own |= {"noisy"} if max(noise.values()) >= 0.02 else set()
    codes = formula.instead or frozenset(own | formula.codes)
    label = next(iter(sorted(codes & {"overfitting", "rising", "plateau_then_drop", "too_slow"})), "")
    label = label or ("still_learning" if gain >= GAIN else "stopped_too_late")
    name = ",".join(f"{value:g}" for value in noise.values())
    return Labeled(curves, label, codes, f"synthetic/{kind}/{t}/{name}/{i}", "synthetic", gain=gain)


def _pace(gain: float, noise: float) -> set[str]:
    done = {"converged", "stopped_too_late"} if gain < max(CLEARLY, noise) else set()
    return done | ({"still_learning"} if gain > 0.6 * GAIN else set())

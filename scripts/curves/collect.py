"""Training all families, and choosing from them a set of a size that a test diagnoses in seconds."""

import dataclasses
import functools
import pathlib
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from scripts.curves import events, provoked, store, sweeps
from scripts.curves.curve import Labeled, cut, jumps, rough, wobbles

MOST = 100  # curves of a label in a part
MOST_HEALTHY = 160  # of each of the labels of a healthy run
# Without accuracies and baselines nobody can tell these apart from a network at its best.
BLIND = {
    "unstable": {"converged", "stopped_too_late"},
    "stuck_at_start": {"converged", "stopped_too_late"},
    "no_signal": {"overfitting"},
}
LONGEST = 160  # epochs in the file

_RATES = {
    "digits": "sgd momentum adam adadelta rmsprop",
    "digits_autoencoder": "sgd momentum adam adadelta rmsprop",
    "diabetes": "sgd adam adadelta",
    "mnist5k": "sgd momentum adam",
    "breast_cancer": "sgd adam adadelta",
    "moons": "sgd adam rmsprop",
    "iris": "sgd adam",
    "two_spirals": "momentum adam",
    "wine": "momentum adam rmsprop",
    "mnist5k_autoencoder": "adadelta adam",
    "digits_linear_autoencoder": "sgd adam",
    "fashion_mnist": "sgd adam",
    "friedman": "nesterov adam",
    "hypercube": "momentum adamw rmsprop",
    "circles": "sgd adamw",
    "fashion_autoencoder": "adadelta adam",
    "lenet": "adam momentum",
    "mnist_autoencoder": "adadelta adam",
    "quantiles": "sgd adam torch_adam",
    "friedman2": "adamw adagrad torch_sgd",
    "swiss_roll": "rmsprop nesterov torch_momentum",
    "sparse": "sgd adam",
    "fashion_lenet": "adam sgd",
    "blobs": "momentum adadelta torch_adam",
    "hastie": "adam sgd torch_momentum",
    "friedman3": "rmsprop sgd torch_adam",
    "s_curve": "adam nesterov torch_sgd",
    "low_rank": "adam momentum",
}
_STUCK = ["digits/sgd", "digits/adam", "iris/momentum", "digits_autoencoder/adadelta", "diabetes/adam"]
_STUCK += ["breast_cancer/adam", "mnist5k/sgd", "wine/rmsprop", "mnist5k_autoencoder/adam"]
_SHUFFLED = ["digits/adam", "wine/momentum", "moons/adam", "diabetes/adam", "digits/sgd", "iris/adam"]
_SHUFFLED += ["breast_cancer/adam", "mnist5k/momentum", "two_spirals/rmsprop", "wine/rmsprop", "mnist5k/adam"]
_BELOW = ["digits/adam", "digits/momentum", "wine/sgd", "moons/adam", "digits_autoencoder/adadelta"]
_BELOW += ["mnist5k/adam", "breast_cancer/momentum", "digits/rmsprop", "mnist5k_autoencoder/adadelta"]
_NOISY = ["moons/sgd", "iris/momentum", "digits/adam", "diabetes/adam", "wine/adam", "moons/adam"]
_NOISY += ["iris/sgd", "wine/sgd", "moons/rmsprop", "breast_cancer/momentum"]
_NOISY += ["breast_cancer/sgd", "two_spirals/adam", "iris/rmsprop", "breast_cancer/adam", "wine/rmsprop"]
_RISING = ["digits/sgd", "diabetes/momentum", "digits_autoencoder/sgd", "mnist5k/sgd", "breast_cancer/momentum"]
_RISING += ["iris/rmsprop", "wine/adam"]
_SPIKES = ["digits/sgd", "digits/adam", "digits_autoencoder/adam", "wine/adam", "iris/momentum", "digits/momentum"]
_SPIKES += [
    "mnist5k/adam",
    "mnist5k/sgd",
    "breast_cancer/adam",
    "wine/rmsprop",
    "digits/rmsprop",
    "mnist5k_autoencoder/adam",
]
_SCHEDULES = ["digits/adam", "diabetes/sgd", "digits_autoencoder/adadelta", "breast_cancer/adam", "mnist5k/momentum"]
_LATE = ["digits/adam", "wine/adam", "iris/sgd", "diabetes/adam", "moons/sgd", "breast_cancer/adam", "mnist5k/momentum"]

_STUCK += ["fashion_mnist/adam", "friedman/sgd", "circles/adamw", "hypercube/momentum"]
_SHUFFLED += ["fashion_mnist/adam", "hypercube/adamw", "circles/adam", "friedman/adam"]
_BELOW += ["hypercube/adam", "fashion_mnist/momentum", "fashion_autoencoder/adam", "circles/sgd"]
_NOISY += ["friedman/nesterov", "hypercube/adamw", "circles/sgd"]
_RISING += ["fashion_mnist/sgd", "friedman/momentum", "circles/adamw"]
_SPIKES += ["fashion_mnist/adam", "hypercube/sgd", "friedman/adam", "fashion_autoencoder/adam"]
_SCHEDULES += ["fashion_mnist/adam", "hypercube/sgd", "friedman/nesterov"]
_LATE += ["hypercube/adamw", "circles/sgd"]

_STUCK += ["quantiles/adam", "mnist_autoencoder/adadelta", "friedman2/nesterov", "sparse/momentum"]
_SHUFFLED += ["quantiles/adam", "sparse/adamw", "swiss_roll/adam", "friedman2/adam"]
_BELOW += ["sparse/adam", "quantiles/momentum", "mnist_autoencoder/adam"]
_NOISY += ["friedman2/adam", "quantiles/sgd", "swiss_roll/nesterov", "sparse/momentum"]
_RISING += ["quantiles/sgd", "swiss_roll/momentum", "sparse/adamw"]
_SPIKES += ["quantiles/adam", "sparse/sgd", "friedman2/adam", "mnist_autoencoder/adam"]
_SCHEDULES += ["quantiles/adam", "sparse/sgd", "swiss_roll/nesterov", "lenet/adam"]
_LATE += ["sparse/adamw", "quantiles/sgd"]

_STUCK += ["blobs/adam", "hastie/sgd", "low_rank/adam", "friedman3/momentum"]
_SHUFFLED += ["blobs/adam", "hastie/adamw", "s_curve/adam", "friedman3/momentum"]
_BELOW += ["blobs/adam", "hastie/momentum", "low_rank/adam", "s_curve/adam"]
_NOISY += ["friedman3/adam", "blobs/sgd", "s_curve/nesterov", "hastie/momentum"]
_RISING += ["blobs/sgd", "s_curve/momentum", "low_rank/adamw"]
_SPIKES += ["blobs/adam", "hastie/sgd", "friedman3/adam", "low_rank/adam"]
_SCHEDULES += ["blobs/adam", "hastie/sgd", "s_curve/nesterov", "low_rank/adam"]
_LATE += ["hastie/adamw", "blobs/sgd"]


def _pairs(names: Iterable[str]) -> list[tuple[str, str]]:
    return [(name.split("/")[0], name.split("/")[1]) for name in names]


def families() -> dict[str, Callable[[], Iterable[Labeled]]]:
    """What is trained, by name."""
    out: dict[str, Callable[[], Iterable[Labeled]]] = {}
    for task, optimizers in _RATES.items():
        for optimizer in optimizers.split():
            out[f"rates.{task}.{optimizer}"] = functools.partial(sweeps.sweep, task, optimizer)
    provocations = {
        "stuck": (provoked.stuck, _STUCK),
        "no_signal": (provoked.no_signal, _SHUFFLED),
        "below": (provoked.below, _BELOW),
        "noisy": (provoked.noisy, _NOISY),
        "rising": (provoked.rising, _RISING),
        "spikes": (events.spikes, _SPIKES),
    }
    for name, (make, pairs) in provocations.items():
        for pair in pairs:
            out[f"{name}.{pair.replace('/', '.')}"] = functools.partial(make, _pairs([pair]))
    out["plateaus"] = events.plateaus
    out["plateaus.fresh"] = events.fresh_plateaus
    out["plateaus.unseen"] = events.unseen_plateaus
    out["plateaus.last"] = events.last_plateaus
    for task, optimizer in _pairs(_LATE):
        out[f"late.{task}.{optimizer}"] = functools.partial(sweeps.late, task, optimizer)
    for task, optimizer in _pairs(_SCHEDULES):
        out[f"schedules.{task}.{optimizer}"] = functools.partial(sweeps.schedules, task, optimizer)
    return out


def train_all(folder: pathlib.Path, tell: Callable[[str], None]) -> list[Labeled]:
    """Train what is not in the folder yet, one file a family, and read everything."""
    out: list[Labeled] = []
    for name, make in families().items():
        path = folder / f"{name}.npz"
        if not path.exists():
            made = list(make())
            tell(f"{name}: {len(made)} curves")
            store.save(path, made)
        out += store.load(path)
    return out


def choose(curves: Sequence[Labeled]) -> list[Labeled]:
    """Choose at most so many of each label and part, and what is known of each; the same ones every time."""
    pools: dict[tuple[str, str], list[Labeled]] = defaultdict(list)
    for one in [*curves, *_short(curves)]:
        if len(next(iter(one.curves.values()))) <= LONGEST:
            pools[one.label, one.part].append(one)
    out = []
    for (label, _), pool in sorted(pools.items()):
        pool.sort(key=lambda one: zlib.crc32(f"{one.source} {len(next(iter(one.curves.values())))}".encode()))
        out += pool[: MOST_HEALTHY if label in sweeps.PACE else MOST]
    return [_forget(_with_events(one)) for one in out]


def _with_events(one: Labeled) -> Labeled:
    """Accept what is true as well: events of healthy, slow and overfitting curves, jumps of noisy ones."""
    if one.label == "noisy" and wobbles(one.curves["train_loss"]):
        return dataclasses.replace(one, accepted=one.accepted | {"unstable"})
    if one.label not in sweeps.PACE | {"overfitting", "too_slow"}:
        return one
    also = {"noisy"} if wobbles(one.curves["val_loss"]) else set()
    also |= {"spike"} if jumps(one.curves["train_loss"]) else set()
    also |= {"unstable"} if rough(one.curves["train_loss"]) else set()
    also |= {"plateau_then_drop"} if events.patience_fails(one.curves["train_loss"]) else set()
    return dataclasses.replace(one, accepted=one.accepted | also)


def _short(curves: Sequence[Labeled]) -> Iterable[Labeled]:
    """Cut healthy curves to 2 to 4 epochs."""
    for i, one in enumerate(curves):
        if one.label in sweeps.PACE and i % 9 == 0:
            short = frozenset({"too_short_to_say"})
            t = 2 + i % 3
            yield dataclasses.replace(
                one, curves=cut(one.curves, t), label="too_short_to_say", accepted=short, source=f"cut/{one.source}/{t}"
            )


def _forget(one: Labeled) -> Labeled:
    """Leave out what people often do not have: re-evaluated train loss, accuracies, baselines; by the curve's name."""
    draw = np.random.default_rng(zlib.crc32(one.source.encode()))
    curves, known = dict(one.curves), dict[str, Any]()
    if draw.random() < 0.4:
        curves.pop("train_loss_eval", None)
    if draw.random() < 0.3:
        curves.pop("train_accuracy", None)
        curves.pop("val_accuracy", None)
    if draw.random() < 0.5:
        known = {"mean_predictor": float("nan"), "chance": float("nan")}
    blind = (
        bool(known) and "val_accuracy" not in curves and (one.label != "unstable" or "stuck_at_start" in one.accepted)
    )
    return dataclasses.replace(
        one, curves=curves, accepted=one.accepted | (BLIND.get(one.label, set()) if blind else set()), **known
    )

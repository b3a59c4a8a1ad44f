"""The labeled curves in one NPZ file without pickles: all losses one after the other, and a row of text a curve."""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from scripts.curves.curve import NAMES, Labeled
from scripts.curves.stranger_labels import Run
from scripts.curves.strangers import Plan

DIGITS = 5  # significant ones that are kept
TEXT = ("label", "source", "part", "cause")
NUMBERS = ("mean_predictor", "chance", "num_validation", "gain")  # older files have the first two


def save(path: pathlib.Path, curves: Sequence[Labeled]) -> None:
    """Write curves; numbers as float32 of five significant digits, which compress."""
    arrays: dict[str, np.ndarray] = {name: np.array([getattr(one, name) for one in curves], "U") for name in TEXT}
    arrays["accepted"] = np.array([" ".join(sorted(one.accepted)) for one in curves], "U")
    arrays["beside"] = np.array([" ".join(sorted(one.beside)) for one in curves], "U")
    arrays["anchors"] = np.array([[getattr(one, n) for n in NUMBERS] for one in curves], np.float32).reshape(-1, 4)
    arrays["lengths"] = np.array([len(next(iter(one.curves.values()))) for one in curves], np.int32)
    for name in NAMES:
        known = [one.curves[name] for one in curves if name in one.curves]
        arrays[f"has_{name}"] = np.array([name in one.curves for one in curves], bool)
        arrays[name] = _rounded(np.concatenate(known) if known else np.zeros(0))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _rounded(y: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        size = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.abs(y))))
        rounded = np.where(np.isfinite(size), np.round(y * size) / size, y)
        return np.where(np.isfinite(y), np.clip(rounded, -3e38, 3e38), y).astype(np.float32)


def load(path: pathlib.Path) -> list[Labeled]:
    """Read curves back."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    curves: list[dict[str, np.ndarray]] = [{} for _ in arrays["lengths"]]
    for name in NAMES:
        own = np.flatnonzero(arrays[f"has_{name}"])
        ends = np.cumsum(arrays["lengths"][own])
        for i, part in zip(own, np.split(arrays[name].astype(float), ends[:-1]), strict=False):
            curves[i][name] = part
    return [_labeled(arrays, i, curve) for i, curve in enumerate(curves)]


def _labeled(arrays: dict[str, np.ndarray], i: int, curve: dict[str, np.ndarray]) -> Labeled:
    text: dict[str, Any] = {name: str(arrays[name][i]) for name in TEXT}
    accepted, beside = (frozenset(str(arrays[name][i]).split()) for name in ("accepted", "beside"))
    numbers: dict[str, Any] = {name: float(value) for name, value in zip(NUMBERS, arrays["anchors"][i], strict=False)}
    return Labeled(curve, accepted=accepted, beside=beside, **numbers, **text)


def save_run(path: pathlib.Path, run: Run) -> None:
    """Write a whole run, with what was trained beyond what is shown, but for its plan."""
    arrays = {f"{ratio!r}/{name}": y for ratio, other in run.others.items() for name, y in other.items()}
    arrays |= {f"own/{name}": y for name, y in run.history.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    arrays |= {"epochs": np.array(run.plan.epochs), "guess": np.array(run[3:])}
    np.savez_compressed(part, allow_pickle=False, **arrays)
    part.rename(path)


def load_run(path: pathlib.Path, plan: Plan) -> Run:
    """Read the run of a plan back."""
    curves: dict[str, dict[str, np.ndarray]] = {"own": {}}
    with np.load(path, allow_pickle=False) as file:
        for key in file.files:
            whose, _, name = key.partition("/")
            if name:
                curves.setdefault(whose, {})[name] = file[key]
        epochs, guess = int(file["epochs"]), file["guess"]
    own = curves.pop("own")
    others = {float(ratio): other for ratio, other in curves.items()}
    return Run(dataclasses.replace(plan, epochs=epochs), own, others, *map(float, guess))

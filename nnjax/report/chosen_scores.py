"""Scores of the chosen networks on the test part: of rare classes too, in the targets' units, with sampling errors."""

from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.text import number, quantity
from nnjax.exchange.network import compiled_outputs, outputs
from nnjax.exchange.predictions import PROBABILITY, Predictions, interpret
from nnjax.models.registry import traits_of
from nnjax.report.ranking_scores import calibration_points, confusion_scores, r2, ranking_scores
from nnjax.report.text import cell
from nnjax.runs import target_units
from nnjax.runs.choice import Choice, choices
from nnjax.runs.run import Run
from nnjax.runs.settings import test_scores, tested_at
from nnjax.runs.statistics import proportion
from nnjax.runs.target_units import MSE
from nnjax.runs.weights import in_batches

MAX_CLASSES, BINS = 30, 10  # rows of the table by class; points of the calibration curve


class ClassScores(NamedTuple):
    """One class against the rest: its examples, and the share of them found, of those named so that are right, ..."""

    name: str
    examples: int
    recall: float
    precision: float
    f1: float
    roc_auc: float
    average_precision: float


class ChosenScores(NamedTuple):
    """A chosen network on a part of its data."""

    label: str  # label, trial: of the network
    trial: int
    part: str  # part, examples: "test" or "validation", and its examples
    examples: int
    goal: str  # "classification" or "regression"
    scores: dict[str, str]  # {name: text}; after ± stands the standard error that the finite part leaves
    classes: tuple[ClassScores, ...]  # by class; empty for a regression, and where they are many
    # (mean of the largest probability, share of right answers), [bins]; empty without probabilities
    calibration: tuple[tuple[float, float], ...]
    seeds: str  # a sentence on the spread over the setting's trials; "" for one
    weights: str  # which of its weights, for people
    chose: bool = False  # whether the part is that by which the network was chosen

    def sentence(self) -> str:
        """Say the scores in a line."""
        listed = ", ".join(f"{name} {text}" for name, text in self.scores.items())
        return f"{self.part}: trial {self.trial}, with {self.weights}, on {self.examples:,} examples: {listed}"


def chosen_scores(run: Run) -> list[ChosenScores]:
    """Score the chosen classifiers and regressions of a run, or its only trial; none whose data or weights are gone."""
    found = choices(run)
    if not found and len(run.specs) == 1:
        found = [Choice(run.all_settings[0], 0, "", float("nan"), 1)]
    out = []
    for choice in found:
        try:
            one = _score(run, choice)
        except UserError:  # which the page says where it misses the images
            continue
        out += [] if one is None else [one]
    return out


def _score(run: Run, choice: Choice) -> ChosenScores | None:
    """Score a chosen network on the test part; None for autoencoders and data without labels."""
    prepared, goal = run.data(choice.trial), choice.setting.goal
    part, rows = ("test", prepared.test) if len(prepared.test) else ("validation", prepared.validation)
    if goal == "reconstruction" or not len(rows) or prepared.dataset.y is None:
        return None
    validated = len(prepared.validation) > 0
    network = run.network(choice.trial, "best" if validated else "final")
    weights = f"the weights of its {'best' if validated else 'last'} epoch"
    y, w = prepared.dataset.y[rows], prepared.weights_of(rows)
    own = traits_of(choice.setting.experiment.model).own
    function = outputs(network) if own else compiled_outputs(network)(network.variables)  # one compilation, not ten
    found = interpret(in_batches(function, prepared.dataset.x[rows]), network.architecture, network.facts)
    names, seeds = prepared.dataset.classes, _seeds(run, choice)
    chose = part == "validation" or choice.setting.experiment.data.validation == "test"
    if goal == "regression":
        scores = regression_scores(np.asarray(y, float).reshape(len(rows), -1), found, w)
        return ChosenScores(
            choice.setting.label, choice.trial, part, len(rows), goal, scores, (), (), seeds, weights, chose
        )
    place = {name: i for i, name in enumerate(names)}
    answered = np.array([place[str(label)] for label in np.asarray(found.labels)])
    classes = class_scores(y, answered, found, names, w)
    sure = np.clip(found.scores[np.arange(len(rows)), answered], 0, 1) if found.kind == PROBABILITY else None
    curve = () if sure is None else calibration_points(y == answered, sure, BINS)
    shown = tuple(classes) if len(classes) <= MAX_CLASSES else ()
    scores = classifier_scores(y, answered, found, classes, w)
    return ChosenScores(
        choice.setting.label, choice.trial, part, len(rows), goal, scores, shown, curve, seeds, weights, chose
    )


def _seeds(run: Run, choice: Choice) -> str:
    classify = choice.setting.goal == "classification"
    values = test_scores(run, choice.setting, "accuracy" if classify else MSE)
    if np.isfinite(values).sum() < 2:
        return ""
    error = f"mean squared error {cell(values)}"
    if target_units.has_units(choice.setting):
        of, roots = target_units.name_of(choice.setting), target_units.in_units(run, choice.setting, MSE, values)
        error = f"RMSE {cell(roots)} in the units of {of}"
    elif choice.setting.experiment.data.target_scaling != "none":
        error = f"mean squared error of the scaled targets {cell(values)}"
    text = f"{cell(1 - values, percent=True)} wrong answers" if classify else error
    over = f"Over the setting's {np.isfinite(values).sum()} trials, with {tested_at(choice.setting)}"
    return f"{over}: {text} (± is the standard deviation over them)."


def regression_scores(y: np.ndarray, found: Predictions, w: np.ndarray | None) -> dict[str, str]:
    """Score predictions of targets y [n, k], each target in its own units."""
    out = {}
    for i, name in enumerate(found.names):
        error, of = found.scores[:, i] - y[:, i], f" of {name}" if len(found.names) > 1 else ""
        mse, spread = _mean_and_error(error**2, w)
        rmse, (mae, mae_spread) = mse**0.5, _mean_and_error(np.abs(error), w)
        rmse_spread = spread / (2 * rmse) if rmse > 0 else 0.0  # by the delta method
        out[f"RMSE{of}"] = f"{quantity(rmse)} ± {quantity(rmse_spread, 2)}" if rmse > 0 else "0"
        out[f"MAE{of}"] = f"{quantity(mae)} ± {quantity(mae_spread, 2)}"
        if len(y) > 1:
            out[f"R²{of}"] = f"{r2(y[:, i], found.scores[:, i], w):.3f}"
    return out


def _mean_and_error(values: np.ndarray, w: np.ndarray | None) -> tuple[float, float]:
    """Return the mean over the examples and its standard error: s / √n, with weights of the effective n."""
    mean = float(np.average(values, weights=w))
    n = len(values) if w is None else float(w.sum() ** 2 / np.square(w).sum())
    variance = float(np.average((values - mean) ** 2, weights=w))
    return mean, (variance / max(n - 1, 1)) ** 0.5


def class_scores(
    y: np.ndarray, answered: np.ndarray, found: Predictions, names: tuple[str, ...], w: np.ndarray | None
) -> list[ClassScores]:
    """Score each class against the rest: labels y [n] and answers [n] as indices."""
    by_class = confusion_scores(y, answered, len(names), w).T
    sign, out = -1 if found.kind == "distance" else 1, []
    for i in range(len(names)):
        right, one = y == i, found.scores.shape[1] == len(names)
        ranked = one and 0 < right.sum() < len(y)
        areas = ranking_scores(right, sign * found.scores[:, i], w) if ranked else (np.nan, np.nan)
        recall, precision, f1 = map(float, by_class[i])
        out.append(ClassScores(names[i], int(right.sum()), recall, precision, f1, *areas))
    return out


def classifier_scores(
    y: np.ndarray, answered: np.ndarray, found: Predictions, classes: list[ClassScores], w: np.ndarray | None
) -> dict[str, str]:
    """Score a classifier as a whole; of two classes F1 and average precision are the rarer one's, else means."""
    right = (y == answered).astype(float)
    wrong, error = 1 - float(np.average(right, weights=w)), ""
    if w is None:
        low, high = proportion(int((1 - right).sum()), len(right))
        error = f" (95 % interval {100 * low:.1f} to {100 * high:.1f})"
    out = {"wrong answers": f"{100 * wrong:.2f} %{error}"}
    present = [one for one in classes if one.examples]
    of = [min(present, key=lambda one: one.examples)] if len(classes) == 2 else classes
    rare = f" of {of[0].name}" if len(classes) == 2 else ""
    out["balanced accuracy"] = _mean([one.recall for one in present])
    out[f"F1{rare}"] = _mean([one.f1 for one in of])
    out["ROC AUC"] = _mean([one.roc_auc for one in classes])
    out[f"average precision{rare}"] = _mean([one.average_precision for one in of])
    if found.kind == PROBABILITY:
        chosen = found.scores[np.arange(len(y)), y]
        loss, spread = _mean_and_error(-np.log(np.maximum(chosen.astype(float), 1e-7)), w)
        out["log loss"] = f"{number(loss)} ± {spread:.2g}"
    return {name: text for name, text in out.items() if text != "–"}


def _mean(values: list[float]) -> str:
    known = [value for value in values if np.isfinite(value)]
    return f"{np.mean(known):.3f}" if known else "–"

"""Sentences on the chosen network of a goal, beside what its baselines reach."""

from collections.abc import Mapping

import numpy as np

from nnjax.core.text import number
from nnjax.data.baselines import ACCURACY, MSE, Baselines
from nnjax.models.registry import traits_of
from nnjax.nn.activations import activation_of
from nnjax.report.text import cell
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting, mean_and_spread, report_part, scores, test_scores

Known = Mapping[str, Mapping[str, float]]


def best_sentence(run: Run, setting: Setting, rivals: int, baselines: Baselines | None) -> str:
    """Compare the chosen setting of a goal with its baselines, on the test part or where there is none the report's."""
    metric = ACCURACY if setting.goal == "classification" else MSE
    values, part = test_scores(run, setting, metric), "on the test part"
    if not np.isfinite(values).any():
        values, part = scores(run, setting, metric), f"on the {report_part(setting)} part"
    mean = mean_and_spread(values)[0]
    if not np.isfinite(mean):
        return ""
    describe = {"reconstruction": _copies, "classification": _answers, "regression": _predicts}[setting.goal]
    return describe(setting, rivals, values, mean, part, baselines.scores if baselines else {})


def _copies(setting: Setting, rivals: int, values: np.ndarray, mean: float, part: str, known: Known) -> str:
    best = f"The chosen reconstructions are those of {_who(setting)}:"
    text = best if rivals > 1 else f"{setting.label} reconstructs its input with"
    text += f" mean squared error {cell(values)} {part}."
    baseline = next((name for name in ("mean image", "mean of each input") if name in known), None)
    if baseline and mean >= known[baseline][MSE]:
        reached = number(known[baseline][MSE])
        return f"{text} Always predicting the {baseline} reaches {reached}: it has learned next to nothing."
    width = traits_of(setting.experiment.model).code_width(setting.experiment.model)
    linear, clipped = f"PCA-{width}", f"PCA-{width} clipped"
    if linear in known:
        bounded = activation_of(setting.experiment.model.output_activation).stays_within(0, 1)
        alike = clipped if bounded and clipped in known else linear  # copies that cannot leave [0, 1] either
        pca = known[alike][MSE]
        where = ", its copies clipped to [0, 1] as the network's are," if alike == clipped else ""
        verdict = "better than the network" if pca < mean else "the network does better"
        text += f" {linear}, the best linear compression to as few numbers,{where} reaches {number(pca)}: {verdict}."
    return text


def _who(setting: Setting) -> str:
    """Name an arm, or describe a network without one."""
    return setting.label if setting.arm else f"the network with {setting.label}"


def _answers(setting: Setting, rivals: int, values: np.ndarray, mean: float, part: str, known: Known) -> str:
    text = f"The chosen classifier is {_who(setting)}: it" if rivals > 1 else f"The network {setting.label}"
    words = {"least squares": "a linear fit", "majority class": "always answering the commonest class"}
    others = [f"{words[name]} on {100 * (1 - known[name][ACCURACY]):.1f} %" for name in words if name in known]
    text += f" is wrong on {cell(1 - values, percent=True)} {part.replace('on', 'of', 1)}"
    return "; ".join([text, *others]) + "."


def _predicts(setting: Setting, rivals: int, values: np.ndarray, mean: float, part: str, known: Known) -> str:
    text = f"The chosen predictions are those of {_who(setting)}:" if rivals > 1 else f"{setting.label} predicts with"
    words = {"least squares": "a linear fit has", "mean of the targets": "always predicting their mean has"}
    others = [f"{words[name]} {number(known[name][MSE])}" for name in words if name in known]
    return "; ".join([f"{text} mean squared error {cell(values)} {part}", *others]) + "."

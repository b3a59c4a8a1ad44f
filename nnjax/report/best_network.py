"""Sentences on the chosen network of a goal, beside what its baselines reach."""

from collections.abc import Mapping

import numpy as np

from nnjax.core.text import number
from nnjax.data.baselines import ACCURACY, MSE, Baselines
from nnjax.models.registry import traits_of
from nnjax.nn.activations import activation_of
from nnjax.nn.metrics import known_metric, metric_of
from nnjax.report.text import cell
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting, mean_and_spread, report_part, scores, test_scores, tested_at
from nnjax.train.storage.selection import LOSS

COMMON = 0.8  # share of the commonest class beyond which accuracy alone says little

Known = Mapping[str, Mapping[str, float]]


def best_sentence(run: Run, setting: Setting, rivals: int, baselines: Baselines | None) -> str:
    """Compare the chosen setting of a goal with its baselines, on the test part or where there is none the report's."""
    metric = ACCURACY if setting.goal == "classification" else MSE
    values, part = test_scores(run, setting, metric), f"on the test part, with {tested_at(setting)}"
    if not np.isfinite(values).any():
        values, part = scores(run, setting, metric), f"on the {report_part(setting)} part"
    mean = mean_and_spread(values)[0]
    if not np.isfinite(mean):
        return ""
    describe = {"reconstruction": _copies, "classification": _answers, "regression": _predicts}[setting.goal]
    known = baselines.scores if baselines else {}
    return describe(setting, rivals, values, mean, part + _also(run, setting, metric, known), known)


def _also(run: Run, setting: Setting, metric: str, known: Known) -> str:
    """Add, in brackets, the metric by which the setting was chosen, and those asked for where one class is common."""
    experiment = setting.experiment
    names = [experiment.select]
    if known.get("majority class", {}).get(ACCURACY, 0) > COMMON:
        names += [metric_of(name).name for name in experiment.metrics or ()]
    texts = []
    for name in dict.fromkeys(names):
        values = np.zeros(0) if name in (metric, LOSS) else test_scores(run, setting, name)
        if name not in (metric, LOSS) and not np.isfinite(values).any():
            values = scores(run, setting, name)
        if np.isfinite(values).any():
            found = known_metric(name)
            texts.append(f"{(found.words or found.name if found else name).replace('_', ' ')} {cell(values)}")
    return f" ({', '.join(texts)})" if texts else ""


def _copies(setting: Setting, rivals: int, values: np.ndarray, mean: float, part: str, known: Known) -> str:
    """Say how well the chosen autoencoder reconstructs, beside a constant image and PCA."""
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
        where = " its copies clipped to [0, 1] as the network's are," if alike == clipped else ""
        verdict = "better than the network" if pca < mean else "the network does better"
        text += f" {linear}, the best linear compression to as few numbers,{where} reaches {number(pca)}: {verdict}."
    return text


def _who(setting: Setting) -> str:
    """Name an arm, or describe a network without one."""
    return setting.label if setting.arm else f"the network with {setting.label}"


def _answers(setting: Setting, rivals: int, values: np.ndarray, mean: float, part: str, known: Known) -> str:
    text = f"The chosen classifier is {_who(setting)}: it" if rivals > 1 else f"The network {setting.label}"
    words = {"least squares": "a linear fit", "majority class": "always answering the most common class"}
    others = [f"{words[name]} on {100 * (1 - known[name][ACCURACY]):.1f} %" for name in words if name in known]
    text += f" is wrong on {cell(1 - values, percent=True)} {part.replace('on', 'of', 1)}"
    return "; ".join([text, *others]) + "."


def _predicts(setting: Setting, rivals: int, values: np.ndarray, mean: float, part: str, known: Known) -> str:
    text = f"The chosen predictions are those of {_who(setting)}:" if rivals > 1 else f"{setting.label} predicts with"
    words = {"least squares": "a linear fit has", "mean of the targets": "always predicting their mean has"}
    others = [f"{words[name]} {number(known[name][MSE])}" for name in words if name in known]
    return "; ".join([f"{text} mean squared error {cell(values)} {part}", *others]) + "."

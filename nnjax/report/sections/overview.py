"""What a run amounts to, in sentences: what was trained, how it ended, which did best, and against what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nnjax.core.experiment import Replicate, replicate_of
from nnjax.core.text import duration
from nnjax.data.baselines import ACCURACY, MSE, Baselines
from nnjax.models.registry import traits_of
from nnjax.report.sections.network_snapshot import Exhibit
from nnjax.report.sections.scores import Key, goals_of
from nnjax.runs.settings import Setting, cell, mean_and_spread, number, ranked, report_part, scores, settings
from nnjax.train.storage.records import DIVERGED, DROPPED, ENDED, FAILED, FINISHED, RUNNING, STOPPED, WAITING
from nnjax.train.storage.retention import keep_text, spans

if TYPE_CHECKING:
    from nnjax.runs.run import Run

Known = Mapping[str, Mapping[str, float]]

SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def count(n: int, noun: str) -> str:
    """Write a number with its noun: "one network", "1,200 networks"."""
    return f"{_spelled(n)} {noun}{'' if n == 1 else 's'}"


def _spelled(n: int) -> str:
    return SMALL[n] if n < len(SMALL) else f"{n:,}"


def title(run: Run) -> str:
    """Give the run's title, or make one."""
    if run.title:
        return run.title
    names = list(dict.fromkeys(setting.facts.name for setting in settings(run)))
    return f"{_capital(count(len(settings(run)), 'network'))} on {', '.join(names[:3])}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def sentences(run: Run, references: Mapping[Key, Baselines]) -> list[str]:
    """Say what the run amounts to; one sentence or two for each thing."""
    some = settings(run)
    best = [_best(run, ranked(run, own)[0], len(own), references.get(key)) for key, own in goals_of(run).items()]
    return [
        _trained(run, some),
        *_ended(run),
        *_evolved(run),
        *_kept(run),
        *[text for text in best[:4] if text],
        *_caution(run, some),
    ]


def _trained(run: Run, some: Sequence[Setting]) -> str:
    sizes = {setting.facts.sizes for setting in some}
    names = list(dict.fromkeys(setting.facts.name for setting in some))
    noun = "pictures" if all(setting.facts.image_shape for setting in some) else "examples"
    train, validation, test = next(iter(sizes))
    amount = f"{train:,} {noun}" if len({size[0] for size in sizes}) == 1 else noun
    text = f"{_capital(count(len(some), 'network'))} {'was' if len(some) == 1 else 'were'} trained on {amount} of "
    text += f"{' and '.join(names[:3])} for {_epochs(run)}{_replicates(run, some)}."
    if len(sizes) > 1:
        return text
    return text + _held_out(validation, test, all(s.experiment.data.validation == "test" for s in some))


def _held_out(validation: int, test: int, same: bool) -> str:
    if same and test:
        return f" {test:,} others served both to validate and to test."
    parts = [f"{n:,} to {what}" for n, what in ((validation, "validate"), (test, "test")) if n]
    return f" Others served {' and '.join(parts)}." if parts else " Nothing was held out: the scores are on these."


def _epochs(run: Run) -> str:
    epochs = sorted({spec.experiment.epochs for spec in run.specs})
    if any(record.status == DROPPED for record in run.records):
        return f"up to {count(epochs[-1], 'epoch')} (fewer where they were dropped at a rung)"
    return count(epochs[-1], "epoch") if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]} epochs"


def _replicates(run: Run, some: Sequence[Setting]) -> str:
    """Say from how many seeds, and on how many folds, a network was trained."""
    numbers = {len(setting.trials) for setting in some}
    if numbers == {1}:
        return ""
    own = [[replicate_of(run.specs[trial].experiment) for trial in setting.trials] for setting in some]
    seeds, folds = (max(len({pick(r) for r in group}) for group in own) for pick in (_seed, _fold))
    up_to = "up to " * (len(numbers) > 1)
    parts = [f"from {up_to}{count(seeds, 'seed')}"] * (seeds > 1) + [f"on {up_to}{count(folds, 'fold')}"] * (folds > 1)
    each = "," * bool(up_to) or ", each" * (len(some) > 1)
    return f"{each} {' and '.join(parts)}"


def _seed(replicate: Replicate) -> int:
    return replicate.seed


def _fold(replicate: Replicate) -> tuple[int, int]:
    return replicate.fold, replicate.fold_seed


def _ended(run: Run) -> list[str]:
    counts, total = Counter(record.status for record in run.records), len(run.records)
    waiting = counts[WAITING] + counts[RUNNING]
    again = "; the same command goes on" if run.path is not None else ""
    ends = (
        (counts[STOPPED], "{} stopped early, with the best weights, when the patience was at an end"),
        (counts[DIVERGED], "became NaN or infinite and {} stopped"),
        (counts[FAILED], "failed"),
    )
    out = [f"{_of(n, total)} {text.format('was' if n == 1 else 'were')}." for n, text in ends if n]
    return out + [f"{_of(waiting, total)} {'has' if waiting == 1 else 'have'} not finished{again}."] * bool(waiting)


def _kept(run: Run) -> list[str]:
    """Say which trials have no weights any more."""
    ended = [i for i, record in enumerate(run.records) if record.status in ENDED]
    without = [] if run.store.keep is None else [i for i in ended if not run.store.has_weights(i)]
    if not without:
        return []
    least = f"Only the weights of the best were kept (keep={keep_text(run.store.keep)})"
    return [f"{least}: {'trial' if len(without) == 1 else 'trials'} {spans(without)} can be neither shown nor used."]


def _evolved(run: Run) -> list[str]:
    """Say how often trials went on from others' weights."""
    times = [len(stages) - 1 for stages in run.schedules]
    rungs = {stage.epoch for stages in run.schedules for stage in stages[1:]}
    if not rungs:
        return []
    copied = sum(map(bool, times))
    return [
        f"{_of(copied, len(times))} went on from better ones' weights, {count(sum(times), 'time')} in all at "
        f"{count(len(rungs), 'rung')} (population-based training); names and charts show the hyperparameters with "
        "which trials began."
    ]


def _of(n: int, total: int) -> str:
    return f"{_capital(_spelled(n))} of {count(total, 'trial')}"


def _best(run: Run, setting: Setting, rivals: int, reference: Baselines | None) -> str:
    """Say how the best setting of a goal does, and what it beats."""
    metric = ACCURACY if setting.goal == "classification" else MSE
    values = scores(run, setting, metric)
    mean = mean_and_spread(values)[0]
    if not np.isfinite(mean):
        return ""
    part = f"on the {report_part(setting.facts)} part"
    told = {"reconstruction": _copies, "classification": _answers, "regression": _predicts}[setting.goal]
    return told(setting, rivals, values, mean, part, reference.scores if reference else {})


def _copies(setting: Setting, rivals: int, values: np.ndarray, mean: float, part: str, known: Known) -> str:
    text = f"The best copies are those of {_who(setting)}:" if rivals > 1 else f"{setting.label} copies its input with"
    text += f" mean squared error {cell(values)} {part}."
    baseline = next((name for name in ("mean image", "mean of each input") if name in known), None)
    if baseline and mean >= known[baseline][MSE]:
        reached = number(known[baseline][MSE])
        return f"{text} The {baseline}, whatever the input, reaches {reached}: it has learned next to nothing."
    width = traits_of(setting.experiment.model).code_width(setting.experiment.model)
    if f"PCA-{width}" in known:
        pca = known[f"PCA-{width}"][MSE]
        verdict = "better than the network" if pca < mean else "the network does better"
        text += f" PCA-{width}, the best linear compression to as few numbers, reaches {number(pca)}: {verdict}."
    return text


def _who(setting: Setting) -> str:
    """Name an arm, and describe a network that has no name."""
    return setting.label if setting.arm else f"the network with {setting.label}"


def _answers(setting: Setting, rivals: int, values: np.ndarray, mean: float, part: str, known: Known) -> str:
    text = f"The best classifier is {_who(setting)}: it" if rivals > 1 else f"The network {setting.label}"
    told = {"least squares": "a linear fit", "majority class": "always answering the commonest class"}
    others = [f"{told[name]} on {100 * (1 - known[name][ACCURACY]):.1f} %" for name in told if name in known]
    return (
        "; ".join([f"{text} is wrong on {cell(1 - values, percent=True)} {part.replace('on', 'of', 1)}", *others]) + "."
    )


def _predicts(setting: Setting, rivals: int, values: np.ndarray, mean: float, part: str, known: Known) -> str:
    text = f"The best predictions are those of {_who(setting)}:" if rivals > 1 else f"{setting.label} predicts with"
    told = {"least squares": "a linear fit has", "mean of the targets": "their mean, whatever the input,"}
    others = [f"{told[name]} {number(known[name][MSE])}" for name in told if name in known]
    return "; ".join([f"{text} mean squared error {cell(values)} {part}", *others]) + "."


def _caution(run: Run, some: Sequence[Setting]) -> list[str]:
    out = []
    done = [setting for setting in some if any(run.records[trial].status in FINISHED for trial in setting.trials)]
    goals = Counter(setting.goal for setting in done)
    if goals and max(goals.values()) > 1 and all(len(setting.trials) == 1 for setting in some):
        out.append("There is one seed of each, so small differences may be chance.")
    if any(record.status not in FINISHED for record in run.records) and any(
        len(setting.trials) > 1 for setting in some
    ):
        out.append("Means are over the trials that finished.")
    return out


def cards(run: Run, seconds: float | None) -> list[tuple[str, str, str]]:
    """Give the key numbers: (what, value, remark)."""
    done = sum(record.status in FINISHED for record in run.records)
    out = [("trials finished", f"{done:,} of {len(run.records):,}", count(len(settings(run)), "network"))]
    for key, own in list(goals_of(run).items())[:3]:
        best = ranked(run, own)[0]
        classify = key[1] == "classification"
        values = scores(run, best, ACCURACY if classify else MSE)
        text = cell(1 - values, percent=True) if classify else cell(values)
        if text != "–":
            what = {
                "classification": "wrong answers",
                "reconstruction": "error of the copies",
                "regression": "squared error",
            }
            out.append((what[key[1]], text, f"{best.label}, {report_part(best.facts)}"))
    if seconds is not None:
        out.append(("time to train", duration(seconds), "minutes and seconds" if seconds < 3600 else "hours"))
    return out


def chosen(run: Run, some: Sequence[Exhibit]) -> str:
    """Say which trials the pictures are of, where that is not plain."""
    total = len(settings(run))
    parts = []
    if len(some) < total:
        parts.append(f"The pictures show {count(len(some), 'network')} of {total:,}, the best.")
    if any(len(exhibit.setting.trials) > 1 for exhibit in some):
        among = "" if run.store.keep is None else ", of those whose weights were kept"
        parts.append(f"Of several trials they show the one with the median error{among}.")
    return " ".join(parts)

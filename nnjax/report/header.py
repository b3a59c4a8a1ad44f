"""The head of the report: title, sentences and key numbers of a run."""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

from nnjax.core.experiment import replicate_of
from nnjax.core.text import count, duration, spelled
from nnjax.report.best_network import best_sentence
from nnjax.report.context import ReportContext
from nnjax.report.wording import data_words, target_words
from nnjax.runs.choice import words
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting
from nnjax.train.storage.records import DIVERGED, DROPPED, ENDED, FAILED, FINISHED, RUNNING, STOPPED, WAITING
from nnjax.train.storage.retention import keep_text, spans

PICKS = attrgetter("seed"), attrgetter("fold", "fold_seed")  # of a replicate: its seed, its fold


def title(report: ReportContext) -> str:
    """Return the run's title, or make one."""
    if report.run.title:
        return report.run.title.strip().removesuffix(".")
    number = _capital(count(len(report.settings), "network"))
    targets = {target_words(setting) for setting in report.settings}
    if len(targets) == 1 and (target := targets.pop()):
        return f"{number} that predict{'s' * (len(report.settings) == 1)} {target}"
    names = list(dict.fromkeys(data_words(setting.facts) for setting in report.settings))
    return f"{number} on {', '.join(names[:3])}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def sentences(report: ReportContext) -> list[str]:
    """Summarize the run: what was trained, how it ended, which network did best and against what."""
    run, some = report.run, report.settings
    best = [
        best_sentence(run, one.setting, one.rivals, report.test_baselines.get(key))
        for key, one in report.decided.items()
    ]
    return [
        _trained(run, some),
        *_ended(run),
        *_evolved(run),
        *_kept(run),
        *[text for text in best[:4] if text],
        *_rule(report),
        *_caution(run, some),
    ]


def _rule(report: ReportContext) -> list[str]:
    """Say by what the best setting was chosen, what that does to its score, and where nothing was chosen why."""
    contested = [some for some in report.groups.values() if len(some) > 1]
    if not contested:
        return []
    chosen = [choice for choice in report.choices.values() if choice.rivals > 1]
    if not chosen:
        ended = any(record.status in FINISHED for record in report.run.records)
        there = any(setting.facts.sizes[1] for some in contested for setting in some)
        why = "There is no validation part, so no setting is chosen; the order below is that of the run."
        return [why] * (ended and not there)
    by = " or ".join(dict.fromkeys(words(choice.metric) for choice in chosen))
    mean = ", averaged over its trials" if any(len(choice.setting.trials) > 1 for choice in chosen) else ""
    most = max(choice.rivals for choice in chosen)
    seen = any(choice.setting.experiment.data.validation == "test" for choice in chosen)
    rest = "and so is its test score, as the test part is the validation part" if seen else "but its test score is not"
    return [
        f"A setting is chosen by its {by} at the best epoch{mean}. As the best of {most:,}, the chosen one looks a "
        f"little too good by this score, {rest}."
    ]


def _trained(run: Run, some: Sequence[Setting]) -> str:
    """Say how many networks were trained on what, and for how long."""
    sizes = {setting.facts.sizes for setting in some}
    names = list(dict.fromkeys(data_words(setting.facts) for setting in some))
    noun = "images" if all(setting.facts.image_shape for setting in some) else "examples"
    train, validation, test = next(iter(sizes))
    amount = f"{train:,} {noun}" if len({size[0] for size in sizes}) == 1 else noun
    text = f"{_capital(count(len(some), 'network'))} {'was' if len(some) == 1 else 'were'} trained on {amount} of "
    text += f"{' and '.join(names[:3])} for {_epochs(run)}{_replicates(run, some)}."
    if any(setting.facts.weighted for setting in some):
        text += " Losses and metrics are weighted by the examples' weights."
    if len(sizes) > 1:
        return text
    return text + _held_out(validation, test, all(s.experiment.data.validation == "test" for s in some))


def _held_out(validation: int, test: int, same: bool) -> str:
    if same and test:
        return f" {test:,} others were used for both validation and testing."
    parts = [f"{n:,} for {what}" for n, what in ((validation, "validation"), (test, "testing")) if n]
    held = f" Others were held out: {' and '.join(parts)}."
    return held if parts else " Nothing was held out: the scores are on these."


def _epochs(run: Run) -> str:
    epochs = sorted({spec.experiment.epochs for spec in run.specs})
    if any(record.status == DROPPED for record in run.records):
        return f"up to {count(epochs[-1], 'epoch')} (fewer where they were dropped at a rung)"
    return count(epochs[-1], "epoch") if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]} epochs"


def _replicates(run: Run, some: Sequence[Setting]) -> str:
    """Format the numbers of seeds and folds of a network."""
    numbers = {len(setting.trials) for setting in some}
    if numbers == {1}:
        return ""
    own = [[replicate_of(run.specs[trial].experiment) for trial in setting.trials] for setting in some]
    seeds, folds = (max(len({pick(r) for r in group}) for group in own) for pick in PICKS)
    up_to = "up to " * (len(numbers) > 1)
    parts = [f"from {up_to}{count(seeds, 'seed')}"] * (seeds > 1) + [f"on {up_to}{count(folds, 'fold')}"] * (folds > 1)
    each = "," * bool(up_to) or ", each" * (len(some) > 1)
    return f"{each} {' and '.join(parts)}"


def _ended(run: Run) -> list[str]:
    counts, total = Counter(record.status for record in run.records), len(run.records)
    waiting = counts[WAITING] + counts[RUNNING]
    again = "; the same command continues them" if run.path is not None else ""
    ends = (
        (counts[STOPPED], "{} stopped early by patience, with the best weights restored"),
        (counts[DIVERGED], "became NaN or infinite and {} stopped"),
        (counts[FAILED], "failed"),
    )
    out = [f"{_of(n, total)} {text.format('was' if n == 1 else 'were')}." for n, text in ends if n]
    return out + [f"{_of(waiting, total)} {'has' if waiting == 1 else 'have'} not finished{again}."] * bool(waiting)


def _kept(run: Run) -> list[str]:
    """List the trials whose weights were not kept."""
    ended = [i for i, record in enumerate(run.records) if record.status in ENDED]
    without = [] if run.store.keep is None else [i for i in ended if not run.store.has_weights(i)]
    if not without:
        return []
    least = f"Only the weights of the best were kept (keep={keep_text(run.store.keep)})"
    return [f"{least}: {'trial' if len(without) == 1 else 'trials'} {spans(without)} can be neither shown nor used."]


def _evolved(run: Run) -> list[str]:
    """Count how often trials continued from other trials' weights."""
    times = [len(stages) - 1 for stages in run.schedules]
    rungs = {stage.epoch for stages in run.schedules for stage in stages[1:]}
    if not rungs:
        return []
    copied = sum(map(bool, times))
    return [
        f"{_of(copied, len(times))} continued from the weights of better ones, {count(sum(times), 'time')} in all at "
        f"{count(len(rungs), 'rung')} (population-based training); names and charts show the hyperparameters with "
        "which trials began."
    ]


def _of(n: int, total: int) -> str:
    return f"{_capital(spelled(n))} of {count(total, 'trial')}"


def _caution(run: Run, some: Sequence[Setting]) -> list[str]:
    out, repeated = [], any(len(setting.trials) > 1 for setting in some)
    done = [setting for setting in some if any(run.records[trial].status in FINISHED for trial in setting.trials)]
    goals = Counter(setting.goal for setting in done)
    if goals and max(goals.values()) > 1 and not repeated:
        out.append("There is one seed of each, so small differences may be chance.")
    if repeated and done and any(record.status not in FINISHED for record in run.records):
        out.append("Means are over the trials that finished.")
    return out


def facts(report: ReportContext) -> str:
    """Say in a line how many trials finished, and how long they trained."""
    run = report.run
    done = sum(record.status in FINISHED for record in run.records)
    parts = [f"{done:,} of {len(run.records):,} trial{'' if len(run.records) == 1 else 's'} finished"]
    if report.seconds is not None:
        unit = "minutes" if report.seconds < 3600 else "hours"
        parts.append(f"trained in {duration(report.seconds)} {unit}")
    return ", ".join(parts)


def shown_networks(report: ReportContext) -> str:
    """Describe which trials the figures show, where they do not show all."""
    some, total, parts = report.snapshots, len(report.settings), []
    if len(some) < total:
        parts.append(f"The figures show {count(len(some), 'network')} of {total:,}, the best by the rule above.")
    if any(len(snapshot.setting.trials) > 1 for snapshot in some):
        among = "" if report.run.store.keep is None else ", of those whose weights were kept"
        parts.append(f"Where a network has several trials, they show the one with the median error{among}.")
    return " ".join(parts)

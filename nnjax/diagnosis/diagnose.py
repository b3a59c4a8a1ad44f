"""Diagnose learning curves: of a file or folder by `diagnose`, of arrays by `diagnose_curves`."""

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.core import messages
from nnjax.core.errors import UserError
from nnjax.core.layer_statistics import LayerStatistics
from nnjax.core.messages import remedy
from nnjax.diagnosis.curves_by_length import align, checked, per_trial
from nnjax.diagnosis.reading import Loaded, from_columns, read
from nnjax.diagnosis.remarks import remarks
from nnjax.diagnosis.thresholds import FEWEST
from nnjax.diagnosis.trial_features import TrialFeatures, trial_features
from nnjax.diagnosis.types import Curves, Diagnosis, TrainingContext, Verdict
from nnjax.diagnosis.verdict_confidence import calibrated
from nnjax.diagnosis.verdict_rule import VerdictRule
from nnjax.diagnosis.verdicts import VERDICTS

NO_RULE_HOLDS = 0.3  # what `converged` is given then


def diagnose(
    curves: str | os.PathLike[str] | Mapping[str, Sequence[float]] | Curves,
    columns: Mapping[str, str] | None = None,
    **known: Any,
) -> list[Diagnosis]:
    """Find the verdicts on learning curves, of nnjax or of any other library.

    for found in nnjax.diagnose("curves.csv", mean_predictor=2.303):
        print(found)

    Args:
      curves: a path (a table, JSON, printed text, TensorBoard logs, an nnjax run folder; docs/reading_logs.md lists
        them), the curves of one trial by name (`model.fit(...).history`), or arrays.
      columns: {curve: column} where names shall not decide, such as {"train_loss": "g", "val_loss": "h"}.
      known: what is known beside the curves: mean_predictor, chance_accuracy, floor, regularized, num_validation,
        batch_size, shuffled (see `nnjax.diagnosis.types.TrainingContext`); they take the place of what the file says.

    Returns:
      A diagnosis for each trial, in the order of the file; docs/diagnoses.md has the rules. What was guessed in reading
      is warned of, and what was read stands in each diagnosis.

    Raises:
      UserError: there is no such file, no loss in it, or no such thing to be known.
    """
    names = [field.name for field in dataclasses.fields(TrainingContext)]
    if unknown := sorted(set(known) - set(names)):
        raise UserError(f"Nothing is called {', '.join(unknown)} here; of {', '.join(names)} some were expected.")
    if isinstance(curves, Curves):
        return diagnose_curves(curves, TrainingContext(**known))
    loaded = from_columns(curves, columns) if isinstance(curves, Mapping) else read(curves, columns)
    return diagnose_loaded(loaded, **known)


def diagnose_loaded(loaded: Loaded, **known: Any) -> list[Diagnosis]:
    """Find the verdicts on what was read, see `diagnose`, and warn of what was guessed; UserError for a game's."""
    for sentence in loaded.remarks:
        messages.send(sentence)
    found = diagnose_curves(loaded.curves, [dataclasses.replace(context, **known) for context in loaded.contexts])
    if games := [i for i, is_game in enumerate(loaded.games) if is_game and found[i].primary.code != "diverged"]:
        names = ", ".join(loaded.sources[i].split("; ")[1].partition(" = ")[2] for i in games)
        raise UserError(
            f"{names} are the losses of a game (a generator and a discriminator), each of which depends on the other "
            "player: they are finite, "
            "but their curves do not say whether training goes well; look at samples, or name one loss by "
            + remedy('columns={"loss": NAME}.', "--columns=loss=NAME.")
        )
    found = [_of_points(one) for one in found] if loaded.over_steps else found
    parts = zip(found, loaded.names, loaded.sources, strict=True)
    return [dataclasses.replace(one, trial=name, source=source) for one, name, source in parts]


def _of_points(found: Diagnosis) -> Diagnosis:
    """Speak of points where these are no epochs."""
    first, *others = [
        dataclasses.replace(
            one, sentence=re.sub("epoch", "point", one.sentence), next=re.sub("epoch", "point", one.next)
        )
        for one in (found.primary, *found.others)
    ]
    return dataclasses.replace(found, primary=first, others=tuple(others))


def diagnose_curves(
    curves: Curves,
    contexts: TrainingContext | Sequence[TrainingContext] | None = None,
    layers: LayerStatistics | None = None,
) -> list[Diagnosis]:
    """Find the verdicts that hold for learning curves.

    Args:
      curves: of m trials, as many epochs as there are.
      contexts: what is known beside them, for all trials or for each.
      layers: what was measured inside the networks; names causes.

    Returns:
      [m]; the most important verdict first. `docs/diagnoses.md` has the rules one by one.

    Raises:
      UserError: no curve at all, shapes that differ, or another number of contexts than of trials.
    """
    out: dict[int, Diagnosis] = {}
    known = per_trial(contexts, len(next(iter(checked(curves).values()))))
    with np.errstate(all="ignore"):  # what cannot be computed is NaN, of which no rule holds
        for aligned in align(curves):
            found = _diagnose(trial_features(aligned, known, layers))
            out.update(zip(aligned.trials.tolist(), found, strict=True))
    return [out[trial] for trial in sorted(out)]


def _diagnose(trials: TrialFeatures) -> list[Diagnosis]:
    asked = [rule for rule in VERDICTS.values() if rule.fewest_epochs <= trials.num_epochs]
    confidence = np.array([rule.confidence(trials) for rule in asked], float)
    codes = [rule.code for rule in asked]
    return [_of_trial(trials, i, dict(zip(codes, own.tolist(), strict=True))) for i, own in enumerate(confidence.T)]


def _of_trial(trials: TrialFeatures, i: int, confidence: dict[str, float]) -> Diagnosis:
    """Keep the rules that hold and are not silenced by one before them; describe the trial by each."""
    kept: list[VerdictRule] = []
    for rule in (VERDICTS[code] for code, value in confidence.items() if value > 0):
        if not any(rule.is_silenced_by(before) for before in kept):
            kept.append(rule)
    if not kept:
        return _worded(trials, i, [VERDICTS["converged"].verdict(trials, i, calibrated("converged", NO_RULE_HOLDS))])
    kept.sort(key=lambda rule: confidence[rule.code] < rule.first_from)
    found = [rule.verdict(trials, i, calibrated(rule.code, confidence[rule.code])) for rule in kept]
    return _worded(trials, i, found)


def _worded(trials: TrialFeatures, i: int, found: list[Verdict]) -> Diagnosis:
    """Add the remarks to the first verdict; of curves without a loss, speak of the error that stands for it."""
    beside = remarks(trials, i) if trials.num_epochs >= FEWEST and found[0].code != "diverged" else []
    first = dataclasses.replace(found[0], sentence=" ".join([found[0].sentence, *beside]))
    if not trials.curves.of_accuracy[i]:
        return Diagnosis(first, tuple(found[1:]))
    first, *others = [
        dataclasses.replace(
            one, sentence=re.sub("loss(es)?", lambda found: "errors" if found[1] else "error", one.sentence)
        )
        for one in (first, *found[1:])
    ]
    text = f"{first.sentence} There is no loss: the error, 1 - accuracy, was judged."
    return Diagnosis(dataclasses.replace(first, sentence=text), tuple(others))

"""Pre-flight checks: resolve trials, prepare their data, refuse impossible ones and find likely mistakes."""

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nnjax.checks import defaults
from nnjax.checks.finding import Finding
from nnjax.checks.fit import check_fit, summarize_targets
from nnjax.checks.invalid_values import validate
from nnjax.core.errors import UserError
from nnjax.core.experiment import ARRAYS, AUTO, DataConfig, Experiment, TrialSpec
from nnjax.core.fields import flatten, set_values
from nnjax.core.messages import remedy
from nnjax.core.types import Prepared
from nnjax.data import Datasets, prepare_loaded
from nnjax.data.class_weights import class_weights
from nnjax.models.registry import own_output_shape, traits_of
from nnjax.nn.losses import loss_of
from nnjax.nn.optimizers import resolve as with_hyperparameters
from nnjax.verify.resource_limits import (
    refuse_oversized_trials,
    refuse_unfit_images,
    refuse_unfit_weights,
    refuse_unmatched_patterns,
)
from nnjax.verify.user_objects import judge_outputs, refuse_unfit_objects


def resolve_trials(
    specs: Iterable[TrialSpec], datasets: Datasets, log: Callable[[str], None] = lambda text: None
) -> list[TrialSpec]:
    """Validate trials and fill in what they leave open, by their data, and log it; errors as of `validate`."""
    specs = list(specs)
    for spec in specs:
        validate(spec.experiment)
    resolver = Resolver(datasets)
    resolved = [dataclasses.replace(spec, experiment=resolver(spec.experiment)) for spec in specs]
    for sentence in dict.fromkeys(resolver.sentences):
        log(f"remark: {sentence}")
    return resolved


class Resolver:
    """Fills in what experiments leave open, once for all that leave open the same (see `checks.defaults`).

    Attributes:
      sentences: what was chosen, and why.
    """

    def __init__(self, datasets: Datasets):
        self.datasets = datasets
        self.sentences: list[str] = []
        self._known: dict[tuple[Any, ...], Experiment] = {}

    def __call__(self, experiment: Experiment) -> Experiment:
        """Return the experiment with a value in every field, its hyperparameters included."""
        given, config = self.datasets.given, experiment.data
        if given is not None and given.name != config.name:
            experiment = dataclasses.replace(experiment, data=dataclasses.replace(config, name=ARRAYS))
        key = experiment.data, experiment.model, experiment.loss, experiment.batch_size
        if key not in self._known:
            self._known[key] = self._fill(experiment)
        found = self._known[key]
        parts: dict[str, Any] = {
            "data": found.data,
            "model": found.model,
            "loss": found.loss,
            "batch_size": found.batch_size,
        }
        return with_hyperparameters(dataclasses.replace(experiment, **parts))

    def _fill(self, experiment: Experiment) -> Experiment:
        before, dataset = experiment, self.datasets[experiment.data]
        given = self.datasets.given
        if (given is None or given.reread is not None) and defaults.asks_for_numbers(experiment, dataset):
            experiment = defaults.with_task(experiment, "regression")
        elif defaults.asks_for_classes(experiment, dataset):
            experiment = defaults.with_task(experiment, "classification")
        dataset = self.datasets[experiment.data]
        found = defaults.fill(experiment, dataset)
        if sentence := defaults.describe(before, found, dataset):
            self.sentences.append(sentence)
        return found


def with_resolved_fields(base: Experiment, specs: Sequence[TrialSpec]) -> Experiment:
    """Return the base experiment with what it leaves open as all of its trials have it, where they agree."""
    flat = [flatten(spec.experiment) for spec in specs]
    values = {path: {one[path] for one in flat} for path in defaults.FIELDS}
    left = [path for path, value in flatten(base).items() if path in values and value in (None, AUTO)]
    found = set_values(base, {path: values[path].pop() for path in left if len(values[path]) == 1})
    passed = all(spec.experiment.data.name == ARRAYS for spec in specs)
    return set_values(found, {"data.name": ARRAYS}) if passed else found


def check(
    specs: Sequence[TrialSpec], datasets: Datasets
) -> tuple[dict[DataConfig, Prepared], list[tuple[str, Finding]]]:
    """Prepare the data of trials and refuse what cannot be trained; what may be amiss is found, with the arms.

    Raises:
      UserError: see `prepare_all`, and all that begin with `refuse_`.
    """
    prepared = prepare_all(specs, datasets)
    refuse_unfit_images(specs, prepared)
    findings = [*judge(specs, prepared), *_other_rows(prepared)]
    refuse_errors(specs, findings)
    refuse_unfit_outputs(specs, prepared)
    refuse_class_weights(specs, prepared)
    refuse_unfit_objects(specs, prepared)
    refuse_oversized_trials(specs, prepared)
    refuse_unmatched_patterns(specs, prepared)
    refuse_unfit_weights(specs, prepared)
    return prepared, [*findings, *judge_outputs(specs, prepared)]


def _other_rows(prepared: Mapping[DataConfig, Prepared]) -> list[tuple[str, Finding]]:
    """Warn of settings that leave out rows with missing cells beside others that fill these in."""
    for config, dropped in prepared.items():
        for other, kept in prepared.items():
            same = dataclasses.replace(config, missing=other.missing) == other
            if config.missing != "drop" or not same or len(kept.dataset.x) == len(dropped.dataset.x):
                continue
            sizes = len(dropped.validation), len(kept.validation)
            sentence = (
                f"With data.missing=drop {len(dropped.dataset.x):,} rows are left, with {other.missing} "
                f"{len(kept.dataset.x):,}: their scores are of other validation rows ({sizes[0]:,} and {sizes[1]:,})."
            )
            return [("", Finding("other-rows", "warning", sentence, "Choose by hand, or among those that fill in."))]
    return []


def format_finding(arms: str, finding: Finding) -> str:
    """Write a finding as a line of output."""
    return f"{finding.severity}{f' ({arms})' if arms else ''}: {finding.sentence} {finding.remedy}".rstrip()


def prepare_all(specs: Sequence[TrialSpec], datasets: Datasets) -> dict[DataConfig, Prepared]:
    """Load and split each data configuration that occurs, once; errors as of `load` and `prepare_loaded`."""
    sizes: dict[DataConfig, int] = {}
    for spec in specs:
        config = spec.experiment.data
        sizes[config] = max(sizes.get(config, 0), spec.experiment.batch_size)
    return {config: prepare_loaded(datasets[config], config, size) for config, size in sizes.items()}


def judge(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> list[tuple[str, Finding]]:
    """Judge every distinct trial before training; each finding once, with the arms it concerns."""
    found: dict[Finding, list[str]] = {}
    summary = functools.cache(lambda data, reconstructs: summarize_targets(prepared[data], reconstructs))
    distinct = {(spec.arm, dataclasses.replace(spec.experiment, seed=0)): spec for spec in specs}
    for spec in distinct.values():
        measured = summary(spec.experiment.data, traits_of(spec.experiment.model).reconstructs)
        for finding in check_fit(spec.experiment, measured):
            arms = found.setdefault(finding, [])
            if spec.arm not in arms:
                arms.append(spec.arm)
    said = dict.fromkeys(sentence for part in prepared.values() for sentence in part.said)
    remarks = [("", Finding("data", "remark", sentence, "")) for sentence in said]
    return [*remarks, *((", ".join(arms), finding) for finding, arms in found.items())]


def refuse_unfit_outputs(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> None:
    """Refuse a user's model whose outputs are not as many as a loss of ours compares."""
    for model, loss, data in {(s.experiment.model, s.experiment.loss, s.experiment.data) for s in specs}:
        if not traits_of(model).own or loss_of(loss).of_logits:
            continue
        facts, goal = prepared[data].facts(), traits_of(model).goal(prepared[data].facts().task)
        shape, classes = own_output_shape(model, facts.example_shape), len(facts.classes)
        found = math.prod(shape)
        expected = {"classification": classes, "regression": facts.num_targets}.get(goal, facts.num_inputs)
        if found != expected and not (classes == 2 and found == 1 and loss_of(loss).compares != "distributions"):
            what = {"classification": f"{classes} classes", "regression": f"{expected} targets"}.get(goal, "its inputs")
            remedy = f"change its last layer, or take another loss than {loss}"
            if (goal, classes, found) == ("classification", 2, 1):
                remedy = "for one logit say so, nnjax.ModelConfig(model, output_activation='sigmoid')"
            raise UserError(
                f"The model yields {list(shape)} for an example of the shape {list(facts.example_shape)}, but "
                f"{expected} numbers were expected for {what}: {remedy}."
            )


def refuse_class_weights(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> None:
    """Refuse weights of classes that the data do not have, or where classes are not what is learned."""
    for given, model, data in {(s.experiment.class_weight, s.experiment.model, s.experiment.data) for s in specs}:
        if given is None:
            continue
        if traits_of(model).reconstructs:
            raise UserError(
                f"class_weight is set, but the model {model.kind} learns to give its input, not classes: leave it out."
            )
        class_weights(given, prepared[data])


def refuse_errors(specs: Sequence[TrialSpec], findings: Sequence[tuple[str, Finding]]) -> None:
    """Refuse what `judge` found to be an error, unless `allow_mismatch` is set wherever it occurs."""
    strict = {spec.arm for spec in specs if not spec.experiment.allow_mismatch}
    for arms, finding in findings:
        if finding.severity == "error" and not strict.isdisjoint(arms.split(", ")):
            where = f" (in {arms})" if arms else ""
            what = f"{finding.sentence}{where} {finding.remedy}"
            anyway = remedy("Experiment(allow_mismatch=True)", "--config.allow_mismatch=true")
            raise UserError(f"{what} ({anyway} trains all the same.)")

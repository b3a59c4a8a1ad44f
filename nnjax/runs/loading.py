"""Open run folders: `nnjax.load`."""

import dataclasses
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from nnjax.checks.invalid_values import validate_names
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.fields import with_objects
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.object_refs import ObjectRef
from nnjax.core.types import DataFacts
from nnjax.data.in_memory import as_dataset
from nnjax.runs.files import CONFIG
from nnjax.runs.folder import FolderStore
from nnjax.runs.run import Run
from nnjax.runs.run_data import prepare_given
from nnjax.train.engine.fingerprint import difference


def load(
    path: str | os.PathLike[str],
    *,
    model: Any = None,
    loss: Any = None,
    optimizer: Any = None,
    metrics: Sequence[Any] | None = None,
    data: Any = None,
    trust: bool = False,
) -> Run:
    """Open a run folder for reading.

    Args:
      path: the folder.
      model, loss, optimizer, metrics: the objects that the run was trained with, where it was with the user's own; its
        table, curves and verdicts need none of them. Nothing that a folder names is imported by itself.
      data: the data that were passed as arrays, as in `nnjax.sweep`; they must be the same.
      trust: import what the folder names ("package.module:name"): only for folders of one's own.

    Raises:
      UserError: it is no run folder, or it is damaged; other data; a path that cannot be imported.
    """
    store = FolderStore(path)
    config = store.read_config()
    store.keep = config.keep
    facts, findings = store.read_all_facts(config.specs)
    _refuse_unknown_names(config.specs, store.path)
    schedules = store.read_schedules(len(config.specs))
    given = {"model.kind": model, "loss": loss, "optimizer.name": optimizer, "metrics": metrics}
    records, plans = store.read_records(config.specs), store.read_plan()
    specs = [dataclasses.replace(spec, experiment=with_objects(spec.experiment, given, trust)) for spec in config.specs]
    specs = _with_known_models(specs, config.specs, facts, plans)
    recipe = None if not facts else next(iter(facts.values())).recipe
    target = ",".join(recipe.target) if recipe is not None and hasattr(data, "columns") else None
    dataset = as_dataset(data, target, config=specs[0].experiment.data)
    prepared = {} if dataset is None else prepare_given(facts, dataset, specs)
    baselines = store.read_baselines()
    return Run(specs, records, store, facts, prepared, findings, config.title, schedules, baselines)


def _with_known_models(
    specs: Sequence[TrialSpec],
    named: Sequence[TrialSpec],
    facts: Mapping[DataConfig, DataFacts],
    plans: Sequence[Mapping[str, Any]],
) -> list[TrialSpec]:
    """Return trials with the model that is passed again; those that another program trained stay named only.

    Raises:
      UserError: no trial was trained with such a model.
    """
    found, others, known = list(specs), list[str](), False
    for plan in plans:
        trials = plan.get("trials") or ()
        spec = specs[trials[0]] if trials and trials[0] < len(specs) else None
        if spec is None or not isinstance(spec.experiment.model.kind, ObjectRef) or spec.experiment.data not in facts:
            continue
        shape = facts[spec.experiment.data].example_shape
        sentence = difference(spec.experiment.model, shape, str(plan.get("model", "")))
        known |= not sentence
        for trial in trials if sentence else ():
            found[trial] = named[trial]
        others += [sentence] if sentence else []
    if others and not known:
        raise UserError(others[0])
    return found


def _refuse_unknown_names(specs: Sequence[TrialSpec], path: pathlib.Path) -> None:
    """Refuse trials of a folder whose losses, activations and the like are not known."""
    named = {dataclasses.replace(s.experiment, hyperparameters=Hyperparameters(), seed=0): s.id for s in specs}
    for experiment, trial in named.items():
        try:
            validate_names(experiment)
        except UserError as error:
            raise UserError(f"{path / CONFIG} is damaged, or of a later nnjax: of trial {trial}, {error}") from None

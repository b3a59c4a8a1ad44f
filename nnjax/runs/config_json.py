"""Write and read config.json, which defines a run and has the format number; older formats are read here alone.

1  until November 2026; also where there is no number. Checkpoints of trials under way have other names inside.
2  now.

Beside it stands the number of the draws: initial weights and dropout masks of dense networks by the arrays' shapes (1,
also where there is none), or by each unit's place (2).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.fields import OBJECT_FIELDS, flatten, from_dict, named_only, replace, set_values, to_dict
from nnjax.core.messages import remedy
from nnjax.core.object_refs import NamedMetric, ObjectRef, source_of
from nnjax.runs.integrity import check_parents
from nnjax.train.storage.retention import ALL, keep_text, parse_keep

FORMAT = 2
DRAWS = 2
BEFORE = {"evaluate_test": "all"}  # fields of folders that do not have them
RULES = ("halving", "evolution", "scheduler")  # how trials are dropped or replaced while they train


class Config(NamedTuple):
    """A run, complete."""

    base: Experiment  # the experiment of which trials change fields
    specs: list[TrialSpec]  # the trials
    title: str  # of the report
    rules: Mapping[str, Any] = {}  # {"halving" or "evolution": the scheduler's description}
    keep: int | None = None  # of how many trials the weights are kept; None for all
    format: int = FORMAT  # format, draws: of the folder
    draws: int = DRAWS


def to_json(config: Config) -> dict[str, Any]:
    """Describe a run: the base experiment, each trial by what it changes, and the rules of the run."""
    flat = flatten(config.base)
    trials = []
    for spec in config.specs:
        own = flatten(spec.experiment)
        changes = {path: value for path, value in own.items() if value != flat[path]}
        trials.append({"arm": spec.arm, "start_from": spec.start_from, "changes": changes})
    how = {**config.rules, **({} if config.keep is None else {"keep": keep_text(config.keep)})}
    directions = _directions(config.specs)
    how |= {"directions": directions} if directions else {}
    numbers = {"format": FORMAT, "draws": DRAWS}
    return {**numbers, "title": config.title, "experiment": to_dict(config.base), "trials": trials, **how}


def from_json(tree: Mapping[str, Any]) -> Config:
    """Read back what `to_json` gave, in this format or an older one; UserError or one of `DAMAGE` if changed."""
    if not tree["trials"]:
        raise ValueError("it lists no trials")
    base = from_dict(BEFORE | tree["experiment"])
    check_parents([one["start_from"] for one in tree["trials"]])
    if not all(isinstance(one["arm"], str) for one in tree["trials"]):
        raise ValueError("the names of its arms are not texts")
    specs = [
        TrialSpec(i, replace(base, one["changes"]), one["arm"], one["start_from"])
        for i, one in enumerate(tree["trials"])
    ]
    directions = tree.get("directions", {})
    base = _directed(base, directions)
    specs = [dataclasses.replace(spec, experiment=_directed(spec.experiment, directions)) for spec in specs]
    rules = {name: dict(tree[name]) for name in RULES if name in tree}
    keep = parse_keep(tree.get("keep", ALL))
    return Config(base, specs, str(tree["title"]), rules, keep, tree.get("format", 1), tree.get("draws", 1))


def with_data(config: Config, named: Mapping[DataConfig, DataConfig]) -> Config:
    """Return a run with other configurations in the place of some of its data's."""

    def other(experiment: Experiment) -> Experiment:
        return dataclasses.replace(experiment, data=named.get(experiment.data, experiment.data))

    if not named:
        return config
    specs = [dataclasses.replace(spec, experiment=other(spec.experiment)) for spec in config.specs]
    base = set_values(config.base, {"data.name": specs[0].experiment.data.name})
    return config._replace(base=base, specs=specs)


def sources_of(specs: Sequence[TrialSpec]) -> dict[str, str]:
    """Return the source code of the user's objects, by their import paths, where it is known."""
    some: set[Any] = set()
    for experiment in {spec.experiment for spec in specs}:
        flat = flatten(experiment)
        some |= {flat[path] for path in OBJECT_FIELDS} | {*(experiment.metrics or ())}
    found = {str.__str__(one): source_of(one) for one in some if isinstance(one, ObjectRef)}
    return {path: text for path, text in sorted(found.items()) if text}


def _directions(specs: Sequence[TrialSpec]) -> dict[str, tuple[str, bool]]:
    """Say of the user's metrics, by path, what their curves are called and whether the highest value is the best."""
    some = [one for spec in specs for one in spec.experiment.metrics or ()]
    records: dict[str, Any] = {
        str.__str__(one): getattr(one, "object", one) for one in some if isinstance(one, ObjectRef | NamedMetric)
    }
    return {path: (record.name, record.maximized) for path, record in records.items()}


def _directed(experiment: Experiment, directions: Mapping[str, tuple[str, bool]]) -> Experiment:
    """Give the metrics that are only named their directions."""
    if not directions or experiment.metrics is None:
        return experiment
    metrics = tuple(NamedMetric(one, *directions[one]) if one in directions else one for one in experiment.metrics)
    return dataclasses.replace(experiment, metrics=metrics)


def refuse_unknown(tree: Any, path: str) -> None:
    """Refuse a config.json of a format that is not known."""
    if isinstance(tree, dict) and tree.get("format", 1) not in range(1, FORMAT + 1):
        raise UserError(
            f"{path} is of format {tree['format']}, but this version of nnjax reads formats 1 to {FORMAT}: install "
            "the version that wrote it."
        )


def refuse_resuming(config: Config, path: str) -> None:
    """Refuse to go on with a run of an older format."""
    if config.format != FORMAT:
        raise UserError(
            f"The workdir {path} is of format {config.format}, which an earlier version of nnjax wrote, but resuming "
            f"needs format {FORMAT}: it can be loaded and reported; to train, name a new "
            f"{remedy('workdir', '--workdir')}."
        )
    refuse_other_draws(config, path, "resuming")


def refuse_other_draws(config: Config, path: str, purpose: str) -> None:
    """Refuse what needs the initial weights and dropout masks of a run to be drawn again, and would differ."""
    if config.draws != DRAWS:
        raise UserError(
            f"The workdir {path} has initial weights of draws {config.draws}, but this version of nnjax makes draws "
            f"{DRAWS}, so that {purpose} would not repeat it: it can be loaded and reported; to train, name a new "
            f"{remedy('workdir', '--workdir')}."
        )


def config_differences(before: Config, now: Config) -> list[str]:
    """Describe what differs between two runs: one "name: old → new" each; empty if nothing does."""
    what = differences(before.specs, now.specs) + _rule_differences(before.rules, now.rules)
    if before.keep != now.keep:
        what.append(f"keep: {keep_text(before.keep)} → {keep_text(now.keep)}")
    return what


def differences(old: Sequence[TrialSpec], new: Sequence[TrialSpec]) -> list[str]:
    """Say what differs between the trials of two runs: one "field: its values → its values" each; empty if nothing.

    Whether signals were measured is no difference: it changes no result.
    """
    old, new = ([_without_signals(spec) for spec in specs] for specs in (old, new))

    def values(specs: Sequence[TrialSpec]) -> dict[str, list[str]]:
        flats = [{"arm": spec.arm, **flatten(spec.experiment)} for spec in specs]
        return {path: list(dict.fromkeys(repr(flat[path]) for flat in flats)) for path in flats[0]}

    def listed(texts: list[str]) -> str:
        return ", ".join(texts[:6]) + (", …" if len(texts) > 6 else "")

    a, b = values(old), values(new)
    what = [f"{path}: {listed(a[path])} → {listed(b[path])}" for path in a if a[path] != b[path]]
    if len(old) != len(new):
        what.append(f"trials: {len(old)} → {len(new)}")
    return what or ([] if list(old) == list(new) else ["the same values are combined in another way"])


def _without_signals(spec: TrialSpec) -> TrialSpec:
    experiment = dataclasses.replace(spec.experiment, signals=None)
    return dataclasses.replace(spec, experiment=named_only(experiment))


def _rule_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Describe which of the rules by which trials are dropped or replaced differ: one "name: old → new" each."""

    def text(tree: Mapping[str, Any] | None) -> str:
        return "none" if tree is None else " ".join(f"{k} {v}" for k, v in tree.items() if v is not None)

    return [f"{n}: {text(before.get(n))} → {text(now.get(n))}" for n in RULES if before.get(n) != now.get(n)]

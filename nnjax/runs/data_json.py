"""Write and read data.json: the facts about a run's data, its baselines, the findings of the pre-flight check."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from nnjax.checks.finding import Finding
from nnjax.core.columns import Column, TableRecipe, recipe_from_json
from nnjax.core.experiment import ARRAYS, DataConfig, Experiment
from nnjax.core.fields import replace
from nnjax.core.multi_input import Part
from nnjax.core.types import DataFacts, Scaler
from nnjax.data import targets
from nnjax.runs import loss_baselines
from nnjax.runs.integrity import check_facts
from nnjax.runs.loss_baselines import Baselines, Key, LossBaselines

Findings = Sequence[tuple[str, Finding]]  # with the arms that they concern


def to_json(
    facts: Mapping[DataConfig, DataFacts], findings: Findings, baselines: Baselines = MappingProxyType({})
) -> dict[str, Any]:
    """Describe the data of a run, and what the pre-flight check found."""
    entries = [{"config": dataclasses.asdict(config), "facts": facts_to_json(fact)} for config, fact in facts.items()]
    found = {"findings": [[arm, list(finding)] for arm, finding in findings]}
    return {"data": entries, **found, "baselines": loss_baselines.to_json(baselines, list(facts))}


def baselines_from_json(tree: Mapping[str, Any]) -> dict[Key, LossBaselines]:
    """Read the baselines back; {} of a folder from before there were any. Errors as of `from_json`."""
    return loss_baselines.from_json(tree.get("baselines", []), list(from_json(tree)[0]))


def from_json(tree: Mapping[str, Any]) -> tuple[dict[DataConfig, DataFacts], list[tuple[str, Finding]]]:
    """Read back what `to_json` says; LookupError, TypeError or ValueError if it was changed."""
    facts = {_config(entry): facts_from_json(entry["facts"]) for entry in tree["data"]}
    for one in facts.values():
        check_facts(one)
    findings = [(arm, Finding(*finding)) for arm, finding in tree["findings"]]
    if not all(isinstance(text, str) for arm, finding in findings for text in (arm, *finding)):
        raise ValueError("its findings are not texts")
    return facts, findings


def passed(tree: Mapping[str, Any]) -> dict[DataConfig, DataConfig]:
    """Return the configurations that name another source than the data that were passed, as earlier versions did."""
    named = {_named(entry): _config(entry) for entry in tree["data"]}
    return {one: other for one, other in named.items() if one != other}


def _named(entry: Mapping[str, Any]) -> DataConfig:
    """Read a data configuration, every value of its field's type."""
    return replace(Experiment(), {f"data.{name}": value for name, value in entry["config"].items()}).data


def _config(entry: Mapping[str, Any]) -> DataConfig:
    """Read a data configuration; that of data that were passed names no source."""
    found = _named(entry)
    return found if entry["facts"]["name"] == found.name else dataclasses.replace(found, name=ARRAYS)


def facts_to_json(facts: DataFacts) -> dict[str, Any]:
    """Describe one data set."""
    tree = {field.name: getattr(facts, field.name) for field in dataclasses.fields(facts)}
    for name in ("x_scaler", "y_scaler"):
        wide = {"dtype": "float64"} if tree[name].wide else {}
        tree[name] = {part: np.asarray(value).tolist() for part, value in tree[name]._asdict().items()} | wide
    tree["recipe"] = None if facts.recipe is None else dataclasses.asdict(facts.recipe)
    return tree


def facts_from_json(tree: Mapping[str, Any]) -> DataFacts:
    """Read back what `facts_to_json` says; LookupError, TypeError or ValueError if it was changed."""
    scalers = {
        name: Scaler(*(np.asarray(tree[name][part], tree[name].get("dtype", "float32")) for part in Scaler._fields))
        for name in ("x_scaler", "y_scaler")
    }
    lists = {name: tuple(tree[name]) for name in ("sizes", "classes", "features", "targets")}
    shape = tree["image_shape"] and tuple(tree["image_shape"])
    known = {name: value for name, value in tree.items() if name != "categories"}
    if tree.get("label_type", "") != "":
        targets.named_labels(lists["classes"], tree["label_type"])
    sides = _sides(tree.get("shape", ()))
    if sides and math.prod(sides) != tree["num_inputs"]:
        raise ValueError(f"the shape {sides} is not of {tree['num_inputs']} inputs")
    recipe = recipe_from_json(tree["recipe"]) if "recipe" in tree else _earlier_recipe(tree)
    more = {"image_shape": shape, "recipe": recipe, "shape": sides}
    return DataFacts(**{**known, **scalers, **lists, **more, "parts": tuple(map(_part, tree.get("parts", ())))})


def _part(entry: Sequence[Any]) -> Part:
    """Read one array of the inputs back."""
    path, shape, dtype = entry
    if not isinstance(path, str) or dtype not in ("float32", "uint8", "int32", "bool"):
        raise ValueError(f"no array of inputs is {entry!r}")
    return Part(path, _sides(shape), dtype)


def _sides(shape: Any) -> tuple[int, ...]:
    """Read a shape back."""
    if not isinstance(shape, list | tuple) or not all(type(side) is int and side > 0 for side in shape):
        raise ValueError(f"no shape is {shape!r}")
    return tuple(shape)


def _earlier_recipe(tree: Mapping[str, Any]) -> TableRecipe | None:
    """Make the recipe of a table whose categories were one number each, as earlier versions had it."""
    categories = tree.get("categories", {})
    if not categories and not str(tree["name"]).startswith("csv:"):
        return None
    columns = tuple(
        Column(
            name, "ordered" if name in categories else "number", categories=tuple(map(str, categories.get(name, ())))
        )
        for name in tree["features"]
    )
    return TableRecipe(columns, tuple(tree["features"]), tuple(tree["targets"]))
